import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { memory, SILENCE_MS, wait, type Cursor, type CursorStore, type Subscription } from './escucha-stream.ts';
import { alert, at, gap, hello, incident, refused, status, World } from './world.ts';

test('every close code has its answer', async () => {
  for (const [code, why, comes] of [
    [1000, 'lost', true],
    [1001, 'lost', true],
    [1005, 'lost', true],
    [1006, 'lost', true],
    [1008, 'lost', true],
    [1011, 'lost', true],
    [1012, 'restart', true],
    [1013, 'lost', true],
    [4000, 'lost', true],
    [4001, 'revoked', false],
    [4008, 'too_slow', true],
  ] as const) {
    const world = await World.open();
    world.socket.says(alert(6));
    world.socket.ends(code);
    if (comes) {
      assert.deepEqual(world.state, { name: 'waiting', end: { why, code }, after_ms: 250 });
      assert.deepEqual((await world.comesBack()).since, ['6', 'E1'], `${code}`);
      assert.equal(world.state.name, 'connecting');
    } else {
      assert.deepEqual(world.state, { name: 'stopped', end: { why, code } });
      await world.clock.pass(3_600_000);
      assert.deepEqual([world.sockets.length, world.clock.timers.size], [1, 0]);
    }
    assert.equal(world.asked.length, 0, 'it was no refusal');
  }
});

const problem = (status: number, code: string, headers: Record<string, string> = {}) => {
  const body = JSON.stringify({ status, code, detail: `because ${code}` });
  return () => Promise.resolve(new Response(body, { status, headers: { 'content-type': 'application/problem+json', 'content-length': String(body.length), ...headers } }));
};

test('a refusal in place of an upgrade is told with its status and its reason', async () => {
  for (const [status, code, headers, stops, least] of [
    [400, 'invalid_request', {}, true, 0],
    [401, 'unauthorized', {}, true, 0],
    [403, 'forbidden', {}, true, 0],
    [404, 'not_found', {}, false, 0],
    [429, 'too_many_requests', { 'retry-after': '7' }, false, 7000],
    [503, 'unavailable', { 'retry-after': 'Fri, 27 Nov 2026 10:00:00 GMT' }, false, 0],
  ] as const) {
    const world = new World({ token: 'esc_secret', url: 'wss://engine/v1/stream?x=1' });
    world.answer = problem(status, code, headers);
    await world.stream.start();
    world.socket.ends(1006);
    assert.deepEqual(world.states, [{ name: 'connecting' }]);
    await setImmediate();
    const end = { why: 'refused', code: 1006, status, problem: { code, detail: `because ${code}` } };
    assert.equal(world.state.name, stops ? 'stopped' : 'waiting', `${status}`);
    assert.deepEqual('end' in world.state && world.state.end, end);
    assert.ok(world.state.name !== 'waiting' || world.state.after_ms >= least, `${status}`);
    assert.equal(world.clock.timers.size, stops ? 0 : 1);
    const { url, init } = world.asked[0]!;
    assert.equal(url, 'https://engine/v1/stream?x=1');
    assert.deepEqual(init.headers, { Authorization: 'Bearer esc_secret' });
  }
});

test('an engine that is away, silent or would open is no refusal', async () => {
  const silent = (init: RequestInit) => new Promise<Response>((_, fail) => init.signal?.addEventListener('abort', () => fail(init.signal?.reason)));
  for (const answer of [() => Promise.reject(new TypeError('fetch failed')), silent, problem(426, 'upgrade_required')]) {
    const world = new World();
    world.answer = answer;
    await world.stream.start();
    world.socket.ends(1006);
    await world.clock.pass(10_000);
    await setImmediate();
    const waiting = world.states.find((s) => s.name === 'waiting');
    assert.deepEqual(waiting, { name: 'waiting', end: { why: 'lost', code: 1006 }, after_ms: 250 });
  }
});

test('an error without a close event ends a connection that was never made, and no other', async () => {
  const world = new World();
  await world.stream.start();
  world.socket.fails();
  await setImmediate();
  assert.deepEqual(world.state, { name: 'waiting', end: { why: 'lost', code: 1006 }, after_ms: 250 });
  (await world.comesBack()).opens().says(hello());
  world.socket.onerror?.(undefined as never);
  assert.equal(world.state.name, 'open');
});

