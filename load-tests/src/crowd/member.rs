//! One client of a crowd.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use escucha::prng::Prng;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::socket::{self, Read, Socket};
use super::{Phase, Shared, Tale};
use crate::Fault;
use crate::flow::number_of;
use crate::frames::micros_now;
use crate::pace::Pace;

/// Addresses that clients come from: one alone has too few ports for many that come again and again.
const SOURCES: usize = 8;
/// The longest a client waits before it tries again, and the least that this can grow to.
const CAP: Duration = Duration::from_secs(15);
const BASE: Duration = Duration::from_secs(1);
/// Attempts before it gives up.
const ATTEMPTS: u32 = 60;
/// One attempt.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where it goes on, and when.
#[derive(Debug, Default)]
struct Place {
    epoch: Option<String>,
    /// The last alert it has.
    seq: u64,
    /// What it was told to wait, and the window that was drawn from.
    after: Duration,
    window: Duration,
}

/// What came of an attempt.
enum Attempt {
    Open(Socket),
    /// Told to come back after so long.
    Later(Duration),
    Unanswered,
}

/// Joins, says so, and stays until all is over.
pub async fn stay(
    shared: Arc<Shared>,
    number: usize,
    mut phase: watch::Receiver<Phase>,
    joined: mpsc::UnboundedSender<()>,
) -> Result<Tale, Fault> {
    let mut prng = Prng::new(number as u64);
    let (mut place, mut tale, mut failures) = (Place::default(), Tale::default(), 0);
    let mut joined = Some(joined);
    while failures < ATTEMPTS {
        let wait = match connect(&shared, number, &place).await? {
            Attempt::Open(mut socket) => {
                failures = 0;
                let ended = follow(&shared, &mut socket, &mut place, &mut tale, &mut phase, &mut joined).await;
                if ended? == Ended::Over {
                    tale.last = place.seq;
                    return Ok(tale);
                }
                shared.lost.fetch_add(1, Relaxed);
                place.after
            }
            Attempt::Later(wait) => {
                shared.turned_away.fetch_add(1, Relaxed);
                wait + BASE.mul_f64(prng.unit())
            }
            Attempt::Unanswered => {
                shared.unanswered.fetch_add(1, Relaxed);
                back_off(place.window, failures, prng.unit())
            }
        };
        failures += 1;
        let over = async { phase.wait_for(|phase| *phase == Phase::Over).await.is_ok() };
        if tokio::time::timeout(wait, over).await.is_ok() {
            return Err("it was over while a client was away".into());
        }
    }
    Err(format!("gave up after {ATTEMPTS} attempts").into())
}

/// Full jitter after the cap, so that clients that have all reached it stay apart; `unit` is drawn from [0, 1).
fn back_off(window: Duration, failures: u32, unit: f64) -> Duration {
    window.max(BASE).saturating_mul(1 << failures.min(10)).min(CAP).mul_f64(unit)
}

