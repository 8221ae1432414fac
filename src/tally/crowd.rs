//! Who stands behind a topic's volume, and in which tone: many people or few, angrier than usual or not.

use crate::anomaly::{Direction, Settings, Usual};
use crate::detect::{Detector, Open};
use crate::limits::LOOK_VOICES;

/// What a usual share keeps from bucket to bucket: half-life five days, 0.5^(1/1440).
const USUAL_KEPT: f64 = 0.999_518_763_622_666_2;
/// What the present share keeps: half-life an hour, 0.5^(1/12), as the detector's fading sum.
const PRESENT_KEPT: f64 = 0.943_874_312_681_693_5;
/// Standard deviations of the interval around the present share: 95 %.
pub const INTERVAL: f64 = 1.96;
/// From this share on the tone is bad, however usual that is: most posts are negative. A topic made
/// of complaints has no share left to rise.
const MAJORITY: f64 = 0.5;

/// What was counted in one closed bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub mentions: u64,
    /// Authors who had not written in the hour before, so that the sum over an hour is that of its
    /// different authors; `None` if nobody knows.
    pub newcomers: Option<u64>,
    /// Negative posts among the mentions.
    pub negative: u64,
}

/// The people and the tone of one topic.
#[derive(Debug)]
pub struct Crowd {
    /// The same test as for the mentions, on their different authors.
    detector: Detector,
    /// Newcomers for each mention, usually.
    authors: Share,
    /// Negative posts for each mention, usually and now.
    usual: Share,
    present: Share,
}

/// What the crowd says of one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voices {
    /// How many times their bar the authors are; `None` where posts have none.
    pub authors: Option<f64>,
    /// The share of negative posts has risen, or they are most of all.
    pub negative: bool,
}

impl Default for Crowd {
    fn default() -> Self {
        Crowd {
            detector: Detector::new(Settings::new(Direction::Spike)),
            authors: Share::default(),
            usual: Share::default(),
            present: Share::default(),
        }
    }
}

impl Crowd {
    /// Bucket number `bucket` closed where `usual` was expected. `learn` as for the baseline; what is
    /// usual is learnt from buckets that are not `loud` alone, so that no crisis becomes the custom.
    pub fn close(&mut self, bucket: i64, counts: Counts, usual: &Usual, learn: bool, loud: bool) -> Voices {
        let mentions = counts.mentions as f64;
        let negative = counts.negative.min(counts.mentions) as f64;
        // Where no post ever had an author, none is missing.
        let named = |newcomers: &u64| *newcomers > 0 || self.authors.part > 0.0;
        let newcomers = counts.newcomers.filter(named).map(|n| n.min(counts.mentions) as f64);
        let expected = Usual { mean: usual.mean * self.authors.ratio().unwrap_or(1.0), ..*usual };
        let authors = newcomers.map(|n| self.detector.judge(bucket, n, &expected, learn).ratio());
        self.present.learn(negative, mentions, PRESENT_KEPT);
        let low = self.present.lower(INTERVAL);
        let usually = self.usual.ratio().unwrap_or(MAJORITY);
        if learn && !loud {
            if let Some(newcomers) = newcomers {
                self.authors.learn(newcomers, mentions, USUAL_KEPT);
            }
            self.usual.learn(negative, mentions, USUAL_KEPT);
        }
        Voices { authors, negative: low > usually || low >= MAJORITY }
    }

    /// Whether people confirm what is unusual in the open bucket number `bucket`: the newcomers in it and
    /// in its last minutes are more than a handful, and as unusual as the volume.
    pub fn confirms(&mut self, bucket: i64, open: &Open, (count, window): (u64, u64)) -> bool {
        if count.max(window) < LOOK_VOICES {
            return false;
        }
        let share = self.authors.ratio().unwrap_or(1.0);
        let open = Open {
            count: open.count.min(count as f64),
            window: open.window.min(window as f64),
            usual: Usual { mean: open.usual.mean * share, ..open.usual },
            window_mean: open.window_mean * share,
            ..*open
        };
        self.detector.look(bucket, &open).is_some_and(|finding| finding.ratio() >= 1.0)
    }
}

coded!(Crowd { detector, authors, usual, present });

/// A part of a whole, both fading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Share {
    part: f64,
    whole: f64,
}

coded!(Share { part, whole } if |share| 0.0 <= share.part && share.part <= share.whole);

impl Share {
    fn learn(&mut self, part: f64, whole: f64, kept: f64) {
        self.part = self.part * kept + part;
        self.whole = self.whole * kept + whole;
    }

    fn ratio(&self) -> Option<f64> {
        (self.whole > 0.0).then(|| self.part / self.whole)
    }

    /// The lower end of the interval around it; 0 with none.
    fn lower(&self, deviations: f64) -> f64 {
        if self.whole > 0.0 { wilson(self.part, self.whole, deviations).0 } else { 0.0 }
    }
}