test('no body is read but a short problem document', async () => {
  const endless = () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1 << 16)) }), { status: 502, headers: { 'content-type': 'text/html' } });
  const long = () => new Response('{}', { status: 502, headers: { 'content-type': 'application/problem+json', 'content-length': '99999999' } });
  for (const answer of [endless, long]) {
    const world = new World();
    world.answer = () => Promise.resolve(answer());
    await world.stream.start();
    world.socket.ends(1006);
    await setImmediate();
    assert.deepEqual('end' in world.state && world.state.end, { why: 'refused', code: 1006, status: 502 });
  }
});

test('a stop while a refusal is asked about ends the question', async () => {
  const world = new World();
  let aborted = false;
  world.answer = (init) => new Promise((_, fail) => init.signal?.addEventListener('abort', () => fail((aborted = true))));
  await world.stream.start();
  world.socket.ends(1006);
  await world.stream.stop();
  await setImmediate();
  assert.ok(aborted);
  assert.deepEqual([world.state, world.clock.timers.size], [{ name: 'stopped', end: null }, 0]);
});

test('it goes on after its cursor, or says what is missing', async () => {
  for (const [before, greeting, asks, after, missed] of [
    // Nothing to go on from: the head, or the oldest alert with `replay`.
    [null, hello(), [null, null], at('E1', 5), null],
    ['replay', hello({ recovered: true }), ['0', null], at('E1', 0), null],
    ['replay', refused('cursor_too_old', 4), ['0', null], at('E1', 3), { code: 'cursor_too_old', from: 1, to: 3, floor: 4 }],
    [at('E1', 3), hello({ recovered: true }), ['3', 'E1'], at('E1', 3), null],
    [at('E1', 0), hello({ recovered: true }), ['0', 'E1'], at('E1', 0), null],
    [at('E1', 1), refused('cursor_too_old', 4), ['1', 'E1'], at('E1', 3), { code: 'cursor_too_old', from: 2, to: 3, floor: 4 }],
    [at('E1', 9), refused('cursor_ahead', 2), ['9', 'E1'], at('E1', 1), { code: 'cursor_ahead', from: null, to: null, floor: 2 }],
    [at('E0', 9), refused('epoch_changed', 1), ['9', 'E0'], at('E1', 0), { code: 'epoch_changed', from: null, to: null, floor: 1 }],
  ] as const) {
    const replay = before === 'replay';
    const world = await World.open({ replay, store: memory(replay ? null : before) }, greeting);
    assert.deepEqual(world.socket.since, asks);
    assert.deepEqual(world.stream.cursor, after);
    assert.deepEqual(world.missed, missed ? [missed] : []);
    // A link that breaks before the first alert goes on from there.
    world.socket.ends(1006);
    assert.deepEqual((await world.comesBack()).since, [String(after.seq), after.epoch]);
  }
});

test('an alert is shown once, whatever is sent', async () => {
  const world = await World.open();
  world.socket.says(alert(5), alert(6), alert(6), alert(8), status(8), alert(7), alert(8), alert(9));
  assert.deepEqual(world.seen, [6, 8, 9]);
  world.socket.ends(1006);
  (await world.comesBack()).opens().says(hello({ recovered: true, seq: 10 }), alert(9), alert(10));
  assert.deepEqual(world.seen, [6, 8, 9, 10]);
  // The numbers of another epoch are others.
  world.socket.ends(1006);
  (await world.comesBack()).opens().says(refused('epoch_changed', 1, { epoch: 'E2' }), alert(1), alert(2));
  assert.deepEqual(world.seen, [6, 8, 9, 10, 1, 2]);
});

test('status moves the cursor on and never back, a gap is told and passed', async () => {
  const world = await World.open();
  world.socket.says(status(7));
  assert.deepEqual(world.stream.cursor, at('E1', 7));
  world.socket.says(status(6));
  assert.deepEqual(world.stream.cursor, at('E1', 7));
  world.socket.says(gap(8, 20));
  assert.deepEqual(world.stream.cursor, at('E1', 20));
  assert.deepEqual(world.missed, [{ channel: 'alerts', code: 'evicted', from: 8, to: 20, floor: 21 }]);
  world.socket.says(alert(21));
  assert.deepEqual(world.seen, [21]);
  assert.deepEqual(world.frames.map((f) => f.type), ['hello', 'status', 'status', 'gap', 'alert']);
});

