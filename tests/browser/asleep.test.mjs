// Nobody stands before a wall to load it anew: whatever happened overnight, it says that it is old, and then tells the truth again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, launch, open, quit, room, run, screen } from './engine.mjs';

const lab = new URL('lab.js', import.meta.url).pathname;
const HOUR = 3_600_000;

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

/** A wall that is fresh, and functions to change its world and to see what it shows. */
async function awake({ prepare = () => {}, scene = '&scene=now' } = {}) {
  const { page, faults, close } = await open(engine, `/?lang=en${scene}`, SIZES.wall, {
    before: async (page) => {
      await page.addInitScript({ path: lab });
      await page.addInitScript(() => {
        sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1;
        lab.engine.page = sessionStorage.page ?? lab.engine.page;
        // One topic, as it stands now; a test changes it.
        window.topic = { name: 'caída', level: 0, n: 10 };
        lab.engine.answers['/v1/topics'] = (path) => (path === '/v1/topics' ? { topics: [{ ...lab.row(topic.name, topic.level, topic.n), name: topic.name, brand: null }], brands: [] } : path.endsWith('/windows') ? { steps: [] } : undefined);
        lab.engine.answers['/v1/alerts'] = () => ({ epoch: lab.engine.epoch, alerts: [...new Map(lab.engine.told.map((a) => [a.id, a])).values()] });
        lab.engine.answers['/v1/mentions'] = () => ({ mentions: [] });
        /** The engine beats as long as it is there. */
        window.live = async (seconds) => {
          for (let s = 0; s < seconds; s++) {
            if (s % 5 === 0 && lab.engine.up) lab.beat();
            await lab.pass(1000);
          }
        };
      });
      await page.addInitScript(prepare);
    },
  });
  const seen = () =>
    page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? null;
      return {
        stale: document.querySelector('.wall.stale') !== null,
        age: text('.age'),
        // The name of the zone stands behind it.
        clock: text('.clock')?.split(' ')[0] ?? null,
        level: [...(document.querySelector('.verdict')?.classList ?? [])].find((c) => /^l.$/.test(c)) ?? null,
        topic: text('.verdict h2'),
        since: text('.since'),
        count: text('.figures dd'),
        others: text('.others'),
        warn: text('.warn'),
        loads: Number(sessionStorage.loads),
      };
    });
  /** Runs in the page, and shows what is seen then. */
  const see = async (change, given) => {
    await page.evaluate(change, given);
    return seen();
  };
  const fresh = await see(() => live(7));
  assert.deepEqual([fresh.stale, fresh.level, fresh.count, fresh.clock, fresh.loads], [false, 'l0', '10', await engineClock(page), 1]);
  return { page, see, seen, close: async () => (assert.deepEqual(faults, []), close()) };
}

/** The time as the wall has to tell it. */
const engineClock = (page) => page.evaluate(() => new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(lab.now()));

for (const stands of [true, false]) {
  const clock = stands ? 'a clock that stands still in sleep' : 'a clock that goes on in sleep';

  test(`the engine was gone for hours, the display slept, and the engine remembers: ${clock}`, async () => {
    const { page, see, close } = await awake();
    await page.evaluate(() => lab.alarm({ id: 'old', on: 'spike', status: 'firing', level: 2, topic: 'caída' }));
    const at = await engineClock(page);
    const lost = await see(async () => (lab.leave(), await live(20)));
    assert.deepEqual([lost.stale, lost.age], [true, `Disconnected since ${at}: what you see is old`]);
    // Nine hours later, and the engine still away.
    const woken = await see(async (given) => (await lab.sleep(...given), await live(3)), [9 * HOUR, stands]);
    assert.deepEqual([woken.stale, woken.age, woken.clock], [true, lost.age, await engineClock(page)]);
    await screen(page, `asleep-${stands ? 'still' : 'on'}-en-wall`);
    // Meanwhile one alert ended and another began.
    const back = await see(async () => {
      lab.alarm({ id: 'old', on: 'spike', status: 'resolved', level: 0, topic: 'caída' });
      lab.alarm({ id: 'new', on: 'spike', status: 'firing', level: 3, topic: 'caída', started_at: lab.iso(lab.now() - 20 * 60_000) });
      Object.assign(topic, { level: 3, n: 77 });
      lab.back();
      await live(60);
    });
    assert.deepEqual([back.stale, back.level, back.count, back.clock, back.loads], [false, 'l3', '77', await engineClock(page), 1]);
    assert.match(back.since, /for 2\d min/);
    assert.deepEqual([back.others, back.warn], [null, null], 'one alert is under way, and nothing is missing');
    // It went on after the last alert that it had.
    assert.match(await page.evaluate(() => lab.engine.opened.at(-1)), /since=1&epoch=E1/);
    await close();
  });

  test(`a display slept while the engine went on, with a connection that nobody closed: ${clock}`, async () => {
    const { page, see, close } = await awake();
    const grey = await page.evaluate(async (given) => {
      Object.assign(topic, { level: 1, n: 33 });
      await lab.sleep(...given);
      // It may be fresh again within the first second.
      for (let i = 0; i < 20 && !document.querySelector('.wall.stale'); i++) await lab.pass(50);
      return document.querySelector('.wall.stale') !== null && document.querySelector('.age').textContent;
    }, [9 * HOUR, stands]);
    assert.match(String(grey), /what you see is old/, 'what is nine hours old looks old at once');
    const back = await see(() => live(30));
    assert.deepEqual([back.stale, back.level, back.count, back.clock, back.loads], [false, 'l1', '33', await engineClock(page), 1]);
    await close();
  });
}

