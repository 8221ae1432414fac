// One connection to `/v1/stream` that comes back by itself and goes on after the last `seq` it saw.

import type { Frame } from './frames';

export type Link = 'connecting' | 'open' | 'lost' | 'denied';

/** Nothing at all for this long means the connection is dead: `status` beats every 5 s. */
export const SILENCE_MS = 10_000;

/** The stream was closed because its token is no longer good. */
const REVOKED = 4001;

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

export function listen(onFrame: (frame: Frame) => void, onLink: (link: Link) => void): () => void {
  let socket: WebSocket | undefined;
  let seq: number | undefined;
  let epoch: string | undefined;
  let attempts = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => socket?.close(), SILENCE_MS);
  };

  const connect = () => {
    onLink('connecting');
    const url = new URL('/v1/stream', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('channels', 'alerts,windows,mentions,status');
    if (seq !== undefined && epoch !== undefined) {
      url.searchParams.set('since', String(seq));
      url.searchParams.set('epoch', epoch);
    }
    socket = new WebSocket(url, ['escucha.v1']);
    heard();
    socket.onmessage = (message) => {
      heard();
      const frame = JSON.parse(String(message.data)) as Frame;
      if (frame.type === 'hello') {
        attempts = 0;
        epoch = frame.epoch;
        // What follows a cursor that was refused starts at the oldest alert that is held: a link that
        // breaks meanwhile must go on from there, not from the head.
        if (frame.reason) seq = frame.reason.floor - 1;
        else if (!frame.recovered || seq === undefined) seq = frame.seq;
        onLink('open');
      } else if (frame.type === 'alert') {
        seq = frame.seq;
      } else if (frame.type === 'status') {
        seq = Math.max(seq ?? 0, frame.seq);
      }
      onFrame(frame);
    };
    socket.onclose = (event) => {
      clearTimeout(watchdog);
      if (closed) return;
      onLink(event.code === REVOKED ? 'denied' : 'lost');
      // Full jitter after the cap: a room of screens must not come back in one step.
      const cap = Math.min(15_000, 500 * 2 ** attempts++);
      retry = setTimeout(connect, Math.random() * cap);
    };
  };

  connect();
  return () => {
    closed = true;
    clearTimeout(retry);
    clearTimeout(watchdog);
    socket?.close();
  };
}
