//! One changed bit anywhere: told, or without any effect on what is read.

use std::path::Path;

use super::*;
use crate::prng::Prng;

/// Changed bits in the file, and as many in its write-ahead log.
const FLIPS: u64 = 500;

/// A file with twelve commits, the last eight in its write-ahead log only: the bytes of both, and its alerts.
fn written() -> (Vec<u8>, Vec<u8>, Vec<Kept>) {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let mut store = open(&settings, 0).expect("new");
    for i in 0..12 {
        let posts: Vec<PostBuf> = (0..3).map(|p| post(&format!("{i}-{p}"), &format!("mensaje {p} de {i} ").repeat(20))).collect();
        commit(&mut store, &[Job::Alert(alert(&format!("a{i}"), Status::Resolved, i, &posts))], i);
        if i == 4 {
            commit(&mut store, &[Job::Gone(posts[1].get().key())], i);
        }
    }
    let read = |path: &Path| std::fs::read(path).expect("bytes");
    let kept = store.log.latest().expect("rows");
    (read(&settings.path), read(&file::beside(&settings.path, "-wal")), kept)
}

/// Opens a file of these bytes. What is used is as it was written, but for the last commit of a torn log.
fn outcome(main: &[u8], wal: &[u8], kept: &[Kept]) -> Result<bool, Refused> {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    std::fs::write(&settings.path, main).expect("written");
    std::fs::write(file::beside(&settings.path, "-wal"), wal).expect("written");
    let opened = open(&settings, 99)?;
    let wanted = if opened.torn { &kept[..kept.len() - 1] } else { kept };
    assert_eq!((opened.epoch.as_str(), opened.next), (EPOCH, wanted.len() as u64 + 1));
    assert_eq!(opened.kept, wanted);
    let page = Reader::new(settings.path).latest(Asked { since: 0, before: u64::MAX, head: opened.next, limit: 99 }, |_| true)?;
    assert_eq!(page.bodies, wanted.iter().map(|k| k.body.clone()).collect::<Vec<_>>());
    Ok(opened.torn)
}

#[test]
fn no_changed_bit_is_silent() {
    let (main, wal, kept) = written();
    assert!(matches!(outcome(&main, &wal, &kept), Ok(false)));
    let mut random = Prng::new(5);
    let (mut refused, mut torn, mut harmless) = (0, 0, 0);
    for flip in 0..2 * FLIPS {
        let (mut main, mut wal) = (main.clone(), wal.clone());
        let bytes = if flip < FLIPS { &mut main } else { &mut wal };
        let bit = random.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        match outcome(&main, &wal, &kept) {
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
    let (mut main, wal, kept) = written();
    let at = main.windows(9).position(|w| w == b"mensaje 2").expect("its text");
    main[at] ^= 1;
    let seq = kept.iter().find(|k| k.body.contains("mensaje 2 de 0")).map_or(0, |k| k.seq);
    let text = outcome(&main, &wal, &kept).expect_err("damaged").text();
    assert!(text.en.contains(&format!("alert {seq} is not as it was written")) && text.es.contains(&format!("alerta {seq}")), "{text:?}");
}