test('the engine comes back with another life: the old one is forgotten, and the gap told', async () => {
  const { page, see, close } = await awake();
  await page.evaluate(() => lab.alarm({ id: 'old', on: 'spike', status: 'firing', level: 3, topic: 'caída' }));
  await see(async (hours) => (lab.leave(), await live(20), await lab.sleep(hours, true)), 9 * HOUR);
  const back = await see(async () => {
    lab.reborn();
    topic = { name: 'otro tema', level: 0, n: 4 };
    lab.back();
    await live(40);
  });
  assert.deepEqual([back.stale, back.level, back.topic, back.count, back.others, back.loads], [false, 'l0', 'otro tema', '4', null, 1]);
  assert.match(back.warn, /Alerts are missing/);
  assert.equal((await see(() => live(70))).warn, null, 'it is told for a while');
  await close();
});

test('the engine has forgotten the alerts that came meanwhile: the gap is told, and what stands is asked for', async () => {
  const { page, see, close } = await awake();
  await page.evaluate(() => lab.alarm({ id: 'old', on: 'spike', status: 'firing', level: 2, topic: 'caída' }));
  await see(async (hours) => (lab.leave(), await live(20), await lab.sleep(hours, false)), 9 * HOUR);
  const back = await see(async () => {
    for (let i = 0; i < 30; i++) lab.alarm({ id: `p${i}`, on: 'priority', status: 'resolved', topic: 'caída' });
    lab.alarm({ id: 'old', on: 'spike', status: 'resolved', level: 0, topic: 'caída' });
    lab.engine.told = lab.engine.told.slice(-5);
    lab.engine.floor = lab.engine.told[0].seq;
    lab.back();
    await live(40);
  });
  assert.deepEqual([back.stale, back.level, back.others], [false, 'l0', null]);
  assert.match(back.warn, /Alerts are missing/);
  await close();
});

test('an engine that came back counts what it missed: until it has caught up, its counts are old', async () => {
  const { page, see, close } = await awake();
  const behind = await see(async (by) => {
    const at = lab.iso(lab.now() - by);
    window.old = { ...lab.row('caída', 1, 50), type: 'windows', at };
    lab.engine.answers['/v1/topics'] = (path) => (path === '/v1/topics' ? { topics: [{ ...old, name: 'caída', brand: null }], brands: [] } : undefined);
    lab.say(old);
    await live(3);
    return at;
  }, 5 * HOUR);
  assert.ok(behind.stale);
  assert.match(behind.age, /^Catching up: now at \d\d:\d\d$/);
  await screen(page, 'behind-en-wall');
  const there = await see(async () => {
    old.at = lab.iso();
    lab.say(old);
    await live(3);
  });
  assert.deepEqual([there.stale, there.count], [false, '50']);
  await close();
});

test('who was turned away is let in again without a hand', async () => {
  const { see, close } = await awake();
  const denied = await see(async () => {
    lab.engine.status = 401;
    lab.close(4001, 'revoked');
    await live(3600);
  });
  assert.match(denied.age, /Access withdrawn/);
  assert.ok(denied.stale);
  const back = await see(async () => ((lab.engine.status = 200), await live(130)));
  assert.deepEqual([back.stale, back.level, back.loads], [false, 'l0', 1]);
  await close();
});

test('an engine that is away is not asked in a hurry, whatever scene is on the wall', async () => {
  const { page, see, close } = await awake({ scene: '' });
  const asked = () => page.evaluate(() => Object.values(lab.engine.asked).reduce((sum, n) => sum + n, 0));
  await see(async () => (lab.leave(), await live(20)));
  const before = await asked();
  await see(() => live(3600));
  const often = (await asked()) - before;
  assert.ok(often < 60 * 60, `${often} in an hour`);
  assert.ok((await page.evaluate(() => lab.engine.streams)) < 1000);
  await close();
});

test('a newer page is loaded once, and not what somebody else answers in its place', async () => {
  const { see, page, seen, close } = await awake();
  const other = await see(async () => {
    // A proxy tells of works, with a page of its own, while the engine is gone for hours.
    lab.leave();
    lab.engine.works = '<title>works</title>';
    await live(120);
    lab.back();
    await live(120);
  });
  assert.deepEqual([other.loads, other.stale], [1, false]);
  // Another version: it comes with a restart.
  await page.evaluate(() => {
    lab.engine.page = sessionStorage.page = '<title>escucha</title>2';
    lab.reborn();
    lab.close(1012, 'restart; after_ms=300');
    void live(60);
  });
  await page.waitForFunction(() => Number(sessionStorage.loads) === 2 && document.querySelector('.wall'));
  // The newer one stays, though its stream breaks again and again.
  for (let i = 0; i < 5; i++) await page.evaluate(async () => (await live(30), lab.close(1006), await live(60)));
  const last = await seen();
  assert.deepEqual([last.loads, last.stale, last.level], [2, false, 'l0']);
  await close();
});

for (const hours of [-7, 5])
  test(`the display's clock is ${hours} hours off, and somebody sets it right while all goes on`, async () => {
    const { page, see, close } = await awake({ prepare: `lab.skew(${hours} * 3600000)` });
    await page.evaluate(() => lab.alarm({ id: 'a', on: 'spike', status: 'firing', level: 3, topic: 'caída', started_at: lab.iso(lab.now() - 600_000) }));
    const wrong = await see(() => live(6));
    assert.deepEqual([wrong.stale, wrong.clock], [false, await engineClock(page)]);
    assert.match(wrong.since, /for 10 min/);
    const right = await see(async (by) => (lab.skew(by), await live(7)), -hours * HOUR);
    assert.deepEqual([right.stale, right.clock, right.loads], [false, await engineClock(page), 1]);
    assert.match(right.since, /for 10 min/);
    await close();
  });
