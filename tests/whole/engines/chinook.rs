//! The same music shop as its makers give it out for three engines: every question has one answer.

use lilong_tests::engine::Engine;
use lilong_tests::serve;
use rusqlite::Connection;

use super::{are_there, count, data, load};
use crate::differential::databases::Role;
use crate::differential::query::{self, Names};
use crate::differential::random::Random;
use crate::differential::{ask, oracle, question, real};

/// What the three files say differently: misspelt, in other years, in letters that one of them lost.
const DIFFERENT: [(&str, &str); 8] = [
    ("Customer", "FirstName"),
    ("Customer", "City"),
    ("Customer", "Email"),
    ("Invoice", "InvoiceDate"),
    ("Invoice", "BillingCity"),
    ("Playlist", "Name"),
    ("Track", "Name"),
    ("Track", "Composer"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_shop_in_three_engines_answers_with_the_same_bytes() {
    let test = "chinook in three engines";
    let Some(data) = data(test) else {
        return;
    };
    if !are_there(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Engine::Sqlite.silo(&data.join("sqlite"), "chinook").await;
    let file = data.join("sqlite/chinook.sqlite");
    std::fs::write(folder.path().join("lilong.toml"), sqlite.source("sqlite")).unwrap();
    let mut database = real::read(&file, &serve(folder.path()).await);
    for table in &mut database.tables {
        for column in &mut table.columns {
            if DIFFERENT.contains(&(table.name, column.name)) {
                column.role = Role::Hidden;
            }
        }
    }
    let postgres = load(Engine::Postgres, &data.join("postgres/chinook_mixedcase.sql")).await;
    let mariadb = load(Engine::MariaDb, &data.join("mariadb/chinook.sql")).await;
    let sources = [sqlite.source("sqlite"), postgres.source("postgres"), mariadb.source("mariadb")];
    std::fs::write(folder.path().join("lilong.toml"), sources.concat()).unwrap();

    let gateway = serve(folder.path()).await;
    let names = lilong_schema::names::names(&gateway.model().federated, &lilong_schema::Slice::all());
    let names = ["sqlite", "postgres", "mariadb"].map(|source| Names::of(&names, |name| name == source));
    let mut connection = Connection::open(&file).unwrap();
    let mut random = Random::new(30);
    let mut rows = 0;
    for number in 0..count() * 10 {
        // Each orders texts in its own way, as it should.
        let (node, text, expected) = question(&database, &names[0], &mut connection, &mut random, false);
        rows += expected.as_array().map_or(0, Vec::len);
        let mut answers = Vec::new();
        for names in &names {
            let answer = ask(&gateway, &query::print(&database, names, &node)).await;
            assert!(answer.get("errors").is_none(), "query {number}: {text}\n  {answer}");
            answers.push(answer["data"]["s"]["x"].clone());
        }
        let difference = oracle::difference(&answers[0], &expected);
        assert!(difference.is_none(), "query {number}: {text}\n  x{}", difference.unwrap());
        for answer in &answers[1..] {
            let difference = oracle::difference(answer, &answers[0]);
            assert!(answer == &answers[0], "query {number}: {text}\n  x{difference:?}");
        }
    }
    assert!(rows > count() * 10, "the queries find too little to tell anything: {rows} rows");
}