async fn connect(shared: &Shared, number: usize, place: &Place) -> Result<Attempt, Fault> {
    let from = Ipv4Addr::new(127, 0, 0, 2 + (number % SOURCES) as u8);
    let cursor = place.epoch.as_ref().map(|epoch| format!("&since={}&epoch={epoch}", place.seq)).unwrap_or_default();
    let path = format!("{}{cursor}", shared.path);
    match tokio::time::timeout(PATIENCE, Socket::open(from.into(), shared.address, &path)).await {
        Ok(Ok(socket::Attempt::Open(socket))) => Ok(Attempt::Open(socket)),
        Ok(Ok(socket::Attempt::Refused(503, after))) => Ok(Attempt::Later(after.ok_or("a 503 without Retry-After")?)),
        Ok(Ok(socket::Attempt::Refused(status, _))) => Err(format!("a client was answered {status}").into()),
        Ok(Err(_)) | Err(_) => Ok(Attempt::Unanswered),
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    Over,
    Lost,
}

/// Reads one stream to its end. It has joined with the first frame.
async fn follow(
    shared: &Shared,
    socket: &mut Socket,
    place: &mut Place,
    tale: &mut Tale,
    phase: &mut watch::Receiver<Phase>,
    joined: &mut Option<mpsc::UnboundedSender<()>>,
) -> Result<Ended, Fault> {
    let mut pace = pace_of(shared, phase);
    // A server that greets nobody is joined at once.
    let mut open = Open::default();
    if !shared.path.contains("/v1/") {
        open.now(shared);
        tell(joined);
    }
    loop {
        let (mut greeted, mut ended) = (false, Ended::Over);
        tokio::select! {
            read = socket.read(|text| heard(shared, text, place, tale, pace, &mut greeted)) => match read {
                Ok(Read::More) => {
                    if greeted {
                        open.now(shared);
                        tell(joined);
                    }
                    continue;
                }
                Ok(Read::Closed(reason)) => {
                    parting(&reason, place);
                    ended = Ended::Lost;
                }
                // A server that was killed says nothing.
                Err(_) => ended = Ended::Lost,
            },
            changed = phase.changed() => {
                changed?;
                if *phase.borrow() != Phase::Over {
                    pace = pace_of(shared, phase);
                    continue;
                }
            }
        }
        return Ok(ended);
    }

    fn pace_of(shared: &Shared, phase: &watch::Receiver<Phase>) -> Option<Pace> {
        let pace = *shared.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.filter(|_| *phase.borrow() == Phase::Measuring)
    }

    /// Counts one open stream while it lives.
    #[derive(Default)]
    struct Open<'a>(Option<&'a Shared>);
    impl<'a> Open<'a> {
        fn now(&mut self, shared: &'a Shared) {
            shared.open.fetch_add(1, Relaxed);
            self.0 = Some(shared);
        }
    }
    impl Drop for Open<'_> {
        fn drop(&mut self) {
            if let Some(shared) = self.0 {
                shared.open.fetch_sub(1, Relaxed);
            }
        }
    }
}

/// Says once that it has joined; whoever waits for it may be gone.
fn tell(joined: &mut Option<mpsc::UnboundedSender<()>>) {
    if let Some(joined) = joined.take() {
        let _ = joined.send(());
    }
}

/// Takes one frame in.
fn heard(shared: &Shared, text: &str, place: &mut Place, tale: &mut Tale, pace: Option<Pace>, greeted: &mut bool) -> Result<(), Fault> {
    tale.frames += 1;
    match read(text)? {
        Frame::Alert { seq, id } => alert(shared, seq, &id, place, tale, pace),
        Frame::Hello(frame) => {
            *greeted = true;
            return hello(shared, &frame, place);
        }
        Frame::Gap => tale.gaps += 1,
        Frame::Other => {}
    }
    Ok(())
}

/// What a frame is to a client.
enum Frame<'a> {
    Alert { seq: u64, id: Cow<'a, str> },
    Hello(Value),
    Gap,
    Other,
}

