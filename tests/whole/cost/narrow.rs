//! Orders by values of another source: of the rows that are ordered no more is read than that takes, and the rest of the page's
//! rows alone. The rows of these tables take more memory than a request may hold.

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::{Value, json};

use super::{asked, two};
use crate::residual::ask;

const CIVIL: &str = "
    CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO street VALUES (0, 'Siping Road'), (1, 'Anshan Road'), (2, 'Guoding Road');
    CREATE TABLE resident (id INTEGER PRIMARY KEY, card INTEGER NOT NULL UNIQUE, street_id INTEGER REFERENCES street, age INTEGER,
        story TEXT);
    INSERT INTO resident WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        SELECT i, i * 7, i % 3, i % 90, 'story ' || i || printf('%2000s', '') FROM n;
    CREATE TABLE lot (street INTEGER, number TEXT, card INTEGER, story TEXT, PRIMARY KEY (street, number)) WITHOUT ROWID;
    INSERT INTO lot SELECT street_id, 'lot ' || id, card, story FROM resident;
    CREATE TABLE note (card INTEGER, story TEXT);
    INSERT INTO note SELECT card, story FROM resident;";

const HEALTH: &str = "
    CREATE TABLE record (card INTEGER PRIMARY KEY, points INTEGER);
    INSERT INTO record WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2990)
        SELECT i * 7, NULLIF(i * 37 % 500, 13) FROM n;
    CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER);
    INSERT INTO shot SELECT NULL, card FROM record WHERE card % 5 < 2 UNION ALL SELECT NULL, card FROM record WHERE card % 55 = 0;
    CREATE INDEX shots_by_card ON shot (card);";

const CATALOG: &str = r#"
[server.limits]
side_rows = 100
budget_bytes = 1000000
[[source]]
name = "civil"
connector = "sqlite"
path = "civil.sqlite"
[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"
[[link]]
from = "civil.resident(card)"
to = "health.record(card)"
name = "record"
[[link]]
from = "civil.resident(card)"
to = "health.shot(card)"
name = "shots"
[[link]]
from = "civil.lot(card)"
to = "health.record(card)"
name = "record"
[[link]]
from = "civil.note(card)"
to = "health.record(card)"
name = "record"
"#;

fn town() -> City {
    two(CIVIL, HEALTH, CATALOG)
}

/// The first column of what plain SQL finds in both databases.
pub(super) fn found(city: &City, sql: &str) -> Vec<Value> {
    let both = rusqlite::Connection::open(city.path("civil.sqlite")).unwrap();
    both.execute("ATTACH ?1 AS health", [city.path("health.sqlite").to_str().unwrap()]).unwrap();
    let mut statement = both.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    let value = |cell| match cell {
        rusqlite::types::Value::Integer(number) => json!(number),
        rusqlite::types::Value::Text(text) => json!(text),
        other => panic!("{other:?}"),
    };
    rows.map(|cell| value(cell.unwrap())).collect()
}

/// A query's answer, and how many statements and rows it took.
async fn told(gateway: &Gateway, query: &str) -> (Value, u64, u64) {
    let before = asked(gateway);
    let answer = ask(gateway, query).await;
    let after = asked(gateway);
    (answer, after.0 - before.0, after.1 - before.1)
}

fn column<'a>(rows: &'a Value, name: &str) -> Vec<&'a Value> {
    rows.as_array().into_iter().flatten().map(|row| &row[name]).collect()
}

#[tokio::test]
async fn a_page_in_an_order_across_sources_is_read_in_full_for_its_own_rows_alone() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let of = "FROM resident AS r LEFT JOIN health.record AS c ON c.card = r.card";
    let shots = "(SELECT count(*) FROM health.shot AS s WHERE s.card = r.card)";
    for (arguments, from, order, cut) in [
        (
            "orderBy: [{ record: { points: DESC } }], limit: 5",
            of.to_owned(),
            "c.points DESC NULLS FIRST, r.id",
            "LIMIT 5",
        ),
        (
            "orderBy: [{ record: { points: ASC } }, { age: DESC }], limit: 4, offset: 7",
            of.to_owned(),
            "c.points NULLS LAST, r.age DESC, r.id",
            "LIMIT 4 OFFSET 7",
        ),
        (
            "where: { age: { _gt: 80 } }, orderBy: [{ age: ASC }, { record: { points: DESC_NULLS_LAST } }], limit: 6",
            format!("{of} WHERE r.age > 80"),
            "r.age, c.points DESC NULLS LAST, r.id",
            "LIMIT 6",
        ),
        ("orderBy: [{ shotsAggregate: { count: DESC } }], limit: 3", "FROM resident AS r".to_owned(), shots, "LIMIT 3"),
    ] {
        let order = if order == shots { format!("{order} DESC, r.id") } else { order.to_owned() };
        let query = format!("{{ civil {{ resident({arguments}) {{ id story street {{ name }} }} }} }}");
        let (answer, statements, rows) = told(&gateway, &query).await;
        let residents = &answer["data"]["civil"]["resident"];
        for (name, sql) in [("id", "r.id"), ("story", "r.story")] {
            let right = found(&city, &format!("SELECT {sql} {from} ORDER BY {order} {cut}"));
            let given = column(residents, name);
            assert_eq!(given, right.iter().collect::<Vec<_>>(), "{arguments}: {:.300}", answer.to_string());
        }
        assert!(residents.as_array().unwrap().iter().all(|row| row["street"]["name"].is_string()), "{arguments}");
        // The rows in order, the values beyond the link, the page's rows, their streets.
        assert_eq!(statements, 4, "{arguments}");
        assert!(rows <= 6_010, "{arguments}: {rows} rows");
    }
}

