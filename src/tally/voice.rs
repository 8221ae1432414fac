//! Shares of voice told: to readers who ask, to the judge when a pane closes, and to the meters.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recent::Recent;
use super::shares::{Brand, Group, Member, Said};
use super::{Batch, Event, Mention, Moment, Tally, tell};
use crate::indicators::{self, Facts, Figure, Publication, Ratio};
use crate::judge::Evidence;
use crate::lane::Record;
use crate::limits::{ALERT_POSTS, ALERT_SCAN, LISTENED_GAP, SHARE_PANE, SHARE_PANES};
use crate::post::{Kind, PostBuf};
use crate::score::Score;
use crate::seen::Known;
use crate::share::{Answering, Counting, Fire, Settings, Shift, Span, Voice, pane_of, pane_start};
use crate::time::{HOUR, Timestamp};
use crate::topic::Listening;

/// Which shares a reader wants.
#[derive(Debug, Clone)]
pub struct ShareFilter {
    /// Of this group.
    pub group: String,
    /// In this stretch of time, widened to whole panes; the span that ends with the running pane if it is
    /// `None`.
    pub between: Option<(Timestamp, Timestamp)>,
    /// How long, if no stretch of time is given.
    pub span: Span,
    /// Counted so.
    pub counting: Counting,
}

/// Figures of one indicator.
pub type Figures = Vec<(&'static str, Figure)>;

/// The shares of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareOfVoice {
    /// Event time now.
    pub at: Timestamp,
    /// The window: from here,
    pub from: Timestamp,
    /// up to here.
    pub to: Timestamp,
    /// Event time since when the group is counted.
    pub since: Option<Timestamp>,
    /// The whole window was listened to and is still kept.
    pub complete: bool,
    /// Different posts about the group.
    pub posts: f64,
    /// `Σ SoV²`.
    pub concentration: Option<f64>,
    /// The two largest together.
    pub largest_two: Ratio,
    /// The largest share first, then by name.
    pub brands: Vec<BrandVoice>,
}

/// One brand of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct BrandVoice {
    /// Its name.
    pub name: Arc<str>,
    /// Ours, or a competitor's.
    pub own: bool,
    /// Mentions in the window; `None` without a topic of the brand.
    pub mentions: Option<u64>,
    /// What each indicator makes of it, in the order of `indicators::ALL`.
    pub figures: Vec<(&'static str, Figures)>,
    /// What its accounts published, by account and network.
    pub accounts: Vec<AccountVoice>,
}

/// One account on one network.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountVoice {
    /// Its handle, or its id.
    pub account: Arc<str>,
    /// The network.
    pub network: String,
    /// Its engagement and its rate.
    pub figures: Figures,
}

/// The shares of a group in the last day, for the meters.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupShares {
    /// The group's name.
    pub group: Arc<str>,
    /// Its brands; `None` where nothing is known.
    pub shares: Vec<(Arc<str>, Option<f64>)>,
}

impl Tally {
    /// The shares of a group; `None` if there is no such group, or before any event time is known.
    pub fn share_of_voice(&self, filter: &ShareFilter) -> Option<ShareOfVoice> {
        let group = self.shares.groups.iter().find(|g| *g.name == *filter.group)?;
        let now = self.clock.now();
        if now == Timestamp::MIN {
            return None;
        }
        let (from, to) = match filter.between {
            Some((from, to)) => (pane_of(from), pane_of(to.plus(SHARE_PANE - 1))),
            None => (pane_of(now) + 1 - filter.span.panes(), pane_of(now) + 1),
        };
        let (start, end) = (pane_start(from), pane_start(to));
        let voices = group.panes.sum(from, to, filter.counting, group.members.len());
        // The same, each cluster once and every copy.
        let with = |duplicates| group.panes.sum(from, to, Counting { duplicates, ..filter.counting }, group.members.len());
        let (once, each) = (with(false), with(true));
        let mentions = |voices: &[Voice], i: usize| voices.get(i).map_or(0, |v| v.mentions);
        let mut all = Voice::default();
        voices.iter().for_each(|v| all.add(v));
        // What was listened to of the window.
        let since = group.since.unwrap_or(now).max(start);
        let days = end.min(now).since(since).max(0) as f64 / (24 * HOUR) as f64;
        let compared = group.compared(from, to);
        let mut brands = Vec::new();
        for (i, member) in group.members.iter().enumerate() {
            let (Some(brand), Some(voice)) = (self.shares.brands.get(member.brand), voices.get(i)) else { continue };
            let published = brand.published.within(start, end);
            let facts = Facts {
                brand: *voice,
                group: all,
                shift: compared.get(i).map(|c| c.shift).unwrap_or_default(),
                once: mentions(&once, i),
                each: mentions(&each, i),
                market: member.market,
                population: group.population,
                listened: !brand.topics.is_empty(),
                heard: brand.heard,
                published: &published,
                days,
            };
            brands.push(self.brand_voice(brand, &facts));
        }
        let mentions: Vec<u64> = voices.iter().map(|v| v.mentions).collect();
        brands.sort_by(|a, b| b.mentions.cmp(&a.mentions).then_with(|| a.name.cmp(&b.name)));
        let kept = pane_of(now) - SHARE_PANES as i64;
        Some(ShareOfVoice {
            at: now,
            from: start,
            to: end,
            since: group.since,
            complete: group.since.is_some_and(|s| s <= start) && from > kept,
            posts: all.parts as f64 / Voice::UNIT as f64,
            concentration: indicators::concentration(&mentions),
            largest_two: indicators::largest_two(&mentions),
            brands,
        })
    }

