//! What the API asks the tally: one thin question each.

use std::sync::Arc;

use super::{App, Code, Problem, Unanswered};
use crate::lane::Compiled;
use crate::post::PostKey;
use crate::tally::{BrandOverview, MentionFilter, Overview, Page, ShareFilter, ShareOfVoice, Step, Tally, WeekHours};
use crate::time::Timestamp;
use crate::topic::TopicId;

impl From<Unanswered> for Problem {
    fn from(e: Unanswered) -> Problem {
        match e {
            Unanswered::Busy => Problem::new(Code::Busy).retry_after(1),
            Unanswered::Closed => Problem::because(Code::Unavailable, "el motor se detiene", "the engine is stopping"),
        }
    }
}

/// Runs `f` on the tally's thread.
pub async fn ask<R: Send + 'static>(app: &App, f: impl FnOnce(&mut Tally) -> R + Send + 'static) -> Result<R, Problem> {
    Ok(app.shared.asker.ask(f).await?)
}

/// What is listened for now.
pub fn compiled(app: &App) -> Arc<Compiled> {
    app.shared.intake.compiled()
}

/// The topic called `name`.
pub fn topic(app: &App, name: &str) -> Result<TopicId, Problem> {
    let compiled = compiled(app);
    let found = compiled.listening.topics.iter().find(|t| t.name == name).map(|t| t.id);
    found.ok_or_else(|| no_topic(name))
}

/// There is no topic called `name`.
pub fn no_topic(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::because(Code::NotFound, format!("no hay ningún tema que se llame «{name}»"), format!("there is no topic called \"{name}\""))
}

/// Which of these posts are known to be deleted.
pub async fn deleted(app: &App, keys: Vec<PostKey>) -> Result<Vec<bool>, Problem> {
    ask(app, move |tally| keys.into_iter().map(|key| tally.is_deleted(key)).collect()).await
}

/// All topics at a glance, those that the tally has not met yet missing, and the brands that are judged.
pub async fn topics(app: &App) -> Result<(Vec<Overview>, Vec<BrandOverview>), Problem> {
    ask(app, |tally| (tally.topics(), tally.brands())).await
}

/// The present moment of event time.
pub async fn now(app: &App) -> Result<Timestamp, Problem> {
    ask(app, |tally| tally.now()).await
}

/// Mentions of a topic by steps; empty for a topic that the tally has not met yet.
pub async fn series(app: &App, topic: TopicId, from: Timestamp, to: Timestamp, minutes: i64) -> Result<Vec<Step>, Problem> {
    Ok(ask(app, move |tally| tally.series(topic, from, to, minutes)).await?.unwrap_or_default())
}

/// The week of a topic.
pub async fn week(app: &App, topic: TopicId) -> Result<Option<WeekHours>, Problem> {
    ask(app, move |tally| tally.week(topic)).await
}

/// One page of mentions.
pub async fn mentions(app: &App, filter: MentionFilter) -> Result<Page, Problem> {
    ask(app, move |tally| tally.mentions(&filter, |_| true)).await
}

/// The shares of a group; `None` for a group that the tally has not met yet.
pub async fn share_of_voice(app: &App, filter: ShareFilter) -> Result<Option<ShareOfVoice>, Problem> {
    ask(app, move |tally| tally.share_of_voice(&filter)).await
}
