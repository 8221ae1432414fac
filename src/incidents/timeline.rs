//! One matter, post by post: whose turn it is, what was answered when, how it ended.

use std::sync::Arc;

use crate::incident::{Answer, Cause, Closing, End, Incident, OurTurn};
use crate::limits::{AGENTS_KEPT, ANSWERS_KEPT};
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
            merged_into: None,
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
        if self.our_posts > 0 && self.waiting_since.is_none() && post.says.courtesy {
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

    /// We speak.
    pub(super) fn ours(&mut self, post: &Utterance) {
        self.settle(post.at);
        if let Some(agent) = &post.says.agent {
            self.signed_posts += 1;
            if self.agents.len() < AGENTS_KEPT {
                self.agents.insert(Arc::clone(agent));
            }
        }
        self.our_posts += 1;
        let answered = self.waiting_since.take();
        let begins = answered.is_some() || self.our_turn.thanked || self.our_posts == 1;
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
        self.last_activity = post.at;
        self.settled_at = Some(post.at);
    }

    fn answer(&mut self, since: Timestamp, post: &Utterance) {
        let answer = |since| Answer { since, at: post.at, agent: post.says.agent.clone() };
        if self.our_posts == 1 && self.cause != Cause::Outbound {
            self.first_answer = Some(answer(self.opened_at));
        } else if self.next_answers.len() < ANSWERS_KEPT {
            self.next_answers.push(answer(since));
        }
    }

    /// An agent says how it was resolved.
    pub(super) fn resolve(&mut self, at: Timestamp, scenario: Option<Arc<str>>) {
        self.settle(at);
        let settled_at = self.settled_at.unwrap_or(at);
        self.closings.push(Closing { at, end: End::Resolved, scenario, settled_at });
        self.closed = true;
        self.waiting_since = None;
        self.last_activity = self.last_activity.max(at);
    }
}
