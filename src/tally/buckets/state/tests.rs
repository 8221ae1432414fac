use std::sync::Arc;

use super::super::super::Quality;
use super::super::MINUTES;
use super::*;
use crate::anomaly::{BUCKET, Budget, Direction, Finding, PER_DAY, PER_WEEK, Settings, Watched};
use crate::calendar::{Calendar, NamedDay, Special, When};
use crate::prng::Prng;
use crate::time::{Timestamp, Zone};

/// A Thursday.
const FIRST: i64 = 5_944_320;

fn settings() -> [Settings; 3] {
    let spike = Settings::new(Direction::Spike);
    [spike, Settings { quick: true, budget: Budget { alerts: 2, days: 14 }, ..spike }, Settings::new(Direction::Drop)]
}

fn adopt(unusual: &mut Unusual) {
    let day =
        |special, when: &str| NamedDay { name: when.into(), special, when: When::parse(when).expect("a rule"), brought_forward: false };
    let calendar = Calendar { days: vec![day(Special::Payday, "15"), day(Special::Holiday, "last")] };
    unusual.watches = vec![4, 7, 9];
    unusual.series.adopt(Zone::named("Europe/Madrid").expect("a zone"), Arc::new(calendar), settings());
}

/// A topic of which nothing is known.
fn topic() -> Unusual {
    let mut unusual = Unusual::new(Series::new(Zone::utc(), Arc::default(), []), Vec::new(), FIRST);
    adopt(&mut unusual);
    unusual
}

/// A topic's days: surges, silence, gaps, what is doubtful, and posts of buckets that are still open.
struct Days {
    prng: Prng,
    bucket: i64,
    surge: u32,
}

impl Days {
    fn new(seed: u64) -> Days {
        Days { prng: Prng::new(seed), bucket: FIRST, surge: 0 }
    }

    fn close(&mut self, of: &mut [&mut Unusual]) -> Vec<(Vec<(usize, Finding)>, Watched)> {
        self.bucket += if self.prng.chance(0.001) { 300 } else { 1 };
        if self.surge == 0 && self.prng.chance(0.002) {
            self.surge = 24;
        }
        self.surge = self.surge.saturating_sub(1);
        let mean = if self.surge > 0 { 90.0 } else { 6.0 + (self.bucket / 12 % 24) as f64 };
        let mentions = if self.bucket / 288 % 17 == 3 { 0 } else { self.prng.count(mean) };
        let newcomers = (!self.prng.chance(0.01)).then(|| mentions * 3 / 4);
        let quality = if self.prng.chance(0.01) { Quality::Doubtful } else { Quality::Whole };
        let negative = self.prng.below(mentions / 5 + 1) + if self.surge > 0 { mentions * 3 / 4 } else { 0 };
        let ahead = self.prng.below(30) as i64;
        let one = |unusual: &mut &mut Unusual| {
            for n in 0..negative {
                unusual.note_negative(Timestamp((self.bucket + if n % 5 == 0 { ahead } else { 0 }) * BUCKET));
            }
            // The bucket is looked at before it closes.
            let (half, people) = (mentions / 2, newcomers.map(|n| (n / 2, n / 2)));
            let looked = unusual.look(self.bucket * MINUTES + 2, (half, half), || people);
            let (mut found, watched) = unusual.close(self.bucket, mentions, newcomers, quality);
            found.extend(looked.into_iter().map(|(watch, finding, _)| (watch, finding)));
            (found, watched)
        };
        of.iter_mut().map(one).collect()
    }
}

fn bytes(unusual: &Unusual) -> Vec<u8> {
    let mut out = Vec::new();
    unusual.encode(&mut out);
    out
}

