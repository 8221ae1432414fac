// What the wall shows of itself: what is old, what is missing, what came by itself, and text by people who mean no good.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PATIENCE, READY, SCENES, SIZES, crisis, demo, go, launch, open, post, quit, room, run, scene, screen, send } from './engine.mjs';

/** Topics of the largest listener that the wall is meant for. */
const TOPICS = Number(process.env.WALL_TOPICS ?? 10_000);

let engine;
before(async () => {
  engine = await run(room());
  await launch();
});
after(async () => {
  await quit();
  engine?.stop();
});

const iso = (ms) => new Date(ms).toISOString();
const tallied = (mentions) => ({ mentions, reposts: 0, authors: mentions });
const windows = (topic, level, n = 10) => ({
  type: 'windows', topic, at: iso(Date.now()), level, recovering: level === null ? null : false, expected: 4, surprise: level ?? 0, brand: null,
  windows: { '1m': tallied(1), '5m': tallied(n), '15m': tallied(n), '1h': tallied(n), '24h': tallied(n) },
});
const alert = (seq, id, level, more = {}) => ({
  type: 'alert', seq, id, rule: 'r', on: 'spike', status: 'firing', severity: 'critical', level, recovering: false, topic: 'caída de la app', topics: [],
  started_at: iso(Date.now() - 600_000), updated_at: iso(Date.now()), observed: 10, threshold: 5, reasons: [{ code: 'volume', text: { es: 'razón', en: 'reason' }, value: 1 }],
  terms: [], networks: {}, languages: {}, similar: [], ...more,
});
const source = (name, connected) => ({ name, connected, finished: false, last_data: null, age_seconds: connected ? 1 : 60, problem: null });

/** A page whose stream says what the test says, on top of a real engine that is asked for the rest. */
async function told(path, size = SIZES.wall, before = async () => {}) {
  const sockets = [];
  const beat = (at = Date.now(), sources = [source('s', true)]) => say({ type: 'status', at: iso(at), seq: 0, sources });
  const say = (...frames) => frames.forEach((f) => sockets.at(-1)?.send(JSON.stringify(f)));
  const opened = await open(engine, path, size, {
    before: async (page) => {
      await page.routeWebSocket(/v1\/stream/, (ws) => {
        sockets.push(ws);
        ws.send(JSON.stringify({ type: 'hello', epoch: 'T', seq: 0, recovered: false, reason: null, version: '1' }));
      });
      await before(page);
    },
  });
  while (!sockets.length) await opened.page.waitForTimeout(50);
  beat();
  return { ...opened, say, beat, sockets };
}

test('a silent stream greys the whole scene within ten seconds, and one word brings it back', async () => {
  const { page, when, say, beat, close } = await told('/?lang=en');
  say(windows('caída de la app', 0));
  await when(() => document.querySelector('.wall:not(.stale) .verdict.l0'));
  await when(() => document.querySelector('.wall.stale') && /Nothing heard for (9|10) s/.test(document.querySelector('.age').textContent));
  await page.waitForTimeout(800);
  assert.match(await page.evaluate(() => getComputedStyle(document.querySelector('main')).filter), /grayscale\(1\)/);
  await screen(page, 'silent-en-wall');
  beat();
  await when(() => document.querySelector('.wall:not(.stale)') && /data 1 s old/.test(document.querySelector('.age').textContent));
  beat(Date.now(), [source('a', false), source('b', false)]);
  await when(() => document.querySelector('.wall.stale') && /No source is connected/.test(document.querySelector('.age').textContent));
  await screen(page, 'deaf-en-wall');
  await close();
});

