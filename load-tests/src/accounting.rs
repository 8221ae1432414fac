//! The engine's own books, read from `/metrics`, against what was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Fault;
use crate::senders::answer;

/// Sums of the loss-accounting counters by source and metric (without prefix and `_total`).
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Books(BTreeMap<(String, String), u64>);

impl Books {
    pub async fn read(address: SocketAddr) -> Result<Books, Fault> {
        Ok(Books::parse(&metrics(address).await?))
    }

    fn parse(text: &str) -> Books {
        let mut books = BTreeMap::new();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("escucha_posts_") else { continue };
            let Some((metric, rest)) = rest.split_once("_total{") else { continue };
            let Some((labels, value)) = rest.rsplit_once("} ") else { continue };
            let Some(source) = labels.split(',').find_map(|l| l.strip_prefix("source=\"")?.strip_suffix('"')) else { continue };
            *books.entry((source.to_owned(), metric.to_owned())).or_insert(0) += value.parse::<f64>().unwrap_or(0.0) as u64;
        }
        Books(books)
    }

    pub fn of(&self, source: &str, metric: &str) -> u64 {
        self.0.get(&(source.to_owned(), metric.to_owned())).copied().unwrap_or(0)
    }

    /// One row of figures, and whether all of them agree with each other and with what was sent.
    pub fn row(&self, source: &str, sent: u64) -> (String, bool) {
        let of = |metric| self.of(source, metric);
        let (received, decoded, refused) = (of("received"), of("decoded"), of("refused"));
        let (matched, unmatched, skipped) = (of("matched"), of("unmatched"), of("skipped"));
        let exact = sent == received && received == decoded + refused && decoded == matched + unmatched + skipped;
        let row = format!(
            "{source:<10} sent {sent:>8}  received {received:>8} = decoded {decoded:>8} + refused {refused}; decoded = matched {matched} + unmatched {unmatched} + skipped {skipped}  {}",
            if exact { "exact" } else { "NOT EXACT" }
        );
        (row, exact)
    }
}

/// The text of `/metrics`.
pub async fn metrics(address: SocketAddr) -> Result<String, Fault> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
    let (_, body) = answer(&mut stream).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_post_shows() {
        let text = "escucha_posts_received_total{source=\"a\"} 3\nescucha_posts_decoded_total{source=\"a\"} 2\n\
            escucha_posts_refused_total{source=\"a\",reason=\"malformed\"} 1\nescucha_posts_matched_total{source=\"a\"} 1\n\
            escucha_posts_unmatched_total{source=\"a\"} 1\nescucha_posts_skipped_total{reason=\"own\",source=\"a\"} 0\n";
        let books = Books::parse(text);
        assert!(books.row("a", 3).1);
        assert!(!books.row("a", 4).1);
        assert!(!Books::parse(&text.replace("unmatched_total{source=\"a\"} 1", "unmatched_total{source=\"a\"} 0")).row("a", 3).1);
    }
}
