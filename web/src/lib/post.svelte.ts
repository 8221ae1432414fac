// What the wall shows of a post: on a screen that anybody can see, no names and no rude words.

import type { Alert, Post } from '../../client/frames.ts';
import { setup } from './setup.svelte.ts';
import { plain } from './text.ts';

/** What it says. */
export const textOf = (post: Post): string => plain((setup.isPublic ? post.public_text : null) ?? post.text);

/** Who wrote it, if that may be seen. */
export function author({ author }: Post): string {
  if (setup.isPublic || !author) return '';
  return plain(author.handle ? `@${author.handle}` : (author.name ?? author.id ?? ''));
}

/** Words that are said more than before. */
export const terms = (alert: Alert): string[] => ((setup.isPublic ? alert.public_terms : null) ?? alert.terms).map(plain);
