//! Pages by cursors: walks to the end in both directions, what stands beyond a page, what is refused.

use lilong::Gateway;
use serde_json::{Value, json};

use super::{answer, ask_source, one, open, runtime, short};
use crate::pages::{DIRECTIONS, assert_walks};

const ROWS: &str = "
    PRAGMA foreign_keys = OFF;
    CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, ci TEXT COLLATE NOCASE, price DECIMAL(9,2), day DATE, x REAL, c_id INTEGER REFERENCES c);
    INSERT INTO t VALUES
      (1, 2, 'b', 1.50, '2026-03-01', 0.1, 1), (2, NULL, 'A', NULL, NULL, NULL, 2), (3, 1, 'a', 10, '2025-01-01', -1e300, NULL),
      (4, 2, 'B', 9.99, '2026-03-01', 0.1, 2), (5, NULL, NULL, 1.5, NULL, 2.5, 2), (6, 1, 'é', -3, '0001-01-01', NULL, 9),
      (7, 2, 'b', 1.50, '9999-12-31', 3, 1), (8, 3, '', 0, NULL, 0.1, 1);
    CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO c VALUES (1, 'z'), (2, NULL), (3, 'empty');
    CREATE TABLE keyless (x INTEGER, y TEXT COLLATE NOCASE);
    INSERT INTO keyless VALUES (2, 'a'), (1, 'A'), (1, 'a'), (NULL, NULL), (1, 'A'), (2, NULL);
    CREATE VIEW seen AS SELECT x, upper(y) AS y, x'00' AS z FROM keyless UNION ALL SELECT x, upper(y), x'00' FROM keyless WHERE x = 1;
    CREATE TABLE pair (a TEXT NOT NULL, b INTEGER NOT NULL, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO pair VALUES ('x', 1, NULL), ('x', 2, 'v'), ('w', 5, 'v'), ('y', 0, NULL), ('', 9, 'u');";

#[test]
fn pages_in_both_directions_come_to_the_list() {
    let (_city, gateway) = one(ROWS);
    let mut orders: Vec<String> = vec![String::new(), "[]".into(), "{id: DESC}".into()];
    for column in ["n", "ci", "price", "day", "x", "cId"] {
        orders.extend(DIRECTIONS.map(|direction| format!("{{{column}: {direction}}}")));
    }
    for (one, other) in [("n", "ci"), ("ci", "n"), ("day", "x"), ("x", "price")] {
        for first in ["ASC", "DESC_NULLS_LAST"] {
            orders.extend(DIRECTIONS.map(|second| format!("[{{{one}: {first}}}, {{{other}: {second}}}]")));
        }
    }
    let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
    let walk = |collection, fields, orders: &[&str]| {
        runtime().block_on(assert_walks(&gateway, ("s", collection), fields, orders));
    };
    walk("t", "id", &orders);
    for direction in DIRECTIONS {
        walk(
            "t",
            "id",
            &[&format!("{{c: {{name: {direction}}}}}"), &format!("[{{n: DESC}}, {{c: {{name: {direction}}}}}]")],
        );
        walk("keyless", "x y", &["", &format!("{{y: {direction}}}")]);
    }
    walk("seen", "x y", &["{x: ASC}", "[{x: DESC}, {y: ASC}]"]);
    walk("pair", "a b", &["", "{v: ASC}", "{v: DESC}", "[{b: DESC}]", "[{a: DESC}, {b: ASC}]"]);
}

#[test]
fn a_row_that_comes_or_goes_between_pages_moves_no_other() {
    let (city, gateway) = one(ROWS);
    let page = |after: &str| {
        let query = format!(
            "{{ s {{ tConnection(first: 3, orderBy: {{n: ASC}}{after}) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }} }}"
        );
        answer(&gateway, &query, &Value::Null)["data"]["s"]["tConnection"].clone()
    };
    let first = page("");
    assert_eq!(first["nodes"], json!([{"id": 3}, {"id": 6}, {"id": 1}]));
    city.database(
        "s.sqlite",
        "DELETE FROM t WHERE id IN (1, 3); INSERT INTO t (id, n) VALUES (20, 0), (21, 2), (22, 3);",
    );
    let cursor = first["pageInfo"]["endCursor"].as_str().unwrap();
    let second = page(&format!(", after: \"{cursor}\""));
    assert_eq!(second["nodes"], json!([{"id": 4}, {"id": 7}, {"id": 21}]));
}

#[test]
fn each_parent_has_its_own_page() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            (
                "c { id tConnection(first: 1) { nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage } } }",
                json!({"c": [
                    {"id": 1, "tConnection": {"nodes": [{"id": 1}], "totalCount": 3, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false}}},
                    {"id": 2, "tConnection": {"nodes": [{"id": 2}], "totalCount": 3, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false}}},
                    {"id": 3, "tConnection": {"nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": false, "hasPreviousPage": false}}},
                ]}),
            ),
            (
                "c { a: tConnection(last: 2, orderBy: {n: DESC}) { nodes { id } b: nodes { n c { id } } } }",
                json!({"c": [
                    {"a": {"nodes": [{"id": 1}, {"id": 7}], "b": [{"n": 2, "c": {"id": 1}}, {"n": 2, "c": {"id": 1}}]}},
                    {"a": {"nodes": [{"id": 5}, {"id": 4}], "b": [{"n": null, "c": {"id": 2}}, {"n": 2, "c": {"id": 2}}]}},
                    {"a": {"nodes": [], "b": []}},
                ]}),
            ),
            (
                "cConnection(first: 0) { totalCount __typename nodes { id } }",
                json!({"cConnection": {"totalCount": 3, "__typename": "SCConnection", "nodes": []}}),
            ),
        ],
    );
    let start = answer(&gateway, "{ s { tConnection(first: 4) { pageInfo { endCursor } } } }", &Value::Null);
    let cursor = &start["data"]["s"]["tConnection"]["pageInfo"]["endCursor"];
    let query = "query($after: String) { s { c { tConnection(first: 5, after: $after) { nodes { id } pageInfo { hasPreviousPage } } } } }";
    let found = answer(&gateway, query, &json!({"after": cursor}));
    assert_eq!(
        short(&found),
        json!({"s": {"c": [
            {"tConnection": {"nodes": [{"id": 7}, {"id": 8}], "pageInfo": {"hasPreviousPage": true}}},
            {"tConnection": {"nodes": [{"id": 5}], "pageInfo": {"hasPreviousPage": true}}},
            {"tConnection": {"nodes": [], "pageInfo": {"hasPreviousPage": false}}},
        ]}})
    );
}

