//! Disks that fail or are full, and files that cannot be had: by the real binary.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

/// The library that fails, made of `faults.c`: SQLite is compiled by the same compiler.
fn library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("faults.c"), folder.join("faults.so"));
    fs::write(&source, include_str!("faults.c")).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status().unwrap();
    assert!(made.success());
    library
}

/// An engine whose disk fails as `fault` says while the file `fault` is in `folder`.
fn failing(folder: &Path, fault: &str, lang: &str) -> Command {
    let mut command = command_in(folder, lang);
    command.env("LD_PRELOAD", library(folder)).env("FAULT", fault).env("FAULT_WHILE", folder.join("fault"));
    command
}

fn said(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

/// The exit code; none of a process that goes on.
fn ended(child: &mut Child) -> Option<i32> {
    for _ in 0..600 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

#[test]
fn one_error_of_the_disk_ends_the_engine_and_nothing_that_was_shown_is_lost() {
    for (fault, lang, text) in [("write", "en", "escucha: the store failed: "), ("sync", "es", "escucha: falló el almacén: ")] {
        let folder = folder();
        let mut engine = Engine::of(failing(folder.path(), fault, lang));
        let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
        frames.next().unwrap();
        engine.say(&post("antes".to_owned()));
        let before = frames.find(|f| f["type"] == "alert").unwrap();
        fs::write(folder.path().join("fault"), "").unwrap();
        engine.say(&post("después".to_owned()));
        assert_eq!(ended(&mut engine.child), Some(1), "{fault}: it ends by itself");
        let said = said(&mut engine.child);
        assert!(said.lines().last().unwrap().starts_with(text), "{said}");
        assert_eq!(frames.filter(|f| f["type"] == "alert").count(), 0, "{fault}: it was shown and is not durable");
        let again = Engine::start(folder.path());
        let shown = again.listen("/v1/events?channels=alerts&since=0").find(|f| f["type"] == "alert").unwrap();
        assert_eq!(shown, before, "{fault}");
    }
}

#[test]
fn a_start_with_a_full_disk_listens_says_so_and_goes_on_by_itself() {
    let folder = folder();
    let mut engine = Engine::start(folder.path());
    let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
    frames.next().unwrap();
    engine.say(&post("uno".to_owned()));
    frames.find(|f| f["type"] == "alert").unwrap();
    drop(engine);
    let full = folder.path().join("fault");
    fs::write(&full, "").unwrap();
    let mut engine = Engine::of(failing(folder.path(), "full", "en"));
    let mut frames = engine.listen("/v1/events?channels=alerts&since=1");
    assert_eq!(frames.next().unwrap()["seq"], 1, "nothing is shown that is not durable");
    engine.say(&post("dos".to_owned()));
    let problem = || engine.get("/readyz")["components"]["store"].as_str().map(str::to_owned);
    // It shows with the first thing that is to be written.
    let held = std::iter::repeat_with(|| std::thread::sleep(Duration::from_millis(20))).take(500).find_map(|()| problem());
    assert!(held.as_deref().is_some_and(|why| why.contains("held back")), "{held:?}");
    assert_eq!(engine.get("/v1/alerts")["alerts"][0]["status"], "firing");
    fs::remove_file(&full).unwrap();
    let next = frames.find(|f| f["type"] == "alert").unwrap();
    assert_eq!((&next["seq"], &next["status"], &next["id"]), (&2.into(), &"firing".into(), &"todo/fraude/dos".into()));
    assert_eq!(engine.get("/readyz")["components"]["store"], Value::Null);
}

#[test]
fn a_new_file_needs_room() {
    let folder = folder();
    fs::write(folder.path().join("fault"), "").unwrap();
    for (lang, text) in [("es", "el disco está lleno"), ("en", "the disk is full")] {
        let mut child = failing(folder.path(), "full", lang).spawn().unwrap();
        let said = said(&mut child);
        assert_eq!(child.wait().unwrap().code(), Some(2), "{said}");
        assert!(said.contains(text), "{said}");
    }
}

/// The binary as a user who may do nothing here.
fn as_somebody_else(folder: &Path, lang: &str) -> Command {
    let config = folder.join("escucha.toml");
    if fs::metadata(&config).unwrap().uid() != 0 {
        return command_in(folder, lang);
    }
    // Nobody else may look into the folders of root, where it is built.
    let binary = folder.join("escucha");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_escucha"), &binary).unwrap();
    }
    let mut command = Command::new(binary);
    command.args(["run", "--lang", lang, "-c"]).arg(config).stderr(Stdio::piped()).uid(65_534).gid(65_534);
    command
}

#[test]
fn what_cannot_be_had_is_one_sentence_in_both_languages() {
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let may_not = ("este usuario no puede escribir ahí", "this user may not write there");
    type Case<'a> = (&'a str, &'a dyn Fn(&Path), (&'a str, &'a str));
    let cases: [Case<'_>; 4] = [
        ("alerts.db", &|folder| mode(folder, 0o555), may_not),
        (
            "alerts.db",
            &|folder| {
                drop(Engine::start(folder));
                mode(folder, 0o777);
                mode(&folder.join("alerts.db.lock"), 0o666);
                mode(&folder.join("alerts.db"), 0o400);
            },
            may_not,
        ),
        ("carpeta", &|folder| fs::create_dir(folder.join("carpeta")).unwrap(), ("es una carpeta", "it is a folder")),
        ("no/alerts.db", &|_| {}, ("no existe, o su carpeta no existe", "it, or its folder, does not exist")),
    ];
    for (path, prepare, (es, en)) in cases {
        let folder = folder();
        let config = CONFIG.replace("alerts.db", path);
        fs::write(folder.path().join("escucha.toml"), config).unwrap();
        mode(folder.path(), 0o755);
        prepare(folder.path());
        let file = folder.path().join(path).display().to_string();
        let texts =
            [("es", format!("escucha: no se puede usar {file}: {es}\n")), ("en", format!("escucha: {file} cannot be used: {en}\n"))];
        for (lang, text) in texts {
            let run = if es == may_not.0 { as_somebody_else } else { command_in };
            let mut child = run(folder.path(), lang).spawn().unwrap();
            let said = said(&mut child);
            assert_eq!((child.wait().unwrap().code(), said), (Some(2), text));
        }
        mode(folder.path(), 0o755);
    }
}
