//! Shares of voice over HTTP.

use serde_json::json;

use super::*;

const FILE: &str = "
[[brand]]
name = 'Alfa'
own = true
accounts = [{ handle = 'alfa' }]
[[brand]]
name = '=Beta'
accounts = [{ handle = 'beta' }]
[[group]]
name = 'sector'
brands = ['Alfa', '=Beta']
population = 2_000_000
market_share = { Alfa = 40 }
[[topic]]
name = 'alfa'
brand = 'Alfa'
query = '@alfa OR alfa'
[[topic]]
name = 'beta'
brand = '=Beta'
query = '@beta OR beta'
";

async fn world() -> World {
    let world = World::start(Plan { config: FILE.to_owned(), ..Plan::default() }).await;
    let post = |id: u32, author: &str, text: &str| json!({"id": id.to_string(), "network": "x", "created_at": format!("2026-07-04T10:{id:02}:00Z"), "text": text, "author": {"handle": author}});
    let mut answer = post(5, "alfa", "Ya está");
    answer["in_reply_to"] = json!({"id": "1", "author": "ana"});
    let mut news = post(6, "alfa", "Novedades");
    news["counts"] = json!({"likes": 10, "replies": 4, "reposts": 2});
    let posts = [
        post(1, "ana", "@alfa la app no abre desde esta mañana y tengo que pagar hoy"),
        post(2, "eva", "@alfa la app no abre desde esta mañana y tengo que pagar hoy"),
        post(3, "leo", "alfa o beta"),
        post(4, "ivo", "@alfa hola"),
        answer,
        news,
    ];
    let body: String = posts.iter().map(|p| format!("{p}\n")).collect();
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    world
}

#[tokio::test]
async fn shares_are_told_with_what_they_are_made_of() {
    let world = world().await;
    let (status, found) = world.get("/v1/share-of-voice?group=sector", &[]).await;
    assert_eq!(status, 200, "{found}");
    world.described("ShareOfVoice", &found).await;
    world.described("BrandShare", &found["brands"][0]).await;
    let window = ["window", "from", "to", "complete", "reposts", "duplicates", "posts"].map(|k| found[k].clone());
    let want = json!(["24h", "2026-07-03T10:15:00Z", "2026-07-04T10:15:00Z", false, true, true, 4]);
    assert_eq!(Value::from(window.to_vec()), want);
    let alfa = &found["brands"][0];
    assert_eq!((&alfa["rank"], &alfa["brand"], &alfa["own"], &alfa["mentions"]), (&json!(1), &json!("Alfa"), &json!(true), &json!(4)));
    assert_eq!(alfa["share_of_voice"]["share"], json!({"value": 0.8, "numerator": 4, "denominator": 5}));
    assert_eq!(alfa["share_of_voice"]["split_share"], json!({"value": 0.875, "numerator": 3.5, "denominator": 4}));
    assert_eq!((&alfa["share_of_voice"]["market_share"], &alfa["share_of_voice"]["excess"]), (&json!(0.4), &json!(0.4)));
    assert_eq!(alfa["answered"]["direct"], json!({"value": 1.0 / 3.0, "numerator": 1, "denominator": 3}));
    assert_eq!(alfa["engagement"]["engagement"], json!({"value": 16, "numerator": 16, "denominator": 1}));
    assert_eq!((&alfa["accounts"][0]["account"], &alfa["accounts"][0]["likes"]["value"]), (&json!("alfa"), &json!(10)));
    assert_eq!((&found["hhi"], &found["largest_two"]["share"]["value"]), (&json!(0.68), &json!(1)));
    assert_eq!(alfa["change"]["share_before"], json!({"value": null, "numerator": 0, "denominator": 0}));
    assert_eq!(found["brands"][1]["answered"]["direct"]["value"], Value::Null);
    assert_eq!(alfa["per_million"]["mentions"], json!({"value": 2, "numerator": 4, "denominator": 2}));
    assert_eq!(alfa["copies"]["dup_ratio"], json!({"value": 0.25, "numerator": 1, "denominator": 4}));
    let nothing = json!({"hashtag_share": {"value": null, "numerator": 0, "denominator": 0}, "interval": null});
    assert_eq!(alfa["hashtags"], nothing, "nothing was passed on");
    assert_eq!(alfa["negative"]["negative_share"]["denominator"], 3, "each in its own words");
    // What says the same counts once.
    let (_, found) = world.get("/v1/share-of-voice?group=sector&window=1h&duplicates=false&reposts=false", &[]).await;
    assert_eq!(found["brands"][0]["share_of_voice"]["share"], json!({"value": 0.75, "numerator": 3, "denominator": 4}));
    // A stretch of time, in whole quarters of an hour.
    let (_, found) = world.get("/v1/share-of-voice?group=sector&from=2026-07-04T09:50:00Z&to=2026-07-04T10:01:00Z", &[]).await;
    assert_eq!(
        (&found["window"], &found["from"], &found["to"]),
        (&Value::Null, &json!("2026-07-04T09:45:00Z"), &json!("2026-07-04T10:15:00Z"))
    );
    let notes = found["notes"].as_object().expect("notes");
    assert!(notes.values().all(|n| n["es"] != n["en"]) && notes.contains_key("share_of_voice"), "{notes:?}");
}

