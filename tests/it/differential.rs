//! The fast matcher and the slow evaluator of the language, which share no code, agree on random
//! queries and real texts, in every accent mode.

use escucha::eql::Given;
use escucha::eql::{self, Options};
use escucha::matching::{Matcher, Scratch};
use escucha::post::Post;
use escucha::query::NoFacts;
use escucha::query::{Accents, Query};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::query;

/// Texts that hold every difficulty of the text model.
const TEXTS: &[&str] = &[
    "",
    "OTRA caida, año y ano; no funciona: wi fi Wi-Fi reclamo reclam",
    "cus\u{301}tomise customize ¡HOLA! ok OK Ok oK 5 90 x b1",
    "@a.b@c-d #año #ANO $tsla US$TSLA @_a #x! x#x",
    "😡 banco👨‍👩‍👧 I.B.M. i b m \u{1F1F2}\u{1F1FD} banco",
    "banco https://banco.com/caida?x=1 b2 a \" b A “ B",
    "x banco x caída x no b1 x b2 I x B x M",
    "BANCO BANCO banco caída caida CAÍDA cai\u{301}da a<<< \u{1100}\u{1161}",
    "no wi-fi wi no fi fi wi a b ab a_b",
];

fn random_queries(count: usize) -> Vec<Query> {
    let mut runner = TestRunner::deterministic();
    let strategy = query::queries();
    let modes = [Accents::Fold, Accents::Smart, Accents::Exact];
    let all = (0..count).filter_map(|i| {
        let text = strategy.new_tree(&mut runner).unwrap().current();
        eql::parse(&text, &Options { accents: modes[i % 3], strict: false, quoted: i % 2 == 0, ..Options::default() }).query
    });
    all.collect()
}

fn agree(queries: &[Query], posts: &[Post<'_>]) -> usize {
    let matcher = Matcher::new(queries);
    let (mut scratch, mut fast, mut hits) = (Scratch::default(), Vec::new(), 0);
    for post in posts {
        fast.clear();
        matcher.matches(post, &NoFacts, &mut scratch, &mut fast);
        let slow: Vec<u32> =
            (0..queries.len()).filter(|i| eql::explain(&queries[*i], post, &Given::NOTHING).matched).map(|i| i as u32).collect();
        let differ = slow.iter().chain(&fast).find(|i| slow.contains(i) != fast.contains(i)).map(|i| &queries[*i as usize]);
        assert!(differ.is_none(), "{:?} {:?}: {differ:?}", post.text, post.quoted_text);
        hits += slow.len();
    }
    hits
}

#[test]
fn random_queries_on_difficult_texts() {
    let mut posts: Vec<Post<'_>> = Vec::new();
    for (i, text) in TEXTS.iter().enumerate() {
        let lang = ["", "pt", "pt-BR", "es"][i % 4];
        let mut post =
            Post { text, lang, network: ["x", "bluesky"][i % 2], quoted_text: TEXTS[(i * 5 + 1) % TEXTS.len()], ..Post::default() };
        post.author.handle = ["", "Ána", "ana b"][i % 3];
        post.in_reply_to.author = ["x", ""][i % 2];
        posts.push(post);
    }
    let hits = agree(&random_queries(1500), &posts);
    assert!(hits > 500, "{hits}");
}
