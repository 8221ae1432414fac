//! An engine that makes one alert of every post, and the posts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::Fault;
use crate::pace::Pace;
use crate::senders::post;

/// Before the number of a post in its id.
const ID: &str = "p-";
/// A post that nobody took is sent again after this.
const AGAIN: Duration = Duration::from_millis(100);

/// The engine's configuration; with `store`, alerts outlive it.
pub fn configuration(bind: SocketAddr, store: bool) -> String {
    let store = if store { "[store]\npath = \"alerts.db\"\n" } else { "" };
    format!(
        "timezone = \"UTC\"\n[server]\nbind = \"{bind}\"\n[engine]\nrecent = \"16MB\"\n{store}\
         [[source]]\nname = \"http\"\ntype = \"http\"\nformat = \"escucha\"\n\
         [[topic]]\nname = \"flow\"\nquery = 'alarma'\n\
         [[alert]]\nname = \"each\"\non = \"priority\"\nat = 1\nresolve_after = \"24h\"\n"
    )
}

/// The post `n` of `pace`, as a line.
pub fn line(pace: &Pace, n: u64) -> String {
    format!(
        "{{\"id\":\"{ID}{n}\",\"network\":\"x\",\"created_at\":{},\"lang\":\"es\",\"author\":{{\"id\":\"{n}\",\"handle\":\"u{n}\",\"followers\":900}},\
         \"text\":\"alarma: la aplicación no abre desde hace un rato, ¿alguien sabe qué pasa? mensaje {n}\"}}\n",
        pace.due_at(n)
    )
}

/// The number of the post that the alert `id` is about.
pub fn number_of(id: &str) -> Option<u64> {
    let rest = id.rsplit_once(ID)?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Posts that were taken, and whether to go on.
#[derive(Debug, Clone, Default)]
pub struct Tap {
    pub taken: Arc<AtomicU64>,
    pub shut: Arc<AtomicBool>,
}

/// Sends one post after another until `tap` is shut, each until it is taken: the engine may be away for a while.
pub async fn run(address: SocketAddr, pace: Pace, tap: Tap) {
    let mut stream = None;
    for n in 0.. {
        pace.until(n).await;
        loop {
            if tap.shut.load(Relaxed) {
                return;
            }
            match offer(address, &mut stream, &line(&pace, n)).await {
                Ok(200 | 202) => break,
                Ok(_) => {}
                Err(_) => stream = None,
            }
            tokio::time::sleep(AGAIN).await;
        }
        tap.taken.fetch_add(1, Relaxed);
    }
}

async fn offer(address: SocketAddr, stream: &mut Option<TcpStream>, line: &str) -> Result<u16, Fault> {
    if stream.is_none() {
        let made = TcpStream::connect(address).await?;
        made.set_nodelay(true)?;
        *stream = Some(made);
    }
    post(stream.as_mut().ok_or("no connection")?, line.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_tells_its_post() {
        for (id, want) in [("each/flow/p-17", Some(17)), ("each/flow/p-17#2", Some(17)), ("each/flow/q", None)] {
            assert_eq!(number_of(id), want, "{id}");
        }
    }
}
