// What the tests of the client put in place of the world: time, chance, sockets and answers.

import { setImmediate } from 'node:timers/promises';
import { EscuchaStream, type Cursor, type Environment, type Frame, type Missed, type Options, type Socket, type State } from './escucha-stream.ts';

/** Time that stands still until it is told to pass. */
export class Clock {
  /** What the wall clock says; may be set. */
  wall = 1_000_000;
  #passed = 0;
  readonly timers = new Map<number, { at: number; run: () => void }>();
  #ids = 0;

  setTimeout = (run: () => void, ms: number): unknown => {
    this.timers.set(++this.#ids, { at: this.#passed + ms, run });
    return this.#ids;
  };

  clearTimeout = (timer: unknown): void => void this.timers.delete(timer as number);

  /** Lets `ms` pass; what is due runs in order, and promises of it settle. */
  async pass(ms: number): Promise<void> {
    const end = this.#passed + ms;
    for (;;) {
      const due = [...this.timers].filter(([, t]) => t.at <= end).sort(([a, s], [b, t]) => s.at - t.at || a - b)[0];
      const next = due ? due[1].at : end;
      this.wall += next - this.#passed;
      this.#passed = next;
      if (!due) return;
      this.timers.delete(due[0]);
      due[1].run();
      await setImmediate();
    }
  }
}

export class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onerror: Socket['onerror'] = null;
  onclose: Socket['onclose'] = null;
  readonly url: URL;
  readonly protocols: string[];
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(text: string): void {
    if (this.isClosed) throw new Error('sent into a closed socket');
    this.sent.push(JSON.parse(text));
  }

  /** As a dead peer has it: no close event comes. */
  close(): void {
    this.isClosed = true;
  }

  /** The server upgrades. */
  opens(): this {
    this.onopen?.(undefined as never);
    return this;
  }

  says(...frames: unknown[]): this {
    for (const frame of frames) this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
    return this;
  }

  ends(code: number, reason = ''): void {
    this.isClosed = true;
    if (code === 1006) this.onerror?.(undefined as never);
    this.onclose?.({ code, reason });
  }

  /** As Node has it where there is no engine. */
  fails(): void {
    this.isClosed = true;
    this.onerror?.(undefined as never);
  }

  get since(): [string | null, string | null] {
    return [this.url.searchParams.get('since'), this.url.searchParams.get('epoch')];
  }
}

export class World {
  readonly clock = new Clock();
  readonly sockets: FakeSocket[] = [];
  readonly frames: Frame[] = [];
  readonly missed: Missed[] = [];
  readonly stale: number[] = [];
  readonly states: State[] = [];
  readonly unsaved: unknown[] = [];
  readonly asked: { url: string; init: RequestInit }[] = [];
  /** What a question about a refusal is answered with; by default nobody is there. */
  answer: (init: RequestInit) => Promise<Response> = () => Promise.reject(new TypeError('fetch failed'));
  random = () => 0.5;
  readonly stream: EscuchaStream;

  constructor(options: Partial<Options> = {}) {
    const { clock, sockets } = this;
    const environment: Environment = {
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          sockets.push(this);
        }
      },
      fetch: (url, init) => {
        this.asked.push({ url, init });
        return this.answer(init);
      },
      now: () => clock.wall,
      random: () => this.random(),
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
    };
    this.stream = new EscuchaStream({
      url: 'ws://engine:7070/v1/stream',
      onFrame: (frame) => void this.frames.push(frame),
      onMissed: (missed) => void this.missed.push(missed),
      onStale: (ms) => void this.stale.push(ms),
      onState: (state) => void this.states.push(state),
      onUnsaved: (error) => void this.unsaved.push(error),
      ...options,
      environment: { ...environment, ...options.environment },
    });
  }

  /** A world with a connection that has been greeted. */
  static async open(options: Partial<Options> = {}, greeting: object = hello()): Promise<World> {
    const world = new World(options);
    await world.stream.start();
    world.socket.opens().says(greeting);
    return world;
  }

  /** The latest connection. */
  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1]!;
  }

  get state(): State {
    return this.stream.state;
  }

  /** Sequence numbers of the alerts that were shown. */
  get seen(): number[] {
    return this.frames.flatMap((f) => (f.type === 'alert' ? [f.seq] : []));
  }

  /** The wait it is in, let pass. */
  async comesBack(): Promise<FakeSocket> {
    const before = this.sockets.length;
    if (this.state.name !== 'waiting') throw new Error(`waits for nothing: ${JSON.stringify(this.state)}`);
    await this.clock.pass(this.state.after_ms);
    if (this.sockets.length !== before + 1) throw new Error('did not come back');
    return this.socket;
  }
}

export const hello = (more: object = {}) => ({ type: 'hello', epoch: 'E1', seq: 5, recovered: false, reason: null, version: '9.9.9', ...more });
export const refused = (code: string, floor: number, more: object = {}) => hello({ reason: { code, floor }, ...more });
export const alert = (seq: number) => ({ type: 'alert', seq, id: `a${seq}` });
export const incident = (seq: number) => ({ type: 'incident', seq, id: '0123456789abcdef' });
export const status = (seq: number) => ({ type: 'status', at: '2026-07-04T10:05:00Z', seq, sources: [] });
export const gap = (from: number, to: number) => ({ type: 'gap', channel: 'alerts', from, to, reason: 'evicted' });
export const at = (epoch: string, seq: number): Cursor => ({ epoch, seq });
