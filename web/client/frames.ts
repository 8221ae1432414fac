// The objects of `/v1/stream`, as `docs/asyncapi.yaml` describes them; a test holds the two together.
// Members that are not listed here may come and must be ignored.

export type Channel = 'alerts' | 'windows' | 'mentions' | 'incidents' | 'status';
export type Severity = 'info' | 'warning' | 'critical';

/** A place in the sequence of alerts and incidents: the last one seen, and in which life of the engine. */
export interface Cursor {
  epoch: string;
  seq: number;
}

export interface Both {
  es: string;
  en: string;
}

/** A post in its native form (`docs/post.schema.json`); what is unknown is `null`. Text by strangers: show it as text. */
export interface Post {
  id: string;
  network?: string | null;
  /** RFC 3339, as all times. */
  created_at: string;
  text: string;
  /** The text for a screen that anybody can see, without rude words; `null` if it is the same. */
  public_text?: string | null;
  /** Personal data that was taken out of its texts: `card`, `iban`, `clabe`, `dni`, `curp`, `rfc`, `phone`, `email`. */
  pii?: string[];
  /** `delete`: the post is gone and this an empty shell. */
  kind: 'create' | 'update' | 'delete';
  title?: string | null;
  lang?: string | null;
  url?: string | null;
  author?: { id: string | null; handle: string | null; name: string | null; followers: number | null; verified: boolean } | null;
}

/** How bad it is: 0 as usual, 1 watch, 2 alert, 3 crisis. `recovering`: what raised it is over. `null` where nothing watches. */
export type Level = 0 | 1 | 2 | 3;
export interface Standing {
  level: Level | null;
  recovering: boolean | null;
}

/** First of all. */
export interface Hello {
  type: 'hello';
  epoch: string;
  /** The newest alert or change of an incident. */
  seq: number;
  /** Everything after `since` follows. */
  recovered: boolean;
  /** Why not; what follows then starts at `floor`. */
  reason: { code: 'cursor_too_old' | 'cursor_ahead' | 'epoch_changed'; floor: number } | null;
  version: string;
  /** When to come back after this connection ends, drawn for this client alone, and the window it was drawn from. */
  reconnect?: { after_ms: number; window_ms: number };
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
  /** The same through all transitions. */
  id: string;
  rule: string;
  on: 'priority' | 'volume' | 'spike' | 'drop' | 'source' | 'share' | 'unanswered' | 'sla';
  status: 'firing' | 'resolved';
  severity: Severity;
  /** `null` for `source` and `share`. */
  topic: string | null;
  source?: string | null;
  brand?: string | null;
  topics: Part[];
  started_at: string;
  updated_at: string;
  resolved_at?: string | null;
  observed: number;
  threshold: number;
  expected?: number | null;
  expected_range?: number[] | null;
  surprise?: number | null;
  unique_authors?: number | null;
  unique_clusters?: number | null;
  negative_share?: number | null;
  negative_share_range?: number[] | null;
  priority?: number | null;
  delayed?: boolean;
  reasons: { code: string; text: Both; value: number }[];
  first_post?: Post | null;
  top_posts?: Post[];
  /** Words that are said more than before, as people write them. */
  terms: string[];
  /** The same for a screen that anybody can see; `null` if they are the same. */
  public_terms?: string[] | null;
  networks: Record<string, number>;
  languages: Record<string, number>;
  similar: { id: string; started_at: string; duration_seconds: number; peak: number; terms: string[] }[];
  /** Who took it on. */
  acknowledged?: { by: string; at: string; note: string | null } | null;
  dedup_key?: string;
  url?: null;
}

