//! `"computed"` of a post of a test: what it says is believed instead of computed.

use serde_json::Value;

use crate::query::{Facts, Flag};

/// What one post says about itself; only posts in the native form can.
#[derive(Debug, Default, PartialEq)]
pub struct Computed {
    sentiment: Option<f64>,
    priority: Option<f64>,
    hour: Option<u8>,
    weekday: Option<u8>,
    flags: Vec<(Flag, bool)>,
}

impl Computed {
    /// What the post on `line` says. A value of another type or out of range says nothing.
    pub fn read(line: &[u8]) -> Computed {
        // Few posts have it, and a second reading of all the others would cost as much as the first.
        if memchr::memmem::find(line, b"\"computed\"").is_none() {
            return Computed::default();
        }
        let post: Value = serde_json::from_slice(line).unwrap_or_default();
        let Some(told) = post.get("computed").and_then(Value::as_object) else { return Computed::default() };
        let number = |key: &str| told.get(key).and_then(Value::as_f64);
        let small = |key: &str, least_too_large: u64| {
            let value = told.get(key).and_then(Value::as_u64).filter(|n| *n < least_too_large);
            value.and_then(|n| u8::try_from(n).ok())
        };
        let flag = |(field, name, flag): (&str, &str, Flag)| Some((flag, told.get(&format!("{field}_{name}"))?.as_bool()?));
        Computed {
            sentiment: number("sentiment"),
            priority: number("priority"),
            hour: small("hour", 24),
            weekday: small("weekday", 7),
            flags: Flag::ALL.into_iter().filter_map(flag).collect(),
        }
    }
}

impl Facts for Computed {
    fn sentiment(&self) -> Option<f64> {
        self.sentiment
    }
    fn priority(&self, _scope: u32) -> Option<f64> {
        self.priority
    }
    fn hour(&self, _scope: u32) -> Option<u8> {
        self.hour
    }
    fn weekday(&self, _scope: u32) -> Option<u8> {
        self.weekday
    }
    fn is_direct(&self, _scope: u32) -> bool {
        self.told(Flag::Direct) == Some(true)
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        self.flags.iter().find(|(f, _)| *f == flag).map(|(_, is)| *is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_believed_and_nonsense_says_nothing() {
        let told = Computed::read(
            br#"{"id":"1","computed":{"sentiment":-0.7,"priority":82,"hour":23,"weekday":6,"is_retweet":true,"has_question":false,"is_direct":true,"is_odd":true}}"#,
        );
        assert_eq!((told.sentiment(), told.priority(3), told.hour(0), told.weekday(0)), (Some(-0.7), Some(82.0), Some(23), Some(6)));
        assert_eq!((told.told(Flag::Retweet), told.told(Flag::Question), told.told(Flag::Reply)), (Some(true), Some(false), None));
        assert!(told.is_direct(0));
        for line in [
            r#"{"computed":{"sentiment":"sad","priority":null,"hour":24,"weekday":-1,"is_retweet":1}}"#,
            r#"{"computed":[]}"#,
            r#"{"text":"\"computed\""}"#,
            r#"{"computed""#,
            "",
        ] {
            assert_eq!(Computed::read(line.as_bytes()), Computed::default(), "{line}");
        }
    }
}
