//! The figures once more: lists and loops, as a clerk would count, sharing nothing with the engine.

use std::collections::BTreeMap;

use escucha::contact::Intent;
use escucha::figures::{Facts, Figure, Spec};
use escucha::incident::{Cause, End, Field, Incident, Origin};
use escucha::time::{HOUR, Timestamp};
use escucha::topic::Role;

/// Indicator, figure, keys.
pub type At = (String, String, Vec<String>);
/// Numerator, denominator, and the value or why there is none.
pub type Is = (Option<u64>, Option<u64>, Result<i64, &'static str>);
type Table = BTreeMap<At, Is>;

/// Values in millionths, so that a last bit does not matter.
fn value(v: f64) -> i64 {
    (v * 1e6).round() as i64
}

pub fn flat(all: &[(&Spec, Vec<Figure>)]) -> Table {
    let mut out = Table::new();
    for (spec, figures) in all {
        for f in figures {
            let keys = f.keys.iter().map(|k| k.as_str().to_owned()).collect();
            let is = (f.numerator, f.denominator, f.value.map(value).map_err(|r| r.as_str()));
            let twice = out.insert((spec.name.to_owned(), f.called(), keys), is);
            assert!(twice.is_none() || spec.name == "influential", "twice: {} {}", spec.name, f.called());
        }
    }
    out
}

/// Figures that have tests of their own: people by rank, queues, weeks.
pub fn is_tested_alone(at: &At) -> bool {
    matches!(at.0.as_str(), "influential" | "staffing")
}

struct Clerk<'a> {
    facts: &'a Facts<'a>,
    gate: Option<&'static str>,
    out: Table,
}

type List<'a> = Vec<&'a Incident>;

impl<'a> Clerk<'a> {
    fn put(&mut self, indicator: &str, name: &str, keys: &[&str], is: Is) {
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        self.out.insert((indicator.to_owned(), name.to_owned(), keys), is);
    }

    fn count(&mut self, indicator: &str, name: &str, keys: &[&str], n: usize, gate: Option<&'static str>) {
        self.put(indicator, name, keys, (None, None, gate.map_or(Ok(value(n as f64)), Err)));
    }

    fn ratio(&mut self, indicator: &str, name: &str, keys: &[&str], part: usize, whole: usize, gate: Option<&'static str>) {
        let is = match gate {
            Some(reason) => (None, Some(whole as u64), Err(reason)),
            None if whole == 0 => (Some(part as u64), Some(0), Err("nothing_to_count")),
            None => (Some(part as u64), Some(whole as u64), Ok(value(part as f64 / whole as f64))),
        };
        self.put(indicator, name, keys, is);
    }

    /// With and without bystanders.
    fn two(&mut self, indicator: &str, name: &str, list: &List<'a>, gate: Option<&'static str>, is: fn(&Incident) -> bool) {
        let part = list.iter().filter(|i| is(i)).count();
        self.ratio(indicator, name, &["all"], part, list.len(), gate);
        let list: List<'a> = list.iter().copied().filter(|i| !i.bystander).collect();
        let part = list.iter().filter(|i| is(i)).count();
        self.ratio(indicator, name, &["without_bystanders"], part, list.len(), gate);
    }

    fn time(&mut self, indicator: &str, name: &str, keys: &[&str], micros: Option<f64>, n: usize, gate: Option<&'static str>) {
        let is = match (gate, micros) {
            (Some(reason), _) => Err(reason),
            (None, Some(m)) => Ok(value(m / 1e6)),
            (None, None) => Err("nothing_to_count"),
        };
        self.put(indicator, name, keys, (None, Some(n as u64), is));
    }

    fn list(&self, is: impl Fn(&Incident) -> bool) -> List<'a> {
        self.facts.incidents.iter().map(|i| &**i).filter(|i| i.merged_into.is_none() && is(i)).collect()
    }

    fn cohort(&self, is: impl Fn(&Incident) -> bool) -> List<'a> {
        let (from, to) = self.facts.window;
        self.list(|i| from <= i.opened_at && i.opened_at < to && is(i))
    }

    fn inside(&self, at: Timestamp) -> bool {
        self.facts.window.0 <= at && at < self.facts.window.1
    }
}

