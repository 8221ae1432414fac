// One connection to `/v1/stream` that comes back by itself and goes on after the last `seq` it saw.

import type { Frame } from './frames';

export type Link = 'connecting' | 'open' | 'lost' | 'denied';

/** Nothing at all for this long means the connection is dead: `status` beats every 5 s. */
export const SILENCE_MS = 10_000;

/** A viewer's token comes once in the fragment, which no server sees, and stays in this tab's session. */
function token(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem('token', given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem('token');
}

export function authorization(): Record<string, string> {
  const t = token();
  return t ? { Authorization: `Bearer ${t}` } : {};
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
    const t = token();
    socket = new WebSocket(url, t ? ['escucha.v1', `bearer.${t}`] : ['escucha.v1']);
    heard();
    socket.onmessage = (message) => {
      heard();
      const frame = JSON.parse(String(message.data)) as Frame;
      if (frame.type === 'hello') {
        attempts = 0;
        epoch = frame.epoch;
        seq ??= frame.seq;
        if (!frame.recovered) seq = frame.seq;
        onLink('open');
      } else if (frame.type === 'alert') {
        seq = frame.seq;
      } else if (frame.type === 'status') {
        seq = Math.max(seq ?? 0, frame.seq);
      }
      onFrame(frame);
    };
    socket.onclose = () => {
      clearTimeout(watchdog);
      if (closed) return;
      onLink('lost');
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
