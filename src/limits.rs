//! Every bound of the engine as a named constant, with the relations between them asserted.
//! Sizes are bytes, times are microseconds unless the name says otherwise.

use crate::time::{HOUR, MINUTE, SECOND};

/// A buffer is handed to a lane at this size at the latest.
pub const BUFFER_BYTES: usize = 256 * 1024;
/// A frame (a line, a WebSocket message) above this is refused; one above `BUFFER_BYTES` travels alone.
pub const FRAME_BYTES: usize = 1024 * 1024;
/// Buffers in flight between the intake and the tally; the tally's reorder window is as long.
pub const BUFFERS_IN_FLIGHT: usize = 64;
/// Bytes asked for in one read of a TCP connection.
pub const TCP_READ_BYTES: usize = 16 * 1024;
/// Bytes that one TCP connection gathers while the engine is busy.
pub const TCP_BUFFER_BYTES: usize = 64 * 1024;
/// TCP connections of one source; more wait unaccepted.
pub const TCP_CONNECTIONS: usize = 1024;
/// TCP connections of one source that may hold an unfinished line longer than `TCP_READ_BYTES`.
pub const TCP_LONG_LINES: usize = 32;
/// Base-two logarithm of the window a zstd stream may ask for (RFC 9659: 8 MiB).
pub const ZSTD_WINDOW_LOG: u32 = 23;
/// A zstd dictionary.
pub const DICTIONARY_BYTES: usize = 1024 * 1024;
/// A WebSocket message above this ends its connection; one above `FRAME_BYTES` is refused alone.
pub const MESSAGE_BYTES: usize = 4 * FRAME_BYTES;
/// Events remembered to drop the overlap of two connections; twice as many at most.
pub const OVERLAP_EVENTS: usize = 128 * 1024;
/// Messages without a position after which a stream is taken for garbage.
pub const GARBAGE_RUN: u32 = 1000;
/// Nested arrays and objects of one JSON frame.
pub const JSON_DEPTH: usize = 64;
/// Posts in one frame (an X v2 page holds up to 100).
pub const POSTS_PER_FRAME: usize = 1000;
/// Texts and profiles that the posts of one frame may hold together: what they refer to is shared.
pub const PAGE_BYTES: usize = 16 * 1024 * 1024;
/// Text of one post that is matched and shown; the rest is cut at a character.
pub const TEXT_BYTES: usize = 64 * 1024;
/// Id of a post or an account.
pub const ID_BYTES: usize = 512;
/// Any other string of one post (a name, a title, a link); the rest is cut at a character.
pub const FIELD_BYTES: usize = 4096;
/// Links kept of one post.
pub const LINKS: usize = 32;
/// Mentioned accounts kept of one post.
pub const MENTIONS: usize = 64;