test('incidents share the sequence of the alerts', async () => {
  const world = await World.open({ subscription: { channels: ['alerts', 'incidents'] } });
  const start = world.stream.cursor!.seq;
  world.socket.says(incident(start + 1));
  world.socket.says(alert(start + 2));
  world.socket.says(incident(start + 2));
  world.socket.says(incident(start + 3));
  assert.deepEqual(world.frames.filter((f) => f.type === 'incident' || f.type === 'alert').map((f) => f.seq), [start + 1, start + 2, start + 3]);
  assert.deepEqual(world.stream.cursor, at('E1', start + 3));
  // A gap of one of the two leaves what the other has in it.
  world.socket.says({ ...gap(start + 4, start + 20), channel: 'incidents' });
  assert.equal(world.missed.at(-1)?.channel, 'incidents');
  world.socket.says(alert(start + 9));
  world.socket.says(incident(start + 21));
  assert.deepEqual(world.stream.cursor, at('E1', start + 21));
  assert.deepEqual(world.seen.slice(-1), [start + 9]);
  world.socket.ends(1006);
  assert.deepEqual((await world.comesBack()).since, [String(start + 21), 'E1']);
});

test('full jitter comes after the cap', () => {
  const most = 1 - Number.EPSILON;
  for (const [attempt, ceiling] of [[0, 500], [1, 1000], [2, 2000], [3, 4000], [4, 8000], [5, 15_000], [6, 15_000], [60, 15_000], [5000, 15_000]] as const) {
    for (const r of [0, 0.1, 0.5, 0.9, most]) {
      const ms = wait(attempt, undefined, () => r);
      assert.ok(Math.abs(ms - r * ceiling) < 1e-6, `${attempt}, ${r}: ${ms}`);
    }
  }
});

test('what is advised is the least', () => {
  for (const [attempt, advised, least, most] of [
    [0, 0, 0, 500],
    [0, 400, 400, 900],
    [0, 10_000, 10_000, 10_500],
    [5, 1000, 1000, 16_000],
    [0, 1e12, 300_000, 300_500],
    [0, Infinity, 300_000, 300_500],
  ] as const) {
    assert.deepEqual([wait(attempt, advised, () => 0), wait(attempt, advised, () => 1)], [least, most], `${attempt}, ${advised}`);
  }
});

test('the advice of hello holds for one wait, and nonsense is none', async () => {
  const world = await World.open({}, hello({ reconnect: { after_ms: 3000, window_ms: 4000 } }));
  world.random = () => 0;
  world.socket.ends(1012);
  assert.deepEqual(world.state, { name: 'waiting', end: { why: 'restart', code: 1012 }, after_ms: 3000 });
  (await world.comesBack()).ends(1006);
  await setImmediate();
  assert.equal(world.state.name === 'waiting' && world.state.after_ms, 0, 'its own back-off from then on');
  const last = await World.open({}, hello({ reconnect: { after_ms: 3000, window_ms: 4000 } }));
  last.random = () => 0;
  last.socket.ends(1012, 'service_restart; after_ms=5250; window_ms=9000');
  assert.equal(last.state.name === 'waiting' && last.state.after_ms, 5250, 'the last word counts');
  for (const reconnect of [null, {}, 7, { after_ms: -1 }, { after_ms: '9' }, { after_ms: null }]) {
    const world = await World.open({}, hello({ reconnect }));
    world.random = () => 0;
    world.socket.ends(1012, 'after_ms=soon');
    assert.equal(world.state.name === 'waiting' && world.state.after_ms, 0, JSON.stringify(reconnect));
  }
});

test('waits grow while connections do not last, and are short again after one that did', async () => {
  const world = await World.open();
  world.random = () => 0.999;
  const waits: number[] = [];
  const end = async () => {
    world.socket.ends(4008);
    waits.push(world.state.name === 'waiting' ? Math.round(world.state.after_ms / 0.999) : -1);
    (await world.comesBack()).opens().says(hello({ recovered: true }));
  };
  for (let i = 0; i < 7; i++) await end();
  await world.clock.pass(9_999);
  await end();
  await world.clock.pass(10_000);
  await end();
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 500]);
});

