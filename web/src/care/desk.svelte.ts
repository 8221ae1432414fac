// The matters as the stream tells of them, the one that is open, and what agents do with it.

import type { Frame, Matter } from '../../client/frames.ts';
import { api } from '../lib/api.ts';
import { BEHIND_MS, SILENCE_MS, SLEPT_MS, steady } from '../lib/honest.ts';
import { setup } from '../lib/setup.svelte.ts';
import { listen, signIn, type Link } from '../lib/stream.ts';
import { tongue } from '../lib/words.svelte.ts';
import type { Row } from './order.ts';

/** Open matters that are loaded at most, and closed ones. */
const PAGES = 5;
const PAGE = 1000;
const CLOSED = 200;
/** Of those that a supervisor looks at as many closed ones, beside the latest. */
const SAMPLED = 200;
/** From one word to the queue to the next. */
const PACE_MS = 250;
/** What could not be loaded is asked for again after this long. */
const AGAIN_MS = 5000;
/** How far the engine has counted, and how urgent the open one is by now, is asked for this often. */
const LOOK_MS = 15_000;
const PATIENCE_MS = 15_000;

export interface ThreadPost {
  network: string;
  id: string;
  at: string;
  handle: string;
  own: boolean;
  part: 'moves' | 'shown';
  agent: string | null;
  text: string;
  url: string | null;
}
export interface Act {
  at: string;
  by: string;
  do: 'assign' | 'release' | 'tag' | 'note' | 'resolve' | 'reopen' | 'merge' | 'part';
  to: string | null;
  field: string | null;
  value: string | null;
  text: string | null;
  scenario: string | null;
  into: string | null;
}
export interface Coded {
  code: string;
  text: { es: string; en: string };
}
export interface Playbook {
  name: string;
  steps: { es: string; en: string }[];
  templates: { lang: 'es' | 'en'; text: string; length: number; limit: number | null }[];
}
/** Another matter of the same customer. */
export interface Brief {
  id: string;
  brand: string;
  state: string;
  section: string | null;
  opened_at: string;
  waiting_since: string | null;
}
export interface Person {
  open: Brief[];
  open_total: number;
  past: Brief[];
  past_total: number;
  followers: number | null;
  influence: number | null;
  last_tone: number | null;
  last_tone_at: string | null;
}
export interface Case {
  at: string;
  incident: Row & { priority: number; sampled: boolean };
  posts: ThreadPost[];
  acts: Act[];
  notes: { at: string; by: string; text: string }[];
  suggestions: Coded[];
  playbook: Playbook | null;
  person: Person;
  scenarios: Coded[];
}
interface Page {
  epoch: string;
  /** The present moment of event time. */
  at: string;
  seq: number;
  /** Per cent that a supervisor looks at. */
  sample: number;
  incidents: Row[];
  total: number;
  next: string | null;
}
interface Problem {
  code: string;
  detail: string;
  errors?: { cause: string }[];
  version?: number;
  changed_by?: string | null;
  changed_at?: string;
}
/** What came of an act: done, or why not. */
export type Told = { kind: 'done'; version: number } | { kind: 'changed'; by: string | null; at: string | null; last: Act | null } | { kind: 'refused'; why: string };

class Desk {
  link = $state<Link>('connecting');
  rows = $state.raw<Row[]>([]);
  /** All was loaded at least once. */
  known = $state(false);
  /** Matters that were not loaded, for there are too many. */
  beyond = $state(0);
  /** Per cent of the matters that a supervisor looks at, beside all blocked ones. */
  sample = $state(0);
  beat = $state(steady());
  lostAt = $state(0);
  open = $state.raw<Case | null>(null);
  /** Which one is wanted; `open` follows as soon as it is loaded. */
  at = $state<string | null>(null);
  /** The one that was open is no longer known. */
  isGone = $state(false);