/// The smallest value that at least `q` of all are not above.
fn rank(times: &[i64], q: f64) -> Option<f64> {
    let n = times.len() as f64;
    times.iter().copied().filter(|t| times.iter().filter(|u| *u <= t).count() as f64 >= q * n - 1e-9).min().map(|t| t as f64)
}

fn asked(i: &Incident) -> bool {
    i.cause == Cause::MentionOrReply || i.cause == Cause::Topic
}

fn complaint(i: &Incident) -> bool {
    i.intent == Intent::Complaint
}

fn summary(c: &mut Clerk<'_>, indicator: &str, key: &str, times: &[i64]) {
    let (n, gate) = (times.len(), c.gate);
    c.count(indicator, "n", &[key], n, gate);
    let mean = (n > 0).then(|| times.iter().sum::<i64>() as f64 / n as f64);
    for (name, micros) in [("mean", mean), ("median", rank(times, 0.5)), ("p90", rank(times, 0.9)), ("longest", rank(times, 1.0))] {
        c.time(indicator, name, &[key], micros, n, gate);
    }
}

fn by_section(c: &mut Clerk<'_>, indicator: &str, of: fn(&Incident) -> Vec<i64>) {
    let cohort = c.cohort(|_| true);
    summary(c, indicator, "all", &cohort.iter().flat_map(|i| of(i)).collect::<Vec<_>>());
    for section in ["SAC", "MKT", "Tarjetas"] {
        let list: List<'_> = cohort.iter().copied().filter(|i| i.tag(Field::Section) == Some(section)).collect();
        if !list.is_empty() {
            summary(c, indicator, section, &list.iter().flat_map(|i| of(i)).collect::<Vec<_>>());
        }
    }
}

pub fn all(facts: &Facts<'_>) -> Table {
    let mut c = Clerk { facts, gate: None, out: Table::new() };
    let heard = |i: &Incident| {
        let mut at: Vec<Timestamp> = i.first_answer.iter().chain(&i.next_answers).map(|a| a.at).collect();
        at.extend(i.settled_at);
        at.into_iter().any(|at| c.inside(at))
    };
    c.gate = c.list(heard).is_empty().then_some("no_own_reply_seen");
    opened(&mut c);
    answering(&mut c);
    ending(&mut c);
    pending(&mut c);
    rhythm(&mut c);
    labels(&mut c);
    people(&mut c);
    talking(&mut c);
    handed(&mut c);
    helped(&mut c);
    c.out
}

fn opened(c: &mut Clerk<'_>) {
    let cohort = c.cohort(|_| true);
    c.count("opened", "opened", &[], cohort.len(), None);
    c.count("opened", "bystanders", &[], cohort.iter().filter(|i| i.bystander).count(), None);
    for origin in [Origin::Direct, Origin::Active, Origin::Outbound] {
        c.count("opened", "origin", &[origin.as_str()], cohort.iter().filter(|i| i.origin() == origin).count(), None);
    }
    let inbound = c.cohort(|i| i.cause != Cause::Outbound);
    c.two("opened", "active", &inbound, None, |i| i.cause != Cause::MentionOrReply);
    c.two("opened", "direct", &inbound, None, |i| i.cause == Cause::MentionOrReply);
    for (key, all) in [("all", true), ("without_bystanders", false)] {
        let list: List<'_> = inbound.iter().copied().filter(|i| all || !i.bystander).collect();
        let (joined, follow) = (list.iter().map(|i| i.relinked).sum::<u32>(), list.iter().map(|i| i.customer_posts - 1).sum::<u32>());
        c.ratio("opened", "relinked", &[key], joined as usize, follow as usize, None);
    }
}

