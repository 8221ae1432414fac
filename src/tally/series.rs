//! One topic's volume: its closed buckets, what is usual, and what its detectors say.

use std::sync::Arc;

use crate::anomaly::{BUCKET, Band, Direction, Finding, PER_HOUR, Settings, Slot, Usual};
use crate::baseline::Baseline;
use crate::calendar::{Calendar, Special};
use crate::codec::{Coded, Error, Reader};
use crate::detect::{Detector, Open, WINDOW};
use crate::panes::week::HOURS;
use crate::time::{MINUTE, Timestamp, Zone};

/// How far a bucket can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// All of it was listened to.
    Whole,
    /// Part of it was missed or shed: it teaches nothing and is no drop. A spike that is seen all the same
    /// fires, since what was missed could only make it larger.
    Doubtful,
}

/// Baseline and detectors of one topic.
#[derive(Debug)]
pub struct Series {
    zone: Zone,
    calendar: Arc<Calendar>,
    /// The civil day looked up last.
    today: Option<(i64, Option<Special>)>,
    baseline: Baseline,
    detectors: Vec<Detector>,
    findings: Vec<Finding>,
    /// Mentions expected in the last closed bucket.
    last: f64,
}

impl Series {
    /// A topic of which nothing is known yet, whose hours and days are those of `zone` and `calendar`.
    pub fn new(zone: Zone, calendar: Arc<Calendar>, detectors: impl IntoIterator<Item = Settings>) -> Series {
        let detectors: Vec<Detector> = detectors.into_iter().map(Detector::new).collect();
        Series { zone, calendar, today: None, baseline: Baseline::default(), detectors, findings: Vec::new(), last: 0.0 }
    }

    /// Bucket number `bucket` (see `anomaly::bucket_of`) closed with `count` mentions: what was usual,
    /// and what every detector says of it, in their order. Buckets come in ascending order; one that
    /// never comes is a gap, of which nothing is known.
    pub fn close(&mut self, bucket: i64, count: f64, quality: Quality) -> (Usual, &[Finding]) {
        let learn = quality == Quality::Whole;
        let slot = self.slot(Timestamp(bucket.saturating_mul(BUCKET)));
        let usual = self.baseline.observe(slot, count, learn);
        self.last = usual.mean;
        self.findings.clear();
        self.findings.extend(self.detectors.iter_mut().map(|detector| detector.judge(bucket, count, &usual, learn)));
        (usual, &self.findings)
    }

    /// What is usual in the `minutes` from minute `first` on, by all that is known now; `None` before anything is learnt.
    pub fn usual(&mut self, first: i64, minutes: i64) -> Option<Band> {
        let per_bucket = BUCKET / MINUTE;
        let (mut expected, mut dispersion, mut minute) = (0.0, 0.0, first);
        while minute < first.saturating_add(minutes) {
            let bucket = minute.div_euclid(per_bucket);
            let end = ((bucket + 1) * per_bucket).min(first.saturating_add(minutes));
            let slot = self.slot(Timestamp(bucket.saturating_mul(BUCKET)));
            let usual = self.baseline.usual(slot)?;
            expected += usual.mean * (end - minute) as f64 / per_bucket as f64;
            (dispersion, minute) = (usual.dispersion, end);
        }
        Some(Band::new(expected, dispersion))
    }

    /// Mentions usual in an hour, by hour of an ordinary civil week.
    pub fn usual_week(&self) -> Option<Vec<f64>> {
        let of_hour = |hour_of_week| Some(self.baseline.usual(Slot { hour_of_week, special: None })?.mean * f64::from(PER_HOUR));
        (0..HOURS).map(of_hour).collect()
    }

    /// Whether a detector looks at open buckets.
    pub fn looks(&self) -> bool {
        self.detectors.iter().any(|d| d.settings().direction == Direction::Spike)
    }

    /// The bucket number `bucket`, which is open: `(count, window)` are those of its first `minutes` and of the
    /// `detect::WINDOW` that ends with them.
    pub fn open(&mut self, bucket: i64, minutes: usize, (count, window): (f64, f64)) -> Open {
        let slot = self.slot(Timestamp(bucket.saturating_mul(BUCKET)));
        let usual = self.baseline.observe(slot, count, false);
        let inside = minutes.min(WINDOW);
        let window_mean = (usual.mean * inside as f64 + self.last * (WINDOW - inside) as f64) / (BUCKET / MINUTE) as f64;
        Open { minutes, count, window, usual, window_mean }
    }

    /// What the detectors say of an open bucket, by their places, where it would be an alert if people
    /// confirmed it.
    pub fn look(&mut self, bucket: i64, open: &Open) -> Vec<(usize, Finding)> {
        let found = self.detectors.iter_mut().enumerate().filter_map(|(i, detector)| Some((i, detector.look(bucket, open)?)));
        found.filter(|(_, finding)| finding.fires).collect()
    }

    /// What detector `i` found when it looked at `bucket` is an alert.
    pub fn tell(&mut self, i: usize, bucket: i64, finding: &Finding) {
        if let Some(detector) = self.detectors.get_mut(i) {
            detector.tell(bucket, finding);
        }
    }

    /// What the detectors said of the last bucket, and which way they look.
    pub fn findings(&self) -> impl Iterator<Item = (Direction, &Finding)> {
        self.detectors.iter().map(|detector| detector.settings().direction).zip(&self.findings)
    }

