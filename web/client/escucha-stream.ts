// A client of escucha's `/v1/stream`: it comes back by itself and goes on after the last alert or incident it has seen,
// or says what is missing. This file and its types in `frames.ts` depend on nothing; for browsers and Node 22.18 or later.
//
//   const stream = new EscuchaStream({ url: 'ws://127.0.0.1:7070/v1/stream', onFrame: (frame) => console.log(frame) });
//   await stream.start();
//
// Frames are given to `onFrame` as they come and nothing is queued here: what takes long belongs elsewhere.

import type { Cursor, Frame, Gap, Hello, Subscribe } from './frames.ts';
export type * from './frames.ts';

/** What is wanted; what is absent stays as it is, at first as the engine has it: all but mentions and incidents. */
export type Subscription = Omit<Subscribe, 'type'>;

/** Where the cursor outlives the program, if it has to. */
export interface CursorStore {
  /** The cursor that was saved last, or `null`. What it throws, `start` throws: to begin anew would be a silent gap. */
  load(): Cursor | null | Promise<Cursor | null>;
  /** Called after `onFrame` returned; while one call is under way, only the latest cursor waits. */
  save(cursor: Cursor): void | Promise<void>;
}

/** Alerts or changes of incidents that will not come. */
export interface Missed {
  /** Of which of the two, for `evicted`; what `hello` tells is of all that is wanted. */
  channel?: Gap['channel'];
  /** `cursor_too_old`, `cursor_ahead` and `epoch_changed` come from `hello`, `evicted` from `gap`. */
  code: string;
  /** First and last sequence number that is missing; `null` where the numbers are of another life of the engine. */
  from: number | null;
  to: number | null;
  /** What follows begins here: in another epoch this may include what was seen before, under other numbers. */
  floor: number;
}

/** Why a connection ended: `stale` heard nothing for too long, `garbled` heard what is no stream, `refused` got a status in place of one. */
export interface End {
  why: 'restart' | 'too_slow' | 'revoked' | 'refused' | 'stale' | 'garbled' | 'lost';
  /** Close code, if there was one. */
  code?: number;
  /** HTTP status of a refusal, and what the engine says about it. */
  status?: number;
  problem?: { code: string; detail: string };
}

export type State =
  | { name: 'connecting' }
  | { name: 'open' }
  | { name: 'waiting'; end: End; after_ms: number }
  /** For good: by `stop` (`null`), because the token was taken away, or because another try would be refused as well. */
  | { name: 'stopped'; end: End | null };

export interface Options {
  /** `ws:`, `wss:`, `http:` or `https:`, with the path `/v1/stream`. */
  url: string | URL;
  /** Sent as a sub-protocol, never in the URL. A page has a cookie instead. */
  token?: string;
  subscription?: Subscription;
  /** Without a cursor: begin with the oldest alert that is held, and not with what comes next. */
  replay?: boolean;
  /** In memory by default. */
  store?: CursorStore;
  /** Every frame; an alert or a change of an incident that was seen before is left out. */
  onFrame(frame: Frame): void;
  /** There is a gap. */
  onMissed?(missed: Missed): void;
  /** Nothing was heard for this long: what is shown is old. A new connection is tried. */
  onStale?(silent_ms: number): void;
  onState?(state: State): void;
  /** The cursor could not be saved; after a restart alerts may come twice. */
  onUnsaved?(error: unknown): void;
  environment?: Partial<Environment>;
}