fn answering(c: &mut Clerk<'_>) {
    let gate = c.gate;
    let answered = |i: &Incident| i.first_answer.is_some();
    let list = c.cohort(asked);
    c.two("answered", "answered", &list, gate, answered);
    c.two("answered", "answered_direct", &c.cohort(|i| i.cause == Cause::MentionOrReply), gate, answered);
    c.two("answered", "answered_complaints", &c.cohort(|i| asked(i) && complaint(i)), gate, answered);
    for section in ["SAC", "MKT", "Tarjetas"] {
        let of = c.cohort(|i| asked(i) && i.tag(Field::Section) == Some(section));
        if !of.is_empty() {
            c.ratio("answered", "answered_by_section", &[section], of.iter().filter(|i| answered(i)).count(), of.len(), gate);
        }
    }
    for network in ["x", "bluesky"] {
        let of = c.cohort(|i| asked(i) && &*i.network == network);
        if !of.is_empty() {
            c.ratio("answered", "answered_by_network", &[network], of.iter().filter(|i| answered(i)).count(), of.len(), gate);
        }
    }
    let (now, goal) = (c.facts.now, c.facts.settings.within);
    let young = |i: &Incident| i.first_answer.is_none() && now.since(i.opened_at) < goal;
    let good = |i: &Incident| i.first_answer.as_ref().is_some_and(|a| a.at.since(a.since) <= goal);
    for (key, all) in [("all", true), ("without_bystanders", false)] {
        let of: List<'_> = list.iter().copied().filter(|i| all || !i.bystander).collect();
        let old = of.iter().filter(|i| !young(i)).count();
        c.ratio("within", "within", &[key], of.iter().filter(|i| good(i)).count(), old, gate);
        c.count("within", "undecided", &[key], of.len() - old, gate);
    }
    for hour in 0..24 {
        let of: List<'_> = list.iter().copied().filter(|i| !young(i) && local(c.facts, i.opened_at).1 == hour).collect();
        c.ratio("coverage", "covered", &[&format!("{hour:02}")], of.iter().filter(|i| good(i)).count(), of.len(), gate);
    }
    by_section(c, "first-answer", |i| i.first_answer.iter().map(|a| a.at.since(a.since)).collect());
    by_section(c, "next-answer", |i| i.next_answers.iter().map(|a| a.at.since(a.since)).collect());
    trend(c, gate);
}

fn trend(c: &mut Clerk<'_>, gate: Option<&'static str>) {
    let mut weeks: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for i in c.cohort(|_| true) {
        let (weekday, _, date) = local(c.facts, i.opened_at);
        let monday = date.checked_sub(jiff::Span::new().days(weekday as i64)).unwrap().to_string();
        weeks.entry(monday).or_default().extend(i.first_answer.as_ref().map(|a| a.at.since(a.since)));
    }
    for (week, times) in &weeks {
        c.count("trend", "n", &[week], times.len(), gate);
        c.time("trend", "median", &[week], rank(times, 0.5), times.len(), gate);
    }
    let mut last = weeks.values().rev().map(|times| rank(times, 0.5));
    let change = last.next().flatten().zip(last.next().flatten()).map(|(now, before)| value((now - before) / 1e6));
    c.put("trend", "change", &[], (None, None, gate.map_or(change.ok_or("nothing_to_count"), Err)));
}

/// Weekday from Monday, hour and date of a moment, by the calendar of `jiff`.
fn local(facts: &Facts<'_>, at: Timestamp) -> (usize, usize, jiff::civil::Date) {
    let offset = facts.zone.clone().offset(at);
    let moment = jiff::Timestamp::from_microsecond(at.0 + offset).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    (moment.weekday().to_monday_zero_offset() as usize, moment.hour() as usize, moment.date())
}

fn took(i: &Incident) -> Option<i64> {
    let last = i.closings.last().filter(|_| i.closed)?;
    let counts = (last.end == End::Answered || last.end == End::Resolved) && i.cause != Cause::Outbound;
    counts.then(|| last.settled_at.since(i.opened_at))
}

