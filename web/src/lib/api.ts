// The engine's HTTP API, as the page uses it: what cannot be had is `null`, and asked for again later.

import { onMount } from 'svelte';

const PATIENCE_MS = 10_000;

export async function api<T>(path: string, denied?: () => void): Promise<T | null> {
  try {
    const answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status === 401 || answer.status === 403) denied?.();
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    // The stream says that the server is away; nothing to add.
    return null;
  }
}

/** Asks again every `ms` while the component is there; an answer that comes after that counts no more. */
export function poll(ms: number, ask: () => Promise<void>): { isThere: boolean } {
  const state = { isThere: true };
  onMount(() => {
    const timer = setInterval(() => void ask(), ms);
    return () => {
      clearInterval(timer);
      state.isThere = false;
    };
  });
  return state;
}

/** Steps of `GET /v1/topics/{name}/windows`. */
export interface Step {
  at: string;
  mentions: number;
  expected: number | null;
  expected_range: [number, number] | null;
}

/** Length of the steps that are asked for, in milliseconds. */
export const STEP_MS = 300_000;

/** Five-minute steps of the last six hours, those that are over. */
export async function lastHours(topic: string, now: number): Promise<Step[]> {
  const from = new Date(now - 6 * 3_600_000).toISOString();
  const answer = await api<{ steps: Step[] }>(`/v1/topics/${encodeURIComponent(topic)}/windows?step=5m&from=${from}`);
  return (answer?.steps ?? []).filter((step) => Date.parse(step.at) + STEP_MS <= now);
}
