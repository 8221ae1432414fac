//! Reports over HTTP.

use serde_json::json;

use super::*;

const FILE: &str = "
timezone = 'America/Mexico_City'
[care]
goal = '30m'
slots = ['00:00', '12:00']
crossed = ['section/origin']
[[source]]
name = 'push'
type = 'http'
own_posts = true
[[brand]]
name = 'Otro'
accounts = [{ handle = 'otro' }]
[[brand]]
name = 'Banco'
own = true
accounts = [{ handle = 'banco', role = 'service' }]
[[topic]]
name = 'app'
brand = 'Banco'
query = 'app'
section = '=SAC'
";

async fn world() -> World {
    let world = World::start(Plan { config: FILE.to_owned(), ..Plan::default() }).await;
    let post = |id: u32, minute: u32, author: &str, text: &str| json!({"id": id.to_string(), "network": "x", "created_at": format!("2026-07-04T10:{minute:02}:00Z"), "text": text, "author": {"id": author, "handle": author}});
    let mut answer = post(3, 25, "banco", "Ya está ^AB");
    answer["in_reply_to"] = json!({"id": "1", "author": "ana"});
    let posts = [post(1, 0, "ana", "@banco la app no abre"), post(2, 5, "eva", "@banco ¿a qué hora abren?"), answer];
    let body: String = posts.iter().map(|p| format!("{p}\n")).collect();
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    world
}

/// The figure of the report's brand at `place`.
fn figure(report: &Value, place: usize, indicator: &str, name: &str) -> Value {
    let indicators = report["brands"][place]["indicators"].as_array().expect("indicators");
    let found = indicators.iter().find(|i| i["indicator"] == indicator).expect("an indicator");
    found["figures"].as_array().expect("figures").iter().find(|f| f["figure"] == name).expect("a figure").clone()
}

#[tokio::test]
async fn a_report_is_told_with_what_it_is_made_of() {
    let world = world().await;
    let (status, report) = world.get("/v1/report?day=2026-07-04", &[]).await;
    assert_eq!(status, 200, "{report}");
    world.described("Report", &report).await;
    world.described("BrandReport", &report["brands"][0]).await;
    // Ours first; the day is that of the zone.
    assert_eq!((&report["brands"][0]["brand"], &report["brands"][1]["brand"]), (&json!("Banco"), &json!("Otro")));
    assert_eq!(report["brands"][0]["from"], json!("2026-07-04T06:00:00Z"));
    let answered = figure(&report, 0, "answered", "answered");
    assert_eq!((&answered["value"], &answered["numerator"], &answered["denominator"]), (&json!(0.5), &json!(1), &json!(2)));
    // Eva has not waited for half an hour yet.
    assert_eq!(figure(&report, 0, "within", "within")["denominator"], json!(1));
    assert_eq!(figure(&report, 0, "within", "undecided")["value"], json!(1));
    assert_eq!(figure(&report, 0, "first-answer", "median")["value"], json!(1500));
    assert_eq!(figure(&report, 0, "rhythm", "slot")["keys"], json!(["00-12"]));
    assert_eq!(figure(&report, 0, "crossed", "section_by_origin")["value"], json!(1));
    let unknown = figure(&report, 1, "answered", "answered");
    assert_eq!((&unknown["value"], &unknown["reason"]), (&Value::Null, &json!("no_own_reply_seen")));
}

#[tokio::test]
async fn it_comes_in_every_format_and_language() {
    let world = world().await;
    let get = async |query: &str, headers: &[(&str, &str)]| {
        let (status, head, body) = world.request("GET", &format!("/v1/report?month=2026-07&{query}"), headers, b"").await;
        assert_eq!(status, 200, "{query}");
        (head, String::from_utf8(body).expect("UTF-8"))
    };
    let (head, csv) = get("format=csv&brand=Banco", &[]).await;
    assert!(head.contains("text/csv") && head.contains("report.csv"), "{head}");
    assert!(csv.starts_with("brand,indicator,figure,key1,key2,numerator,denominator,value,reason\r\n"));
    assert!(csv.contains("\"Banco\",\"answered\",\"answered\",\"all\",\"\",1,2,0.5,\r\n"), "{csv}");
    assert!(csv.contains("\"'=SAC\""), "no formula: {csv}");
    assert!(csv.lines().all(|l| l.matches(',').count() == 8), "{csv}");
    let (_, es) = get("format=html&lang=es", &[]).await;
    let (_, en) = get("format=html", &[("accept-language", "en")]).await;
    assert!(es.contains("<html lang=\"es\">") && es.contains("Lo que este informe no sabe"), "{es}");
    assert!(en.contains("<html lang=\"en\">") && en.contains("What this report does not know"));
    for page in [&es, &en] {
        assert!(
            !page.contains("<script") && !page.contains("http://") && !page.contains("https://") && !page.contains("url("),
            "it asks for nothing"
        );
        assert!(page.contains("<svg") && page.contains("1/2"));
    }
    assert!(get("format=text&lang=es", &[]).await.1.starts_with("Informe de atención: Banco"));
}