fn ending(c: &mut Clerk<'_>) {
    by_section(c, "resolution", |i| took(i).into_iter().collect());
    let id = |i: &Incident| i.post_id.parse::<u64>().unwrap();
    let mut done: Vec<(i64, u64, &Incident)> = c.cohort(|i| took(i).is_some()).into_iter().map(|i| (took(i).unwrap(), id(i), i)).collect();
    for name in ["fastest", "slowest"] {
        done.sort_by(|a, b| (if name == "fastest" { a.0.cmp(&b.0) } else { b.0.cmp(&a.0) }).then(a.1.cmp(&b.1)));
        for (took, _, i) in done.iter().take(5) {
            c.time("resolution", name, &[&i.handle, &i.post_id], Some(*took as f64), 1, None);
        }
    }
    if c.facts.own {
        let mut open = c.list(|i| i.state().is_open());
        open.sort_by_key(|i| (i.opened_at, id(i)));
        for i in open.into_iter().take(5) {
            let old = c.facts.now.since(i.opened_at);
            c.time("resolution", "oldest_open", &[&i.handle, &i.post_id], Some(old as f64), 1, None);
        }
    }
    closings(c);
}

fn closings(c: &mut Clerk<'_>) {
    let mut ends = Vec::new();
    let mut again = Vec::new();
    for i in c.list(|_| true) {
        ends.extend(i.closings.iter().filter(|x| c.inside(x.at)).map(|x| (x.at, x.end)));
        again.extend(i.reopenings.iter().copied().filter(|at| c.inside(*at)));
    }
    let of = |end: End| ends.iter().filter(|e| e.1 == end).count();
    c.count("closed", "closed", &[], ends.len(), None);
    c.count("closed", "reopened", &[], again.len(), None);
    let gate = c.gate.filter(|_| ends.is_empty());
    c.ratio("closed", "abandoned", &[], of(End::Abandoned), ends.len(), gate);
    for end in [End::Private, End::Abandoned, End::Answered, End::Expired, End::Resolved] {
        c.count("closed", "by_end", &[end.as_str()], of(end), None);
    }
    let last = if c.facts.now < c.facts.window.1 { c.facts.now } else { c.facts.window.1.plus(-1) };
    let mut day = local(c.facts, c.facts.window.0).2;
    let last = local(c.facts, last).2;
    let mut days = vec![];
    while day <= last {
        days.push(day);
        day = day.tomorrow().unwrap();
    }
    let on = |at: Timestamp| local(c.facts, at).2.to_string();
    let by_day: Vec<(String, End)> = ends.iter().map(|(at, end)| (on(*at), *end)).collect();
    let again: Vec<String> = again.iter().map(|at| on(*at)).collect();
    let mut names: Vec<String> = days.iter().map(|d| d.to_string()).chain(by_day.iter().map(|d| d.0.clone())).collect();
    names.sort();
    names.dedup();
    if days.is_empty() {
        return;
    }
    for day in names {
        let count = |end: Option<End>| by_day.iter().filter(|d| d.0 == day && end.is_none_or(|e| e == d.1)).count();
        c.count("closed", "closed_on", &[&day], count(None), None);
        for end in [End::Private, End::Abandoned, End::Answered, End::Expired, End::Resolved] {
            if count(Some(end)) > 0 {
                c.count("closed", "ended_on", &[&day, end.as_str()], count(Some(end)), None);
            }
        }
    }
    for day in &again {
        c.count("closed", "reopened_on", &[day], again.iter().filter(|d| *d == day).count(), None);
    }
}

