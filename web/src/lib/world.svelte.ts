// What the stream has told, as the scenes show it. Frames may come hundreds of times a second: they go into plain
// tables, and the scenes are told at a steady pace. Every table is bounded, for the page runs for months.

import type { Alert, Brand, Frame, Hello, Level, Mention, Post, Standing, Status, Tallied, WindowName } from '../../client/frames.ts';
import { api } from './api.ts';
import { listen, signIn, type Link } from './stream.ts';

export const KEPT_ALERTS = 50;
export const KEPT_MENTIONS = 120;
export const KEPT_GONE = 500;
/** From one word to the scenes to the next. */
const PACE_MS = 500;
/** `status` beats every 5 s: after two beats that did not come, what is seen is old. */
export const SILENCE_MS = 9000;
/** What the engine counts without telling, such as topics that nobody writes about, is asked for this often. */
const LOAD_MS = 60_000;
/** How long the page says that there was a gap. */
const TOLD_MS = 60_000;

export type Row = Standing & {
  topic: string;
  at: string;
  windows: Record<WindowName, Tallied>;
  expected: number | null;
  surprise: number | null;
  brand: Brand | null;
};

/** Milliseconds that no setting of the display's clock moves. */
const steady = () => performance.now();

class World {
  link = $state<Link>('connecting');
  topics = $state.raw<Row[]>([]);
  alerts = $state.raw<Alert[]>([]);
  mentions = $state.raw<Mention[]>([]);
  missed = $state(0);
  status = $state.raw<Status | null>(null);
  /** Beats once a second. */
  beat = $state(steady());
  /** Goes up when all that was loaded before is to be loaded again. */
  life = $state(0);
  #heardAt = $state(steady());
  #lostAt = $state(0);
  #statusAt = $state(steady());
  #gapAt = $state(-Infinity);
  /** Milliseconds that the engine's clock is ahead of `steady`. */
  #ahead = $state(Date.now() - steady());

  readonly gone = new Set<string>();
  #topics = new Map<string, Row>();
  #alerts: Alert[] = [];
  #mentions: Mention[] = [];
  #dirty = false;
  #epoch: string | undefined;
  #page: string | undefined;

