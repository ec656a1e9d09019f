//! Rows that are cut in an order that goes through links, into other sources too, are folded as they are listed.

use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use serde_json::Value;

use crate::residual::{ask, city};

/// Where aggregates stand in a query, and what they are given; with the number of them in the answer.
const CASES: &[(&str, &str, usize)] = &[
    ("{ civil { residentAggregate@ } }", "orderBy: [{ shotsAggregate: { count: DESC } }], limit: 3", 1),
    (
        "{ civil { residentAggregate@ } }",
        "orderBy: [{ shotsAggregate: { max: { price: ASC } } }, { age: DESC }], offset: 2, limit: 2",
        1,
    ),
    ("{ civil { residentAggregate@ } }", "orderBy: [{ shotsAggregate: { count: ASC } }], offset: 6", 1),
    ("{ civil { residentAggregate@ } }", "orderBy: [{ street: { name: DESC } }], limit: 2", 1),
    (
        "{ civil { residentAggregate@ } }",
        "distinctOn: [age], orderBy: [{ age: DESC }, { shotsAggregate: { count: DESC } }], limit: 3",
        1,
    ),
    (
        "{ civil { residentAggregate@ } }",
        r#"where: { name: { _regex: "n" } }, orderBy: [{ shotsAggregate: { count: DESC } }], limit: 2"#,
        1,
    ),
    (
        "{ civil { street { residentByStreetIdAggregate@ } } }",
        "orderBy: [{ shotsAggregate: { count: DESC } }], limit: 1",
        4,
    ),
    ("{ health { shotAggregate@ } }", "orderBy: [{ resident: { age: DESC } }], limit: 3", 1),
    ("{ health { shotAggregate@ } }", "orderBy: [{ resident: { street: { name: ASC } } }], limit: 3, offset: 1", 1),
    ("{ civil { resident { shotsAggregate@ } } }", "orderBy: [{ resident: { street: { name: DESC } } }], limit: 2", 8),
];

#[tokio::test]
async fn what_is_cut_in_an_order_through_links_is_folded_as_it_is_listed() {
    let all = Capabilities::ALL;
    let reduced = [
        all,
        Capabilities::NONE,
        Capabilities { order: false, order_links: false, ..all },
        Capabilities { order_links: false, link_aggregates: false, ..all },
        Capabilities { limit: false, limit_per_key: false, ..all },
        Capabilities { keys: 0, ..all },
    ];
    let (_city, sqlite) = city().await;
    let copied = Copied::of(&sqlite).await;
    for (query, given, number) in CASES {
        let fold = format!("({given}) {{ aggregate {{ count sum {{ id }} max {{ id }} }} nodes {{ id }} }}");
        let query = query.replace('@', &fold);
        let expected = ask(&sqlite, &query).await;
        assert_eq!(expected.get("errors"), None, "{query}: {expected}");
        let mut folds = Vec::new();
        find(&expected, &mut folds);
        assert_eq!(folds.len(), *number, "{query}: {expected}");
        assert!(folds.iter().any(|(_, ids)| !ids.is_empty()), "{query}: {expected}");
        for (aggregate, ids) in folds {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let sum = ids.iter().sum::<i64>().to_string();
            let sum = if ids.is_empty() { "null".to_owned() } else { sum };
            let most = ids.iter().max().map_or_else(|| "null".to_owned(), ToString::to_string);
            assert_eq!(aggregate["count"], ids.len(), "{query}: {expected}");
            assert_eq!(text(&aggregate["sum"]["id"]), sum, "{query}: {expected}");
            assert_eq!(text(&aggregate["max"]["id"]), most, "{query}: {expected}");
        }
        for capabilities in reduced {
            let got = ask(&copied.serve(capabilities, Limits::default()).gateway, &query).await;
            assert_eq!(got, expected, "{query} with {capabilities:?}");
        }
    }
}

#[tokio::test]
async fn an_order_across_sources_is_followed_before_rows_are_counted() {
    let (_city, sqlite) = city().await;
    let query = "{ health { shotAggregate(orderBy: [{ resident: { age: DESC_NULLS_LAST } }], limit: 4) {
        aggregate { count sum { price } } } } }";
    let answer = ask(&sqlite, query).await;
    // Three shots of the eldest, one of 35.
    let expected = r#"{"data":{"health":{"shotAggregate":{"aggregate":{"count":4,"sum":{"price":"22.25"}}}}}}"#;
    assert_eq!(answer.to_string(), expected);
}

/// The aggregates of an answer, with the keys of their rows.
fn find<'a>(value: &'a Value, into: &mut Vec<(&'a Value, Vec<i64>)>) {
    match value {
        Value::Object(object) if object.contains_key("aggregate") => {
            let ids = object["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_i64().unwrap());
            into.push((&object["aggregate"], ids.collect()));
        }
        Value::Object(object) => object.values().for_each(|value| find(value, into)),
        Value::Array(items) => items.iter().for_each(|value| find(value, into)),
        _ => {}
    }
}
