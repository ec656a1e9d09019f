//! Members that the least and greatest values they told rule out are not asked, where the catalog allows that.

use std::fs;
use std::time::Duration;

use lilong::Gateway;
use lilong_connectors::Change;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::{Value, json};

use super::ask;

const UNION: &str = r#"
[[discover]]
connector = "sqlite"
path = "part_*.sqlite"
[[source]]
name = "office"
connector = "sqlite"
path = "office.sqlite"
[[union]]
name = "item"
members = ["part_*.item"]
prune = "1h"
[[link]]
from = "office.visit(item)"
to = "item(id)"
name = "thing"
back = "visits"
"#;

/// Four members with a hundred rows each, by number, day and code one after the other; a fifth has none. Sizes have no index.
fn parts(catalog: &str) -> City {
    let city = City::empty();
    for member in 0..5 {
        let last = if member == 4 { 0 } else { 100 };
        city.database(
            &format!("part_{member}.sqlite"),
            &format!(
                "CREATE TABLE item (id INTEGER PRIMARY KEY, size INTEGER, day DATE, code TEXT, label TEXT COLLATE NOCASE);
                 CREATE INDEX by_day ON item (day);
                 CREATE INDEX by_code ON item (code);
                 CREATE INDEX by_label ON item (label);
                 INSERT INTO item WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
                    SELECT {member} * 1000 + i, i, NULLIF(date('2020-01-01', '+' || ({member} * 1000 + i) || ' days'), '2020-01-02'),
                        'c' || ({member} * 1000 + 1000 + i), 'L' || ({member} * 1000 + 1000 + i)
                    FROM n WHERE i <= {last};"
            ),
        );
    }
    city.database(
        "office.sqlite",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, item INTEGER);
         INSERT INTO visit VALUES (1, 7), (2, 55), (3, 1007), (4, NULL);",
    );
    city.write("lilong.toml", catalog);
    city
}

/// How many statements each member was sent.
fn sent(gateway: &Gateway) -> Vec<u64> {
    let model = gateway.model();
    let parts = model.sources.iter().filter(|source| source.name().starts_with("part_"));
    parts.map(|source| source.status().sent).collect()
}

/// What a query finds, and how many statements it took at each member.
async fn asked(gateway: &Gateway, query: &str) -> (Value, Vec<u64>) {
    let before = sent(gateway);
    let answer = ask(gateway, query).await;
    assert_eq!(answer["errors"], Value::Null, "{query}: {answer}");
    let after = sent(gateway);
    (answer["data"].clone(), before.iter().zip(after).map(|(before, after)| after - before).collect())
}

