//! Customers' matters over the wire: what agents see, what they do, and what everybody is told of it.

use std::collections::BTreeSet;

use escucha::http::{Role, Token, token_new};
use serde_json::json;

use super::*;

const BANK: &str = "
[[brand]]
name = 'Banco Ejemplo'
own = true
accounts = [{ handle = 'bancoayuda', network = 'x', role = 'service' }, { handle = 'bancoayuda', network = 'mastodon', role = 'service' }]
[[brand]]
name = 'Banco Ajeno'
accounts = [{ handle = 'bancoajeno' }]
";

fn plan() -> Plan {
    Plan { config: format!("{TOPICS}{BANK}"), ..Plan::default() }
}

/// A post of so many seconds after now.
fn said(id: &str, author: &str, text: &str, seconds: i64, parent: Option<(&str, &str)>) -> Value {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    let mut post =
        json!({"id": id, "network": "x", "created_at": at.to_string(), "text": text, "author": {"id": author, "handle": author}});
    if let Some((id, author)) = parent {
        post["in_reply_to"] = json!({"id": id, "author": author});
    }
    post
}

async fn say(world: &World, post: Value) {
    let (status, answer) = world.send("POST", "/v1/posts", &post).await;
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
}

/// The next change, without times.
async fn told(client: &mut Client) -> (u64, String, u64, String, Value) {
    let frame = client.next("incident").await;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let number = |v: &Value| v.as_u64().expect("a number");
    (number(&frame["seq"]), text(&frame["why"]), number(&frame["version"]), text(&frame["incident"]["state"]), frame)
}

fn brief(told: &(u64, String, u64, String, Value)) -> (u64, &str, u64, &str) {
    (told.0, &told.1, told.2, &told.3)
}