fn pending(c: &mut Clerk<'_>) {
    let gate = (!c.facts.own).then_some("not_queued");
    let now = c.facts.now;
    let over = |i: &Incident| i.closed && !i.closings.is_empty();
    let waiting = c.list(|i| !over(i) && i.waiting_since.is_some());
    c.count("pending", "pending", &[], waiting.len(), gate);
    c.count("pending", "waiting_customer", &[], c.list(|i| !over(i) && i.waiting_since.is_none()).len(), gate);
    let news: Vec<i64> = c.list(|i| !over(i)).iter().filter_map(|i| i.settled_at).map(|at| now.since(at)).collect();
    c.time("pending", "news_p90", &[], rank(&news, 0.9), news.len(), gate);
    c.time("pending", "news_longest", &[], rank(&news, 1.0), news.len(), gate);
    for (age, from, to) in
        [("0-1h", i64::MIN, HOUR), ("1-4h", HOUR, 4 * HOUR), ("4-24h", 4 * HOUR, 24 * HOUR), ("over-24h", 24 * HOUR, i64::MAX)]
    {
        let of: List<'_> = waiting.iter().copied().filter(|i| (from..to).contains(&now.since(i.waiting_since.unwrap()))).collect();
        c.count("pending", "age", &[age], of.len(), gate);
        for section in ["SAC", "MKT", "Tarjetas"] {
            let n = of.iter().filter(|i| i.tag(Field::Section) == Some(section)).count();
            if n > 0 {
                c.count("pending", "age_by_section", &[section, age], n, gate);
            }
        }
    }
}

fn rhythm(c: &mut Clerk<'_>) {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at: Vec<(usize, usize)> = c.cohort(|_| true).iter().map(|i| local(c.facts, i.opened_at)).map(|(d, h, _)| (d, h)).collect();
    for (d, day) in days.into_iter().enumerate() {
        c.count("rhythm", "weekday", &[day], at.iter().filter(|a| a.0 == d).count(), None);
        for h in 0..24 {
            c.count("rhythm", "hour_of_week", &[day, &format!("{h:02}")], at.iter().filter(|a| **a == (d, h)).count(), None);
        }
    }
    let table: Vec<(usize, usize)> =
        if c.facts.settings.slots.len() == 24 { (0..24).map(|h| (h, h + 1)).collect() } else { vec![(0, 7), (7, 15), (15, 22), (22, 24)] };
    for (from, to) in table {
        let name = if to == from + 1 { format!("{from:02}") } else { format!("{from:02}-{to:02}") };
        c.count("rhythm", "slot", &[&name], at.iter().filter(|a| (from..to).contains(&a.1)).count(), None);
    }
}

/// The value of a label as written in a file.
fn label(i: &Incident, name: &str) -> String {
    let tag = |field| i.tag(field).map(str::to_owned);
    let value = match name {
        "typology" => tag(Field::Typology),
        "category" => tag(Field::Category),
        "subcategory" => tag(Field::Subcategory),
        "section" => tag(Field::Section),
        "scenario" => i.closings.last().filter(|_| i.closed).and_then(|x| x.scenario.as_ref()).map(|s| s.to_string()),
        "origin" => Some(i.cause.origin().as_str().to_owned()),
        "cause" => Some(i.cause.as_str().to_owned()),
        "state" => Some(i.state().as_str().to_owned()),
        "network" => Some(i.network.to_string()),
        _ => Some(if i.blocked { "yes" } else { "no" }.to_owned()),
    };
    value.unwrap_or_else(|| "none".to_owned())
}

fn labels(c: &mut Clerk<'_>) {
    let cohort = c.cohort(|_| true);
    for name in ["typology", "category", "subcategory", "section", "scenario", "origin", "cause", "state", "network", "blocked"] {
        let values: Vec<String> = cohort.iter().map(|i| label(i, name)).collect();
        if values.iter().all(|v| v == "none") {
            continue;
        }
        for value in &values {
            c.count("labels", name, &[value], values.iter().filter(|v| *v == value).count(), None);
        }
    }
    for (a, b) in [("section", "category"), ("origin", "state")] {
        let pairs: Vec<(String, String)> = cohort.iter().map(|i| (label(i, a), label(i, b))).collect();
        for pair in &pairs {
            c.count("crossed", &format!("{a}_by_{b}"), &[&pair.0, &pair.1], pairs.iter().filter(|p| *p == pair).count(), None);
        }
    }
}