#[tokio::test]
async fn members_are_ruled_out_by_what_they_told_once() {
    let city = parts(UNION);
    let gateway = serve(city.folder()).await;
    // The first question about a column asks for both its ends.
    let (_, first) = asked(&gateway, "{ item(where: { id: { _eq: 2005 } }) { id } }").await;
    assert_eq!(first, [2, 2, 3, 2, 2]);
    let (_, first) = asked(&gateway, r#"{ item(where: { day: { _eq: "2020-01-11" } }) { id } }"#).await;
    assert_eq!(first, [3, 2, 2, 2, 2]);
    let (_, first) = asked(&gateway, r#"{ item(where: { code: { _gte: "c4" } }) { id } }"#).await;
    assert_eq!(first, [2, 2, 2, 3, 2]);
    #[rustfmt::skip]
    let cases: Vec<(&str, &str, Value, [u64; 5])> = vec![
        ("{ item(where: { id: { _eq: 2005 } }) { id } }", "/item", json!([{ "id": 2005 }]), [0, 0, 1, 0, 0]),
        ("{ item(where: { id: { _eq: 500 } }) { id } }", "/item", json!([]), [0; 5]),
        ("{ item(where: { id: { _in: [3, 3100, 9999] } }) { id } }", "/item", json!([{ "id": 3 }, { "id": 3100 }]), [1, 0, 0, 1, 0]),
        ("{ item(where: { id: { _lt: 3 } }) { id } }", "/item", json!([{ "id": 1 }, { "id": 2 }]), [1, 0, 0, 0, 0]),
        ("{ item(where: { id: { _lt: 1 } }) { id } }", "/item", json!([]), [0; 5]),
        ("{ item(where: { id: { _lte: 1001, _gt: 100 } }) { id } }", "/item", json!([{ "id": 1001 }]), [0, 1, 0, 0, 0]),
        ("{ item(where: { id: { _gte: 3100 } }) { id } }", "/item", json!([{ "id": 3100 }]), [0, 0, 0, 1, 0]),
        ("{ item(where: { _or: [{ id: { _eq: 1 } }, { _and: [{ id: { _eq: 2001 } }, { day: { _lt: \"2020-02-01\" } }] }] }) { id } }", "/item", json!([{ "id": 1 }]), [1, 0, 0, 0, 0]),
        // Two columns together.
        ("{ item(where: { id: { _gt: 3000 }, day: { _lt: \"2021-01-01\" } }) { id } }", "/item", json!([]), [0; 5]),
        // Text by code point; nothing is known of text that is ordered otherwise.
        (r#"{ item(where: { code: { _in: ["c1001", "C2001"] } }) { id } }"#, "/item", json!([{ "id": 1 }]), [1, 0, 0, 0, 0]),
        (r#"{ item(where: { label: { _eq: "L1001" } }) { id } }"#, "/item", json!([{ "id": 1 }]), [1; 5]),
        // What is turned round, and what no index leads to, rules nothing out.
        ("{ item(where: { _not: { id: { _gt: 1 } } }) { id } }", "/item", json!([{ "id": 1 }]), [1; 5]),
        ("{ item(where: { size: { _gt: 1000 } }) { id } }", "/item", json!([]), [1; 5]),
        ("{ item(where: { id: { _neq: 1 }, size: { _eq: 1 } }) { id } }", "/item", json!([{ "id": 1001 }, { "id": 2001 }, { "id": 3001 }]), [1; 5]),
        ("{ item(where: { day: { _isNull: true } }) { id } }", "/item", json!([{ "id": 1 }]), [1; 5]),
        // Figures, groups, pages, rows by key.
        ("{ itemAggregate(where: { id: { _gt: 3098 } }) { aggregate { count sum { size } } } }", "/itemAggregate/aggregate", json!({ "count": 2, "sum": { "size": "199" } }), [0, 0, 0, 1, 0]),
        ("{ itemAggregate(where: { id: { _gt: 9000 } }) { aggregate { count max { size } } } }", "/itemAggregate/aggregate", json!({ "count": 0, "max": { "size": null } }), [0; 5]),
        ("{ itemGroups(by: [_source], where: { id: { _in: [1, 2, 1001] } }) { key { _source } aggregate { count } } }", "/itemGroups",
            json!([{ "key": { "_source": "part_0" }, "aggregate": { "count": 2 } }, { "key": { "_source": "part_1" }, "aggregate": { "count": 1 } }]), [1, 1, 0, 0, 0]),
        ("{ itemConnection(where: { id: { _gt: 2098 } }, first: 2, orderBy: [{ id: DESC }]) { nodes { id } } }", "/itemConnection/nodes", json!([{ "id": 3100 }, { "id": 3099 }]), [0, 0, 1, 1, 0]),
        (r#"{ itemByPk(_source: "part_1", id: 1001) { size } }"#, "/itemByPk", json!({ "size": 1 }), [0, 1, 0, 0, 0]),
        (r#"{ itemByPk(_source: "part_1", id: 1) { size } }"#, "/itemByPk", json!(null), [0; 5]),
        // Links, by the keys of their parents.
        ("{ office { visit { thing { id } } } }", "/office/visit", json!([{ "thing": [{ "id": 7 }] }, { "thing": [{ "id": 55 }] }, { "thing": [{ "id": 1007 }] }, { "thing": [] }]), [1, 1, 0, 0, 0]),
        ("{ office { visit(where: { thing: { id: { _gt: 1000 } } }) { id } } }", "/office/visit", json!([{ "id": 3 }]), [0, 1, 1, 1, 0]),
    ];
    let mut wrong = String::new();
    for (query, path, expected, statements) in cases {
        let (data, asked) = asked(&gateway, query).await;
        let found = data.pointer(path).unwrap_or(&Value::Null);
        if *found != expected || asked != statements {
            wrong.push_str(&format!("{query}\n  {asked:?} {found}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[tokio::test]
async fn what_was_told_is_forgotten_when_it_is_told_to_be() {
    let city = parts(UNION);
    let gateway = serve(city.folder()).await;
    let query = "{ item(where: { id: { _gte: 5000 } }) { id } }";
    assert_eq!(asked(&gateway, query).await, (json!({ "item": [] }), vec![2; 5]));
    let silo = rusqlite::Connection::open(city.folder().join("part_1.sqlite")).unwrap();
    silo.execute_batch("INSERT INTO item (id) VALUES (5001)").unwrap();
    // That is what the setting allows.
    assert_eq!(asked(&gateway, query).await, (json!({ "item": [] }), vec![0; 5]));
    let model = gateway.model();
    let part = model.sources.iter().find(|source| &**source.name() == "part_1").unwrap();
    part.forget(&Change::Collection("street".to_owned()));
    assert_eq!(asked(&gateway, query).await.1, [0; 5]);
    part.forget(&Change::Collection("item".to_owned()));
    assert_eq!(asked(&gateway, query).await, (json!({ "item": [{ "id": 5001 }] }), vec![0, 3, 0, 0, 0]));
}

#[tokio::test]
async fn what_was_told_is_no_younger_for_being_kept() {
    let city = parts(&UNION.replace("prune = \"1h\"", "prune = \"1ms\""));
    let catalog = std::fs::read_to_string(city.folder().join("lilong.toml")).unwrap();
    city.write("lilong.toml", &format!("[defaults]\ncache = \"1h\"\n\n{catalog}"));
    let gateway = serve(city.folder()).await;
    asked(&gateway, "{ item(where: { id: { _gte: 5000 } }) { id } }").await;
    let silo = rusqlite::Connection::open(city.folder().join("part_1.sqlite")).unwrap();
    silo.execute_batch("INSERT INTO item (id) VALUES (5001)").unwrap();
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (data, _) = asked(&gateway, "{ item(where: { id: { _gte: 5001 } }) { id } }").await;
    assert_eq!(data, json!({ "item": [{ "id": 5001 }] }));
}

#[tokio::test]
async fn without_the_setting_every_member_is_asked_each_time() {
    let city = parts(&UNION.replace("prune = \"1h\"\n", ""));
    let gateway = serve(city.folder()).await;
    for _ in 0..2 {
        let (data, statements) = asked(&gateway, "{ item(where: { id: { _eq: 2005 } }) { id } }").await;
        assert_eq!((data, statements), (json!({ "item": [{ "id": 2005 }] }), vec![1; 5]));
    }
}

#[tokio::test]
async fn what_is_no_value_of_its_column_rules_nothing_out_on_its_side() {
    let city = parts(UNION);
    let silo = rusqlite::Connection::open(city.folder().join("part_1.sqlite")).unwrap();
    let gateway = serve(city.folder()).await;
    // A text stands after all days.
    silo.execute_batch("UPDATE item SET day = 'unknown' WHERE id = 1001").unwrap();
    let query = |day: &str| format!(r#"{{ item(where: {{ day: {{ _eq: "{day}" }} }}) {{ id }} }}"#);
    assert_eq!(asked(&gateway, &query("2035-01-01")).await.1, [2, 3, 2, 2, 2]);
    assert_eq!(asked(&gateway, &query("2022-09-30")).await.1, [0, 1, 0, 0, 0]);
    assert_eq!(asked(&gateway, &query("2022-09-01")).await.1, [0; 5]);
}

#[tokio::test]
async fn a_member_that_does_not_say_is_asked_and_told_to_be_silent() {
    let city = parts(UNION);
    let gateway = serve(city.folder()).await;
    fs::remove_file(city.folder().join("part_2.sqlite")).unwrap();
    let answer = ask(&gateway, "{ item(where: { id: { _lte: 1 } }) { id } }").await;
    assert_eq!(answer["data"], json!({ "item": [{ "id": 1 }] }), "{answer}");
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["part_2"]), "{answer}");
}

#[tokio::test]
async fn explain_tells_what_may_rule_members_out() {
    let city = parts(UNION);
    let gateway = serve(city.folder()).await;
    let explain = |query: &str| {
        let request = lilong::request::Request { query: query.to_owned(), ..Default::default() };
        gateway.explain(&request).unwrap()["steps"][0]["prune"].clone()
    };
    let prune = explain(r#"{ item(where: { id: { _gt: 7 }, size: { _gt: 1 }, code: { _like: "x" } }) { id } }"#);
    assert_eq!((&prune["by"], &prune["seconds"]), (&json!(["id"]), &json!(3600.0)), "{prune}");
    assert_eq!(prune["ends"].as_array().unwrap().len(), 2, "{prune}");
    assert_eq!(explain("{ item(where: { size: { _gt: 7 } }) { id } }"), Value::Null);
}
