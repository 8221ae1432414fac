// Does anything grow? The demo runs for an hour at speed 60, which is two and a half days of its life, and a wall looks
// on. `node tests/browser/endurance.mjs [--speed 60] [--minutes 60] [--every 47] [--out FOLDER]` writes a line of CSV at
// each look and a picture of every scene at the end, and fails if the last quarter needs more than the second one did.
// No part of the test run.

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM, FLAGS, SCENES, SIZES, demo, held, launch, open, quit, screens } from './engine.mjs';

const { values } = parseArgs({
  options: { speed: { type: 'string', default: '60' }, minutes: { type: 'string', default: '60' }, every: { type: 'string', default: '47' }, out: { type: 'string', default: join(screens, 'endurance') } },
});
const [SPEED, MINUTES, EVERY] = [values.speed, values.minutes, values.every].map(Number);
/** How much more the last quarter of an hour may need than the second: memory as a part of it, things that are counted as such. */
const SLACK = { engine_mb: 1.05, renderer_mb: 1.1, heap_mb: 1.1, nodes: 1.1, listeners: 1.1, documents: 1.0 };

mkdirSync(values.out, { recursive: true });
const file = join(values.out, 'endurance.csv');
const megabytes = (bytes) => Math.round(bytes / 1e5) / 10;
/** Resident memory of a process, in bytes. */
const resident = (pid) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** A browser like that of a display, which nobody debugs: one that is debugged keeps what it was answered for whoever asks. */
function display(address) {
  const profile = mkdtempSync(join(tmpdir(), 'escucha-display-'));
  const size = `--window-size=${SIZES.wall.width},${SIZES.wall.height}`;
  const child = spawn(CHROMIUM, ['--headless=new', ...FLAGS, `--user-data-dir=${profile}`, size, `${address}/?lang=es`], { stdio: 'ignore', detached: true });
  const session = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[3]);
  const isRenderer = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer') && session(pid) === child.pid;
    } catch {
      return false; // It ended meanwhile.
    }
  };
  return {
    resident: () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isRenderer(name)).reduce((sum, pid) => sum + resident(pid), 0),
    stop: () => {
      child.once('exit', () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
      process.kill(-child.pid);
    },
  };
}

const engine = await demo('--speed', String(SPEED));
const screen = display(engine.address);
await launch();
// Dwells as it does in a room: the scenes take turns, and the outages of the demo take the wall.
const { page, faults, close } = await open(engine, '/?lang=es', SIZES.wall);
const began = performance.now();
const looks = [];
writeFileSync(file, '');

while (performance.now() - began < 60_000 * MINUTES) {
  await page.waitForTimeout(1000 * EVERY);
  const wall = await held(page);
  const look = {
    minute: Math.round((performance.now() - began) / 6000) / 10,
    hour_of_event_time: Math.round(((performance.now() - began) / 360_000) * SPEED) / 10,
    engine_mb: megabytes(resident(engine.child.pid)),
    renderer_mb: megabytes(screen.resident()),
    heap_mb: megabytes(wall.heap),
    nodes: wall.nodes,
    listeners: wall.listeners,
    documents: wall.documents,
    scene: await page.evaluate(() => document.querySelector('.scene')?.className),
    stale: await page.evaluate(() => document.querySelector('.wall.stale') !== null),
  };
  if (!looks.length) appendFileSync(file, `${Object.keys(look).join()}\n`);
  looks.push(look);
  appendFileSync(file, `${Object.values(look).join()}\n`);
  console.log(Object.entries(look).map(([name, value]) => `${name} ${value}`).join('  '));
}
for (const [place, name] of SCENES.entries()) {
  await page.locator('nav button').nth(place).click();
  await page.waitForTimeout(2500);
  await page.screenshot({ path: join(values.out, `${name}.png`) });
}
screen.stop();
await close();
await quit();
engine.stop();

/** The greatest of a quarter, in which all scenes are seen: what one needs differs from scene to scene. */
const part = (name, quarter) => Math.max(...looks.slice((looks.length * (quarter - 1)) / 4, (looks.length * quarter) / 4).map((look) => look[name]));
for (const [name, slack] of Object.entries(SLACK)) {
  const [then, last] = [part(name, 2), part(name, 4)];
  const grown = last > then * slack;
  console.log(`${name}: ${then} in the second quarter, ${last} in the last${grown ? ', it grows' : ''}`);
  if (grown) process.exitCode = 1;
}
if (looks.some((look) => look.stale)) (process.exitCode = 1), console.log('the wall was stale');
if (faults.length) (process.exitCode = 1), console.log(faults.join('\n'));
