// Text by strangers, as far as a screen can show it. It is only ever put on the page as text.

/** Longer than any scene can show. */
const MOST = 600;

/**
 * Cut to what can be shown, without towers of combining marks, which would cover what
 * stands above and below, and without orders to show letters the wrong way round.
 */
export function plain(text: string): string {
  return text
    .slice(0, 4 * MOST)
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .replace(/[\u202d\u202e]/g, '')
    .slice(0, MOST)
    .replace(/\s+/gu, ' ')
    .toWellFormed()
    .trim();
}
