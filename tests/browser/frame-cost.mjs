// What the wall costs a display: the share of its time that the page's thread works while two hundred topics change
// every second. `node tests/browser/frame-cost.mjs [SECONDS [TOPICS]]`; fails above the budget. No part of the test run.

import { READY, SCENES, SIZES, go, launch, open, post, quit, room, run, send } from './engine.mjs';

const SECONDS = Number(process.argv[2] ?? 15);
/** Topics that there are, and that change every second. */
const TOPICS = Number(process.argv[3] ?? 200);
const BUSY = 200;
const frames = { windows: 0, mention: 0 };
const BUDGET = 0.3;

const engine = await run(room({ topics: TOPICS }));
await launch();
await send(engine, Array.from({ length: 40 }, () => post('palabra0 no funciona')));
const feeding = setInterval(() => void send(engine, Array.from({ length: BUSY }, (_, i) => post(`palabra${i} algo que decir ${Math.random()}`))), 1000);
const { page, when, close } = await open(engine, '/?lang=en', SIZES.wall, {
  before: async (page) => page.on('websocket', (ws) => ws.on('framereceived', (f) => frames[JSON.parse(f.payload).type]++)),
});

const cdp = await page.context().newCDPSession(page);
await cdp.send('Performance.enable');
const metric = async (name) => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === name).value;

let worst = 0;
for (const name of SCENES) {
  await go(page, name);
  await when(READY[name]);
  await page.keyboard.press(' ');
  await page.waitForTimeout(2000);
  const [busy, at] = [await metric('TaskDuration'), performance.now()];
  Object.assign(frames, { windows: 0, mention: 0 });
  await page.waitForTimeout(1000 * SECONDS);
  const passed = (performance.now() - at) / 1000;
  const share = ((await metric('TaskDuration')) - busy) / passed;
  worst = Math.max(worst, share);
  console.log(`${name.padEnd(6)} ${(100 * share).toFixed(1).padStart(5)} % of the thread, ${Math.round(frames.windows / passed)} windows/s, ${Math.round(frames.mention / passed)} mentions/s`);
  await page.keyboard.press(' ');
}
console.log(`JS heap ${((await metric('JSHeapUsedSize')) / 1e6).toFixed(1)} MB, ${await metric('Nodes')} nodes`);
clearInterval(feeding);
await close();
await quit();
engine.stop();
process.exitCode = worst < BUDGET ? 0 : 1;
