//! Screens that stay signed in: `[[token]] device`.

use escucha::http::Role;
use sha2::Digest;

use super::*;

fn cookie(head: &str) -> &str {
    head.lines().find_map(|l| l.strip_prefix("set-cookie: ")).expect("a cookie")
}

#[tokio::test]
async fn a_screen_stays_signed_in_until_its_token_is_taken_away() {
    let timing = Timing { beat: Duration::from_millis(10), ..Timing::default() };
    let token = |secret: &str, device| {
        let hash = <[u8; 32]>::from(sha2::Sha256::digest(secret));
        Token { name: secret.to_owned(), role: Role::Viewer, hash, device }
    };
    let (screen, person) = (token("screen", true), token("person", false));
    let world = World::start(Plan { timing, tokens: vec![screen, person.clone()], ..Plan::default() }).await;

    let signed = |secret: &'static str| [("authorization", secret)];
    let (_, head, _) = world.request("POST", "/v1/session", &signed("Bearer person"), b"").await;
    assert!(!cookie(&head).contains("max-age"), "a person's ends with the browser: {head}");
    let (_, head, _) = world.request("POST", "/v1/session", &signed("Bearer screen"), b"").await;
    assert!(cookie(&head).contains("max-age=34560000") && cookie(&head).contains("httponly"), "{head}");
    let mine = [("cookie", "escucha_token=screen")];
    let (status, head, _) = world.request("POST", "/v1/session", &mine, b"").await;
    assert_eq!(status, 204);
    assert!(cookie(&head).contains("max-age=34560000"), "the cookie renews itself: {head}");
    assert_eq!(world.get("/v1/wall", &mine).await.1["device"], true);
    let told = world.get("/v1/wall", &signed("Bearer person")).await.1;
    assert_eq!(
        (&told["device"], &told["name"], &told["acts"]),
        (&false.into(), &"person".into(), &false.into()),
        "a viewer acts on nothing"
    );

    let mut stream = world.connect("channels=alerts", &mine).await.expect("let in");
    world.tokens.store(Arc::new(vec![person]));
    assert_eq!(stream.closed().await, Some(4001));
    assert_eq!(world.get("/v1/wall", &mine).await.0, 401);
    let (status, head, _) = world.request("POST", "/v1/session", &mine, b"").await;
    assert!(status == 401 && !head.contains("set-cookie"), "{head}");
}

#[tokio::test]
async fn server_sent_events_end_with_the_token() {
    let timing = Timing { beat: Duration::from_millis(10), ..Timing::default() };
    let hash = <[u8; 32]>::from(sha2::Sha256::digest("screen"));
    let screen = Token { name: "sala".to_owned(), role: Role::Viewer, hash, device: true };
    let other = Token { hash: [7; 32], name: "otra".to_owned(), ..screen.clone() };
    let world = World::start(Plan { timing, tokens: vec![screen], ..Plan::default() }).await;
    let mut socket = TcpStream::connect(world.address()).await.expect("a connection");
    let request = format!(
        "GET /v1/events?channels=alerts HTTP/1.1\r\nhost: {}\r\ncookie: escucha_token=screen\r\nconnection: close\r\n\r\n",
        world.address()
    );
    socket.write_all(request.as_bytes()).await.expect("written");
    let mut events = Events(socket, String::new());
    events.until("hello").await;
    world.tokens.store(Arc::new(vec![other]));
    while tokio::time::timeout(PATIENCE, events.read()).await.expect("the stream ends") {}
}
