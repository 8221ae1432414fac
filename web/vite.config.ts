import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  // Small pictures stay files: the content security policy allows no other place.
  build: {
    rolldownOptions: { input: ['index.html', 'care.html'] },
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