/// After each of some stretches the state goes through bytes; the one that went judges the next weeks as
/// the one that stayed, to the last bit.
#[test]
fn what_is_read_back_goes_on_as_if_nothing_had_been() {
    let (mut fired, mut crises) = (0, 0);
    for (seed, stretch) in [(1, 0), (2, 1), (3, 700), (4, 3 * PER_WEEK), (5, 25 * PER_WEEK)] {
        let (mut stayed, mut days) = (topic(), Days::new(seed));
        (0..stretch).for_each(|_| drop(days.close(&mut [&mut stayed])));
        let written = bytes(&stayed);
        let mut went = Unusual::decode(&written).expect("its own bytes");
        assert_eq!(bytes(&went), written, "after {stretch}");
        assert_eq!(went.watched(), stayed.watched());
        adopt(&mut went);
        for _ in 0..3 * PER_WEEK {
            let both = days.close(&mut [&mut stayed, &mut went]);
            assert_eq!(format!("{:?}", both[0]), format!("{:?}", both[1]), "after {stretch}");
            fired += both[0].0.iter().filter(|(_, f)| f.fires).count();
            crises += usize::from(both[0].1.standing.level.number() == 3);
        }
        assert_eq!(bytes(&went), bytes(&stayed));
    }
    assert!(fired > 15 && crises > 5, "{fired} {crises}: something must have happened");
}

#[test]
fn a_state_is_small_and_says_what_it_is() {
    let (mut unusual, mut days) = (topic(), Days::new(8));
    (0..8 * PER_WEEK).for_each(|_| drop(days.close(&mut [&mut unusual])));
    let written = bytes(&unusual);
    assert!(written.starts_with(b"escT\x01\x00") && (2000..6 * 1024).contains(&written.len()), "{}", written.len());
    assert_eq!(Unusual::decode(b"").err(), Some(Error::Foreign));
    assert_eq!(Unusual::decode(b"SQLite format 3\0").err(), Some(Error::Foreign));
    assert_eq!(Unusual::decode(&written[..written.len() - 1]).err(), Some(Error::Length));
    let mut newer = written.clone();
    newer[4] = 2;
    assert_eq!(Unusual::decode(&newer).err(), Some(Error::Newer { found: 2, known: 1 }));
    let mut torn = written;
    torn[1000] ^= 1;
    assert_eq!(Unusual::decode(&torn).err(), Some(Error::Damaged));
}

/// Fields that are changed under a good checksum are refused, or mean a state that can be gone on with.
#[test]
fn no_bytes_are_more_than_it_can_bear() {
    let (mut unusual, mut days) = (topic(), Days::new(9));
    (0..2 * PER_WEEK).for_each(|_| drop(days.close(&mut [&mut unusual])));
    let whole = bytes(&unusual);
    let fields = &whole[10..whole.len() - 8];
    let (mut random, mut refused, mut borne) = (Prng::new(10), 0, 0);
    for _ in 0..4000 {
        let mut other = fields.to_vec();
        for _ in 0..1 + random.below(4) {
            // Most of the bytes are the profile's, so the rest is aimed at more often.
            let place = if random.chance(0.2) { random.index(other.len()) } else { 1344 + random.index(other.len() - 1344) };
            let value = [0, 1, 2, 3, 0x7f, 0x80, 0xff, random.below(256) as u8][random.index(8)];
            match random.below(8) {
                0 => drop(other.drain(place..other.len().min(place + 1 + random.index(9)))),
                1 => other.insert(place, value),
                2 => other.iter_mut().skip(place).take(8).for_each(|b| *b = value),
                _ => other[place] = value,
            }
            other.resize(other.len().max(1400), 0);
        }
        let mut sealed = Vec::new();
        codec::seal(KIND, VERSION, &mut sealed, |out| out.extend_from_slice(&other));
        match Unusual::decode(&sealed) {
            Err(_) => refused += 1,
            Ok(mut read) => {
                borne += 1;
                adopt(&mut read);
                let mut days = Days { prng: Prng::new(11), bucket: days.bucket, surge: 5 };
                (0..PER_DAY / 4).for_each(|_| drop(days.close(&mut [&mut read])));
            }
        }
    }
    assert!(refused > 500 && borne > 500, "{refused} refused, {borne} borne");
}
