//! A table dealt to SQLite files and to databases of PostgreSQL and MariaDB, whatever their collations, answers as the
//! undivided one: lists, orders, pages, figures and groups.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; without one the test is skipped.

use lilong_tests::engine::{Engine, Silo};
use lilong_tests::serve;

use super::divided::{BOXES, CATALOG, COLUMNS, Random, filling, question};
use super::folded::{answer, assert_close};
use super::{ask, folded, paged};

/// What tells the parts apart: the engine, and how it declares the columns.
const PARTS: [(Engine, &str); 6] = [
    (Engine::Sqlite, COLUMNS),
    (
        Engine::Postgres,
        "id bigint PRIMARY KEY, name text COLLATE \"C\", size bigint, weight double precision, price numeric(8,2), day date, box_id bigint",
    ),
    (
        Engine::MariaDb,
        "id INT PRIMARY KEY, label VARCHAR(20) COLLATE utf8mb4_nopad_bin, size BIGINT, weight DOUBLE, price DECIMAL(8,2), day DATE, box_id INT",
    ),
    (
        Engine::Postgres,
        "id integer PRIMARY KEY, name varchar(20) COLLATE \"en-x-icu\", size integer, weight double precision, price numeric(8,2), day date, box_id integer",
    ),
    (
        Engine::MariaDb,
        "id BIGINT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_nopad_ci, size INT, weight DOUBLE, price DECIMAL(8,2), day DATE, box_id BIGINT",
    ),
    (Engine::Sqlite, COLUMNS),
];

#[tokio::test]
async fn engines_in_one_union_answer_as_one_file_does() {
    const TEST: &str = "engines in one union";
    if !Engine::ALL.into_iter().all(|engine| engine.is_there(TEST)) {
        return;
    }
    let mut random = Random(42);
    let folder = tempfile::tempdir().unwrap();
    let whole = Engine::Sqlite.silo(folder.path(), "whole").await;
    let mut filled = vec![String::new(); PARTS.len()];
    let mut undivided = String::new();
    for row in filling(&mut random) {
        undivided.push_str(&row);
        // The last part is left empty.
        filled[random.below(PARTS.len() - 1)].push_str(&row);
    }
    whole
        .run(&[format!("PRAGMA foreign_keys = OFF; {BOXES} CREATE TABLE item ({COLUMNS} REFERENCES box);"), undivided])
        .await;
    let mut catalog = whole.source("whole") + CATALOG;
    let mut silos: Vec<Silo> = Vec::new();
    for (at, (engine, columns)) in PARTS.into_iter().enumerate() {
        let name = format!("part_{}", at + 1);
        let silo = engine.silo(folder.path(), &name).await;
        silo.run(&[format!("CREATE TABLE item ({columns});"), filled[at].clone()]).await;
        catalog.push_str(&silo.source(&name));
        silos.push(silo);
    }
    catalog.push_str("[server.limits]\ndeadline = \"60s\"\n");
    std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
    let gateway = serve(folder.path()).await;
    for number in 0..300 {
        let (union, whole) = if number % 2 == 0 { question(&mut random) } else { folded::question(&mut random) };
        let (divided, undivided) = (ask(&gateway, &union).await, ask(&gateway, &whole).await);
        assert!(undivided.get("errors").is_none(), "{whole}: {undivided}");
        assert!(divided.get("errors").is_none(), "{union}: {divided}");
        assert_close(answer(&divided), answer(&undivided), &union);
    }
    paged::assert_walks(&gateway, 23, "engines").await;
    // One statement for each member, whichever engine folds.
    let asked = || gateway.model().sources.iter().map(|source| source.status().fetches).sum::<u64>();
    for query in [
        "{ itemAggregate { aggregate { count sum { price } avg { weight } stddev { size } max { day } } } }",
        "{ itemGroups(by: [name]) { key { name } aggregate { count } } }",
        "{ itemConnection(first: 3, orderBy: [{ day: ASC }]) { nodes { id } } }",
    ] {
        let before = asked();
        let answer = ask(&gateway, query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        assert_eq!(asked() - before, PARTS.len() as u64, "{query}");
    }
}