#[test]
fn what_cannot_be_a_page_is_refused_before_anything_is_asked() {
    let (_city, gateway) = one(ROWS);
    let cursor = |arguments: &str| {
        let query = format!("{{ s {{ tConnection(first: 2, {arguments}) {{ pageInfo {{ endCursor }} }} }} }}");
        let answer = answer(&gateway, &query, &Value::Null);
        answer["data"]["s"]["tConnection"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned()
    };
    let by_n = cursor("orderBy: {n: ASC}");
    let changed = format!("{}A{}", &by_n[..10], &by_n[11..]);
    let changed = if changed == by_n { format!("{}B{}", &by_n[..10], &by_n[11..]) } else { changed };
    for (arguments, part) in [
        (String::new(), "say how many rows a page has, by `first` or `last`, at most 10000"),
        ("(first: 1, last: 1)".into(), "takes `first` or `last`, not both"),
        ("(first: -1)".into(), "`first: -1` is negative"),
        ("(last: 10001)".into(), "`last: 10001` is more than the most, 10000"),
        ("(first: null, last: null)".into(), "say how many rows"),
        ("(first: 1, after: \"\")".into(), "`after` is no cursor of this gateway's"),
        ("(first: 1, before: \"garbage\")".into(), "`before` is no cursor of this gateway's"),
        (format!("(first: 1, orderBy: {{n: ASC}}, after: \"{changed}\")"), "`after` is no cursor of this gateway's"),
        (format!("(first: 1, after: \"{by_n}\")"), "`after` is a cursor of another collection or another order"),
        (format!("(first: 1, orderBy: {{n: DESC}}, after: \"{by_n}\")"), "another order"),
        (format!("(first: 1, orderBy: {{n: ASC_NULLS_FIRST}}, before: \"{by_n}\")"), "another order"),
    ] {
        let query = format!("{{ s {{ tConnection{arguments} {{ nodes {{ id }} }} }} }}");
        let answer = answer(&gateway, &query, &Value::Null);
        assert!(answer.get("data").is_none(), "{arguments}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_INPUT", "{arguments}: {answer}");
        assert!(error["message"].as_str().unwrap().contains(part), "{arguments}: {answer}");
    }
    for legal in [
        format!("(first: 1, orderBy: [{{n: ASC}}, {{id: ASC}}], after: \"{by_n}\") {{ nodes {{ id }} }}"),
        format!(
            "(last: 1, orderBy: {{n: ASC}}, where: {{n: {{_gt: 1}}}}, after: \"{by_n}\", before: null) {{ nodes {{ id }} }}"
        ),
        "(first: 10000) { nodes { id } }".into(),
    ] {
        let answer = answer(&gateway, &format!("{{ s {{ tConnection{legal} }} }}"), &Value::Null);
        assert!(answer.get("errors").is_none(), "{legal}: {answer}");
    }
}

#[test]
fn a_page_between_two_cursors_says_what_stands_on_both_sides() {
    let (_city, gateway) = one(ROWS);
    let all = answer(&gateway, "{ s { tConnection(first: 100) { edges { cursor } } } }", &Value::Null);
    let cursors: Vec<&Value> =
        all["data"]["s"]["tConnection"]["edges"].as_array().unwrap().iter().map(|edge| &edge["cursor"]).collect();
    let query = "query($n: Int, $after: String, $before: String) { s {
        up: tConnection(first: $n, after: $after, before: $before) { nodes { id } pageInfo { hasPreviousPage hasNextPage } }
        down: tConnection(last: $n, after: $after, before: $before) { nodes { id } pageInfo { hasPreviousPage hasNextPage } } } }";
    let at = |rows: &[u64], previous: bool, next: bool| {
        let nodes: Vec<Value> = rows.iter().map(|id| json!({"id": id})).collect();
        json!({"nodes": nodes, "pageInfo": {"hasPreviousPage": previous, "hasNextPage": next}})
    };
    for (size, after, before, up, down) in [
        (2, 1, 6, at(&[3, 4], true, true), at(&[5, 6], true, true)),
        (9, 1, 6, at(&[3, 4, 5, 6], true, true), at(&[3, 4, 5, 6], true, true)),
        (9, 6, 1, at(&[], true, true), at(&[], true, true)),
        (0, 3, 4, at(&[], true, true), at(&[], true, true)),
    ] {
        let variables = json!({"n": size, "after": cursors[after], "before": cursors[before]});
        let found = answer(&gateway, query, &variables);
        assert_eq!(short(&found), json!({"s": {"up": up, "down": down}}), "{size} after {after} before {before}");
    }
}

#[test]
fn gateways_of_one_key_open_each_others_cursors() {
    let (city, first) = one(ROWS);
    let query =
        "query($after: String) { s { tConnection(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } } }";
    let end = |gateway: &Gateway| {
        let found = answer(gateway, query, &Value::Null);
        json!({"after": found["data"]["s"]["tConnection"]["pageInfo"]["endCursor"]})
    };
    assert_eq!(short(&answer(&open(&city), query, &end(&first))), json!("BAD_INPUT"));
    city.write("key.toml", "[server]\ncursor_key = \"0123456789abcdef\"\n");
    let (one, other) = (open(&city), open(&city));
    let found = answer(&other, query, &end(&one));
    assert_eq!(found["data"]["s"]["tConnection"]["nodes"], json!([{"id": 3}, {"id": 4}]));
    assert_eq!(end(&one), end(&other));
}
