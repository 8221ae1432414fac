// The demo for people to look at: every scene while all is quiet, at the first complaints, at the height, when the bank
// answers and when it is over; in both languages, light and dark, on three screens.
// `node tests/browser/demo-pictures.mjs [--speed 10] [--only wall-es-dark,…]` writes to `target/screens/demo`. No part of the test run.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LANGS, SCENES, SIZES, demo, launch, open, quit, screens } from './engine.mjs';

const { values } = parseArgs({ options: { speed: { type: 'string', default: '10' }, only: { type: 'string', default: '' } } });
const SPEED = Number(values.speed);
/** Minutes of the script (`src/synth/script.rs`) at which the pictures are taken. */
const STAGES = { '1-quiet': 1.2, '2-complaints': 3.6, '3-height': 5.6, '4-answers': 7.6, '5-recovery': 11, '6-after': 40 };
const folder = join(screens, 'demo');
mkdirSync(folder, { recursive: true });

const engine = await demo('--speed', String(SPEED));
const began = performance.now();
await launch();
const walls = [];
for (const [size, box] of Object.entries(SIZES))
  for (const lang of LANGS)
    for (const theme of ['dark', 'light']) {
      const name = `${size}-${lang}-${theme}`;
      if (values.only && !values.only.split(',').includes(name)) continue;
      walls.push({ name, ...(await open(engine, `/?lang=${lang}&theme=${theme}&scene=now`, box)) });
    }
for (const [stage, minute] of Object.entries(STAGES)) {
  const left = (60_000 * minute) / SPEED - (performance.now() - began);
  if (left > 0) await walls[0].page.waitForTimeout(left);
  for (const [place, scene] of SCENES.entries()) {
    for (const { page } of walls) await page.locator('nav button').nth(place).click();
    await walls[0].page.waitForTimeout(1200);
    for (const { page, name } of walls) await page.screenshot({ path: join(folder, `${stage}-${scene}-${name}.png`), fullPage: name.startsWith('phone') });
  }
  console.log(`${stage} after ${((performance.now() - began) * SPEED / 60_000).toFixed(1)} minutes`);
}
for (const { name, faults } of walls) if (faults.length) (process.exitCode = 1), console.log(name, faults);
await quit();
engine.stop();
