//! The only randomness: small, seeded and the same on every machine.
//!
//! xoshiro256** by Blackman and Vigna (<https://prng.di.unimi.it>), its state filled by splitmix64.
//! Not for secrets. Only additions, multiplications and divisions of IEEE numbers are used, never
//! the platform's logarithms, so that a seed means the same stream of posts everywhere.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A seeded generator.
#[derive(Debug, Clone)]
pub struct Prng {
    seed: u64,
    state: [u64; 4],
}

/// One step of splitmix64.
fn splitmix64(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Prng {
    /// The generator with this seed.
    pub fn new(seed: u64) -> Prng {
        let mut x = seed;
        Prng { seed, state: std::array::from_fn(|_| splitmix64(&mut x)) }
    }

    /// A generator of its own for one purpose: it depends on the seed and the label alone, so that
    /// drawing more here changes nothing there.
    pub fn fork(&self, label: &str) -> Prng {
        Prng::new(xxh3_64_with_seed(label.as_bytes(), self.seed))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 to `n - 1`; 0 if `n` is 0. Off the uniform by at most n / 2^64.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// An index into something of length `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number from 0 (with) to 1 (without), in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`; `None` if there is none.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// One of `items`, which a programmer wrote and which are not empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// How many of many rare events happen when `mean` are expected: a binomial close to Poisson's
    /// law (its variance is 15/16 of the mean).
    pub fn count(&mut self, mean: f64) -> u64 {
        const TRIALS_PER_EVENT: f64 = 16.0;
        let trials = (mean.clamp(0.0, 1e6) * TRIALS_PER_EVENT).ceil();
        if trials < 1.0 {
            return 0;
        }
        let p = mean.min(1e6) / trials;
        (0..trials as u64).filter(|_| self.chance(p)).count() as u64
    }
}

/// Ranks by Zipf's law: rank `r` (from 0) comes up in proportion to 1 / (r + 1).
#[derive(Debug, Clone)]
pub struct Zipf(Vec<f64>);

impl Zipf {
    /// The law over `n` ranks; at least one.
    pub fn new(n: usize) -> Zipf {
        let mut sum = 0.0;
        let cumulated = (1..=n.max(1)).map(|r| {
            sum += 1.0 / r as f64;
            sum
        });
        Zipf(cumulated.collect())
    }

    /// A rank from 0 to `n - 1`.
    pub fn draw(&self, prng: &mut Prng) -> usize {
        let total = self.0.last().copied().unwrap_or(1.0);
        let x = prng.unit() * total;
        self.0.partition_point(|c| *c <= x).min(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // The authors' reference code for the state 1, 2, 3, 4.
        let mut g = Prng { seed: 0, state: [1, 2, 3, 4] };
        let want = [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600];
        assert_eq!(want, std::array::from_fn(|_| g.next_u64()));
        let mut x = 0;
        assert_eq!(splitmix64(&mut x), 0xE220_A839_7B1D_CDAF);
        let mut x = 1_477_776_061_723_855_037;
        assert_eq!([1_985_237_415_132_408_290, 2_979_275_885_539_914_483], std::array::from_fn(|_| splitmix64(&mut x)));
    }

    #[test]
    fn forks_depend_on_seed_and_label_alone() {
        let mut a = Prng::new(7);
        let early = a.fork("people").next_u64();
        a.next_u64();
        assert_eq!(early, a.fork("people").next_u64());
        assert_ne!(early, a.fork("texts").next_u64());
        assert_ne!(early, Prng::new(8).fork("people").next_u64());
    }

    #[test]
    fn draws_stay_in_range_and_near_their_mean() {
        let mut g = Prng::new(1);
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[g.index(7)] += 1;
        }
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
        assert_eq!(g.below(0), 0);
        assert_eq!(g.below(1), 0);
        assert_eq!(g.choose::<u8>(&[]), None);
        let units: Vec<f64> = (0..10_000).map(|_| g.unit()).collect();
        assert!(units.iter().all(|u| (0.0..1.0).contains(u)));
        let hits = (0..10_000).filter(|_| g.chance(0.2)).count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
        for mean in [0.0, 0.01, 0.4, 3.0, 40.0] {
            let sum: u64 = (0..20_000).map(|_| g.count(mean)).sum();
            let got = sum as f64 / 20_000.0;
            assert!((got - mean).abs() <= 0.05 * mean + 0.003, "{mean}: {got}");
        }
    }

    #[test]
    fn zipf_halves_from_the_first_rank_to_the_second() {
        let (mut g, z) = (Prng::new(3), Zipf::new(100));
        let mut seen = [0u32; 100];
        for _ in 0..100_000 {
            seen[z.draw(&mut g)] += 1;
        }
        let ratio = f64::from(seen[0]) / f64::from(seen[1]);
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
        assert!(seen.iter().all(|n| *n > 0));
    }
}
