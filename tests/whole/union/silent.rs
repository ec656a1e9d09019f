//! What a union answers while one of its members is silent.

use lilong_connectors::ErrorKind;
use lilong_connectors::kinds::memory::Script;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::{Copied, Mirror};
use lilong_tests::serve;
use serde_json::{Value, json};

use super::{ask, catalog, silo};

const CATALOG: &str = r#"
[[union]]
name = "resident"
members = ["street_*.resident"]
key = ["card"]

[[union]]
name = "lenient"
members = ["street_*.resident"]
key = ["card"]
partial = true

[[link]]
from = "health.shot(card)"
to = "resident(card)"
name = "resident"
back = "shots"

[[link]]
from = "health.shot(card)"
to = "lenient(card)"
name = "lenient"
many = true
"#;

/// Three streets of two residents each, and a department that knows some of them; street 2 is silent.
async fn streets() -> Mirror {
    let folder = tempfile::tempdir().unwrap();
    for street in 1..=3 {
        let statements = format!(
            "CREATE TABLE resident (id INTEGER PRIMARY KEY, card TEXT, age INTEGER);
             INSERT INTO resident VALUES (1, 'a{street}', {street}0), (2, 'b{street}', {street}1);"
        );
        silo(folder.path(), &format!("street_{street}"), &statements);
    }
    let shots = "CREATE TABLE shot (id INTEGER PRIMARY KEY, card TEXT);
                 INSERT INTO shot VALUES (1, 'a1'), (2, 'a2'), (3, 'none');";
    silo(folder.path(), "health", shots);
    catalog(folder.path(), CATALOG);
    let copied = Copied::of(&serve(folder.path()).await).await;
    let mirror = copied.serve(Capabilities::ALL, Limits::default());
    mirror.source("street_2").play(Script::failing(ErrorKind::Unavailable));
    mirror
}

/// What is said of the argument.
const PARTIAL: &str = "Answer from the members that answer, and tell which are missing.";

/// Path (or null), field (or null), source and code of each error.
fn errors(answer: &Value) -> Vec<Value> {
    let show = |error: &Value| {
        let extensions = &error["extensions"];
        json!([error["path"], extensions["field"], extensions["source"], extensions["code"]])
    };
    answer["errors"].as_array().into_iter().flatten().map(show).collect()
}

#[tokio::test]
async fn a_list_gives_the_rest_and_tells_what_is_missing() {
    let streets = streets().await;
    let answer = ask(&streets.gateway, "{ all: resident { _source id } resident(limit: 1, offset: 2) { card } }").await;
    assert_eq!(
        answer["data"],
        json!({
            "all": [
                { "_source": "street_1", "id": 1 }, { "_source": "street_3", "id": 1 },
                { "_source": "street_1", "id": 2 }, { "_source": "street_3", "id": 2 },
            ],
            "resident": [{ "card": "b1" }],
        })
    );
    let missing = |field| json!([null, field, "street_2", "SOURCE_UNAVAILABLE"]);
    assert_eq!(errors(&answer), [missing("all"), missing("resident")]);
    assert!(answer["errors"].as_array().unwrap().iter().all(|error| error.get("path").is_none()));
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["street_2"]));
}

#[tokio::test]
async fn a_page_or_an_order_through_links_gives_the_rest_and_tells_what_is_missing() {
    let streets = streets().await;
    let query = "{
        page: residentConnection(first: 1, orderBy: [{ age: DESC }]) { nodes { card shots { id } } }
        edge: residentConnection(last: 1) { edges { node { _source } } totalCount }
        ends: residentConnection(first: 1) { pageInfo { hasNextPage } }
        health { shot(limit: 1) { id } }
        far: resident(orderBy: [{ shotsAggregate: { count: DESC } }], limit: 1) { card }
        all: residentAggregate(orderBy: [{ shotsAggregate: { count: DESC } }], limit: 1) { nodes { card } }
        part: residentAggregate(orderBy: [{ shotsAggregate: { count: DESC } }], limit: 1, partial: true) {
            nodes { card } } }";
    let answer = ask(&streets.gateway, query).await;
    assert_eq!(
        answer["data"],
        json!({
            "page": { "nodes": [{ "card": "b3", "shots": [] }] },
            "edge": { "edges": [{ "node": { "_source": "street_3" } }], "totalCount": null },
            "ends": { "pageInfo": { "hasNextPage": true } },
            "health": { "shot": [{ "id": 1 }] },
            "far": [{ "card": "a1" }],
            "all": null,
            "part": { "nodes": [{ "card": "a1" }] },
        }),
        "{answer}"
    );
    let at = |path: Value| json!([path, null, "street_2", "SOURCE_UNAVAILABLE"]);
    let without = |field: &str| json!([null, field, "street_2", "SOURCE_UNAVAILABLE"]);
    let expected = [
        at(json!(["edge", "totalCount"])),
        at(json!(["all"])),
        without("page"),
        without("edge"),
        without("ends"),
        without("far"),
        without("part.nodes"),
    ];
    assert_eq!(errors(&answer), expected, "{answer}");
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["street_2"]), "{answer}");
}

