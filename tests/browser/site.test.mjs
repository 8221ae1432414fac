// The site of the documentation as docs/build leaves it, in a real browser: what it loads, where its links lead, and
// that a phone can read it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { PATIENCE, SIZES, screen } from './engine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const site = join(root, 'target', 'site');
const KINDS = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2' };
/** Pages of which a picture is kept for people. */
const SEEN = ['inicio.html', 'configuration.html', 'metrics.html', 'http-api.html'];

let server, browser, address, pages;

before(async () => {
  pages = (await readdir(site)).filter((name) => name.endsWith('.html') && !['404.html', 'toc.html'].includes(name));
  server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://site').pathname));
    try {
      const bytes = await readFile(join(site, path === '/' ? 'index.html' : path));
      response.writeHead(200, { 'content-type': KINDS[extname(path)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${server.address().port}`;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens every page in `size` and gives it to `look`. */
async function everyPage(size, look) {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const wrong = [];
  page.on('request', (request) => request.url().startsWith(address) || request.url().startsWith('data:') || wrong.push(`asks ${request.url()}`));
  page.on('response', (response) => response.status() < 400 || wrong.push(`${response.status()} ${response.url()}`));
  page.on('pageerror', (error) => wrong.push(`${error}`));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  for (const name of pages) {
    await page.goto(`${address}/${name}`, { waitUntil: 'load' });
    await look(page, name);
  }
  await context.close();
  assert.deepEqual(wrong, []);
}

test('every page loads from its own host alone, speaks its language, and its links lead somewhere', async () => {
  assert.ok(pages.length >= 18, `${pages}`);
  const spanish = (await readFile(join(root, 'docs', 'SUMMARY.md'), 'utf8')).split(/^# /m).find((part) => part.startsWith('Español'));
  assert.ok(spanish.includes('(inicio.md)'));
  const targets = new Map();
  await everyPage(SIZES.wall, async (page, name) => {
    const { lang, ids, links } = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
      links: [...document.querySelectorAll('main a[href]')].map((a) => a.href),
    }));
    assert.equal(lang, spanish.includes(`(${name.slice(0, -5)}.md)`) ? 'es' : 'en', name);
    targets.set(name, { ids, links });
    if (SEEN.includes(name)) await screen(page, `site-${name.slice(0, -5)}-wall`);
  });
  let checked = 0;
  for (const [name, { links }] of targets) {
    for (const link of links.map((href) => new URL(href)).filter((url) => url.origin === address)) {
      const file = link.pathname.slice(1) || 'index.html';
      const there = targets.get(file);
      if (there) assert.ok(!link.hash || there.ids.includes(decodeURIComponent(link.hash.slice(1))), `${name}: ${link}`);
      else assert.equal((await fetch(link)).status, 200, `${name}: ${link}`);
      checked += 1;
    }
  }
  assert.ok(checked > 100, `${checked}`);
});

test('a phone reads every page without moving it sideways', async () => {
  await everyPage(SIZES.phone, async (page, name) => {
    const beyond = await page.evaluate(() => {
      // What lies in something that scrolls by itself can be reached.
      const scrolls = (element) => element && element.tagName !== 'MAIN' && (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
      const all = [document.documentElement, ...document.querySelectorAll('main *')];
      return all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e)).map((e) => e.outerHTML.slice(0, 80));
    });
    assert.deepEqual(beyond, [], name);
    if (SEEN.includes(name)) await screen(page, `site-${name.slice(0, -5)}-phone`);
  });
});

test('what is typed is found', async () => {
  const page = await browser.newPage({ viewport: SIZES.wall });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${address}/index.html`);
  await page.keyboard.press('s');
  await page.waitForSelector('#mdbook-searchbar');
  await page.keyboard.type('budget');
  await page.waitForSelector('#mdbook-searchresults li a[href*="alerts.html"]');
  await page.close();
});
