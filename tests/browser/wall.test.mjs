// Every scene of the wall in a real browser, fed by the real binary. Screenshots go to `target/screens`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { LANGS, READY, SCENES, SIZES, crisis, demo, go, launch, open, quit, room, run, scene, screen, send } from './engine.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Source of an engine that is not there. */
const DEAD = '[[source]]\nname = "bluesky"\ntype = "jetstream"\nendpoint = "ws://127.0.0.1:9/subscribe"';

let busy;
let quiet;
let scripted;

before(async () => {
  [busy, quiet, scripted] = await Promise.all([run(room({ sources: DEAD, wall: '[wall]\ndwell = "5s"' })), run(room()), demo('--speed', '30')]);
  await send(busy, crisis());
  await launch();
});

after(async () => {
  await quit();
  [busy, quiet, scripted].forEach((engine) => engine?.stop());
});

/** What people with other eyes, other tools or other sizes of screen would stumble over. */
async function sound(page, size) {
  await page.waitForTimeout(700);
  const found = await page.evaluate(async (source) => {
    if (!window.axe) (0, eval)(source);
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).slice(0, 3).join(' | ')}`);
  }, axe);
  assert.deepEqual(found, []);
  const shape = await page.evaluate(() => {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const visible = [...document.querySelectorAll('body *')].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length);
    const size = (e) => parseFloat(getComputedStyle(e).fontSize) * (e.ownerSVGElement ? e.getScreenCTM().a : 1);
    const cut = ['.word .level', '.figures dd', '.clock', 'h1', 'nav button'].flatMap((s) => [...document.querySelectorAll(s)]).filter((e) => {
      const [box, frame] = [e.getBoundingClientRect(), e.closest('section, header, footer').getBoundingClientRect()];
      return box.right > frame.right + 1 || box.left < frame.left - 1;
    });
    return {
      wide: document.documentElement.scrollWidth > innerWidth,
      high: innerWidth > 800 && document.documentElement.scrollHeight > innerHeight,
      small: visible.filter((e) => size(e) < rem * (innerWidth > 800 ? 0.99 : 0.8)).map((e) => `${e.className} ${e.textContent} ${size(e)}`),
      rem: rem / innerWidth,
      cut: cut.map((e) => e.textContent),
    };
  });
  assert.deepEqual({ ...shape, rem: 0 }, { wide: false, high: false, small: [], rem: 0, cut: [] });
  if (size !== SIZES.phone) assert.ok(Math.abs(shape.rem - 0.012) < 1e-4, `1rem is the angle that is promised: ${shape.rem}`);
}

/** The scene that is on the wall, sound in both themes; pictures of both. */
async function soundInBoth(page, size, name) {
  for (const theme of ['dark', 'light']) {
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, theme);
    await sound(page, size);
    await screen(page, theme === 'dark' ? name : `${name}-light`);
    await page.keyboard.press('t');
  }
}

for (const [name, size] of Object.entries(SIZES)) {
  for (const lang of LANGS) {
    test(`a crisis in every scene, dark and light: ${lang}, ${name}`, async () => {
      const { page, faults, when, close } = await open(busy, `/?lang=${lang}`, size);
      await when(() => document.querySelector('.scene.now .verdict.l3'));
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
      for (const name_ of SCENES) {
        await go(page, name_);
        await when(READY[name_]);
        await soundInBoth(page, size, `crisis-${name_}-${lang}-${name}`);
        assert.equal(await page.locator('.reason', { hasText: '_' }).count(), 0, 'every reason has a word');
      }
      assert.deepEqual(faults, []);
      await close();
    });

    test(`no data at all, dark and light: ${lang}, ${name}`, async () => {
      const { page, faults, when, close } = await open(quiet, `/?lang=${lang}`, size);
      await when(() => document.querySelector('.age') && !/…/.test(document.querySelector('.age').textContent));
      for (const name_ of SCENES) {
        await go(page, name_);
        await soundInBoth(page, size, `empty-${name_}-${lang}-${name}`);
      }
      assert.deepEqual(faults, []);
      await close();
    });
  }
}

test('in less motion', async () => {
  const { page, faults, when, close } = await open(busy, '/?lang=es', SIZES.wall, { reducedMotion: 'reduce' });
  await when(() => document.querySelector('.scene.now .verdict.l3'));
  for (const name of SCENES) {
    await go(page, name);
    await when(READY[name]);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  }
  assert.deepEqual(faults, []);
  await close();
});

test('the demo: a level, what is usual and its band, and a quiet wall in both languages', async () => {
  for (const lang of LANGS) {
    const { page, faults, when, close } = await open(scripted, `/?lang=${lang}`, SIZES.wall);
    await when(() => document.querySelector('.key .usual') && document.querySelector('.plot canvas'));
    await when(() => document.querySelector('.figures div:nth-child(2) dd'));
    for (const name of SCENES) {
      await go(page, name);
      if (name !== 'voice') await when(READY[name]);
      await sound(page, SIZES.wall);
      await screen(page, `demo-${name}-${lang}-wall`);
    }
    assert.deepEqual(faults, []);
    await close();
  }
});

test('a source that is not there is told on every scene', async () => {
  const { page, close } = await open(busy, '/?lang=en', SIZES.wall);
  await page.locator('.source.down', { hasText: 'bluesky disconnected' }).waitFor();
  await page.locator('.source:not(.down)', { hasText: 'entrada connected' }).waitFor();
  await close();
});

test('a person steps, pins, and finds the keys; scenes rotate until then', async () => {
  const { page, faults, when, close } = await open(busy, '/?lang=en', SIZES.wall);
  await when(() => document.querySelector('.scene.now .verdict.l3'));
  await page.locator('.mode', { hasText: 'Alert under way' }).waitFor();
  await page.keyboard.press('ArrowRight');
  assert.equal(await scene(page), 'pulse', 'away from the crisis');
  await page.keyboard.press(' ');
  await page.locator('.mode', { hasText: 'Pinned' }).waitFor();
  await page.keyboard.press('5');
  await when(() => document.querySelector('.scene.feed'));
  await page.keyboard.press(' ');
  await when(() => document.querySelector('.scene.now'));
  await page.keyboard.press('?');
  await page.locator('dialog', { hasText: 'full screen' }).waitFor();
  await screen(page, 'keys-en-wall');
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  await page.keyboard.press('l');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'es');
  await page.keyboard.press('f');
  await when(() => document.fullscreenElement !== null);
  assert.deepEqual(faults, []);
  await close();
});