test('a crisis takes the wall, also a pinned one, and gives it back', async () => {
  const { page, when, say, close } = await told('/?lang=en&scene=pulse');
  say(windows('caída de la app', 3));
  await when(() => document.querySelector('.scene.pulse tbody tr.l3'));
  say(alert(1, 'a', 3));
  await when(() => document.querySelector('.scene.now .verdict.l3 .word'));
  say(alert(2, 'a', 3, { status: 'resolved' }));
  await when(() => document.querySelector('.scene.pulse') && /Pinned/.test(document.querySelector('.mode').textContent));
  say(alert(3, 'b', 1), alert(4, 'c', null, { on: 'priority' }));
  await page.waitForTimeout(2500);
  assert.equal(await scene(page), 'pulse', 'a mild one and a single post do not take it');
  await close();
});

test('the clock of the display does not matter', async () => {
  const behind = -7 * 3_600_000;
  const { page, when, say, beat, close } = await told('/?lang=en', SIZES.wall, (page) =>
    page.addInitScript((by) => {
      const now = Date.now;
      Date.now = () => now() + by;
    }, behind),
  );
  say(windows('caída de la app', 3), alert(1, 'a', 3));
  beat();
  await when(() => /for 10 min/.test(document.querySelector('.since')?.textContent));
  // In the zone of the configuration, not in that of the display.
  const want = new Date().toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'America/Mexico_City' });
  const shown = (await page.locator('.clock').textContent()).trim().split(' ')[0];
  const minutes = (t) => Number(t.slice(0, 2)) * 60 + Number(t.slice(3));
  assert.ok(Math.abs(minutes(shown) - minutes(want)) <= 1, `${shown} ${want}`);
  await close();
});

