//! Sources against the outside as it is: files that move and break off, clients that misbehave.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use escucha::limits;
use escucha::sources::{self, Settings, Timing};
use escucha::time::{HOUR, ManualClock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::data;
use crate::probe::{Probe, lines, settings, system, timing};

fn text(lines: &[Vec<u8>]) -> String {
    String::from_utf8(lines.join(&b' ')).unwrap()
}

#[tokio::test]
async fn a_file_is_read_whole_however_it_is_packed() {
    let Some(bytes) = data::read("jetstream/events_2026-07-04.jsonl") else { return };
    let bytes = bytes.repeat(20);
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes[..bytes.len() / 2]).unwrap();
    let mut members = gzip.finish().unwrap();
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    second.write_all(&bytes[bytes.len() / 2..]).unwrap();
    members.extend(second.finish().unwrap());
    for (name, packed) in
        [("a.jsonl", bytes.clone()), ("a.jsonl.gz", members), ("a.jsonl.zst", zstd::encode_all(bytes.as_slice(), 1).unwrap())]
    {
        let path = folder.path().join(name);
        fs::write(&path, packed).unwrap();
        let (got, state) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
        assert!(got == lines(&bytes), "{name}: {} lines", got.len());
        assert!(state.finished && !state.connected && state.problem.is_none(), "{name}: {state:?}");
    }
}

#[tokio::test]
async fn a_broken_archive_gives_what_can_be_read_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all("{\"a\":1}\n".repeat(100).as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let (got, state) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
    assert!(got.len() > 40 && got[..40].iter().all(|line| line == b"{\"a\":1}"), "{}", got.len());
    assert!(state.finished && state.problem.is_some(), "{state:?}");
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_an_endless_line_is_one_line_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = [vec![b' '; 32 * limits::FRAME_BYTES], b"\n{\"a\":1}\n".to_vec()].concat();
    let path = folder.path().join("a.zst");
    fs::write(&path, zstd::encode_all(bomb.as_slice(), 1).unwrap()).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 10_000);
    let (got, _) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
    assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [limits::FRAME_BYTES + 1, 7]);
}

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_followed_file_may_come_late_grow_be_replaced_and_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut probe = Probe::start(Settings { path: path.clone(), follow: true, ..settings("file") }, system(), timing());
    probe.until("a look at nothing", |probe| !probe.state().connected).await;
    append(&path, "1\n2");
    probe.until_lines(1).await;
    append(&path, "2\n3\n");
    probe.until_lines(3).await;
    // Replaced, while the old one still gets a last line.
    let old = folder.path().join("log.1");
    fs::rename(&path, &old).unwrap();
    append(&old, "4\n");
    append(&path, "5     \n");
    probe.until_lines(5).await;
    // Cut and written anew, shorter than it was.
    fs::write(&path, "6\n7").unwrap();
    probe.until_lines(6).await;
    let (got, state) = probe.stop().await;
    assert_eq!(text(&got), "1 22 3 4 5      6", "the line that has begun is left in the file");
    assert!(!state.finished);
}

#[tokio::test]
async fn a_file_that_is_stopped_in_the_middle_gives_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let line = "0123456789".repeat(7);
    fs::write(&path, format!("{line}\n").repeat(200_000)).unwrap();
    let mut probe = Probe::start(Settings { path, ..settings("file") }, system(), timing());
    probe.until_lines(1).await;
    let (got, state) = probe.stop().await;
    assert!(got.iter().all(|l| l == line.as_bytes()) && !state.finished, "{state:?}");
}

#[tokio::test]
async fn a_named_pipe_is_read_and_does_not_hold_up_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut probe = Probe::start(Settings { path: path.clone(), ..settings("file") }, system(), timing());
    // Both ends, so that opening waits for nobody and the pipe never ends.
    let mut end = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    end.write_all(b"1\n2\n3").unwrap();
    probe.until_lines(2).await;
    assert_eq!(text(&probe.stop().await.0), "1 2");
    drop(end);
}

#[tokio::test]
async fn a_missing_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late");
    let mut probe = Probe::start(Settings { path: path.clone(), ..settings("file") }, system(), timing());
    probe.until("two failures", |probe| probe.state().reconnects >= 2).await;
    assert!(probe.state().problem.is_some_and(|problem| problem.contains("late")));
    append(&path, "1\n");
    assert_eq!(text(&probe.end().await.0), "1");
}

#[test]
fn every_type_tells_what_its_settings_lack() {
    for (kind, follow, path, problems) in [
        ("file", false, "", 1),
        ("file", true, "a.log", 0),
        ("file", true, "a.log.GZ", 1),
        ("stdin", false, "", 0),
        ("tcp", false, "", 1),
        ("http", false, "", 0),
        ("jetstream", false, "", 1),
    ] {
        let settings = Settings { follow, path: path.into(), ..settings(kind) };
        let found = (sources::spec(kind).unwrap().check)(&settings);
        assert_eq!(found.len(), problems, "{kind} {path}: {found:?}");
        assert!(found.iter().all(|both| both.es != both.en));
    }
}

