//! All matters as bytes: the posts, the deleted ones, what agents did and what was told. The matters follow
//! from them.

use std::sync::Arc;

use super::threads::Sighting;
use super::{Incidents, Told};
use crate::codec::{Coded, Error, Reader};
use crate::incident::{Act, Answer, Cause, Closing, Deed, End, Field, Hands, Incident, IncidentKey, Note, OurTurn, Tone};
use crate::post::{AuthorKey, PostKey};
use crate::time::Timestamp;
use crate::utterance::Utterance;

coded_cases!(Cause: Cause::MentionOrReply, Cause::Topic, Cause::AnsweredByUs, Cause::Outbound);
coded_cases!(End: End::Private, End::Abandoned, End::Answered, End::Expired, End::Resolved);
coded_cases!(Field: Field::Typology, Field::Category, Field::Subcategory, Field::Section);
coded!(Answer { since, at, agent });
coded!(Closing { at, end, scenario, settled_at });
coded!(OurTurn { private, question, thanked, promise });
coded!(Tone { sum, posts });
coded!(Note { at, by, text });
coded!(Hands { sections, last, holders });
coded!(Act { at, by, brand, posts, deed });
coded!(Told { version, incident });
coded!(Incident {
    brand,
    network,
    opening,
    post_id,
    author,
    handle,
    followers,
    repeated,
    replied,
    cause,
    bystander,
    opened_at,
    previous,
    relinked,
    last_activity,
    waiting_since,
    first_answer,
    next_answers,
    customer_posts,
    our_posts,
    our_turns,
    our_turn,
    settled_at,
    closings,
    reopenings,
    closed,
    agents,
    signed_posts,
    contact_privately,
    personal_at,
    merged_into,
    tags,
    said,
    intent,
    blocked,
    role,
    role_said,
    before,
    after,
    assignee,
    hands,
    peer,
    notes,
    private_posts,
    promised_at
});

impl Coded for IncidentKey {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<IncidentKey, Error> {
        Ok(IncidentKey(Coded::decode(from)?))
    }
}

impl Coded for Deed {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Deed::Assign(to) => {
                0u8.encode(out);
                to.encode(out);
            }
            Deed::Tag(field, value) => {
                (1u8, *field).encode(out);
                value.encode(out);
            }
            Deed::Note(text) => {
                2u8.encode(out);
                text.encode(out);
            }
            Deed::Resolve(scenario) => {
                3u8.encode(out);
                scenario.encode(out);
            }
            Deed::Reopen => 4u8.encode(out),
            Deed::Merge(into) => (5u8, *into).encode(out),
            Deed::Part => 6u8.encode(out),
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Deed, Error> {
        Ok(match u8::decode(from)? {
            0 => Deed::Assign(Coded::decode(from)?),
            1 => Deed::Tag(Coded::decode(from)?, Coded::decode(from)?),
            2 => Deed::Note(Coded::decode(from)?),
            3 => Deed::Resolve(Coded::decode(from)?),
            4 => Deed::Reopen,
            5 => Deed::Merge(Coded::decode(from)?),
            6 => Deed::Part,
            _ => return Err(Error::Field("deed")),
        })
    }
}

/// One thing of which all matters are made.
#[derive(Debug)]
pub enum Piece {
    /// Whose a handle is.
    Handle(AuthorKey, Sighting),
    /// A living post.
    Post(Arc<Utterance>),
    /// A deleted one, and when.
    Dead(Timestamp, PostKey),
    /// What an agent did with matters of a person.
    Act(AuthorKey, Box<Act>),
    /// What was told of a matter of a person.
    Told(AuthorKey, u64, Arc<Incident>),
    /// What stays of a matter of whom was let go of.
    Archived(IncidentKey, u64, Arc<Incident>),
    /// When that was looked at last, and how many posts there was no room for.
    Pruned(i64, u64),
}

