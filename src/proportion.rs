//! Proportions compared: is one share another than the other, or may it be chance?
//!
//! Sums, products, quotients and square roots only, so that every machine agrees to the last bit.

/// Standard deviations of a 95 % interval.
pub const Z95: f64 = 1.959_963_984_540_054;
/// Counts that each cell is expected to have for the normal curve to stand for the binomial (Cochran,
/// Biometrics 10, 1954, for tables of two by two).
const LEAST_EXPECTED: f64 = 5.0;
/// 1/√(2π).
const PEAK: f64 = 0.398_942_280_401_432_7;
/// Beyond this many deviations the tail is nothing.
const FAR: f64 = 38.0;

/// `z` of the pooled two-proportion test: `part` of `all` now against the same before. `None` where the
/// counts are too few for it.
pub fn z_test((part, all): (u64, u64), (part_before, all_before): (u64, u64)) -> Option<f64> {
    let (x, n, y, m) = (part as f64, all as f64, part_before as f64, all_before as f64);
    if all == 0 || all_before == 0 {
        return None;
    }
    let pooled = (x + y) / (n + m);
    if pooled.min(1.0 - pooled) * n.min(m) < LEAST_EXPECTED {
        return None;
    }
    Some((x / n - y / m) / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt())
}

/// `z` of a count now against that of as long a time before: given both together, a count that has not changed is
/// binomial with one half (Przyborowski and Wilenski, Biometrika 31, 1940). One is taken off the difference, for
/// counts are whole. `None` where they are too few.
pub fn z_of_counts(now: u64, before: u64) -> Option<f64> {
    let (n, m) = (now as f64, before as f64);
    if (n + m) / 2.0 < LEAST_EXPECTED {
        return None;
    }
    let apart = n - m;
    Some((apart.abs() - 1.0).max(0.0).copysign(apart) / (n + m).sqrt())
}

/// Chance that a standard normal variable is further from 0 than `z`, on either side.
pub fn two_sided(z: f64) -> f64 {
    let z = z.abs();
    if z >= FAR {
        return 0.0;
    }
    let density = PEAK * exp_minus(z * z / 2.0);
    if z < 3.0 {
        // Φ(z) - 1/2 = φ(z)·(z + z³/3 + z⁵/(3·5) + …), all terms positive.
        let (mut term, mut sum, mut odd) = (z, z, 1.0);
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        return (1.0 - 2.0 * density * sum).max(0.0);
    }
    // Laplace's continued fraction of the tail.
    let fraction = (1..=60).rev().fold(z, |rest, i| z + f64::from(i) / rest);
    2.0 * density / fraction
}

