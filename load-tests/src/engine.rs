//! The real binary as a child process that is ended whatever happens.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fault;

/// A running `escucha run`.
pub struct Engine {
    child: Child,
    pub address: SocketAddr,
}

impl Engine {
    pub fn start(binary: &Path, config: &Path) -> Result<Engine, Fault> {
        let mut child = Command::new(binary)
            .args(["--lang", "en", "run", "-c"])
            .arg(config)
            .env("ESCUCHA_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", binary.display()))?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|a| a.trim().trim_end_matches('/').parse().ok());
        match address {
            Some(address) => Ok(Engine { child, address }),
            None => {
                let _ = child.kill();
                Err(format!("the engine said «{}»", line.trim()).into())
            }
        }
    }

    /// Greatest resident memory so far, in megabytes, and CPU seconds of user and system.
    pub fn cost(&self) -> Result<(f64, f64), Fault> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the command's name in brackets; utime and stime are the 12th and 13th from there, in
        // hundredths of a second on Linux.
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let ticks: f64 = after.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
        Ok((peak.unwrap_or(0.0) / 1024.0, ticks / 100.0))
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

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
