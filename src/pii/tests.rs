use proptest::prelude::*;

use super::*;

/// Kinds and what of the text was found.
fn found(text: &str) -> Vec<(&'static str, String)> {
    find(text).into_iter().map(|f| (f.kind.as_str(), text[f.range].to_owned())).collect()
}

fn is(text: &str, want: &[(&str, &str)]) {
    let want: Vec<(&str, String)> = want.iter().map(|(kind, what)| (*kind, (*what).to_owned())).collect();
    assert_eq!(found(text), want, "{text:?}");
}

/// Numbers from the test pages of payment providers and from the documents that define the codes.
#[test]
fn what_has_a_control_digit() {
    for (kind, what) in [
        ("card", "4111111111111111"),
        ("card", "4111 1111 1111 1111"),
        ("card", "5555-5555-5555-4444"),
        ("card", "3782 822463 10005"),
        ("card", "3056 930902 5904"),
        ("card", "6011 1111 1111 1117"),
        ("card", "2223003122003222"),
        ("card", "3530 1113 3330 0000"),
        ("card", "4111.1111.1111.1111"),
        ("card", "41 11 11 11 11 11 11 11"),
        ("card", "4222222222222"),
        ("iban", "ES9121000418450200051332"),
        ("iban", "ES91 2100 0418 4502 0005 1332"),
        ("iban", "ES91 2100 0418 45 0200051332"),
        ("iban", "es91-2100-0418-4502-0005-1332"),
        ("iban", "GB82 WEST 1234 5698 7654 32"),
        ("iban", "DE89370400440532013000"),
        ("clabe", "032180000118359719"),
        ("clabe", "032 180 00011835971 9"),
        ("clabe", "0020 1007 7777 7777 71"),
        ("dni", "12345678Z"),
        ("dni", "12.345.678-Z"),
        ("dni", "12345678-z"),
        ("dni", "12345678 Z"),
        ("dni", "X1234567L"),
        ("dni", "x-1234567-l"),
        ("curp", "HEGG560427MVZRRL04"),
        ("curp", "hegg560427mvzrrl04"),
        ("rfc", "GODE561231GR8"),
        ("rfc", "GODE-561231-GR8"),
        ("rfc", "GODE 561231 GR8"),
        ("rfc", "SAT970701NN3"),
        ("email", "ana.lopez+banco@correo.ejemplo.mx"),
        ("email", "josé@ejemplo.es"),
    ] {
        for (before, after) in [("", ""), ("mi dato: ", "."), ("(", ") gracias"), ("¡", "!"), ("x ", ", y"), ("«", "»\nhola 3 veces")] {
            is(&format!("{before}{what}{after}"), &[(kind, what)]);
        }
    }
}

#[test]
fn one_digit_wrong_is_nothing_of_the_kind() {
    for text in [
        "4111 1111 1111 1112",
        "9111111111111115",
        "ES92 2100 0418 4502 0005 1332",
        "032180000118359718",
        "999180000118359719",
        "12345678A",
        "X1234567A",
        "HEGG560427MVZRRL05",
        "HEGG561327MVZRRL04",
        "GODE 561231 GR9",
        "XAXX010101000",
    ] {
        assert!(!found(text).iter().any(|(kind, _)| *kind != "phone"), "{text}: {:?}", found(text));
    }
}

#[test]
fn an_account_is_no_card_and_a_card_may_stand_among_other_digits() {
    // Passes Luhn's test too, with the prefix of an issuer.
    is("628906828836075983", &[("clabe", "628906828836075983")]);
    is("6289 0682 8836 0759 83", &[("clabe", "6289 0682 8836 0759 83")]);
    is("ref 0000 4111 1111 1111 1111 0000", &[("card", "4111 1111 1111 1111")]);
    is("4111 1111 1111 1111 12/27", &[("card", "4111 1111 1111 1111")]);
    is("4111 1111 1111 1111, 5555 5555 5555 4444", &[("card", "4111 1111 1111 1111"), ("card", "5555 5555 5555 4444")]);
    // No border of a group.
    is("0041111111111111110000", &[]);
}

