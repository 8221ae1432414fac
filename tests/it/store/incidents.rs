//! Customers' matters over a kill: the stream goes on where it was, and what an agent was told is done stays done.

use super::*;

const BANK: &str = "
[[brand]]
name = 'Banco'
own = true
accounts = [{ handle = 'bancoayuda', network = 'x' }]
[[brand]]
name = 'Otro'
accounts = [{ handle = 'otrobanco' }]
";

impl Engine {
    /// Status and JSON answer to a body.
    fn send(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        write!(stream, "POST {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}", self.address, body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap())
    }

    /// Alerts and changes of incidents behind `since`, so many of them.
    fn told(&self, since: u64, count: usize) -> Vec<Value> {
        let frames = self.listen(&format!("/v1/events?channels=alerts,incidents&since={since}"));
        frames.filter(|f| f["type"] == "alert" || f["type"] == "incident").take(count).collect()
    }
}

#[test]
fn the_sequence_goes_on_over_a_kill_with_what_agents_did() {
    let folder = folder();
    std::fs::write(folder.path().join("escucha.toml"), format!("{CONFIG}{BANK}")).unwrap();
    let mut engine = Engine::start(folder.path());
    let to_us = |id: &str, text: &str| {
        let at = jiff::Timestamp::now().to_string();
        serde_json::json!({"id": id, "network": "x", "created_at": at, "text": text, "author": {"id": id, "handle": id}})
    };
    // Of a competitor's matters nobody is told.
    engine.say(&to_us("pepe", "@otrobanco no puedo pagar"));
    for (i, said) in
        [to_us("ana", "@bancoayuda ¿hola?"), post("p1".to_owned()), to_us("luis", "@bancoayuda no puedo pagar")].iter().enumerate()
    {
        // One by one: of what comes together, alerts are told first.
        engine.say(said);
        engine.told(0, i + 1);
    }
    let first = engine.told(0, 3);
    let kinds: Vec<_> = first.iter().map(|f| (f["type"].as_str().unwrap(), f["seq"].as_u64().unwrap())).collect();
    assert_eq!(kinds, [("incident", 1), ("alert", 2), ("incident", 3)]);
    let path = format!("/v1/incidents/{}", first[0]["id"].as_str().unwrap());
    let act = serde_json::json!({"version": 1, "do": "resolve", "scenario": "phone"});
    let (status, done) = engine.send(&format!("{path}/acts"), &act);
    assert_eq!((status, &done["version"]), (200, &2.into()), "{done}");
    engine.child.kill().unwrap();
    engine.child.wait().unwrap();

    let mut engine = Engine::start(folder.path());
    let again = engine.told(1, 3);
    assert_eq!(again[..2], first[1..], "byte for byte, with the same numbers");
    let change = (&again[2]["seq"], &again[2]["version"], &again[2]["why"], &again[2]["actor"]);
    assert_eq!(change, (&4.into(), &2.into(), &"act".into(), &"localhost".into()), "told once, and not lost");
    let case = engine.get(&path);
    assert_eq!((&case["incident"]["state"], &case["acts"][0]["scenario"]), (&"resolved".into(), &"phone".into()));
    assert_eq!(engine.send(&format!("{path}/acts"), &act).0, 409, "it is not as it was");
    engine.say(&to_us("eva", "@bancoayuda buenas"));
    let last = engine.told(4, 1);
    assert_eq!((&last[0]["seq"], &last[0]["version"]), (&5.into(), &1.into()), "nothing of before comes again");
}
