//! What rows come to is the same however it is computed: by the source whole, by the gateway over groups of it, over its
//! rows. That it is what SQL says, within a source and across, is in `differential`.

mod conditions;
mod engines;
mod faults;
mod figures;
mod ordered;

use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use serde_json::Value;

use crate::residual::{ask, city, fetches};

/// A query, and the fetches of sources that can do everything.
type Case = (&'static str, usize);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (r"{ civil { residentAggregate { aggregate { count n: count(columns: [name]) two: count(columns: [age, streetId])
        d: count(columns: [age], distinct: true) dd: count(columns: [age, streetId], distinct: true)
        sum { age weight } avg { age weight } stddev { age } stddevPop { age } variance { age } varPop { age }
        min { name age born idCard } max { name age born weight } } nodes { id } } } }", 2),
    ("{ civil { residentAggregate(where: { id: { _lt: 0 } }) { aggregate { count sum { age } min { name } } nodes { id } } } }", 2),
    (r#"{ civil { residentAggregate(where: { shots: { vaccine: { _eq: "none" } } }) { aggregate { count sum { age } } } } }"#, 1),
    (r#"{ civil { residentAggregate(where: { name: { _regex: "^[A-Z]" } }) { aggregate { count sum { age } max { born } d: count(columns: [age], distinct: true) } } } }"#, 1),
    ("{ civil { residentAggregate(orderBy: [{ age: DESC_NULLS_LAST }, { name: ASC }], limit: 3, offset: 1) { aggregate { count sum { age } min { name } } nodes { id } } } }", 2),
    ("{ civil { residentAggregate(distinctOn: [age]) { aggregate { count sum { age } } } } }", 1),
    (r#"{ civil { residentAggregate(where: { name: { _regex: "n" } }, limit: 2) { aggregate { count max { name } } } } }"#, 1),
    (r#"{ civil { residentAggregate(where: { street: { name: { _eq: "Siping Road" } } }) { aggregate { count avg { age } } } } }"#, 1),
    ("{ civil { noteAggregate { aggregate { count d: count(columns: [text, streetId], distinct: true) max { text } } } } health { shotAggregate { aggregate { sum { price } avg { price } min { price } } } } }", 2),
    ("{ civil { street { id residentByStreetIdAggregate { aggregate { count sum { age } min { name } } nodes { id } } noteAggregate { aggregate { count } } } } }", 4),
    ("{ civil { resident { id shotsAggregate { aggregate { count sum { price } max { vaccine } d: count(columns: [vaccine], distinct: true) } } } } }", 2),
    (r#"{ civil { resident { id shotsAggregate(where: { vaccine: { _eq: "flu" } }, limit: 1, orderBy: { id: DESC }) { aggregate { count sum { price } } } } } }"#, 2),
    (r#"{ civil { resident { id shotsAggregate(where: { vaccine: { _regex: "l" } }, offset: 1) { aggregate { count sum { price } } } } } }"#, 2),
    ("{ civil { street { id residentByStreetIdAggregate(distinctOn: [age]) { aggregate { count } } } } }", 2),
    ("{ civil { resident { id doctorsAggregate { aggregate { count max { ward } d: count(columns: [ward], distinct: true) } } } } }", 2),
    ("{ civil { resident { id doctorsAggregate(limit: 1, orderBy: { ward: DESC }) { aggregate { count max { ward } } } } } }", 2),
    ("{ civil { residentGroups(by: [age]) { key { age } aggregate { count sum { weight } max { name } } } } }", 1),
    ("{ civil { residentGroups(by: [streetId, age], having: { count: { _gt: 0 }, max: { id: { _lte: 7 } } }, orderBy: [{ count: DESC }, { key: { age: DESC } }], limit: 4, offset: 1) { key { age streetId } aggregate { count } } } }", 1),
    ("{ civil { residentGroups(by: [age], having: { _or: [{ count: { _eq: 2 } }, { _not: { sum: { age: { _gt: 12 } } } }] }) { key { age } } } }", 1),
    ("{ civil { residentGroups(by: [street_name, streetByStreetCode_id]) { key { street_name streetByStreetCode_id } aggregate { count avg { age } } } } }", 1),
    (r#"{ civil { residentGroups(by: [street_name], where: { name: { _regex: "n" } }, orderBy: [{ avg: { age: DESC } }], limit: 2) { key { street_name } aggregate { count } } } }"#, 2),
    (r#"{ civil { residentGroups(by: [age], having: { max: { name: { _regex: "a" } } }) { key { age } aggregate { max { name } } } } }"#, 1),
    ("{ health { shotGroups(by: [resident_age, vaccine]) { key { vaccine resident_age } aggregate { count sum { price } avg { price } variance { price } } } } }", 2),
    ("{ health { shotGroups(by: [resident_streetId], orderBy: [{ count: DESC }], limit: 2) { key { resident_streetId } aggregate { count d: count(columns: [vaccine], distinct: true) min { price } } } } }", 2),
    ("{ civil { noteGroups(by: [street_name]) { key { street_name } aggregate { count } } } }", 1),
    ("{ civil { street(where: { residentByStreetIdAggregate: { count: { _gte: 2 }, sum: { age: { _gt: 100 } } } }) { id } } }", 1),
    ("{ civil { street(where: { residentByStreetIdAggregate: { where: { age: { _gt: 40 } }, count: { _lt: 2 } } }) { id } } }", 1),
    ("{ civil { street(where: { _not: { residentByStreetIdAggregate: { max: { age: { _gt: 50 } } } } }) { id } } }", 1),
    ("{ civil { street(where: { noteAggregate: { count: { _eq: 0 } } }) { id } } }", 1),
    ("{ civil { resident(where: { shotsAggregate: { count: { _gt: 1 } } }) { id } zero: resident(where: { shotsAggregate: { count: { _lte: 1 } } }) { id } } }", 4),
    (r#"{ civil { resident(where: { shotsAggregate: { where: { vaccine: { _eq: "flu" } }, sum: { price: { _gt: 10 } } } }) { id } } }"#, 2),
    (r#"{ civil { resident(where: { _or: [{ name: { _regex: "^Z" } }, { shotsAggregate: { count: { _eq: 1 } } }] }) { id } } }"#, 2),
    ("{ civil { resident(where: { doctorsAggregate: { count: { _neq: 1 } } }) { id } some: resident(where: { doctorsAggregate: { max: { ward: { _eq: \"2\" } } } }) { id } } }", 4),
    ("{ health { doctor(where: { patientsAggregate: { avg: { age: { _gt: 40 } } } }) { name } } }", 2),
    ("{ civil { residentAggregate(where: { shotsAggregate: { count: { _eq: 0 } } }) { aggregate { count } } } }", 2),
    ("{ civil { street { id residentByStreetIdAggregate(where: { shotsAggregate: { count: { _gt: 1 } } }) { aggregate { count } } } } }", 3),
    ("{ health { shotAggregate(orderBy: [{ resident: { age: DESC } }, { id: DESC }], limit: 3) { aggregate { count sum { price } } } } }", 2),
    ("{ civil { residentAggregate(orderBy: [{ shotsAggregate: { sum: { price: DESC } } }], limit: 2, offset: 1) { aggregate { count sum { age } max { name } } } } }", 2),
    ("{ civil { street { id residentByStreetIdAggregate(orderBy: [{ shotsAggregate: { count: DESC } }], limit: 1) { aggregate { sum { age } } } } } }", 3),
    (r#"{ civil { residentAggregate(where: { name: { _regex: "n" } }, orderBy: [{ shotsAggregate: { count: DESC } }], limit: 2) { aggregate { count sum { age } } } } }"#, 2),
];

#[tokio::test]
async fn sources_that_can_do_less_come_to_the_same() {
    let all = Capabilities::ALL;
    let reduced = [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("no groups", Capabilities { group: false, ..all }),
        ("no aggregates of links", Capabilities { link_aggregates: false, ..all }),
        ("no columns of links", Capabilities { order_links: false, group_links: false, ..all }),
        ("no filters", Capabilities { filter: false, ..all }),
        ("no links in filters", Capabilities { exists: false, ..all }),
        ("no limits per key", Capabilities { limit_per_key: false, ..all }),
        ("no limits", Capabilities { limit: false, limit_per_key: false, ..all }),
        ("no orders", Capabilities { order: false, order_links: false, ..all }),
        ("no keys", Capabilities { keys: 0, ..all }),
        ("three keys", Capabilities { keys: 3, ..all }),
        ("only groups", Capabilities { group: true, ..Capabilities::NONE }),
        ("only keys", Capabilities { keys: usize::MAX, ..Capabilities::NONE }),
    ];
    let (_city, sqlite) = city().await;
    let copied = Copied::of(&sqlite).await;
    let mut differences = String::new();
    for (query, most) in CASES {
        let before = fetches(&sqlite);
        let expected = ask(&sqlite, query).await;
        if expected.get("errors").is_some() {
            differences.push_str(&format!("{query}: {expected}\n"));
        }
        let asked = fetches(&sqlite) - before;
        if asked != *most as u64 {
            differences.push_str(&format!("{query}\n  sqlite is asked {asked} times instead of {most}\n"));
        }
        for (name, capabilities) in reduced {
            let mirror = copied.serve(capabilities, Limits::default());
            let got = ask(&mirror.gateway, query).await;
            if !same(&got, &expected) {
                differences.push_str(&format!("{name}: {query}\n  expected {expected}\n  got      {got}\n"));
            }
            if name == "everything" && mirror.fetches() != *most {
                differences.push_str(&format!("{name}: {query}\n  {} fetches instead of {most}\n", mirror.fetches()));
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[tokio::test]
async fn what_an_order_across_sources_cuts_is_what_is_folded() {
    let (_city, sqlite) = city().await;
    for (place, arguments) in [
        ("resident", "orderBy: [{ shotsAggregate: { count: DESC } }], limit: 3"),
        ("resident", "orderBy: [{ shotsAggregate: { sum: { price: ASC } } }, { id: DESC }], offset: 2, limit: 4"),
        ("street { residentByStreetId", "orderBy: [{ shotsAggregate: { max: { price: DESC } } }], limit: 1"),
    ] {
        let fields = "aggregate { count sum { id age } } nodes { id age }";
        let close = if place.contains('{') { "}" } else { "" };
        let answer =
            ask(&sqlite, &format!("{{ civil {{ {place}Aggregate({arguments}) {{ {fields} }} {close} }} }}")).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let civil = &answer["data"]["civil"];
        let folds = match civil["street"].as_array() {
            Some(streets) => streets.iter().map(|street| &street["residentByStreetIdAggregate"]).collect(),
            None => vec![&civil["residentAggregate"]],
        };
        for fold in folds {
            let nodes = fold["nodes"].as_array().unwrap();
            assert_eq!(fold["aggregate"]["count"], nodes.len(), "{arguments}: {answer}");
            for column in ["id", "age"] {
                let values = nodes.iter().filter_map(|node| node[column].as_i64()).collect::<Vec<_>>();
                let sum = (!values.is_empty()).then(|| values.iter().sum::<i64>().to_string());
                assert_eq!(fold["aggregate"]["sum"][column].as_str(), sum.as_deref(), "{arguments}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn one_plan_asks_for_the_keys_that_each_variable_needs() {
    let (_city, sqlite) = city().await;
    let query = r"query ($n: BigInt, $in: [BigInt!]) { civil {
        less: resident(where: { shotsAggregate: { count: { _lt: $n } } }) { id }
        more: resident(where: { shotsAggregate: { count: { _gte: $n } } }) { id }
        some: resident(where: { shotsAggregate: { count: { _in: $in } } }) { id } } }";
    for (n, list) in [(0, "[]"), (1, "[0]"), (2, "[1, 3]"), (3, "[0, 1]"), (0, "[3]"), (4, "[]")] {
        let variables = format!(r#"{{ "n": {n}, "in": {list} }}"#);
        let Value::Object(variables) = serde_json::from_str(&variables).unwrap() else { unreachable!() };
        let request =
            lilong::request::Request { query: query.into(), variables, trace: "test".into(), ..Default::default() };
        let answer: Value = serde_json::from_slice(&sqlite.execute(request).await.body).unwrap();
        let start = query.find("{ civil").unwrap();
        let literal = query[start..].replace("$n", &n.to_string()).replace("$in", list);
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(answer, ask(&sqlite, &literal).await, "{literal}");
        let count = |key: &str| answer["data"]["civil"][key].as_array().unwrap().len();
        assert_eq!(count("less") + count("more"), 8);
    }
}

#[tokio::test]
async fn what_the_source_cannot_order_by_aggregates_is_ordered_here() {
    let (_city, sqlite) = city().await;
    let query = "{ civil { street(orderBy: [{ residentByStreetIdAggregate: { count: DESC } }, { residentByStreetIdAggregate: { max: { name: ASC } } }]) { id } } }";
    let ordered = ask(&sqlite, query).await;
    assert_eq!(ordered["data"]["civil"]["street"].to_string(), r#"[{"id":1},{"id":2},{"id":3},{"id":4}]"#, "{ordered}");
    let capabilities = Capabilities { link_aggregates: false, ..Capabilities::ALL };
    let mirror = Copied::of(&sqlite).await.serve(capabilities, Limits::default());
    let answer = ask(&mirror.gateway, query).await;
    assert_eq!(answer, ordered);
    assert_eq!(mirror.fetches(), 3);
}

#[tokio::test]
async fn work_done_here_stays_within_the_row_budget() {
    let (_city, sqlite) = city().await;
    let copied = Copied::of(&sqlite).await;
    let limits = || Limits { budget_rows: 5, ..Limits::default() };
    let code = |answer: Value| answer["errors"][0]["extensions"]["code"].to_string();
    let query =
        r#"{ civil { residentAggregate(where: { name: { _regex: "n" } }) { aggregate { count } nodes { id } } } }"#;
    let answer = ask(&copied.serve(Capabilities::ALL, limits()).gateway, query).await;
    assert_eq!(answer["errors"][0]["path"].to_string(), r#"["civil","residentAggregate","aggregate"]"#, "{answer}");
    assert_eq!(code(answer), "\"TOO_COSTLY\"");
    let query = "{ civil { residentAggregate { aggregate { count } } residentGroups(by: [id]) { key { id } } } }";
    let answer = ask(&copied.serve(Capabilities::ALL, limits()).gateway, query).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let few = Limits { list_rows: 3, ..Limits::default() };
    let answer = ask(&copied.serve(Capabilities::ALL, few).gateway, query).await;
    assert_eq!(answer["data"]["civil"]["residentAggregate"]["aggregate"]["count"], 8, "{answer}");
    assert_eq!(answer["errors"][0]["path"].to_string(), r#"["civil","residentGroups"]"#);
    assert_eq!(code(answer), "\"TOO_LARGE\"");
}

/// Whether two answers are the same, floats up to what the order of a sum may change.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((key, one), (own, other))| key == own && same(one, other))
        }
        _ => one == other,
    }
}
