//! The same music shop as its makers give it out for three engines: every question has one answer.

use lilong_tests::engine::Engine;
use lilong_tests::serve;
use rusqlite::Connection;
use serde_json::Value;

use super::{are_there, data, load};
use crate::differential::bounds::Form;
use crate::differential::court::{ask, question, share};
use crate::differential::databases::Role;
use crate::differential::difference::{difference, sorted};
use crate::differential::names::Names;
use crate::differential::print::Printer;
use crate::differential::question::Question;
use crate::differential::real;

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
    let names = ["sqlite", "postgres", "mariadb"].map(|source| Names::of(&database, &gateway, |name| name == source));
    names[0].tell(&mut database);
    let mut connection = Connection::open(&file).unwrap();
    let mut rows = 0;
    let count = share(150);
    for number in 0..count {
        // Each orders texts in its own way, as it should.
        let form = Form { orders_texts: false, ..Form::WHOLE };
        let (question, expected) = question(&database, &mut connection, form, 30_000_000 + number as u64);
        if matches!(question, Question::Pages(_)) {
            // Their cursors are sealed, and differ.
            continue;
        }
        rows += expected.answer.as_array().map_or(1, Vec::len);
        let unordered = matches!(&question, Question::Groups(groups) if groups.is_unordered);
        let order = |list: Value| if unordered { sorted(&list) } else { list };
        let expected = order(expected.answer);
        for names in &names {
            let text = Printer { database: &database, names }.print(&question, None);
            let answer = ask(&gateway, &text).await;
            assert!(answer.get("errors").is_none(), "question {number}: {text}\n  {answer}");
            let difference = difference(&order(answer["data"]["s"]["x"].clone()), &expected);
            assert!(difference.is_none(), "question {number}: {text}\n  x{}", difference.unwrap());
        }
    }
    assert!(rows > count, "the questions find too little to tell anything: {rows} rows");
}