#[tokio::test]
async fn what_cannot_be_reported_is_a_problem() {
    let world = World::start(Plan { config: FILE.to_owned(), ..Plan::default() }).await;
    let period = "say one period: \"from\" and \"to\", or \"day\", \"week\" or \"month\"";
    for (query, status, detail) in [
        ("", 400, period),
        ("from=2026-07-04T10:00:00Z", 400, period),
        ("day=2026-07-04&month=2026-07", 400, period),
        ("day=2026-07-04&from=2026-07-04T10:00:00Z&to=2026-07-05T10:00:00Z", 400, period),
        ("from=2026-07-04T10:00:00Z&to=2026-07-04T10:00:00Z", 400, "\"to\" must be after \"from\""),
        ("week=2026-10", 400, "\"week\" cannot be \"2026-10\"; it can be: 2026-W10"),
        ("month=2026-07&format=pdf", 400, "\"format\" cannot be \"pdf\"; it can be: text, json, csv, html"),
        ("month=2026-07&lang=fr", 400, "\"lang\" cannot be \"fr\"; it can be: es, en"),
        ("month=2026-07&brand=Banko", 404, "there is no brand called \"Banko\"; did you mean \"Banco\"?"),
        ("month=2026-07&topic=app", 400, "there is no parameter \"topic\""),
        ("month=2026-07", 404, "nothing has been counted yet"),
        ("month=2026-07&table=posts", 400, "\"table\" cannot be \"posts\"; it can be: incidents, events"),
        ("month=2026-07&table=incidents&format=json", 400, "\"format\" cannot be \"json\"; it can be: csv, ndjson"),
        ("month=2026-07&table=incidents&lang=es", 400, "there is no parameter \"lang\""),
        ("month=2026-07&table=incidents&after=x", 400, "\"after\" cannot be \"x\"; it can be: rel=\"next\""),
        ("month=2026-07&limit=5", 400, "there is no parameter \"limit\""),
    ] {
        let (got, problem) = world.get(&format!("/v1/report?{query}"), &[]).await;
        assert_eq!((got, problem["detail"].as_str()), (status, Some(detail)), "{query}");
    }
}

#[tokio::test]
async fn tables_come_page_by_page_and_each_page_says_where_the_next_is() {
    let world = world().await;
    let page = async |path: &str| {
        let (status, head, body) = world.request("GET", path, &[], b"").await;
        assert_eq!(status, 200, "{path}");
        // What is heard of a head is in small letters; the rest of the link is the question.
        let link = head.lines().find_map(|l| l.strip_prefix("link: </v1/report?table=")?.strip_suffix(">; rel=\"next\""));
        let after = link.and_then(|link| link.rsplit_once("&after=")).map(|(_, after)| after.to_owned());
        (head, String::from_utf8(body).expect("UTF-8"), after)
    };
    for (table, period) in [("incidents", "day=2026-07-04"), ("events", "from=2020-01-01&to=2100-01-01")] {
        let all = format!("/v1/report?table={table}&{period}");
        let (head, whole, none) = page(&all).await;
        assert!(head.contains("text/csv") && head.contains(&format!("{table}.csv")), "{head}");
        assert!(none.is_none(), "{none:?}");
        let (mut parts, mut pages, mut next) = (String::new(), 0, Some(String::new()));
        while let Some(after) = next {
            let (_, text, then) = page(&format!("{all}&limit=1&brand=Banco{after}")).await;
            parts += &text;
            (pages, next) = (pages + 1, then.map(|after| format!("&after={after}")));
        }
        assert_eq!(parts, whole, "{table}");
        assert!(pages >= whole.lines().count() - 1 && pages > 1, "{pages} of {whole}");
        assert!(whole.contains("\"'=SAC\""), "no formula: {whole}");
        let (head, lines, _) = page(&format!("{all}&format=ndjson")).await;
        assert!(head.contains("application/x-ndjson"), "{head}");
        let rows: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        assert_eq!(rows.len(), whole.lines().count() - 1);
        let columns: Vec<&str> = whole.lines().next().expect("a header").split(',').collect();
        assert!(
            rows.iter()
                .all(|row| row.as_object().expect("an object").len() == columns.len() && columns.iter().all(|c| row.get(*c).is_some()))
        );
        let ana: Vec<&Value> = rows.iter().filter(|r| r["handle"] == "ana").collect();
        let last = ana.last().expect("a matter");
        assert_eq!((&last["first_answer_seconds"], &last["agents"], &last["section"]), (&json!(1500), &json!(["AB"]), &json!("=SAC")));
        world.described(if table == "events" { "EventRow" } else { "IncidentRow" }, last).await;
    }
    // Nobody did anything in another time, nor with another brand.
    for nothing in ["table=incidents&day=2026-07-03", "table=incidents&day=2026-07-04&brand=Otro", "table=events&day=2020-01-01"] {
        assert_eq!(page(&format!("/v1/report?{nothing}")).await.1.lines().count(), 1, "{nothing}");
    }
}
