// How customer service stands at this moment, for the wall.

import type { Matter } from '../../client/frames.ts';

/** An answer within this is a quick one: the hour that indicators of customer service are told for. */
export const QUICK_SECONDS = 3600;

/** Sections, by how many wait; what nobody has given a section is under `null`. */
export function bySection(waiting: Matter[]): { section: string | null; count: number; oldest: number }[] {
  const all = new Map<string | null, { section: string | null; count: number; oldest: number }>();
  for (const m of waiting) {
    const since = Date.parse(m.waiting_since ?? m.last_activity);
    const known = all.get(m.section) ?? { section: m.section, count: 0, oldest: since };
    all.set(m.section, { section: m.section, count: known.count + 1, oldest: Math.min(known.oldest, since) });
  }
  return [...all.values()].sort((a, b) => b.count - a.count || a.oldest - b.oldest || (a.section ?? '').localeCompare(b.section ?? ''));
}

/**
 * Of the matters that customers opened today and that were answered or have waited too long by now, those that were
 * answered in time: who has not waited for so long yet is neither.
 */
export function quick(matters: Matter[], isToday: (at: string) => boolean, now: number): { quick: number; of: number } {
  const told = { quick: 0, of: 0 };
  for (const m of matters) {
    if (m.cause === 'outbound' || !isToday(m.opened_at)) continue;
    const isQuick = m.first_answer !== null && m.first_answer.seconds <= QUICK_SECONDS;
    const isLate = m.first_answer !== null || (m.waiting_since !== null && now - Date.parse(m.waiting_since) > QUICK_SECONDS * 1000);
    told.quick += Number(isQuick);
    told.of += Number(isQuick || isLate);
  }
  return told;
}
