use super::*;

fn rule(name: &str, special: Special, when: &str, brought_forward: bool) -> NamedDay {
    NamedDay { name: name.into(), special, when: When::parse(when).expect(when), brought_forward }
}

/// Statutory holidays (article 74 of the Ley Federal del Trabajo) and the two paydays of a month.
fn mexico() -> Calendar {
    let holidays = ["01-01", "first monday of february", "third monday of march", "05-01", "09-16", "third monday of november", "12-25"];
    let holidays = holidays.map(|when| rule(when, Special::Holiday, when, false));
    let paydays = ["15", "last"].map(|when| rule("quincena", Special::Payday, when, true));
    Calendar { days: holidays.into_iter().chain(paydays).collect() }
}

fn spain() -> Calendar {
    let holidays = ["01-01", "01-06", "easter-2", "05-01", "08-15", "10-12", "11-01", "12-06", "12-08", "12-25"];
    let holidays = holidays.map(|when| rule(when, Special::Holiday, when, false));
    Calendar { days: holidays.into_iter().chain([rule("nómina", Special::Payday, "last", true)]).collect() }
}

/// Days since 1970 of a date, by jiff.
fn day(date: &str) -> i64 {
    let date: Date = date.parse().expect("a date");
    date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24
}

#[test]
fn what_people_write() {
    for (text, want) in [
        ("2026-05-10", Some(When::Once(Date::constant(2026, 5, 10)))),
        ("02-29", Some(When::Yearly(2, 29))),
        ("15", Some(When::Monthly(15))),
        ("last", Some(When::MonthEnd)),
        ("first monday of february", Some(When::Nth(1, Weekday::Monday, 2))),
        ("last friday of november", Some(When::Nth(-1, Weekday::Friday, 11))),
        ("easter", Some(When::Easter(0))),
        ("easter-2", Some(When::Easter(-2))),
        ("easter+60", Some(When::Easter(60))),
        ("easter2", None),
        ("easter+900", None),
        ("02-30", None),
        ("13-01", None),
        ("2026-02-29", None),
        ("2026-02-01-01", None),
        ("0", None),
        ("32", None),
        ("70000", None),
        ("fifth monday of may", None),
        ("first monday of mayo", None),
        ("ñandú", None),
        ("", None),
    ] {
        assert_eq!(When::parse(text), want, "{text}");
    }
}

#[test]
fn easter_of_known_years() {
    // Published by the U.S. Naval Observatory, "The Date of Easter".
    for date in ["1961-04-02", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"] {
        let date: Date = date.parse().expect("a date");
        assert_eq!(easter(date.year()), Some(date));
    }
}

#[test]
fn holidays_and_paydays_of_mexico_and_spain() {
    let (mexico, spain) = (mexico(), spain());
    let table = [
        (&mexico, "2026-02-02", Some("first monday of february")),
        (&mexico, "2026-03-16", Some("third monday of march")),
        (&mexico, "2026-11-16", Some("third monday of november")),
        (&mexico, "2026-04-03", None),
        // 15 February and March 2026 are Sundays; the last day of February a Saturday.
        (&mexico, "2026-02-13", Some("quincena")),
        (&mexico, "2026-02-15", None),
        (&mexico, "2026-02-27", Some("quincena")),
        (&mexico, "2026-03-13", Some("quincena")),
        (&mexico, "2026-07-15", Some("quincena")),
        (&mexico, "2026-07-14", None),
        (&mexico, "2026-12-31", Some("quincena")),
        (&spain, "2026-04-03", Some("easter-2")),
        (&spain, "2026-01-06", Some("01-06")),
        // 31 October 2026 is a Saturday, 31 May a Sunday.
        (&spain, "2026-10-30", Some("nómina")),
        (&spain, "2026-05-29", Some("nómina")),
        (&spain, "2026-05-31", None),
    ];
    for (calendar, date, want) in table {
        assert_eq!(calendar.on(day(date)).map(|d| d.name.as_str()), want, "{date}");
    }
}

#[test]
fn every_month_has_its_paydays() {
    let calendar = mexico();
    let paid = |n: &i64| calendar.on(*n).is_some_and(|d| d.special == Special::Payday);
    let (first, last) = (day("2020-01-01"), day("2039-12-31"));
    assert_eq!((first..=last).filter(paid).count(), 20 * 24);
}

#[test]
fn extremes_are_ordinary_days() {
    for n in [i64::MIN, -5_000_000, 5_000_000, i64::MAX] {
        assert_eq!(mexico().on(n), None);
    }
    assert_eq!(Calendar::default().on(0), None);
}
