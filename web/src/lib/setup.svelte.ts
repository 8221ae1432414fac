// How the wall is shown: as the configuration has it, and as a person at the keyboard or in the address wants it.

import { api } from './api.ts';
import { renew } from './stream.ts';
import { tongue, type Lang } from './words.svelte.ts';

interface Wall {
  scenes: string[];
  dwell_seconds: number;
  theme: Theme;
  lang: Lang | null;
  /** Anybody can see the screen. */
  public: boolean;
  /** The screen stays signed in. */
  device: boolean;
  /** Who looks at it, and whether they may work on what was found. */
  name: string;
  acts: boolean;
  timezone: string | null;
  groups: string[];
  /** Brands that are ours. */
  own: string[];
}
export type Theme = 'dark' | 'light';

const asked = new URLSearchParams(location.search).get('theme');

/** The cookie of a screen lasts as long as browsers allow, and longer if it is renewed. */
const RENEW_MS = 86_400_000;

class Setup {
  theme = $state<Theme>(asked === 'light' ? 'light' : 'dark');
  groups = $state.raw<string[]>([]);
  wall = $state.raw<Wall | null>(null);
  /** Until the engine has said that the screen is private, it may not be. */
  isPublic = $derived(this.wall?.public ?? true);
  #renewedAt = -Infinity;
  #chosen = asked !== null;

  async load(): Promise<void> {
    const wall = await api<Wall>('/v1/wall');
    if (!wall) return;
    this.wall = wall;
    this.groups = wall.groups;
    if (!this.#chosen) this.theme = wall.theme;
    if (wall.device && performance.now() - this.#renewedAt > RENEW_MS) {
      this.#renewedAt = performance.now();
      await renew();
    }
    tongue.configure(wall.lang, wall.timezone);
  }

  swapTheme(): void {
    this.#chosen = true;
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
  }
}

export const setup = new Setup();