fn people(c: &mut Clerk<'_>) {
    let gate = c.gate;
    let cohort = c.cohort(|_| true);
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for i in &cohort {
        for agent in i.agents.keys() {
            times.entry(agent.to_string()).or_default();
        }
        let answers = i.first_answer.iter().chain(&i.next_answers);
        answers
            .filter_map(|a| Some((a.agent.as_ref()?, a)))
            .for_each(|(who, a)| times.entry(who.to_string()).or_default().push(a.at.since(a.since)));
    }
    c.count("agents", "agents", &[], times.len(), gate);
    let sum = |of: fn(&Incident) -> u32| cohort.iter().map(|i| of(i) as usize).sum::<usize>();
    c.ratio("agents", "signed", &[], sum(|i| i.signed_posts), sum(|i| i.our_posts), gate);
    c.count("agents", "two_or_three", &[], cohort.iter().filter(|i| i.agents.len() == 2 || i.agents.len() == 3).count(), gate);
    c.count("agents", "over_three", &[], cohort.iter().filter(|i| i.agents.len() > 3).count(), gate);
    for (agent, times) in &times {
        c.count("agents", "n", &[agent], times.len(), gate);
        c.time("agents", "median", &[agent], rank(times, 0.5), times.len(), gate);
        c.time(
            "agents",
            "mean",
            &[agent],
            (!times.is_empty()).then(|| times.iter().sum::<i64>() as f64 / times.len() as f64),
            times.len(),
            gate,
        );
    }
}

fn talking(c: &mut Clerk<'_>) {
    let gate = c.gate;
    let now = c.facts.now;
    let owed = c.list(|i| i.promised_at.is_some() && i.state().is_open());
    let mut late: Vec<(i64, u64, &Incident)> =
        owed.iter().map(|i| (now.since(i.promised_at.unwrap()), i.post_id.parse().unwrap(), *i)).filter(|l| l.0 > 24 * HOUR).collect();
    c.ratio("promises", "silent", &[], late.len(), owed.len(), (!c.facts.own).then_some("not_queued").or(gate));
    late.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (took, _, i) in late.iter().take(5).filter(|_| c.facts.own) {
        c.time("promises", "longest_silent", &[&i.handle, &i.post_id], Some(*took as f64), 1, None);
    }
    c.two("promises", "contact_directly", &c.cohort(|i| i.our_turns >= 2), gate, |i| i.contact_privately.is_some());
    c.two("private", "private", &c.cohort(|i| i.our_posts > 0), gate, |i| i.private_posts.0 > 0);
    c.two("private", "notice", &c.cohort(|i| i.private_posts.0 > 0), gate, |i| i.private_posts.1 > 0);
    let to_us = c.cohort(|i| i.role.is_some() && i.intent == escucha::contact::Intent::Complaint);
    c.two("misrouted", "misrouted", &to_us, gate, |i| i.role == Some(Role::Broadcast) && (i.role_said || i.our_posts == 0));
    let cohort = c.cohort(|_| true);
    let replies: usize = cohort.iter().map(|i| i.our_posts as usize).sum();
    match c.facts.broadcasts {
        Some(b) => c.ratio("conversation", "conversational", &[], replies, replies + b as usize, gate),
        None => c.put("conversation", "conversational", &[], (None, Some(0), Err(gate.unwrap_or("not_kept")))),
    }
    let spoke: Vec<u32> = cohort.iter().map(|i| i.our_turns).filter(|t| *t > 0).collect();
    c.ratio("conversation", "turns", &[], spoke.iter().sum::<u32>() as usize, spoke.len(), gate);
    tone(c, gate, &cohort);
    playbooks(c);
}

