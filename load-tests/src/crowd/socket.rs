//! A WebSocket client that does little: it shares the machine with the server that is measured.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::Fault;

/// Bytes of an answer's head, and of a frame.
const HEAD: usize = 16 * 1024;
const FRAME: u64 = 16 * 1024 * 1024;
/// Bytes read at once.
const READ: usize = 256 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// An open stream.
pub struct Socket {
    stream: TcpStream,
    /// What was read of a frame that is not whole.
    rest: Vec<u8>,
}

/// What came of an attempt to open one.
pub enum Attempt {
    Open(Socket),
    /// The server answered with this status, and perhaps when to come back.
    Refused(u16, Option<Duration>),
}

/// What one read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    More,
    /// The server closed, for this reason; empty if it gave none.
    Closed(String),
}

impl Socket {
    /// Asks `to` for `path`, coming from the address `from`.
    pub async fn open(from: IpAddr, to: SocketAddr, path: &str) -> Result<Attempt, Fault> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        let mut stream = socket.connect(to).await?;
        // Any key will do: nobody stands between the two who could take this for something else.
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(i) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break i + 4;
            }
            if bytes.len() > HEAD || stream.read_buf(&mut bytes).await? == 0 {
                return Err("no answer".into());
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
        if status != 101 {
            let after = head.lines().find_map(|l| l.strip_prefix("retry-after:")?.trim().parse().ok());
            return Ok(Attempt::Refused(status, after.map(Duration::from_secs)));
        }
        let rest = bytes.split_off(end);
        Ok(Attempt::Open(Socket { stream, rest }))
    }

    /// Waits for bytes and gives every whole text to `each`; may be dropped while it waits.
    pub async fn read(&mut self, mut each: impl FnMut(&str) -> Result<(), Fault>) -> Result<Read, Fault> {
        if !self.rest.is_empty() {
            // What came with the answer to the handshake may be whole already.
            let mut bytes = std::mem::take(&mut self.rest);
            let (used, closed) = frames(&bytes, &mut each)?;
            bytes.drain(..used);
            self.rest = bytes;
            if closed.is_some() || used > 0 {
                return self.after(closed).await;
            }
        }
        self.stream.readable().await?;
        let closed = BUFFER.with_borrow_mut(|buffer| self.take(buffer, &mut each))?;
        self.after(closed).await
    }

    fn take(&mut self, buffer: &mut [u8], each: &mut impl FnMut(&str) -> Result<(), Fault>) -> Result<Option<String>, Fault> {
        let read = match self.stream.try_read(buffer) {
            Ok(0) => return Err("the stream ended".into()),
            Ok(n) => &buffer[..n],
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        if self.rest.is_empty() {
            let (used, closed) = frames(read, each)?;
            self.rest.extend_from_slice(&read[used..]);
            return Ok(closed);
        }
        self.rest.extend_from_slice(read);
        let (used, closed) = frames(&self.rest, each)?;
        self.rest.drain(..used);
        if self.rest.is_empty() {
            // Thousands of clients keep no buffer for what they do not have.
            self.rest = Vec::new();
        }
        Ok(closed)
    }

    /// Answers a close, so that the server need not wait for it.
    async fn after(&mut self, closed: Option<String>) -> Result<Read, Fault> {
        let Some(reason) = closed else { return Ok(Read::More) };
        // An empty close, masked with zeros; the server may be gone.
        let _ = self.stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await;
        Ok(Read::Closed(reason))
    }
}

/// Gives the whole texts at the start of `bytes` to `each`: how many bytes they took, and the reason of a close
/// after them.
fn frames(bytes: &[u8], each: &mut impl FnMut(&str) -> Result<(), Fault>) -> Result<(usize, Option<String>), Fault> {
    let mut used = 0;
    while let Some((opcode, payload, end)) = frame(&bytes[used..])? {
        used += end;
        match opcode {
            1 => each(std::str::from_utf8(payload)?)?,
            8 => return Ok((used, Some(String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned()))),
            9 | 10 => {}
            other => return Err(format!("a frame with opcode {other}").into()),
        }
    }
    Ok((used, None))
}

/// Opcode, payload and length of a frame.
type Frame<'a> = (u8, &'a [u8], usize);

/// The frame at the start of `bytes`, if it is whole: RFC 6455, 5.2.
fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, Fault> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err("a frame in parts, with an extension, or masked".into());
    }
    let wide = match second {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(length) = bytes.get(2..2 + wide) else { return Ok(None) };
    let long = length.iter().fold(0, |n: u64, b| n << 8 | u64::from(*b));
    let length = if wide == 0 { u64::from(second) } else { long };
    if length > FRAME {
        return Err(format!("a frame of {length} bytes").into());
    }
    let end = 2 + wide + length as usize;
    Ok(bytes.get(2 + wide..end).map(|payload| (first & 0x0f, payload, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> Vec<u8> {
        let mut out = vec![0x81];
        match text.len() {
            n @ 0..126 => out.push(n as u8),
            n @ 126..65_536 => out.extend([126].into_iter().chain((n as u16).to_be_bytes())),
            n => out.extend([127].into_iter().chain((n as u64).to_be_bytes())),
        }
        out.extend_from_slice(text.as_bytes());
        out
    }

    #[test]
    fn texts_of_any_length_are_found_however_they_are_cut() {
        let texts = ["", "a", &"b".repeat(125), &"ñ".repeat(63), &"c".repeat(65_535), &"d".repeat(65_536)];
        let mut bytes: Vec<u8> = texts.iter().flat_map(|t| framed(t)).collect();
        bytes.extend([0x88, 5, 0x03, 0xf4, b'b', b'y', b'e']);
        for cut in [1, 2, 3, 129, 130, 200, 66_000, bytes.len() - 1, bytes.len()] {
            let (mut got, mut rest, mut reason) = (Vec::new(), Vec::new(), None);
            for part in bytes.chunks(cut) {
                rest.extend_from_slice(part);
                let mut each = |text: &str| {
                    got.push(text.to_owned());
                    Ok(())
                };
                let (used, closed) = frames(&rest, &mut each).expect("frames");
                rest.drain(..used);
                reason = reason.or(closed);
            }
            assert_eq!((&got[..], reason.as_deref()), (&texts.map(str::to_owned)[..], Some("bye")), "cut after {cut}");
        }
    }

    #[test]
    fn what_no_server_should_send_is_an_error() {
        for bad in [&[0x01, 0][..], &[0xc1, 0], &[0x81, 0x80, 0, 0, 0, 0], &[0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(frame(bad).is_err(), "{bad:?}");
        }
        assert!(frames(&[0x82, 0], &mut |_| Ok(())).is_err());
    }
}