export interface Said {
  typology: string | null;
  category: string | null;
  subcategory: string | null;
  section: string | null;
}
export interface Answer {
  since: string;
  at: string;
  seconds: number;
  agent: string | null;
}
export interface Closing {
  at: string;
  end: 'private' | 'abandoned' | 'answered' | 'expired' | 'resolved';
  scenario: string | null;
  settled_at: string;
}
/** A customer's matter, without any text of a post or a note: `GET /v1/incidents/{id}` has these. */
export interface Matter {
  id: string;
  brand: string;
  network: string;
  post_id: string;
  handle: string;
  followers: number | null;
  state: 'new' | 'waiting_brand' | 'waiting_customer' | 'private' | 'abandoned' | 'answered' | 'expired' | 'resolved' | 'merged';
  open: boolean;
  origin: 'direct' | 'active' | 'outbound';
  cause: 'mention_or_reply' | 'topic' | 'answered_by_us' | 'outbound';
  bystander: boolean;
  opened_at: string;
  last_activity: string;
  waiting_since: string | null;
  deadline: string | null;
  first_answer: Answer | null;
  next_answers: number;
  customer_posts: number;
  our_posts: number;
  our_turns: number;
  settled_at: string | null;
  closing: Closing | null;
  closings: number;
  reopened: number;
  relinked: number;
  previous: string | null;
  merged_into: string | null;
  typology: string | null;
  category: string | null;
  subcategory: string | null;
  section: string | null;
  said: Said;
  intent: string | null;
  blocked: boolean;
  role: string | null;
  tone_before: number | null;
  tone_after: number | null;
  assignee: string | null;
  agents: string[];
  signed_posts: number;
  notes: number;
  contact_privately: string | null;
  private_posts: number;
  private_notices: number;
  promised_at: string | null;
}
/** A matter is not what it was. */
export interface Incident {
  type: 'incident';
  seq: number;
  id: string;
  /** Grows by one with every change of this matter. */
  version: number;
  why: 'post' | 'act' | 'time' | 'gone';
  /** The agent, for `act`. */
  actor: string | null;
  at: string;
  /** `null` once it is gone. */
  incident: Matter | null;
}

export type WindowName = '1m' | '5m' | '15m' | '1h' | '24h';
export interface Tallied {
  mentions: number;
  reposts: number;
  authors: number;
}
export interface Brand {
  name: string;
  level: Level;
  recovering: boolean;
}
/** The latest counts of a topic: at most one object in a second. */
export interface Windows extends Standing {
  type: 'windows';
  topic: string;
  at: string;
  windows: Record<WindowName, Tallied>;
  expected: number | null;
  surprise: number | null;
  brand: Brand | null;
}

export interface Addend {
  code: string;
  value: number;
}
/** Best effort: a second one with the same `key` replaces the first. */
export interface Mention {
  type: 'mention';
  /** Mentions lost before this one. */
  dropped?: number;
  key: string;
  post: Post;
  topics: { topic: string; origin: 'direct' | 'active'; priority: number; reasons: Addend[] }[];
  priority: number;
  reasons: Addend[];
  /** The posts that say the same, this one among them; how fast they grow is `null` if they do not. */
  cluster: { id: string; posts: number; authors: number; per_minute?: number | null; doubling_minutes?: number | null };
  source: string;
  late: boolean;
}

/** The post is gone and must vanish from every screen. */
export interface Deleted {
  type: 'deleted';
  key: string;
  network: string | null;
  id: string;
}

/** Beats every 5 s. */
export interface Status {
  type: 'status';
  at: string;
  /** Alerts and changes of incidents up to this one were sent to this client or filtered out. */
  seq: number;
  sources: {
    name: string;
    connected: boolean;
    finished: boolean;
    last_data: string | null;
    age_seconds: number | null;
    problem: string | null;
  }[];
}

/** What this client was too far behind to get, of one channel: of the other, what lies between may still come. */
export interface Gap {
  type: 'gap';
  channel: 'alerts' | 'incidents';
  from: number;
  /** Included. */
  to: number;
  reason: 'evicted';
}

/** What the client says. Members that are absent stay as they are; an empty list of topics is all topics. */
export interface Subscribe {
  type: 'subscribe';
  channels?: Channel[];
  topics?: string[];
  min_severity?: Severity;
  min_priority?: number;
}
export interface Subscribed {
  type: 'subscribed';
  channels: Channel[];
  /** `null` is all. */
  topics: string[] | null;
  min_severity: Severity;
  min_priority: number;
}
/** What the client said was not understood, and nothing changed. */
export interface Refused {
  type: 'error';
  code: string;
  message: Both;
}

export type Frame = Hello | Alert | Incident | Windows | Mention | Deleted | Status | Gap | Subscribed | Refused;
