// Prints every alert of an engine, one line each, and goes on where it left off however often either is ended.
//
//   node web/client/example.ts ws://127.0.0.1:7070/v1/stream [CURSOR_FILE]
//
// ESCUCHA_TOKEN holds a token of role viewer, where the engine asks for one. The file (`cursor.json` by default)
// is written after the line is printed: what a kill comes between is printed again.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { EscuchaStream, type Cursor, type CursorStore, type State } from './escucha-stream.ts';

const [url, path = 'cursor.json'] = process.argv.slice(2);
if (!url) {
  console.error('usage: node web/client/example.ts ws://127.0.0.1:7070/v1/stream [CURSOR_FILE]');
  process.exit(2);
}

function file(path: string): CursorStore {
  return {
    load() {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as Cursor;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    // Whole or not at all.
    save(cursor) {
      writeFileSync(`${path}.new`, JSON.stringify(cursor));
      renameSync(`${path}.new`, path);
    },
  };
}

function tell(state: State): void {
  console.error(JSON.stringify(state));
  if (state.name === 'stopped' && state.end) process.exitCode = 1;
}

const stream = new EscuchaStream({
  url,
  token: process.env.ESCUCHA_TOKEN,
  subscription: { channels: ['alerts'] },
  replay: true,
  store: file(path),
  onFrame(frame) {
    if (frame.type !== 'alert') return;
    const { seq, updated_at, severity, status, id, reasons } = frame;
    // JSON keeps a stranger's line break out of the line.
    console.log(`${seq} ${updated_at} ${severity} ${status} ${JSON.stringify(id)} ${JSON.stringify(reasons[0]?.text.en ?? '')}`);
  },
  onMissed: (missed) => console.error(`MISSED ${JSON.stringify(missed)}`),
  onStale: (silent) => console.error(`nothing heard for ${Math.round(silent / 1000)} s`),
  onState: tell,
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stream.stop());
await stream.start();
