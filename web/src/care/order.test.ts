import assert from 'node:assert/strict';
import { test } from 'node:test';
import { first, isSampled, lasted, queue, type Filter, type Row } from './order.ts';

const row = (id: string, more: Partial<Row> = {}): Row =>
  ({
    id, version: 1, brand: 'Banco', handle: id, state: 'waiting_brand', open: true, blocked: false, section: null, assignee: null,
    waiting_since: '2026-01-01T00:00:00Z', last_activity: '2026-01-01T00:00:00Z', ...more,
  }) as Row;
const all: Filter = { tab: 'waiting', brand: '', section: '', assignee: '', text: '', sample: null };
const ids = (rows: Row[]) => rows.map((r) => r.id).join(' ');

test('blocked first, then who waits longest, then the latest of the rest', () => {
  const rows = [
    row('rest', { waiting_since: null, state: 'waiting_customer' }),
    row('late', { waiting_since: '2026-01-01T02:00:00Z' }),
    row('latest', { waiting_since: null, last_activity: '2026-01-02T00:00:00Z' }),
    row('early', { waiting_since: '2026-01-01T01:00:00.5Z' }),
    // Fractions are left out by the engine where there are none: text does not sort them.
    row('earlier', { waiting_since: '2026-01-01T01:00:00Z' }),
    row('stuck', { waiting_since: '2026-01-01T03:00:00Z', blocked: true }),
  ];
  assert.equal(ids(rows.sort(first)), 'stuck earlier early late latest rest');
});

test('each tab has what it counts', () => {
  const rows = [
    row('Ágata', { state: 'new' }),
    row('berto', { assignee: 'luis', section: 'tarjetas' }),
    row('carla', { waiting_since: null, state: 'waiting_customer', brand: 'Caja' }),
    row('dario', { waiting_since: null, state: 'resolved', open: false }),
  ];
  assert.deepEqual(queue(rows, all).counts, { waiting: 2, new: 1, customer: 1, closed: 1 });
  for (const [tab, want] of [['waiting', 'Ágata berto'], ['new', 'Ágata'], ['customer', 'carla'], ['closed', 'dario']] as const)
    assert.equal(ids(queue(rows, { ...all, tab }).rows), want);
  assert.equal(ids(queue(rows, { ...all, text: ' @AGA ' }).rows), 'Ágata');
  assert.equal(ids(queue(rows, { ...all, assignee: 'luis', section: 'tarjetas' }).rows), 'berto');
  assert.deepEqual(queue(rows, { ...all, brand: 'Caja' }).counts, { waiting: 0, new: 0, customer: 1, closed: 0 });
});

test('the sample is drawn as the engine draws it', () => {
  // 0x0123456789abcdef is 81985529216486895: its lot is 95. Beyond 2^53 a number would not tell.
  for (const [id, lot] of [['0000000000000000', 0], ['0000000000000063', 99], ['0123456789abcdef', 95], ['ffffffffffffffff', 15]] as const) {
    assert.equal(isSampled(row(id), lot), false, id);
    assert.equal(isSampled(row(id), lot + 1), true, id);
    assert.equal(isSampled(row(id, { blocked: true }), 0), true, id);
  }
  const rows = [row('0000000000000001'), row('0000000000000002'), row('0000000000000003', { blocked: true })];
  assert.equal(ids(queue(rows, { ...all, sample: 2 }).rows), '0000000000000003 0000000000000001');
  assert.equal(queue(rows, { ...all, sample: 2 }).counts.waiting, 2);
});

test('a clock is read as one', () => {
  for (const [seconds, text] of [[-5, '0:00'], [59.9, '0:59'], [61, '1:01'], [3600, '1:00:00'], [90_061, '25:01:01'], [180_000, '2 d 2 h']] as const)
    assert.equal(lasted(seconds), text);
});
