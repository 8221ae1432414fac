//! Tables of queries and posts, and both matchers on each.

mod fields;
mod rules;

use super::*;
use crate::post::{Author, Reference};
use crate::query::{Attribute, Leaf as Typed, NoFacts, Party};
use Accents::{Exact, Fold, Smart};

fn words(s: &str) -> Term {
    Term::Phrase(s.split(' ').map(String::from).collect())
}

fn query(root: Node, terms: Vec<Term>, accents: Accents) -> Query {
    let leaves = terms.into_iter().map(|term| Typed { span: 0..0, term }).collect();
    Query { root, leaves, accents, quoted: false }
}

fn one(term: Term, accents: Accents) -> Query {
    query(Node::Leaf(0), vec![term], accents)
}

/// The queries that match, and that the index changes nothing.
fn matched(queries: &[Query], post: &Post<'_>) -> Vec<u32> {
    let [fast, slow] = [Matcher::new(queries), Matcher::without_index(queries)].map(|m| {
        let mut found = Vec::new();
        let mut scratch = Scratch::default();
        m.matches(post, &NoFacts, &mut scratch, &mut found);
        // A second post with the same memory must not see the first.
        m.matches(&Post::default(), &NoFacts, &mut scratch, &mut Vec::new());
        found.clear();
        m.matches(post, &NoFacts, &mut scratch, &mut found);
        found
    });
    assert_eq!(fast, slow, "{}", post.text);
    fast
}

fn text(text: &str) -> Post<'_> {
    Post { text, ..Post::default() }
}

#[test]
fn terms_on_texts() {
    for (term, accents, yes, no) in [
        (
            words("bancomer"),
            Fold,
            vec!["sin BANCOMER", "Gracias @Bancomer", "#bancomer sin", "@bancomer_mx"],
            vec!["bancomermx", "#bancomerfalla", "https://bancomer"],
        ),
        (words("no funciona"), Fold, vec!["La app no funciona", "no, funciona"], vec!["funciona, no como antes", "no"]),
        (words("comisión"), Fold, vec!["me cobran comision", "otra COMISIÓN"], vec!["comisiones"]),
        (words("comisión"), Smart, vec!["otra COMISIÓN más"], vec!["me cobran comision"]),
        (words("comision"), Smart, vec!["otra COMISIÓN más", "comision"], vec!["comisiones"]),
        (words("comision"), Exact, vec!["comision"], vec!["comisión"]),
        (words("año"), Fold, vec!["¡Feliz Año!", "an\u{303}o"], vec!["Feliz Ano"]),
        (words("reclam*"), Fold, vec!["una reclamación", "RECLAMO", "reclam"], vec!["proclama"]),
        (words("tarjeta* bloquead*"), Fold, vec!["las tarjetas bloqueadas"], vec!["bloqueadas las tarjetas"]),
        (words("customi?e"), Fold, vec!["customise alerts", "customize"], vec!["customie"]),
        (words("extraordinari*"), Fold, vec!["EXTRAORDINARIA"], vec!["extraordin"]),
        (words("😡"), Fold, vec!["mier... 😡", "😡😡"], vec!["🙂"]),
        (Term::Case(vec!["BT".into()]), Fold, vec!["BT outage"], vec!["bt outage", "Bt"]),
        (Term::Hashtag("BancomerFalla".into()), Fold, vec!["día #bancomerfalla"], vec!["#BancomerFallaSiempre", "bancomerfalla"]),
        (
            Term::Mention("bbva_responde".into()),
            Fold,
            vec!["@BBVA_Responde sigo", "@bbva_responde.bsky.social"],
            vec!["bbva_responde", "@bbva_responde_mx", "x@bbva_responde"],
        ),
        (Term::Mention("bank.social".into()), Fold, vec!["@bank.social."], vec!["@bank", "@bank.social.x"]),
        (Term::Mention("___".into()), Fold, vec!["@___ hola"], vec!["___"]),
        (Term::Cashtag("acme".into()), Fold, vec!["$ACME sube"], vec!["acme", "#acme"]),
        (Term::Contains("hack".into()), Fold, vec!["la app fue HACKEADA", "https://x.y/whack"], vec!["atacada"]),
        (Term::Contains("ón, q".into()), Smart, vec!["comisiÓN, que"], vec!["comision, que"]),
        (Term::Contains("ón, q".into()), Fold, vec!["comisiÓN, que", "comision, que"], vec!["comision que"]),
        (Term::Contains("on, q".into()), Smart, vec!["comisiÓN, que", "comision, que"], vec![]),
        (Term::Contains("on, q".into()), Exact, vec!["comision, que"], vec!["comisión, que"]),
        (Term::Raw("Google+".into()), Fold, vec!["Adiós Google+", "xGoogle+x"], vec!["Google plus", "google+"]),
        (Term::Raw("ción".into()), Fold, vec!["acción", "accio\u{301}n"], vec!["accion", "ACCIÓN"]),
        (Term::Raw("cio\u{301}n".into()), Exact, vec!["acción"], vec!["accion"]),
        (Term::Raw("+++".into()), Smart, vec!["a +++ b"], vec!["a ++ b"]),
        (Term::Raw("\u{301}".into()), Fold, vec!["x\u{301}"], vec!["é", "e\u{301}"]),
    ] {
        for t in yes {
            assert_eq!(matched(&[one(term.clone(), accents)], &text(t)), [0], "{term:?} {accents:?} {t}");
        }
        for t in no {
            assert_eq!(matched(&[one(term.clone(), accents)], &text(t)), [] as [u32; 0], "{term:?} {accents:?} {t}");
        }
    }
}