impl Coded for Piece {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Piece::Post(post) => {
                0u8.encode(out);
                post.encode(out);
            }
            Piece::Dead(at, key) => (1u8, *at, *key).encode(out),
            Piece::Handle(handle, sighting) => {
                (4u8, *handle).encode(out);
                sighting.encode(out);
            }
            Piece::Act(whose, act) => {
                (2u8, *whose).encode(out);
                act.encode(out);
            }
            Piece::Told(whose, version, incident) => {
                (3u8, *whose, *version).encode(out);
                incident.encode(out);
            }
            Piece::Archived(id, version, incident) => {
                (5u8, *id, *version).encode(out);
                incident.encode(out);
            }
            Piece::Pruned(hour, dropped) => (6u8, *hour, *dropped).encode(out),
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Piece, Error> {
        Ok(match u8::decode(from)? {
            0 => Piece::Post(Coded::decode(from)?),
            4 => Piece::Handle(Coded::decode(from)?, Coded::decode(from)?),
            1 => Piece::Dead(Coded::decode(from)?, Coded::decode(from)?),
            2 => Piece::Act(Coded::decode(from)?, Coded::decode(from)?),
            3 => Piece::Told(Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?),
            5 => Piece::Archived(Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?),
            6 => Piece::Pruned(Coded::decode(from)?, Coded::decode(from)?),
            _ => return Err(Error::Field("incidents")),
        })
    }
}

impl Incidents {
    /// Gives every piece to `to`; in an order that only what is known decides.
    pub fn pieces(&self, to: &mut dyn FnMut(Piece)) {
        self.dead.all().for_each(|(at, key)| to(Piece::Dead(at, key)));
        let mut handles: Vec<_> = self.threads.handles().collect();
        handles.sort_by_key(|(handle, _)| *handle);
        handles.into_iter().for_each(|(handle, sighting)| to(Piece::Handle(handle, sighting.clone())));
        let mut posts: Vec<&Arc<Utterance>> = self.threads.all().collect();
        posts.sort_by(|a, b| a.order(b));
        posts.into_iter().for_each(|post| to(Piece::Post(Arc::clone(post))));
        let mut people: Vec<_> = self.people.iter().collect();
        people.sort_by_key(|(key, _)| **key);
        for (key, person) in people {
            person.acts().iter().for_each(|act| to(Piece::Act(*key, Box::new(act.clone()))));
            person.told.values().for_each(|told| to(Piece::Told(*key, told.version, Arc::clone(&told.incident))));
        }
        for (id, told) in self.archived() {
            to(Piece::Archived(*id, told.version, Arc::clone(&told.incident)));
        }
        to(Piece::Pruned(self.pruned, self.dropped));
    }

    /// All pieces were taken: what follows from them by `now` was told before.
    pub fn resume(&mut self, now: Timestamp) {
        // All of them first: a matter is seen with the posts of those that are parts of it, whoever's these are.
        self.people.iter_mut().for_each(|(key, person)| person.fold(*key, &self.threads));
        self.settle(now, &mut Vec::new());
    }

    /// Takes a piece back; all were taken before anything else happens.
    pub fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Post(post) => self.hear(crate::post::Kind::Create, Arc::unwrap_or_clone(post), Timestamp::MIN),
            Piece::Dead(at, key) => self.dead.add(key, at),
            Piece::Handle(handle, sighting) => self.threads.own(handle, sighting),
            Piece::Archived(id, version, incident) => _ = self.archive.insert(id, Told { version, incident }),
            Piece::Pruned(hour, dropped) => (self.pruned, self.dropped) = (hour, dropped),
            Piece::Act(whose, act) => self.people.entry(whose).or_default().act(*act),
            Piece::Told(whose, version, incident) => {
                let id = incident.key();
                self.whose.insert(id, whose);
                if let Some(into) = incident.merged_into {
                    self.guests.entry(IncidentKey::of(&incident.brand, into)).or_default().insert(id);
                }
                self.people.entry(whose).or_default().told.insert(id, Told { version, incident });
            }
        }
    }
}
