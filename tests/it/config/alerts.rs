//! Alert rules and what they go by: groups, calendars, sources.

use super::*;

/// Three brands, two of them in a group, with a topic each.
const GROUP: &str = "[[brand]]\nname='Beta'\n[[brand]]\nname='Alfa'\n[[brand]]\nname='Gama'\n\
    [[topic]]\nname='a'\nbrand='Alfa'\nquery='a'\n[[topic]]\nname='b'\nbrand='Beta'\nquery='b'\n";

#[test]
fn brands_are_grouped_and_their_shares_watched() {
    let rest = "[[group]]\nname='g'\nbrands=['Beta', 'Alfa']\nmarket_share={ Alfa = 24.5, 'Beta' = 75.5 }\npopulation=25400000\n\
        [[alert]]\nname='todas'\non='share'\ngroup='g'\nwindow='7d'\n\
        [[alert]]\nname='una'\non='share'\ngroup='g'\nbrands=['Beta']\nwindow='1h'\nsignificance=0.001\nchange=2.5\n";
    let (config, report) = read(&format!("{GROUP}{rest}")).expect("a good configuration");
    assert!(report.problems.is_empty(), "{:#?}", told(&report, Lang::En));
    let listening = config.listening(&mut TopicIds::default(), 1);
    let members: Vec<_> = listening.groups[0].members.iter().map(|m| (listening.brands[m.brand].name.as_str(), m.market)).collect();
    assert_eq!(members, [("Alfa", Some(0.245)), ("Beta", Some(0.755))], "in name order");
    let shares: Vec<_> = listening.rules.iter().map(|r| if let On::Share(s) = r.on { s } else { panic!("{r:?}") }).collect();
    assert_eq!(shares[0], share::Settings { group: 0, members: 0b11, span: Span::D7, significance: 0.01, change: 0.05 });
    assert_eq!(shares[1], share::Settings { group: 0, members: 0b10, span: Span::H1, significance: 0.001, change: 0.025 });
    assert!(listening.rules.iter().all(|r| r.topics.is_empty()));
    assert_eq!(listening.groups[0].population, Some(25_400_000));
    // A brand without a topic is probably a slip.
    let (_, report) = read(&format!("{GROUP}[[group]]\nname='g'\nbrands=['Alfa', 'Gama']\n")).expect("a warning only");
    assert!(told(&report, Lang::Es)[0].contains("«Gama» no tiene ningún tema"), "{:#?}", told(&report, Lang::Es));
}

#[test]
fn mistakes_in_groups_and_shares_have_their_place() {
    let many: String = (0..33).map(|i| format!("'m{i}', ")).collect();
    for (text, say) in [
        ("[[group]]\nname='g'", "lacks “brands”"),
        ("[[group]]\nname='g'\nbrands=['Alfa']", "a group compares 2 to 32 brands"),
        (&format!("[[group]]\nname='g'\nbrands=[{many}]"), "a group compares 2 to 32 brands"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Betta']", "there is no [[brand]] “Betta” | did you mean “Beta”?"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta', 'Alfa']", "“Alfa” is in the group twice"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\nmarket_share={ Alfa = 60, Beta = 41 }", "sum to more than 100%"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\nmarket_share={ Alfa = 101 }", "must be between 0 and 100"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\nmarket_share={ Gama = 1 }", "“Gama” is not in the group"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\npopulation=0", "must be between 1 and 10000000000"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\nmarket=1", "[[group]] has no key “market”"),
        ("[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\n[[group]]\nname='g'\nbrands=['Alfa', 'Beta']", "there is already [[group]] “g”"),
    ] {
        let report = wrong(&format!("{GROUP}{text}\n"));
        assert!(told(&report, Lang::En).iter().any(|t| t.contains(say)), "{text}: {:#?}", told(&report, Lang::En));
    }
    for (text, say) in [
        ("window='1h'", "an alert with on = \"share\" lacks “group”"),
        ("group='g'", "an alert with on = \"share\" lacks “window”"),
        ("group='h'\nwindow='1h'", "there is no [[group]] “h”"),
        ("group='g'\nwindow='5m'", "“window” cannot be “5m”"),
        ("group='g'\nwindow='1h'\nbrands=[]", "the alert watches no brand"),
        ("group='g'\nwindow='1h'\nbrands=['Gama']", "“Gama” is not in the group"),
        ("group='g'\nwindow='1h'\ntopics=['a']", "“topics” is of no use with on = \"share\""),
        ("group='g'\nwindow='1h'\nat=3", "“at” is of no use with on = \"share\""),
        ("group='g'\nwindow='1h'\nsignificance=2", "must be between 0.000001 and 0.2"),
        ("group='g'\nwindow='1h'\nchange=0", "must be between 0.1 and 100"),
    ] {
        let report = wrong(&format!("{GROUP}[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\n[[alert]]\nname='s'\non='share'\n{text}\n"));
        assert!(told(&report, Lang::En).iter().any(|t| t.contains(say)), "{text}: {:#?}", told(&report, Lang::En));
    }
    let report = wrong(&format!("{GROUP}[[alert]]\nname='s'\non='priority'\nat=3\ngroup='g'\n"));
    assert!(told(&report, Lang::En)[0].contains("“group” is of no use with on = \"priority\""), "{:#?}", told(&report, Lang::En));
}