#[tokio::test]
async fn they_come_as_one_csv_file_too() {
    let world = world().await;
    let (_, head, csv) = world.request("GET", "/v1/share-of-voice?group=sector", &[("accept", "text/csv")], b"").await;
    let csv = String::from_utf8(csv).expect("UTF-8");
    assert!(head.contains("text/csv") && head.contains("share-of-voice.csv"), "{head}");
    let rows: Vec<Vec<&str>> = csv.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(rows.iter().all(|r| r.len() == rows[0].len()), "{csv}");
    let cell = |row: usize, name: &str| rows[row][rows[0].iter().position(|n| *n == name).expect("a column")];
    assert_eq!((cell(1, "brand"), cell(2, "brand")), ("\"Alfa\"", "\"'=Beta\""), "no formula");
    assert_eq!((cell(1, "share_of_voice_share"), cell(1, "share_of_voice_share_denominator")), ("\"0.8\"", "\"5\""));
    assert_eq!((cell(1, "engagement_likes"), cell(2, "engagement_likes"), cell(2, "answered_direct")), ("\"10\"", "\"\"", "\"\""));
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem() {
    let world = World::start(Plan { config: FILE.to_owned(), ..Plan::default() }).await;
    for (query, status, detail) in [
        ("", 400, "\"group\" is missing; it can be: sector"),
        ("group=sectr", 404, "there is no group called \"sectr\"; did you mean \"sector\"?"),
        ("group=sector", 404, "nothing has been counted yet"),
        ("group=sector&window=2h", 400, "\"window\" cannot be \"2h\"; it can be: 1h, 6h, 24h, 7d"),
        ("group=sector&to=2026-07-04T10:00:00Z", 400, "\"to\" needs \"from\""),
        ("group=sector&from=2026-07-04T10:00:00Z&window=1h", 400, "it is \"window\" or \"from\" and \"to\", not both"),
        ("group=sector&from=2026-07-04T10:00:00Z&to=2026-07-04T10:00:00Z", 400, "\"to\" must be after \"from\", by 7 days at most"),
        ("group=sector&from=2026-06-04T10:00:00Z&to=2026-07-04T10:00:00Z", 400, "\"to\" must be after \"from\", by 7 days at most"),
        ("group=sector&reposts=no", 400, "\"reposts\" cannot be \"no\"; it can be: true, false"),
        ("group=sector&format=xml", 400, "\"format\" cannot be \"xml\"; it can be: json, csv"),
        ("group=sector&topic=alfa", 400, "there is no parameter \"topic\""),
    ] {
        let path = format!("/v1/share-of-voice?{query}");
        let (got, problem) = world.send("GET", &path, Value::Null).await;
        assert_eq!((got, problem["detail"].as_str()), (status, Some(detail)), "{query}");
        let (_, spanish) = world.get(&path, &[("accept-language", "es")]).await;
        assert_ne!(spanish["detail"], problem["detail"], "{query}");
    }
    // Topics change, groups stay.
    let (status, _) = world.send("PUT", "/v1/topics/gama", json!({"query": "gama", "brand": "Alfa"})).await;
    assert_eq!(status, 201);
    let body = json!({"id": "1", "network": "x", "created_at": "2026-07-04T10:00:00Z", "text": "gama"}).to_string();
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    let (_, found) = world.get("/v1/share-of-voice?group=sector", &[]).await;
    assert_eq!(found["brands"][0]["share_of_voice"]["share"]["value"], 1, "{found}");
}