test('a level is told by its shape and its word, without any colour, and every colour stands out', async () => {
  const { page, when, say, close } = await told('/?lang=en&scene=pulse');
  const topics = ['caída de la app', 'tema-1', 'tema-2'];
  const seen = new Map();
  for (const [round, levels] of [[0, [3, 2, 1]], [1, [0, null, 2]]]) {
    say(...levels.map((level, i) => windows(topics[i], level, 10 + round)));
    await when((want) => want.every((level) => document.querySelector(`.pulse tbody tr.l${level ?? 'x'}`)), levels);
    for (const [level, shape, word] of await page.evaluate(() => [...document.querySelectorAll('.pulse tbody tr')].map((row) => [row.className, row.querySelector('.level svg').innerHTML, row.querySelector('.level svg').getAttribute('aria-label')]))) seen.set(level, [shape, word]);
  }
  assert.deepEqual([...seen.keys()].sort(), ['l0', 'l1', 'l2', 'l3', 'lx']);
  for (const i of [0, 1]) assert.equal(new Set([...seen.values()].map((look) => look[i])).size, 5, 'no two alike');
  // Lines, shapes and words on whatever they stand on (WCAG 1.4.3 and 1.4.11).
  for (const theme of ['dark', 'light']) {
    const weak = await page.evaluate((theme) => {
      document.documentElement.dataset.theme = theme;
      const style = getComputedStyle(document.documentElement);
      const light = (name) => {
        const [r, g, b] = style.getPropertyValue(`--${name}`).trim().match(/[0-9a-f]{2}/g).map((x) => parseInt(x, 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const pairs = ['text', 'soft', 'bad', 'lx', 'l0', 'l1', 'l2', 'l3'].flatMap((ink) => ['ground', 'panel'].map((ground) => [ink, ground]));
      return pairs.map(([ink, ground]) => [`${ink} on ${ground}`, (Math.max(light(ink), light(ground)) + 0.05) / (Math.min(light(ink), light(ground)) + 0.05)]).filter(([, ratio]) => ratio < 4.5);
    }, theme);
    assert.deepEqual(weak, [], theme);
  }
  const cdp = await page.context().newCDPSession(page);
  for (const type of ['achromatopsia', 'deuteranopia', 'protanopia', 'tritanopia']) {
    await cdp.send('Emulation.setEmulatedVisionDeficiency', { type });
    await screen(page, `eyes-${type}-en-wall`);
  }
  await close();
});

test('nothing moves while the counts do', async () => {
  const { page, when, say, beat, close } = await told('/?lang=en');
  const mention = (i) => ({ type: 'mention', key: `k${i}`, post: { id: `m${i}`, network: 'x', created_at: iso(Date.now()), text: `message ${i}`, kind: 'create' }, topics: [{ topic: 'tema-1', origin: 'active', priority: i % 90, reasons: [] }], priority: i % 90, reasons: [], cluster: { id: `c${i}`, posts: 1, authors: 1 }, source: 's', late: false });
  say(alert(1, 'a', 2), ...Array.from({ length: 9 }, (_, i) => mention(i)));
  await page.evaluate(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((e) => e.hadRecentInput || shifts.push([e.value, ...e.sources.map((s) => s.node?.className?.baseVal ?? s.node?.className ?? s.node?.parentElement?.className)]))).observe({ type: 'layout-shift' });
  });
  for (const name of SCENES) {
    await go(page, name);
    await page.keyboard.press(' ');
    await when((name) => document.querySelector(`.scene.${name}`), name);
    await page.waitForTimeout(1500);
    await page.evaluate(() => (shifts.length = 0));
    for (let i = 0; i < 40; i++) {
      // Counts of one digit and of five, ages of seconds and of hours; who is where in the order stays.
      say(...['caída de la app', 'tema-1', 'tema-2'].map((topic, place) => windows(topic, 2 - place, 10 ** (i % 5) * 3)));
      say(alert(2 + i, 'a', 2, { observed: 10 ** (i % 5) }), { ...mention(100 + i), priority: 1 });
      beat(Date.now(), [{ ...source('s', true), age_seconds: 7 ** (i % 5) }]);
      await page.waitForTimeout(100);
    }
    const moved = await page.evaluate(() => shifts);
    // The age of the data is written from the right: its first letter moves with its length.
    const most = moved.reduce((sum, [value]) => sum + value, 0);
    console.log(`${name}: layout shift ${most.toFixed(4)}`);
    assert.ok(most < 0.02, `${name} ${most} ${JSON.stringify(moved.filter(([value]) => value > 0.0005))}`);
    await page.keyboard.press(' ');
  }
  await close();
});

test('gaps are told, and a new version of the page is loaded', async () => {
  let page_ = null;
  const { page, when, say, sockets, close } = await told('/?lang=en', SIZES.wall, async (page) => {
    await page.route((url) => url.pathname === '/', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: page_ ?? (await answer.text()) });
    });
  });
  say({ type: 'gap', channel: 'alerts', from: 1, to: 9, reason: 'evicted' });
  await page.locator('.warn', { hasText: 'Alerts are missing' }).waitFor();
  await page.evaluate(() => (window.first = true));
  sockets.at(-1).close({ code: 1012 });
  while (sockets.length < 2) await page.waitForTimeout(100);
  await page.waitForTimeout(1500);
  assert.equal(await page.evaluate(() => window.first), true, 'the same page stays');
  page_ = (await (await fetch(engine.address)).text()).replace('<title>', '<meta name="newer" /><title>');
  sockets.at(-1).close({ code: 1012 });
  await when(() => window.first === undefined && document.querySelector('.wall'));
  await close();
});

test('nothing grows: after thousands of frames as much is kept as after hundreds', async () => {
  const { page, when, say, close } = await told('/?lang=en&scene=feed');
  const mention = (i) => ({
    type: 'mention', key: String(i).padStart(16, '0'), post: { id: `m${i}`, network: 'x', created_at: iso(Date.now()), text: `message ${i}`, kind: 'create' },
    topics: [{ topic: 't', origin: 'active', priority: i % 100, reasons: [] }], priority: i % 100, reasons: [], cluster: { id: `c${i}`, posts: 1, authors: 1 }, source: 's', late: false,
  });
  const nodes = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 1500; i++) {
      const n = round * 1500 + i;
      say(mention(n), { type: 'deleted', key: String(n - 200).padStart(16, '0'), network: 'x', id: `m${n - 200}` });
      if (i % 10 === 0) say(alert(n + 1, `id${n}`, 1, { on: 'priority' }));
    }
    await page.waitForTimeout(2500);
    nodes.push(await page.evaluate(() => document.querySelectorAll('*').length));
  }
  await when(() => document.querySelectorAll('.cards .priority').length === 5);
  assert.ok(Math.max(...nodes.slice(1)) - Math.min(...nodes.slice(1)) < 60, `${nodes}`);
  await close();
});

