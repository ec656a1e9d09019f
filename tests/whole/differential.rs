//! Random queries over generated silos; every answer is worked out again by an oracle that knows nothing but SQL: one
//! naive SELECT per parent row, on a single SQLite file.
//!
//! The same tables are served whole, from one source, and apart, each table in a source of its own, so that every link
//! and every filter through a link crosses sources. `LILONG_DIFFERENTIAL` sets the number of queries (default 300 a
//! database and form); a difference prints the query and its seed.

mod databases;
mod oracle;
mod query;
mod random;

use std::path::Path;

use lilong::request::Request;
use lilong_tests::serve;
use serde_json::Value;

use self::databases::Database;
use self::query::{Generator, Names};
use self::random::Random;

fn count() -> usize {
    std::env::var("LILONG_DIFFERENTIAL").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

async fn compare(database: &Database, folder: &Path, oracle: &Path, seed: u64) {
    let gateway = serve(folder).await;
    let names = Names::new(&lilong_schema::names::names(&gateway.model().federated, &lilong_schema::Slice::all()));
    let connection = rusqlite::Connection::open(oracle).unwrap();
    let mut random = Random::new(seed);
    let (mut rows, mut differences) = (0, Vec::new());
    for number in 0..count() {
        let node = Generator { database, connection: &connection, random: &mut random }.query();
        let text = query::print(database, &names, &node);
        let expected = oracle::answer(database, &connection, &node);
        rows += expected.as_array().map_or(0, Vec::len);
        let request = Request { query: text.clone(), trace: "test".into(), ..Request::default() };
        let answer = gateway.execute(request).await;
        let got: Value = serde_json::from_slice(&answer.body).unwrap();
        if answer.errors > 0 || !oracle::same(&got["data"]["s"]["x"], &expected) {
            differences.push(format!("seed {seed}, query {number}: {text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(rows > count() / 4, "the queries find too little to tell anything: {rows} rows");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences[..differences.len().min(3)].join("\n"));
}

async fn whole(database: Database, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let oracle = folder.path().join("whole.sqlite");
    database.write_whole(&oracle);
    std::fs::write(
        folder.path().join("lilong.toml"),
        "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"whole.sqlite\"\n",
    )
    .unwrap();
    compare(&database, folder.path(), &oracle, seed).await;
}

async fn apart(database: Database, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let oracle = tempfile::NamedTempFile::new().unwrap();
    database.write_whole(oracle.path());
    database.write_apart(folder.path());
    compare(&database, folder.path(), oracle.path(), seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_in_one_source_answers_as_sql_does() {
    whole(databases::school(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_with_each_table_in_a_source_of_its_own_answers_as_sql_does() {
    apart(databases::school(), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_in_one_source_answer_as_sql_does() {
    whole(databases::awkward(), 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_with_each_in_a_source_of_its_own_answer_as_sql_does() {
    apart(databases::awkward(), 4).await;
}
