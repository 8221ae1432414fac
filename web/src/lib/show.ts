// Which scene the wall shows: they rotate, a crisis takes the wall and gives it back, and a person can step and pin.

export interface Show {
  readonly scenes: readonly string[];
  readonly dwell_ms: number;
  /** Place of the scene that rotation or a person has chosen. */
  readonly at: number;
  /** When it came. */
  readonly since: number;
  readonly pinned: boolean;
  /** What has taken the wall. */
  readonly crisis: string | null;
  /** A crisis that a person has stepped away from: it does not take the wall again. */
  readonly dismissed: string | null;
}

export function begin(scenes: readonly string[], dwell_ms: number, now: number): Show {
  return { scenes, dwell_ms, at: 0, since: now, pinned: false, crisis: null, dismissed: null };
}

/** The scene to show, and how much of its time is over, from 0 to 1; 0 where it stays. */
export function shown(show: Show, now: number): { scene: string; share: number } {
  if (show.crisis !== null) return { scene: TAKEN, share: 0 };
  const share = show.pinned || show.scenes.length < 2 ? 0 : Math.min(1, Math.max(0, now - show.since) / show.dwell_ms);
  return { scene: show.scenes[show.at] ?? TAKEN, share };
}

/** The scene of a crisis. */
export const TAKEN = 'now';

/** Time passes. Scenes that have nothing to show are passed over, unless none has. */
export function tick(show: Show, now: number, isEmpty: (scene: string) => boolean = () => false): Show {
  if (show.pinned || show.crisis !== null || now - show.since < show.dwell_ms) return show;
  return { ...show, at: following(show, 1, isEmpty), since: now };
}

/** The crisis that is under way, or none. */
export function crisis(show: Show, id: string | null, now: number): Show {
  if (id === null) return show.crisis === null ? { ...show, dismissed: null } : { ...show, crisis: null, dismissed: null, since: now };
  if (id === show.crisis) return show;
  return id === show.dismissed ? { ...show, crisis: null } : { ...show, crisis: id };
}

/** A person goes to the scene before or after. */
export function step(show: Show, by: 1 | -1, now: number): Show {
  const from = show.crisis === null ? show : { ...show, at: Math.max(0, show.scenes.indexOf(TAKEN)) };
  return { ...away(show), at: following(from, by), since: now };
}

/** A person goes to the scene at `place`, counted from 0. */
export function go(show: Show, place: number, now: number): Show {
  return place in show.scenes ? { ...away(show), at: place, since: now } : show;
}

/** A person pins what is shown, or lets it rotate again. */
export function pin(show: Show, now: number): Show {
  const here = show.crisis === null ? show.at : Math.max(0, show.scenes.indexOf(TAKEN));
  return { ...away(show), at: here, pinned: !show.pinned, since: now };
}

/** The scenes as configured anew; what is shown stays if it still is one of them. */
export function configure(show: Show, scenes: readonly string[], dwell_ms: number): Show {
  const here = scenes.indexOf(show.scenes[show.at] ?? '');
  return { ...show, scenes, dwell_ms, at: Math.max(0, here) };
}

function away(show: Show): Show {
  return show.crisis === null ? show : { ...show, crisis: null, dismissed: show.crisis };
}

function following({ scenes, at }: Show, by: 1 | -1, isEmpty: (scene: string) => boolean = () => false): number {
  const n = scenes.length;
  for (let i = 1; i <= n; i++) {
    const place = (((at + by * i) % n) + n) % n;
    if (!isEmpty(scenes[place]!)) return place;
  }
  return at;
}