/// A post this far after the moment it was seen is refused.
pub const FUTURE: i64 = 10 * MINUTE;
/// Default lateness of the watermark.
pub const LATENESS: i64 = MINUTE;
/// A source without data for this long no longer holds the watermark back.
pub const SOURCE_IDLE: i64 = 5 * SECOND;
/// Default horizon in which a post id is known to be a duplicate.
pub const DEDUPE: i64 = 24 * HOUR;
/// Ids remembered at most within the horizon.
pub const DEDUPE_IDS: usize = 8 * 1024 * 1024;
/// What remembering one id may cost, in bytes; `seen` asserts that it does not cost more.
pub const DEDUPE_ID_BYTES: usize = 20;
/// Entries of any map with a horizon at most: numbers of 23 bits tell them apart. A power of two.
pub const REMEMBERED: usize = 8 * 1024 * 1024;
/// Posts older than this (against the watermark) are counted late and enter no live window.
pub const PANES_MINUTES: usize = 26 * 60;
/// What the pane of one minute may cost, in bytes, and 8 more for each network after its first.
pub const PANE_BYTES: usize = 40;
/// The panes of one topic at most: each minute of `PANES_MINUTES` and of those that a post may be ahead,
/// with all networks, in a queue that may be half empty.
pub const PANES_BYTES: usize = 2 * (PANES_MINUTES + 12) * (PANE_BYTES + 8 * NETWORKS);
/// What a set of different members may cost, in bytes.
pub const DISTINCT_BYTES: usize = 4352;
/// The sets of authors of one topic at most: five windows, the minutes of an hour and those that a post
/// may be ahead, and the hours of a day.
pub const AUTHOR_SETS_BYTES: usize = (5 + 60 + 12 + 24 + 2) * DISTINCT_BYTES;
/// Different members a set remembers one by one; above, it becomes an estimate.
pub const DISTINCT_EXACT: usize = 512;
/// A bucket from which a source was missing for so long is doubtful: a fifth of it.
pub const SOURCE_MISSED: i64 = MINUTE;
/// A source that is down for longer is no part of what is usual any more.
pub const SOURCE_FORGOTTEN: i64 = 24 * HOUR;
/// A look at an open bucket tells nobody of fewer different authors: a handful of posts can wait.
pub const LOOK_VOICES: u64 = 5;
/// Event time may pass without data for this long and still counts as listened to.
pub const LISTENED_GAP: i64 = 24 * HOUR;
/// Topics whose five minutes one beat closes: what thousands have at the same moment is spread over the next
/// seconds. One costs about 7 µs.
pub const CLOSED: usize = 2048;
/// Topics whose windows one beat tells of; the next beat goes on with the others.
pub const VISITED: usize = 4096;
/// Stretches of event time that were listened to; beyond, the two oldest become one.
pub const LISTENED_SPANS: usize = 1024;
/// Authors of mentions remembered to tell who writes again.
pub const AUTHORS: usize = 1024 * 1024;
/// What remembering one author may cost, in bytes; `tally::authors` asserts that it does not cost more.
pub const AUTHOR_BYTES: usize = 64;
/// A cluster of near-duplicates without a new post for this long is forgotten.
pub const CLUSTER_HORIZON: i64 = 24 * HOUR;
/// Clusters remembered at most.
pub const CLUSTERS: usize = 65_536;
/// Bytes of all clusters, which also bounds how many there are.
pub const CLUSTERS_BYTES: usize = 64 * 1024 * 1024;
/// Different words of a text that near-duplicates are measured by; of a longer one, a sample.
pub const CLUSTER_WORDS: usize = 64;
/// Minutes by which it is told how fast a cluster grows, the running one included.
pub const PACE_MINUTES: usize = 11;
/// Clusters, the latest, that one piece of text leads to.
pub const CLUSTER_CHAIN: usize = 16;
/// Networks told apart in the counts of a topic; further ones are counted as `other`.
pub const NETWORKS: usize = 64;
/// Own posts kept per topic, newest first to stay.
pub const ANSWERS: usize = 16;
/// Alerts that fire at the same time.
pub const ALERTS_OPEN: usize = 4096;
/// Alerts that are over and can still be read.
pub const ALERTS_RESOLVED: usize = 4096;
/// Alerts that routing knows of: what it decided about them can be asked for.
pub const ALERTS_ROUTED: usize = ALERTS_OPEN + ALERTS_RESOLVED;
/// Decisions remembered of one alert.
pub const DECISIONS: usize = 64;
/// Silences at once.
pub const SILENCES: usize = 1000;
/// Body of a request that is short by nature.
pub const SMALL_BODY_BYTES: usize = 64 * 1024;
/// Characters of a note or a reason that a person gives.
pub const NOTE_CHARS: usize = 1000;
/// Names that one label of a silence may list.
pub const SILENCE_VALUES: usize = 1000;
/// Notifications that wait for one target; more are dead letters at once.
pub const OUTBOX: usize = 1024;
/// Notifications that were given up and can still be seen and sent again; beyond, the oldest go.
pub const DEAD_LETTERS: usize = 1024;
/// A notification is tried again for so long.
pub const DELIVERY_DEADLINE: i64 = 24 * HOUR;
/// Mentions looked through, newest first, for the posts an alert shows.
pub const ALERT_SCAN: usize = 8192;
/// Posts an alert shows at most.
pub const ALERT_POSTS: usize = 3;
/// Words an alert shows at most.
pub const ALERT_TERMS: usize = 8;
/// Different texts that are read for these words, the latest of those in question and of those they are
/// compared with.
pub const TERM_TEXTS: usize = 512;
/// Bytes of one text that are read for them.
pub const TERM_TEXT_BYTES: usize = 4096;
/// Topics of one crisis that its alert lists; those beyond have their part in it all the same.
pub const ALERT_TOPICS: usize = 64;
/// Alerts of the past that an alert names.
pub const ALERT_SIMILAR: usize = 3;
/// Mentions in one bucket that are believed; more is counted as this many.
pub const BUCKET_MENTIONS: f64 = 1e12;
/// Alerts in the budget of one detector.
pub const BUDGET_ALERTS: u32 = 100;
/// Days over which a budget reaches; a detector keeps the peaks of so long.
pub const BUDGET_DAYS: u32 = 56;