/** What tests replace. */
export interface Environment {
  WebSocket: new (url: string, protocols: string[]) => Socket;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds; may jump, as when a computer slept. */
  now(): number;
  /** 0 to 1, without 1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The part of a WebSocket that is used. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** `status` beats every 5 s: silence this long is a dead connection. */
export const SILENCE_MS = 12_000;
/** From one look at the silence to the next. */
const LOOK_MS = 1000;
/** Ceiling of the first wait; it doubles with each attempt that fails. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** More than this is no advice. */
const LONGEST_ADVICE_MS = 300_000;
/** A connection that lasted this long was a good one: the next wait is short again. */
const STEADY_MS = 10_000;
/** For a server that answers a question about a refusal. */
const ANSWER_MS = 10_000;
/** Of a problem document. */
const ANSWER_BYTES = 16_384;

const PROTOCOL = 'escucha.v1';
/** What a browser gives where there was no farewell. */
const ABNORMAL = 1006;
const RESTART = 1012;
const REVOKED = 4001;
const TOO_SLOW = 4008;
/** The engine would have let this one in. */
const UPGRADE_REQUIRED = 426;
/** Statuses that another try does not change. */
const FINAL = [400, 401, 403];

/**
 * Milliseconds before attempt number `attempt`, counted from 0. Full jitter comes after the cap: before it, all
 * who have reached the cap would come back in one step. The engine draws its advice for each client alone, but a
 * refusal can only say whole seconds, which are a step again: the wait comes on top.
 */
export function wait(attempt: number, advised_ms: number | undefined, random: () => number): number {
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return Math.min(advised_ms ?? 0, LONGEST_ADVICE_MS) + random() * ceiling;
}

/** A store that ends with the program. */
export function memory(cursor: Cursor | null = null): CursorStore {
  return {
    load: () => cursor,
    save: (next) => void (cursor = next),
  };
}

/** Milliseconds, of a number that came from outside. */
function advice(ms: unknown): number | undefined {
  return typeof ms === 'number' && ms >= 0 ? ms : undefined;
}

/** What a stopping engine advises with its last word: it knows better than at the time of `hello` how many there are. */
function lastAdvice(reason: string): number | undefined {
  const told = /\bafter_ms=(\d+)/.exec(reason);
  return told ? Number(told[1]) : undefined;
}

function isSeq(seq: unknown): seq is number {
  return Number.isSafeInteger(seq) && (seq as number) >= 0;
}

function isCursor(cursor: Cursor): boolean {
  return typeof cursor === 'object' && typeof cursor.epoch === 'string' && isSeq(cursor.seq);
}

export class EscuchaStream {
  readonly #options: Options;
  readonly #environment: Environment;
  readonly #store: CursorStore;
  readonly #url: URL;
  #state: State = { name: 'stopped', end: null };
  /** From one `start` to its end. */
  #run: object | null = null;
  #cursor: Cursor | null = null;

  /** What the engine has confirmed, what it was asked and has not answered, and what is to be asked next. */
  #wanted: Subscription;
  #asked: Subscription | null = null;
  #next: Subscription | null = null;

  #socket: Socket | null = null;
  /** The wait for the next attempt, or for the next look at the silence. */
  #timer: unknown;
  /** A question about a refusal is under way. */
  #asking: AbortController | null = null;
  #attempt = 0;
  #advised: number | undefined;
  #opened_at: number | null = null;
  #silent = 0;
  #looked_at = 0;

  #saving: Promise<void> | null = null;
  #unsaved = false;

  constructor(options: Options) {
    if (!(options.environment?.WebSocket ?? globalThis.WebSocket)) throw new Error('no WebSocket here: Node has one since version 22');
    this.#options = options;
    this.#store = options.store ?? memory();
    this.#environment = {
      WebSocket: globalThis.WebSocket as unknown as Environment['WebSocket'],
      fetch: (url, init) => fetch(url, init),
      now: () => Date.now(),
      random: () => Math.random(),
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (timer) => clearTimeout(timer as number),
      ...options.environment,
    };
    this.#url = new URL(options.url);
    this.#url.protocol = /^(wss|https):$/.test(this.#url.protocol) ? 'wss:' : 'ws:';
    this.#wanted = beating(options.subscription ?? {});
  }

  /** The last alert or change of an incident that was given to `onFrame` or passed over by the filter, and the life of the engine it belongs to. */
  get cursor(): Cursor | null {
    return this.#cursor && { ...this.#cursor };
  }

  get state(): State {
    return this.#state;
  }