    fn brand_voice(&self, brand: &Brand, facts: &Facts<'_>) -> BrandVoice {
        let mut by_account: BTreeMap<(u16, u8), Vec<Publication>> = BTreeMap::new();
        for post in facts.published {
            by_account.entry((post.account, post.network)).or_default().push(*post);
        }
        let account = |((account, network), published): (&(u16, u8), &Vec<Publication>)| AccountVoice {
            account: brand.accounts.get(usize::from(*account)).cloned().unwrap_or_default(),
            network: self.networks.name(*network).to_owned(),
            figures: indicators::engagement(&Facts { published, ..*facts }),
        };
        BrandVoice {
            name: brand.name.clone(),
            own: brand.own,
            mentions: facts.listened.then_some(facts.brand.mentions),
            figures: indicators::ALL.iter().map(|spec| (spec.name, (spec.figures)(facts))).collect(),
            accounts: by_account.iter().map(account).collect(),
        }
    }

    /// Notes what an account of a brand in a group wrote, whether any topic is after it or not: a new post,
    /// or the new counts of one that is `known`. `true` if it did.
    pub(super) fn note_own(&mut self, batch: Batch<'_>, record: &Record, known: Option<Known>) -> bool {
        if self.shares.groups.is_empty() {
            return false;
        }
        let post = batch.outcome.posts.get(record.post as usize);
        let Some((brand, account)) = batch.compiled.writer(&post) else { return false };
        match known {
            None => {
                let network = self.networks.number(post.network);
                let reply = &post.in_reply_to;
                let mut accounts = batch.compiled.listening.brands.get(brand).into_iter().flat_map(|b| &b.accounts);
                // Who goes on with a thread of its own publishes.
                let thread = accounts.any(|a| a.is(post.network, reply.author_id, reply.author));
                let said = match post.is_repost() {
                    true => Said::Repost,
                    false if thread || !reply.is_some() => Said::Published { network },
                    false => Said::Reply,
                };
                self.shares.own((brand, account), &post, said, self.clock.now());
            }
            Some(Known::Deleted) => {}
            Some(_) if record.kind == Kind::Update => self.shares.update(brand, record.key, &post),
            Some(_) => {}
        }
        true
    }

    /// Shows the judge every pane that closed, and tells the meters once a minute.
    pub(super) fn close_shares(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        if self.shares.groups.is_empty() {
            return;
        }
        self.shares.groups.iter_mut().for_each(|g| _ = g.since.get_or_insert(now));
        let open = pane_of(self.clock.settled());
        let next = *self.shares.next.get_or_insert(open);
        // What leapt by was not listened to.
        let first = if (open - next) * SHARE_PANE > LISTENED_GAP { open - 1 } else { next };
        for pane in first..open {
            self.judge_shares(pane, now);
        }
        self.shares.next = Some(open.max(next));
        tell(&mut self.alerts, events);
        if now.minute() != self.shares.told {
            self.shares.told = now.minute();
            self.tell_shares(now, events);
        }
    }

