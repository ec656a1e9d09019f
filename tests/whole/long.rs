//! Long answers: they leave in pieces, whole, with their length told before.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lilong_tests::program::Running;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

const ROWS: usize = 3_000;

/// What tools ask of a schema.
const INTROSPECTION: &str = "{ __schema { queryType { name } types { ...Full } directives { name locations args { ...Input } } } }
    fragment Full on __Type { kind name description fields(includeDeprecated: true) { name description args { ...Input } type { ...Ref } }
      inputFields { ...Input } interfaces { ...Ref } enumValues(includeDeprecated: true) { name description } possibleTypes { ...Ref } }
    fragment Input on __InputValue { name description type { ...Ref } defaultValue }
    fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A source of many tables, `t0` with many rows, and one of a single table.
fn catalog() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("first", tables(220)), ("second", "CREATE TABLE only (id INTEGER PRIMARY KEY)".into())] {
        Connection::open(folder.path().join(format!("{name}.sqlite"))).unwrap().execute_batch(&text).unwrap();
    }
    let text = "[[discover]]\nconnector = \"sqlite\"\npath = \"*.sqlite\"\n";
    std::fs::write(folder.path().join("lilong.toml"), text).unwrap();
    folder
}

fn tables(count: usize) -> String {
    let mut text = String::new();
    for table in 0..count {
        writeln!(
            text,
            "CREATE TABLE t{table} (id INTEGER PRIMARY KEY, name TEXT, day DATE, t0_id INTEGER REFERENCES t0 (id));"
        )
        .unwrap();
    }
    writeln!(text, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})").unwrap();
    writeln!(text, "  INSERT INTO t0 SELECT i, 'the name of number ' || i, '2026-01-01', NULL FROM n;").unwrap();
    text
}

fn post(running: &Running, path: &str, query: &str, headers: &[&str]) -> lilong_tests::program::Reply {
    let reply = running.post(path, &json!({"query": query}).to_string(), headers);
    assert_eq!(reply.status, 200);
    reply
}

fn names(types: &Value) -> BTreeSet<&str> {
    types.as_array().unwrap().iter().map(|ty| ty["name"].as_str().unwrap()).collect()
}

#[test]
fn a_long_schema_leaves_in_pieces_and_is_whole() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let first = post(&running, "/graphql", INTROSPECTION, &[]);
    assert!(first.body.len() > 4_000_000, "{}", first.body.len());
    assert_eq!(first.header("content-length"), first.body.len().to_string());
    let answer = first.json();
    let types = names(&answer["data"]["__schema"]["types"]);
    assert!(types.contains("FirstT149Groups") || types.contains("FirstT149"), "{}", types.len());
    for ty in answer["data"]["__schema"]["types"].as_array().unwrap() {
        for field in ty["fields"].as_array().into_iter().flatten() {
            let mut inner = &field["type"];
            while !inner["ofType"].is_null() {
                inner = &inner["ofType"];
            }
            assert!(types.contains(inner["name"].as_str().unwrap()), "{field}");
        }
    }
    assert_eq!(post(&running, "/graphql", INTROSPECTION, &[]).body, first.body, "a plan that is found writes the same");
    let short = post(&running, "/graphql?sources=second", INTROSPECTION, &[]);
    assert!(short.body.len() < 200_000 && short.json()["data"]["__schema"]["types"].is_array());
    let packed = post(&running, "/graphql", INTROSPECTION, &["accept-encoding: gzip"]);
    assert_eq!((packed.header("content-encoding"), packed.header("content-length")), ("gzip", ""));
    assert!(packed.body.len() * 10 < first.body.len());
}

#[test]
fn a_long_schema_stands_among_other_fields() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let query = "{ before: __typename first { t0(limit: 1) { id } } a: __schema { types { name description fields { name args { name description } } } }
        second { only { id } } b: __schema { types { kind fields { description args { name description type { name } } } } } after: __typename }";
    let reply = post(&running, "/graphql", query, &[]);
    assert!(reply.body.len() > 2_000_000, "{}", reply.body.len());
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let answer = reply.json();
    let keys = answer["data"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["before", "first", "a", "second", "b", "after"]);
    assert_eq!(answer["data"]["first"], json!({"t0": [{"id": 1}]}));
    assert_eq!(answer["data"]["second"], json!({"only": []}));
    let (a, b) = (&answer["data"]["a"]["types"], &answer["data"]["b"]["types"]);
    assert_eq!(a.as_array().unwrap().len(), b.as_array().unwrap().len());
    assert_eq!(answer["data"]["after"], "Query");
    assert!(answer.get("errors").is_none());
}

#[test]
fn many_rows_leave_in_pieces_and_are_whole() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let list = "{ first { t0(orderBy: {id: ASC}) { id name day t0 { id } } } }";
    let reply = post(&running, "/graphql", list, &[]);
    assert!(reply.body.len() > 200_000);
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let answer = reply.json();
    let rows = answer["data"]["first"]["t0"].as_array().unwrap();
    assert_eq!(rows.len(), ROWS);
    for (index, row) in rows.iter().enumerate() {
        let id = index + 1;
        assert_eq!(
            *row,
            json!({"id": id, "name": format!("the name of number {id}"), "day": "2026-01-01", "t0": null})
        );
    }
    let pages = "{ first { t0Connection(first: 3000) { edges { cursor node { id name } } nodes { name day } pageInfo { hasNextPage } } } }";
    let answer = post(&running, "/graphql", pages, &[]).json();
    let page = &answer["data"]["first"]["t0Connection"];
    assert_eq!(page["edges"].as_array().unwrap().len(), ROWS);
    assert_eq!(page["edges"][ROWS - 1]["node"], json!({"id": ROWS, "name": format!("the name of number {ROWS}")}));
    assert_eq!(page["nodes"].as_array().unwrap().len(), ROWS);
    assert_eq!(page["pageInfo"], json!({"hasNextPage": false}));
}