test('silence is a dead connection, told and replaced', async () => {
  const world = await World.open();
  const dead = world.socket;
  for (let i = 0; i < 20; i++) {
    await world.clock.pass(5_000);
    dead.says(status(5));
  }
  assert.deepEqual([world.stale, world.sockets.length], [[], 1]);
  await world.clock.pass(SILENCE_MS - 1000);
  assert.deepEqual([world.stale, world.state.name], [[], 'open']);
  await world.clock.pass(1000);
  assert.deepEqual([world.stale, world.state.name, dead.isClosed], [[SILENCE_MS], 'waiting', true]);
  const next = await world.comesBack();
  assert.deepEqual(next.since, ['5', 'E1']);
  // The dead one wakes up too late.
  next.opens().says(hello({ recovered: true }));
  dead.says(alert(6)).ends(4001);
  assert.deepEqual([world.seen, world.state.name], [[], 'open']);
});

test('a connection that never opens, or opens and says nothing, is a dead one too', async () => {
  for (const upgraded of [false, true]) {
    const world = new World();
    await world.stream.start();
    if (upgraded) world.socket.opens();
    await world.clock.pass(SILENCE_MS);
    assert.deepEqual(world.state, { name: 'waiting', end: { why: 'stale' }, after_ms: 250 });
  }
});

test('a computer that slept comes back at the first look', async () => {
  const world = await World.open();
  await world.clock.pass(500);
  world.clock.wall += 3_600_000;
  await world.clock.pass(500);
  assert.equal(world.state.name, 'waiting');
  assert.deepEqual(world.stale, [3_601_000]);
  // The good hour before counts: it comes back at once, and not as after many failures.
  assert.equal(world.state.name === 'waiting' && world.state.after_ms, 250);
  assert.deepEqual((await world.comesBack()).since, ['5', 'E1']);
});

test('a clock that is set back does not hide silence', async () => {
  const world = await World.open();
  await world.clock.pass(5500);
  world.clock.wall -= 3_600_000;
  await world.clock.pass(SILENCE_MS - 5500);
  assert.deepEqual([world.stale, world.state.name], [[SILENCE_MS], 'waiting']);
});

test('what is no stream ends the connection', async () => {
  for (const data of ['', 'null', '7', '[]', '{"type":', '"hello"', alert(-1), alert(1.5), { type: 'alert' }, { type: 'status' }, gap(1, NaN), hello()]) {
    const world = await World.open();
    world.socket.says(data);
    assert.deepEqual(world.state, { name: 'waiting', end: { why: 'garbled' }, after_ms: 250 }, JSON.stringify(data));
    assert.deepEqual([world.sockets[0]?.isClosed, world.frames.length], [true, 1]);
  }
  for (const first of [alert(1), status(1), {}, hello({ epoch: 7 }), hello({ seq: 'x' }), refused('epoch_changed', -3)]) {
    const world = await World.open({}, first);
    assert.deepEqual(world.state, { name: 'waiting', end: { why: 'garbled' }, after_ms: 250 }, JSON.stringify(first));
    assert.equal(world.stream.cursor, null);
  }
});

test('frames of later versions are given as they are', async () => {
  const world = await World.open({}, hello({ new: 1 }));
  world.socket.says({ type: 'forecast', id: 'i' });
  assert.deepEqual(world.frames.map((f) => f.type as string), ['hello', 'forecast']);
  assert.equal(world.state.name, 'open');
});

test('a token goes by sub-protocol and never in the URL', async () => {
  for (const [token, protocols] of [[undefined, ['escucha.v1']], ['esc_secret', ['escucha.v1', 'bearer.esc_secret']]] as const) {
    const world = await World.open({ token });
    assert.deepEqual(world.socket.protocols, protocols);
    assert.ok(!world.socket.url.href.includes('secret'));
  }
  for (const [url, protocol] of [['http://h/v1/stream', 'ws:'], ['https://h/v1/stream', 'wss:'], ['wss://h/v1/stream', 'wss:']] as const) {
    assert.equal((await World.open({ url })).socket.url.protocol, protocol);
  }
});

