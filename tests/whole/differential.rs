//! Random queries over generated silos; every answer is worked out again by an oracle that knows nothing but SQL: one
//! naive SELECT per parent row, on a single SQLite file.
//!
//! The same tables are served whole, from one source, and apart, each table in a source of its own, so that every link
//! and every filter through a link crosses sources. `LILONG_DIFFERENTIAL` sets the number of queries (default 300 a
//! database and form); a difference prints the query and its seed.

pub(crate) mod databases;
pub(crate) mod oracle;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod real;

use std::path::Path;

use lilong::Gateway;
use lilong::request::Request;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use rusqlite::Connection;
use serde_json::Value;

use self::databases::Database;
use self::query::{Generator, Names, Node};
use self::random::Random;

fn count() -> usize {
    std::env::var("LILONG_DIFFERENTIAL").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// A question that is not too long to be asked, its text and its answer.
pub(crate) fn question(
    database: &Database,
    names: &Names,
    connection: &mut Connection,
    random: &mut Random,
    orders_texts: bool,
) -> (Node, String, Value) {
    loop {
        let node = Generator { database, connection, random, orders_texts }.query();
        if let Some(expected) = oracle::answer(database, connection, &node) {
            let text = query::print(database, names, &node);
            return (node, text, expected);
        }
    }
}

/// Asks `count` questions of a catalog.
pub(crate) async fn compare(
    database: &Database,
    folder: &Path,
    oracle: &Path,
    seed: u64,
    count: usize,
    orders_texts: bool,
) {
    let gateway = serve(folder).await;
    let names = Names::new(&lilong_schema::names::names(&gateway.model().federated, &lilong_schema::Slice::all()));
    let mut connection = Connection::open(oracle).unwrap();
    let mut random = Random::new(seed);
    let (mut rows, mut differences) = (0, Vec::new());
    for number in 0..count {
        let (_, text, expected) = question(database, &names, &mut connection, &mut random, orders_texts);
        rows += expected.as_array().map_or(0, Vec::len);
        let got = ask(&gateway, &text).await;
        if let Some(errors) = got.get("errors") {
            differences.push(format!("seed {seed}, query {number}: {text}\n  {errors}"));
        } else if let Some(difference) = oracle::difference(&got["data"]["s"]["x"], &expected) {
            differences.push(format!("seed {seed}, query {number}: {text}\n  x{difference}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {count} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(3)].join("\n")
    );
    // A few may well find nothing.
    assert!(count < 50 || rows > count / 4, "the queries find too little to tell anything: {rows} rows");
}

fn serve_whole(folder: &Path) {
    let catalog = "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"whole.sqlite\"\n";
    std::fs::write(folder.join("lilong.toml"), catalog).unwrap();
}

async fn whole(database: Database, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let oracle = folder.path().join("whole.sqlite");
    database.write_whole(&oracle);
    serve_whole(folder.path());
    compare(&database, folder.path(), &oracle, seed, count(), true).await;
}

/// `side`: how many rows of a side of a link are read before the other side is tried.
async fn apart(database: Database, side: Option<usize>, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let oracle = tempfile::NamedTempFile::new().unwrap();
    database.write_whole(oracle.path());
    database.write_apart(folder.path());
    if let Some(rows) = side {
        let catalog = folder.path().join("limits.toml");
        std::fs::write(catalog, format!("[server.limits]\nside_rows = {rows}\n")).unwrap();
    }
    compare(&database, folder.path(), oracle.path(), seed, count(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_in_one_source_answers_as_sql_does() {
    whole(databases::school(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_with_each_table_in_a_source_of_its_own_answers_as_sql_does() {
    apart(databases::school(), None, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_in_one_source_answer_as_sql_does() {
    whole(databases::awkward(), 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_with_each_in_a_source_of_its_own_answer_as_sql_does() {
    apart(databases::awkward(), None, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_apart_answer_as_sql_does_whichever_side_of_a_link_is_read() {
    for (side, seed) in [(1, 21), (3, 22)] {
        apart(databases::school(), Some(side), seed).await;
        apart(databases::awkward(), Some(side), seed + 10).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_database_without_any_key_answers_as_sql_does() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/sqlite/geography.sqlite");
    if !file.exists() {
        eprintln!("skipped: shared/data is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("whole.sqlite");
    std::fs::copy(file, &copy).unwrap();
    serve_whole(folder.path());
    let database = real::read(&copy, &serve(folder.path()).await);
    compare(&database, folder.path(), &copy, 5, count(), true).await;
}

pub(crate) async fn ask(gateway: &Gateway, text: &str) -> Value {
    let request = Request { query: text.to_owned(), trace: "test".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

/// Memory sources that claim less against one that claims everything: text is ordered by code point by all of them.
async fn reduced(database: Database, is_apart: bool, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let oracle = tempfile::NamedTempFile::new().unwrap();
    database.write_whole(oracle.path());
    if is_apart {
        database.write_apart(folder.path());
    } else {
        database.write_whole(&folder.path().join("whole.sqlite"));
        serve_whole(folder.path());
    }
    let gateway = serve(folder.path()).await;
    let copied = Copied::of(&gateway).await;
    let all = Capabilities::ALL;
    let reference = copied.serve(all, Limits::default());
    let reduced = [
        Capabilities::NONE,
        Capabilities { keys: 3, limit_per_key: false, ..all },
        Capabilities { exists: false, like: false, ..all },
        Capabilities { order: false, order_links: false, ..all },
        Capabilities { filter: false, ..all },
        Capabilities { limit: false, keys: 7, ..all },
    ]
    .map(|capabilities| {
        // Of sources apart the sides of links are both tried.
        let side_rows = if is_apart { 2 } else { Limits::default().side_rows };
        (capabilities, copied.serve(capabilities, Limits { side_rows, ..Limits::default() }))
    });
    let names = Names::new(&lilong_schema::names::names(&gateway.model().federated, &lilong_schema::Slice::all()));
    let mut connection = Connection::open(oracle.path()).unwrap();
    let mut random = Random::new(seed);
    for number in 0..count() {
        let (_, text, _) = question(&database, &names, &mut connection, &mut random, true);
        let expected = ask(&reference.gateway, &text).await;
        assert!(expected.get("errors").is_none(), "seed {seed}, query {number}: {text}\n  {expected}");
        for (capabilities, mirror) in &reduced {
            let got = ask(&mirror.gateway, &text).await;
            assert_eq!(got, expected, "seed {seed}, query {number}, {capabilities:?}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_in_a_source_that_can_do_less_answers_the_same() {
    reduced(databases::school(), false, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_in_a_source_that_can_do_less_answer_the_same() {
    reduced(databases::awkward(), false, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_apart_in_sources_that_can_do_less_answer_the_same() {
    reduced(databases::awkward(), true, 7).await;
}
