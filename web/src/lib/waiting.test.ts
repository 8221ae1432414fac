import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matter } from '../../client/frames.ts';
import { bySection, quick } from './waiting.ts';

const now = Date.parse('2026-01-02T12:00:00Z');
const matter = (more: Partial<Matter>) =>
  ({ cause: 'mention_or_reply', opened_at: '2026-01-02T09:00:00Z', first_answer: null, waiting_since: null, last_activity: '2026-01-02T09:00:00Z', section: null, ...more }) as Matter;
const answered = (seconds: number) => ({ first_answer: { since: '', at: '', seconds, agent: null } });
const isToday = (at: string) => at.startsWith('2026-01-02');

test('an hour is quick, a second more is not, and who waits for less is not counted', () => {
  const matters = [
    matter(answered(3600)),
    matter(answered(3601)),
    matter({ waiting_since: '2026-01-02T10:59:59Z' }),
    matter({ waiting_since: '2026-01-02T11:00:01Z' }),
    matter({ ...answered(5), opened_at: '2026-01-01T23:59:59Z' }),
    matter({ ...answered(5), cause: 'outbound' }),
    // Over before anybody answered: nobody waited.
    matter({}),
  ];
  assert.deepEqual(quick(matters, isToday, now), { quick: 1, of: 3 });
  assert.deepEqual(quick([], isToday, now), { quick: 0, of: 0 });
});

test('sections by how many wait, with the one who waits longest', () => {
  const at = (section: string | null, waiting_since: string) => matter({ section, waiting_since });
  const told = bySection([at('a', '2026-01-02T10:00:00Z'), at('b', '2026-01-02T08:00:00Z'), at('b', '2026-01-02T07:30:00.5Z'), at(null, '2026-01-02T09:00:00Z')]);
  assert.deepEqual(told.map((s) => [s.section, s.count]), [['b', 2], [null, 1], ['a', 1]]);
  assert.equal(told[0]!.oldest, Date.parse('2026-01-02T07:30:00.5Z'));
});