#[tokio::test]
async fn a_matter_from_the_first_post_to_the_end() {
    let world = World::start(plan()).await;
    let mut client = world.client("channels=incidents").await;
    say(&world, said("p1", "ana", "@bancoayuda no puedo pagar, mi tarjeta está bloqueada", -60, None)).await;
    let opened = told(&mut client).await;
    assert_eq!(brief(&opened), (1, "post", 1, "new"));
    let id = opened.4["id"].as_str().expect("an id").to_owned();
    assert_eq!((id.len(), &opened.4["incident"]["handle"], &opened.4["actor"]), (16, &json!("ana"), &Value::Null));
    assert!(!opened.4.to_string().contains("tarjeta"), "no text of a post");

    say(&world, said("p2", "bancoayuda", "Hola, escríbenos por mensaje directo ^AB", -30, Some(("p1", "ana")))).await;
    let answered = told(&mut client).await;
    assert_eq!(brief(&answered), (2, "post", 2, "waiting_customer"));
    assert_eq!((&answered.4["incident"]["first_answer"]["seconds"], &answered.4["incident"]["agents"]), (&json!(30), &json!(["AB"])));

    let path = format!("/v1/incidents/{id}");
    let act = |body: Value| {
        let path = format!("{path}/acts");
        let world = &world;
        async move { world.send("POST", &path, &body).await }
    };
    let (status, done) = act(json!({"version": 2, "do": "resolve", "scenario": "private"})).await;
    assert_eq!((status, &done["version"], &done["incident"]["state"]), (200, &json!(3), &json!("resolved")), "{done}");
    let resolved = told(&mut client).await;
    assert_eq!(brief(&resolved), (3, "act", 3, "resolved"));
    assert_eq!((&resolved.4["actor"], &resolved.4["incident"]["closing"]["scenario"]), (&json!("localhost"), &json!("private")));

    say(&world, said("p3", "ana", "@bancoayuda sigue igual, ¿qué hago?", 5, Some(("p2", "bancoayuda")))).await;
    let reopened = told(&mut client).await;
    assert_eq!((brief(&reopened), &reopened.4["incident"]["reopened"]), ((4, "post", 4, "waiting_brand"), &json!(1)));

    let (_, case) = world.get(&path, &[]).await;
    let posts: Vec<_> = case["posts"].as_array().expect("posts").iter().map(|p| (&p["id"], &p["own"], &p["part"], &p["agent"])).collect();
    let (theirs, ours) = ((json!(false), json!("moves")), (json!(true), json!("AB")));
    let wanted = [(json!("p1"), &theirs.0, Value::Null), (json!("p2"), &ours.0, ours.1), (json!("p3"), &theirs.0, Value::Null)];
    assert_eq!(posts, wanted.iter().map(|(id, own, agent)| (id, *own, &theirs.1, agent)).collect::<Vec<_>>());
    assert!(case["posts"][0]["text"].as_str().is_some_and(|text| text.contains("tarjeta")));
    assert_eq!(
        (&case["acts"][0]["do"], &case["acts"][0]["by"], &case["acts"][0]["scenario"]),
        (&json!("resolve"), &json!("localhost"), &json!("private"))
    );
    let codes: Vec<_> = case["suggestions"].as_array().expect("some").iter().map(|s| s["code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["blocked_operation", "answer_now", "go_private"]);
    assert_ne!(case["suggestions"][0]["text"]["es"], case["suggestions"][0]["text"]["en"]);
    world.described("Case", &case).await;
    world.described("Incident", &case["incident"]).await;
    // Deleted, it is as if it never was.
    for id in ["p1", "p3"] {
        say(&world, json!({"id": id, "network": "x", "created_at": jiff::Timestamp::now().to_string(), "text": "", "kind": "delete"}))
            .await;
    }
    let gone = loop {
        let told = told(&mut client).await;
        if told.1 == "gone" {
            break told;
        }
    };
    assert_eq!((&gone.4["id"], &gone.4["incident"]), (&json!(id), &Value::Null), "{}", gone.4);
}

#[tokio::test]
async fn competitors_are_compared_and_not_queued() {
    let world = World::start(plan()).await;
    say(&world, said("r1", "eva", "@bancoajeno no puedo entrar", -90, None)).await;
    say(&world, said("p1", "ana", "@bancoayuda no puedo pagar", -60, None)).await;
    let (_, all) = world.get("/v1/incidents", &[]).await;
    assert_eq!((&all["total"], &all["incidents"][0]["handle"]), (&json!(1), &json!("ana")));
    let (_, theirs) = world.get("/v1/incidents?brand=Banco%20Ajeno", &[]).await;
    assert_eq!((&theirs["total"], &theirs["incidents"][0]["handle"]), (&json!(1), &json!("eva")));
}

#[tokio::test]
async fn of_two_agents_at_once_the_second_is_told() {
    let (tokens, secrets): (Vec<_>, Vec<_>) = [("ana", Role::Agent), ("luis", Role::Agent), ("pantalla", Role::Viewer)]
        .into_iter()
        .map(|(name, role)| {
            let (secret, hash) = token_new().expect("random");
            (
                Token { name: name.to_owned(), role, hash: Token::parse_hash(&hash).expect("a hash"), device: false },
                format!("Bearer {secret}"),
            )
        })
        .unzip();
    let (admin, hash) = token_new().expect("random");
    let admin = format!("Bearer {admin}");
    let tokens = tokens.into_iter().chain([Token {
        name: "jefa".into(),
        role: Role::Admin,
        hash: Token::parse_hash(&hash).expect("a hash"),
        device: false,
    }]);
    let world = World::start(Plan { tokens: tokens.collect(), ..plan() }).await;
    let ask = |method: &'static str, path: String, who: String, body: Value| {
        let world = &world;
        async move {
            let headers = [("authorization", &*who), ("accept-language", "en")];
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let (status, head, body) = world.request(method, &path, &headers, body.as_bytes()).await;
            (status, head, serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null))
        }
    };
    let post = said("p1", "ana", "@bancoayuda hola", -60, None);
    assert_eq!(ask("POST", "/v1/posts".into(), admin.clone(), post).await.0, 200);
    let list = ask("GET", "/v1/incidents".into(), secrets[2].clone(), Value::Null).await.2;
    let path = format!("/v1/incidents/{}/acts", list["incidents"][0]["id"].as_str().expect("one"));
    let claim = json!({"version": list["incidents"][0]["version"], "do": "assign"});
    let both = tokio::join!(
        ask("POST", path.clone(), secrets[0].clone(), claim.clone()),
        ask("POST", path.clone(), secrets[1].clone(), claim.clone())
    );
    let (won, lost, winner) = if both.0.0 == 200 { (both.0, both.1, "ana") } else { (both.1, both.0, "luis") };
    assert_eq!((won.0, &won.2["incident"]["assignee"], &won.2["version"]), (200, &json!(winner), &json!(2)), "{}", won.2);
    assert_eq!(
        (lost.0, &lost.2["code"], &lost.2["version"], &lost.2["changed_by"]),
        (409, &json!("incident_changed"), &json!(2), &json!(winner))
    );
    assert!(lost.1.contains("application/problem+json") && lost.2["changed_at"].is_string(), "{lost:?}");
    assert_eq!(ask("POST", path.clone(), secrets[2].clone(), claim).await.0, 403, "who only looks");
    let case = ask("GET", path.trim_end_matches("/acts").to_owned(), secrets[2].clone(), Value::Null).await.2;
    assert_eq!(case["acts"].as_array().map(Vec::len), Some(1), "what was refused is not in the log");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_field_by_field_in_both_languages() {
    let world = World::start(plan()).await;
    say(&world, said("p1", "ana", "@bancoayuda hola", -60, None)).await;
    let (_, list) = world.get("/v1/incidents", &[]).await;
    let path = format!("/v1/incidents/{}/acts", list["incidents"][0]["id"].as_str().expect("one"));
    let table = [
        (json!({"do": "assign"}), "/version"),
        (json!({"version": 1}), "/do"),
        (json!({"version": 1, "do": "close"}), "/do"),
        (json!({"version": 1, "do": "assign", "to": "  "}), "/to"),
        (json!({"version": 1, "do": "assign", "to": "a\u{7}b"}), "/to"),
        (json!({"version": 1, "do": "release", "to": "ana"}), "/to"),
        (json!({"version": 1, "do": "tag", "field": "colour", "value": "x"}), "/field"),
        (json!({"version": 1, "do": "tag", "field": "section", "value": "x".repeat(limits::NAME_CHARS + 1)}), "/value"),
        (json!({"version": 1, "do": "note"}), "/text"),
        (json!({"version": 1, "do": "note", "text": "x".repeat(limits::NOTE_CHARS + 1)}), "/text"),
        (json!({"version": 1, "do": "note", "text": "a\u{0}b"}), "/text"),
        (json!({"version": 1, "do": "resolve", "scenario": "won"}), "/scenario"),
        (json!({"version": 1, "do": "merge", "into": "xyz"}), "/into"),
        (json!({"version": 1, "do": "merge", "into": "0000000000000000"}), "/into"),
        (json!({"version": 1, "do": "merge", "into": list["incidents"][0]["id"]}), "/into"),
        (json!({"version": 1, "do": "assign", "whom": "ana"}), ""),
    ];
    for (body, pointer) in table {
        let mut causes = Vec::new();
        for lang in ["es", "en"] {
            let (status, _, answer) = world.request("POST", &path, &[("accept-language", lang)], body.to_string().as_bytes()).await;
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            assert_eq!(
                (status, &answer["code"], &answer["errors"][0]["pointer"]),
                (422, &json!("act_rejected"), &json!(pointer)),
                "{body} {answer}"
            );
            causes.push(answer["errors"][0]["cause"].clone());
        }
        assert_ne!(causes[0], causes[1], "{body}");
    }
    let claim = json!({"version": 1, "do": "assign"});
    for unknown in ["0000000000000000", "x", "000000000000000G"] {
        assert_eq!(world.send("POST", &format!("/v1/incidents/{unknown}/acts"), &claim).await.0, 404);
        assert_eq!(world.get(&format!("/v1/incidents/{unknown}"), &[]).await.0, 404);
    }
    for query in ["state=x", "open=yes", "sort=x", "limit=x", "cursor=1.2", "nonsense=1"] {
        assert_eq!(world.get(&format!("/v1/incidents?{query}"), &[]).await.0, 400, "{query}");
    }
    assert_eq!(world.get("/v1/incidents", &[]).await.1["incidents"][0]["version"], 1, "nothing was done");
}

#[tokio::test]
async fn a_customer_of_two_networks_is_one_matter_once_an_agent_says_so() {
    let world = World::start(plan()).await;
    say(&world, said("p1", "ana", "@bancoayuda no llega mi tarjeta", -600, None)).await;
    let mut other = said("m1", "ana", "@bancoayuda tampoco aquí me contestan", -300, None);
    other["network"] = json!("mastodon");
    say(&world, other).await;
    let (_, list) = world.get("/v1/incidents?sort=age", &[]).await;
    let ids: Vec<_> = list["incidents"].as_array().expect("two").iter().map(|i| i["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!((ids.len(), &list["total"], &list["incidents"][0]["network"]), (2, &json!(2), &json!("x")));
    let act = |id: &str, body: Value| {
        let path = format!("/v1/incidents/{id}/acts");
        let world = &world;
        async move { world.send("POST", &path, &body).await }
    };
    let (status, merged) = act(&ids[1], json!({"version": 1, "do": "merge", "into": ids[0]})).await;
    assert_eq!(
        (status, &merged["incident"]["state"], &merged["incident"]["merged_into"]),
        (200, &json!("merged"), &json!(ids[0])),
        "{merged}"
    );
    let (_, case) = world.get(&format!("/v1/incidents/{}", ids[0]), &[]).await;
    assert_eq!((&case["incident"]["customer_posts"], case["posts"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    assert_eq!(world.get("/v1/incidents?open=true", &[]).await.1["total"], 1, "one of them is left");
    let version = merged["version"].clone();
    let (_, apart) = act(&ids[1], json!({"version": version, "do": "part"})).await;
    assert_eq!((&apart["incident"]["state"], &apart["incident"]["merged_into"]), (&json!("new"), &Value::Null));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_read_page_by_page() {
    let world = World::start(plan()).await;
    for i in 0..7 {
        let text = if i == 3 { "@bancoayuda mi tarjeta está bloqueada" } else { "@bancoayuda hola, una duda" };
        say(&world, said(&format!("p{i}"), &format!("persona{i}"), text, -600 + 60 * i, None)).await;
    }
    say(&world, said("r", "bancoayuda", "Hola, ya quedó", -30, Some(("p5", "persona5")))).await;
    let handles = |list: &Value| -> Vec<String> {
        list["incidents"].as_array().expect("a list").iter().map(|i| i["handle"].as_str().expect("one").to_owned()).collect()
    };
    let mut all = Vec::new();
    for (sort, first) in [("priority", "persona3"), ("age", "persona0")] {
        let (_, whole) = world.get(&format!("/v1/incidents?sort={sort}"), &[]).await;
        world.described("Incidents", &whole).await;
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) = world.get(&format!("/v1/incidents?sort={sort}&limit=2{cursor}"), &[]).await;
            assert_eq!(page["total"], 7);
            pages.extend(handles(&page));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((pages.len(), &*pages[0], &*pages[6]), (7, first, "persona5"), "{sort}: who waits comes first");
        assert_eq!(pages, handles(&whole), "{sort}");
        all.push(whole);
    }
    let id = all[0]["incidents"][0]["id"].as_str().expect("one");
    let path = format!("/v1/incidents/{id}/acts");
    world.send("POST", &path, json!({"version": 1, "do": "assign", "to": "luis"})).await;
    world.send("POST", &path, json!({"version": 2, "do": "tag", "field": "section", "value": "tarjetas"})).await;
    for (query, total) in [
        ("state=new", 6),
        ("state=waiting_customer", 1),
        ("open=false", 0),
        ("assignee=luis", 1),
        ("assignee=", 6),
        ("section=tarjetas", 1),
        ("brand=Banco%20Ejemplo", 7),
        ("brand=otro", 0),
    ] {
        assert_eq!(world.get(&format!("/v1/incidents?{query}"), &[]).await.1["total"], total, "{query}");
    }
}

#[tokio::test]
async fn both_streams_tell_the_same_in_one_sequence_with_the_alerts() {
    let world = World::start(plan()).await;
    let mut live = world.client("channels=alerts,incidents").await;
    say(&world, said("p1", "ana", "@bancoayuda hola", -60, None)).await;
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    say(&world, said("p2", "luis", "@bancoayuda hola", -50, None)).await;
    let mut frames = Vec::new();
    while frames.len() < 3 {
        let frame = live.frame().await;
        frames.extend((frame["type"] == "alert" || frame["type"] == "incident").then_some(frame));
    }
    let brief: Vec<_> = frames.iter().map(|f| (f["type"].as_str().expect("a type"), f["seq"].as_u64().expect("a number"))).collect();
    assert_eq!(brief, [("incident", 1), ("alert", 2), ("incident", 3)]);
    let mut events = world.events("channels=alerts,incidents&since=0", None).await;
    let text = events.until("\"seq\":3").await.to_owned();
    let heard: Vec<Value> = text.lines().filter_map(|l| serde_json::from_str(l.strip_prefix("data: ")?).ok()).collect();
    assert_eq!(heard.into_iter().filter(|f| f["type"] != "hello" && f["type"] != "status").collect::<Vec<_>>(), frames);
    assert!(text.contains("id: E1:3\n"), "{text}");
    // Whoever wants only one of them gets on all the same, and asks on from anywhere.
    for (channel, seqs) in [("alerts", vec![2]), ("incidents", vec![1, 3])] {
        let mut client = world.client(&format!("channels={channel},status&since=0&epoch=E1")).await;
        assert_eq!(client.next("hello").await["recovered"], true);
        for seq in seqs {
            assert_eq!(client.next(&channel[..channel.len() - 1]).await["seq"], seq);
        }
    }
    let mut client = world.client("channels=incidents&since=1&epoch=E1").await;
    assert_eq!(client.next("incident").await["seq"], 3);
}

const PLAYBOOKS: &str = "
[care]
sample = 40

[[brand]]
name = 'Otro Banco'
accounts = [{ handle = 'otrobanco', network = 'x' }]

[[playbook]]
name = 'todo'
steps_es = ['Saluda']
steps_en = ['Say hello']

[[playbook]]
name = 'bloqueada'
brands = ['Banco Ejemplo']
blocked = true
steps_es = ['Pide disculpas', 'Pasa a privado']
steps_en = ['Apologise', 'Go private']
templates_es = ['Hola, @{handle}. ¿Desde cuándo? ^{agent}']
templates_en = ['Hi @{handle} ^{agent}', 'Sorry']
";

#[tokio::test]
async fn beside_a_matter_stand_its_playbook_and_its_customer() {
    let world = World::start(Plan { config: format!("{TOPICS}{BANK}{PLAYBOOKS}"), ..Plan::default() }).await;
    let with = |mut post: Value| {
        post["author"]["followers"] = json!(208);
        post
    };
    say(&world, with(said("p1", "ana", "@bancoayuda no puedo pagar, mi tarjeta está bloqueada", -100 * 3600, None))).await;
    say(&world, said("p2", "bancoayuda", "@ana listo ^AB", -99 * 3600, Some(("p1", "ana")))).await;
    let list = |query: &'static str| {
        let world = &world;
        async move { world.get(&format!("/v1/incidents{query}"), &[]).await.1 }
    };
    let first = list("").await;
    let path = format!("/v1/incidents/{}", first["incidents"][0]["id"].as_str().expect("an id"));
    // After so long it is another matter.
    say(&world, with(said("p3", "ana", "@bancoayuda gracias por todo, ¡excelente servicio!", -40, None))).await;
    say(&world, with(said("p5", "ana", "@otrobanco ¿abren los sábados?", -20, None))).await;
    say(&world, said("p4", "eva", "@bancoayuda ¿a qué hora abren?", -30, None)).await;

    let (_, case) = world.get(&path, &[]).await;
    assert_eq!((&case["playbook"]["name"], &case["playbook"]["steps"][1]["en"]), (&json!("bloqueada"), &json!("Go private")));
    let templates: Vec<_> = case["playbook"]["templates"].as_array().expect("some").iter().map(|t| (&t["lang"], &t["text"])).collect();
    let wanted = [("es", "Hola, @ana. ¿Desde cuándo? ^localhost"), ("en", "Hi @ana ^localhost"), ("en", "Sorry")];
    assert_eq!(templates, wanted.map(|(lang, text)| (json!(lang), json!(text))).iter().map(|(l, t)| (l, t)).collect::<Vec<_>>());
    assert_eq!((&case["playbook"]["templates"][2]["length"], &case["playbook"]["templates"][2]["limit"]), (&json!(5), &json!(280)));
    assert_eq!((&case["person"]["followers"], &case["person"]["influence"]), (&json!(208), &json!(1.0)));
    assert!(case["person"]["last_tone"].as_f64().is_some_and(|tone| tone > 0.0), "{}", case["person"]);
    let other = &case["person"]["open"][0];
    assert_eq!((&other["state"], &case["person"]["open_total"], &case["person"]["past_total"]), (&json!("new"), &json!(1), &json!(0)));
    world.described("BriefIncident", other).await;
    let (_, later) = world.get(&format!("/v1/incidents/{}", other["id"].as_str().expect("an id")), &[]).await;
    assert_eq!((&later["person"]["past"][0]["id"], &later["person"]["past"][0]["state"]), (&case["incident"]["id"], &json!("answered")));
    assert_eq!((&later["person"]["open_total"], &later["playbook"]["name"]), (&json!(0), &json!("todo")));
    for (schema, answer) in [("Case", &case), ("Person", &case["person"]), ("Playbook", &case["playbook"])] {
        world.described(schema, answer).await;
    }

    // What a supervisor looks at: the blocked one, and of the others those whose lot it is.
    let all = list("").await;
    world.described("Incidents", &all).await;
    let ids = |list: &Value, is: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let all = list["incidents"].as_array().expect("incidents").iter().filter(|i| is(i));
        all.map(|i| i["id"].as_str().expect("an id").to_owned()).collect()
    };
    let lot = |i: &Value| u64::from_str_radix(i["id"].as_str().expect("an id"), 16).expect("a number") % 100;
    let by_hand = ids(&all, &|i| i["blocked"] == json!(true) || lot(i) < 40);
    assert_eq!((ids(&all, &|i| i["sampled"] == json!(true)), &all["sample"]), (by_hand.clone(), &json!(40)));
    assert_eq!(ids(&list("?sample=true").await, &|_| true), by_hand);
    assert_eq!(ids(&list("?sample=false").await, &|_| true).len() + by_hand.len(), ids(&all, &|_| true).len());
    assert_eq!(world.get("/v1/incidents?sample=2", &[]).await.0, 400);
}

#[tokio::test]
async fn who_did_what_is_listed_over_all_matters() {
    let world = World::start(plan()).await;
    for (id, author) in [("p1", "ana"), ("p2", "eva"), ("p3", "luz")] {
        say(&world, said(id, author, "@bancoayuda hola, ¿hay alguien?", -60, None)).await;
    }
    let (_, all) = world.get("/v1/incidents", &[]).await;
    for incident in all["incidents"].as_array().expect("incidents") {
        let path = format!("/v1/incidents/{}/acts", incident["id"].as_str().expect("an id"));
        assert_eq!(world.send("POST", &path, &json!({"version": 1, "do": "assign"})).await.0, 200);
        assert_eq!(world.send("POST", &path, &json!({"version": 2, "do": "note", "text": "llamada"})).await.0, 200);
    }
    let (_, acts) = world.get("/v1/acts", &[]).await;
    world.described("Acts", &acts).await;
    world.described("Done", &acts["acts"][0]).await;
    let list = acts["acts"].as_array().expect("acts");
    assert_eq!((list.len(), &acts["total"]), (6, &json!(6)));
    assert!(list.windows(2).all(|two| two[0]["at"].as_str() >= two[1]["at"].as_str()), "the latest first: {acts}");
    for incident in all["incidents"].as_array().expect("incidents") {
        let of = |act: &&Value| act["incident"] == incident["id"] && act["handle"] == incident["handle"];
        assert_eq!(list.iter().filter(of).map(|act| act["do"].as_str().expect("what")).collect::<BTreeSet<_>>(), ["assign", "note"].into());
    }
    let (_, some) = world.get("/v1/acts?limit=2&by=localhost", &[]).await;
    assert_eq!((some["acts"].as_array().map(Vec::len), &some["total"], &some["acts"][0]), (Some(2), &json!(6), &list[0]));
    assert_eq!(world.get("/v1/acts?by=nadie", &[]).await.1["total"], json!(0));
    let at = list[0]["at"].as_str().expect("a time");
    assert_eq!(world.get(&format!("/v1/acts?from={at}"), &[]).await.1["acts"][0], list[0]);
    assert!(world.get(&format!("/v1/acts?to={at}"), &[]).await.1["total"].as_u64() < Some(6), "without its end");
    assert_eq!(world.get("/v1/acts?to=ayer", &[]).await.0, 400);
}