/// One pane of the shares of voice.
pub const SHARE_PANE: i64 = 15 * MINUTE;
/// Panes of shares that are kept: a window of seven days, the one before it, and a day for late posts.
pub const SHARE_PANES: usize = 15 * 96;
/// What the counts of one brand in one pane may cost, in bytes.
pub const SHARE_CELL_BYTES: usize = 120;
/// Groups of brands in one process.
pub const GROUPS: usize = 16;
/// Brands of one group.
pub const GROUP_BRANDS: usize = 32;
/// The counts of one group at most: every brand in every pane, those of a post that is ahead included.
pub const GROUP_BYTES: usize = (2 * SHARE_PANES + 4) * 32 + (SHARE_PANES + 2) * GROUP_BRANDS * SHARE_CELL_BYTES;
/// Clusters remembered for brands of groups, to count each once.
pub const SHARE_CLUSTERS: usize = 256 * 1024;
/// Mentions of brands of groups that wait for a reply, and replies that wait for theirs.
pub const SHARE_WAITING: usize = 512 * 1024;
/// What remembering these clusters and mentions may cost together, in bytes.
pub const SHARE_NOTES_BYTES: usize = 20 * 1024 * 1024;
/// How long they wait.
pub const SHARE_WAIT: i64 = 8 * 24 * HOUR;
/// Publications of one brand's own accounts whose reactions are kept.
pub const PUBLICATIONS: usize = 4096;

/// Characters (code points) of one query.
pub const QUERY_CHARS: usize = 4096;
/// Leaves of one query.
pub const QUERY_LEAVES: usize = 256;
/// Nesting of one query.
pub const QUERY_DEPTH: usize = 32;
/// Wildcards in one query.
pub const QUERY_WILDCARDS: usize = 20;
/// Tokens of a text that NEAR and `~N` look at in the slow evaluator, and states it follows from one start
/// of a `~N` whose operands are longer than a token.
pub const EXPLAIN_STEPS: usize = 1 << 16;
/// Largest distance of NEAR and `~N`.
pub const NEAR_DISTANCE: u32 = 50;
/// Combinations of places that are tried in one text for a `~N` over so many operands, of more than one
/// word, that not all can be followed.
pub const PROXIMITY_STEPS: usize = 65_536;
/// Queries in one process.
pub const QUERIES: usize = 250_000;

/// A configuration file.
pub const CONFIG_BYTES: u64 = 64 * 1024 * 1024;
/// A file of counts, unpacked.
pub const COUNTS_BYTES: u64 = 256 * 1024 * 1024;
/// Refused rows of a file of counts that are shown one by one.
pub const REFUSED_SHOWN: usize = 100;
/// Problems of a file that are shown.
pub const PROBLEMS_SHOWN: usize = 1000;
/// Names that a mistyped one is compared with.
pub const NEAREST_NAMES: usize = 2000;
/// Characters of a name in the configuration; names become metric labels.
pub const NAME_CHARS: usize = 100;
/// Lane threads.
pub const LANES: usize = 64;
/// Topics in one process.
pub const TOPICS: usize = 50_000;
/// Names of topics that ever were listened to in one process: their numbers are never used again.
pub const TOPICS_EVER: usize = 2 * TOPICS;
/// Characters of the tag of a query.
pub const TAG_CHARS: usize = 255;
/// Lists of terms in one process.
pub const LISTS: usize = 10_000;
/// Terms of all lists together.
pub const LIST_TERMS: usize = 250_000;
/// Names of a cycle of rules that are told; of a longer one the middle is left out.
pub const CYCLE_NAMES: usize = 32;
/// Sources in one process.
pub const SOURCES: usize = 1000;

