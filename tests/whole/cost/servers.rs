//! Blocks in orders of text on servers: in collations to which case or accents are nothing, of padded texts and of labels, the
//! rows are those of the whole list that meet the filter, in its order.

use std::fmt::Write;

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::engine::Engine;
use lilong_tests::serve;
use serde_json::Value;

use crate::residual::ask;

/// So many residents, of whom two in three have had a flu shot.
const RESIDENTS: usize = 600;

fn shots() -> String {
    format!(
        "CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER, vaccine TEXT);
         INSERT INTO shot WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RESIDENTS})
             SELECT i, i * 7, CASE WHEN i % 3 THEN 'flu' ELSE 'polio' END FROM n;
         CREATE INDEX shots_by_card ON shot (card);"
    )
}

fn residents() -> String {
    let mut rows = String::new();
    for number in 1..=RESIDENTS {
        let comma = if number == 1 { "" } else { "," };
        let name = ["'a b", "'A-b", "'Á b", "'ab", "'B", "'é"][number % 6];
        let name = if number.is_multiple_of(41) { "NULL".to_owned() } else { format!("{name}{}'", number % 13) };
        let pad = ["'a'", "'B'", "'b '", "''", "NULL"][number % 5];
        let mood = ["'sad'", "'ok'", "'happy'", "NULL"][number % 4];
        write!(rows, "{comma}({number}, {}, {name}, {name}, {pad}, {mood})", number * 7).unwrap();
    }
    format!("INSERT INTO resident VALUES {rows}")
}

/// The ids of rows or of edges.
fn ids(rows: &Value, name: &str) -> Vec<u64> {
    rows.as_array().into_iter().flatten().map(|row| row.pointer(name).and_then(Value::as_u64).unwrap()).collect()
}

const FLU: &str = r#"where: { shots: { vaccine: { _eq: "flu" } } }"#;

async fn walk(gateway: &Gateway, order: &str) {
    let all = ask(gateway, &format!("{{ civil {{ resident(orderBy: [{order}]) {{ id }} }} }}")).await;
    let mut right = ids(&all["data"]["civil"]["resident"], "/id");
    assert_eq!(right.len(), RESIDENTS, "{all}");
    right.retain(|id| id % 3 != 0);
    let list =
        ask(gateway, &format!("{{ civil {{ resident({FLU}, orderBy: [{order}], limit: 70, offset: 9) {{ id }} }} }}"))
            .await;
    assert_eq!(ids(&list["data"]["civil"]["resident"], "/id"), right[9..79], "{order}: {list}");
    for (size, cursor, end) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
        let (mut given, mut place) = (Vec::new(), String::new());
        for _ in 0..3 {
            let query = format!(
                "{{ civil {{ residentConnection({FLU}, {size}: 30{place}, orderBy: [{order}]) {{
                    edges {{ cursor node {{ id }} }} pageInfo {{ {end} }} }} }} }}"
            );
            let answer = ask(gateway, &query).await;
            let connection = &answer["data"]["civil"]["residentConnection"];
            let mut page = ids(&connection["edges"], "/node/id");
            assert_eq!(page.len(), 30, "{query}: {answer}");
            if size == "last" {
                page.reverse();
            }
            given.extend(page);
            place = format!(", {cursor}: {}", connection["pageInfo"][end]);
        }
        let end = right.len() - 90;
        let expected: Vec<u64> =
            if size == "last" { right[end..].iter().rev().copied().collect() } else { right[..90].to_vec() };
        assert_eq!(given, expected, "{order}, {size}");
    }
}

async fn blocks_of(engine: Engine, table: &[&str], orders: &[&str]) {
    if !engine.is_there("blocks in orders of text") {
        return;
    }
    let city = City::empty();
    let silo = engine.silo(city.folder(), "civil").await;
    let statements = table.iter().map(|text| (*text).to_owned()).chain([residents()]).collect::<Vec<_>>();
    silo.run(&statements).await;
    city.database("health.sqlite", &shots());
    let limits = "[server.limits]\nside_rows = 20\nbudget_rows = 250\ndeadline = \"60s\"\n";
    let health = "[[source]]\nname = \"health\"\nconnector = \"sqlite\"\npath = \"health.sqlite\"\n";
    let link = "[[link]]\nfrom = \"civil.resident(card)\"\nto = \"health.shot(card)\"\nname = \"shots\"\n";
    city.write("lilong.toml", &format!("{limits}{}{health}{link}", silo.source("civil")));
    let gateway = serve(city.folder()).await;
    for order in orders {
        walk(&gateway, order).await;
    }
}

#[tokio::test]
async fn blocks_on_a_postgresql_server_go_on_in_its_own_order() {
    let table = [
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
        "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        "CREATE TABLE resident (id int PRIMARY KEY, card int NOT NULL UNIQUE, name text COLLATE \"en-x-icu\",
             heard varchar(40) COLLATE blind, pad char(5), mood mood)",
    ];
    let orders =
        ["{ name: ASC }", "{ heard: DESC }, { mood: ASC }", "{ pad: ASC_NULLS_FIRST }", "{ mood: DESC_NULLS_LAST }"];
    blocks_of(Engine::Postgres, &table, &orders).await;
}

#[tokio::test]
async fn blocks_on_a_mysql_server_go_on_in_its_own_order() {
    let table = ["CREATE TABLE resident (id int PRIMARY KEY, card int NOT NULL UNIQUE,
        name varchar(40) COLLATE utf8mb4_general_ci, heard varchar(40) COLLATE utf8mb4_unicode_ci, pad char(5),
        mood enum('sad', 'ok', 'happy'))"];
    let orders =
        ["{ name: ASC }", "{ heard: DESC }, { mood: ASC }", "{ pad: ASC_NULLS_FIRST }", "{ mood: DESC_NULLS_LAST }"];
    blocks_of(Engine::MariaDb, &table, &orders).await;
}
