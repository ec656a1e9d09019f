//! What filters across sources cost: a small side against a side of a million rows, in either direction, by the rows that
//! are read and the statements that are sent.

mod blocks;
mod budgets;
mod narrow;
mod servers;
mod unions;

use std::sync::OnceLock;

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::{Value, json};

use crate::residual::ask;

/// A million residents with a card each, and ten clubs.
const CIVIL: &str = "
    CREATE TABLE resident (id INTEGER PRIMARY KEY, card INTEGER NOT NULL, street INTEGER, name TEXT);
    INSERT INTO resident WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        SELECT i, i * 3, i % 20, 'r' || i FROM n;
    CREATE UNIQUE INDEX by_card ON resident (card);
    CREATE TABLE club (id INTEGER PRIMARY KEY, card INTEGER, street INTEGER);
    INSERT INTO club WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
        SELECT i, i * 3000, i FROM n;";

/// A million shots, one for each resident; of every thousandth a note.
const HEALTH: &str = "
    CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER NOT NULL, vaccine TEXT, clinic INTEGER);
    INSERT INTO shot WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        SELECT i, i * 3, CASE WHEN i % 100000 = 0 THEN 'rare' ELSE 'flu' END, i % 12 FROM n;
    CREATE INDEX shots_by_card ON shot (card);
    CREATE INDEX shots_by_vaccine ON shot (vaccine);
    CREATE INDEX shots_by_clinic ON shot (clinic);
    CREATE TABLE clinic (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO clinic WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 11)
        SELECT i, 'clinic ' || i FROM n;";

/// A million registrations at another place.
const GRID: &str = "
    CREATE TABLE cell (card INTEGER PRIMARY KEY, officer TEXT);
    INSERT INTO cell WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        SELECT i * 3, 'o' || (i % 500) FROM n;";

const CATALOG: &str = r#"
[[source]]
name = "civil"
connector = "sqlite"
path = "civil.sqlite"
[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"
[[source]]
name = "grid"
connector = "sqlite"
path = "grid.sqlite"
[[link]]
from = "civil.resident(card)"
to = "health.shot(card)"
name = "shots"
back = "resident"
[[link]]
from = "civil.club(card)"
to = "health.shot(card)"
name = "shots"
back = "clubs"
[[link]]
from = "health.shot(card)"
to = "grid.cell(card)"
name = "cell"
back = "shots"
[[link]]
from = "civil.resident(card)"
to = "grid.cell(card)"
name = "cell"
back = "residents"
"#;

/// Two databases and what joins them.
fn two(civil: &str, health: &str, catalog: &str) -> City {
    let city = City::empty();
    city.database("civil.sqlite", civil);
    city.database("health.sqlite", health);
    city.write("lilong.toml", catalog);
    city
}

fn town() -> &'static City {
    static TOWN: OnceLock<City> = OnceLock::new();
    TOWN.get_or_init(|| {
        let city = two(CIVIL, HEALTH, CATALOG);
        city.database("grid.sqlite", GRID);
        city
    })
}

/// What a gateway has asked: statements and rows.
fn asked(gateway: &Gateway) -> (u64, u64) {
    let model = gateway.model();
    let statuses = model.sources.iter().map(|source| source.status());
    statuses.fold((0, 0), |(sent, rows), status| (sent + status.sent, rows + status.rows))
}