  #heardAt = $state(steady());
  #heard = 0;
  /** Milliseconds that the engine's clock is ahead of `steady`. */
  #ahead = $state(Date.now() - steady());
  #wall = Date.now();
  #epoch: string | undefined;
  #rows = new Map<string, Row>();
  #dirty = false;
  #loading = false;
  #again = false;
  /** What the stream brought while all was loaded. */
  #meanwhile: Extract<Frame, { type: 'incident' }>[] = [];
  #asking: Promise<void> | null = null;

  /** The engine's time, whatever the display believes. */
  now = $derived(this.beat + this.#ahead);
  silence = $derived(Math.max(0, this.beat - this.#heardAt) / 1000);
  /** The time up to which the engine has counted, and when it told. */
  countedTo = $state(Infinity);
  #countedAt = $state(0);
  /** Why what is seen is old, if it is. */
  stale = $derived.by((): Exclude<Link, 'open'> | 'silent' | null => (this.link !== 'open' ? this.link : this.silence * 1000 > SILENCE_MS ? 'silent' : null));
  /** The engine has not caught up: more is to come, and what is there can be worked on. */
  isBehind = $derived(this.#countedAt + this.#ahead - this.countedTo > BEHIND_MS);
  /** Whoever looks at it may do something, and it would be done to what is true now. */
  mayAct = $derived((setup.wall?.acts ?? false) && this.stale === null);

  start(): () => void {
    let over = false;
    let stop = () => {};
    const timers = [setInterval(() => this.#tick(), 1000), setInterval(() => this.#publish(), PACE_MS), setInterval(() => void this.#look(), LOOK_MS)];
    void signIn().then(() => {
      if (over) return;
      void setup.load();
      stop = listen((frame) => this.#receive(frame), (link) => this.#turn(link), ['incidents', 'status'], () => void this.#load());
    });
    return () => {
      over = true;
      timers.forEach(clearInterval);
      stop();
    };
  }

  /** Shows another matter, or none. */
  show(id: string | null): void {
    if (id === this.at) return;
    this.at = id;
    this.isGone = false;
    if (this.open?.incident.id !== id) this.open = null;
    void this.refresh();
  }

  /** The matter that is open, as it is now. */
  refresh(): Promise<void> {
    const ask = async () => {
      const id = this.at;
      if (id === null) return;
      const found = await api<Case>(`/v1/incidents/${id}`);
      if (!found && !this.open && this.known && this.link === 'open' && !this.#rows.has(id)) this.isGone = true;
      // What was loaded may be older than what is shown.
      if (found && this.at === id && !(this.open?.incident.id === id && this.open.incident.version > found.incident.version)) this.open = found;
    };
    this.#asking = (this.#asking ?? Promise.resolve()).then(ask);
    return this.#asking;
  }

  /** Does something with the matter as it was at `version`. */
  async act(id: string, version: number, deed: Record<string, string>): Promise<Told> {
    try {
      const answer = await fetch(`/v1/incidents/${id}/acts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': tongue.lang },
        body: JSON.stringify({ version, ...deed }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const body = (await answer.json()) as { version: number; incident: Row } & Problem;
      await this.refresh();
      if (answer.ok) {
        this.#put({ ...body.incident, version: body.version });
        return { kind: 'done', version: body.version };
      }
      if (answer.status !== 409) return { kind: 'refused', why: body.errors?.map((e) => e.cause).join('; ') || body.detail };
      const last = this.open?.acts.at(-1) ?? null;
      return { kind: 'changed', by: body.changed_by ?? null, at: body.changed_at ?? null, last: last && last.by === body.changed_by ? last : null };
    } catch (e) {
      return { kind: 'refused', why: String(e) };
    }
  }

  /** A matter that is loaded. */
  row = (id: string): Row | undefined => this.#rows.get(id);

  #tick(): void {
    const [beat, wall] = [steady(), Date.now()];
    const slept = wall - this.#wall - (beat - this.beat);
    if (slept > SLEPT_MS) {
      this.#ahead += slept;
      this.#heardAt -= slept;
    }
    [this.beat, this.#wall] = [beat, wall];
  }

  #turn(link: Link): void {
    if (link === 'lost' && this.link === 'open') this.lostAt = this.#heard;
    const wasOpen = this.link === 'open';
    this.link = link;
    if (link === 'open' && !wasOpen) {
      void this.#load().then(() => this.refresh());
      void setup.load();
    }
  }

  #receive(frame: Frame): void {
    this.#heardAt = steady();
    this.#heard = this.#heardAt + this.#ahead;
    if (frame.type === 'hello') this.#greet(frame.epoch);
    else if (frame.type === 'status') this.#ahead = Date.parse(frame.at) - steady();
    else if (frame.type === 'gap') void this.#load();
    else if (frame.type === 'incident') {
      if (this.#loading) this.#meanwhile.push(frame);
      this.#apply(frame);
    }
  }

  #apply({ id, version, incident }: { id: string; version: number; incident: Matter | null }): void {
    if (incident) this.#put({ ...incident, version });
    else this.#rows.delete(id);
    this.#dirty = true;
    if (id !== this.at) return;
    if (!incident) this.isGone = true;
    else if (this.open && version > this.open.incident.version) void this.refresh();
  }

  /** Versions of another life of the engine say nothing about this one. */
  #greet(epoch: string): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      this.#rows.clear();
      this.open = null;
      this.countedTo = Infinity;
    }
    this.#epoch = epoch;
  }

  /** Time passes for what nobody changes, too. */
  async #look(): Promise<void> {
    if (this.link !== 'open') return;
    const page = await api<Page>('/v1/incidents?limit=1');
    if (page) this.#counted(page);
    await this.refresh();
  }

  #counted({ at, sample }: Page): void {
    const told = Date.parse(at);
    this.sample = sample;
    // Where nothing was ever counted, the engine is not behind.
    this.countedTo = told > 0 ? told : Infinity;
    this.#countedAt = steady();
  }

  #put(row: Row): void {
    if ((this.#rows.get(row.id)?.version ?? 0) > row.version) return;
    this.#rows.set(row.id, row);
    this.#dirty = true;
  }

  /** All open matters and the latest of the closed ones, in place of what was known. */
  async #load(): Promise<void> {
    this.#again = this.#loading;
    if (this.#loading) return;
    [this.#loading, this.#meanwhile] = [true, []];
    const pages: Page[] = [];
    let cursor: string | null = '';
    const denied = () => (this.link = 'denied');
    for (let i = 0; i < PAGES && cursor !== null; i++) {
      const page: Page | null = await api<Page>(`/v1/incidents?open=true&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, denied);
      if (!page) break;
      pages.push(page);
      cursor = page.next;
    }
    const closed = await api<Page>(`/v1/incidents?open=false&limit=${CLOSED}`, denied);
    const sampled = await api<Page>(`/v1/incidents?open=false&sample=true&limit=${SAMPLED}`, denied);
    this.#loading = false;
    const oldest = pages[0];
    if (oldest && closed && sampled) {
      const rows = [...pages, closed, sampled].flatMap((p) => p.incidents);
      this.#rows = new Map(rows.map((row) => [row.id, row]));
      this.#counted(sampled);
      this.beyond = Math.max(0, oldest.total - pages.reduce((n, p) => n + p.incidents.length, 0));
      // What changed meanwhile is in no page, or in a page in which it is older.
      this.#meanwhile.filter((frame) => frame.seq > oldest.seq).forEach((frame) => this.#apply(frame));
      this.known = this.#dirty = true;
    } else if (this.link === 'open') setTimeout(() => void this.#load(), AGAIN_MS);
    this.#meanwhile = [];
    if (this.#again) await this.#load();
  }

  #publish(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.rows = [...this.#rows.values()];
  }
}

export const desk = new Desk();
