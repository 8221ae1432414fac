//! Files that others wrote, kept as they were.

use std::path::Path;

use rusqlite::Connection;

use super::*;

const FORMAT_1: &str = include_str!("../../../tests/it/store/format-1.sql");
const FORMAT_9: &str = include_str!("../../../tests/it/store/format-9.sql");
const FOREIGN: &str = include_str!("../../../tests/it/store/foreign.sql");

fn made(path: &Path, sql: &str) -> Vec<u8> {
    let connection = Connection::open(path).expect("a file");
    connection.execute_batch(sql).expect("its tables");
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE);").expect("as ours are");
    drop(connection);
    std::fs::read(path).expect("bytes")
}

/// All columns of the alerts, and the posts that they show.
fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("a file");
    let select =
        "SELECT json_array(seq, id, topic, status, severity, at, body, (SELECT json_group_array(post) FROM shown s WHERE s.seq = a.seq))
                  FROM alerts a ORDER BY seq";
    let mut query = connection.prepare(select).expect("columns");
    query.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>().expect("texts")
}

#[test]
fn a_file_of_format_1_goes_on_with_all_its_alerts_and_a_copy_as_it_was() {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    made(&settings.path, FORMAT_1);
    let before = rows(&settings.path);
    assert_eq!(before.len(), 11);
    let mut opened = open(&settings).expect("brought up");
    let resumed = resume(&mut opened, 1_795_712_930);
    assert_eq!((opened.epoch.as_str(), resumed.next, resumed.floors), ("_16DWJkSjZS7", 15, (1, 1)));
    let fired: Vec<&Kept> = resumed.kept.iter().filter(|k| k.seq > 11).collect();
    assert_eq!(fired.iter().map(|k| k.id.as_str()).collect::<Vec<_>>(), ["todo/fraude/4", "todo/fraude/5", "todo/fraude/6"]);
    drop(opened);
    assert_eq!(rows(&settings.path)[..11], before);
    let kept = file::beside(&settings.path, ".format-1");
    assert_eq!(rows(&kept), before);
    let copy = look(&kept).expect("sound");
    assert_eq!((copy.format, copy.alerts, copy.first, copy.last), (1, 11, 1, 11));
    assert_eq!(look(&settings.path).expect("sound").format, 3);
    // The copy is a store as good as the file was.
    let back = Settings { path: kept, ..settings };
    assert_eq!(resume(&mut open(&back).expect("brought up"), 1_795_712_931).next, 15);
}

#[test]
fn a_file_of_format_2_goes_on_with_all_it_held() {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let mut store = open(&settings).expect("new");
    let jobs = [1, 2, 3].map(|i| Job::Alert(alert(&format!("a{i}"), Status::Resolved, i, &[post(&i.to_string(), "texto")]), None));
    commit(&mut store, jobs, 1);
    resume(&mut store, 2);
    let before = rows(&settings.path);
    // As format 2 had it: no changes of matters, and no number of the one before in the checksums.
    let connection = store.log.connection();
    let tables =
        "DROP TABLE incidents; ALTER TABLE alerts DROP COLUMN before; DELETE FROM meta WHERE key IN ('last_alert', 'last_incident');";
    connection.execute_batch(tables).expect("tables");
    sums::seal_as_2(connection).expect("rows");
    connection.pragma_update(None, "user_version", 2).expect("a pragma");
    drop(store);
    assert_eq!(look(&settings.path).expect("sound").format, 2);
    let mut opened = open(&settings).expect("brought up");
    let resumed = resume(&mut opened, 3);
    assert_eq!((resumed.next, resumed.kept.len(), resumed.moved.len()), (4, 3, 0));
    drop(opened);
    assert_eq!(rows(&settings.path), before);
    let kept = file::beside(&settings.path, ".format-2");
    assert_eq!(look(&kept).map(|copy| (copy.format, copy.alerts)).expect("sound"), (2, 3));
    // A bit of it that had changed would have been told before it is sealed anew.
    Connection::open(&kept).expect("a file").execute("UPDATE alerts SET topic = 'u' WHERE seq = 2", []).expect("damaged");
    assert!(matches!(open(&Settings { path: kept, ..settings }), Err(Refused::Damaged { .. })));
}

#[test]
fn a_file_of_format_1_stays_as_it_is_where_no_copy_can_be_made() {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let bytes = made(&settings.path, FORMAT_1);
    let taken = file::beside(&settings.path, ".format-1");
    std::fs::create_dir(&taken).expect("a folder in its place");
    let Err(Refused::Io { path, .. }) = open(&settings) else { panic!("refused") };
    assert_eq!((path, std::fs::read(&settings.path).expect("bytes")), (taken, bytes));
    let names = std::fs::read_dir(folder.path()).expect("a folder").map(|f| f.expect("a file").file_name().into_string().expect("text"));
    assert!(names.into_iter().all(|name| !name.contains(".new")), "nothing is left over");
}

#[test]
fn what_is_not_ours_to_open_is_told_in_both_languages() {
    let table = [
        (
            FORMAT_9,
            "F tiene el formato 9, de una versión más nueva de escucha: usa esa, u otro archivo",
            "F has format 9, which a newer escucha wrote: use that version, or another file",
        ),
        (
            FOREIGN,
            "F no es un almacén de escucha: indica otro archivo en [store] path",
            "F is no escucha store: name another file in [store] path",
        ),
    ];
    for (sql, es, en) in table {
        let folder = TempDir::new().expect("a folder");
        let settings = settings(&folder);
        let bytes = made(&settings.path, sql);
        let name = settings.path.display().to_string();
        let text = open(&settings).err().expect(en).text();
        assert_eq!((text.es.replace(&name, "F").as_str(), text.en.replace(&name, "F").as_str()), (es, en));
        assert_eq!(look(&settings.path).expect_err(en).text().en, text.en);
        assert_eq!(std::fs::read(&settings.path).expect("bytes"), bytes);
    }
}

#[test]
fn every_refusal_is_a_sentence_in_both_languages() {
    let path = PathBuf::from("F");
    let why = || sums::Unsound::Row(7).text();
    let table = [
        (Refused::InUse(path.clone()), "F está en uso por otro proceso", "F is in use by another process"),
        (
            Refused::Damaged { path: path.clone(), why: why() },
            "F está dañado (la alerta 7 no está como se escribió): restaura una copia, o apártalo para empezar de nuevo",
            "F is damaged (alert 7 is not as it was written): restore a backup, or move it away to begin anew",
        ),
        (
            file::unusable(&path, &std::io::ErrorKind::IsADirectory.into()),
            "no se puede usar F: es una carpeta",
            "F cannot be used: it is a folder",
        ),
        (
            file::unusable(&path, &std::io::ErrorKind::StorageFull.into()),
            "no se puede usar F: el disco está lleno",
            "F cannot be used: the disk is full",
        ),
    ];
    for (refused, es, en) in table {
        assert_eq!(refused.text(), Both::new(es, en));
    }
    assert_eq!(sums::Unsound::Gone(7).text(), Both::new("falta la alerta 7", "alert 7 is missing"));
}