#[test]
fn telephone_numbers_by_country() {
    for what in [
        "612 345 678",
        "612345678",
        "912 34 56 78",
        "91 234 56 78",
        "+34 612 345 678",
        "0034612345678",
        "55 1234 5678",
        "5512345678",
        "(55) 1234-5678",
        "+52 1 55 1234 5678",
        "01 55 1234 5678",
        "044 55 1234 5678",
        "55 12 34 56 78",
        "81 5000-0906",
        "300 123 4567",
        "3001234567",
        "+57 300 123 4567",
        "+57 (601) 345-6789",
        "11 4123-4567",
        "011 4123-4567",
        "+54 9 11 4123-4567",
        "9 8765 4321",
        "+56 9 8765 4321",
        "987 654 321",
        "+51 987 654 321",
        "(206) 555-0133",
        "206-555-0133",
        "206.555.0133",
        "+1 206 555 0133",
        "1-206-555-0133",
        "+44 20 7946 0958",
        "+33 1 70 18 99 00",
    ] {
        for (before, after) in [("", ""), ("llámenme al ", ", gracias"), ("Hola, soy Ana: ", ".\nSaludos"), ("@banco ", " ¿sí?")] {
            is(&format!("{before}{what}{after}"), &[("phone", what)]);
        }
    }
    is("mi tel: 4123-4567", &[("phone", "4123-4567")]);
    is("teléfonos 5512345678, 5587654321", &[("phone", "5512345678"), ("phone", "5587654321")]);
    is("call me at 555-0133", &[("phone", "555-0133")]);
}

#[test]
fn what_only_looks_like_a_telephone_number() {
    for text in [
        "el 12-10-2020 a las 14:30:15",
        "2020-10-12 2020-10-13",
        "de 2019 a 2020, 2021 y 2022",
        "12 2019 2020",
        "me cobraron $1234567890",
        "600.000.000 de euros",
        "600000000 €",
        "612 345 678 pesos",
        "612345678,50",
        "pedido 5512345678",
        "folio: 5512345678",
        "mi número de caso es 5512345678",
        "order #5512345678",
        "1316456789012345678",
        "1604928000 1604928000000",
        "800 226 2663, 900 123 456, 01 800 226 2663, 1-800-222-2377, 018000912227",
        "11:07:31 -19.99 -70.92",
        "192.168.100.200 y 153.69.214.203",
        "8.052.587 votos",
        "10 22 33 40 41 55 los de la lotería",
        "son 4123-4567",
        "AB5512345678 5512345678CD x_5512345678",
        "visto en t.co/5512345678",
    ] {
        is(text, &[]);
    }
}

#[test]
fn nothing_in_links_and_handles() {
    for text in [
        "https://x.com/a/status/4111111111111111?tel=5512345678&m=a@b.mx",
        "http://bank.example/ES9121000418450200051332",
        "@ana5512345678 hola",
        "hola @bancoejemplo.mx y @ana@mastodon.social",
        "gracias .@banco.mx",
        "@12345678Z",
    ] {
        is(text, &[]);
    }
    is("https://x.y/4111111111111111 4111111111111111", &[("card", "4111111111111111")]);
    is("#5512345678 a@b.mx@c.mx", &[("email", "a@b.mx")]);
}

#[test]
fn other_digits_and_what_nobody_sees_hide_nothing() {
    for (text, kind) in [
        ("４１１１ １１１１ １１１１ １１１１", "card"),
        ("4111\u{A0}1111\u{A0}1111\u{A0}1111", "card"),
        ("4111\u{200B}1111\u{200B}1111\u{200B}1111", "card"),
        ("4\u{AD}1\u{2060}1\u{FEFF}1 1111 1111 1111", "card"),
        ("4111‑1111–1111−1111", "card"),
        ("4111\n1111\n1111\n1111", "card"),
        ("𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏", "card"),
        ("4\u{FE0F}\u{20E3}111111111111111", "card"),
        ("@4111111111111111", "card"),
        ("ＥＳ91\u{2009}2100 0418\u{202F}4502 0005 1332", "iban"),
        ("５５ 1234\u{2007}5678", "phone"),
        ("ana\u{200D}@ejemplo.mx", "email"),
        ("ana＠ejemplo．mx", "email"),
        ("1234\u{200C}5678Ｚ", "dni"),
    ] {
        let all = found(text);
        assert!(matches!(&all[..], [(k, _)] if *k == kind), "{text:?}: {all:?}");
    }
}

