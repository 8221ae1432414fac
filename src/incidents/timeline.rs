//! One matter, post by post: whose turn it is, what was answered when, how it ended.

use std::sync::Arc;

use crate::contact::Intent;
use crate::incident::{Act, Answer, Cause, Closing, Deed, End, Field, Incident, Note, OurTurn, Tags, Tone};
use crate::limits::{AGENTS_KEPT, ANSWERS_KEPT, NOTES_KEPT};
use crate::post::AuthorKey;
use crate::time::Timestamp;
use crate::utterance::Utterance;

/// Turns of ours after which the customer is to be contacted directly.
const ENOUGH_TURNS: u32 = 2;

impl Incident {
    /// A matter that `post` opens; the post itself has not spoken yet.
    pub(super) fn open(brand: &Arc<str>, post: &Utterance, author: AuthorKey, cause: Cause) -> Incident {
        Incident {
            brand: Arc::clone(brand),
            network: Arc::clone(&post.network),
            opening: post.key,
            post_id: Arc::clone(&post.id),
            author,
            handle: Arc::clone(if post.own.is_some() { &post.to } else { &post.handle }),
            followers: None,
            repeated: None,
            replied: None,
            cause,
            bystander: false,
            opened_at: post.at,
            previous: None,
            relinked: 0,
            last_activity: post.at,
            waiting_since: None,
            first_answer: None,
            next_answers: Vec::new(),
            customer_posts: 0,
            our_posts: 0,
            our_turns: 0,
            our_turn: OurTurn::default(),
            settled_at: None,
            closings: Vec::new(),
            reopenings: Vec::new(),
            closed: false,
            agents: Default::default(),
            signed_posts: 0,
            contact_privately: None,
            personal_at: None,
            merged_into: None,
            tags: Tags::default(),
            said: Tags::default(),
            intent: Intent::default(),
            blocked: false,
            role: post.named.iter().find(|n| n.brand == *brand).map(|n| n.role),
            role_said: post.named.iter().any(|n| n.brand == *brand && n.is_said),
            before: Tone::default(),
            after: Tone::default(),
            assignee: None,
            hands: None,
            peer: None,
            notes: Vec::new(),
            private_posts: (0, 0),
            promised_at: None,
        }
    }

    /// The customer speaks.
    pub(super) fn customer(&mut self, post: &Utterance) {
        self.settle(post.at);
        if self.customer_posts == 0 {
            self.handle = Arc::clone(&post.handle);
        }
        self.customer_posts += 1;
        self.followers = self.followers.max(post.followers);
        let (repeated, replied) = post.heard;
        add(&mut self.repeated, repeated);
        add(&mut self.replied, replied);
        let section = self.section().cloned();
        self.learn(post);
        self.handed(section, post.at);
        if self.first_answer.is_some() && self.waiting_since.is_none() && post.says.courtesy {
            // It opens no turn and no matter that is over.
            self.our_turn.thanked = true;
            if !self.closed {
                self.last_activity = post.at;
            }
            return;
        }
        if std::mem::take(&mut self.closed) {
            self.reopenings.push(post.at);
        }
        self.last_activity = post.at;
        if self.waiting_since.is_none() {
            self.waiting_since = Some(post.at);
            if self.our_turns >= ENOUGH_TURNS {
                self.contact_privately.get_or_insert(post.at);
            }
        }
    }

    /// What a post of the customer tells of the matter, whosever turn it is.
    fn learn(&mut self, post: &Utterance) {
        for found in post.topics.iter().filter(|t| t.brand == self.brand) {
            for field in Field::ALL {
                if self.tags.get(*field).is_none() {
                    self.tags.set(*field, found.tags.get(*field).cloned());
                }
            }
        }
        if self.intent == Intent::Other {
            self.intent = post.says.intent;
        }
        self.blocked |= post.says.blocked;
        if !post.masked.is_empty() {
            self.personal_at.get_or_insert(post.at);
        }
        if self.our_posts == 0 { self.before.add(post.says.tone) } else { self.after.add(post.says.tone) }
    }

    /// We speak.
    pub(super) fn ours(&mut self, post: &Utterance) {
        self.settle(post.at);
        if let Some(agent) = &post.says.agent {
            self.signed_posts += 1;
            if self.agents.len() < AGENTS_KEPT || self.agents.contains_key(agent) {
                *self.agents.entry(Arc::clone(agent)).or_default() += 1;
            }
        }
        self.our_posts += 1;
        let answered = self.waiting_since.take();
        // A courtesy opens no turn, so it ends none of ours.
        let begins = answered.is_some() || self.our_posts == 1;
        self.our_turns += u32::from(begins);
        if self.closing().is_some_and(|c| c.end != End::Expired) {
            // What is over stays so; only turns and agents change.
            return;
        }
        if std::mem::take(&mut self.closed) {
            self.reopenings.push(post.at);
        }
        if let Some(since) = answered {
            self.answer(since, post);
        }
        if begins {
            self.our_turn = OurTurn::default();
        }
        self.our_turn.private |= post.says.private;
        self.our_turn.question |= post.says.question;
        self.our_turn.promise |= post.says.promise;
        self.private_posts.0 += u32::from(post.says.private);
        self.private_posts.1 += u32::from(post.says.private && post.says.notice);
        // Any news pays what was promised; a promise in it is owed from here on.
        self.promised_at = post.says.promise.then_some(post.at);
        self.last_activity = post.at;
        self.settled_at = Some(post.at);
    }

    fn answer(&mut self, since: Timestamp, post: &Utterance) {
        let answer = |since| Answer { since, at: post.at, agent: post.says.agent.clone() };
        if self.cause == Cause::Outbound {
            // We spoke first, so no time of an answer is measured.
        } else if self.first_answer.is_none() {
            self.first_answer = Some(answer(self.opened_at));
        } else if self.next_answers.len() < ANSWERS_KEPT {
            self.next_answers.push(answer(since));
        }
    }

    /// An agent does something with it; what makes it a part of another is not decided here.
    pub(super) fn act(&mut self, act: &Act) {
        self.settle(act.at);
        match &act.deed {
            Deed::Assign(to) => self.assign(to.clone()),
            Deed::Tag(field, value) => {
                let section = self.section().cloned();
                self.said.set(*field, value.clone());
                self.handed(section, act.at);
            }
            Deed::Note(text) if self.notes.len() < NOTES_KEPT => {
                self.notes.push(Note { at: act.at, by: Arc::clone(&act.by), text: Arc::clone(text) });
            }
            Deed::Resolve(scenario) if !matches!(self.closing(), Some(c) if c.end == End::Resolved) => self.resolve(act.at, scenario),
            Deed::Reopen if std::mem::take(&mut self.closed) => {
                self.reopenings.push(act.at);
                self.last_activity = self.last_activity.max(act.at);
            }
            Deed::Note(_) | Deed::Resolve(_) | Deed::Reopen | Deed::Merge(_) | Deed::Part => {}
        }
    }

    fn resolve(&mut self, at: Timestamp, scenario: &Arc<str>) {
        let settled_at = self.settled_at.unwrap_or(at);
        self.closings.push(Closing { at, end: End::Resolved, scenario: Some(Arc::clone(scenario)), settled_at });
        self.closed = true;
        self.waiting_since = None;
        self.promised_at = None;
        self.last_activity = self.last_activity.max(at);
    }
}

/// Adds what is known.
fn add(sum: &mut Option<u64>, more: Option<u32>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0).saturating_add(u64::from(more)));
    }
}