#[tokio::test]
async fn a_source_that_is_pushed_to_waits_for_its_stop() {
    let mut probe = Probe::start(settings("http"), system(), timing());
    probe.until("its place", |probe| probe.state().connected).await;
    let (_, state) = probe.stop().await;
    assert!(!state.connected && !state.finished);
}

async fn tcp(timing: Timing) -> (Probe, std::net::SocketAddr) {
    let settings = Settings { bind: Some(([127, 0, 0, 1], 0).into()), ..settings("tcp") };
    let mut probe = Probe::start(settings, system(), timing);
    probe.until("a bound socket", |probe| probe.state().address.is_some()).await;
    let address = probe.state().address.unwrap();
    (probe, address)
}

#[tokio::test]
async fn many_connections_give_whole_lines_and_their_last_one_without_a_break() {
    let (mut probe, address) = tcp(timing()).await;
    let mut clients = Vec::new();
    for i in 0..20u32 {
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for j in 0..50u32 {
                let line = format!("{{\"client\":{i},\"line\":{j}}}{}", if j == 49 { "" } else { "\r\n" });
                let (head, tail) = line.split_at(j as usize % line.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                stream.write_all(tail.as_bytes()).await.unwrap();
            }
        }));
    }
    probe.until_lines(1000).await;
    let (mut got, _) = probe.stop().await;
    got.iter_mut().for_each(|line| line.truncate(line.trim_ascii_end().len()));
    got.sort();
    let mut want: Vec<Vec<u8>> =
        (0..20).flat_map(|i| (0..50).map(move |j| format!("{{\"client\":{i},\"line\":{j}}}").into_bytes())).collect();
    want.sort();
    assert!(got == want, "{} lines", got.len());
}

#[tokio::test]
async fn a_client_that_never_ends_its_line_is_cut_off_and_counted() {
    let (mut probe, address) = tcp(Timing { line: Duration::from_millis(20), ..timing() }).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"{\"never\":").await.unwrap();
    let mut good = TcpStream::connect(address).await.unwrap();
    good.write_all(b"{\"good\":1}\n").await.unwrap();
    probe.until_lines(2).await;
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    good.write_all(b"{\"good\":2}\n").await.unwrap();
    probe.until_lines(3).await;
    let (mut got, _) = probe.stop().await;
    got.sort();
    assert_eq!(text(&got), r#"{"good":1} {"good":2} {"never":"#);
}

#[tokio::test]
async fn a_client_that_was_idle_has_all_its_time_for_the_next_line() {
    let clock = Arc::new(ManualClock::default());
    let settings = Settings { bind: Some(([127, 0, 0, 1], 0).into()), ..settings("tcp") };
    let mut probe = Probe::start(settings, clock.clone(), timing());
    probe.until("a bound socket", |probe| probe.state().address.is_some()).await;
    let mut client = TcpStream::connect(probe.state().address.unwrap()).await.unwrap();
    client.write_all(b"{\"a\":1}\n").await.unwrap();
    probe.until_lines(1).await;
    clock.set(Timestamp(HOUR));
    client.write_all(b"{\"a\"").await.unwrap();
    // Time for it to be read alone.
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.write_all(b":2}\n").await.unwrap();
    probe.until_lines(2).await;
    assert_eq!(text(&probe.stop().await.0), r#"{"a":1} {"a":2}"#);
}

/// The path of a followed file stands for something unreadable for a while.
#[tokio::test]
async fn a_followed_file_goes_on_where_it_was_after_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (path, aside) = (folder.path().join("log"), folder.path().join("aside"));
    append(&path, "1\n2\n");
    let mut probe = Probe::start(Settings { path: path.clone(), follow: true, ..settings("file") }, system(), timing());
    probe.until_lines(2).await;
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    probe.until("a failure", |probe| probe.state().reconnects >= 1).await;
    fs::remove_dir(&path).unwrap();
    append(&aside, "3\n");
    fs::rename(&aside, &path).unwrap();
    probe.until_lines(3).await;
    assert_eq!(text(&probe.stop().await.0), "1 2 3");
}

#[tokio::test]
async fn an_endless_line_over_tcp_is_one_line_too_long() {
    let (mut probe, address) = tcp(timing()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..8 {
        stream.write_all(&vec![b'x'; limits::FRAME_BYTES]).await.unwrap();
    }
    stream.write_all(b"\n{}\n").await.unwrap();
    probe.until_lines(2).await;
    let lengths: Vec<usize> = probe.stop().await.0.iter().map(Vec::len).collect();
    assert_eq!(lengths, [limits::FRAME_BYTES + 1, 2]);
}