#[test]
fn a_mask_says_nothing_of_what_it_hides() {
    let mut kinds = Kinds::default();
    let text = "Soy Ana, 12345678Z, 55 1234 5678 o ana@x.mx";
    assert_eq!(masked(text, &Published::default(), &mut kinds), "Soy Ana, ▒▒▒▒, ▒▒▒▒ o ▒▒▒▒");
    assert_eq!(kinds.iter().map(Kind::as_str).collect::<Vec<_>>(), ["dni", "phone", "email"]);
    let plain = "nada de nada 12";
    assert!(matches!(masked(plain, &Published::default(), &mut kinds), Cow::Borrowed(text) if text == plain));
}

#[test]
fn what_is_published_stays_however_it_is_written() {
    let published = Published::new(["+52 55 1234 5678", "Ayuda@Banco.mx", "ES91 2100 0418 4502 0005 1332"]);
    let shown = |text: &str| masked(text, &published, &mut Kinds::default()).into_owned();
    for text in ["55 1234 5678", "(55) 1234-5678", "ayuda@banco.mx", "es9121000418450200051332"] {
        assert_eq!(shown(text), text);
    }
    assert_eq!(shown("55 1234 5678 y 55 1234 5679"), "55 1234 5678 y ▒▒▒▒");
    assert_eq!(shown("ayuda@banco.mx.evil.com"), "▒▒▒▒");
}

