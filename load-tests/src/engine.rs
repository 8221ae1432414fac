//! The real binary as a child process that is ended whatever happens.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fault;

/// A running `escucha run` or `escucha demo`.
pub struct Engine {
    child: Child,
    pub address: SocketAddr,
}

impl Engine {
    /// Starts the binary with these arguments and reads from its greeting where it listens.
    pub fn start(binary: &Path, args: &[&str]) -> Result<Engine, Fault> {
        let mut child = Command::new(binary)
            .args(["--lang", "en"])
            .args(args)
            .env("ESCUCHA_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", binary.display()))?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut engine = Engine { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let found = lines.find_map(|line| line.split_once("http://")?.1.split('/').next()?.parse().ok());
        engine.address = found.ok_or("the engine ended without saying where it listens")?;
        Ok(engine)
    }

    /// Resident memory in megabytes now.
    pub fn resident(&self) -> Result<f64, Fault> {
        memory(&self.child.id().to_string(), "VmRSS:")
    }

    /// The greatest resident memory so far, in megabytes.
    pub fn peak(&self) -> Result<f64, Fault> {
        memory(&self.child.id().to_string(), "VmHWM:")
    }

    /// CPU seconds of user and system so far.
    pub fn cpu(&self) -> Result<f64, Fault> {
        cpu(&self.child.id().to_string())
    }

    /// CPU seconds so far of its threads that live, by their names without the number.
    pub fn threads(&self) -> Result<BTreeMap<String, f64>, Fault> {
        let mut threads = BTreeMap::new();
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = thread?.path();
            // One that ended meanwhile has no files any more.
            let (Ok(name), Ok(times)) = (std::fs::read_to_string(path.join("comm")), std::fs::read_to_string(path.join("schedstat")))
            else {
                continue;
            };
            let nanoseconds: f64 = times.split(' ').next().unwrap_or_default().parse()?;
            let name = name.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
            *threads.entry(name.to_owned()).or_insert(0.0) += nanoseconds / 1e9;
        }
        Ok(threads)
    }

    /// Another server of which nothing is known but where it will listen.
    pub async fn other(command: &mut Command, address: SocketAddr) -> Result<Engine, Fault> {
        let child = command.stdin(Stdio::null()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
        let mut engine = Engine { child, address };
        for _ in 0..300 {
            if let Some(status) = engine.child.try_wait()? {
                return Err(format!("{command:?} ended with {status}").into());
            }
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(engine);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{command:?} does not listen on {address}").into())
    }

    /// Asks it to end and waits; says whether it ended well.
    pub fn stop(mut self) -> Result<(), Fault> {
        self.signal("-TERM")?;
        self.ended()
    }

    /// Ends it without asking.
    pub fn kill(mut self) -> Result<(), Fault> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: &str) -> Result<(), Fault> {
        Command::new("kill").arg(signal).arg(self.child.id().to_string()).status()?;
        Ok(())
    }

    fn ended(&mut self) -> Result<(), Fault> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { Err(format!("the engine ended with {status}").into()) };
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the engine did not end within 20 s".into())
    }
}

/// A folder of this run, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Result<Folder, Fault> {
        let path = std::env::temp_dir().join(format!("escucha-load-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0 as &Path);
    }
}

/// A port of this machine that nobody uses now.
pub async fn free_port() -> Result<u16, Fault> {
    Ok(tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

/// CPU seconds of user and system of a process so far.
pub fn cpu(process: &str) -> Result<f64, Fault> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the command's name in brackets; utime and stime are the 12th and 13th from there, in
    // hundredths of a second on Linux.
    let after = stat.rsplit(") ").next().unwrap_or_default();
    Ok(after.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// A figure of `/proc` about the memory of a process, in megabytes.
pub fn memory(process: &str, key: &str) -> Result<f64, Fault> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix(key)).ok_or("no memory in /proc")?;
    let kib: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kib / 1024.0)
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
