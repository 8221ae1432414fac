// Text by strangers, as far as a screen can show it. It is only ever put on the page as text.

/** Longer than any scene can show. */
const MOST = 600;

/** More than any network lets people write. */
const WHOLE = 20_000;

/** Towers of combining marks cover what stands above and below, and some marks show letters the wrong way round. */
const tamed = (text: string) => text.replace(/(\p{M}{2})\p{M}+/gu, '$1').replace(/[\u202d\u202e]/g, '');

/** All of it, with its lines: for whoever has to answer. */
export const whole = (text: string): string => tamed(text.slice(0, WHOLE)).replace(/\n{3,}/g, '\n\n').toWellFormed().trim();

/**
 * Cut to what can be shown, without towers of combining marks, which would cover what
 * stands above and below, and without orders to show letters the wrong way round.
 */
export function plain(text: string): string {
  return tamed(text.slice(0, 4 * MOST))
    .slice(0, MOST)
    .replace(/\s+/gu, ' ')
    .toWellFormed()
    .trim();
}
