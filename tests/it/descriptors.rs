//! The real program raises its limit of open files, and says when that is too few.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use escucha::limits::DESCRIPTORS;

/// `escucha demo` started by a shell that sets the limits as `limit` says; ended whatever happens.
struct Demo(Child);

impl Demo {
    fn start(limit: &str) -> Demo {
        let program = env!("CARGO_BIN_EXE_escucha");
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limit} && exec \"$0\" --lang en demo --bind 127.0.0.1:0"), program])
            .env("ESCUCHA_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        // It greets once it serves, and its limits are set by then.
        let out = BufReader::new(child.stdout.take().expect("stdout"));
        assert!(out.lines().map_while(Result::ok).any(|line| line.contains("http://")), "no greeting");
        Demo(child)
    }

    /// Soft and hard limit of open files.
    fn limits(&self) -> (u64, u64) {
        let text = fs::read_to_string(format!("/proc/{}/limits", self.0.id())).expect("limits");
        let line = text.lines().find_map(|l| l.strip_prefix("Max open files")).expect("open files");
        let mut numbers = line.split_whitespace().map(|n| n.parse().unwrap_or(u64::MAX));
        (numbers.next().expect("soft"), numbers.next().expect("hard"))
    }

    /// What it has logged, once it was told to end.
    fn log(mut self) -> String {
        // Asked and not killed: what waits to be logged is written at the end.
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let mut log = String::new();
        self.0.stderr.take().expect("stderr").read_to_string(&mut log).expect("text");
        log
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_soft_limit_is_raised_to_the_hard_one() {
    let demo = Demo::start("ulimit -Sn 256");
    let (soft, hard) = demo.limits();
    assert_eq!(soft, hard);
    assert!(soft > 256, "{soft}");
    let enough = soft >= DESCRIPTORS as u64;
    assert_eq!(demo.log().contains("open files are limited"), !enough);
}

#[test]
fn too_low_a_limit_is_told() {
    let demo = Demo::start("ulimit -n 300");
    assert_eq!(demo.limits(), (300, 300));
    let log = demo.log();
    let line = log.lines().find(|l| l.contains("open files are limited")).unwrap_or_else(|| panic!("{log}"));
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["fields"]["allowed"], &line["fields"]["needed"]), (&300.into(), &DESCRIPTORS.into()), "{line}");
}