test('an address or a token that no connection can be made with stops it', async () => {
  const WebSocket = class {
    constructor() {
      throw new SyntaxError('no protocol');
    }
  };
  const world = new World({ environment: { WebSocket: WebSocket as never } });
  await world.stream.start();
  assert.deepEqual(world.state, { name: 'stopped', end: { why: 'refused', problem: { code: 'invalid_request', detail: 'SyntaxError: no protocol' } } });
  assert.equal(world.clock.timers.size, 0);
});

const subscribed = (more: object = {}) => ({ type: 'subscribed', channels: ['alerts', 'status'], topics: null, min_severity: 'info', min_priority: 0, ...more });

test('what is wanted is asked for, with the beat', async () => {
  for (const [subscription, query] of [
    [{}, {}],
    [{ channels: ['alerts'] }, { channels: 'alerts,status' }],
    [{ channels: [] }, { channels: 'status' }],
    [{ topics: [] }, {}],
    [{ channels: ['status', 'mentions'], topics: ['a', 'b'], min_severity: 'warning', min_priority: 0 }, { channels: 'status,mentions', topics: 'a,b', min_severity: 'warning', min_priority: '0' }],
  ] as [Subscription, object][]) {
    const world = await World.open({ subscription });
    assert.deepEqual(Object.fromEntries(world.socket.url.searchParams), query);
  }
});

test('a subscription is changed in place, one question at a time', async () => {
  const world = await World.open({ subscription: { channels: ['alerts'] } });
  world.stream.subscribe({ channels: ['mentions'], topics: ['a'] });
  for (let i = 0; i < 1000; i++) world.stream.subscribe({ min_priority: i % 100 });
  world.stream.subscribe({ topics: ['b'] });
  assert.deepEqual(world.socket.sent, [{ type: 'subscribe', channels: ['mentions', 'status'], topics: ['a'] }]);
  world.socket.says(subscribed({ channels: ['mentions', 'status'], topics: ['a'] }));
  assert.deepEqual(world.socket.sent[1], { type: 'subscribe', topics: ['b'], min_priority: 99 });
  world.socket.says(subscribed({ channels: ['mentions', 'status'], topics: ['b'], min_priority: 99 }));
  assert.equal(world.socket.sent.length, 2);
  world.socket.ends(1006);
  const { searchParams } = (await world.comesBack()).url;
  assert.deepEqual(Object.fromEntries(searchParams), { since: '5', epoch: 'E1', channels: 'mentions,status', topics: 'b', min_severity: 'info', min_priority: '99' });
});

test('a change that is refused changes nothing, one that was not answered is asked again', async () => {
  const world = await World.open({ subscription: { topics: ['a'] } });
  world.stream.subscribe({ topics: ['no-such'] });
  world.socket.says({ type: 'error', code: 'invalid_request', message: { es: '', en: '' } });
  world.stream.subscribe({ topics: ['b'], min_priority: 5 });
  assert.deepEqual(world.socket.sent.at(-1), { type: 'subscribe', topics: ['b'], min_priority: 5 });
  world.stream.subscribe({ topics: ['c'] });
  world.socket.ends(1006);
  const next = await world.comesBack();
  assert.equal(next.url.searchParams.get('topics'), 'a');
  assert.deepEqual(next.sent, []);
  next.opens().says(hello({ recovered: true }));
  assert.deepEqual(next.sent, [{ type: 'subscribe', topics: ['c'], min_priority: 5 }]);
});

test('the cursor is saved after the frame was shown, and only if it moved', async () => {
  const log: unknown[] = [];
  const store: CursorStore = { load: () => at('E1', 5), save: (cursor) => void log.push(cursor) };
  const world = await World.open({ store, onFrame: (f) => void log.push(f.type) }, hello({ recovered: true }));
  world.socket.says(status(5), alert(6), status(6), { type: 'windows' }, gap(7, 9));
  assert.deepEqual(log, ['hello', 'status', 'alert', at('E1', 6), 'status', 'windows', 'gap', at('E1', 9)]);
});

