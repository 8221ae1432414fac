// The care page in real browsers, with two agents and one who only looks, over the real binary. Screenshots go to
// `target/screens`.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { demo, LANGS, launch, open, PATIENCE, quit, run, screen, SIZES } from './engine.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SECRETS = { ana: 'esc_ana', luis: 'esc_luis', mira: 'esc_mira', entrada: 'esc_entrada' };
const ROLES = { ana: 'agent', luis: 'agent', mira: 'viewer', entrada: 'ingest' };

const config = (bind = '127.0.0.1:0') => `
timezone = "America/Mexico_City"
[server]
bind = "${bind}"
${Object.entries(SECRETS).map(([name, secret]) => `[[token]]\nname = "${name}"\nrole = "${ROLES[name]}"\nhash = "${createHash('sha256').update(secret).digest('hex')}"\n`).join('')}
[[source]]
name = "entrada"
type = "http"
own_posts = true
[[brand]]
name = "Banco Ejemplo"
own = true
accounts = [{ handle = "bancoejemplo", role = "broadcast" }, { handle = "ejemploayuda", role = "service" }]
[[topic]]
name = "tarjetas"
brand = "Banco Ejemplo"
typology = "servicio"
category = "reclamación"
subcategory = "tarjetas"
section = "medios de pago"
query = "tarjeta"
[care]
sample = 50
[[playbook]]
name = "lo demás"
steps_es = ["Saluda y pregunta"]
steps_en = ["Say hello, and ask"]
[[playbook]]
name = "tarjeta bloqueada"
subcategory = "tarjetas"
blocked = true
steps_es = ["Pide disculpas y pregunta desde cuándo le pasa", "Sigue por mensaje directo, con el aviso de privacidad", "Di a qué hora se le llama y quién lo hará"]
steps_en = ["Apologise, and ask since when it happens", "Go on in a direct message, with the privacy notice", "Say at what time somebody calls, and who"]
templates_es = ["Hola, @{handle}. Sentimos que no puedas pagar: ¿desde cuándo te pasa? ^{agent}", "@{handle} te llamamos hoy antes de las 18:00. ^{agent}"]
templates_en = ["Hi @{handle}, sorry that you cannot pay: since when does it happen? ^{agent}"]
`;

let engine;
before(async () => {
  engine = await run(config());
  await launch();
});
after(async () => {
  await quit();
  engine?.stop();
});

