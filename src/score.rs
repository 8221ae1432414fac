//! Priority: a number from 0 to 100 that is a sum of addends, each with its reason.

/// Priority in tenths of a point: fixed-point, so that sums do not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(pub i16);

impl Score {
    /// 100 points.
    pub const MAX: Score = Score(1000);

    /// From whole points.
    pub const fn points(p: i16) -> Score {
        Score(p * 10)
    }

    /// Cut to 0-100 points.
    pub fn clamped(self) -> Score {
        Score(self.0.clamp(0, Score::MAX.0))
    }

    /// Whole points, 0-100, rounded half up.
    pub fn rounded(self) -> u8 {
        ((self.clamped().0 + 5) / 10) as u8
    }

    /// In points.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

/// One addend of a score. `code` is the signal's name; `weight` may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addend {
    /// The signal's name, or `topic` and `repeat_author` for what the tally adds.
    pub code: &'static str,
    /// What it adds, in tenths of a point.
    pub weight: Score,
}

/// The sum of the addends, cut to 0-100.
pub fn total<'a>(addends: impl IntoIterator<Item = &'a Addend>) -> Score {
    let sum: i32 = addends.into_iter().map(|a| i32::from(a.weight.0)).sum();
    Score(sum.clamp(0, i32::from(Score::MAX.0)) as i16)
}