#[tokio::test]
async fn under_a_link_and_by_a_key_of_two_columns_too() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let query = "{ civil { street { id resident(orderBy: [{ record: { points: DESC } }], limit: 2) { story } } } }";
    let (answer, statements, _) = told(&gateway, query).await;
    for street in answer["data"]["civil"]["street"].as_array().unwrap() {
        let right = found(
            &city,
            &format!(
                "SELECT r.story FROM resident AS r LEFT JOIN health.record AS c ON c.card = r.card WHERE r.street_id = {}
                 ORDER BY c.points DESC NULLS FIRST, r.id LIMIT 2",
                street["id"]
            ),
        );
        assert_eq!(column(&street["resident"], "story"), right.iter().collect::<Vec<_>>());
    }
    assert_eq!((statements, answer.get("errors")), (4, None));

    let query = "{ civil { lot(orderBy: [{ record: { points: ASC } }], limit: 9) { story } } }";
    let (answer, statements, _) = told(&gateway, query).await;
    let right = found(
        &city,
        "SELECT l.story FROM lot AS l LEFT JOIN health.record AS c ON c.card = l.card
         ORDER BY c.points NULLS LAST, l.street, l.number LIMIT 9",
    );
    assert_eq!(column(&answer["data"]["civil"]["lot"], "story"), right.iter().collect::<Vec<_>>());
    assert_eq!(statements, 3);
}

#[tokio::test]
async fn pages_of_a_connection_go_on_where_the_last_one_ended() {
    let city = town();
    let gateway = serve(city.folder()).await;
    for (size, cursor, page, order) in [
        ("first", "after", "endCursor", "c.points DESC NULLS FIRST, r.id"),
        ("last", "before", "startCursor", "c.points NULLS LAST, r.id DESC"),
    ] {
        let sql = "SELECT r.story FROM resident AS r LEFT JOIN health.record AS c ON c.card = r.card ORDER BY";
        let right = found(&city, &format!("{sql} {order} LIMIT 9"));
        let (mut given, mut place) = (Vec::new(), String::new());
        for _ in 0..3 {
            let query = format!(
                "{{ civil {{ residentConnection({size}: 3{place}, orderBy: [{{ record: {{ points: DESC }} }}]) {{
                    edges {{ cursor node {{ story }} }} pageInfo {{ {page} hasNextPage hasPreviousPage }} }} }} }}"
            );
            let answer = ask(&gateway, &query).await;
            let connection = &answer["data"]["civil"]["residentConnection"];
            let mut stories = connection["edges"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edge| edge["node"]["story"].clone())
                .collect::<Vec<_>>();
            if size == "last" {
                stories.reverse();
            }
            given.extend(stories);
            place = format!(", {cursor}: {}", connection["pageInfo"][page]);
        }
        assert_eq!(given, right);
    }
}

#[tokio::test]
async fn rows_that_no_key_names_are_read_at_once_within_the_budget() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let answer = ask(&gateway, "{ civil { note(orderBy: [{ record: { points: ASC } }], limit: 2) { story } } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
    let query =
        "{ civil { note(where: { card: { _lt: 70 } }, orderBy: [{ record: { points: ASC } }], limit: 1) { card } } }";
    let (answer, statements, _) = told(&gateway, query).await;
    let right = found(&city, "SELECT card FROM health.record WHERE card < 70 ORDER BY points LIMIT 1");
    assert_eq!((&answer["data"]["civil"]["note"][0]["card"], statements), (&right[0], 2));
}

#[tokio::test]
async fn a_cell_that_cannot_be_read_is_told_at_its_own_place() {
    let city = town();
    let gateway = serve(city.folder()).await;
    city.database("civil.sqlite", "UPDATE resident SET story = x'ff' WHERE id = 3000");
    let query = "{ civil { resident(where: { id: { _gt: 2998 } }, orderBy: [{ record: { points: ASC } }], limit: 2) { id story } } }";
    let answer = ask(&gateway, query).await;
    assert_eq!(answer["data"]["civil"]["resident"][1], json!({ "id": 3000, "story": null }), "{answer}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["civil", "resident", 1, "story"]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH");
}
