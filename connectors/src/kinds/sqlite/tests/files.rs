//! Files as they lie there: nothing is written beside them, and what cannot be read is said clearly.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use super::*;
use crate::ErrorKind;
use crate::kinds::Undiscovered;
use crate::kinds::sqlite::discover::DISCOVERY;

/// Everything in a folder: name, size, time of the last change, bytes.
fn listing(folder: &Path) -> BTreeMap<String, (u64, SystemTime, Vec<u8>)> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, (metadata.len(), metadata.modified().unwrap(), fs::read(entry.path()).unwrap()))
        })
        .collect()
}

async fn error(silo: &Silo) -> crate::Error {
    silo.ask("t").batches().await.unwrap_err()
}

fn unavailable(error: &crate::Error, part: &str) {
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

const TABLE: &str = "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1);";

#[tokio::test]
async fn nothing_is_written_beside_a_file() {
    let silo = Silo::new(TABLE).await;
    let before = listing(silo.folder.path());
    assert_eq!(before.len(), 1);
    assert_eq!(silo.ask("t").rows().await, ["1"]);
    silo.connector.describe().await.unwrap();
    silo.connector.ping().await.unwrap();
    assert!(listing(silo.folder.path()) == before);
}

#[tokio::test]
async fn a_log_file_without_its_log_is_read_as_it_lies_and_again_when_it_changes() {
    let silo = Silo::new(&format!("PRAGMA journal_mode = WAL; {TABLE}")).await;
    let before = listing(silo.folder.path());
    assert_eq!(before.len(), 1);
    assert_eq!(silo.ask("t").rows().await, ["1"]);
    assert!(listing(silo.folder.path()) == before);
    silo.write("INSERT INTO t VALUES (2)");
    assert_eq!(silo.ask("t").rows().await, ["1", "2"]);
    assert_eq!(listing(silo.folder.path()).len(), 1);
}

#[tokio::test]
async fn a_live_log_is_read_through_the_index_that_is_there() {
    let silo = Silo::new(&format!("PRAGMA journal_mode = WAL; {TABLE}")).await;
    let mut writer = Writer::new(&silo.path());
    writer.run("INSERT INTO t VALUES (2)");
    let before = listing(silo.folder.path());
    assert_eq!(before.len(), 3);
    assert_eq!(silo.ask("t").rows().await, ["1", "2"]);
    assert!(listing(silo.folder.path()) == before);
    writer.run("INSERT INTO t VALUES (3)");
    assert_eq!(silo.ask("t").rows().await, ["1", "2", "3"]);
    writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(silo.ask("t").rows().await, ["1", "2", "3"]);
    writer.run("DELETE FROM t WHERE a = 1");
    assert_eq!(silo.ask("t").rows().await, ["2", "3"]);
    writer.end();
    assert_eq!(silo.ask("t").rows().await, ["2", "3"]);
    assert_eq!(listing(silo.folder.path()).len(), 1);
}

/// Another process that writes: inside one process SQLite shares locks and the log's index.
struct Writer {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Writer {
    fn new(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "kinds::sqlite::tests::files::the_other_process"])
            .env("LILONG_TEST_WRITES", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    fn run(&mut self, sql: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{sql}").unwrap();
        let mut line = String::new();
        while !line.ends_with("done\n") {
            line.clear();
            assert!(self.answers.read_line(&mut line).unwrap() > 0, "the writer stopped");
        }
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
#[ignore = "runs as another process"]
fn the_other_process() {
    let Some(path) = std::env::var_os("LILONG_TEST_WRITES") else {
        return;
    };
    let connection = Connection::open(path).unwrap();
    for sql in std::io::stdin().lines() {
        connection.execute_batch(&sql.unwrap()).unwrap();
        println!("done");
    }
}

#[tokio::test]
async fn a_log_without_its_index_is_refused() {
    let silo = Silo::new(&format!("PRAGMA journal_mode = WAL; {TABLE}")).await;
    let writer = Connection::open(silo.path()).unwrap();
    writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("silo.sqlite");
    fs::copy(silo.path(), &path).unwrap();
    fs::copy(silo.folder.path().join("silo.sqlite-wal"), copy.path().join("silo.sqlite-wal")).unwrap();
    let before = listing(copy.path());
    let connector = super::super::open(&settings(&path)).unwrap();
    unavailable(&connector.ping().await.unwrap_err(), "no -shm file");
    assert!(listing(copy.path()) == before);
    // With an index that nobody keeps up, the log is still read, and the index not written.
    fs::write(copy.path().join("silo.sqlite-shm"), vec![0; 32_768]).unwrap();
    let before = listing(copy.path());
    let bound = silo.ask("t").bound();
    match collect(connector.as_ref(), &bound).await {
        Ok(batches) => assert_eq!(lines(&batches), ["1", "2"]),
        Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable, "{error}"),
    }
    assert!(listing(copy.path()) == before);
}

#[tokio::test]
async fn a_journal_that_waits_to_be_rolled_back_is_refused() {
    let silo = Silo::new(TABLE).await;
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("silo.sqlite");
    {
        let mut writer = Connection::open(silo.path()).unwrap();
        writer.pragma_update(None, "cache_size", 1).unwrap();
        let transaction = writer.transaction().unwrap();
        transaction
            .execute_batch("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i FROM n")
            .unwrap();
        fs::copy(silo.path(), &path).unwrap();
        fs::copy(silo.folder.path().join("silo.sqlite-journal"), copy.path().join("silo.sqlite-journal")).unwrap();
    }
    let before = listing(copy.path());
    let connector = super::super::open(&settings(&path)).unwrap();
    unavailable(&connector.ping().await.unwrap_err(), "-journal");
    assert!(listing(copy.path()) == before);
}

#[tokio::test]
async fn a_file_that_is_locked_is_unavailable_until_it_is_free() {
    let silo = Silo::with(TABLE, |settings| {
        settings.tuning.wait_timeout = Duration::from_millis(20);
    })
    .await;
    let writer = Connection::open(silo.path()).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let failed = error(&silo).await;
    unavailable(&failed, "locked");
    assert!(failed.temporary);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(silo.ask("t").rows().await, ["1"]);
}

#[tokio::test]
async fn a_file_that_comes_back_is_read_again() {
    let silo = Silo::new(TABLE).await;
    assert_eq!(silo.ask("t").rows().await, ["1"]);
    let away = silo.folder.path().join("away");
    fs::rename(silo.path(), &away).unwrap();
    unavailable(&error(&silo).await, "no such file");
    silo.write("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)");
    assert_eq!(silo.ask("t").rows().await, ["7"]);
    fs::rename(&away, silo.path()).unwrap();
    assert_eq!(silo.ask("t").rows().await, ["1"]);
}

#[tokio::test]
async fn what_is_no_database_is_said_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let ping = |path: PathBuf| async move { super::super::open(&settings(&path)).unwrap().ping().await };
    unavailable(&ping(folder.path().join("none")).await.unwrap_err(), "no such file");
    unavailable(&ping(folder.path().to_path_buf()).await.unwrap_err(), "not a file");
    let around = folder.path().join("around");
    std::os::unix::fs::symlink(&around, &around).unwrap();
    let looping = ping(around.clone()).await.unwrap_err();
    unavailable(&looping, "it cannot be read: Too many levels of symbolic links");
    assert!(looping.temporary);
    fs::remove_file(around).unwrap();
    let path = folder.path().join("text");
    fs::write(&path, "this is a letter, not a database, however long it may go on").unwrap();
    unavailable(&ping(path.clone()).await.unwrap_err(), "not an SQLite database, or it is encrypted");
    fs::write(&path, "short").unwrap();
    unavailable(&ping(path.clone()).await.unwrap_err(), "not an SQLite database");
    fs::write(&path, "").unwrap();
    ping(path.clone()).await.unwrap();
    assert_eq!(listing(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_unavailable() {
    let silo = Silo::new("CREATE TABLE t (a INTEGER, b TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, hex(zeroblob(100)) FROM n").await;
    let mut bytes = fs::read(silo.path()).unwrap();
    bytes[8_192..200_000].fill(0xa5);
    fs::write(silo.path(), bytes).unwrap();
    let failed = error(&silo).await;
    unavailable(&failed, "damaged");
    assert!(!failed.temporary);
    unavailable(&silo.connector.describe().await.unwrap_err(), "damaged");
}

const ENDLESS: &str = "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1);
    CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT a FROM t)) SELECT count(*) AS a FROM n;";

#[tokio::test]
async fn a_statement_stops_when_its_time_is_up() {
    let silo = Silo::with(ENDLESS, |settings| settings.tuning.timeout = Duration::from_millis(50)).await;
    silo.write("UPDATE t SET a = 1000000000000");
    let started = Instant::now();
    let failed = silo.ask("slow").batches().await.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Timeout, "{failed}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(silo.ask("t").rows().await, ["1000000000000"]);
}

#[tokio::test]
async fn a_statement_stops_when_nobody_waits_and_frees_its_connection() {
    let silo = Silo::with(ENDLESS, |settings| {
        settings.tuning.connections = 1;
        settings.tuning.timeout = Duration::from_mins(10);
        settings.tuning.wait_timeout = Duration::from_millis(50);
    })
    .await;
    silo.write("UPDATE t SET a = 1000000000000");
    let bound = silo.ask("slow").bound();
    {
        let (context, connector) = (context(), silo.connector.clone());
        let waiting = connector.fetch(&bound, &context);
        assert!(tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err());
    }
    let mut freed = silo.ask("t").batches().await;
    for _ in 0..100 {
        if freed.is_ok() {
            break;
        }
        freed = silo.ask("t").batches().await;
    }
    assert_eq!(lines(&freed.unwrap()), ["1000000000000"]);
}

#[tokio::test]
async fn no_more_connections_than_allowed_and_a_bounded_wait() {
    let silo = Silo::with(ENDLESS, |settings| {
        settings.tuning.connections = 1;
        settings.tuning.wait_timeout = Duration::from_millis(20);
        settings.tuning.timeout = Duration::from_mins(10);
    })
    .await;
    silo.write("UPDATE t SET a = 1000000000000");
    let bound = silo.ask("slow").bound();
    let (context, connector) = (context(), silo.connector.clone());
    let mut waiting = connector.fetch(&bound, &context);
    assert!(futures::poll!(&mut waiting).is_pending());
    assert_eq!(error(&silo).await.kind, ErrorKind::Overloaded);
}

#[tokio::test]
async fn a_stream_that_is_dropped_half_way_gives_its_connection_back() {
    let silo = Silo::with(
        "CREATE TABLE t (a INTEGER); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i FROM n",
        |settings| settings.tuning.connections = 1,
    )
    .await;
    let bound = silo.ask("t").bound();
    let mut stream = silo.connector.fetch(&bound, &context()).await.unwrap();
    assert!(stream.try_next().await.unwrap().unwrap().batch.num_rows() > 0);
    drop(stream);
    assert_eq!(silo.ask("t").limit(1).rows().await, ["1"]);
}

#[tokio::test]
async fn files_are_discovered_by_pattern() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.sqlite", "a.sqlite", "a.sqlite-wal", "c.txt"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let mut block = settings(&folder.path().join("*.sqlite*"));
    block.name = "silo_{name}".to_owned();
    let parts = (DISCOVERY.parts)(&block).await.unwrap();
    let expected = ["a.sqlite", "b.sqlite"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    assert_eq!(parts, expected);
    let narrowed = (DISCOVERY.narrow)(&block, &parts[1]);
    assert_eq!(narrowed.name, "silo_b");
    super::super::open(&narrowed).unwrap().ping().await.unwrap();
    let missing = settings(&folder.path().join("none/*.sqlite"));
    let Err(Undiscovered::Silent(problem)) = (DISCOVERY.parts)(&missing).await else { panic!("found") };
    assert!(problem.what.contains("there is no folder"), "{problem}");
}

#[tokio::test]
async fn every_problem_of_a_block_is_reported() {
    let mut block = SourceSettings { name: "silo".to_owned(), ..SourceSettings::default() };
    block.options.insert("pth".to_owned(), text_option("x"));
    block.options.insert("schemas".to_owned(), text_option("x"));
    let problems = super::super::open(&block).err().unwrap();
    let texts: Vec<&str> = problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(texts, ["`path` is missing", "unknown key `pth`", "unknown key `schemas`"]);
}
