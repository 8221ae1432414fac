// A wall hangs for months: a day of it in seconds, and nothing of what it holds may grow from one hour to the next.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, held, launch, open, quit, room, run } from './engine.mjs';

const here = (name) => new URL(name, import.meta.url).pathname;
/** Hours at which it is looked at what the page holds; all of them end alike. */
const LOOKS = [3, 6, 9, 12, 15, 18, 21, 24];
/** From this one on all that is bounded is full. */
const FULL = 6;
/** Of the heap: code that is compiled meanwhile, and what the browser keeps for itself. */
const HEAP = 1.15;
/** Of things that are counted, in eighteen hours: what is bounded is no larger at the end, but for what a sweep left over. */
const LEFT = 12;

let engine;
before(async () => {
  // Only for the page itself: what is told on it comes from the laboratory.
  engine = await run(room());
  await launch();
});
after(async () => {
  await quit();
  engine?.stop();
});

/** A page that has lived `hours`, and what it held at some of them. */
async function lived(hours, looks, prepare = () => {}) {
  const { page, faults, close } = await open(engine, '/?lang=es', SIZES.wall, {
    before: async (page) => {
      await page.addInitScript({ path: here('lab.js') });
      await page.addInitScript({ path: here('day.js') });
    },
  });
  await page.evaluate(prepare);
  const seen = [];
  for (let hour = 1; hour <= hours; hour++) {
    // Somebody turns the screen, and turns it back.
    await page.setViewportSize(hour % 2 ? SIZES.wall : { width: 1280, height: 1024 });
    const end = await page.evaluate((hour) => window.day(hour), hour);
    if (!looks.includes(hour)) continue;
    await page.setViewportSize(SIZES.wall);
    await page.evaluate(() => lab.draw());
    seen.push({ hour, ...(await held(page)), ...end });
  }
  const { streams, alarms, asked } = await page.evaluate(() => lab.engine);
  assert.deepEqual(faults, []);
  await close();
  return { seen, streams, alarms, asked };
}

/** What is larger at the end than when all that is bounded was full. */
function grown(seen) {
  const [first, last] = [seen[0], seen.at(-1)];
  const of = (name) => seen.map((look) => look[name]).join(' ');
  const counted = ['nodes', 'listeners', 'elements', 'documents'].filter((name) => Math.max(...seen.map((look) => look[name])) > first[name] + LEFT);
  const heap = last.heap > first.heap * HEAP ? ['heap'] : [];
  return [...counted, ...heap].map((name) => `${name}: ${of(name)}`);
}

test('nothing grows in a day of everything that can happen', { timeout: 300_000 }, async () => {
  const { seen, streams, alarms, asked } = await lived(24, LOOKS);
  for (const look of seen) console.log(Object.entries(look).map(([name, value]) => `${name} ${name === 'heap' ? (value / 1e6).toFixed(2) : value}`).join(', '));
  // The day was one: streams broke and came back, the engine began anew, scenes came and went, alerts too.
  assert.ok(streams > 24 * 3 && alarms > 24 * 12 && asked['/v1/share-of-voice'] > 300 && asked['/v1/topics/*/week'] > 300, JSON.stringify({ streams, alarms, asked }));
  // And the page asked no more than it has to: every minute what is always shown, every quarter of one what a scene shows.
  for (const [path, often] of Object.entries({ '/v1/wall': 75, '/v1/topics': 80, '/v1/mentions': 240, '/v1/topics/*/windows': 1500 })) assert.ok(asked[path] < 24 * often, `${path} ${asked[path]}`);
  assert.ok(seen.every((look) => !look.stale && look.elements > 50));
  assert.deepEqual(grown(seen.filter((look) => look.hour >= FULL)), []);
});

test('what does grow is found', { timeout: 120_000 }, async () => {
  const { seen } = await lived(3, [1, 3], () => {
    const kept = [];
    setInterval(() => {
      kept.push(document.querySelector('.scene')?.cloneNode(true), new Array(1000).fill(performance.now()));
      addEventListener('resize', () => kept.length);
    }, 60_000);
  });
  assert.deepEqual(grown(seen).map((line) => line.split(':')[0]), ['nodes', 'listeners', 'heap']);
});