#[test]
fn silence_under_fire_is_watched_in_a_group() {
    let rest = "[[group]]\nname='g'\nbrands=['Beta', 'Alfa']\n\
        [[alert]]\nname='a'\non='unanswered'\ngroup='g'\nwindow='1h'\n\
        [[alert]]\nname='b'\non='unanswered'\ngroup='g'\nbrands=['Beta']\nwindow='6h'\nsignificance=0.05\nchange=50\n";
    let (config, report) = read(&format!("{GROUP}{rest}")).expect("a good configuration");
    assert!(report.problems.is_empty(), "{:#?}", told(&report, Lang::En));
    let listening = config.listening(&mut TopicIds::default(), 1);
    let watched: Vec<_> = listening.rules.iter().map(|r| if let On::Unanswered(s) = r.on { s } else { panic!("{r:?}") }).collect();
    assert_eq!(watched[0], share::Settings { group: 0, members: 0b11, span: Span::H1, significance: 0.01, change: 0.25 });
    assert_eq!(watched[1], share::Settings { group: 0, members: 0b10, span: Span::H6, significance: 0.05, change: 0.5 });
    for (text, say) in [
        ("window='1h'", "an alert with on = \"unanswered\" lacks “group”"),
        ("group='g'", "an alert with on = \"unanswered\" lacks “window”"),
        ("group='g'\nwindow='1h'\ntopics=['a']", "“topics” is of no use with on = \"unanswered\""),
        ("group='g'\nwindow='5m'", "“window” cannot be “5m”"),
    ] {
        let report = wrong(&format!("{GROUP}[[group]]\nname='g'\nbrands=['Alfa', 'Beta']\n[[alert]]\nname='s'\non='unanswered'\n{text}\n"));
        assert!(told(&report, Lang::En).iter().any(|t| t.contains(say)), "{text}: {:#?}", told(&report, Lang::En));
    }
}

#[test]
fn rules_on_what_is_unusual_and_their_calendars() {
    let text = r#"
[[topic]]
name = "app"
query = "app"
[[topic]]
name = "web"
query = "web"
[[alert]]
name = "crisis"
on = "spike"
sensitivity = 4
budget = "2 per 14 days"
quick = true
[[alert]]
name = "silencio"
on = "drop"
topics = ["web"]
[[calendar]]
name = "festivos"
kind = "holiday"
days = ["12-25", "easter-2"]
[[calendar]]
name = "quincena"
kind = "payday"
days = ["15", "last"]
brought_forward = true
topics = ["app"]
"#;
    let (config, report) = Config::read("t", text.to_owned(), Path::new("")).expect("a good configuration");
    assert!(report.problems.is_empty(), "{:#?}", told(&report, Lang::En));
    let listening = config.listening(&mut TopicIds::default(), 1);
    let settings: Vec<Settings> = listening.rules.iter().map(|r| if let On::Unusual(s) = r.on { s } else { panic!("{r:?}") }).collect();
    assert_eq!(
        settings[0],
        Settings { sensitivity: 4.0, budget: Budget { alerts: 2, days: 14 }, quick: true, ..Settings::new(Direction::Spike) }
    );
    assert_eq!(settings[1], Settings::new(Direction::Drop));
    assert_eq!(listening.topics.iter().map(|t| t.calendar.days.len()).collect::<Vec<_>>(), [4, 2]);
    // Christmas, and the last working day of January 2026.
    let on = |topic: usize, day| listening.topics[topic].calendar.on(day).map(|d| d.name.clone());
    assert_eq!((on(1, 20_447), on(0, 20_483), on(1, 20_483)), (Some("festivos".into()), Some("quincena".into()), None));
}

