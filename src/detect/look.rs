//! A look at a bucket that is still open, minute by minute: a crisis is told while it begins.
//!
//! Two sums are looked at. The fading sum is carried on by the minutes that are over, and judged by
//! what the closed buckets taught and by their bar. The last three minutes are judged by a channel of
//! their own, whose spread is that of closed buckets and whose floor is higher, since nothing smooths
//! it: after an onset it stands out within minutes, where a sum over an hour and a half must fill first.
//!
//! A look teaches nothing; how high it came is noted when its bucket closes, so that the bars of the
//! budget know of it. It is an alert only if people confirm it, which whoever looks must find out.

use super::channel::{Channel, Reading};
use super::{Alerted, CHANCE_BUCKET, Detector, FADE, REARM, SENSITIVITY};
use crate::anomaly::{Budget, Finding, Kernel, PER_HOUR, Settings, Usual, sound};
use crate::codec::{Coded, Error, Reader};

/// Minutes of a bucket.
const MINUTES: usize = 60 / PER_HOUR as usize;
/// What the fading sum keeps after so many minutes of a bucket: 0.5^(j/60).
const FADES: [f64; MINUTES + 1] =
    [1.0, 0.988_514_020_352_896_1, 0.977_159_968_434_245_9, 0.965_936_328_924_846_2, 0.954_841_603_910_416_5, FADE];
/// Minutes that are judged by themselves. Measured on fifty outages that grow from three times to eight
/// times what is usual within three minutes: of two, three and five minutes with floors of 4, 4.5 and 5,
/// these alone are told of all fifty within five minutes, and keep every budget.
pub const WINDOW: usize = 3;
/// Floor of these, at the default sensitivity.
const FLOOR: f64 = 4.5;
/// The part of the budget that these minutes have beside the fading sum: one of so many.
const PART: u32 = 5;

/// A bucket after some of its minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// Minutes of it that are over, 1 to 5.
    pub minutes: usize,
    /// What was counted in them.
    pub count: f64,
    /// What was counted in the [`WINDOW`] that ends with them.
    pub window: f64,
    /// What is usual in the whole bucket.
    pub usual: Usual,
    /// Mentions expected in the window.
    pub window_mean: f64,
}

/// What looks need to know beside what closed buckets taught.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    channel: Channel,
    /// The greatest surprise of the looks at the open bucket: of the fading sum and of the window.
    highest: (f64, f64),
    /// The last bucket in which a look was near its bar.
    near: Option<u32>,
}

impl Looks {
    pub fn new(settings: &Settings) -> Looks {
        let budget = Budget { alerts: (settings.budget.alerts / PART).max(1), ..settings.budget };
        let floor = FLOOR * settings.sensitivity / SENSITIVITY;
        Looks { channel: Channel::new(floor, budget, CHANCE_BUCKET), highest: (0.0, 0.0), near: None }
    }

    /// Bucket `t` closed: what it and the looks at it came to is learnt. How many times its bar the
    /// highest window was.
    pub fn close(&mut self, t: u32, slow: &mut Channel, counts: (f64, f64), learn: bool) -> f64 {
        let (fading, window) = std::mem::take(&mut self.highest);
        let reading = self.channel.read(t, Kernel::Minutes, counts, 1.0, learn);
        if learn {
            slow.note_look(t, fading);
            self.channel.note_look(t, window);
        }
        reading.ratio().max(window / reading.bar)
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        self.channel.encode(out);
        (self.highest, self.near).encode(out);
    }

    /// Takes over what `encode` wrote, of looks that are set alike and have come to bucket `latest`. They may be looking any
    /// number of buckets ahead of it: those in between were not listened to.
    pub fn decode(&mut self, from: &mut Reader<'_>, latest: u32) -> Result<(), Error> {
        self.channel.decode(from, latest)?;
        (self.highest, self.near) = Coded::decode(from)?;
        if self.highest.0 >= 0.0 && self.highest.1 >= 0.0 { Ok(()) } else { Err(Error::Field("Looks")) }
    }

    /// Buckets since a look was last near its bar.
    pub fn quiet(&self, t: u32) -> u32 {
        self.near.map_or(t, |near| t.saturating_sub(near))
    }
}

impl Detector {
    /// Looks at the open bucket number `bucket`; `None` if it looks for drops: silence takes time. A finding that `fires` is to be confirmed, and then to be told by
    /// [`Detector::tell`]; it fires again at the next look otherwise.
    pub fn look(&mut self, bucket: i64, open: &Open) -> Option<Finding> {
        let (t, kept) = self.place(bucket);
        let minutes = open.minutes.min(MINUTES);
        let kept = kept * FADES.get(minutes).copied().unwrap_or(FADE);
        let seen = self.seen * kept + sound(open.count);
        let expected = self.expected * kept + open.usual.mean * minutes as f64 / MINUTES as f64;
        let fading = self.slow.peek(t, Kernel::Hour, (seen, expected), 1.0);
        let looks = self.looks.as_mut()?;
        let window = looks.channel.peek(t, Kernel::Minutes, (sound(open.window), open.window_mean), 1.0);
        let highest = &mut looks.highest;
        *highest = (highest.0.max(fading.surprise), highest.1.max(window.surprise));
        let reading: Reading = if window.ratio() > fading.ratio() { window } else { fading };
        let tripled =
            |last: &Alerted| fading.ratio() >= REARM * last.ratio || (window.ratio() >= 1.0 && window.ratio() >= REARM * last.window);
        let tripled = self.alerted.as_ref().is_some_and(tripled);
        let (fires, again) = self.would_fire(t, reading.ratio(), tripled);
        Some(self.finding(&reading, &open.usual, fires, again))
    }

    /// The finding of a look at `bucket` is an alert: people confirm it.
    pub fn tell(&mut self, bucket: i64, finding: &Finding) {
        let (t, _) = self.place(bucket);
        let Some(looks) = &mut self.looks else { return };
        looks.near = Some(t);
        self.alerted = Some(Alerted { t, ratio: finding.ratio(), window: looks.highest.1 / looks.channel.bar() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_fades_by_the_minute_as_by_the_bucket() {
        for (minutes, fade) in FADES.into_iter().enumerate() {
            assert!((fade - 0.5f64.powf(minutes as f64 / 60.0)).abs() < 1e-15, "{minutes}");
        }
    }
}