#[test]
fn fields_of_the_post() {
    let post = Post {
        text: "hola",
        lang: "pt-BR",
        network: "bluesky",
        author: Author { id: "did:plc:aB1", handle: "Añil", ..Author::default() },
        in_reply_to: Reference { author: "Bank", author_id: "17", ..Reference::default() },
        ..Post::default()
    };
    let queries = [
        one(Term::Account(Party::From, "añil".into()), Fold),
        one(Term::Account(Party::From, "anil".into()), Smart),
        one(Term::Account(Party::To, "bank".into()), Exact),
        one(Term::Lang("pt".into()), Fold),
        one(Term::Is(Attribute::Network, "BlueSky".into()), Fold),
        one(Term::Account(Party::From, "bank".into()), Fold),
        one(Term::Account(Party::From, "did:plc:aB1".into()), Exact),
        one(Term::Account(Party::From, "did:plc:ab1".into()), Fold),
        one(Term::Account(Party::To, "17".into()), Fold),
        one(Term::Account(Party::From, "17".into()), Fold),
    ];
    assert_eq!(matched(&queries, &post), [0, 2, 3, 4, 6, 8]);
}

#[test]
fn operators_and_order() {
    let terms = || vec![words("a"), words("b"), words("c")];
    let not = |n| Node::Not(Box::new(n));
    let queries = [
        query(Node::And(vec![Node::Leaf(0), not(Node::Leaf(1))]), terms(), Fold),
        query(Node::Or(vec![Node::Leaf(1), Node::Leaf(2)]), terms(), Fold),
        query(not(Node::Leaf(0)), terms(), Fold),
        query(Node::And(vec![Node::Leaf(0), Node::Or(vec![Node::Leaf(1), Node::Leaf(2)])]), terms(), Fold),
        query(Node::Leaf(7), terms(), Fold),
    ];
    assert_eq!(matched(&queries, &text("a")), [0]);
    assert_eq!(matched(&queries, &text("c b a")), [1, 3]);
    assert_eq!(matched(&queries, &text("")), [2]);
    assert_eq!(matched(&queries, &text("c")), [1, 2]);
}

#[test]
fn proximity() {
    let near = |l, r, distance, ordered| Node::Near { left: Box::new(l), right: Box::new(r), distance, ordered };
    let leaf = Node::Leaf;
    let terms = || vec![words("a"), words("b"), words("c"), Term::Mention("m_n".into())];
    let within = |distance, operands| Node::Within { operands, distance };
    for (root, yes, no) in [
        (near(leaf(0), leaf(1), 2, false), vec!["a x x b", "b a"], vec!["a x x x b", "a"]),
        (near(leaf(0), leaf(1), 2, true), vec!["a x b"], vec!["b a"]),
        (near(near(leaf(0), leaf(1), 3, false), leaf(2), 2, false), vec!["a b x c", "c x b a"], vec!["a c b", "a b x x x c"]),
        (near(leaf(0), leaf(0), 5, false), vec!["a x a"], vec!["a"]),
        (within(1, vec![leaf(0), leaf(1), leaf(2)]), vec!["c x a b", "a b c"], vec!["a x b x c", "a b"]),
        (near(leaf(3), leaf(1), 0, false), vec!["@m_n b", "b @M_N"], vec!["m_n b", "@m_n x b"]),
        (near(Node::Or(vec![leaf(0), leaf(2)]), leaf(1), 0, true), vec!["x a b", "c b"], vec!["a x b"]),
    ] {
        let q = [query(root.clone(), terms(), Fold)];
        for t in yes {
            assert_eq!(matched(&q, &text(t)), [0], "{root:?} {t}");
        }
        for t in no {
            assert_eq!(matched(&q, &text(t)), [] as [u32; 0], "{root:?} {t}");
        }
    }
}

#[test]
fn a_quoted_text_counts_when_asked_for_and_apart() {
    let both = |root| Query { quoted: true, ..query(root, vec![words("a b"), words("c")], Fold) };
    let queries = [
        both(Node::Leaf(0)),
        both(Node::And(vec![Node::Leaf(0), Node::Leaf(1)])),
        both(Node::And(vec![Node::Leaf(1), Node::Not(Box::new(Node::Leaf(0)))])),
        one(words("a b"), Fold),
    ];
    let quote = |text, quoted_text| Post { text, quoted_text, ..Post::default() };
    assert_eq!(matched(&queries, &quote("c", "a b")), [0, 1]);
    assert_eq!(matched(&queries, &quote("c a", "b")), [2]);
    assert_eq!(matched(&queries, &quote("a b", "")), [0, 3]);
}

#[test]
fn plans_name_their_anchors() {
    let terms = vec![words("no"), words("transferencia"), Term::Lang("es".into())];
    let all = Node::And(vec![Node::Leaf(0), Node::Leaf(1), Node::Leaf(2)]);
    assert_eq!(plan(&query(all, terms.clone(), Fold)).anchors, Some(vec![1]));
    assert_eq!(plan(&query(Node::Leaf(2), terms.clone(), Fold)), Plan { anchors: None, cost: 1.0 });
    let queries = [one(words("a"), Fold), one(words("a"), Fold), query(Node::Leaf(2), terms, Fold)];
    let figures = Matcher::new(&queries).figures();
    assert_eq!((figures.queries, figures.leaves, figures.keys, figures.always), (3, 4, 1, 1));
}