/// Almost all frames begin with their type and alerts have number and id next, so that they need not be parsed;
/// what the store changed of an alert has its members in another order.
fn read(text: &str) -> Result<Frame<'_>, Fault> {
    if let Some(rest) = text.strip_prefix(r#"{"type":"alert","seq":"#)
        && let Some((seq, rest)) = rest.split_once(r#","id":""#)
        && let (Ok(seq), Some((id, _))) = (seq.parse(), rest.split_once('"'))
    {
        return Ok(Frame::Alert { seq, id: id.into() });
    }
    if text.starts_with(r#"{"type":"windows""#) || text.starts_with(r#"{"type":"status""#) || text.starts_with(r#"{"type":"mention""#) {
        return Ok(Frame::Other);
    }
    let frame: Value = serde_json::from_str(text)?;
    Ok(match frame["type"].as_str() {
        Some("alert") => Frame::Alert {
            seq: frame["seq"].as_u64().ok_or("an alert without seq")?,
            id: frame["id"].as_str().ok_or("an alert without id")?.to_owned().into(),
        },
        Some("hello") => Frame::Hello(frame),
        Some("gap") => Frame::Gap,
        _ => Frame::Other,
    })
}

/// Number after `key` in the text.
fn number(text: &str, key: &str) -> Option<u64> {
    let rest = text.split_once(key)?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn hello(shared: &Shared, hello: &Value, place: &mut Place) -> Result<(), Fault> {
    if place.epoch.is_none() {
        place.seq = hello["seq"].as_u64().ok_or("a hello without seq")?;
    } else if hello["recovered"] != true {
        shared.unrecovered.fetch_add(1, Relaxed);
    }
    place.epoch = Some(hello["epoch"].as_str().ok_or("a hello without epoch")?.to_owned());
    let ms = |key: &str| Duration::from_millis(hello["reconnect"][key].as_u64().unwrap_or_default()).min(CAP);
    (place.after, place.window) = (ms("after_ms"), ms("window_ms"));
    Ok(())
}

/// What the engine says when it stops is newer than what it said at the start.
fn parting(reason: &str, place: &mut Place) {
    let ms = |key| number(reason, key).map(|ms| Duration::from_millis(ms).min(CAP));
    if let (Some(after), Some(window)) = (ms("after_ms="), ms("window_ms=")) {
        (place.after, place.window) = (after, window);
    }
}

fn alert(shared: &Shared, seq: u64, id: &str, place: &mut Place, tale: &mut Tale, pace: Option<Pace>) {
    tale.alerts += 1;
    let expected = place.seq + 1;
    if seq != expected {
        tale.missing += seq.abs_diff(expected).max(1);
    }
    place.seq = seq;
    shared.read.fetch_add(1, Relaxed);
    shared.head.fetch_max(seq, Relaxed);
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let hash = hasher.finish().max(1);
    if let Some(told) = shared.told.get(seq as usize)
        && told.compare_exchange(0, hash, Relaxed, Relaxed).is_err_and(|first| first != hash)
    {
        shared.changed.fetch_add(1, Relaxed);
    }
    if let Some(pace) = pace
        && let Some(n) = number_of(id)
    {
        let late = micros_now().saturating_sub(pace.due_at(n));
        tale.late.push(u32::try_from(late).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_comes_after_the_cap() {
        let s = Duration::from_secs;
        for (window, failures, unit, want) in
            [(s(0), 0, 0.5, s(1) / 2), (s(0), 2, 0.5, s(2)), (s(0), 30, 0.5, s(15) / 2), (s(15), 0, 0.0, s(0)), (s(15), 9, 0.8, s(12))]
        {
            assert_eq!(back_off(window, failures, unit), want, "{window:?} {failures}");
        }
    }

    #[test]
    fn an_alert_is_found_whatever_the_order_of_its_members() {
        let alert = serde_json::json!({"type": "alert", "seq": 7, "id": "each/flow/p-3", "status": "resolved"});
        for text in [r#"{"type":"alert","seq":7,"id":"each/flow/p-3","status":"firing"}"#, &alert.to_string()] {
            match read(text).expect("a frame") {
                Frame::Alert { seq, id } => assert_eq!((seq, &*id), (7, "each/flow/p-3"), "{text}"),
                _ => panic!("{text}"),
            }
        }
        assert!(matches!(read(r#"{"type":"gap","channel":"alerts"}"#), Ok(Frame::Gap)));
        assert!(matches!(read(r#"{"dropped":3,"type":"mention"}"#), Ok(Frame::Other)));
        assert!(read("{").is_err());
    }

    #[test]
    fn the_close_tells_when_to_come_back() {
        let mut place = Place { after: CAP, window: CAP, ..Place::default() };
        for (reason, after, window) in [
            ("client_too_slow", 15_000, 15_000),
            ("service_restart; after_ms=77; window_ms=900", 77, 900),
            ("service_restart", 77, 900),
            ("service_restart; after_ms=99999999; window_ms=99999999", 15_000, 15_000),
        ] {
            parting(reason, &mut place);
            assert_eq!((place.after.as_millis(), place.window.as_millis()), (after, window), "{reason}");
        }
    }
}
