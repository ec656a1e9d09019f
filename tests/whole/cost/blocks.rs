//! Lists and pages under a filter across sources of which neither side is small: read block by block, in orders of text and of
//! row numbers as well, from the beginning and from the end, with the answers of plain SQL.
//!
//! Neither side is whole within the budget, so that nothing but blocks can answer.

use std::fmt::Write;

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::Value;

use super::narrow::found;
use super::{asked, two};
use crate::residual::ask;

/// Names differ in case alone, or not at all, or are not there.
const CIVIL: &str = "
    CREATE TABLE resident (id INTEGER PRIMARY KEY, card INTEGER NOT NULL UNIQUE, name TEXT COLLATE NOCASE, born DATE, note);
    INSERT INTO resident WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        SELECT i, i * 7, CASE WHEN i % 41 = 0 THEN NULL WHEN i % 2 THEN 'n' || (i * 13 % 300) ELSE 'N' || (i * 13 % 300) END,
            date('1950-01-01', (i * 17 % 4000) || ' days'), CASE i % 3 WHEN 0 THEN i WHEN 1 THEN 'x' || i ELSE i / 7.0 END FROM n;
    CREATE TABLE entry (card INTEGER, name TEXT);
    INSERT INTO entry SELECT card, name FROM resident;";

const HEALTH: &str = "
    CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER, vaccine TEXT);
    INSERT INTO shot WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        SELECT i, i * 7, CASE WHEN i % 3 THEN 'flu' ELSE 'polio' END FROM n;
    CREATE INDEX shots_by_card ON shot (card);";

const CATALOG: &str = r#"
[server.limits]
side_rows = 50
budget_rows = 1000
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
to = "health.shot(card)"
name = "shots"
[[link]]
from = "civil.entry(card)"
to = "health.shot(card)"
name = "shots"
"#;

fn town() -> City {
    two(CIVIL, HEALTH, CATALOG)
}

/// An order, the same in plain SQL, and that from its end.
const ORDERS: [(&str, &str, &str); 6] = [
    ("{ id: ASC }", "id", "id DESC"),
    ("{ name: ASC }", "name NULLS LAST, id", "name DESC NULLS FIRST, id DESC"),
    ("{ name: DESC }", "name DESC NULLS FIRST, id", "name NULLS LAST, id DESC"),
    (
        "{ name: ASC_NULLS_FIRST }, { born: DESC }",
        "name NULLS FIRST, born DESC, id",
        "name DESC NULLS LAST, born, id DESC",
    ),
    ("{ name: DESC_NULLS_LAST }, { id: DESC }", "name DESC NULLS LAST, id DESC", "name NULLS FIRST, id"),
    ("{ born: DESC }", "born DESC, id", "born, id DESC"),
];

const FLU: &str = r#"where: { shots: { vaccine: { _eq: "flu" } } }"#;
const HAS_FLU: &str = "WHERE card IN (SELECT card FROM health.shot WHERE vaccine = 'flu')";

fn values<'a>(rows: &'a Value, name: &str) -> Vec<&'a Value> {
    rows.as_array().into_iter().flatten().map(|row| &row[name]).collect()
}

#[tokio::test]
async fn a_limited_list_is_read_by_blocks_in_an_order_of_text() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let mut wrong = String::new();
    for (order, sql, _) in ORDERS {
        for (limit, offset) in [(1, 0), (5, 3), (60, 40)] {
            let query = format!(
                "{{ civil {{ resident({FLU}, orderBy: [{order}], limit: {limit}, offset: {offset}) {{ id }} }} }}"
            );
            let answer = ask(&gateway, &query).await;
            let right = found(
                &city,
                &format!("SELECT id FROM resident {HAS_FLU} ORDER BY {sql} LIMIT {limit} OFFSET {offset}"),
            );
            if values(&answer["data"]["civil"]["resident"], "id") != right.iter().collect::<Vec<_>>() {
                writeln!(wrong, "{query}\n  {:.400}\n  instead of {right:?}", answer.to_string()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Pages of a connection, one after the other, and whether each says that there is more on either side.
async fn pages(gateway: &Gateway, order: &str, backwards: bool, size: usize, count: usize) -> Vec<Value> {
    let (rows, cursor, end) =
        if backwards { ("last", "before", "startCursor") } else { ("first", "after", "endCursor") };
    let (mut given, mut place) = (Vec::new(), String::new());
    for page in 0..count {
        let query = format!(
            "{{ civil {{ residentConnection({FLU}, {rows}: {size}{place}, orderBy: [{order}]) {{
                edges {{ cursor node {{ id }} }} nodes {{ name }} pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }} }} }} }}"
        );
        let answer = ask(gateway, &query).await;
        assert!(answer.get("errors").is_none(), "{query}: {:.400}", answer.to_string());
        let connection = &answer["data"]["civil"]["residentConnection"];
        let edges = connection["edges"].as_array().unwrap();
        assert_eq!(edges.len(), size, "{query}");
        assert_eq!(connection["nodes"].as_array().map(Vec::len), Some(size));
        let info = &connection["pageInfo"];
        assert_eq!(info["endCursor"], edges[size - 1]["cursor"]);
        let (ahead, behind) =
            if backwards { ("hasPreviousPage", "hasNextPage") } else { ("hasNextPage", "hasPreviousPage") };
        assert_eq!((&info[ahead], &info[behind]), (&Value::Bool(true), &Value::Bool(page > 0)), "{query}");
        let mut ids = edges.iter().map(|edge| edge["node"]["id"].clone()).collect::<Vec<_>>();
        if backwards {
            ids.reverse();
        }
        given.extend(ids);
        place = format!(", {cursor}: {}", info[end]);
    }
    given
}