/// A query, what it finds, the most statements, the most rows read.
type Case = (&'static str, &'static str, Value, u64, u64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_side_against_a_million_rows_reads_a_few_thousand_rows() {
    let gateway = serve(town().folder()).await;
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        // The near side is small.
        ("/civil/club", r#"{ civil { club(where: { shots: { vaccine: { _eq: "flu" } } }, limit: 3) { id } } }"#,
            json!([{ "id": 1 }, { "id": 2 }, { "id": 3 }]), 3, 30),
        ("/civil/club", r"{ civil { club(where: { _not: { shots: { clinic: { _neq: 4 } } } }) { id } } }",
            json!([{ "id": 1 }, { "id": 4 }, { "id": 7 }, { "id": 10 }]), 3, 30),
        ("/civil/club", r#"{ civil { club(where: { _or: [{ shots: { vaccine: { _eq: "rare" } } }, { id: { _eq: 3 } }] }) { id } } }"#,
            json!([{ "id": 3 }]), 3, 30),
        ("/civil/club", r#"{ civil { club(where: { shots: { cell: { officer: { _eq: "o0" } } }, id: { _gt: 8 } }) { id } } }"#,
            json!([{ "id": 9 }, { "id": 10 }]), 4, 30),
        ("/civil/club", r#"{ civil { club(where: { _not: { shots: { _or: [{ cell: { officer: { _eq: "o1" } } }, { clinic: { _eq: 0 } }] } } }) { id } } }"#,
            json!([{ "id": 1 }, { "id": 2 }, { "id": 4 }, { "id": 5 }, { "id": 7 }, { "id": 8 }, { "id": 10 }]), 4, 60),
        ("/civil/resident", r"{ civil { resident(where: { id: { _in: [4, 12] }, shots: { clinic: { _eq: 0 } } }) { id } } }",
            json!([{ "id": 12 }]), 3, 10),
        ("/civil/resident", r#"{ civil { resident(where: { _and: [{ id: { _lt: 30 } }, { _or: [{ shots: { clinic: { _eq: 5 } } }, { cell: { officer: { _eq: "o7" } } }] }] }) { id } } }"#,
            json!([{ "id": 5 }, { "id": 7 }, { "id": 17 }, { "id": 29 }]), 5, 4_100),
        ("/civil/residentAggregate", r#"{ civil { residentAggregate(where: { id: { _lte: 5 }, shots: { vaccine: { _eq: "flu" } } }) { aggregate { count } } } }"#,
            json!({ "aggregate": { "count": 5 } }), 4, 2_100),
        ("/civil/club", r"{ civil { club(where: { shotsAggregate: { where: { clinic: { _eq: 4 } }, count: { _gt: 0 } } }) { id } } }",
            json!([{ "id": 1 }, { "id": 4 }, { "id": 7 }, { "id": 10 }]), 3, 30),
        ("/civil/club", r"{ civil { club(where: { shotsAggregate: { where: { clinic: { _eq: 4 } }, count: { _eq: 0 } }, id: { _lt: 5 } }) { id } } }",
            json!([{ "id": 2 }, { "id": 3 }]), 3, 30),
        // The far side is small.
        ("/health/shot", r"{ health { shot(where: { clubs: { id: { _lt: 3 } } }) { id } } }",
            json!([{ "id": 1_000 }, { "id": 2_000 }]), 2, 10),
        ("/civil/resident", r#"{ civil { resident(where: { shots: { vaccine: { _eq: "rare" }, id: { _lt: 300000 } } }) { id } } }"#,
            json!([{ "id": 100_000 }, { "id": 200_000 }]), 2, 10),
        ("/civil/resident", r"{ civil { resident(where: { cell: { card: { _eq: 6 } } }) { id } } }",
            json!([{ "id": 2 }]), 2, 10),
        ("/civil/resident", r#"{ civil { resident(where: { cell: { officer: { _eq: "o0" } }, shots: { vaccine: { _eq: "rare" }, id: { _lt: 300000 } } }) { id } } }"#,
            json!([{ "id": 100_000 }, { "id": 200_000 }]), 4, 20),
        ("/civil/resident", r#"{ civil { resident(where: { shots: { vaccine: { _eq: "rare" }, cell: { officer: { _eq: "o0" } }, id: { _lt: 300000 } } }) { id } } }"#,
            json!([{ "id": 100_000 }, { "id": 200_000 }]), 5, 2_100),
    ];
    check(&gateway, cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_side_leads_to_is_read_no_further_than_the_side_itself() {
    let gateway = serve(town().folder()).await;
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        // The near side has more rows than are tried first; the far side leads to a million on either side of its own link.
        ("/civil/residentAggregate", r#"{ civil { residentAggregate(where: { id: { _lte: 3000 }, shots: { clinic: { _neq: 4 }, cell: { officer: { _neq: "o0" } } } }) { aggregate { count } } } }"#,
            json!({ "aggregate": { "count": 2_746 } }), 7, 16_000),
        // Few rows of the far side are folded, though the near side seems the smaller one.
        ("/civil/residentAggregate", r"{ civil { residentAggregate(where: { street: { _eq: 10 }, shotsAggregate: { where: { id: { _gt: 999900 } }, count: { _gt: 0 } } }) { aggregate { count } } } }",
            json!({ "aggregate": { "count": 5 } }), 3, 2_200),
    ];
    check(&gateway, cases).await;
}

async fn check(gateway: &Gateway, cases: Vec<Case>) {
    let mut wrong = String::new();
    for (path, query, expected, statements, rows) in cases {
        let before = asked(gateway);
        let answer = ask(gateway, query).await;
        let after = asked(gateway);
        let (sent, read) = (after.0 - before.0, after.1 - before.1);
        let found = answer["data"].pointer(path).unwrap_or(&Value::Null);
        if *found != expected || sent > statements || read > rows {
            let answer = &answer.to_string();
            let answer = &answer[..answer.len().min(400)];
            wrong.push_str(&format!("{query}\n  {sent} statements, {read} rows: {answer}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limited_list_between_two_million_rows_is_read_in_its_order_until_the_limit_is_met() {
    let gateway = serve(town().folder()).await;
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        ("/civil/resident", r#"{ civil { resident(where: { shots: { vaccine: { _eq: "flu" } } }, limit: 3, offset: 2) { id } } }"#,
            json!([{ "id": 3 }, { "id": 4 }, { "id": 5 }]), 4, 4_300),
        ("/civil/resident", r"{ civil { resident(where: { shots: { clinic: { _eq: 7 } } }, orderBy: [{ street: DESC }, { id: ASC }], limit: 2) { id street } } }",
            json!([{ "id": 19, "street": 19 }, { "id": 79, "street": 19 }]), 9, 7_000),
        ("/civil/resident", r#"{ civil { resident(where: { _not: { shots: { cell: { officer: { _neq: "o9" } } } }, street: { _eq: 9 } }, orderBy: [{ id: DESC }], limit: 2) { id } } }"#,
            json!([{ "id": 999_509 }, { "id": 999_009 }]), 12, 12_000),
    ];
    check(&gateway, cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sides_of_a_million_rows_are_refused_with_what_would_help() {
    let gateway = serve(town().folder()).await;
    let before = asked(&gateway);
    let answer = ask(&gateway, r#"{ civil { resident(where: { shots: { vaccine: { _eq: "flu" } } }) { id } } }"#).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`shots`") && message.contains("`resident`") && message.contains("`shot`"), "{message}");
    let after = asked(&gateway);
    assert!(after.0 - before.0 <= 6, "{} statements", after.0 - before.0);
}
