// How the wall is shown: as the configuration has it, and as a person at the keyboard or in the address wants it.

import { api } from './api.ts';
import { tongue, type Lang } from './words.svelte.ts';

interface Wall {
  scenes: string[];
  dwell_seconds: number;
  theme: Theme;
  lang: Lang | null;
  timezone: string | null;
  groups: string[];
}
export type Theme = 'dark' | 'light';

const asked = new URLSearchParams(location.search).get('theme');

class Setup {
  theme = $state<Theme>(asked === 'light' ? 'light' : 'dark');
  groups = $state.raw<string[]>([]);
  wall = $state.raw<Wall | null>(null);
  #chosen = asked !== null;

  async load(): Promise<void> {
    const wall = await api<Wall>('/v1/wall');
    if (!wall) return;
    this.wall = wall;
    this.groups = wall.groups;
    if (!this.#chosen) this.theme = wall.theme;
    tongue.configure(wall.lang, wall.timezone);
  }

  swapTheme(): void {
    this.#chosen = true;
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
  }
}

export const setup = new Setup();
