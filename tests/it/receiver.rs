//! A receiver on loopback that behaves as told: HTTP and SMTP, in the clear or over TLS.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What one HTTP connection does with its request.
#[derive(Clone)]
pub enum Answer {
    /// Status, further headers as lines, body.
    Say(u16, String, String),
    /// Reads everything and stays silent.
    Silent,
    /// Closes before it has read anything.
    Die,
    /// Closes after it has read the body.
    Drop,
    /// Status, then a body without end.
    Endless(u16),
    /// Status, then a body that never comes.
    Drip(u16),
    /// Says its name and headers back.
    Echo(u16),
}

impl Answer {
    /// A bare status.
    pub fn status(code: u16) -> Answer {
        Answer::Say(code, String::new(), String::new())
    }
}

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Request line and headers.
    pub head: String,
    /// The body, or the whole mail.
    pub body: String,
}

impl Heard {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

/// A running receiver.
pub struct Receiver {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for `localhost`, as PEM, and what a server needs of it.
pub fn certificate() -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

impl Receiver {
    /// HTTP at `host`: one answer for each connection, the last for all that follow.
    pub async fn http(host: &str, answers: Vec<Answer>, tls: Option<TlsAcceptor>) -> Receiver {
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        Receiver::start(host, move |stream, heard| {
            let answer = {
                let mut left = answers.lock().unwrap();
                if left.len() > 1 { left.pop_front() } else { left.front().cloned() }.unwrap()
            };
            let tls = tls.clone();
            async move {
                match tls {
                    None => serve(stream, answer, &heard).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => serve(stream, answer, &heard).await,
                        Err(_) => None,
                    },
                }
            }
        })
        .await
    }

    /// SMTP: the replies to `RCPT TO` and to the whole mail.
    pub async fn smtp(rcpt: &'static str, data: &'static str, tls: Smtp) -> Receiver {
        Receiver::start("127.0.0.1:0", move |stream, heard| {
            let tls = tls.clone();
            async move {
                match tls {
                    Smtp::Plain => converse(stream, None, rcpt, data, true, &heard).await,
                    Smtp::Starttls(acceptor) => converse(stream, Some(acceptor), rcpt, data, true, &heard).await,
                    Smtp::Implicit(acceptor) => converse(acceptor.accept(stream).await.ok()?, None, rcpt, data, true, &heard).await,
                }
            }
        })
        .await
    }

    async fn start<F>(host: &str, serve: impl Fn(tokio::net::TcpStream, Arc<Mutex<Vec<Heard>>>) -> F + Send + 'static) -> Receiver
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(host).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, connections) = (Arc::default(), Arc::new(Mutex::new(0)));
        let (into, count) = (Arc::clone(&heard), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                tokio::spawn(serve(stream, Arc::clone(&into)));
            }
        });
        Receiver { address, heard, connections, task }
    }

    /// What came so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The only thing that came.
    pub fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:#?}");
        heard.into_iter().next().unwrap()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Its address as a URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, heard: &Mutex<Vec<Heard>>) -> Option<()> {
    if matches!(answer, Answer::Die) {
        return None;
    }
    let request = request(&mut stream).await?;
    heard.lock().unwrap().push(request.clone());
    let head = |code: u16, more: &str| format!("HTTP/1.1 {code} Status\r\nConnection: close\r\n{more}");
    let text = match answer {
        Answer::Die | Answer::Drop => return None,
        Answer::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return None;
        }
        Answer::Say(code, more, body) => head(code, &format!("{more}Content-Length: {}\r\n\r\n{body}", body.len())),
        Answer::Echo(code) => head(code, &format!("\r\nrefused: {}", request.head)),
        Answer::Drip(code) => head(code, "Content-Length: 1000\r\n\r\nfirst"),
        Answer::Endless(code) => {
            stream.write_all(head(code, "\r\n").as_bytes()).await.ok()?;
            loop {
                stream.write_all(&[b'x'; 4096]).await.ok()?;
            }
        }
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    if text.contains("\r\n\r\nfirst") {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    stream.shutdown().await.ok()
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..n]);
    };
    let mut heard = Heard { head: String::from_utf8(bytes[..end].to_vec()).ok()?, body: String::new() };
    let length: usize = heard.header("content-length")?.parse().ok()?;
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        body.extend_from_slice(&chunk[..n]);
    }
    heard.body = String::from_utf8(body).ok()?;
    Some(heard)
}

/// How an SMTP receiver is spoken to.
#[derive(Clone)]
pub enum Smtp {
    Plain,
    Starttls(TlsAcceptor),
    Implicit(TlsAcceptor),
}

/// One SMTP conversation; `head` of what is heard are the commands.
fn converse<'h, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    starttls: Option<TlsAcceptor>,
    rcpt: &'static str,
    data: &'static str,
    greet: bool,
    heard: &'h Mutex<Vec<Heard>>,
) -> std::pin::Pin<Box<dyn Future<Output = Option<()>> + Send + 'h>> {
    Box::pin(async move {
        let mut stream = BufReader::new(stream);
        let mut this = Heard::default();
        if greet {
            stream.write_all(b"220 sink\r\n").await.ok()?;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            this.head += &line;
            let reply = match line.split_whitespace().next()?.to_uppercase().as_str() {
                "EHLO" if starttls.is_some() => "250-sink\r\n250 STARTTLS\r\n",
                "EHLO" => "250-sink\r\n250 AUTH PLAIN LOGIN\r\n",
                "STARTTLS" => {
                    stream.write_all(b"220 go\r\n").await.ok()?;
                    let secured = starttls?.accept(Box::new(stream.into_inner())).await.ok()?;
                    // Kept behind a pointer: the types of streams within streams would have no end.
                    let secured: Box<dyn Both> = Box::new(secured);
                    return converse(secured, None, rcpt, data, false, heard).await;
                }
                "AUTH" => "235 in\r\n",
                "MAIL" => "250 ok\r\n",
                "RCPT" => rcpt,
                "DATA" => {
                    stream.write_all(b"354 go\r\n").await.ok()?;
                    while !this.body.ends_with("\r\n.\r\n") {
                        stream.read_line(&mut this.body).await.ok().filter(|n| *n > 0)?;
                    }
                    heard.lock().unwrap().push(this.clone());
                    data
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await.ok()?;
                    return None;
                }
                _ => "500 what\r\n",
            };
            stream.write_all(reply.as_bytes()).await.ok()?;
        }
    })
}

/// A stream of any kind.
trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}
