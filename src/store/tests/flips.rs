//! One changed bit anywhere: told, or without any effect on what is read.

use std::path::Path;

use super::*;
use crate::journal::{Fold, Item, Names, Row};
use crate::prng::Prng;
use crate::topic::{Sign, SourceId, TopicId};

/// Changed bits in the file, and as many in its write-ahead log.
const FLIPS: u64 = 500;

/// What a file is made of, and what it says.
struct Written {
    main: Vec<u8>,
    wal: Vec<u8>,
    kept: Vec<Kept>,
    /// The state of the tally after each commit.
    states: Vec<Vec<u8>>,
    names: Names,
}

fn state(fold: &Fold) -> Vec<u8> {
    let mut state = Vec::new();
    fold.snapshot(&mut |part| state.extend(part));
    state
}

/// A file with twelve commits, the last eight in its write-ahead log only.
fn written() -> Written {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let mut store = open(&settings).expect("new");
    let mut states = vec![state(&resume(&mut store, 0).fold)];
    let names = Names { version: 3, topics: [(TopicId(0), "tema".to_owned()), (TopicId(7), "otro".to_owned())].into() };
    commit(&mut store, [Job::Names(Box::new(names.clone()))], 0);
    for i in 0..12 {
        let posts: Vec<PostBuf> = (0..3).map(|p| post(&format!("{i}-{p}"), &format!("mensaje {p} de {i} ").repeat(20))).collect();
        let mut jobs = vec![Job::Alert(alert(&format!("a{i}"), Status::Resolved, i, &posts), None)];
        let mut row = Row::default();
        row.add(&Item::Beat(Timestamp::from_seconds(100 + i), vec![(SourceId(0), Sign::Up)]));
        store.log.commit(&mut jobs, &row, None, Timestamp::from_seconds(i)).expect("room");
        store.log.wipe().expect("wiped");
        states.push(state(&store.log.fold(setting()).expect("sound")));
        if i == 4 {
            commit(&mut store, [Job::Gone(posts[1].get().key())], i);
        }
    }
    let read = |path: &Path| std::fs::read(path).expect("bytes");
    let kept = store.log.latest().expect("rows").0;
    Written { main: read(&settings.path), wal: read(&file::beside(&settings.path, "-wal")), kept, states, names }
}

/// Opens a file of these bytes. What is used is as it was written, but for the last commit of a torn log.
fn outcome(main: &[u8], wal: &[u8], written: &Written) -> Result<bool, Refused> {
    let kept = &written.kept[..];
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    std::fs::write(&settings.path, main).expect("written");
    std::fs::write(file::beside(&settings.path, "-wal"), wal).expect("written");
    let mut opened = open(&settings)?;
    let resumed = opened.resume(setting(), Timestamp(0))?;
    let wanted = if opened.torn { &kept[..kept.len() - 1] } else { kept };
    assert_eq!((opened.epoch.as_str(), resumed.next), (EPOCH, wanted.len() as u64 + 1));
    assert_eq!(resumed.kept, wanted);
    assert!(state(&resumed.fold) == written.states[wanted.len()], "another state");
    assert_eq!(opened.names, written.names);
    let page = Reader::new(settings.path).latest(Asked { since: 0, before: u64::MAX, head: resumed.next, limit: 99 }, |_| true)?;
    assert_eq!(page.bodies, wanted.iter().map(|k| k.body.clone()).collect::<Vec<_>>());
    Ok(opened.torn)
}

#[test]
fn no_changed_bit_is_silent() {
    let written = written();
    assert!(matches!(outcome(&written.main, &written.wal, &written), Ok(false)));
    let mut random = Prng::new(5);
    let (mut refused, mut torn, mut harmless) = (0, 0, 0);
    for flip in 0..2 * FLIPS {
        let (mut main, mut wal) = (written.main.clone(), written.wal.clone());
        let bytes = if flip < FLIPS { &mut main } else { &mut wal };
        let bit = random.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        match outcome(&main, &wal, &written) {
            Ok(true) => torn += 1,
            Ok(false) => harmless += 1,
            Err(Refused::InUse(_)) => panic!("bit {bit} of flip {flip}: nobody uses it"),
            Err(why) => {
                let text = why.text();
                assert!(text.es.len() > 40 && text.en.len() > 40, "{text:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 300 && torn > 10 && harmless > 10, "{refused} refused, {torn} torn, {harmless} harmless");
}

#[test]
fn a_changed_text_names_its_alert() {
    let written = written();
    let mut main = written.main.clone();
    let at = main.windows(9).position(|w| w == b"mensaje 2").expect("its text");
    main[at] ^= 1;
    let seq = written.kept.iter().find(|k| k.body.contains("mensaje 2 de 0")).map_or(0, |k| k.seq);
    let text = outcome(&main, &written.wal, &written).expect_err("damaged").text();
    assert!(text.en.contains(&format!("alert {seq} is not as it was written")) && text.es.contains(&format!("alerta {seq}")), "{text:?}");
}