/// The same, for what has a control digit, by trying every stretch of a text: one character at a time, with
/// arithmetic of its own.
mod twin {
    /// What is seen, with its byte range: only what the generator below makes.
    fn seen(text: &str) -> Vec<(char, usize, usize)> {
        let plain = |c: char| match c {
            '\u{200B}' => None,
            '\u{A0}' => Some(' '),
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10),
            _ => Some(c.to_ascii_uppercase()),
        };
        text.char_indices().filter_map(|(at, c)| plain(c).map(|p| (p, at, at + c.len_utf8()))).collect()
    }

    fn parts(c: char) -> bool {
        " -._/".contains(c)
    }

    /// The groups of a stretch that begins and ends with a digit, unless something else is in it.
    fn groups(s: &str) -> Option<Vec<&str>> {
        let whole = s.starts_with(|c: char| c.is_ascii_digit()) && s.ends_with(|c: char| c.is_ascii_digit());
        let only = s.chars().all(|c| c.is_ascii_digit() || parts(c));
        let gaps = s.split(|c: char| c.is_ascii_digit()).all(|gap| gap.len() <= 3);
        (whole && only && gaps).then(|| s.split(parts).filter(|g| !g.is_empty()).collect())
    }

    fn luhn(digits: &str) -> bool {
        let table = ["0123456789", "0246813579"];
        let value = |(i, c): (usize, char)| table[i % 2].chars().nth(c.to_digit(10).unwrap() as usize).unwrap().to_digit(10).unwrap();
        digits.chars().rev().enumerate().map(value).sum::<u32>() % 10 == 0
    }

    fn is_card(s: &str, alone: bool) -> bool {
        let Some(groups) = groups(s) else { return false };
        let digits = groups.concat();
        let lengths: Vec<String> = groups.iter().map(|g| g.len().to_string()).collect();
        let shape = lengths.join("-");
        let known = ["4-4-4-1", "4-4-4-2", "4-4-4-3", "4-4-4-4", "4-4-4-4-1", "4-4-4-4-2", "4-4-4-4-3", "4-6-4", "4-6-5", "8-8"];
        let two = groups.len() == 2 && groups[0].len() == 6 && (7..=13).contains(&groups[1].len());
        let shaped = groups.len() == 1 || two || known.contains(&shape.as_str());
        // The list of issuers is the same; it is data.
        let issued = || crate::pii::numbers::is_issued(&digits.bytes().map(|d| d - b'0').collect::<Vec<_>>());
        (13..=19).contains(&digits.len()) && (shaped || alone) && issued() && luhn(&digits)
    }

    fn is_clabe(s: &str) -> bool {
        let digits = groups(s).map_or(String::new(), |g| g.concat());
        // The list of banks is the same; it is data.
        let known = digits.get(..3).is_some_and(|code| crate::pii::numbers::is_bank(code.parse().unwrap()));
        let weights = "371371371371371371";
        let sum: u32 = digits.chars().zip(weights.chars()).take(17).map(|(d, w)| d.to_digit(10).unwrap() * w.to_digit(10).unwrap()).sum();
        digits.len() == 18 && known && digits.ends_with(&((1000 - sum) % 10).to_string())
    }

    fn is_iban(s: &str) -> bool {
        let dense: String = s.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let wide = ["  ", "--", " -", "- "].iter().any(|two| s.contains(two));
        let length = match dense.get(..2) {
            Some("ES") => 24,
            Some("DE") => 22,
            _ => return false,
        };
        let head = !s[1..].starts_with([' ', '-']) && dense.bytes().skip(2).take(2).all(|b| b.is_ascii_digit());
        if wide || !head || dense.len() != length || s.ends_with([' ', '-']) || !dense.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return false;
        }
        let mut number = String::new();
        for c in dense[4..].chars().chain(dense[..4].chars()) {
            number += &c.to_digit(36).unwrap().to_string();
        }
        let mut rest = 0u128;
        for piece in number.as_bytes().chunks(20) {
            for d in piece {
                rest = rest * 10 + u128::from(d - b'0');
            }
            rest %= 97;
        }
        rest == 1 && 2 * dense.bytes().filter(u8::is_ascii_digit).count() >= length
    }

    pub fn find(text: &str) -> Vec<(&'static str, std::ops::Range<usize>)> {
        let seen = seen(text);
        let n = seen.len();
        let slice = |a: usize, b: usize| seen[a..b].iter().map(|s| s.0).collect::<String>();
        let digit = |i: usize| seen.get(i).is_some_and(|s| s.0.is_ascii_digit());
        let word = |i: usize| seen.get(i).is_some_and(|s| s.0.is_alphanumeric());
        let before = |i: usize, is: &dyn Fn(usize) -> bool| i > 0 && is(i - 1);
        let continued = |a: usize, b: usize| {
            let back = (1..=3).any(|k| a > k && (1..=k).all(|j| parts(seen[a - j].0)) && digit(a - k - 1));
            let on = (1..=3).any(|k| (0..k).all(|j| seen.get(b + j).is_some_and(|s| parts(s.0))) && digit(b + k));
            back || on
        };
        let mut taken = vec![false; n];
        let mut all = Vec::new();
        for kind in ["iban", "clabe", "card"] {
            let mut a = 0;
            while a < n {
                let fits = |b: &usize| {
                    if !word(a) || !word(*b - 1) {
                        return false;
                    }
                    let s = slice(a, *b);
                    !taken[a..*b].contains(&true)
                        && match kind {
                            "iban" => !before(a, &word) && !word(*b) && is_iban(&s),
                            _ if before(a, &digit) || digit(*b) => false,
                            "clabe" => is_clabe(&s),
                            _ => is_card(&s, !continued(a, *b)),
                        }
                };
                let end = (a + 1..=n.min(a + 80)).rev().find(fits);
                if let Some(b) = end {
                    taken[a..b].fill(true);
                    all.push((kind, seen[a].1..seen[b - 1].2));
                }
                a = end.unwrap_or(a + 1);
            }
        }
        all.sort_by_key(|(_, range)| range.start);
        all
    }
}

