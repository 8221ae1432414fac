// The scenes there are: one file in `scenes/` and one line in `scenes.txt`, which the configuration is checked against too.

import type { Component } from 'svelte';
import names from './scenes.txt?raw';

export interface Scene {
  default: Component;
  /** It has nothing to show: rotation passes it over. */
  isEmpty?: () => boolean;
}

const files = import.meta.glob<Scene>('./scenes/*.svelte', { eager: true });

export const scenes: ReadonlyMap<string, Scene> = new Map(
  names.split('\n').flatMap((name) => {
    const file = files[`./scenes/${name}.svelte`];
    return file ? [[name, file]] : [];
  }),
);
