//! What the queries of `escucha match` ask about a post that the post itself does not say: computed
//! when it is asked, unless the post of a test says it under `"computed"` and is believed.

use std::cell::OnceCell;

use serde_json::Value;

use crate::post::Post;
use crate::query::{Facts, Flag};
use crate::score::{self, Score};
use crate::signals::{self, Context, Scope, TopicContext};
use crate::text::Tokens;
use crate::time::Zone;

/// What one post says about itself; only posts in the native form can.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    sentiment: Option<f64>,
    priority: Option<f64>,
    hour: Option<u8>,
    weekday: Option<u8>,
    flags: Vec<(Flag, bool)>,
}

impl Told {
    /// What the post on `line` says. A value of another type or out of range says nothing.
    pub fn read(line: &[u8]) -> Told {
        // Few posts have it, and a second reading of all the others would cost as much as the first.
        if memchr::memmem::find(line, b"\"computed\"").is_none() {
            return Told::default();
        }
        let post: Value = serde_json::from_slice(line).unwrap_or_default();
        let Some(told) = post.get("computed").and_then(Value::as_object) else { return Told::default() };
        let number = |key: &str| told.get(key).and_then(Value::as_f64);
        let below = |key: &str, bound: u64| {
            let value = told.get(key).and_then(Value::as_u64).filter(|n| *n < bound);
            value.and_then(|n| u8::try_from(n).ok())
        };
        let flag = |(field, name, flag): (&str, &str, Flag)| Some((flag, told.get(&format!("{field}_{name}"))?.as_bool()?));
        Told {
            sentiment: number("sentiment"),
            priority: number("priority"),
            hour: below("hour", 24),
            weekday: below("weekday", 7),
            flags: Flag::ALL.into_iter().filter_map(flag).collect(),
        }
    }
}

/// Answers for one post, which has no topic: no brand, no weight, and one zone for all queries.
pub struct Computed<'a> {
    post: &'a Post<'a>,
    told: &'a Told,
    zone: &'a Zone,
    tokens: OnceCell<Tokens>,
}

impl<'a> Computed<'a> {
    /// For `post`, whose hours are those of `zone`.
    pub fn new(post: &'a Post<'a>, told: &'a Told, zone: &'a Zone) -> Computed<'a> {
        Computed { post, told, zone, tokens: OnceCell::new() }
    }

    fn tokens(&self) -> &Tokens {
        self.tokens.get_or_init(|| {
            let mut tokens = Tokens::default();
            tokens.read(self.post.text);
            tokens
        })
    }

    fn score(&self) -> Score {
        let mut addends = Vec::new();
        let context = Context { post: self.post, tokens: self.tokens(), topic: None };
        signals::score(&context, Scope::Post, &mut addends);
        let topic = Some(TopicContext { weight: Score::default(), direct: self.is_direct(0) });
        signals::score(&Context { topic, ..context }, Scope::Topic, &mut addends);
        score::total(addends.iter())
    }

    fn hour_of_week(&self) -> usize {
        // It remembers the last offset, so asking changes it.
        self.zone.clone().hour_of_week(self.post.at)
    }
}

impl Facts for Computed<'_> {
    fn sentiment(&self) -> Option<f64> {
        self.told.sentiment.or_else(|| Some(signals::sentiment(self.post.text, self.tokens())))
    }
    fn priority(&self, _scope: u32) -> Option<f64> {
        self.told.priority.or_else(|| Some(self.score().as_f64()))
    }
    fn hour(&self, _scope: u32) -> Option<u8> {
        self.told.hour.or_else(|| Some((self.hour_of_week() % 24) as u8))
    }
    fn weekday(&self, _scope: u32) -> Option<u8> {
        self.told.weekday.or_else(|| Some((self.hour_of_week() / 24) as u8))
    }
    fn is_direct(&self, _scope: u32) -> bool {
        self.told(Flag::Direct) == Some(true)
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        self.told.flags.iter().find(|(f, _)| *f == flag).map(|(_, is)| *is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates;

    #[test]
    fn a_post_is_believed_and_nonsense_says_nothing() {
        let line = concat!(
            r#"{"id":"1","computed":{"sentiment":-0.7,"priority":82,"hour":23,"weekday":6,"#,
            r#""is_retweet":true,"has_question":false,"is_direct":true,"is_odd":true}}"#
        );
        let (told, zone, post) = (Told::read(line.as_bytes()), Zone::utc(), Post::default());
        let facts = Computed::new(&post, &told, &zone);
        assert_eq!((facts.sentiment(), facts.priority(3), facts.hour(0), facts.weekday(0)), (Some(-0.7), Some(82.0), Some(23), Some(6)));
        assert_eq!((facts.told(Flag::Retweet), facts.told(Flag::Question), facts.told(Flag::Reply)), (Some(true), Some(false), None));
        assert!(facts.is_direct(0));
        for line in [
            r#"{"computed":{"sentiment":"sad","priority":null,"hour":24,"weekday":-1,"is_retweet":1}}"#,
            r#"{"computed":[]}"#,
            r#"{"text":"\"computed\""}"#,
            r#"{"computed""#,
            "",
        ] {
            assert_eq!(Told::read(line.as_bytes()), Told::default(), "{line}");
        }
    }

    #[test]
    fn what_is_not_told_is_computed() {
        // A Saturday, 01:30 in Madrid.
        let at = dates::parse("2026-07-03T23:30:00Z").expect("a time");
        let post = Post { text: "pésimo banco, me robaron", at, ..Post::default() };
        let (told, madrid) = (Told::default(), Zone::named("Europe/Madrid").expect("a zone"));
        let facts = Computed::new(&post, &told, &madrid);
        assert_eq!((facts.hour(0), facts.weekday(0)), (Some(1), Some(5)));
        assert!(facts.sentiment().is_some_and(|s| s < -0.05) && facts.priority(0).is_some_and(|p| p > 0.0));
        assert!(!facts.is_direct(0));
    }
}