    /// Where and how to look from now on; what is usual stays known, and a detector that is set as
    /// before goes on.
    pub fn adopt(&mut self, zone: Zone, calendar: Arc<Calendar>, detectors: impl IntoIterator<Item = Settings>) {
        (self.zone, self.calendar, self.today) = (zone, calendar, None);
        let mut old = std::mem::take(&mut self.detectors);
        self.detectors.extend(detectors.into_iter().map(|settings| match old.iter().position(|d| *d.settings() == settings) {
            Some(i) => old.swap_remove(i),
            None => Detector::new(settings),
        }));
    }

    /// Appends what was learnt; where and how to look is the configuration's, see `adopt`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.baseline.encode(out);
        self.detectors.encode(out);
        self.last.encode(out);
    }

    /// Reads what `encode` wrote, in universal time and with ordinary days until it is adopted.
    ///
    /// # Errors
    /// If the bytes are not what `encode` writes.
    pub fn decode(from: &mut Reader<'_>) -> Result<Series, Error> {
        let (baseline, detectors, last) = Coded::decode(from)?;
        Ok(Series { baseline, detectors, last, ..Series::new(Zone::utc(), Arc::default(), []) })
    }

    fn slot(&mut self, at: Timestamp) -> Slot {
        let day = self.zone.day(at);
        let special = match self.today {
            Some((known, special)) if known == day => special,
            _ => self.calendar.on(day).map(|named| named.special),
        };
        self.today = Some((day, special));
        Slot { hour_of_week: self.zone.hour_of_week(at), special }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::bucket_of;
    use crate::calendar::{NamedDay, When};
    use crate::time::HOUR;

    /// Holidays begin and end at civil midnight, and one day only is looked up at a time.
    #[test]
    fn special_days_are_civil() {
        let when = When::parse("09-16").expect("a date");
        let holiday = NamedDay { name: "independencia".into(), special: Special::Holiday, when, brought_forward: false };
        let calendar = Arc::new(Calendar { days: vec![holiday] });
        let zone = Zone::named("America/Mexico_City").expect("zone");
        let mut series = Series::new(zone, calendar, []);
        let start = Timestamp("2026-09-16T06:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_microsecond());
        for (at, want) in [(-5 * MINUTE, None), (0, Some(Special::Holiday)), (24 * HOUR - 1, Some(Special::Holiday)), (24 * HOUR, None)] {
            assert_eq!(series.slot(start.plus(at)).special, want, "{at}");
        }
    }

    /// Bytes of a topic with one rule: itself, its week, the detector, what looks need beside, 8 for each of
    /// 126 peaks at most, of the hour and of minutes.
    #[test]
    fn a_topic_costs_less_than_four_kibibytes() {
        let parts = [size_of::<Series>(), 168 * 8, size_of::<Detector>(), 192, 2 * 128 * 8, size_of::<Finding>()];
        assert!(parts.iter().sum::<usize>() <= 4 * 1024, "{parts:?}");
    }

    /// A reader is told what the detectors were told, and asking teaches nothing.
    #[test]
    fn what_is_usual_can_be_asked_for() {
        let mut series = Series::new(Zone::utc(), Arc::default(), [Settings::new(Direction::Spike)]);
        assert_eq!((series.usual(0, 5), series.usual_week()), (None, None));
        for bucket in 0..3 * 2016 {
            series.close(bucket, if bucket % 288 < 144 { 4.0 } else { 40.0 }, Quality::Whole);
        }
        for bucket in [3 * 2016, 3 * 2016 + 100, 3 * 2016 + 200] {
            let (first, week) = (bucket * 5, series.usual_week().expect("a week"));
            let band = series.usual(first, 5).expect("known");
            let hour = series.slot(Timestamp(bucket * BUCKET)).hour_of_week;
            let told = series.open(bucket, 1, (0.0, 0.0)).usual;
            assert!((band.expected - told.mean).abs() < 1e-9 && (week[hour] - 12.0 * told.mean).abs() < 1e-9);
            assert!(band.range.0 >= 0.0 && band.range.0 < band.expected && band.expected < band.range.1);
            let parts = [(first, 2), (first + 2, 3)].map(|(m, n)| series.usual(m, n).expect("known").expected);
            assert!((parts[0] + parts[1] - band.expected).abs() < 1e-9);
        }
        let (day, night) = (series.usual(3 * 10080 + 1200, 60).expect("known"), series.usual(3 * 10080 + 300, 60).expect("known"));
        assert!(day.expected > 5.0 * night.expected, "{day:?} {night:?}");
    }

    #[test]
    fn every_detector_answers_in_its_place() {
        let settings = [Settings::new(Direction::Spike), Settings::new(Direction::Drop)];
        let mut series = Series::new(Zone::utc(), Arc::default(), settings);
        let start = bucket_of(Timestamp(0));
        for t in 0..3000 {
            let (_, findings) = series.close(start + t, 10.0 + (t % 3) as f64, Quality::Whole);
            assert!(findings.len() == 2 && findings.iter().all(|f| !f.fires), "{t} {findings:?}");
        }
        let (_, findings) = series.close(start + 3000, 500.0, Quality::Doubtful);
        assert!(findings[0].fires && findings[1].surprise == 0.0, "{findings:?}");
        let (usual, findings) = series.close(start + 3001, 500.0, Quality::Whole);
        assert!(!findings[0].fires && !findings[1].fires && usual.mean < 12.0, "it goes on: {usual:?} {findings:?}");
    }
}
