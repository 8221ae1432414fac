// A laboratory inside of the page, loaded before anything of it: clocks that pass when a test says so, and an engine that
// is away, greets, tells and answers as a test says. Nothing here waits for real time, so that hours take seconds.

(() => {
  const { requestAnimationFrame } = window;
  const RealDate = Date;

  // ── Clocks ──
  /** The display's clock, which may be wrong, and the steady one, which stands still while some displays sleep. */
  let wall = RealDate.parse('2026-07-04T00:00:00Z');
  let steady = 1000;
  let engineAhead = 0;
  let number = 0;
  const timers = new Map();
  const add = (run, ms, every) => (timers.set(++number, { due: steady + Math.max(every ? 1 : 0, ms || 0), run, every }), number);
  window.setTimeout = (run, ms) => add(run, ms, 0);
  window.setInterval = (run, ms) => add(run, ms, Math.max(1, ms));
  window.clearTimeout = window.clearInterval = (id) => void timers.delete(id);
  performance.now = () => steady;
  window.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [wall]));
    }
    static now = () => wall;
  };

  /** What promises have to do, done. */
  const settle = async () => {
    for (let i = 0; i < 12; i++) await null;
  };
  /** A frame is drawn, and what waits for its layout has run. */
  const draw = () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));

  async function fire(due) {
    for (;;) {
      const next = [...timers].filter(([, t]) => t.due <= due).sort(([, a], [, b]) => a.due - b.due)[0];
      if (!next) return;
      const [id, timer] = next;
      const step = Math.max(0, timer.due - steady);
      [steady, wall] = [steady + step, wall + step];
      if (timer.every) timer.due = steady + timer.every;
      else timers.delete(id);
      timer.run();
      await settle();
    }
  }
  /** Time passes, and every timer runs when it is due. */
  async function pass(ms) {
    const end = steady + ms;
    await settle();
    await fire(end);
    wall += end - steady;
    steady = end;
  }
  /** The display sleeps: no timer runs meanwhile, and the steady clock stands still or not. */
  async function sleep(ms, stands) {
    wall += ms;
    if (!stands) {
      steady += ms;
      for (const timer of timers.values()) if (timer.due < steady) timer.due = steady;
    }
    await fire(steady);
  }

  // ── The engine ──
  const engine = {
    up: true,
    status: 200,
    epoch: 'E1',
    seq: 0,
    /** Alerts since this number are held. */
    floor: 1,
    told: [],
    page: '<title>escucha</title>',
    works: null,
    sources: [{ name: 's', connected: true, finished: false, last_data: null, age_seconds: 1, problem: null }],
    /** Answers by path. */
    answers: {},
    /** The addresses that the latest streams were opened with, and how many there were. */
    opened: [],
    streams: 0,
    alarms: 0,
    /** How often the page asked, by the kind of what it asked for. */
    asked: {},
  };
  const now = () => wall + engineAhead;
  const iso = (ms = now()) => new RealDate(ms).toISOString();
  let socket = null;

  window.WebSocket = class {
    constructor(url) {
      this.url = new URL(url);
      engine.opened = [...engine.opened, this.url.search].slice(-20);
      engine.streams++;
      window.setTimeout(() => (engine.up && engine.status === 200 ? this.open() : this.end(1006)), 1);
    }
    open() {
      if (this.closed) return;
      socket = this;
      this.onopen?.();
      const { searchParams } = this.url;
      const [since, epoch] = [Number(searchParams.get('since') ?? engine.seq), searchParams.get('epoch')];
      const code = epoch === null ? null : epoch !== engine.epoch ? 'epoch_changed' : since + 1 < engine.floor ? 'cursor_too_old' : null;
      const from = code ? engine.floor : since + 1;
      say({ type: 'hello', epoch: engine.epoch, seq: engine.seq, recovered: epoch !== null && !code, reason: code && { code, floor: engine.floor }, version: '1' });
      say(...engine.told.filter((a) => a.seq >= from));
      beat();
    }
    send() {}
    close() {
      this.closed = true;
      if (socket === this) socket = null;
    }
    end(code, reason = '') {
      if (this.closed) return;
      this.close();
      this.onclose?.({ code, reason });
    }
  };

  function say(...frames) {
    for (const frame of frames) socket?.onmessage?.({ data: JSON.stringify(frame) });
  }
  const beat = () => say({ type: 'status', at: iso(), seq: engine.seq, sources: engine.sources });
  /** A transition of an alert, kept for those who come back. */
  function alarm(a) {
    const told = { type: 'alert', rule: 'r', severity: 'critical', level: null, recovering: false, topics: [], started_at: iso(), updated_at: iso(), observed: 10, threshold: 5, terms: [], networks: {}, languages: {}, similar: [], reasons: [{ code: 'volume', text: { es: 'razón', en: 'reason' }, value: 1 }], topic: null, ...a, seq: ++engine.seq };
    engine.alarms++;
    engine.told = [...engine.told, told].slice(-200);
    say(told);
  }
  /** Another life of the engine, which knows nothing of the one before. */
  const reborn = () => Object.assign(engine, { epoch: `E${Number(engine.epoch.slice(1)) + 1}`, seq: 0, floor: 1, told: [] });
  /** The engine goes away, with a last word or without. */
  const leave = (code = 1006) => ((engine.up = false), socket?.end(code));

  window.fetch = async (url) => {
    const { pathname } = new URL(url, location.href);
    const kind = pathname.replace(/topics\/[^/]+/, 'topics/*');
    engine.asked[kind] = (engine.asked[kind] ?? 0) + 1;
    await null;
    // A proxy before the engine has a page of its own for whatever it cannot pass on.
    if (!engine.up && engine.works && pathname === '/') return { ok: true, status: 200, headers: new Headers(), body: null, text: async () => engine.works };
    if (!engine.up) throw new TypeError('Failed to fetch');
    const found = pathname === '/' ? engine.page : Object.entries(engine.answers).find(([path]) => pathname.startsWith(path))?.[1](pathname);
    const status = pathname !== '/' && engine.status !== 200 ? engine.status : pathname.endsWith('/stream') ? 426 : found === undefined ? 404 : 200;
    return { ok: status === 200, status, headers: new Headers(), body: null, json: async () => found, text: async () => String(found) };
  };

  const tallied = (mentions) => ({ mentions, reposts: 0, authors: mentions });
  const counts = (n) => ({ '1m': tallied(Math.ceil(n / 5)), '5m': tallied(n), '15m': tallied(3 * n), '1h': tallied(12 * n), '24h': tallied(288 * n) });
  const row = (topic, level, n, expected = 10) => ({ topic, at: iso(), level, recovering: level === null ? null : false, expected, surprise: level, brand: null, windows: counts(n) });

  window.lab = { engine, pass, sleep, settle, draw, say, beat, alarm, reborn, leave, row, iso, now, back: () => (engine.up = true), close: (code, reason) => socket?.end(code, reason), skew: (ms) => ((wall += ms), (engineAhead -= ms)), get listening() { return socket !== null; } };
  engine.answers['/v1/wall'] = () => ({ scenes: ['now', 'pulse', 'week', 'voice', 'feed', 'incidents'], dwell_seconds: 30, theme: 'dark', lang: null, timezone: null, groups: ['g'], own: [], name: 'localhost', acts: true, version: '1' });
})();
