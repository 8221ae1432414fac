use super::*;
use std::collections::BTreeMap;

use crate::fingerprint::fingerprint;
use crate::limits::CLUSTER_CHAIN;
use crate::prng::Prng;
use crate::text::Tokens;
use crate::time::{HOUR, SECOND};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_783_296_000_000_000);

/// What says `text` in post `key`, written by author `author`.
fn joined(clusters: &mut Clusters, key: u64, author: u64, original: Option<u64>, text: &str, now: Timestamp) -> Size {
    about(clusters, key, author, original, text, now, 1)
}

fn about(clusters: &mut Clusters, key: u64, author: u64, original: Option<u64>, text: &str, now: Timestamp, about: u64) -> Size {
    let (mut tokens, mut words) = (Tokens::default(), Vec::new());
    tokens.read(text);
    let print = fingerprint(text, &tokens, &mut words);
    let (key, author, original) = (PostKey(key), AuthorKey(author), original.map(PostKey));
    clusters.join(&Member { key, author, at: now, original, print, words: &words, about }, now)
}

/// Whether the second text is taken for a copy of the first.
fn is_copy(a: &str, b: &str) -> bool {
    let mut clusters = Clusters::default();
    joined(&mut clusters, 1, 1, None, a, NOW);
    joined(&mut clusters, 2, 2, None, b, NOW).posts == 2
}

#[test]
fn what_is_a_copy_and_what_is_not() {
    let outage = "Desde las diez de la mañana la aplicación del banco no deja entrar a nadie y en el teléfono no contestan";
    let fees = "I have been charged a monthly fee of $25 for an account that your own branch told me was free";
    let petition = "firmad todos la petición para que el banco devuelva las comisiones que cobró sin avisar durante años";
    let wire = "Reuters: el banco central sube los tipos de interés medio punto hasta el cinco por ciento";
    let table: &[(&str, &str, bool)] = &[
        // Sent in another way.
        (outage, "RT @ana: Desde las diez de la mañana la aplicación del banco no deja entrar a nadie y en el teléfono no contestan", true),
        (
            outage,
            "@banco_mx DESDE LAS DIEZ DE LA MAÑANA LA APLICACIÓN DEL BANCO NO DEJA ENTRAR A NADIE Y EN EL TELÉFONO NO CONTESTAN 😡😡",
            true,
        ),
        (
            fees,
            "@yourbank I have been charged a monthly fee of $25 for an account that your own branch told me was free! https://t.co/a1",
            true,
        ),
        (fees, "I have been charged a monthly fee of $1,200.50 for an account that your own branch told me was free", true),
        // A word or two changed, added or left out.
        (outage, "Desde las once de la mañana la aplicación del banco no deja entrar a nadie y en el teléfono no contestan", true),
        (outage, "Desde las once de la mañana la aplicación del banco no deja entrar a nadie y en el chat no contestan", true),
        (
            outage,
            "De vergüenza: desde las diez de la mañana la aplicación del banco no deja entrar a nadie y en el teléfono no contestan",
            true,
        ),
        (fees, "I have been charged a yearly fee of $25 for an account that your own branch told me was free", true),
        (fees, "I have been charged a monthly fee of $25 for an account that your own branch told me was free. Disgraceful.", true),
        (
            petition,
            "#NoMasComisiones firmad todos la petición para que el banco devuelva las comisiones que cobró sin avisar durante años",
            true,
        ),
        (wire, "el banco central sube los tipos de interés medio punto hasta el cinco por ciento", true),
        // The same complaint about another: no copy.
        (
            "La app de Santander lleva toda la mañana caída y nadie da una explicación a los clientes",
            "La app de BBVA lleva toda la mañana caída y nadie da una explicación a los clientes",
            false,
        ),
        (
            "Santander lleva toda la mañana con la app caída y nadie da una explicación a los clientes",
            "Bankia lleva toda la mañana con la app caída y nadie da una explicación a los clientes",
            false,
        ),
        (
            "why does it take Chase five working days to refund a payment that was never authorised",
            "why does it take Citi five working days to refund a payment that was never authorised",
            false,
        ),
        // Another matter in similar words.
        (outage, "Desde las diez de la mañana estoy en la cola del banco y no deja entrar a nadie el de seguridad", false),
        (fees, "I have been waiting a month for a card that your own branch told me was on its way", false),
        (outage, "", false),
        // Few words: exactly the same or not at all.
        ("no funciona la app", "No funciona la app!!! @banco", true),
        ("no funciona la app", "no funciona la web", false),
        ("me robaron otra vez", "me robaron otra vez 😭", true),
        ("no puedo entrar en la app", "no puedo entrar en la cuenta", false),
        ("the app is down again", "the site is down again", false),
        // So few that it is chance.
        ("gracias", "gracias", false),
        ("no funciona nada", "no funciona nada", false),
        // Nothing is said at all.
        ("https://t.co/a", "https://t.co/a", false),
        ("😡😡", "😡😡", false),
    ];
    for (a, b, expected) in table {
        assert_eq!(is_copy(a, b), *expected, "{a}\n{b}");
        assert_eq!(is_copy(b, a), *expected, "turned round: {a}\n{b}");
    }
}

