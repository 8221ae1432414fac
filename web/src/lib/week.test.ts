import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rate } from './week.ts';

test('an hour that was heard in part stands for no more than was counted in it', () => {
  for (const [mentions, listened, wanted] of [[40, 0.004, 40], [40, 1, 40], [40, 4, 10], [0, 2, 0], [0, 0, null]] as const) {
    assert.equal(rate(mentions, listened), wanted, `${mentions} in ${listened} h`);
  }
});
