//! The real binary as a child process that is ended whatever happens.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
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
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the command's name in brackets; utime and stime are the 12th and 13th from there, in
        // hundredths of a second on Linux.
        let after = stat.rsplit(") ").next().unwrap_or_default();
        Ok(after.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0)
    }

    /// Asks it to end and waits; says whether it ended well.
    pub fn stop(mut self) -> Result<(), Fault> {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
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