#[tokio::test]
async fn pages_of_a_connection_are_read_by_blocks_forward_and_backward() {
    let city = town();
    let gateway = serve(city.folder()).await;
    for (order, forward, backward) in ORDERS {
        for (backwards, sql) in [(false, forward), (true, backward)] {
            let given = pages(&gateway, order, backwards, 40, 4).await;
            let right = found(&city, &format!("SELECT id FROM resident {HAS_FLU} ORDER BY {sql} LIMIT 160"));
            assert_eq!(given, right, "{order} {backwards}");
        }
    }
}

#[tokio::test]
async fn a_page_between_two_cursors_ends_where_the_second_one_is() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let at = |id: usize| {
        let gateway = &gateway;
        async move {
            let query = format!(
                "{{ civil {{ residentConnection(first: 1, where: {{ id: {{ _eq: {id} }} }}, orderBy: [{{ name: DESC }}]) {{ edges {{ cursor }} }} }} }}"
            );
            ask(gateway, &query).await["data"]["civil"]["residentConnection"]["edges"][0]["cursor"].clone()
        }
    };
    let all = found(&city, "SELECT id FROM resident ORDER BY name DESC NULLS FIRST, id");
    let right = found(&city, &format!("SELECT id FROM resident {HAS_FLU} ORDER BY name DESC NULLS FIRST, id"));
    let id = |at: usize| all[at].as_u64().unwrap() as usize;
    let (after, before) = (at(id(20)).await, at(id(200)).await);
    let inside = |row: &&Value| all[21..200].contains(row);
    let query = |size: &str| {
        format!(
            "{{ civil {{ residentConnection({FLU}, {size}: 1000, after: {after}, before: {before}, orderBy: [{{ name: DESC }}]) {{
                nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage }} }} }} }}"
        )
    };
    let expected = right.iter().filter(inside).collect::<Vec<_>>();
    for size in ["first", "last"] {
        let answer = ask(&gateway, &query(size)).await;
        let connection = &answer["data"]["civil"]["residentConnection"];
        assert_eq!(values(&connection["nodes"], "id"), expected, "{:.400}", answer.to_string());
        let info = &connection["pageInfo"];
        assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&Value::Bool(true), &Value::Bool(true)));
    }
}

#[tokio::test]
async fn a_table_without_a_key_is_read_on_behind_its_row_numbers() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let before = asked(&gateway);
    let answer =
        ask(&gateway, &format!("{{ civil {{ entry({FLU}, orderBy: [{{ name: ASC }}], limit: 90) {{ card }} }} }}"))
            .await;
    let after = asked(&gateway);
    let right = found(&city, &format!("SELECT card FROM entry {HAS_FLU} ORDER BY name NULLS LAST, rowid LIMIT 90"));
    assert_eq!(
        values(&answer["data"]["civil"]["entry"], "card"),
        right.iter().collect::<Vec<_>>(),
        "{:.400}",
        answer.to_string()
    );
    assert!(after.0 - before.0 <= 9, "{} statements", after.0 - before.0);
}

#[tokio::test]
async fn what_no_block_can_be_told_to_begin_behind_is_refused_and_so_is_a_count_of_all() {
    let city = town();
    let gateway = serve(city.folder()).await;
    // Numbers and texts that may print alike.
    let mixed =
        ask(&gateway, &format!("{{ civil {{ resident({FLU}, orderBy: [{{ note: ASC }}], limit: 3) {{ id }} }} }}"))
            .await;
    assert_eq!(mixed["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{mixed}");
    let counted = ask(
        &gateway,
        &format!("{{ civil {{ residentConnection({FLU}, first: 2) {{ nodes {{ id }} totalCount }} }} }}"),
    )
    .await;
    let connection = &counted["data"]["civil"]["residentConnection"];
    assert_eq!(connection["nodes"].as_array().map(Vec::len), Some(2), "{counted}");
    assert_eq!(connection["totalCount"], Value::Null);
    assert_eq!(counted["errors"].as_array().map(Vec::len), Some(1), "{counted}");
    assert_eq!(counted["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{counted}");
    let message = counted["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`resident`") && message.contains("`shot`"), "{message}");
}