test('a slow store has one call under way, and gets the latest cursor', async () => {
  const saved: Cursor[] = [];
  const release: (() => void)[] = [];
  const save = (cursor: Cursor) => {
    saved.push(cursor);
    return new Promise<void>((done) => release.push(done));
  };
  const world = await World.open({ store: { load: async () => at('E1', 5), save } }, hello({ recovered: true }));
  for (let seq = 6; seq < 1000; seq++) world.socket.says(alert(seq));
  assert.deepEqual(saved, [at('E1', 6)]);
  let stopped = false;
  const stop = world.stream.stop().then(() => (stopped = true));
  release[0]!();
  await setImmediate();
  assert.deepEqual([saved, stopped], [[at('E1', 6), at('E1', 999)], false], 'a stop waits for it');
  release[1]!();
  await stop;
  assert.equal(saved.length, 2);
});

test('a stop by the handler of a frame waits until its cursor is saved', async () => {
  let saved: Cursor | null = null;
  let atEnd: unknown = null;
  const save = async (cursor: Cursor) => {
    await setImmediate();
    saved = cursor;
  };
  const world: World = await World.open({
    store: { load: () => at('E1', 5), save },
    onFrame: (f) => f.type === 'alert' && void world.stream.stop().then(() => (atEnd = saved)),
  }, hello({ recovered: true }));
  world.socket.says(alert(6));
  for (let i = 0; i < 3; i++) await setImmediate();
  assert.deepEqual(atEnd, at('E1', 6));
});

test('what a store cannot do is told', async () => {
  for (const save of [() => { throw new Error('full'); }, () => Promise.reject(new Error('full'))]) {
    const world = await World.open({ store: { load: () => null, save } });
    world.socket.says(alert(6));
    await setImmediate();
    world.socket.says(alert(7));
    await setImmediate();
    assert.deepEqual(world.seen, [6, 7]);
    assert.deepEqual(world.unsaved.map(String), Array(3).fill('Error: full'));
  }
  for (const bad of [{}, 7, { epoch: 'E1' }, { epoch: 1, seq: 1 }, { epoch: 'E1', seq: -1 }, { epoch: 'E1', seq: '1' }]) {
    const world = new World({ store: { load: () => bad as never, save() {} } });
    await assert.rejects(world.stream.start(), /no cursor/);
    assert.deepEqual([world.sockets.length, world.state], [0, { name: 'stopped', end: null }]);
  }
});

test('a stop stops whatever it is at', async () => {
  const open = await World.open();
  await open.stream.stop();
  open.sockets[0]!.says(alert(6)).ends(1006);
  const waiting = await World.open();
  waiting.socket.ends(1006);
  await waiting.stream.stop();
  const inside: World = await World.open({ onFrame: (f) => void (f.type === 'alert' && inside.stream.stop()) });
  inside.socket.says(alert(6), alert(7));
  const greeted: World = new World({ onMissed: () => void greeted.stream.stop() });
  await greeted.stream.start();
  greeted.socket.opens().says(refused('epoch_changed', 1));
  const silent: World = await World.open({ onStale: () => void silent.stream.stop() });
  await silent.clock.pass(SILENCE_MS);
  const early = new World();
  const starting = early.stream.start();
  await early.stream.stop();
  await starting;
  for (const world of [open, waiting, inside, greeted, silent, early]) {
    assert.deepEqual([world.state, world.clock.timers.size], [{ name: 'stopped', end: null }, 0]);
    assert.ok(world.sockets.every((s) => s.isClosed));
    await world.clock.pass(3_600_000);
    assert.ok(world.sockets.length <= 1);
  }
  assert.deepEqual([open.seen, inside.stream.cursor], [[], at('E1', 6)]);
});

test('it can be started again, and twice is once', async () => {
  const world = new World();
  await Promise.all([world.stream.start(), world.stream.start()]);
  assert.equal(world.sockets.length, 1);
  world.socket.opens().says(hello(), alert(6));
  await world.stream.start();
  assert.equal(world.sockets.length, 1);
  await world.stream.stop();
  // A start that was stopped while it loaded is not the one that runs.
  const first = world.stream.start();
  const stop = world.stream.stop();
  await Promise.all([first, stop, world.stream.start()]);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(world.socket.since, ['6', 'E1']);
});