/// Bytes of the feed that clients can still read, without their frames.
pub const FEED_BYTES: usize = 32 * 1024 * 1024;
/// Frames of the feed that are kept for the next reader; older ones are encoded when they are read.
pub const FEED_FRAME_BYTES: usize = 16 * 1024 * 1024;
/// Microseconds that the store keeps alerts by default: 90 days.
pub const STORE_RETENTION: i64 = 90 * 24 * 3_600_000_000;
/// Bytes of alerts that the store keeps by default.
pub const STORE_BYTES: u64 = 1 << 30;
/// Alert transitions and changes that wait at most for a store without room.
pub const STORE_HELD: usize = 16_384;
/// Bytes of what the tally did that become durable at once.
pub const JOURNAL_ROW: usize = 4 * 1024 * 1024;
/// Bytes of it that wait at most for a store without room; beyond, the whole state is written once there is some.
pub const JOURNAL_HELD: usize = 64 * 1024 * 1024;
/// A snapshot is made once the journal has so many bytes by default, and more than the snapshot before it,
pub const JOURNAL_LEAST: u64 = 16 * 1024 * 1024;
/// or so many rows,
pub const JOURNAL_ROWS: u64 = 20_000;
/// or the text of a post that was deleted so long ago.
pub const JOURNAL_FORGETS: std::time::Duration = std::time::Duration::from_secs(10 * 60);
/// Ids of alerts that are kept no more and are not given again.
pub const ALERT_IDS: usize = 65_536;
/// Transitions that one page of alerts from the store looks at.
pub const STORE_LOOKED: usize = 4096;
/// Bytes of them after which such a page ends.
pub const STORE_PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Entries of the feed that clients can still read.
pub const FEED_ENTRIES: usize = 65_536;
/// Changes of customers' matters that clients can still read, in the feed and in the store: beside the alerts, so that
/// a busy day of them costs none.
pub const FEED_INCIDENTS: usize = 32_768;
/// Bytes of recent mentions kept for `GET /v1/mentions` by default.
pub const RECENT_BYTES: usize = 256 * 1024 * 1024;
/// Bytes of raw input kept by default, for queries to be tried against.
pub const RECALL_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of raw input that one try looks through at most, latest first.
pub const TRY_BYTES: usize = 256 * 1024 * 1024;
/// A try ends after this time with what it has, in microseconds.
pub const TRY_TIME: i64 = 10 * SECOND;
/// Minutes of the past that a try can ask for.
pub const TRY_MINUTES: u64 = 24 * 60;
/// Posts that a try shows.
pub const TRY_SAMPLES: usize = 100;
/// Places of terms that a try shows in one post.
pub const LEAVES_SHOWN: usize = 256;
/// Hours of posts that a try tells apart; what is older is in its totals only.
pub const TRY_HOURS: usize = 8 * 24;
/// A body of `POST /v1/query/check` and `POST /v1/query/try`.
pub const QUERY_BODY_BYTES: usize = 64 * 1024;
/// Topics of one page of `GET /v1/topics?queries=true`.
pub const TOPICS_SHOWN: usize = 100;
/// Queries of one topic that are shown there.
pub const QUERIES_SHOWN: usize = 1000;
/// Recent mentions looked at for one question of a reader, who then asks on.
pub const MENTIONS_SCAN: usize = 4096;
/// Unread bytes after which a stream client is closed as too slow.
pub const CLIENT_BACKLOG_BYTES: usize = 16 * 1024 * 1024;
/// A client that reads nothing of what waits for it for so long is closed.
pub const CLIENT_STALL: i64 = 30 * SECOND;
/// Bytes of a download that are made at once, and one row; the rest waits until they are read.
pub const DOWNLOAD_BYTES: usize = 64 * 1024;
/// Clients that may join a live stream in a second, in the long run ...
pub const STREAM_JOINS: u32 = 1000;
/// ... and at once, after a quiet time.
pub const STREAM_JOINS_AT_ONCE: u32 = 1000;
/// Milliseconds over which clients that lost their stream are told to come back, at most.
pub const RECONNECT_WINDOW_MS: u64 = 15_000;
/// Open HTTP connections.
pub const CONNECTIONS: usize = 12_000;
/// Open files that may be needed: all connections of clients, those of a source, and some for the rest.
pub const DESCRIPTORS: usize = CONNECTIONS + TCP_CONNECTIONS + 256;
/// A body of `POST /v1/posts`, after decompression.
pub const BODY_BYTES: usize = 16 * 1024 * 1024;
/// All bodies that are being read or unpacked together.
pub const BODIES_BYTES: usize = 256 * 1024 * 1024;