    fn judge_shares(&mut self, pane: i64, now: Timestamp) {
        // The rules of a group and a window stand together.
        let mut last: Option<(Settings, Option<Vec<Compared>>)> = None;
        for i in 0..self.judge.share_watches().len() {
            let Some(watch) = self.judge.share_watches().get(i) else { continue };
            let ((settings, member), unanswered) = (watch.settings(), watch.is_unanswered());
            let Some(group) = self.shares.groups.get(usize::from(settings.group)) else { continue };
            let same = |known: &Settings| (known.group, known.span) == (settings.group, settings.span);
            if last.as_ref().is_none_or(|(known, _)| !same(known)) {
                let (from, to) = (pane + 1 - settings.span.panes(), pane + 1);
                let heard = group.since.is_some_and(|s| s <= pane_start(2 * from - to));
                last = Some((settings, heard.then(|| group.compared(from, to))));
            }
            let found = last.as_ref().and_then(|(_, found)| found.as_ref()?.get(member).copied());
            let brand = group.members.get(member).and_then(|m| self.shares.brands.get(m.brand));
            let between = (pane_start(pane + 1 - settings.span.panes()), pane_start(pane + 1));
            let evidence = || brand.map_or_else(Evidence::default, |b| evidence(b, between, unanswered, &self.recent));
            let when = Moment { now, delayed: false };
            match unanswered {
                true => self.judge.close_unanswered(i, pane, found.map(|c| c.fire), when, evidence, &mut self.alerts),
                false => self.judge.close_share(i, pane, found.map(|c| c.shift), when, evidence, &mut self.alerts),
            }
        }
    }

    /// The shares of every group in the day that ends now.
    fn tell_shares(&self, now: Timestamp, events: &mut Vec<Event>) {
        for group in &self.shares.groups {
            let to = pane_of(now) + 1;
            let voices = group.panes.sum(to - Span::H24.panes(), to, Counting::ALL, group.members.len());
            let all: u64 = voices.iter().map(|v| v.mentions).sum();
            let share = |(member, voice): (&Member, &Voice)| {
                let brand = self.shares.brands.get(member.brand)?;
                let known = all > 0 && !brand.topics.is_empty();
                Some((brand.name.clone(), known.then(|| voice.mentions as f64 / all as f64)))
            };
            let shares = group.members.iter().zip(&voices).filter_map(share).collect();
            events.push(Event::Shares(Box::new(GroupShares { group: group.name.clone(), shares })));
        }
    }

    /// Counts for the groups of `listening` from now on; of what is gone nothing is known any more.
    pub(super) fn adopt_shares(&mut self, listening: &Listening, now: Timestamp, events: &mut Vec<Event>) {
        let before = self.shares.pairs();
        self.shares.adopt(listening, now);
        let after = self.shares.pairs();
        for (group, brand) in before.into_iter().filter(|pair| !after.contains(pair)) {
            events.push(Event::Shares(Box::new(GroupShares { group, shares: vec![(brand, None)] })));
        }
    }
}

/// One brand's window beside the one before it.
#[derive(Clone, Copy)]
struct Compared {
    shift: Shift,
    fire: Fire,
}

impl Group {
    /// Every member's share, and how it answers, in the panes from `from` up to `to` and in as many before.
    fn compared(&self, from: i64, to: i64) -> Vec<Compared> {
        let sums = |from, to| self.panes.sum(from, to, Counting::OWN_WORDS, self.members.len());
        let (now, before) = (sums(from, to), sums(2 * from - to, from));
        let all = |voices: &[Voice]| voices.iter().map(|v| v.mentions).sum::<u64>();
        let (all, all_before) = (all(&now), all(&before));
        let both = |(n, b): (&Voice, &Voice)| {
            let shift = Shift { now: (n.mentions, all), before: (b.mentions, all_before) };
            Compared { shift, fire: Fire { now: Answering::of(n), before: Answering::of(b) } }
        };
        now.iter().zip(&before).map(both).collect()
    }
}

/// What stands behind an alert on a brand's share: its first post of the window and those with the highest
/// priority, among the latest `limits::ALERT_SCAN` mentions; the negative ones, if `negative`.
fn evidence(brand: &Brand, (from, to): (Timestamp, Timestamp), negative: bool, recent: &Recent) -> Evidence {
    let score = |m: &Mention| m.topics.iter().filter(|t| brand.topics.contains(&t.id)).map(|t| t.score).max();
    let latest = (recent.oldest()..recent.next()).rev().take(ALERT_SCAN).filter_map(|n| recent.get(n));
    let inside = latest.filter(|m| from <= m.post.at() && m.post.at() < to && (!negative || m.is_negative()));
    let mut found: Vec<(Score, &Arc<Mention>)> = inside.filter_map(|m| Some((score(m)?, m))).collect();
    let age = |m: &Mention| (m.post.at(), m.key);
    let first = found.iter().min_by_key(|(_, m)| age(m)).map(|(_, m)| m.post.clone());
    // Highest priority first, then oldest.
    found.sort_by_key(|(score, m)| (std::cmp::Reverse(*score), age(m)));
    let top: Vec<PostBuf> = found.iter().take(ALERT_POSTS).map(|(_, m)| m.post.clone()).collect();
    Evidence { first, top, ..Evidence::default() }
}
