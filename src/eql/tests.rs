use super::*;

/// `code start end` of every problem.
fn problems(text: &str, options: &Options) -> String {
    let all = parse(text, options).problems;
    all.iter().map(|p| format!("{} {} {}", p.code.as_str(), p.span.start, p.span.end)).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_problem_has_its_code_and_span() {
    for (text, want) in [
        ("", "E100 0 0"),
        ("  <<< a >>> ", "E100 0 12"),
        ("(banco OR caja", "E101 0 1"),
        ("banco)", "E101 5 6"),
        (")((", "E101 0 1, E101 1 2, E101 2 3"),
        ("\"no funciona", "E102 0 12"),
        ("a from:\"x", "E102 7 9"),
        ("banco <<< nota", "E103 6 14"),
        ("{BT", "E104 0 3"),
        ("a } b", "E104 2 3"),
        ("x followers_count:[1 TO", "E105 2 23"),
        ("banco ()", "E107 6 8"),
        ("(  ) OR", "E107 0 4, E110 5 7"),
        ("\"\"", "E108 0 2"),
        ("a { }", "E108 2 5"),
        ("+++", "E109 0 3"),
        ("\"!!!\"", "E109 0 5"),
        ("a {!}", "E109 2 5"),
        ("mira https://x.com/a", "E109 5 20"),
        ("banco OR", "E110 6 8"),
        ("a NEAR/3", "E110 2 8"),
        ("AND", "E110 0 3"),
        ("a OR AND b", "E110 2 4"),
        ("a OR OR OR b", "E110 2 4, E110 5 7"),
        ("a - b", "E110 2 3"),
        ("a -", "E110 2 3"),
        ("(a -) b", "E110 3 4"),
        ("a NOT", "E110 2 5"),
        ("a -OR b", "E110 2 3"),
        ("a NEAR/3 b NEAR/5 c", "E111 11 17"),
        ("(a AND b) NEAR/5 c", "E112 10 16"),
        ("((a b) AND c)~5", "E112 13 15"),
        ("a NEAR/99 b", "E113 2 9"),
        ("a NEAR/x b", "E113 2 8"),
        ("a NEAR/ b", "E113 2 7"),
        ("a NEAR/3F b", "E113 2 9"),
        ("a ONEAR/3f b", "E113 2 10"),
        ("\"a b\"~51", "E113 5 8"),
        ("\"a b\"~", "E114 5 6"),
        ("\"a b\" ~3", "E115 6 8"),
        ("~3 a", "E115 0 2"),
        ("fraude~3", "E116 0 8"),
        ("\"fraude\"~3", "E116 0 10"),
        ("a NEAR/3 -b", "E117 2 8"),
        ("(a OR -b) NEAR/3 c", "E117 10 16"),
        ("a NEAR/3 lang:es", "E118 2 8"),
        ("(a AND $x)~3", "E118 10 12"),
        ("(a OR b)~3", "E119 8 10"),
        ("from: bancomer", "E120 0 5"),
        ("a from:\"\"", "E120 2 9"),
        ("from:@", "E120 0 6"),
        ("banco #", "E121 6 7"),
        ("banco @!", "E121 6 7"),
        ("a $", "E121 2 3"),
        ("a #b#c", "E121 2 6"),
        ("#banc*", "E122 0 6"),
        ("from:banc*", "E122 0 10"),
        ("autor:bbva", "E125 0 10"),
        ("nota: banco", "E125 0 5"),
        ("x lang:spanish!", "E127 2 15"),
        ("*ción", "E130 0 5"),
        ("\"la *ción\" banco", "E130 0 10"),
        ("c*", "E131 0 2"),
        ("contains:a", "E131 0 10"),
        ("x followers_count:[500 TO 100]", "E123 2 30"),
        ("x listed_count:9..8", "E123 2 19"),
        ("x followers_count:many", "E124 2 22"),
        ("x min_followers:1,000", "E124 2 21"),
        ("x sentiment:angry", "E124 2 17"),
        ("x engagementType:LIKE", "E126 2 21"),
        ("x engagementType:reply", "E126 2 22"),
        ("x authorVerified:false", "E126 2 22"),
        ("x has:gifs", "E126 2 10"),
        ("x is:Retweet", "E126 2 12"),
        ("x HAS:Links", "E126 2 11"),
        ("all:news", "E126 0 8"),
        ("x lang:spanish", "E127 2 14"),
        ("x hour:25", "E128 2 9"),
        ("x hour:[22 TO 24]", "E128 2 17"),
        ("x weekday:someday", "E128 2 17"),
        ("x sample:0", "E128 2 10"),
        ("x sample:101", "E128 2 12"),
        ("x country:Mexico", "E128 2 16"),
        ("site:*.com", "E122 0 10"),
        ("at_mentions:ban*", "E122 0 16"),
        ("hashtag:!", "E121 0 9"),
        ("hashtag:a#b", "E121 0 11"),
        ("url:---", "E109 0 7"),
        ("title:\"...\"", "E109 0 11"),
        ("title:*ción", "E130 0 11"),
        ("bio:\"la c*\"", "E131 0 11"),
        ("raw:+", "E131 0 5"),
        ("list:bancos", "E142 0 11"),
        ("x -rule:spam", "E142 3 12"),
        ("all:posts", "E145 0 9"),
        ("x has:pii", "E144 2 9"),
        ("x is:duplicate", "E144 2 14"),
        ("entity:Q1", "E144 0 9"),
        ("x NEAR/3 at_mentions:bank", "E118 2 8"),
        ("(x AND title:b)~3", "E118 15 17"),
        ("x followers_count:10.000", "W114 2 24"),
        ("a OR -(b OR -c)", "E202 0 15"),
        ("a -(b OR -c)", "E202 0 12"),
        ("lang:es has:links", "E203 0 17"),
        ("hour:22..6 weekday:sab sample:10 is:reply", "E203 0 41"),
        ("x rating:5 subreddit:y", "E144 2 10, E144 11 22"),
        ("-banco", "E201 0 6"),
        ("-(-banco)", "E201 0 9"),
        ("banco OR -caja", "E202 0 14"),
        ("a (b OR -c)", "E202 0 11"),
        ("lang:es", "E203 0 7"),
        ("a OR lang:es", "E203 0 12"),
        ("lang:es network:x", "E203 0 17"),
        ("(c* OR from: ) autor:x )", "E131 1 3, E120 7 12, E125 15 22, E101 23 24"),
        ("apple OR iphone ipad", "W101 9 20"),
        ("a (b OR c d)", "W101 8 11"),
        ("banco or caja", "W102 6 8"),
        ("banco O caja", "W103 6 7"),
        ("banco y caja", "W103 6 7"),
        ("wi-fi", "W104 0 5"),
        ("a1 NEAR b1", "W105 3 7"),
        ("a1 ONEAR b1", "W105 3 8"),
        ("a1 NEAR/20 b1", "W106 3 10"),
        ("ca* banco", "W107 0 3"),
        ("ano", "W109 0 3"),
        ("\"fin de año\"", "W109 8 11"),
        ("–banco", "W112 0 6"),
        ("“no va” banco", "W113 0 7"),
        ("ñ ñ )", "E101 4 5"),
        ("😡 x)", "E101 3 4"),
    ] {
        assert_eq!(problems(text, &Options::default()), want, "{text}");
    }
}

#[test]
fn clean_queries_have_no_problem() {
    for text in [
        "tarjeta bloqueada",
        "a AND NOT b",
        "a -\"b c\" -(d OR e) -#f",
        "NOT NOT a b",
        "#a OR @b.bsky.social OR @c@mastodon.social, OR $TSLA",
        "€5 $90 ¡hola! .com 😡",
        "(a AND (b OR c))~6 \"d e\"~0 {BT}",
        "(tarjeta NEAR/2 robad*) NEAR/8 denuncia",
        "author:@bbva LANGUAGE:pt-BR contains:\"<<< a\" network:x",
        "a<<<x>>>b",
        "año2 \"dijo «no»\"",
        "((a b))~3",
        "x followers_count:10000..500000 authorFollowers:[10000 TO 500000] listed_count:>=1 posts_count:<5",
        "banco sentiment:negative priority:>=70 sentiment:-0.5..0.125",
        "banco hour:22..6 hour:[22 TO 6] weekday:sab..dom weekday:Miércoles hour:9",
        "x engagementType:REPLY is:repost has:videos has:symbols authorVerified:true -is:nullcast sample:100",
        "url:bancomer.com OR links:\"https://a.b/c\" OR url_contains:utm_ OR site:example.com",
        "raw:\"Google+\" OR title:\"caj* de\" OR bio:x OR bio_name:y OR bio_location:z OR place:w",
        "retweets_of:@a OR in_reply_to:17 OR conversation_id:18 OR in_reply_to_tweet_id:19",
        "a country:MEX place_country:es source:Web network:X at_mentions:@b hashtag:c",
    ] {
        assert_eq!(problems(text, &Options::default()), "", "{text}");
    }
}

#[test]
fn strict_makes_errors_of_w101_to_w107_only() {
    let strict = Options { strict: true, ..Options::default() };
    for text in ["apple OR iphone ipad", "banco or caja", "banco O caja", "wi-fi", "a1 NEAR b1", "a1 NEAR/20 b1", "ca* banco"] {
        assert_eq!(problems(text, &strict), problems(text, &Options::default()));
        assert!(parse(text, &strict).is_err(), "{text}");
    }
    assert!(!parse("ano “a b”", &strict).is_err());
    assert_eq!(problems("-(a OR b c)", &strict), "W101 7 10", "a rule is judged as a whole only when there is no other error");
    let exact = Options { accents: Accents::Exact, ..Options::default() };
    assert_eq!(problems("comisión", &exact), "W108 0 8");
}

#[test]
fn limits_are_named_and_the_work_is_bounded() {
    let o = Options::default();
    let words = |n: usize| (0..n).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
    let wild = |n: usize| (0..n).map(|i| format!("word{i}*")).collect::<Vec<_>>().join(" ");
    let nest = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    for (text, want) in [
        (words(256), String::new()),
        (words(257), format!("E141 0 {}", words(257).len())),
        (wild(20), String::new()),
        (wild(21), format!("E146 0 {}", wild(21).len())),
        (nest(32), String::new()),
        (nest(33), "E147 32 33".into()),
        ("a".repeat(4096), String::new()),
        ("á".repeat(4097), "E140 4096 4097".into()),
        ("(".repeat(100_000), "E140 4096 100000".into()),
        (format!("{}a", "-".repeat(4095)), "E201 0 4096".into()),
        (format!("b {}a", "NOT ".repeat(1000)), String::new()),
    ] {
        assert_eq!(problems(&text, &o), want, "{}", text.chars().take(40).collect::<String>());
    }
}

#[test]
fn the_tree_says_what_was_meant() {
    use crate::query::Term;
    let q = parse("fraude OR \"a wi-fi\"~3 -(b c)", &Options::default()).query.unwrap();
    let Node::Or(sides) = &q.root else { panic!("{q:?}") };
    let Node::And(right) = &sides[1] else { panic!("{q:?}") };
    assert_eq!(sides[0], Node::Leaf(0));
    assert_eq!(right[0], Node::Within { operands: vec![Node::Leaf(1), Node::Leaf(2), Node::Leaf(3)], distance: 3 });
    assert_eq!(right[1], Node::Not(Box::new(Node::And(vec![Node::Leaf(4), Node::Leaf(5)]))));
    assert_eq!(q.leaves[2], Leaf { span: 13..15, term: Term::Phrase(vec!["wi".into()]) });
}

#[test]
fn the_normal_form_is_plain_and_stable() {
    for (text, want) in [
        ("a b", "a AND b"),
        ("fraude OR (phishing -curso)", "fraude OR (phishing AND NOT curso)"),
        ("fraude OR phishing -curso", "fraude OR phishing AND NOT curso"),
        ("((a OR b)) (c)", "(a OR b) AND c"),
        ("a ONEAR/3 b", "a NEAR/3f b"),
        ("-(a NEAR b) c", "NOT (a NEAR/4 b) AND c"),
        ("AUTHOR:@bbva x language:ES", "from:@bbva AND x AND lang:ES"),
        ("“no va” wi-fi", "\"no va\" AND wi-fi"),
        ("«dijo \\ no»", "\"dijo \\\\ no\""),
        ("(a AND (b OR c)) ~x", ""),
        ("((a) (b OR c))~3 <<<n>>> \"d e\"~2", "(a AND (b OR c))~3 AND \"d e\"~2"),
        ("NOT NOT NOT a b", "NOT a AND b"),
        ("#a, @b.c. $D!", "#a AND @b.c AND $D"),
        (
            "x engagementType:COMMENT is:repost authorVerified:true has:symbols",
            "x AND is:reply AND is:retweet AND is:verified AND has:cashtags",
        ),
        ("at_mentions:@b hashtag:c -authorFollowers:[1 TO 2]", "@b AND #c AND NOT followers_count:[1 TO 2]"),
        ("links:“a b” country:MEX", "url:\"a b\" AND place_country:MEX"),
    ] {
        assert_eq!(parse(text, &Options::default()).normal, want, "{text}");
    }
}

/// Hostile shapes, each of about `n` characters.
fn hostile(n: usize) -> Vec<String> {
    let repeated = |unit: &str| unit.chars().cycle().take(n).collect::<String>();
    let units = [
        "(",
        ")",
        "() ",
        "a ",
        "a OR ",
        "a NEAR ",
        "-",
        "NOT ",
        "- ",
        "\"a b\"~3 ",
        "\"a ",
        "~3",
        "{A} ",
        "{",
        "<<<>>>",
        "<<<",
        "autor:x ",
        "from: ",
    ];
    let more = [
        "#a#",
        "@a.b-c@",
        "a-",
        "a* ",
        "http://",
        "http://a ",
        "👨\u{200D}",
        "🏴\u{E0067}",
        "a\u{301}",
        "\u{301}",
        "“a",
        "x:[1 TO 2] ",
        "url:http://a/",
        "list:x ",
        "año ",
        "ﷺ",
        "(a AND ",
    ];
    let nested = |open: &str, close: &str| format!("{}{}{}", open.repeat(15), repeated("a b "), close.repeat(15));
    let mut all: Vec<String> = units.iter().chain(&more).map(|u| repeated(u)).collect();
    all.extend([
        nested("(", ")"),
        nested("(c OR (", "))~3"),
        nested("-(", ")"),
        format!("title:\"{}\"", repeated("a-")),
        format!("a{}", repeated("~")),
    ]);
    all
}

/// The bound: 40 steps a character, and a constant for the names that a typo is compared with.
#[test]
fn the_work_grows_no_faster_than_the_query() {
    let work = |text: &str| {
        steps::take();
        parse(text, &Options::default());
        steps::take()
    };
    for (small, large) in hostile(900).into_iter().zip(hostile(3600)) {
        let (short, long) = (work(&small), work(&large));
        let shown: String = small.chars().take(12).collect();
        assert!(long <= 40 * large.chars().count() + 400, "{shown}: {long} steps");
        assert!(long <= 5 * short + 2000, "{shown}: {short} steps, then {long}");
    }
}

#[test]
fn a_mistake_is_told_with_what_to_type_instead() {
    for (query, want) in [
        ("banco && caja", "Use AND."),
        ("banco || caja", "Use OR."),
        ("+++", "raw:\"+++\""),
        ("*ción", "contains:ción"),
        ("\"más ?a*\"", "contains:abc"),
        ("mira https://x.com/a", "url:\"https://x.com/a\""),
        ("#banc*", "without sign"),
    ] {
        let problems = parse(query, &Options::default()).problems;
        assert!(problems.iter().any(|p| p.fix.en.contains(want)), "{query}: {problems:?}");
    }
    assert!(!parse("mira url:\"https://x.com/a\" contains:ción", &Options::default()).is_err());
}
