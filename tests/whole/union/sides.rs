//! Filters through a link of a union that are told by the union's own rows, while one of its members is silent.

use std::sync::Arc;

use lilong_connectors::ErrorKind;
use lilong_connectors::kinds::memory::Script;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::{Copied, Mirror};
use lilong_tests::serve;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{ask, catalog, silo};

const CATALOG: &str = r#"
[[union]]
name = "resident"
members = ["street_*.resident"]
key = ["card"]

[[link]]
from = "health.shot(card)"
to = "resident(card)"
name = "resident"
back = "shots"
"#;

/// Three streets of two residents each, of which more have shots than one side may have rows; street 2 is silent.
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
                 INSERT INTO shot VALUES (1, 'a1'), (2, 'a2'), (3, 'a3'), (4, 'b1'), (5, 'none');";
    silo(folder.path(), "health", shots);
    catalog(folder.path(), CATALOG);
    let copied = Copied::of(&serve(folder.path()).await).await;
    let mirror = copied.serve(Capabilities::ALL, Limits { side_rows: 3, ..Limits::default() });
    mirror.source("street_2").play(Script::failing(ErrorKind::Unavailable));
    mirror
}

/// Path (or null), field (or null) and source of each error.
fn errors(answer: &Value) -> Vec<Value> {
    let show = |error: &Value| {
        let extensions = &error["extensions"];
        json!([error["path"], extensions["field"], extensions["source"]])
    };
    answer["errors"].as_array().into_iter().flatten().map(show).collect()
}

/// Those of a card in each street that have a shot, and those that have none.
const WITH: &str = "where: { age: { _in: [10, 20, 31] }, shots: { id: { _gt: 0 } } }";
const WITHOUT: &str = "where: { age: { _in: [10, 20, 31] }, _not: { shots: { id: { _gt: 0 } } } }";

#[tokio::test]
async fn the_rest_is_given_and_what_is_missing_is_told() {
    let streets = streets().await;
    let query = format!(
        "{{ with: resident({WITH}) {{ card }} without: resident({WITHOUT}) {{ card }}
            page: residentConnection(first: 5, {WITH}) {{ nodes {{ card }} }}
            nobody: resident(where: {{ age: {{ _eq: 20 }}, shots: {{ id: {{ _gt: 0 }} }} }}) {{ card }}
            all: residentAggregate({WITH}) {{ aggregate {{ count }} }}
            part: residentAggregate({WITH}, partial: true) {{ aggregate {{ count }} nodes {{ card }} }}
            health {{ shot(where: {{ resident: {{ age: {{ _in: [10, 20, 31] }}, shots: {{ id: {{ _gt: 0 }} }} }} }}) {{ id }} }} }}"
    );
    let answer = ask(&streets.gateway, &query).await;
    let expected = json!({
        "with": [{ "card": "a1" }],
        "without": [{ "card": "b3" }],
        "page": { "nodes": [{ "card": "a1" }] },
        "nobody": [],
        "all": null,
        "part": { "aggregate": { "count": 1 }, "nodes": [{ "card": "a1" }] },
        "health": { "shot": null },
    });
    assert_eq!(answer["data"], expected, "{answer}");
    let at = |path: Value| json!([path, null, "street_2"]);
    let without = |field: &str| json!([null, field, "street_2"]);
    let expected = [
        at(json!(["all"])),
        at(json!(["health", "shot"])),
        without("with"),
        without("without"),
        without("page"),
        without("nobody"),
        without("part.aggregate"),
        without("part.nodes"),
    ];
    assert_eq!(errors(&answer), expected, "{answer}");
}

#[tokio::test]
async fn a_member_that_comes_back_after_the_keys_were_told_without_it_stays_missing() {
    let streets = streets().await;
    for (filter, given) in [(WITH, json!([{ "card": "a1" }])), (WITHOUT, json!([{ "card": "b3" }]))] {
        streets.source("street_2").play(Script::failing(ErrorKind::Unavailable));
        streets.source("health").clear_log();
        let gate = Arc::new(Semaphore::new(1));
        streets.source("health").play(Script { gate: Some(gate.clone()), ..Script::default() });
        let change = async {
            // The far side is tried once; then it is asked what the rows of the union have.
            while streets.source("health").log().len() < 2 {
                tokio::task::yield_now().await;
            }
            streets.source("street_2").play(Script::default());
            streets.source("street_2").clear_log();
            gate.add_permits(1);
        };
        let query = format!("{{ resident({filter}) {{ card }} }}");
        let (answer, ()) = tokio::join!(ask(&streets.gateway, &query), change);
        assert_eq!(answer["data"], json!({ "resident": given }), "{answer}");
        assert_eq!(errors(&answer), [json!([null, "resident", "street_2"])], "{answer}");
        assert!(streets.source("street_2").log().is_empty(), "{filter}");
    }
}
