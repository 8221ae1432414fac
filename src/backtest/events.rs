//! Events that the team knows of, to hold alerts against: rows of `timestamp,label,topic`.

use super::counts;
use crate::bilingual::Both;
use crate::dates;
use crate::time::Timestamp;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it began; without an offset it is taken as universal time.
    pub at: Timestamp,
    /// What it is called; empty if not given.
    pub label: String,
    /// The topic that it belongs to; empty for every topic.
    pub topic: String,
}

impl Event {
    /// Whether alerts of the topic called `topic` are held against it.
    pub fn concerns(&self, topic: &str) -> bool {
        self.topic.is_empty() || self.topic == topic
    }
}

/// The events of `text` by time, and for every line that is none its number and why. Blank lines are
/// nothing; a first line that holds no time names the columns and is passed over.
pub fn read(text: &[u8]) -> (Vec<Event>, Vec<(usize, Both)>) {
    let (mut events, mut refused, mut begun) = (Vec::new(), Vec::new(), false);
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for (number, line) in text.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i + 1, line.trim_ascii())) {
        if line.is_empty() {
            continue;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            refused.push((number, Both::new("no es UTF-8", "it is not UTF-8")));
            continue;
        };
        let fields = counts::fields(line);
        if !std::mem::replace(&mut begun, true) && counts::is_header(&fields) {
            continue;
        }
        let field = |i: usize| fields.get(i).map_or("", |f| f.trim());
        match dates::parse(field(0)) {
            Some(at) => events.push(Event { at, label: field(1).to_owned(), topic: field(2).to_owned() }),
            None => refused
                .push((number, Both::new(format!("«{}» no es una fecha con hora", field(0)), format!("'{}' is not a time", field(0))))),
        }
    }
    events.sort_by_key(|event| event.at);
    (events, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_every_dress() {
        let text = "timestamp,label,topic\n2026-02-01T10:00:00Z,\"caída, total\",app\n\nyesterday,x\n2026-01-01 09:00:00\n";
        let (events, refused) = read(text.as_bytes());
        let shown: Vec<String> = events.iter().map(|e| format!("{} {} {}", e.at, e.label, e.topic)).collect();
        assert_eq!(shown, ["2026-01-01T09:00:00Z  ", "2026-02-01T10:00:00Z caída, total app"]);
        assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4]);
        assert!(events[0].concerns("fraude") && events[1].concerns("app") && !events[1].concerns("fraude"));
        assert_eq!(read(b"2026-01-01T09:00:00Z,x\n\xff").1.len(), 1);
    }
}
