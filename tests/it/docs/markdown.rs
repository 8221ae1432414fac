//! As much of Markdown as the documentation uses: headings, links, fenced blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One page.
pub struct Page {
    pub file: PathBuf,
    text: String,
}

/// One fenced block; `line` is that of its fence.
pub struct Block {
    language: String,
    pub line: usize,
    pub text: String,
}

impl Page {
    pub fn read(file: &Path) -> Page {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Page { file: file.to_owned(), text }
    }

    /// All fenced blocks.
    fn fenced(&self) -> Vec<Block> {
        let (mut all, mut open) = (Vec::new(), None::<Block>);
        for (number, line) in self.text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => {
                    open = Some(Block { language: language.trim().to_owned(), line: number + 1, text: String::new() })
                }
                (Some(_), Some(_)) => all.extend(open.take()),
                (Some(block), None) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block does not end", self.file.display());
        all
    }

    pub fn blocks(&self, language: &str) -> Vec<Block> {
        self.fenced().into_iter().filter(|block| block.language == language).collect()
    }

    /// Lines outside of fenced blocks.
    fn prose(&self) -> Vec<&str> {
        let mut fenced = false;
        let lines = self.text.lines().filter(|line| {
            let fence = line.starts_with("```");
            fenced ^= fence;
            !fence && !fenced
        });
        lines.collect()
    }

    /// Targets of links and images, those of code left out.
    pub fn links(&self) -> Vec<String> {
        let plain = self.prose().into_iter().map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("code"));
        let targets = plain
            .flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect::<Vec<_>>());
        targets.collect()
    }

    /// The names that headings can be linked by: lower case, letters and digits, spaces as `-`.
    pub fn anchors(&self) -> BTreeSet<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let titles = self.prose().into_iter().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
        let name = |title: &str| {
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
        };
        let numbered = titles.map(|title| {
            let times = seen.entry(name(title)).and_modify(|n| *n += 1).or_insert(0);
            if *times == 0 { name(title) } else { format!("{}-{times}", name(title)) }
        });
        numbered.collect()
    }
}

impl Block {
    /// Command lines that begin with `program`, whole and in words as a shell parts them.
    pub fn commands(&self, program: &str) -> Vec<(String, Vec<String>)> {
        let lines = self.text.lines().map(|line| line.trim().trim_start_matches("target/release/"));
        let mine = lines.filter(|line| line.split(' ').next() == Some(program));
        mine.map(|line| (line.to_owned(), words(line))).collect()
    }
}

/// Words of a line up to a comment, a redirection or a pipe.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#' | '>' | '|' | ';') if word.is_none() => break,
            (None, ' ') => all.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    all
}

#[test]
fn words_are_as_a_shell_parts_them() {
    for (line, want) in [
        ("escucha query 'a OR \"b c\"'   # why", vec!["escucha", "query", "a OR \"b c\""]),
        ("escucha init > escucha.toml", vec!["escucha", "init"]),
        ("escucha match --query '' x#y", vec!["escucha", "match", "--query", "", "x#y"]),
    ] {
        assert_eq!(words(line), want, "{line}");
    }
}