#[test]
fn mistakes_in_them_have_their_place() {
    for (text, say) in [
        ("on = \"spike\"\nsensitivity = 0.1", "between 1 and 100"),
        ("on = \"spike\"\nsensitivity = nan", "between 1 and 100"),
        ("on = \"spike\"\nsensitivity = \"high\"", "must be a number"),
        ("on = \"spike\"\nbudget = \"some\"", "“some” is not understood"),
        ("on = \"spike\"\nat = 5", "“at” is of no use with on = \"spike\""),
        ("on = \"source\"", "watches all sources and there is none"),
        ("on = \"source\"\nsources = []", "watches no source"),
        ("on = \"source\"\ntopics = [\"app\"]", "“topics” is of no use with on = \"source\""),
        ("on = \"source\"\nquick = true", "“quick” is of no use with on = \"source\""),
        ("on = \"source\"\nat = 5", "“at” is of no use with on = \"source\""),
        ("on = \"source\"\ndown_for = \"1s\"", "“down_for”"),
        ("on = \"drop\"\ndown_for = \"5m\"", "“down_for” is of no use with on = \"drop\""),
        ("on = \"spike\"\nsources = [\"a\"]", "“sources” is of no use with on = \"spike\""),
        ("on = \"drop\"\nquick = true", "“quick” is of no use with on = \"drop\""),
        ("on = \"volume\"\nat = 3\nwindow = \"5m\"\nbudget = \"1 per week\"", "“budget” is of no use"),
    ] {
        let report = wrong(&format!("[[topic]]\nname = \"app\"\nquery = \"app\"\n[[alert]]\nname = \"a\"\n{text}\n"));
        assert!(told(&report, Lang::En).iter().any(|t| t.contains(say)), "{text}: {:#?}", told(&report, Lang::En));
    }
    for (text, say) in [
        ("kind = \"holiday\"\ndays = [\"31-02\"]", "“31-02” names no day"),
        ("kind = \"holiday\"\ndays = []", "“days” is empty"),
        ("kind = \"fiesta\"\ndays = [\"15\"]", "“kind” cannot be “fiesta”"),
        ("days = [\"15\"]", "lacks “kind”"),
        ("kind = \"payday\"", "lacks “days”"),
        ("kind = \"payday\"\ndays = [\"15\"]\ntopics = [\"ap\"]", "there is no [[topic]] “ap”"),
    ] {
        let report = wrong(&format!("[[topic]]\nname = \"app\"\nquery = \"app\"\n[[calendar]]\nname = \"c\"\n{text}\n"));
        assert!(told(&report, Lang::En).iter().any(|t| t.contains(say)), "{text}: {:#?}", told(&report, Lang::En));
    }
}

#[test]
fn rules_on_sources() {
    let text = |alert: &str| {
        format!(
            "timezone = \"America/Mexico_City\"\n[[source]]\nname = \"pipe\"\ntype = \"stdin\"\nformat = \"escucha\"\n[[source]]\nname = \"socket\"\n\
             type = \"tcp\"\nbind = \"127.0.0.1:0\"\nformat = \"escucha\"\n[[topic]]\nname = \"app\"\nquery = \"app\"\n\
             [[alert]]\nname = \"fuente\"\non = \"source\"\n{alert}\n[[alert]]\nname = \"silencio\"\non = \"drop\"\n"
        )
    };
    let rule = |alert: &str| {
        let (config, report) = Config::read("t", text(alert), Path::new("")).expect("a good configuration");
        assert!(report.problems.is_empty(), "{:#?}", told(&report, Lang::En));
        let listening = config.listening(&mut TopicIds::default(), 1);
        assert_eq!(listening.rules.len(), 1, "the other alert watches topics");
        listening.source_rules[0].clone()
    };
    let all = rule("");
    let names = |rule: &SourceRule| rule.sources.iter().map(|(id, name)| format!("{} {name}", id.0)).collect::<Vec<_>>();
    assert_eq!(
        (names(&all), all.down_for, all.settings),
        (vec!["0 pipe".into(), "1 socket".into()], 5 * MINUTE, Settings::new(Direction::Drop))
    );
    let one = rule("sources = [\"socket\"]\ndown_for = \"2m\"\nsensitivity = 5\nbudget = \"1 per week\"\nseverity = \"critical\"");
    assert_eq!((names(&one), one.down_for, one.settings.sensitivity), (vec!["1 socket".into()], 2 * MINUTE, 5.0));
    let report = wrong(&text("sources = [\"sockt\"]"));
    assert!(told(&report, Lang::En).iter().any(|t| t.contains("no [[source]] “sockt”") && t.contains("did you mean “socket”")));
}
