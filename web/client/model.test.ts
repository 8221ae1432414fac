// The client against a model of the engine, over many lives of it, connections and losses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memory } from './escucha-stream.ts';
import { alert, gap, hello, refused, status, World, type FakeSocket } from './world.ts';

/** Seeded: the same rounds on every machine. */
function chance(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What `feed.join` and the stream do, in the fewest words. */
class Engine {
  life = 1;
  floor = 1;
  head = 0;
  #next = 1;

  join(socket: FakeSocket): void {
    const [since, epoch] = socket.since;
    const seq = Number(since);
    const reason =
      since === null ? 'fresh'
      : seq > this.head ? (epoch === `E${this.life}` ? 'cursor_ahead' : 'epoch_changed')
      : epoch !== null && epoch !== `E${this.life}` ? 'epoch_changed'
      : seq + 1 < this.floor ? 'cursor_too_old'
      : null;
    this.#next = reason === null ? seq + 1 : reason === 'fresh' ? this.head + 1 : this.floor;
    const more = { epoch: `E${this.life}`, seq: this.head };
    socket.opens().says(reason === null || reason === 'fresh' ? hello({ ...more, recovered: reason === null }) : refused(reason, this.floor, more));
  }

  /** Sends up to `most` alerts of those that wait, some of them twice. */
  serve(socket: FakeSocket, most: number, twice: boolean): void {
    if (this.#next < this.floor) {
      socket.says(gap(this.#next, this.floor - 1));
      this.#next = this.floor;
    }
    for (; most > 0 && this.#next <= this.head; most--) {
      const seq = this.#next++;
      socket.says(alert(seq));
      if (twice) socket.says(alert(seq));
    }
    socket.says(status(this.#next - 1));
  }
}

/** Every number between the first and the last that was told of is either an alert or missed, in order, and once. */
async function round(seed: number): Promise<[number, number, number]> {
  const random = chance(seed);
  const below = (n: number) => Math.floor(random() * n);
  const engine = new Engine();
  const store = memory();
  let told: { life: number; from: number; to: number; kind: string }[] = [];
  const make = () => {
    const world: World = new World({
      store,
      replay: true,
      onFrame: (f) => f.type === 'alert' && told.push({ life: engine.life, from: f.seq, to: f.seq, kind: 'alert' }),
      onMissed: ({ code, from, to, floor }) => told.push({ life: engine.life, from: from ?? floor, to: to ?? floor - 1, kind: code }),
    });
    world.random = random;
    return world;
  };
  let world = make();
  await world.stream.start();
  for (let step = 0; step < 400; step++) {
    const { socket } = world;
    if (world.state.name === 'waiting') await world.comesBack();
    else if (world.state.name === 'connecting' && !socket.isClosed) engine.join(socket);
    else if (random() < 0.4) engine.serve(socket, below(20), random() < 0.2);
    else {
      const what = below(20);
      if (what < 10) engine.head += below(10);
      else if (what < 12) engine.floor = Math.min(engine.head + 1, engine.floor + below(30));
      else if (what < 15) socket.ends([1006, 1012, 4008, 1001][below(4)]!);
      else if (what === 15) await world.clock.pass(20_000);
      else if (what === 16) world.clock.wall += (random() - 0.5) * 7_200_000;
      else if (what === 17) {
        // The client itself ends and begins anew with what its store holds.
        await world.stream.stop();
        world = make();
        await world.stream.start();
      } else if (what === 18) {
        engine.life += 1;
        [engine.head, engine.floor] = [below(10), 1];
        socket.ends(1006);
      } else if (engine.head > 0) {
        // A backup is put in the place of the file: the same life, fewer alerts.
        engine.head = below(engine.head);
        engine.floor = Math.min(engine.floor, engine.head + 1);
        socket.ends(1006);
      }
    }
    assert.ok(world.clock.timers.size <= 1, `seed ${seed}: timers pile up`);
    assert.ok(world.sockets.filter((s) => !s.isClosed).length <= 1, `seed ${seed}: connections pile up`);
  }
  let next: number | null = null;
  let life = 1;
  for (const t of told) {
    const anew = t.kind === 'epoch_changed' || t.kind === 'cursor_ahead';
    assert.ok(anew || t.life === life, `seed ${seed}: another life without a word`);
    if (!anew && next !== null) assert.equal(t.from, next, `seed ${seed}: ${JSON.stringify(t)}`);
    [next, life] = [t.to + 1, t.life];
  }
  const count = (kinds: RegExp) => told.filter((t) => kinds.test(t.kind)).length;
  return [count(/alert/), count(/evicted|too_old/), count(/epoch|ahead/)];
}

test('no alert is lost without a word, none comes twice, nothing piles up', async () => {
  const sums = [0, 0, 0];
  for (let seed = 1; seed <= 200; seed++) (await round(seed)).forEach((n, i) => (sums[i]! += n));
  // The rounds meet what they are about.
  assert.ok(sums[0]! > 20_000 && sums[1]! > 500 && sums[2]! > 500, String(sums));
});
