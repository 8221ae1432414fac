// The first page in a real browser, fed by the real binary. Screenshots go to `.tests/screens`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const screens = join(root, '.tests', 'screens');
mkdirSync(screens, { recursive: true });

const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const binary = process.env.ESCUCHA ?? join(target, 'debug', 'escucha');
const PATIENCE = 60_000;
let engine;
let address;
let browser;

/** Starts the demo and waits for the address it prints. */
function start(...extra) {
  return new Promise((resolve, reject) => {
    const bind = extra.includes('--bind') ? [] : ['--bind', '127.0.0.1:0'];
    const child = spawn(binary, ['demo', ...bind, '--seed', '7', ...extra], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (bytes) => {
      said += bytes;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve({ child, address: found[0] });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('exit', (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
}

/** A page that fails the test on any error of its own, and on any request to another host. */
async function open(path, size, options = {}) {
  const context = await browser.newContext({ viewport: size, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (e) => faults.push(String(e)));
  page.on('console', (m) => m.type() === 'error' && !/WebSocket|ERR_CONNECTION/.test(m.text()) && faults.push(m.text()));
  page.on('request', (r) => new URL(r.url()).host !== new URL(address).host && faults.push(`asked ${r.url()}`));
  await page.goto(address + path);
  return { page, faults, close: () => context.close() };
}

before(async () => {
  ({ child: engine, address } = await start('--speed', '30'));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  engine?.kill('SIGTERM');
});

const wide = { width: 1920, height: 1080 };
const phone = { width: 390, height: 844 };

for (const [lang, topics, age] of [
  ['es', 'Temas', /datos de hace/],
  ['en', 'Topics', /data .* old/],
]) {
  for (const [name, size] of [['wide', wide], ['phone', phone]]) {
    test(`shows live counts, mentions and data age: ${lang}, ${name}`, async () => {
      const { page, faults, close } = await open(`/?lang=${lang}`, size);
      await page.getByRole('heading', { name: topics }).waitFor();
      await page.waitForFunction(() => document.querySelectorAll('.topics tbody tr td:nth-child(5)').length > 0, null, { timeout: PATIENCE });
      await page.waitForFunction(() => document.querySelectorAll('.mentions li .text').length > 3, null, { timeout: PATIENCE });
      await page.waitForFunction((re) => new RegExp(re).test(document.querySelector('.age').textContent), age.source, { timeout: PATIENCE });
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
      await page.screenshot({ path: join(screens, `page-${lang}-${name}.png`) });
      assert.deepEqual(faults, []);
      await close();
    });
  }
}

test('an alert of the scripted outage takes the header', async () => {
  const { page, faults, close } = await open('/?lang=es', wide);
  await page.waitForFunction(() => /alertas? activas?/.test(document.querySelector('.state').textContent), null, { timeout: PATIENCE });
  await page.screenshot({ path: join(screens, 'page-es-alert.png') });
  assert.deepEqual(faults, []);
  await close();
});

test('a page whose engine is gone says so and turns grey, and is fresh again once it is back', async () => {
  const other = await start('--speed', '30');
  const context = await browser.newContext({ viewport: wide });
  const page = await context.newPage();
  const when = (ready) => page.waitForFunction(ready, null, { timeout: PATIENCE });
  await page.goto(`${other.address}/?lang=en`);
  await when(() => document.querySelectorAll('.mentions li .text').length > 0);
  other.child.removeAllListeners('exit');
  other.child.kill('SIGKILL');
  await when(() => document.querySelector('.page').classList.contains('stale') && /Disconnected since/.test(document.querySelector('.age').textContent));
  // It stays so while it tries again.
  await page.evaluate(() => {
    window.said = new Set();
    new MutationObserver(() => window.said.add(document.querySelector('.age').textContent.replace(/\d/g, '0'))).observe(document.querySelector('.age'), { subtree: true, childList: true, characterData: true });
  });
  await page.screenshot({ path: join(screens, 'page-en-stale.png') });
  const next = await start('--speed', '30', '--bind', new URL(other.address).host);
  await when(() => !document.querySelector('.page').classList.contains('stale') && /data .* old/.test(document.querySelector('.age').textContent));
  await when(() => document.querySelectorAll('.mentions li .text').length > 3);
  assert.deepEqual((await page.evaluate(() => [...window.said])).filter((text) => /Connecting/.test(text)), []);
  await page.screenshot({ path: join(screens, 'page-en-back.png') });
  next.child.removeAllListeners('exit');
  next.child.kill('SIGTERM');
  await context.close();
});
