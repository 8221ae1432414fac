use super::*;
use crate::limits;
use proptest::prelude::*;

fn mention(minute: i64, author: u64) -> Counted {
    Counted { minute, author: AuthorKey(author), network: 0, repost: false, direct: false }
}

#[test]
fn windows_slide_minute_by_minute() {
    let mut panes = Panes::default();
    panes.slide(1000);
    for minute in [1000, 1000, 998, 990, 950, 0] {
        panes.fold(&mention(minute, minute as u64));
    }
    let counts = |panes: &Panes| panes.windows().map(|t| t.mentions);
    // (last minute, 1m 5m 15m 1h 24h)
    let table =
        [(1000, [2, 3, 4, 5, 6]), (1001, [0, 3, 4, 5, 6]), (1004, [0, 2, 4, 5, 6]), (1010, [0, 0, 3, 4, 6]), (2440, [0, 0, 0, 0, 0])];
    for (end, want) in table {
        panes.slide(end);
        assert_eq!(counts(&panes), want, "at {end}");
    }
}

#[test]
fn what_is_too_old_enters_nothing() {
    let mut panes = Panes::default();
    panes.slide(10_000);
    assert!(!panes.fold(&mention(10_000 - PANES_MINUTES as i64, 1)));
    assert!(panes.fold(&mention(10_001 - PANES_MINUTES as i64, 1)));
    assert_eq!(panes.windows()[4].mentions, 0);
}

#[test]
fn the_next_change_is_the_first_minute_that_enters_or_leaves() {
    let mut panes = Panes::default();
    assert_eq!(panes.next_change(), None);
    panes.slide(1000);
    panes.fold(&mention(1000, 1));
    assert_eq!(panes.next_change(), Some(1001));
    for (end, next) in [(1001, 1005), (1005, 1015), (1015, 1060), (1060, 2440)] {
        panes.slide(end);
        assert_eq!(panes.next_change(), Some(next), "at {end}");
    }
    panes.fold(&mention(1063, 1));
    assert_eq!(panes.next_change(), Some(1063));
    panes.slide(4000);
    assert_eq!(panes.next_change(), None);
}

proptest! {
    /// Whatever the order of posts and slides, every window is the plain count of its minutes.
    #[test]
    fn windows_equal_a_recount(steps in prop::collection::vec((0i64..3000, 0u64..30, any::<bool>(), any::<bool>(), 0u8..3, -1i64..40), 1..80)) {
        let mut panes = Panes::default();
        let mut kept: Vec<Counted> = Vec::new();
        let mut end = 1500;
        for (minute, author, repost, direct, network, step) in steps {
            end += step.max(0);
            panes.slide(end);
            let m = Counted { minute, author: AuthorKey(author), network, repost, direct };
            if panes.fold(&m) { kept.push(m); }
            for (i, window) in Window::ALL.into_iter().enumerate() {
                for last in [end, end - 3, end + 2, end - 70] {
                    let inside: Vec<&Counted> = kept.iter().filter(|m| m.minute <= last && m.minute > last - window.minutes() && m.minute > end - PANES_MINUTES as i64).collect();
                    let want = Sum {
                        mentions: inside.len() as u64,
                        reposts: inside.iter().filter(|m| m.repost).count() as u64,
                        direct: inside.iter().filter(|m| m.direct).count() as u64,
                    };
                    prop_assert_eq!(panes.sum(window, last), want, "{:?} ending {}", window, last);
                    let by_network: u64 = panes.networks(window, last).iter().map(|(_, n)| n).sum();
                    prop_assert_eq!(by_network, want.mentions);
                }
                if window.minutes() <= AUTHOR_MINUTES {
                    let authors: std::collections::BTreeSet<u64> = kept.iter().filter(|m| m.minute <= end && m.minute > end - window.minutes()).map(|m| m.author.0).collect();
                    prop_assert_eq!(panes.windows()[i].authors, authors.len() as u64);
                }
            }
        }
    }
}

#[test]
fn a_flood_stays_within_the_stated_bytes() {
    let mut panes = Panes::default();
    let mut most = (0, 0);
    for minute in 0..PANES_MINUTES as i64 + 200 {
        panes.slide(minute);
        // Above and below what a set remembers one by one, and some ahead and behind.
        let (mentions, ahead) = if minute % 60 < 30 { (70, 0) } else { (90, 10) };
        for i in 0..mentions {
            let network = (i % (limits::NETWORKS as i64 + 1)) as u8;
            panes.fold(&Counted { network, ..mention(minute + ahead - i % 3, (minute * 90 + i) as u64) });
        }
        let (counts, authors) = panes.bytes();
        most = (most.0.max(counts), most.1.max(authors));
    }
    assert!(most.0 <= limits::PANES_BYTES && most.1 <= limits::AUTHOR_SETS_BYTES, "{most:?}");
    assert!(most.0 > limits::PANES_BYTES / 4 && most.1 > limits::AUTHOR_SETS_BYTES / 8, "{most:?}");
    panes.slide(10 * PANES_MINUTES as i64);
    assert!(panes.bytes().1 < 20 * limits::DISTINCT_BYTES, "authors go with their minutes: {:?}", panes.bytes());
}

#[test]
fn a_topic_that_falls_silent_gives_its_memory_back() {
    let mut panes = Panes::default();
    for minute in 0..PANES_MINUTES as i64 {
        panes.slide(minute);
        panes.fold(&mention(minute, minute as u64));
    }
    panes.settle();
    assert!(panes.bytes().0 >= PANES_MINUTES * PANE_BYTES, "what is there stays");
    panes.slide(10 * PANES_MINUTES as i64);
    (0..20).for_each(|_| panes.settle());
    assert!(panes.bytes().0 < 4 * PANE_BYTES, "{:?}", panes.bytes());
}

#[test]
fn a_merged_set_keeps_no_more_than_it_may_hold() {
    let set = |from: u64, to: u64| {
        let mut set = Distinct::default();
        (from..to).for_each(|i| set.insert(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        set
    };
    let mut all = set(0, limits::DISTINCT_EXACT as u64);
    all.merge(&set(0, limits::DISTINCT_EXACT as u64));
    assert_eq!(all.count(), limits::DISTINCT_EXACT as u64);
    assert!(all.bytes() <= limits::DISTINCT_BYTES, "{}", all.bytes());
}

#[test]
fn newcomers_are_those_who_did_not_write_in_the_hour() {
    let mut panes = Panes::default();
    panes.slide(100);
    let counted = |minute, author| Counted { minute, author: AuthorKey(author), network: 0, repost: false, direct: false };
    for (minute, author) in [(50, 1), (96, 1), (97, 2), (100, 2), (100, 3), (40, 3), (98, 4), (95, 4)] {
        panes.fold(&counted(minute, author));
    }
    assert_eq!(panes.newcomers(5, 100), Some(2), "2 and 3, whose earlier post is more than an hour old");
    panes.slide(105);
    assert_eq!(panes.newcomers(5, 100), Some(2));
    panes.slide(126);
    assert_eq!(panes.newcomers(5, 100), None, "too little is known of who wrote before");
    assert_eq!(panes.newcomers(5, 126), Some(0));
}
