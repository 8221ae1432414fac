import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, whole } from './text.ts';

test('what a screen cannot show is cut, and nothing else', () => {
  assert.equal(plain('  ¿No  funciona\nla app? <b>ñandú</b> 👍🏽 '), '¿No funciona la app? <b>ñandú</b> 👍🏽');
  assert.equal(plain('z' + '\u0336\u0301\u0302\u0303'.repeat(50) + 'a'), 'z\u0336\u0301a');
  assert.equal(plain('x'.repeat(4000)).length, 600);
  assert.ok(plain('x'.repeat(599) + '👍').isWellFormed());
  assert.equal(plain('नमस्ते é'), 'नमस्ते é');
  assert.equal(plain('\u202Egnirts הצפה'), 'gnirts הצפה');
});

test('whoever has to answer reads all of it', () => {
  const long = 'línea\n'.repeat(600);
  assert.equal(whole(`${long}fin`), `${long}fin`);
  assert.equal(whole('z' + '\u0336\u0301\u0302\u0303'.repeat(50) + '\u202Ea\n\n\n\nb'), 'z\u0336\u0301a\n\nb');
  assert.ok(whole(`${'x'.repeat(19_999)}👍`).isWellFormed());
});