#[tokio::test]
async fn what_is_missing_below_a_page_is_told() {
    let streets = streets().await;
    let nodes = "nodes { resident { card } } edges { node { resident { age } } }";
    let query = &format!("{{ health {{ shotConnection(first: 1) {{ {nodes} }} }} }}");
    let answer = ask(&streets.gateway, query).await;
    let field = |name: &str| json!([null, format!("health.shotConnection.{name}"), "street_2", "SOURCE_UNAVAILABLE"]);
    assert_eq!(errors(&answer), [field("nodes.resident"), field("edges.node.resident")], "{answer}");
}

#[tokio::test]
async fn who_is_ruled_out_is_not_missed() {
    let streets = streets().await;
    for query in [
        r#"{ resident(where: { _source: { _neq: "street_2" } }) { id } }"#,
        r#"{ resident(where: { _or: [{ _source: { _eq: "street_1" } }, { _source: { _in: ["street_3"] } }] }) { id } }"#,
        r#"{ residentByPk(_source: "street_1", id: 1) { id } }"#,
        r#"{ resident(where: { _source: { _regex: "[13]$" } }) { id } }"#,
        r#"{ resident(where: { _source: { _iregex: "^STREET_(1|3)$" } }, orderBy: [{ age: DESC }], limit: 1) { id } }"#,
        r#"{ resident(where: { _not: { _source: { _regex: "2" } }, card: { _regex: "^a" } }) { id } }"#,
        r#"{ resident(where: { _or: [{ _source: { _regex: "1$" }, card: { _regex: "^a" } }, { _source: { _like: "%3" } }] }) { id } }"#,
        r#"{ residentConnection(first: 1, where: { _source: { _regex: "1$" } }) { nodes { id } pageInfo { hasNextPage } totalCount } }"#,
        r#"{ residentAggregate(where: { _source: { _regex: "1$" } }) { aggregate { count max { age } } nodes { id } } }"#,
        r#"{ residentGroups(by: [age], where: { _source: { _regex: "1$" } }) { key { age } aggregate { count } } }"#,
        r#"{ health { shot { resident: lenient(where: { _source: { _regex: "1$" } }) { id } } } }"#,
        r#"{ health { shot(where: { resident: { _source: { _regex: "1$" } } }) { id } } }"#,
    ] {
        streets.source("street_2").clear_log();
        let answer = ask(&streets.gateway, query).await;
        assert!(answer.get("errors").is_none() && answer.get("extensions").is_none(), "{query}: {answer}");
        assert!(streets.source("street_2").log().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn a_row_by_key_is_null_with_an_error_unless_the_rest_will_do() {
    let streets = streets().await;
    let answer = ask(
        &streets.gateway,
        r#"{ residentByCard(card: "a1") { id } part: residentByCard(card: "a1", partial: true) { id }
             none: residentByCard(card: "a2", partial: true) { id } residentByPk(_source: "street_2", id: 1) { id }
             lenientByCard(card: "a1") { id } strict: lenientByCard(card: "a1", partial: false) { id } }"#,
    )
    .await;
    assert_eq!(
        answer["data"],
        json!({
            "residentByCard": null, "part": { "id": 1 }, "none": null, "residentByPk": null,
            "lenientByCard": { "id": 1 }, "strict": null,
        })
    );
    let at = |path: &str| json!([[path], null, "street_2", "SOURCE_UNAVAILABLE"]);
    let without = |field: &str| json!([null, field, "street_2", "SOURCE_UNAVAILABLE"]);
    let expected = [
        at("residentByCard"),
        at("residentByPk"),
        at("strict"),
        without("part"),
        without("none"),
        without("lenientByCard"),
    ];
    assert_eq!(errors(&answer), expected);
}

#[tokio::test]
async fn aggregates_and_groups_are_null_with_an_error_unless_the_rest_will_do() {
    let streets = streets().await;
    let answer = ask(
        &streets.gateway,
        "{ residentAggregate { aggregate { count } }
           part: residentAggregate(partial: true) { aggregate { count sum { age } } nodes { card } }
           residentGroups(by: [_source]) { aggregate { count } } lenientAggregate { aggregate { count } nodes { id } }
           rows: residentAggregate { nodes { card } } name: residentAggregate { __typename }
           other: residentAggregate(where: { _source: { _neq: \"street_2\" } }) { aggregate { count } nodes { id } } }",
    )
    .await;
    assert_eq!(answer["data"]["residentAggregate"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["rows"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["name"], json!({ "__typename": "ResidentAggregate" }), "{answer}");
    assert_eq!(answer["data"]["other"]["aggregate"], json!({ "count": 4 }), "{answer}");
    assert_eq!(answer["data"]["other"]["nodes"].as_array().unwrap().len(), 4, "{answer}");
    assert_eq!(answer["data"]["residentGroups"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["part"]["aggregate"], json!({ "count": 4, "sum": { "age": "82" } }), "{answer}");
    assert_eq!(answer["data"]["lenientAggregate"]["aggregate"], json!({ "count": 4 }), "{answer}");
    let source = "street_2";
    let code = "SOURCE_UNAVAILABLE";
    let expected = [
        json!([["residentAggregate"], null, source, code]),
        json!([["residentGroups"], null, source, code]),
        json!([["rows"], null, source, code]),
        json!([null, "part.aggregate", source, code]),
        json!([null, "part.nodes", source, code]),
        json!([null, "lenientAggregate.aggregate", source, code]),
        json!([null, "lenientAggregate.nodes", source, code]),
    ];
    assert_eq!(errors(&answer), expected, "{answer}");
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["street_2"]), "{answer}");
}

#[tokio::test]
async fn a_link_that_finds_nothing_while_a_member_is_silent_says_so_and_a_filter_fails() {
    let streets = streets().await;
    let answer = ask(
        &streets.gateway,
        "{ health { shot { id resident { _source } } old: shot(where: { _not: { resident: {} } }) { id } } }",
    )
    .await;
    let shots = json!([
        { "id": 1, "resident": { "_source": "street_1" } }, { "id": 2, "resident": null }, { "id": 3, "resident": null },
    ]);
    assert_eq!(answer["data"], json!({ "health": { "shot": shots, "old": null } }));
    assert_eq!(
        errors(&answer),
        [
            json!([["health", "shot", 1, "resident"], null, "street_2", "SOURCE_UNAVAILABLE"]),
            json!([["health", "shot", 2, "resident"], null, "street_2", "SOURCE_UNAVAILABLE"]),
            json!([["health", "old"], null, "street_2", "SOURCE_UNAVAILABLE"]),
            json!([null, "health.shot.resident", "street_2", "SOURCE_UNAVAILABLE"]),
        ]
    );
}

#[tokio::test]
async fn what_a_filter_is_told_by_is_never_a_part_whatever_the_catalog_says() {
    let streets = streets().await;
    let answer = ask(
        &streets.gateway,
        "{ health { shot(where: { lenientAggregate: { count: { _eq: 0 } } }) { id }
                    shotAggregate(where: { lenientAggregate: { count: { _lt: 1 } } }) { aggregate { count } }
                    order: shot(orderBy: [{ lenientAggregate: { max: { age: ASC } } }]) { id } } }",
    )
    .await;
    let expected = json!({ "health": { "shot": null, "shotAggregate": { "aggregate": null }, "order": null } });
    assert_eq!(answer["data"], expected, "{answer}");
    let at = |path: Value| json!([path, null, "street_2", "SOURCE_UNAVAILABLE"]);
    let paths =
        [json!(["health", "shot"]), json!(["health", "shotAggregate", "aggregate"]), json!(["health", "order"])];
    assert_eq!(errors(&answer), paths.map(at), "{answer}");
}

#[tokio::test]
async fn a_member_that_is_slow_is_missing_and_the_others_are_not() {
    let streets = streets().await;
    tokio::time::pause();
    let script = Script { delay: Some(std::time::Duration::from_mins(1)), ..Script::default() };
    streets.source("street_2").play(script);
    let answer = ask(&streets.gateway, "{ resident(limit: 3) { card } }").await;
    assert_eq!(answer["data"], json!({ "resident": [{ "card": "a1" }, { "card": "a3" }, { "card": "b1" }] }));
    assert_eq!(errors(&answer), [json!([null, "resident", "street_2", "SOURCE_TIMEOUT"])]);
}

#[tokio::test]
async fn a_slice_names_a_union_and_links_out_of_it_are_absent() {
    let streets = streets().await;
    let model = streets.gateway.model();
    let slice = model.federated.slice(["resident"]).unwrap();
    let text = lilong_schema::sdl::sdl(&model.federated, &slice);
    assert!(
        text.contains(&format!("residentByCard(card: String!, \"{PARTIAL}\" partial: Boolean): Resident\n")),
        "{text}"
    );
    assert!(text.contains("_source: String!\n") && !text.contains("shots") && !text.contains("Street1"), "{text}");
    let others = lilong_schema::sdl::sdl(&model.federated, &model.federated.slice(["street_1"]).unwrap());
    assert!(!others.contains("Resident {") || others.contains("type Street1Resident {"), "{others}");
    assert!(!others.contains("type Resident "), "{others}");
    assert_eq!(model.federated.slice(["residentByPk"]), Err("residentByPk"));
}