test('hostile text is shown as text, in its place', async () => {
  const hostile = await run(room());
  const texts = [
    '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> palabra0 <b>bold</b>',
    'palabra0 \u202Eמתקפה هجوم على البنك \u202E reversed',
    `palabra0 ${'W'.repeat(4000)}`,
    `palabra0 ${'Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309'.repeat(150)}`,
    'palabra0 javascript:alert(1) {@html x} ${1+1} {{7*7}}',
  ];
  const author = (i) => ({ id: `h${i}`, handle: `\u202E<i>${'x'.repeat(300)}`, name: '<u>', followers: 9 });
  await send(hostile, Array.from({ length: 40 }, (_, i) => post(texts[i % 5], { author: author(i) })));
  for (const [name, size] of Object.entries(SIZES)) {
    const { page, faults, when, close } = await open(hostile, '/?lang=en', size);
    await when(() => document.querySelector('.scene.now .verdict.l3'));
    for (const name_ of ['now', 'feed']) {
      await go(page, name_);
      await when(READY[name_]);
      await page.waitForTimeout(700);
      const seen = await page.evaluate(() => ({
        hacked: window.hacked ?? null,
        built: document.querySelectorAll('main script, main img, main i:not(.seen, .usual), main u, main bdi b').length,
        wide: document.documentElement.scrollWidth > innerWidth,
        over: [...document.querySelectorAll('.post, .same li, .cards li')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length,
      }));
      assert.deepEqual(seen, { hacked: null, built: 0, wide: false, over: 0 });
      await screen(page, `hostile-${name_}-en-${name}`);
    }
    assert.ok((await page.locator('main').textContent()).includes('<script>window.hacked'), 'as text');
    assert.deepEqual(faults, []);
    await close();
  }
  hostile.stop();
});

test(`${TOPICS} topics`, async () => {
  const large = await run(room({ topics: TOPICS }));
  await send(large, Array.from({ length: 2000 }, (_, i) => post(`palabra${(i * i) % TOPICS} y más ${i}`)));
  const { page, faults, when, close } = await open(large, '/?lang=es', SIZES.wall);
  for (const name of SCENES) {
    await go(page, name);
    await when(READY[name]);
    await page.waitForTimeout(700);
    assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight && document.querySelectorAll('*').length < 1500), name);
    await screen(page, `many-${name}-es-wall`);
  }
  await go(page, 'pulse');
  await page.locator('.rest', { hasText: /y [\d.]+ temas más/ }).waitFor();
  assert.deepEqual(faults, []);
  await close();
  large.stop();
});

test('a wall whose engine is gone says so, and is fresh again once it is back', { timeout: 3 * PATIENCE }, async () => {
  const first = await demo('--speed', '30');
  const { page, when, close } = await open(first, '/?lang=en', SIZES.wall);
  await when(() => document.querySelector('.same li b'));
  first.stop('SIGKILL');
  await when(() => document.querySelector('.wall').classList.contains('stale') && /Disconnected since/.test(document.querySelector('.age').textContent));
  await screen(page, 'lost-en-wall');
  const next = await demo('--speed', '30', '--bind', new URL(first.address).host);
  await when(() => !document.querySelector('.wall').classList.contains('stale') && /data .* old/.test(document.querySelector('.age').textContent));
  await when(() => document.querySelector('.same li b'));
  next.stop();
  await close();
});