let number = 0;
/** A post of so many seconds ago, of a customer or in answer to one. */
async function say(handle, text, { ago = 0, to, ...more } = {}) {
  const id = `c${++number}`;
  const body = JSON.stringify({
    id, network: 'x', created_at: new Date(Date.now() - ago * 1000).toISOString(), text, lang: 'es', author: { id: `i-${handle}`, handle, followers: 120 },
    ...(to ? { in_reply_to: { id: to.id, author: to.handle } } : {}), ...more,
  });
  const answer = await fetch(`${engine.address}/v1/posts`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${SECRETS.entrada}` }, body });
  assert.equal((await answer.json()).accepted, 1);
  return { id, handle };
}

/** The page as this person has it. */
async function sit(who, { lang = 'es', size = { width: 1440, height: 900 }, ...more } = {}) {
  const seat = await open(engine, `/care?lang=${lang}#token=${SECRETS[who]}`, size, more);
  await seat.when(() => /al día|up to date/.test(document.querySelector('.fresh')?.textContent));
  assert.ok(!seat.page.url().includes('token='), 'the secret leaves the address');
  return seat;
}

const row = (page, handle) => page.locator('.row', { hasText: `@${handle}` });
const sees = (page, selector, text) => page.locator(selector, { hasText: text }).first().waitFor({ timeout: PATIENCE });
async function sound(page) {
  const found = await page.evaluate(async (source) => {
    if (!window.axe) (0, eval)(source);
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).slice(0, 3).join(' | ')}`);
  }, axe);
  assert.deepEqual(found, []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing stands out of the page');
}

test('a whole incident, by two agents at once and by the keyboard alone', async () => {
  const [ana, luis] = await Promise.all([sit('ana'), sit('luis', { lang: 'en' })]);
  const post = await say('carmen', '@ejemploayuda mi tarjeta está bloqueada y no puedo pagar, ¿qué hago?', { ago: 600 });
  await sees(ana.page, '.row', '@carmen');
  await sees(luis.page, '.row', '@carmen');
  assert.match(await row(ana.page, 'carmen').innerText(), /(9:5\d|10:\d\d)[^]*bloqueada[^]*nuevo[^]*medios de pago/);

  await ana.page.keyboard.press('j');
  await luis.page.keyboard.press('j');
  await sees(ana.page, 'article', 'no puedo pagar');
  await sees(luis.page, 'article', 'no puedo pagar');
  // Luis reaches for it first, but his word is slow on its way.
  let release;
  await luis.page.route('**/acts', async (route) => (await new Promise((go) => (release = go)), await route.continue()), { times: 1 });
  await luis.page.keyboard.press('a');
  await luis.page.waitForTimeout(300);
  await ana.page.keyboard.press('a');
  await sees(ana.page, '.row .who.mine', 'ana');
  await sees(luis.page, '.row .who', 'ana');
  release();
  await sees(luis.page, '.told', 'ana changed this incident');
  await sees(luis.page, '.told', 'assigned it to ana');
  await screen(luis.page, 'care-conflict-en');
  assert.equal(await row(luis.page, 'carmen').locator('.who').innerText(), 'ana', 'nothing was taken from her');

  // Luis writes a note while Ana labels: what he typed is still there, and he is told.
  await luis.page.keyboard.press('n');
  await luis.page.keyboard.type('Called twice, <b>no answer</b>');
  await ana.page.keyboard.press('t');
  await ana.page.keyboard.type('seguridad');
  await ana.page.keyboard.press('Tab');
  await ana.page.keyboard.press('Tab');
  await ana.page.keyboard.press('Tab');
  await ana.page.keyboard.type('fraudes');
  await screen(ana.page, 'care-labels-es');
  await sound(ana.page);
  await ana.page.keyboard.press('Enter');
  await sees(ana.page, '.side dd', 'fraudes');
  await sees(luis.page, '.row', 'fraudes');
  await luis.page.keyboard.press('Control+Enter');
  await sees(luis.page, 'dialog .told', 'ana changed this incident');
  assert.equal(await luis.page.locator('dialog textarea').inputValue(), 'Called twice, <b>no answer</b>');
  await screen(luis.page, 'care-note-en');
  await sound(luis.page);
  await luis.page.keyboard.press('Control+Enter');
  await sees(luis.page, 'blockquote', 'Called twice, <b>no answer</b>');
  await sees(ana.page, 'blockquote', 'Called twice, <b>no answer</b>');
  await sees(ana.page, '.log', 'luis dejó una nota');

  // Our answer comes in from the network, signed.
  const ours = await say('ejemploayuda', '@carmen Hola Carmen, escríbenos por mensaje directo. ^LG', { to: post });
  await sees(ana.page, 'article.ours', 'firma LG');
  await sees(ana.page, '.standing', 'espera al cliente');
  await ana.page.keyboard.press('r');
  await ana.page.keyboard.press('ArrowDown');
  await screen(ana.page, 'care-resolve-es');
  await ana.page.keyboard.press('Enter');
  await sees(ana.page, '.standing', 'resuelto');
  await sees(luis.page, '.standing', 'resolved');
  await ana.page.keyboard.press('4');
  await sees(ana.page, '.row', '@carmen');

  // The customer comes back, and it is open again by itself.
  await say('carmen', '@ejemploayuda sigue bloqueada, nadie me contesta', { to: ours });
  await sees(ana.page, '.standing', 'nos espera');
  await sees(ana.page, 'article', 'nadie me contesta');
  await sees(ana.page, '.chips', 'reabierto una vez');
  await ana.page.keyboard.press('1');
  await sees(ana.page, '.row', '@carmen');
  await screen(ana.page, 'care-thread-es');
  await sound(ana.page);

  // A second one of hers becomes a part of it, and is parted again; it is found by its handle.
  await say('carmen2', '@ejemploayuda soy Carmen, escribo de otra cuenta por mi tarjeta');
  await sees(ana.page, '.row', '@carmen2');
  await ana.page.keyboard.press('/');
  await ana.page.keyboard.type('@CARMEN2');
  await ana.page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
  await ana.page.keyboard.press('Escape');
  await ana.page.keyboard.press('j');
  await sees(ana.page, '.top h2', '@carmen2');
  await sees(ana.page, 'article', 'otra cuenta');
  await ana.page.keyboard.press('m');
  await ana.page.keyboard.type('carmen');
  await sees(ana.page, 'label.pick', '@carmen');
  await ana.page.keyboard.press('Tab');
  await ana.page.keyboard.press(' ');
  await screen(ana.page, 'care-merge-es');
  await ana.page.keyboard.press('Enter');
  await sees(ana.page, '.standing', 'unido a otro');
  await ana.page.keyboard.press('p');
  await ana.page.keyboard.press('Enter');
  await sees(ana.page, '.standing', 'nuevo');

  for (const { faults, close } of [ana, luis]) {
    // A refusal is told to the person, and a browser notes it too.
    assert.deepEqual(faults.filter((f) => !/status of 409/.test(f)), []);
    await close();
  }
});

test('what the team does with it, who the customer is, and what a supervisor looks at', async () => {
  const before = await say('paula', '@ejemploayuda mi tarjeta no llega', { ago: 110 * 3600 });
  await say('ejemploayuda', '@paula Hola, ya va en camino. ^LG', { ago: 109 * 3600, to: before });
  await say('paula', '@ejemploayuda mi tarjeta está bloqueada, no puedo pagar nada, es pésimo', { ago: 300, author: { id: 'i-paula', handle: 'paula', followers: 5000 } });
  // Of those who are not blocked some are drawn and some are not.
  for (const name of ['dora', 'elsa', 'fito', 'gil', 'hugo', 'inma']) await say(name, '@ejemploayuda buenas, ¿abren hoy?', { ago: 30 });
  for (const lang of LANGS) {
    const es = lang === 'es';
    const { page, faults, close } = await sit('ana', { lang, permissions: ['clipboard-read', 'clipboard-write'] });
    await row(page, 'paula').first().click();
    await sees(page, '.playbook h3', 'tarjeta bloqueada');
    assert.equal(await page.locator('.steps li').count(), 3);
    await sees(page, '.steps', es ? 'Pide disculpas' : 'Apologise');
    // Those in the language of the page come first, and what is copied is the whole text, filled.
    const template = page.locator('.templates li').first();
    await template.locator('button').click();
    await sees(page, '.templates button', es ? 'Copiada' : 'Copied');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, es ? 'Hola, @paula. Sentimos que no puedas pagar: ¿desde cuándo te pasa? ^ana' : 'Hi @paula, sorry that you cannot pay: since when does it happen? ^ana');
    await sees(page, '.templates .foot', `${[...copied].length}/280`);
    const card = await page.locator('.person').innerText();
    assert.match(card, es ? /Seguidores\s+5\.000\s+Influencia\s+1,6 × un usuario medio\s+Último tono\s+-/ : /Followers\s+5,000\s+Influence\s+1\.6 × a mean user\s+Last tone\s+-/, card);
    await sound(page);
    await screen(page, `care-playbook-${lang}`);
    await page.locator('.person button').first().click();
    await sees(page, 'article', 'mi tarjeta no llega');
    await sees(page, '.playbook h3', 'lo demás');

    // The sample of the page is that of the engine.
    const wanted = await page.evaluate(async () => (await (await fetch('/v1/incidents?open=true&sample=true&limit=1000')).json()).incidents.filter((i) => i.waiting_since).map((i) => `@${i.handle}`).sort());
    const all = await page.locator('.row').count();
    assert.ok(wanted.length > 2 && wanted.length < all, `${wanted.length} of ${all}`);
    await page.keyboard.press('s');
    await page.waitForFunction((n) => document.querySelectorAll('.row').length === n, wanted.length);
    assert.deepEqual((await page.locator('.row .handle').allInnerTexts()).sort(), wanted);
    await sees(page, '.filters [aria-pressed=true]', es ? 'Muestra' : 'Sample');
    await sound(page);
    await screen(page, `care-sample-${lang}`);
    await page.keyboard.press('s');
    await page.waitForFunction((n) => document.querySelectorAll('.row').length === n, all);

    await page.keyboard.press('h');
    await sees(page, '.history li', es ? 'luis dejó una nota @carmen' : 'luis left a note @carmen');
    await sees(page, '.history li', es ? 'lo resolvió: Llevado a privado' : 'resolved it: Moved to private');
    await sound(page);
    await screen(page, `care-history-${lang}`);
    await page.locator('.history select').selectOption('luis');
    await page.waitForFunction(() => document.querySelectorAll('.history li').length === 1);
    await page.locator('.history li button').click();
    await page.locator('.history').waitFor({ state: 'detached' });
    await sees(page, '.top h2', '@carmen');
    await page.keyboard.press('h');
    await page.keyboard.press('Escape');
    await page.locator('.history').waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await close();
  }
});

test('where there is no clipboard the text stands selected', async () => {
  const { page, close } = await sit('mira', { before: (page) => page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined })) });
  await row(page, 'paula').first().click();
  await page.locator('.templates button').first().click();
  await sees(page, '.templates button', 'Cópiala con Ctrl+C');
  assert.match(await page.evaluate(() => getSelection().toString()), /^Hola, @paula\. .* \^mira$/);
  await close();
});

test('who only looks sees all and can do nothing, and the engine refuses it too', async () => {
  await say('berto', '@ejemploayuda ¿a qué hora abre la sucursal?');
  const { page, faults, close } = await sit('mira');
  await row(page, 'berto').click();
  await sees(page, 'article', 'a qué hora abre');
  assert.equal(await page.locator('.actions').count(), 0);
  await sees(page, '.me', 'Solo lectura');
  for (const key of 'augntromp') await page.keyboard.press(key);
  assert.equal(await page.locator('dialog').count(), 0);
  assert.equal(await page.evaluate(async () => {
    const { incidents } = await (await fetch('/v1/incidents')).json();
    return (await fetch(`/v1/incidents/${incidents[0].id}/acts`, { method: 'POST', body: JSON.stringify({ version: incidents[0].version, do: 'assign' }) })).status;
  }), 403);
  await screen(page, 'care-viewer-es');
  assert.deepEqual(faults.filter((f) => !/status of 403/.test(f)), []);
  await close();
});

test('text by strangers stays text', async () => {
  const hostile = `<script>document.title='taken'</script><img src=x onerror=alert(1)> \u202Eatrevni\u202C مرحبا z${'\u0336'.repeat(80)} 4111 1111 1111 1111 ${'palabrasinfin'.repeat(280)}`.slice(0, 3980);
  await say('hostil', `@ejemploayuda ${hostile}`);
  const { page, faults, close } = await sit('ana');
  await row(page, 'hostil').click();
  await sees(page, 'article', '<script>');
  const text = await page.locator('article p').innerText();
  assert.ok(text.length > 3500 && !text.includes('\u202E') && !text.includes('4111 1111 1111 1111') && text.includes('مرحبا'), text.slice(0, 300));
  assert.equal(await page.locator('article script, article img').count(), 0);
  await sound(page);
  await screen(page, 'care-hostile-es');
  assert.deepEqual(faults, []);
  await close();
});

test('both languages, dark and light, large and in the hand', async () => {
  for (const lang of LANGS)
    for (const [name, size] of [['wall', SIZES.wall], ['phone', SIZES.phone]]) {
      const { page, faults, close } = await sit('ana', { lang, size });
      for (const theme of ['dark', 'light']) {
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, theme);
        await sound(page);
        await screen(page, `care-queue-${lang}-${name}-${theme}`);
        await page.keyboard.press('d');
      }
      await row(page, 'carmen').first().click();
      await page.locator('article').first().waitFor();
      for (const theme of ['dark', 'light']) {
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, theme);
        await sound(page);
        await screen(page, `care-case-${lang}-${name}-${theme}`);
        await page.keyboard.press('d');
      }
      if (name === 'phone') {
        await page.locator('.playbook h3').evaluate((e) => e.scrollIntoView());
        await screen(page, `care-playbook-${lang}-phone`);
        await page.evaluate(() => scrollTo(0, 0));
        await page.locator('.back').click();
        await page.locator('.queue').waitFor();
      } else {
        await page.keyboard.press('?');
        await page.locator('dialog dt', { hasText: '1…4' }).waitFor();
        await sound(page);
        await screen(page, `care-keys-${lang}`);
      }
      assert.deepEqual(faults, []);
      await close();
    }
});

test('the demo has incidents to work on', async () => {
  const scripted = await demo('--speed', '30');
  const { page, faults, when, close } = await open(scripted, '/care?lang=es', SIZES.wall);
  await when(() => document.querySelectorAll('.row').length > 30);
  // A day lies behind it: until that is counted, the page says so.
  await page.locator('.fresh', { hasText: 'Poniéndose al día' }).waitFor({ timeout: PATIENCE });
  await page.locator('.fresh:not(.behind)').waitFor({ timeout: 3 * PATIENCE });
  await page.keyboard.press('j');
  await page.locator('article').first().waitFor();
  await sees(page, '.playbook h3', 'operación bloqueada');
  await sound(page);
  await screen(page, 'care-demo-es');
  assert.deepEqual(faults, []);
  await close();
  scripted.stop();
});

test('an engine that is gone leaves a page that looks so, on which nothing can be done, until it is back', async () => {
  const { page, close } = await sit('ana');
  await row(page, 'carmen').first().click();
  await page.locator('.actions button').first().waitFor();
  await page.keyboard.press('n');
  await page.keyboard.type('a medias');
  const { address } = engine;
  const ended = new Promise((done) => engine.child.once('close', done));
  engine.stop('SIGKILL');
  await page.locator('.care.stale').waitFor({ timeout: PATIENCE });
  assert.ok(await page.locator('dialog button.main').isDisabled());
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.ok(await page.locator('.actions button').first().isDisabled());
  assert.match(await page.locator('.fresh').innerText(), /Sin conexión desde las/);
  await page.waitForTimeout(600);
  await screen(page, 'care-lost-es');
  await ended;
  engine = await run(config(new URL(address).host));
  await page.locator('.care:not(.stale)').waitFor({ timeout: PATIENCE });
  await say('nueva', '@ejemploayuda se tragó mi tarjeta el cajero');
  await sees(page, '.row', '@nueva');
  await close();
});