  /** Loads the cursor and connects. Does nothing if it runs. */
  async start(): Promise<void> {
    if (this.#run) return;
    const run = (this.#run = {});
    let cursor: Cursor | null;
    try {
      cursor = (await this.#store.load()) ?? null;
      if (cursor !== null && !isCursor(cursor)) throw new TypeError(`no cursor: ${JSON.stringify(cursor)}`);
    } catch (error) {
      if (this.#run === run) this.#run = null;
      throw error;
    }
    if (this.#run !== run) return;
    this.#cursor = cursor;
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends it; resolves once the cursor is saved. */
  async stop(): Promise<void> {
    if (this.#run) this.#finish(null);
    // Called by `onFrame`, the cursor of this very frame comes to be saved after it.
    await null;
    while (this.#saving) await this.#saving;
  }

  /** Changes what is wanted. The engine answers with `subscribed`, or with `error`, and then nothing changes. */
  subscribe(change: Subscription): void {
    this.#next = { ...this.#next, ...beating(change) };
    this.#say();
  }

  #connect(): void {
    if (this.#asked) this.#next = { ...this.#asked, ...this.#next };
    this.#asked = null;
    this.#opened_at = null;
    let upgraded = false;
    let socket: Socket;
    const protocols = this.#options.token === undefined ? [PROTOCOL] : [PROTOCOL, `bearer.${this.#options.token}`];
    try {
      socket = new this.#environment.WebSocket(this.#address().href, protocols);
    } catch (error) {
      // An address or a token that no connection can be made with.
      return this.#finish({ why: 'refused', problem: { code: 'invalid_request', detail: String(error) } });
    }
    socket.onopen = () => (upgraded = true);
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => this.#closed(event.code, event.reason, upgraded);
    // Node 22 says nothing more of a connection that was not made.
    socket.onerror = () => upgraded || this.#closed(ABNORMAL, '', upgraded);
    this.#socket = socket;
    this.#breathe();
    this.#watch();
    this.#tell({ name: 'connecting' });
  }

  /** The stream from the cursor on. */
  #address(): URL {
    const url = new URL(this.#url);
    const { channels, topics, min_severity, min_priority } = this.#wanted;
    const since = this.#cursor?.seq ?? (this.#options.replay ? 0 : undefined);
    const query = { since, epoch: this.#cursor?.epoch, channels, topics: topics?.length ? topics : undefined, min_severity, min_priority };
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }

  #hear(data: unknown): void {
    this.#breathe();
    const frame = parsed(data, this.#opened_at !== null);
    if (!frame) return this.#abandon({ why: 'garbled' });
    const before = this.#cursor;
    const numbered = frame.type === 'alert' || frame.type === 'incident';
    if (numbered && before && frame.seq <= before.seq) return;
    if (frame.type === 'hello') this.#greet(frame);
    else if (frame.type === 'status' || numbered) this.#served(frame.seq);
    else if (frame.type === 'gap') {
      // Of the other channel, what lies in the gap may still come.
      if (!this.#hearsBoth()) this.#served(frame.to);
      this.#options.onMissed?.({ channel: frame.channel, code: frame.reason, from: frame.from, to: frame.to, floor: frame.to + 1 });
    } else if (frame.type === 'subscribed') {
      const { channels, topics, min_severity, min_priority } = frame;
      this.#wanted = beating({ channels, topics: topics ?? [], min_severity, min_priority });
    }
    this.#options.onFrame(frame);
    if (frame.type === 'subscribed' || frame.type === 'error') this.#asked = null;
    if (this.#cursor !== before) this.#save();
    this.#say();
  }

  #hearsBoth(): boolean {
    const channels = this.#wanted.channels ?? ['alerts'];
    return channels.includes('alerts') && channels.includes('incidents');
  }

  /** All up to `seq` came or were passed over. */
  #served(seq: number): void {
    const cursor = this.#cursor;
    if (cursor && seq > cursor.seq) this.#cursor = { ...cursor, seq };
  }

  /** The engine says from where it goes on. */
  #greet(hello: Hello): void {
    const { epoch, reason, recovered } = hello;
    const last = this.#cursor?.seq ?? 0;
    this.#opened_at = this.#environment.now();
    this.#advised = advice(hello.reconnect?.after_ms);
    // What follows a refused cursor begins at the oldest alert that is held: a link that breaks meanwhile must
    // go on from there, and not from the head.
    const seq = reason ? Math.max(0, reason.floor - 1) : recovered ? last : hello.seq;
    if (this.#cursor?.epoch !== epoch || this.#cursor.seq !== seq) this.#cursor = { epoch, seq };
    if (reason) {
      const known = reason.code === 'cursor_too_old';
      this.#options.onMissed?.({ code: reason.code, from: known ? last + 1 : null, to: known ? reason.floor - 1 : null, floor: reason.floor });
    }
    if (this.#socket) this.#tell({ name: 'open' });
  }

  /** Asks for what is wanted next. One question at a time, so that none is lost and nothing piles up. */
  #say(): void {
    if (this.#state.name !== 'open' || !this.#socket || this.#asked || !this.#next) return;
    [this.#asked, this.#next] = [this.#next, null];
    this.#socket.send(JSON.stringify({ type: 'subscribe', ...this.#asked }));
  }

  #breathe(): void {
    this.#silent = 0;
    this.#looked_at = this.#environment.now();
  }

  /** Adds up the silence look by look: a clock that is set back does not hide it, and a sleep counts whole. */
  #watch(): void {
    this.#timer = this.#environment.setTimeout(() => {
      const now = this.#environment.now();
      const passed = now - this.#looked_at;
      this.#looked_at = now;
      this.#silent += passed < 0 ? LOOK_MS : passed;
      if (this.#silent < SILENCE_MS) return this.#watch();
      this.#options.onStale?.(this.#silent);
      // A dead peer says no farewell: nobody waits for the close event.
      if (this.#socket) this.#abandon({ why: 'stale' });
    }, LOOK_MS);
  }

  #closed(code: number, reason: string, upgraded: boolean): void {
    this.#drop();
    if (code === RESTART) this.#advised = lastAdvice(reason) ?? this.#advised;
    if (code === REVOKED) this.#finish({ why: 'revoked', code });
    else if (code === TOO_SLOW) this.#retry({ why: 'too_slow', code });
    else if (code === RESTART) this.#retry({ why: 'restart', code });
    else if (upgraded) this.#retry({ why: 'lost', code });
    else void this.#ask(code);
  }

  /**
   * Learns why there was no upgrade, of which a WebSocket tells nothing: the same request without it is refused in the
   * same words, or with 426 if the stream would open. Another origin must allow the question, or it counts as lost.
   */
  async #ask(code: number): Promise<void> {
    const url = this.#address();
    url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
    const { token } = this.#options;
    const asking = (this.#asking = new AbortController());
    const limit = this.#environment.setTimeout(() => asking.abort(), ANSWER_MS);
    let end: End = { why: 'lost', code };
    let advised = this.#advised;
    try {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const answer = await this.#environment.fetch(url.href, { headers, cache: 'no-store', signal: asking.signal });
      if (answer.status === UPGRADE_REQUIRED) await answer.body?.cancel();
      else {
        end = { why: 'refused', code, status: answer.status };
        advised = advice(Number(answer.headers.get('retry-after') ?? NaN) * 1000) ?? advised;
        end = { ...end, ...(await problem(answer)) };
      }
    } catch {
      // Not reachable, or too slow: lost it is.
    }
    this.#environment.clearTimeout(limit);
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.#advised = advised;
    if (FINAL.includes(end.status ?? 0)) this.#finish(end);
    else this.#retry(end);
  }

  #retry(end: End): void {
    const steady = this.#opened_at !== null && this.#environment.now() - this.#opened_at >= STEADY_MS;
    if (steady) this.#attempt = 0;
    const after_ms = wait(this.#attempt++, this.#advised, this.#environment.random);
    this.#advised = undefined;
    this.#timer = this.#environment.setTimeout(() => this.#connect(), after_ms);
    this.#tell({ name: 'waiting', end, after_ms });
  }

  #abandon(end: End): void {
    this.#drop();
    this.#retry(end);
  }

  /** Hears no more of the connection. */
  #drop(): void {
    this.#environment.clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
    this.#socket = null;
    socket.close();
  }

  #finish(end: End | null): void {
    this.#run = null;
    this.#asking?.abort();
    this.#asking = null;
    this.#drop();
    this.#tell({ name: 'stopped', end });
  }

  #tell(state: State): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  /** One call at a time; what changes meanwhile is saved by one more. */
  #save(): void {
    if (!this.#cursor) return;
    if (this.#saving) {
      this.#unsaved = true;
      return;
    }
    const failed = this.#options.onUnsaved ?? ((error) => console.error('escucha: the cursor was not saved:', error));
    try {
      const saving = this.#store.save({ ...this.#cursor });
      if (!saving) return;
      this.#saving = saving.catch(failed).then(() => {
        this.#saving = null;
        const again = this.#unsaved;
        this.#unsaved = false;
        if (again) this.#save();
      });
    } catch (error) {
      failed(error);
    }
  }
}

/** A quiet stream is told from a dead one by its beat: `status` is always wanted. */
function beating(subscription: Subscription): Subscription {
  const { channels } = subscription;
  return channels && !channels.includes('status') ? { ...subscription, channels: [...channels, 'status'] } : subscription;
}

/** A frame as far as the client itself relies on it; `hello` comes first, and once. */
function parsed(data: unknown, greeted: boolean): Frame | null {
  let frame: Frame;
  try {
    frame = JSON.parse(String(data));
  } catch {
    return null;
  }
  if (typeof frame?.type !== 'string' || greeted === (frame.type === 'hello')) return null;
  switch (frame.type) {
    case 'hello':
      return typeof frame.epoch === 'string' && isSeq(frame.seq) && (!frame.reason || isSeq(frame.reason.floor)) ? frame : null;
    case 'alert':
    case 'incident':
    case 'status':
      return isSeq(frame.seq) ? frame : null;
    case 'gap':
      return isSeq(frame.from) && isSeq(frame.to) ? frame : null;
    default:
      return frame;
  }
}

/** What the engine says about a refusal; no other body is read. */
async function problem(answer: Response): Promise<Pick<End, 'problem'>> {
  const told = answer.headers.get('content-type')?.startsWith('application/problem+json');
  if (!told || !(Number(answer.headers.get('content-length') ?? NaN) <= ANSWER_BYTES)) {
    await answer.body?.cancel();
    return {};
  }
  const { code, detail } = (await answer.json()) as { code: unknown; detail: unknown };
  return { problem: { code: String(code), detail: String(detail) } };
}