/// One after the other, and the better one stays.
fn playbooks(c: &mut Clerk<'_>) {
    let all = &c.facts.settings.playbooks;
    let cohort = c.cohort(|_| true);
    let mut counts = BTreeMap::new();
    let mut with = 0;
    for i in &cohort {
        let mut best: Option<(usize, &str)> = None;
        for p in all.iter() {
            let mut said = 0;
            let mut holds = true;
            let mut ask = |is: Option<bool>| {
                said += usize::from(is.is_some());
                holds &= is != Some(false);
            };
            ask((!p.brands.is_empty()).then(|| p.brands.contains(&i.brand)));
            ask(p.tags.category.as_ref().map(|c| i.tag(Field::Category) == Some(c)));
            ask(p.tags.section.as_ref().map(|s| i.tag(Field::Section) == Some(s)));
            ask(p.intent.map(|intent| i.intent == intent));
            ask(p.blocked.map(|blocked| i.blocked == blocked));
            if holds && best.is_none_or(|(most, _)| said > most) {
                best = Some((said, &p.name));
            }
        }
        with += usize::from(best.is_some());
        if let Some((_, name)) = best {
            *counts.entry(name).or_insert(0) += 1;
        }
    }
    let gate = if !c.facts.own { Some("not_queued") } else { all.is_empty().then_some("not_set") };
    c.ratio("playbooks", "coverage", &[], with, cohort.len(), gate);
    for p in all.iter().filter(|_| gate.is_none()) {
        c.count("playbooks", "by_playbook", &[&p.name], counts.get(&*p.name).copied().unwrap_or(0), None);
    }
}

fn tone<'a>(c: &mut Clerk<'a>, gate: Option<&'static str>, cohort: &List<'a>) {
    let mean = |t: escucha::incident::Tone| t.sum as f64 / 100.0 / f64::from(t.posts);
    let negative = |i: &Incident| i.before.posts > 0 && i.before.sum < 0;
    let told = cohort.iter().filter(|i| i.before.posts > 0).count();
    c.ratio("tone", "negative", &[], cohort.iter().filter(|i| negative(i)).count(), told, None);
    let both: List<'_> = cohort.iter().copied().filter(|i| i.before.posts > 0 && i.after.posts > 0).collect();
    let n = both.len();
    for (name, sum) in [
        ("before", both.iter().map(|i| mean(i.before)).sum::<f64>()),
        ("after", both.iter().map(|i| mean(i.after)).sum()),
        ("uplift", both.iter().map(|i| mean(i.after) - mean(i.before)).sum()),
    ] {
        let is = if n == 0 { Err("nothing_to_count") } else { Ok(value(sum / n as f64)) };
        c.put("tone", name, &[], (None, Some(n as u64), gate.map_or(is, Err)));
    }
    let answered: List<'_> = cohort.iter().copied().filter(|i| negative(i) && i.first_answer.is_some()).collect();
    c.two("tone", "converted", &answered, gate, |i| i.after.posts > 0 && i.after.sum >= 0);
    c.two("tone", "heard_again", &answered, gate, |i| i.after.posts > 0);
}

/// Who had it, one after the other; `None` for nobody.
fn owners(i: &Incident) -> Vec<(Option<String>, Timestamp)> {
    let name = |section: &Option<std::sync::Arc<str>>| section.as_ref().map(|s| s.to_string());
    let mut list: Vec<(Option<String>, Timestamp)> =
        i.hands.iter().flat_map(|hands| &hands.sections).map(|(until, section)| (name(section), *until)).collect();
    list.push((i.tag(Field::Section).map(str::to_owned), Timestamp(i64::MAX)));
    list
}