/// The `z` that is exceeded on either side with the chance `p`, between 0 and 1.
pub fn z_at(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, FAR);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The score interval of a proportion (Wilson, Journal of the American Statistical Association 22, 1927).
pub fn wilson(part: u64, all: u64, z: f64) -> Option<(f64, f64)> {
    if all == 0 {
        return None;
    }
    let (p, n) = (part as f64 / all as f64, all as f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    Some(((middle - half) / whole, (middle + half) / whole))
}

/// The 95 % interval of the difference of two proportions, out of the score interval of each (Newcombe,
/// Statistics in Medicine 17, 1998, method 10).
pub fn difference(now: (u64, u64), before: (u64, u64)) -> Option<(f64, f64)> {
    let ((low, high), (low_before, high_before)) = (wilson(now.0, now.1, Z95)?, wilson(before.0, before.1, Z95)?);
    let (p, q) = (now.0 as f64 / now.1 as f64, before.0 as f64 / before.1 as f64);
    let root = |a: f64, b: f64| (a * a + b * b).sqrt();
    Some((p - q - root(p - low, high_before - q), p - q + root(high - p, q - low_before)))
}

/// `e` to the power of `-x`, for `x` from 0 on.
pub fn exp_minus(x: f64) -> f64 {
    let (mut small, mut halvings) = (x, 0);
    while small > 0.5 {
        small /= 2.0;
        halvings += 1;
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for i in 1..=18 {
        term *= -small / f64::from(i);
        sum += term;
    }
    for _ in 0..halvings {
        sum *= sum;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, within: f64) -> bool {
        (a - b).abs() <= within
    }

    #[test]
    fn the_test_is_that_of_the_books() {
        // Penn State, STAT 415, lesson 9.4: a tax on cigarettes, 351 of 605 who do not smoke and 41 of
        // 195 who do: z = 8.99.
        assert!(near(z_test((351, 605), (41, 195)).unwrap(), 8.99, 0.005));
        assert!(near(z_test((41, 195), (351, 605)).unwrap(), -8.99, 0.005));
        // The square of z is the chi-square of the table: Armitage and Berry, Statistical Methods in
        // Medical Research, on two treatments: 41 of 257 against 64 of 244, 7.978.
        assert!(near(z_test((41, 257), (64, 244)).unwrap().powi(2), 7.978, 0.005));
        assert_eq!(z_test((3, 6), (3, 6)), None, "too few");
        assert_eq!(z_test((0, 0), (3, 600)), None);
        assert_eq!(z_test((0, 500), (0, 500)), None, "nothing to tell apart");
        assert_eq!(z_test((500, 500), (500, 500)), None);
        assert_eq!(z_test((50, 500), (50, 500)), Some(0.0));
    }

    #[test]
    fn counts_are_told_apart_as_by_the_binomial_itself() {
        assert_eq!((z_of_counts(5, 4), z_of_counts(5, 5)), (None, Some(0.0)));
        assert_eq!(z_of_counts(49, 15), Some(33.0 / 8.0));
        assert_eq!(z_of_counts(15, 49), Some(-33.0 / 8.0));
        // The exact chance of so many or more of `all`, with one half.
        let exact = |least: u64, all: u64| {
            let mut term = 0.5f64.powi(all as i32);
            let mut sum = 0.0;
            for k in 0..=all {
                sum += if k >= least { term } else { 0.0 };
                term *= (all - k) as f64 / (k + 1) as f64;
            }
            sum
        };
        // Where an alert looks, the curve tells of no less than the binomial does by more than a fifth.
        for all in [10u64, 20, 50, 200, 900] {
            for now in all / 2 + 1..=all {
                let (z, p) = (z_of_counts(now, all - now).unwrap(), exact(now, all));
                if (1e-4..0.05).contains(&p) {
                    assert!(two_sided(z) / 2.0 > 0.8 * p, "{now} of {all}: {} and not {p}", two_sided(z) / 2.0);
                }
            }
        }
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // Abramowitz and Stegun, Handbook of Mathematical Functions, tables 26.1, 26.2 and 26.5.
        for (z, p) in [
            (0.0, 1.0),
            (1.0, 0.317_310_507_862_914),
            (1.959_963_984_540_054, 0.05),
            (2.575_829_303_548_901, 0.01),
            (3.290_526_731_491_926, 0.001),
            (3.890_591_886_413_111, 1e-4),
            (4.891_638_475_698_586, 1e-6),
            (6.109_410_204_869, 1e-9),
        ] {
            assert!(near(two_sided(z) / p, 1.0, 1e-9), "{z}: {} and not {p}", two_sided(z));
            assert!(near(z_at(p), z, 1e-6), "{p}: {} and not {z}", z_at(p));
        }
        assert_eq!(two_sided(1e9), 0.0);
        // Both halves meet.
        assert!(near(two_sided(3.0 - 1e-12) / two_sided(3.0), 1.0, 1e-9));
    }

    #[test]
    fn the_interval_is_that_of_newcombe() {
        // His table II, method 10: (a) 56/70 less 48/80, (b) 9/10 less 3/10, (d) 5/56 less 0/29.
        for (now, before, low, high) in
            [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((5, 56), (0, 29), -0.0381, 0.1926)]
        {
            let (l, h) = difference(now, before).unwrap();
            assert!(near(l, low, 5e-5) && near(h, high, 5e-5), "{now:?} {before:?}: {l} {h}");
        }
        assert_eq!(difference((0, 0), (1, 2)), None);
    }
}
