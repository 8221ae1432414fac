/**
 * Mentions an hour, of `mentions` in `listened` hours; `null` where nothing was heard. A part of an hour stands for no
 * more than was counted in it: seconds of a crisis are no hour of it.
 */
export const rate = (mentions: number, listened: number): number | null => (listened > 0 ? mentions / Math.max(1, listened) : null);
