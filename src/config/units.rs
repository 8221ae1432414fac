//! Durations and sizes as people write them.

use crate::time::{HOUR, MINUTE, SECOND};

/// `90s`, `15m`, `24h`, `7d` or `250ms`, in microseconds.
pub fn duration(text: &str) -> Option<i64> {
    let (number, unit) = split(text)?;
    let micros = match unit {
        "ms" => 1000,
        "s" => SECOND,
        "m" | "min" => MINUTE,
        "h" => HOUR,
        "d" => 24 * HOUR,
        _ => return None,
    };
    i64::try_from(number).ok()?.checked_mul(micros)
}

/// `512KB`, `256MB`, `4GB` (powers of 1024; `KiB`, `MiB` and `GiB` mean the same), in bytes.
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "B" => 0,
        "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

/// A duration as it would be typed: the largest unit that leaves no rest.
pub fn show_duration(micros: i64) -> String {
    let units = [(24 * HOUR, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    if micros == 0 {
        return "0s".to_owned();
    }
    let (unit, name) = units.into_iter().find(|(unit, _)| micros % unit == 0).unwrap_or((1000, "ms"));
    format!("{}{name}", micros / unit)
}

/// A size as it would be typed.
pub fn show_size(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit)).unwrap_or((1, "B"));
    format!("{}{name}", bytes / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, want) in [
            ("60s", Some(MINUTE)),
            ("24h", Some(24 * HOUR)),
            ("15m", Some(15 * MINUTE)),
            ("15 min", Some(15 * MINUTE)),
            ("7d", Some(168 * HOUR)),
            ("0s", Some(0)),
            ("60", None),
            ("-1s", None),
            ("1.5h", None),
            ("s", None),
            ("", None),
            ("99999999999999999999s", None),
            ("9999999999999999d", None),
            ("٣s", None),
        ] {
            assert_eq!(duration(text), want, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, want) in [
            ("256MB", Some(256 << 20)),
            ("1 GiB", Some(1 << 30)),
            ("10B", Some(10)),
            ("10", None),
            ("10mb", None),
            ("18446744073709551615GB", None),
        ] {
            assert_eq!(size(text), want, "{text}");
        }
    }

    #[test]
    fn shown_as_typed() {
        for text in ["90s", "24h", "15m", "7d", "250ms"] {
            let shown = show_duration(duration(text).expect(text));
            assert_eq!(duration(&shown), duration(text), "{shown}");
        }
        assert_eq!((show_duration(0).as_str(), show_size(0).as_str()), ("0s", "0B"));
        assert_eq!(show_duration(90 * SECOND), "90s");
        assert_eq!(show_size(256 << 20), "256MB");
        assert_eq!(show_size(1025), "1025B");
    }
}
