//! The hash of a base form: one wide multiplication per 16 bytes.

/// Digits of pi: no structure that text could share.
const K1: u64 = 0x243F_6A88_85A3_08D3;
const K2: u64 = 0x1319_8A2E_0370_7344;

/// Hash of a base form; the same on every machine and in every run. Equal hashes do not prove equal
/// forms.
pub fn word_hash(base: &str) -> u64 {
    hash(base.as_bytes(), base.len())
}

/// Hash of a phrase's two neighbours, from their hashes.
#[inline]
pub fn pair_hash(first: u64, second: u64) -> u64 {
    multiply(first ^ K2, second ^ K1)
}

/// Hash of the first `len` bytes of `s`; what follows them does not matter.
#[inline]
pub(super) fn hash(s: &[u8], len: usize) -> u64 {
    // A word of at most 16 bytes with something behind it: nearly all.
    if let (1..=16, Some(chunk)) = (len, s.first_chunk::<16>()) {
        let both = u128::from_le_bytes(*chunk) & (u128::MAX >> (128 - 8 * len));
        return multiply(both as u64 ^ K1, (both >> 64) as u64 ^ K2 ^ len as u64);
    }
    hash_long(s, len)
}

#[cold]
fn hash_long(s: &[u8], len: usize) -> u64 {
    let mut at = 0;
    let mut h = len as u64;
    loop {
        let (low, high) = (masked(s, at, len), masked(s, at + 8, len));
        h = multiply(low ^ K1, high ^ K2 ^ h);
        at += 16;
        if at >= len {
            return h;
        }
    }
}

/// The eight bytes at `at`, those from `end` on as 0.
pub(super) fn masked(s: &[u8], at: usize, end: usize) -> u64 {
    let left = end.saturating_sub(at);
    if left == 0 {
        return 0;
    }
    let x = load(s, at);
    if left >= 8 { x } else { x & ((1 << (8 * left)) - 1) }
}

/// The eight bytes at `at`, little endian; bytes past the end are 0.
#[inline]
pub(super) fn load(s: &[u8], at: usize) -> u64 {
    if let Some(chunk) = s.get(at..).and_then(|r| r.first_chunk::<8>()) {
        return u64::from_le_bytes(*chunk);
    }
    let mut padded = [0; 8];
    for (to, from) in padded.iter_mut().zip(s.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u64::from_le_bytes(padded)
}

#[inline]
fn multiply(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let mut seen = std::collections::HashSet::new();
        for len in 0..40 {
            let s = "a".repeat(len);
            assert!(seen.insert(word_hash(&s)));
            for i in 0..len {
                let changed = format!("{}b{}", &s[..i], &s[i + 1..]);
                assert!(seen.insert(word_hash(&changed)), "{changed}");
            }
        }
        assert_ne!(pair_hash(1, 2), pair_hash(2, 1));
    }

    #[test]
    fn bytes_behind_the_word_do_not_count() {
        for len in 0..20 {
            let long = "abcdefghijklmnopqrstuvwxyz";
            assert_eq!(hash(long.as_bytes(), len), word_hash(&long[..len]));
        }
    }
}
