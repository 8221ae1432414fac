// Whom to answer first, and which of the matters an agent wants to see.

import type { Matter } from '../../client/frames.ts';

/** A matter as the stream told of it last. */
export type Row = Matter & { version: number };

/** What somebody waits for: us (of these, whom nobody has answered yet), the customer, nothing any more. */
export const TABS = ['waiting', 'new', 'customer', 'closed'] as const;
export type Tab = (typeof TABS)[number];

export interface Filter {
  tab: Tab;
  /** Empty is all. */
  brand: string;
  section: string;
  /** Whose; empty is everybody's. */
  assignee: string;
  /** Part of a handle. */
  text: string;
  /** Only what a supervisor looks at of so many per cent; null is all. */
  sample: number | null;
}

export const waits = (m: Matter): boolean => m.waiting_since !== null;

const isIn: Record<Tab, (m: Matter) => boolean> = {
  waiting: waits,
  new: (m) => m.state === 'new' && waits(m),
  customer: (m) => m.open && !waits(m),
  closed: (m) => !m.open,
};

/** Blocked operations before others, who waits for us longest before the others; of the rest the latest. */
export function first(a: Matter, b: Matter): number {
  if (waits(a) !== waits(b)) return waits(a) ? -1 : 1;
  if (!waits(a)) return Date.parse(b.last_activity) - Date.parse(a.last_activity) || a.id.localeCompare(b.id);
  return Number(b.blocked) - Number(a.blocked) || Date.parse(a.waiting_since!) - Date.parse(b.waiting_since!) || a.id.localeCompare(b.id);
}

/** Whether a supervisor looks at it: all that is blocked, and of the rest so many per cent, drawn by the id. */
export const isSampled = (m: Matter, perCent: number): boolean => m.blocked || Number(BigInt(`0x${m.id}`) % 100n) < perCent;

const folded = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/^@/, '');

/** All that is wanted, in order, and how many each tab has. */
export function queue(rows: Iterable<Row>, filter: Filter): { rows: Row[]; counts: Record<Tab, number> } {
  const text = folded(filter.text.trim());
  const counts: Record<Tab, number> = { waiting: 0, new: 0, customer: 0, closed: 0 };
  const wanted: Row[] = [];
  for (const row of rows) {
    if (filter.brand && row.brand !== filter.brand) continue;
    if (filter.section && row.section !== filter.section) continue;
    if (filter.assignee && row.assignee !== filter.assignee) continue;
    if (filter.sample !== null && !isSampled(row, filter.sample)) continue;
    if (text && !folded(row.handle).includes(text)) continue;
    for (const tab of TABS) if (isIn[tab](row)) counts[tab]++;
    if (isIn[filter.tab](row)) wanted.push(row);
  }
  return { rows: wanted.sort(first), counts };
}

/** Hours, minutes and seconds of a wait: a clock that is seen to run. */
export function lasted(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  if (s >= 172_800) return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