#[test]
fn the_same_words_about_other_topics_are_another_cluster() {
    let mut clusters = Clusters::default();
    let text = "la app de santander lleva toda la mañana caída y nadie da una explicación a los clientes";
    let other = text.replace("santander", "bbva");
    let mut of = |key, text: &str, topics| about(&mut clusters, key, key, None, text, NOW, topics).id;
    let (both, first, second) = (of(1, text, 0b11), of(2, &other, 0b10), of(3, &other, 0b100));
    assert_eq!((first, second), (both, ClusterId(3)));
    assert_eq!(of(4, "@bbva la app no funciona", 0b10), ClusterId(4));
    assert_eq!(of(5, "@santander la app no funciona", 0b01), ClusterId(5));
    assert_eq!(of(6, "@banco @bbva la app no funciona", 0b110), ClusterId(4));
}

#[test]
fn a_repost_joins_its_original_whatever_is_left_of_the_text() {
    let mut clusters = Clusters::default();
    let text = "una historia larga que contar sobre la comisión que me cobró el banco sin avisar";
    let whole = joined(&mut clusters, 10, 1, None, text, NOW);
    let cut = joined(&mut clusters, 11, 2, Some(10), "RT @ana: una historia larga que…", NOW);
    assert_eq!((cut.id, cut.posts, cut.authors), (whole.id, 2, 2));
    // The original was never seen: its reposts find each other, and it finds them.
    let first = joined(&mut clusters, 21, 1, Some(20), "RT @eva: otra cosa muy dis…", NOW);
    let next = joined(&mut clusters, 22, 1, Some(20), "otra cosa", NOW);
    assert_eq!((first.id, next.id, next.posts, next.authors), (ClusterId(21), first.id, 2, 1));
    assert_eq!(clusters.size(first.id, NOW), Some(next));
    assert_eq!(clusters.size(ClusterId(20), NOW), None);
}

#[test]
fn clusters_are_forgotten_a_day_after_their_last_post() {
    let mut clusters = Clusters::default();
    let text = "la misma queja de siempre";
    for (hour, key, posts) in [(0, 1, 1), (20, 2, 2), (40, 3, 3), (64, 4, 4), (89, 5, 1)] {
        let now = NOW.plus(hour * HOUR);
        clusters.expire(now);
        assert_eq!(joined(&mut clusters, key, key, None, text, now).posts, posts, "hour {hour}");
    }
    clusters.expire(NOW.plus(200 * HOUR));
    assert!(clusters.is_empty() && clusters.bytes() == 0 && clusters.by_piece.is_empty() && clusters.by_post.is_empty());
    assert!(clusters.places.iter().all(Option::is_none) && clusters.free.len() == clusters.places.len());
}