  /** The engine's time, in milliseconds since 1970, whatever the display believes. */
  now = $derived(this.beat + this.#ahead);
  /** Seconds since anything was heard. */
  silence = $derived(Math.max(0, this.beat - this.#heardAt) / 1000);
  /** Seconds since the newest data of any source. */
  age = $derived.by(() => {
    const ages = (this.status?.sources ?? []).flatMap((s) => (s.age_seconds === null ? [] : [s.age_seconds]));
    return ages.length ? Math.min(...ages) + this.sinceStatus : null;
  });
  sinceStatus = $derived(Math.max(0, this.beat - this.#statusAt) / 1000);
  #deaf = $derived((this.status?.sources.length ?? 0) > 0 && this.status!.sources.every((s) => !s.connected && !s.finished));
  /** Why what is seen is old, if it is. */
  stale = $derived.by((): Exclude<Link, 'open'> | 'silent' | 'deaf' | null => {
    if (this.link !== 'open') return this.link;
    if (this.silence * 1000 > SILENCE_MS) return 'silent';
    return this.#deaf ? 'deaf' : null;
  });
  lostAt = $derived(this.#lostAt + this.#ahead);
  gapTold = $derived(this.beat - this.#gapAt < TOLD_MS);
  firing = $derived(this.alerts.filter((a) => a.status === 'firing'));
  /** Of the worst alerts one about many posts before one about a single post. */
  worst = $derived([...this.firing].sort((a, b) => weight(b) - weight(a) || b.updated_at.localeCompare(a.updated_at))[0] ?? null);
  /** The worst crisis under way, which takes the wall. */
  crisis = $derived([...this.firing].filter(isCrisis).sort((a, b) => weight(b) - weight(a) || a.started_at.localeCompare(b.started_at))[0] ?? null);
  /** The alert that the room looks at first: one about many people. */
  lead = $derived(this.crisis ?? (this.worst && isAboutMany(this.worst) ? this.worst : null));
  /** The topic that the room looks at first. */
  focus = $derived(this.topics.find((t) => t.topic === this.lead?.topic) ?? this.topics[0] ?? null);

  /** Listens until the function that it gives back is called. */
  start(): () => void {
    let over = false;
    let stop = () => {};
    const timers = [
      setInterval(() => (this.beat = steady()), 1000),
      setInterval(() => this.#publish(), PACE_MS),
      setInterval(() => void this.load(), LOAD_MS),
    ];
    void signIn().then(() => {
      if (over) return;
      void this.load();
      stop = listen((frame) => this.receive(frame), (link) => this.#turn(link));
    });
    return () => {
      over = true;
      timers.forEach(clearInterval);
      stop();
    };
  }

  #turn(link: Link): void {
    if (link === 'lost' && this.link === 'open') this.#lostAt = this.#heardAt;
    // What the API refuses stands until the stream opens; that the access was withdrawn says more.
    if (link === 'open' || link === 'withdrawn' || (this.link !== 'denied' && this.link !== 'withdrawn')) this.link = link;
  }

  /** What stood before the stream began. */
  async load(): Promise<void> {
    const denied = () => this.link !== 'withdrawn' && (this.link = 'denied');
    const [overview, recent] = await Promise.all([
      api<{ topics: (Omit<Row, 'topic' | 'brand'> & { name: string; brand: string | null })[]; brands: Brand[] }>('/v1/topics', denied),
      api<{ epoch: string; alerts: Alert[] }>('/v1/alerts?limit=50', denied),
    ]);
    // Who may come in again begins anew.
    if (overview && (this.link === 'denied' || this.link === 'withdrawn')) return location.reload();
    // An answer of another life of the engine than the stream's.
    if (this.#epoch !== undefined && recent && recent.epoch !== this.#epoch) return;
    for (const { name, ...t } of overview?.topics ?? []) {
      if (!t.windows || (this.#topics.get(name)?.at ?? '') > t.at) continue;
      this.#topics.set(name, { ...t, topic: name, brand: overview?.brands.find((b) => b.name === t.brand) ?? null });
    }
    // Topics that are no longer listened to vanish.
    const known = overview && new Set(overview.topics.map((t) => t.name));
    if (known) for (const name of this.#topics.keys()) if (!known.has(name)) this.#topics.delete(name);
    for (const a of recent?.alerts ?? []) this.#put(a);
    this.#dirty = true;
  }

  /** Sequence numbers and counts of another life of the engine say nothing about this one. */
  #greet(hello: Hello): void {
    if (this.#epoch !== undefined && this.#epoch !== hello.epoch) {
      this.#alerts = [];
      this.#topics.clear();
      this.#mentions = [];
      this.gone.clear();
      this.missed = 0;
      this.status = null;
    }
    if (hello.reason) this.#gapAt = steady();
    this.#epoch = hello.epoch;
    this.life++;
    void this.load();
    void this.#renew();
  }

  /** Another version of the page is loaded as soon as the engine has one. */
  async #renew(): Promise<void> {
    const page = await fetch('/', { cache: 'no-store' }).then((a) => (a.ok ? a.text() : undefined), () => undefined);
    if (page !== undefined && this.#page !== undefined && page !== this.#page) location.reload();
    this.#page = page ?? this.#page;
  }

  #put(alert: Alert): void {
    // What was loaded may be older than what the stream has brought.
    if (this.#alerts.some((a) => a.id === alert.id && a.seq > alert.seq)) return;
    this.#alerts = [alert, ...this.#alerts.filter((a) => a.id !== alert.id)]
      .sort((a, b) => Number(b.status === 'firing') - Number(a.status === 'firing') || b.updated_at.localeCompare(a.updated_at))
      .slice(0, KEPT_ALERTS);
  }

  receive(frame: Frame): void {
    this.#heardAt = steady();
    if (frame.type === 'hello') this.#greet(frame);
    else if (frame.type === 'alert') this.#put(frame);
    else if (frame.type === 'windows') this.#topics.set(frame.topic, frame);
    else if (frame.type === 'mention') this.#mention(frame);
    else if (frame.type === 'deleted') this.#deleted(frame.key, frame.network, frame.id);
    else if (frame.type === 'gap') {
      this.#gapAt = steady();
      void this.load();
    } else if (frame.type === 'status') {
      this.status = frame;
      this.#statusAt = steady();
      this.#ahead = Date.parse(frame.at) - this.#statusAt;
    }
    this.#dirty = true;
  }

  #mention(m: Mention): void {
    this.missed += m.dropped ?? 0;
    // What was deleted meanwhile is an empty shell that only keeps the count right.
    if (m.post.kind === 'delete') return this.#deleted(m.key, m.post.network ?? null, m.post.id);
    // A new version of a post comes with the same key and takes its place.
    const at = this.#mentions.findIndex((known) => known.key === m.key);
    if (at < 0) this.#mentions = [m, ...this.#mentions].slice(0, KEPT_MENTIONS);
    else this.#mentions[at] = m;
  }

  #deleted(key: string, network: string | null, id: string): void {
    this.gone.add(key);
    if (this.gone.size > KEPT_GONE) for (const oldest of this.gone) if (this.gone.size > KEPT_GONE) this.gone.delete(oldest);
    this.#mentions = this.#mentions.filter((m) => m.key !== key);
    const blank = <T extends Post | null | undefined>(p: T): T =>
      p && p.id === id && (p.network ?? null) === network ? { ...p, text: '', author: null, url: null, kind: 'delete' } : p;
    this.#alerts = this.#alerts.map((a) => ({ ...a, first_post: blank(a.first_post), top_posts: a.top_posts?.map(blank) }));
  }

  #publish(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const levels = new Map<string, Level>();
    for (const a of this.#alerts) if (isCrisis(a) && a.level === null && a.topic) levels.set(a.topic, 3);
    const rows = [...this.#topics.values()].map((row) => (row.level === null && levels.has(row.topic) ? { ...row, level: levels.get(row.topic)! } : row));
    this.topics = rows.sort(mostFirst);
    this.alerts = this.#alerts;
    this.mentions = [...this.#mentions];
  }
}

/** The worst level first, then what is least expected, then what is loudest. */
function mostFirst(a: Row, b: Row): number {
  return (
    (b.level ?? -1) - (a.level ?? -1) ||
    (b.surprise ?? -1) - (a.surprise ?? -1) ||
    b.windows['1h'].mentions - a.windows['1h'].mentions ||
    a.topic.localeCompare(b.topic)
  );
}

/** Many people at once; a single post or a source is no crisis of what people say. */
const isAboutMany = (a: Alert) => a.on !== 'priority' && a.on !== 'source';
const weight = (a: Alert) => 4 * Number(isAboutMany(a)) * (1 + (a.level ?? 0)) + ['info', 'warning', 'critical'].indexOf(a.severity) + Number(a.on !== 'source');

/** Takes the wall: level 3, or what the configuration calls critical, unless its level says that it is mild. */
export function isCrisis(a: Alert): boolean {
  return a.status === 'firing' && isAboutMany(a) && (a.level === 3 || (a.severity === 'critical' && (a.level === null || a.level === 2)));
}

/** Where no rule says how unusual it is, the configuration's word for it counts. */
export const levelOf = (a: Alert) => a.level ?? (isCrisis(a) ? 3 : null);

export const world = new World();
