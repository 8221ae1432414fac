// The page's own stream: how it signs in, and where it stands in words of the page.

import { EscuchaStream, type Channel, type End, type Frame, type State } from '../../client/escucha-stream.ts';

/** `lost` also while it tries again: only the first attempt is `connecting`. */
export type Link = 'connecting' | 'open' | 'lost' | 'denied' | 'withdrawn';

/** A stream that was refused for good is tried again after this long: nobody stands before the screen to load it anew. */
const AGAIN_MS = 60_000;

/** A viewer's token comes once in the fragment, which no server sees, and becomes a cookie that no script can read. */
export async function signIn(): Promise<void> {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!given) return;
  try {
    await fetch('/v1/session', { method: 'POST', headers: { Authorization: `Bearer ${given}` } });
    history.replaceState(null, '', location.pathname + location.search);
  } catch {
    // The server is away: the token stays for the next time the page is loaded.
  }
}

/** The cookie lasts as long again. */
export async function renew(): Promise<void> {
  await fetch('/v1/session', { method: 'POST' }).catch(() => {});
}

const WALL: Channel[] = ['alerts', 'windows', 'mentions', 'status'];

/** Listens until the function that it gives back is called; `onMissed` where something will not come. */
export function listen(onFrame: (frame: Frame) => void, onLink: (link: Link) => void, channels = WALL, onMissed?: () => void): () => void {
  const onState = (state: State) => {
    if (state.name === 'open') onLink('open');
    else if (state.name === 'waiting') onLink('lost');
    else if (state.name === 'stopped' && state.end) {
      onLink(ended(state.end));
      again = setTimeout(() => void stream.start(), AGAIN_MS);
    }
  };
  let again: ReturnType<typeof setTimeout> | undefined;
  const stream = new EscuchaStream({
    url: new URL('/v1/stream', location.href),
    subscription: { channels },
    onFrame,
    onMissed,
    onState,
  });
  void stream.start();
  return () => {
    clearTimeout(again);
    void stream.stop();
  };
}

function ended(end: End): Link {
  if (end.why === 'revoked') return 'withdrawn';
  return end.status === 401 || end.status === 403 ? 'denied' : 'lost';
}
