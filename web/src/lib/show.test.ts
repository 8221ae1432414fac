import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, configure, crisis, go, pin, shown, step, tick } from './show.ts';

const start = () => begin(['now', 'pulse', 'week'], 1000, 0);
const scene = (show: Parameters<typeof shown>[0]) => shown(show, 0).scene;

test('scenes rotate in their order, each for its time, and those without anything are passed over', () => {
  let show = start();
  const seen = [];
  for (let t = 0; t <= 6500; t += 500) {
    show = tick(show, t, (s) => s === 'pulse' && t >= 4000);
    seen.push(scene(show));
  }
  assert.deepEqual(seen, ['now', 'now', 'pulse', 'pulse', 'week', 'week', 'now', 'now', 'week', 'week', 'now', 'now', 'week', 'week']);
  assert.equal(scene(tick(start(), 1000, () => true)), 'now', 'none has anything');
  assert.equal(shown(start(), 250).share, 0.25);
});

test('a crisis takes the wall and gives it back', () => {
  let show = tick(start(), 1000);
  show = crisis(show, 'a', 1500);
  assert.equal(scene(show), 'now');
  show = tick(show, 9000);
  assert.equal(scene(show), 'now', 'it stays');
  show = crisis(show, null, 9500);
  assert.equal(scene(show), 'pulse');
  assert.equal(scene(tick(show, 10_000)), 'pulse', 'with its whole time');
  assert.equal(scene(tick(show, 10_500)), 'week');
});

test('a crisis takes a pinned wall too, once, and gives it back pinned', () => {
  let show = crisis(pin(go(start(), 2, 0), 0), 'a', 100);
  assert.equal(scene(show), 'now');
  show = step(show, 1, 200);
  assert.deepEqual([scene(show), scene(crisis(show, 'a', 300))], ['pulse', 'pulse'], 'a person has seen it');
  assert.equal(scene(crisis(show, 'b', 300)), 'now', 'another one has not been seen');
  show = crisis(crisis(show, null, 400), 'a', 500);
  assert.equal(scene(show), 'now', 'it came back');
  assert.equal(scene(tick(crisis(show, null, 600), 99_999)), 'pulse', 'still pinned');
});

test('a person steps both ways, goes to a place and pins', () => {
  assert.equal(scene(step(start(), -1, 0)), 'week');
  assert.equal(scene(step(step(start(), 1, 0), 1, 0)), 'week');
  assert.equal(scene(go(start(), 1, 0)), 'pulse');
  assert.equal(scene(go(start(), 7, 0)), 'now', 'there is no such place');
  const pinned = pin(go(start(), 1, 0), 0);
  assert.equal(scene(tick(pinned, 99_999)), 'pulse');
  assert.equal(scene(tick(pin(pinned, 0), 99_999)), 'week');
});

test('another configuration keeps the scene that is shown', () => {
  assert.equal(scene(configure(go(start(), 2, 0), ['week', 'now'], 5)), 'week');
  assert.equal(scene(configure(go(start(), 2, 0), ['pulse', 'now'], 5)), 'pulse');
  assert.equal(scene(configure(start(), [], 5)), 'now');
});