/// Different texts of twenty words each, from a seed.
fn texts(count: usize, random: &mut Prng) -> Vec<String> {
    let word = |random: &mut Prng| (0..6).map(|_| char::from(b'a' + random.below(26) as u8)).collect::<String>();
    (0..count).map(|_| (0..20).map(|_| word(random)).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn memory_is_bounded_by_number_and_by_bytes() {
    let mut random = Prng::new(1);
    let all = texts(3000, &mut random);
    let mut clusters = Clusters::new(1000, 1 << 20);
    for (key, text) in (0..).zip(&all) {
        joined(&mut clusters, key, key, None, text, NOW.plus(key as i64 * SECOND));
        assert!(clusters.len() <= 1000 && clusters.bytes() <= 1 << 20);
    }
    assert!(clusters.len() > 700 && clusters.places.len() <= 1001, "{}", clusters.len());
    assert!(clusters.by_piece.len() <= 7 * clusters.len() && clusters.by_post.len() == clusters.len());
    // Authors count too, and the latest stay.
    let id = joined(&mut clusters, 9999, 0, None, &all[0], NOW.plus(HOUR)).id;
    for author in 0..5000u64 {
        let hash = xxhash_rust::xxh3::xxh3_64(&author.to_le_bytes());
        joined(&mut clusters, 10_000 + author, hash, None, &all[0], NOW.plus(HOUR));
    }
    let size = clusters.size(id, NOW.plus(HOUR)).expect("the latest");
    assert!(clusters.bytes() <= 1 << 20 && size.posts == 5001, "{size:?}");
    assert!((4500..5500).contains(&size.authors), "{size:?}");
    // What the bytes are made of is not more than was said.
    let least = size_of::<Option<Cluster>>()
        + 7 * index::PIECE_BYTES
        + 2 * 2 * size_of::<(PostKey, u32)>()
        + 2 * size_of::<(Timestamp, u64, u32)>();
    assert!(least <= OVERHEAD, "{least}");
}

#[test]
fn a_piece_that_all_share_leads_to_few() {
    let mut clusters = Clusters::default();
    // Exact copies about ever other topics found clusters under one hash.
    for key in 0..200 {
        about(&mut clusters, key, key, None, "no funciona la app", NOW, 1 << (key % 64));
    }
    assert!(clusters.by_piece.chains().all(|chain| chain.len() <= CLUSTER_CHAIN));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any two copies of a text of twenty words in which one word is another are near-duplicates of each
    /// other, so the order in which they come does not matter.
    #[test]
    fn the_order_of_copies_does_not_matter(seed in any::<u64>()) {
        let mut random = Prng::new(seed);
        let templates = texts(20, &mut random);
        let mut posts: Vec<(u64, String)> = Vec::new();
        for template in &templates {
            for _ in 0..random.below(8) + 1 {
                let mut words: Vec<&str> = template.split(' ').collect();
                let place = random.below(20) as usize;
                let other = format!("otra{}", ["a", "b", "c"][random.below(3) as usize]);
                words[place] = &other;
                posts.push((posts.len() as u64, format!("@x{} {} https://t.co/{}", posts.len(), words.join(" "), posts.len())));
            }
        }
        for _ in 0..3 {
            for i in (1..posts.len()).rev() {
                posts.swap(i, random.below(i as u64 + 1) as usize);
            }
            let mut clusters = Clusters::default();
            posts.iter().for_each(|(key, text)| { joined(&mut clusters, *key, *key, None, text, NOW); });
            prop_assert_eq!(clusters.len(), templates.len());
        }
    }
}

/// The same rules over lists and ordered maps, each looked through from end to end.
struct Slow {
    clusters: BTreeMap<u64, Cluster>,
    chains: BTreeMap<u64, Vec<u64>>,
    by_post: BTreeMap<PostKey, u64>,
    founded: u64,
    most: usize,
    most_bytes: usize,
}

impl Slow {
    fn join(&mut self, member: &Member<'_>, now: Timestamp) -> Size {
        let number = self.find(member).unwrap_or_else(|| self.found(member, now));
        let cluster = self.clusters.get_mut(&number).expect("found");
        cluster.posts += 1;
        cluster.minutes.add(member.at);
        // All authors, also of clusters of one.
        cluster.authors.insert(member.author.0);
        cluster.last = cluster.last.max(now);
        let size = cluster.size(now);
        while self.clusters.values().map(Cluster::bytes).sum::<usize>() > self.most_bytes || self.clusters.len() > self.most {
            self.forget_first();
        }
        size
    }

    fn find(&self, member: &Member<'_>) -> Option<u64> {
        if let Some(number) = member.original.and_then(|original| self.by_post.get(&original)) {
            return Some(*number);
        }
        let about = |c: &&Cluster| c.about & member.about != 0;
        let led_to = |piece: u64| self.chains.get(&piece).filter(|_| piece != 0).into_iter().flatten().map(|n| &self.clusters[n]);
        if let Some(same) = led_to(member.print.exact).filter(about).find(|c| c.print.exact == member.print.exact) {
            return Some(same.number);
        }
        let near = member.print.pairs.iter().flat_map(|pair| led_to(*pair)).filter(about);
        let mut near: Vec<(Shared, u64)> = near.filter_map(|c| Some((similar(&c.words, member.words)?, c.number))).collect();
        near.sort_by(|(a, i), (b, j)| (b.both * a.either).cmp(&(a.both * b.either)).then(i.cmp(j)));
        near.first().map(|(_, number)| *number)
    }

    fn found(&mut self, member: &Member<'_>, now: Timestamp) -> u64 {
        let number = self.founded;
        self.founded += 1;
        let cluster = Cluster {
            id: ClusterId(member.key.0),
            original: member.original.unwrap_or(member.key),
            number,
            print: member.print,
            words: if member.print.pairs == [0; 6] { Box::default() } else { member.words.into() },
            about: member.about,
            posts: 0,
            minutes: Minutes::default(),
            author: member.author,
            authors: Distinct::default(),
            last: now,
        };
        for piece in cluster.pieces() {
            let chain = self.chains.entry(piece).or_default();
            chain.push(number);
            if chain.len() > CLUSTER_CHAIN {
                chain.remove(0);
            }
        }
        self.by_post.extend([(cluster.original, number), (member.key, number)]);
        self.clusters.insert(number, cluster);
        number
    }

    fn forget_first(&mut self) {
        let Some((_, number)) = self.clusters.values().map(|c| (c.last, c.number)).min() else { return };
        self.clusters.remove(&number);
        self.chains.values_mut().for_each(|chain| chain.retain(|n| *n != number));
        self.by_post.retain(|_, n| *n != number);
    }

    fn expire(&mut self, now: Timestamp) {
        while self.clusters.values().map(|c| c.last).min().is_some_and(|last| now.since(last) > CLUSTER_HORIZON) {
            self.forget_first();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Variants of a few texts, some long enough to be cut, by few words, reposts, in a time that stands
    /// still, runs and leaps, with little room.
    #[test]
    fn fast_and_slow_agree(seed in any::<u64>(), most in 3..60usize, most_bytes in 4..80usize) {
        let (mut random, most_bytes) = (Prng::new(seed), most_bytes << 10);
        let (mut clusters, mut tokens) = (Clusters::new(most, most_bytes), Tokens::default());
        let (chains, by_post) = (BTreeMap::new(), BTreeMap::new());
        let mut slow = Slow { clusters: BTreeMap::new(), chains, by_post, founded: 0, most, most_bytes };
        let vocabulary = ["app", "banco", "Santander", "no", "funciona", "cae", "hoy", "tarjeta", "BBVA", "cobro", "mes", "otra", "vez"];
        let mut templates = texts(6, &mut random);
        templates.extend((0..8).map(|_| (0..10 + random.below(8)).map(|_| vocabulary[random.below(13) as usize]).collect::<Vec<_>>().join(" ")));
        templates.push(texts(4, &mut random).join(" "));
        templates.push("no funciona la app".into());
        let mut now = NOW;
        for key in 0..400 {
            now = now.plus([0, 0, SECOND, HOUR, 30 * HOUR][random.below(if key % 50 == 0 { 5 } else { 4 }) as usize]);
            let template = &templates[random.below(templates.len() as u64) as usize];
            let mut text: Vec<&str> = template.split(' ').collect();
            for _ in 0..random.below(4) {
                let place = random.below(text.len() as u64) as usize;
                text[place] = vocabulary[random.below(13) as usize];
            }
            let (text, mut words) = (text.join(" "), Vec::new());
            tokens.read(&text);
            let print = fingerprint(&text, &tokens, &mut words);
            let original = (random.below(8) == 0).then(|| PostKey(random.below(key + 1)));
            let (author, about) = (AuthorKey(random.below(9)), 1 << random.below(2) | 1 << random.below(2));
            let member = Member { key: PostKey(key), author, at: now, original, print, words: &words, about };
            // Now and then a post comes with a time that is past.
            let at = if random.below(6) == 0 { now.plus(-HOUR) } else { now };
            prop_assert_eq!(clusters.join(&member, at), slow.join(&member, at), "post {} {}", key, text);
            if random.below(10) == 0 {
                clusters.expire(now);
                slow.expire(now);
            }
            prop_assert_eq!((clusters.len(), clusters.bytes()), (slow.clusters.len(), slow.clusters.values().map(Cluster::bytes).sum()));
        }
    }

    /// What the gist rules out is no near-duplicate.
    #[test]
    fn the_gist_rules_out_nothing_that_is_similar(seed in any::<u64>()) {
        let mut random = Prng::new(seed);
        let mut tokens = Tokens::default();
        for _ in 0..50 {
            let count = 8 + random.below(70) as usize;
            let mut words = texts(4, &mut random).join(" ").split(' ').take(count).map(str::to_owned).collect::<Vec<_>>();
            let mut traces = |text: &str| {
                let mut traces = Vec::new();
                tokens.read(text);
                fingerprint(text, &tokens, &mut traces);
                traces
            };
            let a = traces(&words.join(" "));
            for _ in 0..random.below(1 + count as u64 / 4) {
                let place = random.below(count as u64) as usize;
                words[place] = ["otra", "cosa", "", "distinta del todo"][random.below(4) as usize].to_owned();
            }
            let b = traces(&words.join(" "));
            prop_assert!(similar(&a, &b).is_none() || Gist::new(&a).may_be_similar(Gist::new(&b)));
        }
    }
}