/// The score interval of a proportion (Wilson, Journal of the American Statistical Association 1927),
/// which keeps its promise with few posts too. `whole` is above 0.
pub fn wilson(part: f64, whole: f64, deviations: f64) -> (f64, f64) {
    let (p, z) = (part / whole, deviations * deviations / whole);
    let spread = deviations * (p * (1.0 - p) / whole + z / (4.0 * whole)).max(0.0).sqrt();
    let end = |x: f64| (x / (1.0 + z)).clamp(0.0, 1.0);
    (end(p + z / 2.0 - spread), end(p + z / 2.0 + spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::PER_DAY;

    const USUAL: Usual = Usual { mean: 20.0, dispersion: 0.01, learning: false };

    /// A crowd that knows four days with 20 mentions a bucket, of 18 authors, `negative` of them negative.
    fn crowd(authors: Option<u64>, negative: u64) -> Crowd {
        let mut crowd = Crowd::default();
        for bucket in 0..4 * i64::from(PER_DAY) {
            let jitter = bucket as u64 % 3;
            let newcomers = authors.map(|a| a - 1 + jitter);
            crowd.close(bucket, Counts { mentions: 19 + jitter, newcomers, negative }, &USUAL, true, false);
        }
        crowd
    }

    #[test]
    fn many_people_are_told_from_a_campaign_and_anger_from_noise() {
        let table = [
            ("as usual", 20, 18, 4, false, false),
            ("many people", 200, 180, 40, true, false),
            ("three people", 200, 3, 40, false, false),
            ("many angry people", 200, 180, 120, true, true),
            ("many people, most of them usually not negative", 200, 180, 60, true, true),
            ("pleased people", 200, 180, 0, true, false),
        ];
        for (name, mentions, authors, negative, many, bad) in table {
            let voices = crowd(Some(18), 4).close(
                4 * i64::from(PER_DAY),
                Counts { mentions, newcomers: Some(authors), negative },
                &USUAL,
                true,
                true,
            );
            assert_eq!((voices.authors.is_some_and(|a| a >= 1.0), voices.negative), (many, bad), "{name}: {voices:?}");
        }
    }

    /// A look at the next bucket: volume and newcomers in it, which are also those of its last minutes.
    #[test]
    fn a_look_is_confirmed_by_people_alone() {
        for (name, mentions, newcomers, want) in [
            ("as usual", 12, 11, false),
            ("many people", 60, 50, true),
            ("three people", 60, 3, false),
            ("a few more than usual", 60, 14, false),
            ("more newcomers than posts are none", 4, 60, false),
        ] {
            let open = Open { minutes: 3, count: mentions as f64, window: mentions as f64, usual: USUAL, window_mean: 12.0 };
            let confirmed = crowd(Some(18), 4).confirms(4 * i64::from(PER_DAY), &open, (newcomers, newcomers));
            assert_eq!(confirmed, want, "{name}");
        }
    }

    #[test]
    fn complaints_are_always_bad_and_posts_may_have_no_authors() {
        let loud = Counts { mentions: 200, newcomers: Some(0), negative: 170 };
        let voices = crowd(None, 17).close(4 * i64::from(PER_DAY), loud, &USUAL, true, true);
        assert_eq!(voices, Voices { authors: None, negative: true });
    }

    #[test]
    fn loud_and_doubtful_buckets_teach_nothing() {
        let mut crowd = crowd(Some(18), 4);
        let before = (crowd.authors, crowd.usual);
        for (i, (learn, loud)) in [(true, true), (false, false), (false, true)].into_iter().enumerate() {
            crowd.close(
                4 * i64::from(PER_DAY) + i as i64,
                Counts { mentions: 500, newcomers: Some(3), negative: 500 },
                &USUAL,
                learn,
                loud,
            );
        }
        assert_eq!((crowd.authors, crowd.usual), before);
    }

    #[test]
    fn the_interval_is_that_of_wilson() {
        // Newcombe, Statistics in Medicine 1998, table I, method 3.
        for (part, whole, want) in [(81.0, 263.0, 0.2553), (15.0, 148.0, 0.0624), (0.0, 20.0, 0.0), (29.0, 29.0, 0.8830)] {
            let lower = Share { part, whole }.lower(INTERVAL);
            assert!((lower - want).abs() < 1e-4, "{part}/{whole}: {lower}");
        }
        assert_eq!(Share::default().lower(INTERVAL), 0.0);
        assert!((USUAL_KEPT - 0.5f64.powf(1.0 / 1440.0)).abs() < 1e-12);
        assert!((PRESENT_KEPT - 0.5f64.powf(1.0 / 12.0)).abs() < 1e-12);
    }
}