/// Notifiers in one process.
pub const NOTIFIERS: usize = 100;
/// Redirects that one attempt of a notifier follows.
pub const NOTIFY_REDIRECTS: usize = 3;
/// Bytes of an answer that a notifier reads.
pub const NOTIFY_ANSWER_BYTES: usize = 4 * 1024;
/// Characters of an answer that are told.
pub const NOTIFY_SAID_CHARS: usize = 200;
/// Longest wait that a target can ask for.
pub const NOTIFY_AFTER: i64 = 24 * HOUR;
/// Secrets that sign at once.
pub const NOTIFY_SECRETS: usize = 4;
/// A target that forgets what it is not told again is told of an alert that goes on this often.
pub const NOTIFY_AGAIN: i64 = MINUTE;
/// A firing alert is said to stand for so long after it was told: many times `NOTIFY_AGAIN`, since tries fail
/// and a rate may hold them back.
pub const NOTIFY_STANDS: i64 = HOUR;
/// Characters of a post that a message for people quotes.
pub const NOTIFY_QUOTE_CHARS: usize = 280;

/// Posts that are followed upwards or downwards along a chain of answers.
pub const REPLY_CHAIN: usize = 1000;
/// Answers to later turns of one matter that are remembered one by one.
pub const ANSWERS_KEPT: usize = 256;
/// Deleted posts that are remembered, so that a create that comes late is none.
pub const DEAD_POSTS: usize = 1 << 20;
/// Posts by which what an agent does finds its matter again.
pub const ACT_POSTS: usize = 16;
/// Notes of agents on one matter.
pub const NOTES_KEPT: usize = 256;
/// People who answered each other that are let go of at once; more stay.
pub const LEAVE_TOGETHER: usize = 4096;
/// Posts kept by default for the matters of customers.
pub const CARE_POSTS: usize = 1_000_000;
/// People of ours who signed in one matter that are remembered.
pub const AGENTS_KEPT: usize = 64;
/// Playbooks.
pub const PLAYBOOKS: usize = 500;
/// Steps of a playbook, and its templates in one language.
pub const PLAYBOOK_TEXTS: usize = 20;
/// Characters of each.
pub const PLAYBOOK_CHARS: usize = 2000;
/// Other matters of a customer that are shown beside one, of those open and of those that are over.
pub const PERSON_MATTERS: usize = 10;
/// What agents did that one answer lists.
pub const ACTS_SHOWN: usize = 1000;
/// Letters of a signature at most.
pub const SIGNATURE_CHARS: usize = 20;
/// Sections that had one matter before the present one that are remembered; beyond, the last one stands for all.
pub const SECTIONS_KEPT: usize = 64;

const _: () = {
    assert!(BUFFER_BYTES <= FRAME_BYTES);
    assert!(TCP_READ_BYTES <= TCP_BUFFER_BYTES && TCP_BUFFER_BYTES <= BUFFER_BYTES);
    assert!(FRAME_BYTES < MESSAGE_BYTES);
    assert!(TEXT_BYTES < FRAME_BYTES);
    assert!(FRAME_BYTES <= BODY_BYTES);
    assert!(QUERY_CHARS * 12 < QUERY_BODY_BYTES, "a query fits, however JSON escapes it");
    assert!(TOPICS <= TOPICS_EVER);
    assert!(2 * BODY_BYTES <= BODIES_BYTES, "one body may be there packed and unpacked");
    assert!(QUERIES < 1 << 31, "one bit of a query's number is spare");
    assert!(LATENESS < FUTURE);
    assert!(REMEMBERED.is_power_of_two() && DEDUPE_IDS <= REMEMBERED && AUTHORS <= REMEMBERED);
    assert!(DEDUPE_IDS * DEDUPE_ID_BYTES + AUTHORS * AUTHOR_BYTES <= 256 * 1024 * 1024, "a day of ids and authors");
    assert!(PANES_MINUTES as i64 * MINUTE > DEDUPE);
    assert!(FUTURE < SHARE_PANE, "a post is one pane ahead at most");
    assert!(GROUP_BRANDS <= 32, "members of a group are bits");
    assert!(GROUPS * GROUP_BYTES <= 96 * 1024 * 1024, "two weeks of all groups");
    assert!(SHARE_CLUSTERS <= REMEMBERED && SHARE_WAITING <= REMEMBERED);
    assert!(CLUSTERS < u32::MAX as usize, "a cluster's place is 32 bits");
    assert!(NETWORKS <= u8::MAX as usize, "a network's number is 8 bits");
    assert!(CONNECTIONS as u64 * 1000 < STREAM_JOINS as u64 * RECONNECT_WINDOW_MS, "all clients can join within the window");
    assert!(BODY_BYTES < u32::MAX as usize, "spans are 32 bits");
};
