//! What the tally does, on its way to the journal: items in the order in which they were applied, each before
//! what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam::channel::Sender;

use super::engine::{Acted, Answer, Beat, Done, Forgotten};
use crate::journal::{self, Item, Names, Setting};
use crate::lane::Compiled;
use crate::store::{Health, Job, Then};
use crate::tally::Tally;
use crate::topic::Cursor;

/// Tells the store of every item.
pub struct Diary {
    store: Sender<Job>,
    health: Arc<Health>,
    setting: Setting,
    /// Of all topics that were told of, and the version that was told last by this process.
    names: Names,
    version: Option<u64>,
    /// Where every source goes on, by its name.
    cursors: BTreeMap<String, Cursor>,
    /// Whoever waits for an erasure: what came before it must leave the file.
    erasures: Vec<Forgotten>,
}

impl Diary {
    /// Of a process that begins: topics have `names` already, and its sources go on at `cursors`.
    pub fn new((store, health): (Sender<Job>, Arc<Health>), setting: Setting, names: Names, cursors: BTreeMap<String, Cursor>) -> Diary {
        let diary = Diary { store, health, setting, names, version: None, cursors, erasures: Vec::new() };
        diary.tell(Job::Item(Box::new(Item::Begun(diary.setting.sources.clone()))));
        diary
    }

    /// Tells the store.
    pub fn tell(&self, job: Job) {
        // Closed means that the disk failed and the process ends.
        let _ = self.store.send(job);
    }

    /// A buffer was applied: what is to be told with what came of it. Its sender has its answer once that is durable, and
    /// none while nothing can be.
    pub fn done(&mut self, done: Done, answer: Option<Answer>) -> Vec<Job> {
        let mut jobs = self.listening(&done.buffer.compiled);
        let (source, cursor) = (done.buffer.source, done.buffer.cursor);
        let name = self.setting.sources.get(usize::from(source.0));
        self.cursors.extend(name.cloned().zip(cursor));
        jobs.push(Job::Item(Box::new(Item::Outcome(source, cursor, done.outcome))));
        let answer = answer.filter(|_| self.health.problem().is_none());
        jobs.extend(answer.map(|answer| Job::Then(Then(Box::new(move || answer.give())))));
        jobs
    }

    /// An agent wanted something: what is to be told with what came of it, and the agent once that is durable.
    pub fn acted(&mut self, acted: Acted) -> Vec<Job> {
        if acted.outcome.is_err() {
            acted.tell();
            return Vec::new();
        }
        let item = Job::Item(Box::new(Item::Act(acted.at, acted.order.clone())));
        if self.health.problem().is_some() {
            // Dropped: nothing can be promised.
            return vec![item];
        }
        vec![item, Job::Then(Then(Box::new(move || acted.tell())))]
    }

    /// Somebody's data was erased: what is to be told with what came of it. Whoever asked hears of it once no older
    /// state is in the file.
    pub fn erased(&mut self, forgotten: Forgotten) -> Vec<Job> {
        let jobs = vec![Job::Item(Box::new(Item::Erase(forgotten.erasure.clone()))), Job::Erased(forgotten.erasure.clone())];
        self.erasures.push(forgotten);
        jobs
    }

    /// A beat was applied: what is to be told with what came of it.
    pub fn beat(&mut self, beat: &Beat) -> Vec<Job> {
        let mut jobs = self.listening(&beat.compiled);
        jobs.push(Job::Item(Box::new(Item::Beat(beat.at, beat.signs.clone()))));
        jobs
    }

    /// Tells of the whole state, if the store has lost track of it and it can be told.
    pub fn look(&mut self, tally: &Tally) {
        let is_asked = self.health.is_lost() || !self.erasures.is_empty();
        if !is_asked || self.health.problem().is_some() || !tally.is_between() {
            return;
        }
        let (version, mut jobs) = (self.version.unwrap_or_default(), Vec::new());
        journal::snapshot(tally, &self.setting.sources, version, &self.cursors, &mut |part| jobs.push(Job::Part(part)));
        jobs.push(Job::Whole);
        if !self.erasures.is_empty() {
            jobs.push(Job::Purge);
        }
        for forgotten in std::mem::take(&mut self.erasures) {
            jobs.push(Job::Then(Then(Box::new(move || forgotten.tell()))));
        }
        // In one commit: parts that came in two would be taken for two states.
        self.tell(Job::Together(jobs));
    }

    /// Items speak of topics by their places in `compiled` from here on.
    fn listening(&mut self, compiled: &Arc<Compiled>) -> Vec<Job> {
        let listening = &compiled.listening;
        if self.version.replace(listening.version) == Some(listening.version) {
            return Vec::new();
        }
        self.setting.sets.add(compiled);
        self.names.version = listening.version;
        self.names.topics.extend(listening.topics.iter().map(|t| (t.id, t.name.clone())));
        let names = Job::Names(Box::new(self.names.clone()));
        vec![names, Job::Item(Box::new(Item::Listening(listening.version, listening.topics.iter().map(|t| t.id).collect())))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::Erased;
    use crate::tally::{Erasure, Settings};

    #[test]
    fn after_an_erasure_the_whole_state_is_told_in_one_and_then_whoever_asked() {
        let (store, jobs) = crossbeam::channel::unbounded();
        let tally = Settings { lateness: 0, dedupe: 0, recent_bytes: 0, past: None, taken: Arc::default() };
        let setting = Setting { tally: tally.clone(), sources: vec!["tcp".into()], compiled: Arc::default(), sets: Default::default() };
        let mut diary = Diary::new((store, Arc::default()), setting, Names::default(), BTreeMap::new());
        let (answer, mut told) = tokio::sync::oneshot::channel();
        let outcome = Erased { posts: 3, matters: 1 };
        let before = diary.erased(Forgotten { erasure: Erasure::of("x", "@ana"), outcome, answer });
        assert!(matches!(&before[..], [Job::Item(_), Job::Erased(_)]), "{before:?}");
        let tally = Tally::new(tally);
        diary.look(&tally);
        diary.look(&tally);
        let all: Vec<Job> = jobs.try_iter().skip(1).collect();
        let [Job::Together(whole)] = &all[..] else { panic!("{all:?}") };
        let [parts @ .., Job::Whole, Job::Purge, Job::Then(_)] = &whole[..] else { panic!("{whole:?}") };
        assert!(parts.len() >= 2 && parts.iter().all(|job| matches!(job, Job::Part(_))), "head and tally: {parts:?}");
        assert!(told.try_recv().is_err(), "not before it is durable");
    }
}
