// The objects of `/v1/stream`, as far as the page uses them.

export interface Tallied {
  mentions: number;
  reposts: number;
  authors: number;
}
export type WindowName = '1m' | '5m' | '15m' | '1h' | '24h';

export interface Post {
  id: string;
  network?: string | null;
  created_at: string;
  text: string;
  url?: string | null;
  kind?: 'create' | 'update' | 'delete';
  author?: { id?: string | null; handle?: string | null; name?: string | null } | null;
}

/** How bad it is: 0 as usual, 1 watch, 2 alert, 3 crisis. */
export type Level = 0 | 1 | 2 | 3;
export interface Standing {
  level: Level | null;
  recovering: boolean | null;
}

/** A topic of an alert: several of one brand can be unusual together. */
export interface Part extends Standing {
  topic: string;
  status: 'firing' | 'resolved';
  observed: number;
  expected: number | null;
}

export interface Alert extends Standing {
  type: 'alert';
  seq: number;
  id: string;
  rule: string;
  on: string;
  status: 'firing' | 'resolved';
  severity: 'info' | 'warning' | 'critical';
  /** `null` for an alert on a source, or on a share, which is about a brand. */
  topic: string | null;
  source: string | null;
  brand: string | null;
  topics: Part[];
  started_at: string;
  updated_at: string;
  observed: number | null;
  priority: number | null;
  reasons: { code: string; text: { es: string; en: string }; value: number }[];
  first_post: Post | null;
  /** Words that are said more than before, as people write them. */
  terms: string[];
  /** Who took it on. */
  acknowledged: { by: string; at: string; note: string | null } | null;
}
export interface Brand extends Standing {
  name: string;
}
export interface Windows extends Standing {
  type: 'windows';
  topic: string;
  at: string;
  windows: Record<WindowName, Tallied>;
  brand: Brand | null;
}
export interface Mention {
  type: 'mention';
  key: string;
  post: Post;
  priority: number;
  topics: { topic: string; origin: 'direct' | 'active'; priority: number }[];
  /** The posts that say the same, this one among them. */
  cluster: { id: string; posts: number; authors: number };
  dropped?: number;
}
export interface Status {
  type: 'status';
  seq: number;
  sources: { name: string; connected: boolean; finished: boolean; age_seconds: number | null; problem: string | null }[];
}
export interface Hello {
  type: 'hello';
  epoch: string;
  seq: number;
  recovered: boolean;
  /** Why it could not go on where it left off, and the oldest alert that is still held. */
  reason: { code: string; floor: number } | null;
}
export interface Deleted {
  type: 'deleted';
  key: string;
  network: string | null;
  id: string;
}
export type Frame = Alert | Windows | Mention | Status | Hello | Deleted | { type: 'gap' | 'subscribed' | 'error' };
