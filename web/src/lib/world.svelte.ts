// What the stream has told, as the scenes show it. Frames may come hundreds of times a second: they go into plain
// tables, and the scenes are told at a steady pace. Every table is bounded, for the page runs for months.

import type { Alert, Brand, Frame, Hello, Level, Mention, Post, Standing, Status, Tallied, WindowName } from '../../client/frames.ts';
import { api } from './api.ts';
import { BEHIND_MS, SILENCE_MS, SLEPT_MS, steady } from './honest.ts';
import { listen, signIn, type Link } from './stream.ts';

export const KEPT_ALERTS = 50;
export const KEPT_MENTIONS = 120;
export const KEPT_GONE = 500;
/** From one word to the scenes to the next. */
const PACE_MS = 500;
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
  /** The engine's time when the link was lost. */
  lostAt = $state(0);
  #statusAt = $state(steady());
  #gapAt = $state(-Infinity);
  /** The time up to which the engine has counted, as far as it told, and when it did. */
  countedTo = $state(Infinity);
  #countedAt = $state(0);
  /** Milliseconds that the engine's clock is ahead of `steady`. */
  #ahead = $state(Date.now() - steady());

  readonly gone = new Set<string>();
  #topics = new Map<string, Row>();
  #alerts: Alert[] = [];
  #mentions: Mention[] = [];
  #dirty = false;
  /** Event time at which alerts began to fire, as far as the stream told, by id. */
  #firedAt = new Map<string, string>();
  /** The engine's time when something was heard, and the display's when it beat. */
  #heard = 0;
  #wall = Date.now();
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
  stale = $derived.by((): Exclude<Link, 'open'> | 'silent' | 'deaf' | 'behind' | null => {
    if (this.link !== 'open') return this.link;
    if (this.silence * 1000 > SILENCE_MS) return 'silent';
    if (this.#deaf) return 'deaf';
    return this.#countedAt + this.#ahead - this.countedTo > BEHIND_MS ? 'behind' : null;
  });
  gapTold = $derived(this.beat - this.#gapAt < TOLD_MS);
  firing = $derived(this.alerts.filter((a) => a.status === 'firing'));
  /** Of the worst alerts one about many posts before one about a single post. */
  worst = $derived([...this.firing].sort((a, b) => weight(b) - weight(a) || b.updated_at.localeCompare(a.updated_at))[0] ?? null);
  /** The worst crisis under way, which takes the wall. */
  crisis = $derived([...this.firing].filter(isCrisis).sort((a, b) => weight(b) - weight(a) || a.started_at.localeCompare(b.started_at))[0] ?? null);
  /** The alert that the room looks at first: one about many people. */
  lead = $derived(this.crisis ?? (this.worst && isAboutMany(this.worst) ? this.worst : null));
  /** How bad that alert is: as bad as the worst of its topics. */
  leadLevel = $derived(this.lead && levelOf(this.lead, this.topics.find((t) => t.topic === this.lead?.topic)));
  /** The topic that the room looks at first. */
  focus = $derived(this.topics.find((t) => t.topic === this.lead?.topic) ?? this.topics[0] ?? null);

  /** Listens until the function that it gives back is called. */
  start(): () => void {
    let over = false;
    let stop = () => {};
    const timers = [
      setInterval(() => this.#tick(), 1000),
      setInterval(() => this.#publish(), PACE_MS),
      setInterval(() => {
        void this.load();
        // A page that the engine no longer lets in may be one that it no longer has.
        if (this.link !== 'open') void this.#renew();
      }, LOAD_MS),
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

  /** A display that slept shows what is as old as its sleep was long, also where the steady clock stood still meanwhile. */
  #tick(): void {
    const [beat, wall] = [steady(), Date.now()];
    const slept = wall - this.#wall - (beat - this.beat);
    if (slept > SLEPT_MS) {
      this.#ahead += slept;
      this.#heardAt -= slept;
      this.#statusAt -= slept;
    }
    [this.beat, this.#wall] = [beat, wall];
  }

  #turn(link: Link): void {
    if (link === 'lost' && this.link === 'open') this.lostAt = this.#heard;
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
    const latest = (overview?.topics ?? []).map((t) => t.at ?? '').sort().at(-1);
    if (latest) this.#counted(latest);
    // Topics that are no longer listened to vanish.
    const known = overview && new Set(overview.topics.map((t) => t.name));
    if (known) for (const name of this.#topics.keys()) if (!known.has(name)) this.#topics.delete(name);
    for (const a of recent?.alerts ?? []) this.#put(a);
    this.#dirty = true;
  }

  /**
   * Since when an alert goes on. The window of a `volume` alert began before anything was wrong, by up to its length: it
   * goes on since it fired, or at least (`sure` is false) since the first that is known of it.
   */
  since(a: Alert): { at: string; sure: boolean } {
    if (a.on !== 'volume') return { at: a.started_at, sure: true };
    const fired = this.#firedAt.get(a.id);
    return { at: fired ?? a.updated_at, sure: fired !== undefined };
  }

  /** Sequence numbers and counts of another life of the engine say nothing about this one. */
  #greet(hello: Hello): void {
    if (this.#epoch !== undefined && this.#epoch !== hello.epoch) {
      this.#alerts = [];
      this.#firedAt.clear();
      this.#topics.clear();
      this.#mentions = [];
      this.gone.clear();
      this.missed = 0;
      this.status = null;
      this.countedTo = Infinity;
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
    // What somebody else answers in the engine's place is no newer version.
    if (!page?.includes('<title>escucha')) return;
    if (this.#page !== undefined && page !== this.#page) location.reload();
    this.#page = page;
  }

  #counted(at: string): void {
    const told = Date.parse(at);
    // An engine that has heard nothing yet tells a time before all others: it is not behind.
    this.countedTo = told > 0 ? told : Infinity;
    this.#countedAt = steady();
  }

  #put(alert: Alert): void {
    // What was loaded may be older than what the stream has brought.
    if (this.#alerts.some((a) => a.id === alert.id && a.seq > alert.seq)) return;
    this.#alerts = [alert, ...this.#alerts.filter((a) => a.id !== alert.id)]
      .sort((a, b) => Number(b.status === 'firing') - Number(a.status === 'firing') || b.updated_at.localeCompare(a.updated_at))
      .slice(0, KEPT_ALERTS);
    for (const id of this.#firedAt.keys()) if (!this.#alerts.some((a) => a.id === id)) this.#firedAt.delete(id);
  }

  receive(frame: Frame): void {
    this.#heardAt = steady();
    this.#heard = this.#heardAt + this.#ahead;
    if (frame.type === 'hello') this.#greet(frame);
    else if (frame.type === 'alert') {
      if (!this.#alerts.some((a) => a.id === frame.id)) this.#firedAt.set(frame.id, frame.updated_at);
      this.#put(frame);
    }
    else if (frame.type === 'windows') {
      this.#topics.set(frame.topic, frame);
      this.#counted(frame.at);
    }
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
    const levels = new Map<string, number>();
    for (const a of this.#alerts)
      if (a.status === 'firing' && a.level === null && a.topic) levels.set(a.topic, Math.max(levels.get(a.topic) ?? 0, levelOf(a, this.#topics.get(a.topic)) ?? 0));
    const rows = [...this.#topics.values()].map((row) => {
      const level = levels.get(row.topic) ?? 0;
      return level > (row.level ?? 0) ? { ...row, level: level as Level } : row;
    });
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

/** What an alert is about. */
export const about = (a: Alert) => a.topic ?? a.source ?? a.brand ?? a.rule;

/**
 * How bad an alert is. Where no rule says how unusual it is, the configuration's word for it counts: in full where nothing
 * else is known of its topic, and for what many do as a word of warning where a detector watches the topic too.
 */
export function levelOf(a: Alert, row?: Standing): number | null {
  if (a.level !== null || !isAboutMany(a)) return a.level;
  if (row && row.level !== null) return Math.max(row.level, a.severity === 'critical' ? 2 : a.severity === 'warning' ? 1 : 0);
  return isCrisis(a) ? 3 : null;
}

export const world = new World();