fn handed(c: &mut Clerk<'_>) {
    let cohort = c.cohort(|_| true);
    let gate = (!c.facts.own).then_some("not_queued");
    let changes = |i: &Incident| {
        let names: Vec<String> = owners(i).into_iter().filter_map(|(name, _)| name).collect();
        if names.is_empty() { None } else { Some(names.windows(2).filter(|pair| pair[0] != pair[1]).count()) }
    };
    let passed = |i: &Incident| i.hands.as_ref().filter(|h| h.holders > 0).map(|h| h.holders as usize - 1);
    for (mean, many, hops) in [
        ("section_hops", "section_many", cohort.iter().filter_map(|i| changes(i)).collect::<Vec<_>>()),
        ("assignee_hops", "assignee_many", cohort.iter().filter_map(|i| passed(i)).collect()),
    ] {
        c.ratio("hand-offs", mean, &[], hops.iter().sum(), hops.len(), gate);
        c.ratio("hand-offs", many, &[], hops.iter().filter(|n| **n >= 3).count(), hops.len(), gate);
    }
    for section in ["SAC", "MKT", "Tarjetas"].into_iter().filter(|_| c.facts.own) {
        let had = cohort.iter().filter(|i| owners(i).iter().any(|(name, _)| name.as_deref() == Some(section)));
        let times: Vec<i64> = had.map(|i| held(i, section, c.facts.now)).collect();
        if !times.is_empty() {
            c.count("hand-offs", "n", &[section], times.len(), None);
            c.time("hand-offs", "mean", &[section], Some(times.iter().sum::<i64>() as f64 / times.len() as f64), times.len(), None);
            c.time("hand-offs", "median", &[section], rank(&times, 0.5), times.len(), None);
        }
    }
}

/// For how long `section` had it, from the opening until it was over, or now.
fn held(i: &Incident, section: &str, now: Timestamp) -> i64 {
    let end = match i.closings.last().filter(|_| i.closed) {
        None => now,
        Some(x) if x.end == End::Resolved || x.end == End::Expired => x.at,
        Some(x) => x.settled_at,
    };
    let (mut from, mut sum) = (i.opened_at, 0);
    for (name, until) in owners(i) {
        let to = if until < end { until } else { end };
        if name.as_deref() == Some(section) && to > from {
            sum += to.since(from);
        }
        from = until;
    }
    sum
}

fn helped(c: &mut Clerk<'_>) {
    let closed = c.list(|i| i.closings.iter().any(|x| c.inside(x.at)));
    c.two("peers", "peer_solved", &closed, None, |i| i.peer.is_some());
    let (gate, cohort) = (c.gate, c.cohort(|_| true));
    if c.facts.organisations.is_empty() {
        return c.put("organisations", "n", &[], (None, None, Err("not_set")));
    }
    let whose = |agent: &str| match agent {
        "AB" => "Casa",
        "CD" | "EF" => "Centro",
        "ZZ" => "Nadie",
        _ => "other_signatures",
    };
    let signed: Vec<(&str, u32)> = cohort.iter().flat_map(|i| i.agents.iter().map(|(agent, posts)| (whose(agent), *posts))).collect();
    let first = cohort.iter().filter_map(|i| i.first_answer.as_ref());
    let first: Vec<(&str, i64)> = first.filter_map(|a| Some((whose(a.agent.as_ref()?), a.at.since(a.since)))).collect();
    let posts = |of: Option<&str>| signed.iter().filter(|s| of.is_none_or(|of| s.0 == of)).map(|s| s.1 as usize).sum::<usize>();
    for name in ["Casa", "Centro", "Nadie", "other_signatures"] {
        if name == "other_signatures" && signed.iter().all(|s| s.0 != name) && first.iter().all(|f| f.0 != name) {
            continue;
        }
        let times: Vec<i64> = first.iter().filter(|f| f.0 == name).map(|f| f.1).collect();
        let mean = (!times.is_empty()).then(|| times.iter().sum::<i64>() as f64 / times.len() as f64);
        c.count("organisations", "n", &[name], times.len(), gate);
        c.time("organisations", "median", &[name], rank(&times, 0.5), times.len(), gate);
        c.time("organisations", "mean", &[name], mean, times.len(), gate);
        c.ratio("organisations", "signed", &[name], posts(Some(name)), posts(None), gate);
    }
}