/// Valid numbers broken up, changed and put beside others.
fn numbers() -> impl Strategy<Value = String> {
    let valid = prop::sample::select(vec![
        "4111111111111111",
        "4222222222222",
        "378282246310005",
        "628906828836075983",
        "032180000118359719",
        "002010077777777771",
        "ES9121000418450200051332",
        "DE89370400440532013000",
        "es9121000418450200051332",
        "4000056655665556",
    ]);
    let gap = prop::sample::select(vec!["", "", "", " ", "-", "  ", "\u{A0}", "\u{200B}", ".", " - ", "    "]);
    let by_fours = (valid.clone(), gap.clone()).prop_map(|(number, gap)| {
        let pieces: Vec<&str> = number.as_bytes().chunks(4).map(|c| std::str::from_utf8(c).unwrap()).collect();
        pieces.join(gap)
    });
    let broken = (valid.clone(), prop::collection::vec((0..24usize, gap), 0..4)).prop_map(|(number, gaps)| {
        let mut all: Vec<String> = number.chars().map(String::from).collect();
        for (at, gap) in gaps {
            let at = at % all.len();
            all[at].push_str(gap);
        }
        all.concat()
    });
    let wide = valid.prop_map(|n| n.chars().map(|c| c.to_digit(10).map_or(c, |d| char::from_u32('０' as u32 + d).unwrap())).collect());
    let other = prop_oneof!["[0-9]{1,6}", "[a-zA-Z]{1,3}", "[ .,-]{1,3}", Just("\n".to_owned()), Just(" tel 7 ".to_owned())];
    let piece = prop_oneof![3 => by_fours, 3 => broken, 1 => wide, 4 => other];
    prop::collection::vec(piece, 1..6).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn fast_and_slow_agree(text in numbers()) {
        let text = text.replace('\n', ",");
        let checked = ["card", "clabe", "iban"];
        let fast: Vec<_> = find(&text).into_iter().map(|f| (f.kind.as_str(), f.range)).filter(|f| checked.contains(&f.0)).collect();
        let others = find(&text).iter().any(|f| f.kind == Kind::Rfc || f.kind == Kind::Curp);
        prop_assert!(others || fast == twin::find(&text), "{text:?}\nfast {fast:?}\nslow {:?}", twin::find(&text));
    }

    #[test]
    fn any_text_is_masked_in_order_and_once(text in hard()) {
        let found = find(&text);
        let mut at = 0;
        for f in &found {
            prop_assert!(f.range.start >= at && f.range.end > f.range.start && text.get(f.range.clone()).is_some(), "{text:?} {found:?}");
            at = f.range.end;
        }
        let mut kinds = Kinds::default();
        let once = masked(&text, &Published::default(), &mut kinds).into_owned();
        prop_assert_eq!(kinds.is_empty(), found.is_empty());
        let digits = |s: &str| s.chars().filter(|c| cells::digit(*c).is_some()).count();
        let hidden: usize = found.iter().map(|f| digits(&text[f.range.clone()])).sum();
        prop_assert_eq!(digits(&once) + hidden, digits(&text));
    }
}

/// Strings made of what is hard.
fn hard() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        numbers(),
        "[0-9 +()./-]{1,14}",
        "[A-Z&Ññ]{3,4}[0-9]{6}[A-Z0-9]{3,9}",
        "[a-z.]{0,5}@[a-z.@-]{0,9}",
        prop::sample::select(vec!["https://", "tel ", "+52", "@", "#", "👋", "\u{301}", "ñ", "\u{200D}", "$", "ES91", "４"])
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|v| v.concat())
}

/// Looked at anew from every character, these would take minutes.
#[test]
fn long_texts_of_the_worst_kind_are_read_in_one_pass() {
    for piece in
        ["1", "1 ", "12 ", "ES91 ", "a@", "a.", "@", "4111 1111 1111 111 ", "+", "(", "A1-", "12.345.", "AAAA010101", "+1(", "９\u{200B}"]
    {
        let text = piece.repeat((1 << 18) / piece.len());
        assert!(find(&text).len() <= text.len() / 5, "{piece}");
    }
}
