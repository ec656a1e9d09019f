//! Order, ties, `distinctOn`, `limit` and `offset`.

use serde_json::json;

use super::{ask_source, one};

const ROWS: &str = "
    PRAGMA foreign_keys = OFF;
    CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, ci TEXT COLLATE NOCASE, bl BLOB, c_id INTEGER REFERENCES c);
    INSERT INTO t VALUES (1, 2, 'b', x'00', 1), (2, NULL, 'A', NULL, 2), (3, 1, 'a', NULL, NULL), (4, 2, 'B', NULL, 2);
    CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO c VALUES (1, 'z'), (2, NULL);
    CREATE TABLE keyless (x INTEGER, y INTEGER);
    INSERT INTO keyless VALUES (2, 1), (1, 2), (1, 1);
    CREATE TABLE twice (a INTEGER NOT NULL, b TEXT NOT NULL, c INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID;
    INSERT INTO twice VALUES (1, 'x', 1), (2, 'x', 1), (1, 'w', 1);
    CREATE TABLE named (code TEXT NOT NULL UNIQUE, n INTEGER);
    INSERT INTO named VALUES ('b', 1), ('a', 1), ('c', 0);";

#[test]
fn nulls_come_last_going_up_and_first_going_down_and_the_key_ends_each_order() {
    let (_city, gateway) = one(ROWS);
    let ids = |ids: [i64; 4]| json!({"t": ids.map(|id| json!({"id": id}))});
    ask_source(
        &gateway,
        &[
            ("t { id }", ids([1, 2, 3, 4])),
            ("t(orderBy: []) { id }", ids([1, 2, 3, 4])),
            ("t(orderBy: null) { id }", ids([1, 2, 3, 4])),
            ("t(orderBy: {n: ASC}) { id }", ids([3, 1, 4, 2])),
            ("t(orderBy: [{n: DESC}]) { id }", ids([2, 1, 4, 3])),
            ("t(orderBy: {n: ASC_NULLS_FIRST}) { id }", ids([2, 3, 1, 4])),
            ("t(orderBy: {n: ASC_NULLS_LAST}) { id }", ids([3, 1, 4, 2])),
            ("t(orderBy: {n: DESC_NULLS_FIRST}) { id }", ids([2, 1, 4, 3])),
            ("t(orderBy: {n: DESC_NULLS_LAST}) { id }", ids([1, 4, 3, 2])),
            ("t(orderBy: [{n: ASC}, {id: DESC}]) { id }", ids([3, 4, 1, 2])),
            ("t(orderBy: [{n: ASC}, {n: DESC}]) { id }", ids([3, 1, 4, 2])),
            ("t(orderBy: {ci: ASC}) { id }", ids([2, 3, 1, 4])),
            ("t(orderBy: {c: {name: ASC}}) { id }", ids([1, 2, 3, 4])),
            ("t(orderBy: {c: {name: DESC}}) { id }", ids([2, 3, 4, 1])),
            ("keyless { x y }", json!({"keyless": [{"x": 2, "y": 1}, {"x": 1, "y": 2}, {"x": 1, "y": 1}]})),
            ("keyless(orderBy: {x: ASC}) { y }", json!({"keyless": [{"y": 2}, {"y": 1}, {"y": 1}]})),
            ("twice { a b }", json!({"twice": [{"a": 1, "b": "w"}, {"a": 1, "b": "x"}, {"a": 2, "b": "x"}]})),
            (
                "twice(orderBy: {c: DESC}) { a b }",
                json!({"twice": [{"a": 1, "b": "w"}, {"a": 1, "b": "x"}, {"a": 2, "b": "x"}]}),
            ),
            ("named(orderBy: {n: ASC}) { code }", json!({"named": [{"code": "c"}, {"code": "a"}, {"code": "b"}]})),
        ],
    );
}

#[test]
fn a_page_is_cut_from_the_order() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            ("t(limit: 0) { id }", json!({"t": []})),
            ("t(limit: null, offset: null) { id }", json!({"t": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]})),
            ("t(limit: 2, offset: 1) { id }", json!({"t": [{"id": 2}, {"id": 3}]})),
            ("t(offset: 3) { id }", json!({"t": [{"id": 4}]})),
            ("t(offset: 9) { id }", json!({"t": []})),
            ("t(limit: 10000) { id }", json!({"t": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]})),
            ("t(limit: 10001) { id }", json!("BAD_INPUT")),
            ("t(limit: -1) { id }", json!("BAD_INPUT")),
            ("t(offset: -1) { id }", json!("BAD_INPUT")),
            ("c { t(limit: 1, orderBy: {id: DESC}) { id } }", json!({"c": [{"t": [{"id": 1}]}, {"t": [{"id": 4}]}]})),
            ("c { t(offset: 1) { id } }", json!({"c": [{"t": []}, {"t": [{"id": 4}]}]})),
        ],
    );
}

#[test]
fn distinct_columns_lead_the_order_and_are_compared_exactly() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            ("t(distinctOn: n) { id }", json!({"t": [{"id": 3}, {"id": 1}, {"id": 2}]})),
            ("t(distinctOn: []) { id }", json!({"t": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]})),
            (
                "t(distinctOn: [n], orderBy: [{n: DESC}, {id: DESC}]) { id }",
                json!({"t": [{"id": 2}, {"id": 4}, {"id": 3}]}),
            ),
            (
                "t(distinctOn: [ci], orderBy: {ci: ASC}) { ci }",
                json!({"t": [{"ci": "A"}, {"ci": "a"}, {"ci": "b"}, {"ci": "B"}]}),
            ),
            (
                "t(distinctOn: [n], orderBy: {n: DESC_NULLS_LAST}, limit: 1, offset: 1) { id }",
                json!({"t": [{"id": 3}]}),
            ),
            ("t(distinctOn: [n], orderBy: {id: ASC}) { id }", json!("BAD_INPUT")),
            (
                "t(distinctOn: [n, ci], orderBy: [{ci: ASC}, {n: ASC}]) { id }",
                json!({"t": [{"id": 3}, {"id": 2}, {"id": 1}, {"id": 4}]}),
            ),
        ],
    );
}

#[test]
fn an_order_names_one_key_an_object() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            ("t(orderBy: {n: ASC, id: ASC}) { id }", json!("BAD_INPUT")),
            ("t(orderBy: {c: {name: ASC, id: ASC}}) { id }", json!("BAD_INPUT")),
            ("t(orderBy: {n: UP}) { id }", json!("VALIDATION_FAILED")),
            ("t(orderBy: {bl: ASC}) { id }", json!("VALIDATION_FAILED")),
            ("t(distinctOn: bl) { id }", json!("VALIDATION_FAILED")),
            ("t(where: {bl: {_eq: \"AA==\"}}) { id }", json!("VALIDATION_FAILED")),
            ("t(where: {bl: {_isNull: false}}) { bl }", json!({"t": [{"bl": "AA=="}]})),
        ],
    );
}
