//! The two things the source must know of an event: where it stands in the stream, and whether it
//! came before. Found by searching bytes, since the lanes decode.

use memchr::memmem;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::endpoint::Version;

/// What identifies one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// `time_us` or `seq`.
    pub position: u64,
    /// The same for the same event, however often it is sent.
    pub identity: u64,
}

/// Finds out about `message`; `None` for a notice or garbage, which have no position.
///
/// A key is found by its quotes, which text inside a JSON string cannot contain unescaped, and the
/// first of a name counts: both versions write theirs before anything users write.
pub fn read(version: Version, message: &[u8]) -> Option<Event> {
    match version {
        Version::V1 => Some(Event { position: number(message, b"\"time_us\"")?, identity: identity(message) }),
        Version::V2 => number(message, b"\"seq\"").map(|seq| Event { position: seq, identity: seq }),
    }
}

/// Of a commit: the repository, its revision and the record's path. Of anything else: every byte.
fn identity(message: &[u8]) -> u64 {
    let head = memmem::find(message, b"\"record\"").and_then(|end| message.get(..end)).unwrap_or(message);
    let mut hash = Xxh3Default::new();
    for key in [b"\"did\"".as_slice(), b"\"rev\"", b"\"operation\"", b"\"collection\"", b"\"rkey\""] {
        let Some(value) = string(head, key) else { return xxh3_64(message) };
        hash.update(value);
        hash.update(&[0]);
    }
    hash.digest()
}

/// What follows `key` and its colon.
fn value<'a>(message: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let after = message.get(memmem::find(message, key)? + key.len()..)?;
    Some(after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

fn number(message: &[u8], key: &[u8]) -> Option<u64> {
    let value = value(message, key)?;
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(value.get(..digits)?).ok()?.parse().ok()
}

fn string<'a>(message: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let value = value(message, key)?.strip_prefix(b"\"")?;
    value.get(..memchr::memchr(b'"', value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_are_found_where_they_belong() {
        for (version, message, want) in [
            (Version::V1, r#"{"did":"did:plc:a","time_us":1783175888085434,"kind":"commit"}"#, Some(1783175888085434)),
            (Version::V1, r#"{ "time_us" : 17 }"#, Some(17)),
            (Version::V1, r#"{"text":"\"time_us\":5","time_us":6}"#, Some(6)),
            (Version::V1, r#"{"time_us":"6"}"#, None),
            (Version::V1, r#"{"time_us":-6}"#, None),
            (Version::V1, r#"{"time_us":99999999999999999999999}"#, None),
            (Version::V1, r#"{"time_us"#, None),
            (Version::V2, r#"{"$type":"message","payload":{"$type":"x#identity","seq":9,"identity":{"seq":3}}}"#, Some(9)),
            (Version::V2, r#"{"$type":"message","payload":{"$type":"x#info","name":"OutdatedCursor"}}"#, None),
            (Version::V2, "", None),
        ] {
            assert_eq!(read(version, message.as_bytes()).map(|e| e.position), want, "{message}");
        }
    }

    #[test]
    fn the_same_event_has_the_same_identity_and_others_do_not() {
        let event = |did: &str, time: u32, rev: &str, rkey: &str, text: &str| {
            let json = format!(
                r#"{{"did":"{did}","time_us":{time},"kind":"commit","commit":{{"rev":"{rev}","operation":"create","collection":"c","rkey":"{rkey}","record":{{"text":"{text}"}}}}}}"#
            );
            read(Version::V1, json.as_bytes()).expect("an event").identity
        };
        let one = event("a", 1, "r", "k", "t");
        assert_eq!(one, event("a", 2, "r", "k", "t"), "a server may stamp a replayed event anew");
        for other in
            [event("b", 1, "r", "k", "t"), event("a", 1, "s", "k", "t"), event("a", 1, "r", "l", "t"), event("a", 1, "rk", "", "t")]
        {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_record_cannot_pose_as_another_event() {
        let before = |text: &str| {
            format!(
                r#"{{"commit":{{"record":{{"did":"a","rev":"b","operation":"c","collection":"d","rkey":"e","t":"{text}"}}}},"time_us":1}}"#
            )
        };
        assert_ne!(identity(before("x").as_bytes()), identity(before("y").as_bytes()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
            let mut message = br#"{"did":"a","time_us":1,"seq":2,"rev":"b","record":{}}"#.to_vec();
            message.splice(at.min(message.len())..at.min(message.len()), bytes);
            read(Version::V1, &message);
            read(Version::V2, &message);
        }
    }
}
