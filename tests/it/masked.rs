//! Personal data in what the binary tells: whole posts through `escucha replay`.

use std::process::Command;

use serde_json::Value;

const CONFIG: &str = r#"
[[source]]
name = "entrada"
type = "stdin"
format = "escucha"
[[brand]]
name = "Banco Ejemplo"
own = true
accounts = [{ handle = "bancoejemplo" }]
published = ["55 9999 0000"]
[[topic]]
name = "cobros"
brand = "Banco Ejemplo"
query = "cobraron"
[[alert]]
name = "muchos"
on = "volume"
window = "5m"
at = 3
[[alert]]
name = "grave"
on = "priority"
at = 1
resolve_after = "1m"
"#;

fn line(id: u32, who: &str, text: &str, more: &str) -> String {
    let id = format!("\"id\":\"{id}\",\"network\":\"x\",\"created_at\":\"2026-07-04T10:0{}:00Z\"", id / 60);
    format!("{{{id},\"text\":\"{text}\",\"author\":{{\"id\":\"{who}\",\"handle\":\"{who}\",\"bio\":\"{who}@correo.mx\"}}{more}}}\n")
}

#[test]
fn no_alert_tells_what_customers_should_not_have_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, posts) = (folder.path().join("escucha.toml"), folder.path().join("posts.ndjson"));
    std::fs::write(&config, CONFIG).expect("written");
    let said = "me cobraron en la 4111 1111 1111 1111, vaya mierda, mi CURP HEGG560427MVZRRL04, llamen al 55 1234 5678 o al 55 9999 0000";
    let quote = ",\"quote_of\":{\"id\":\"77\",\"author\":\"leo\",\"text\":\"a mí también, DNI 12345678Z\"}";
    let lines: String = (1..=4).map(|i| line(i, ["ana", "beto", "carla", "dario"][i as usize - 1], said, quote)).collect();
    let edited = line(2, "beto", "me cobraron en ES91 2100 0418 4502 0005 1332", ",\"kind\":\"update\"");
    std::fs::write(&posts, lines + &edited).expect("written");
    let replay =
        Command::new(env!("CARGO_BIN_EXE_escucha")).args(["replay", "-c"]).args([&config, &posts]).output().expect("the binary runs");
    let told = String::from_utf8(replay.stdout).expect("UTF-8");
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    for hidden in ["4111", "HEGG", "1234 5678", "12345678Z", "correo.mx", "2100"] {
        assert!(!told.contains(hidden), "{hidden} in {told}");
    }
    let alerts: Vec<Value> = told.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let many = alerts.iter().find(|a| a["rule"] == "muchos").expect("an alert on volume");
    assert!(alerts.iter().any(|a| a["rule"] == "grave"), "{told}");
    let first = &many["first_post"];
    assert_eq!(first["text"], "me cobraron en la ▒▒▒▒, vaya mierda, mi CURP ▒▒▒▒, llamen al ▒▒▒▒ o al 55 9999 0000");
    assert_eq!(first["pii"], serde_json::json!(["card", "dni", "curp", "phone", "email"]));
    assert!(first["public_text"].as_str().is_some_and(|t| t.contains("vaya m•••••, mi CURP ▒▒▒▒")), "{first}");
    assert_eq!((&first["quote_of"]["text"], &first["author"]["bio"]), (&"a mí también, DNI ▒▒▒▒".into(), &"▒▒▒▒".into()));
}
