// The real binary and a real browser: what all tests of the wall begin with.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
/** Pictures and tables for people to look at. */
export const screens = join(target, 'screens');
mkdirSync(screens, { recursive: true });
const binary = process.env.ESCUCHA ?? join(target, 'debug', 'escucha');

export const PATIENCE = 60_000;
export const SIZES = {
  wall: { width: 1920, height: 1080 },
  uhd: { width: 3840, height: 2160 },
  phone: { width: 390, height: 844 },
};
export const SCENES = ['now', 'pulse', 'week', 'voice', 'feed', 'incidents'];
export const LANGS = ['es', 'en'];

/** A picture for people to look at. */
export const screen = (page, name) => page.screenshot({ path: join(screens, `${name}.png`) });

function start(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (bytes) => {
      said += bytes;
      const found = said.match(/127\.0\.0\.1:[1-9]\d*/);
      if (found) resolve({ child, address: `http://${found[0]}`, stop: (signal = 'SIGTERM') => (child.removeAllListeners('exit'), child.kill(signal)) });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('exit', (code) => reject(new Error(`the engine ended with ${code}: ${said}`)));
  });
}

/** The demo, and the address it prints. */
export const demo = (...extra) => start(['demo', ...(extra.includes('--bind') ? [] : ['--bind', '127.0.0.1:0']), '--seed', '7', ...extra]);

/** An engine with a configuration of its own. */
export async function run(config) {
  const folder = mkdtempSync(join(tmpdir(), 'escucha-wall-'));
  writeFileSync(join(folder, 'escucha.toml'), config);
  const engine = await start(['run', '-c', join(folder, 'escucha.toml')]);
  engine.child.once('close', () => rmSync(folder, { recursive: true, force: true }));
  return engine;
}

/** A bank, two others, and `topics` topics of which the first is one for a crisis. */
export function room({ topics = 3, sources = '', wall = '' } = {}) {
  const names = Array.from({ length: topics }, (_, i) => (i ? `tema-${i}` : 'caída de la app'));
  const topic = (name, i) => `[[topic]]\nname = ${JSON.stringify(name)}\nbrand = "${['Banco Ejemplo', 'Banco Otro', 'Caja Tercera'][i % 3]}"\nweight = ${i ? 5 : 25}\nquery = "palabra${i}"\n`;
  return `
timezone = "America/Mexico_City"
[server]
bind = "127.0.0.1:0"
${wall}
[[source]]
name = "entrada"
type = "http"
${sources}
[[brand]]
name = "Banco Ejemplo"
own = true
accounts = [{ handle = "bancoejemplo" }]
[[brand]]
name = "Banco Otro"
[[brand]]
name = "Caja Tercera"
[[group]]
name = "bancos"
brands = ["Banco Ejemplo", "Banco Otro", "Caja Tercera"]
${names.map(topic).join('\n')}
[[alert]]
name = "crisis"
on = "volume"
window = "1h"
at = 30
topics = ["caída de la app"]
severity = "critical"
`;
}

let number = 0;
/** A post of this very moment. */
export const post = (text, more = {}) => ({
  id: `p${++number}`,
  network: ['x', 'bluesky', 'mastodon'][number % 3],
  created_at: new Date().toISOString(),
  text,
  lang: 'es',
  author: { id: `a${number}`, handle: `persona${number}`, name: `Persona ${number}`, followers: 100 * number },
  ...more,
});

/** Sends posts, and fails if one is refused. */
export async function send(engine, posts) {
  const body = posts.map((p) => JSON.stringify(p)).join('\n');
  const answer = await fetch(`${engine.address}/v1/posts`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });
  const told = await answer.json();
  if (!answer.ok || told.accepted !== posts.length) throw new Error(`${answer.status} ${JSON.stringify(told)}`);
}

/** Forty complaints, many of them the same, and what is said of the others. */
export const crisis = () => [
  ...Array.from({ length: 40 }, (_, i) => post(i % 3 ? `palabra0: la aplicación no funciona desde hace rato, ¿qué pasa con mi dinero? @bancoejemplo` : `palabra0 otra vez caída, van ${i} minutos sin poder pagar. ¡URGENTE! @bancoejemplo`)),
  ...Array.from({ length: 25 }, (_, i) => post(`palabra1 una opinión cualquiera número ${i} sobre otro banco`)),
  ...Array.from({ length: 9 }, (_, i) => post(`palabra2 la caja de siempre ${i}`)),
];

let browser;
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export async function launch() {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}
export const quit = () => browser?.close();

const sessions = new WeakMap();
/** What a page holds on to once all that nobody needs is swept away: bytes of its scripts, and things that are counted. */
export async function held(page) {
  if (!sessions.has(page)) {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    sessions.set(page, session);
  }
  const session = sessions.get(page);
  // What is freed by one sweep may be what kept something else.
  for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((m) => m.name === name).value;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners'), documents: of('Documents') };
}

/** A page that notes any error of its own, and any request to another host. `before` prepares it. */
export async function open(engine, path, size, { before, ...options } = {}) {
  const context = await browser.newContext({ viewport: size, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (e) => faults.push(String(e)));
  // Of what was never counted the API has nothing, which a browser notes; so it does where the engine is away.
  const nothing = (m) => / 404 /.test(m.text()) && new URL(m.location().url).pathname.startsWith('/v1/');
  page.on('console', (m) => m.type() === 'error' && !/WebSocket|ERR_CONNECTION|ERR_INCOMPLETE/.test(m.text()) && !nothing(m) && faults.push(m.text()));
  page.on('request', (r) => new URL(r.url()).host !== new URL(engine.address).host && faults.push(`asked ${r.url()}`));
  await before?.(page);
  await page.goto(engine.address + path);
  const when = (ready, what) => page.waitForFunction(ready, what, { timeout: PATIENCE });
  return { page, faults, when, close: () => context.close() };
}

/** Which scene is on the wall. */
export const scene = (page) => page.evaluate(() => [...document.querySelector('.scene').classList].find((c) => c !== 'scene'));

/** Goes to a scene, as a person does, also where a crisis has taken the wall. */
export async function go(page, name) {
  if ((await scene(page)) !== name) await page.locator('nav button').nth(SCENES.indexOf(name)).click();
  await page.waitForFunction((name) => document.querySelectorAll('.scene').length === 1 && document.querySelector('.scene').classList.contains(name), name);
}

/** A scene has all it shows once it is there. */
export const READY = {
  now: () => document.querySelector('.plot canvas') && document.querySelector('.same li b'),
  pulse: () => document.querySelector('.pulse tbody .spark .line')?.getAttribute('d'),
  week: () => document.querySelectorAll('.heat .cell').length === 168,
  voice: () => document.querySelector('.voice tbody .share'),
  feed: () => document.querySelector('.cards .priority'),
  incidents: () => document.querySelector('.cases .total'),
};
