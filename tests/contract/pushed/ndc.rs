//! Data connectors: figures and groups are asked for where the specification has them, and rows where it has not.

mod links;
mod orders;

use serde_json::{Value, json};

use crate::edges::ask::Asker;
use crate::fixtures::ndc::{Abilities, serve};

/// The answer to a question, and the requests that it took.
async fn asked(abilities: Abilities, question: &str) -> (Value, Vec<Value>) {
    let served = serve(abilities).await;
    let asker = Asker::new(&format!("connector = \"ndc\"\nurl = \"{}\"", served.url)).await;
    let answer = asker.ask(question, json!({})).await;
    assert_eq!(answer.get("errors"), None, "{question}");
    let sent = std::mem::take(&mut *served.sent.lock().unwrap());
    (answer["data"]["s"].clone(), sent)
}

const ALL: Abilities = Abilities { variables: true, aggregates: true, relationships: true };

/// What each request asks for.
fn wanted(sent: &[Value]) -> Vec<&str> {
    let of = |request: &Value| {
        let query = request["query"].as_object().unwrap();
        ["fields", "aggregates", "groups"].into_iter().find(|name| query.contains_key(*name)).unwrap()
    };
    sent.iter().map(of).collect()
}

#[tokio::test]
async fn figures_are_asked_for_instead_of_rows() {
    let question = "{ s { residentAggregate(where: { age: { _gt: 33 }, name: { _neq: \"Li\" } }) \
                    { aggregate { count sum { age } avg { age } max { id } } } } }";
    let (answer, sent) = asked(ALL, question).await;
    assert_eq!(
        answer["residentAggregate"]["aggregate"],
        json!({"count": 6, "sum": {"age": "316"}, "avg": {"age": 316.0 / 6.0}, "max": {"id": 11}})
    );
    assert_eq!(wanted(&sent), ["aggregates"]);
    assert!(sent[0]["query"].get("limit").is_none(), "every row counts: {}", sent[0]);
    // Without aggregates there, the rows are read.
    let (same, sent) = asked(Abilities { variables: true, ..Abilities::default() }, question).await;
    assert_eq!(same, answer);
    assert_eq!(wanted(&sent), ["fields"]);
}

#[tokio::test]
async fn groups_are_made_there_and_chosen_here() {
    let question = "{ s { residentGroups(by: [streetId], having: { count: { _gt: 1 } }, orderBy: [{ count: DESC }, \
                    { key: { streetId: ASC } }], limit: 2) { key { streetId } aggregate { count } } } }";
    let (answer, sent) = asked(ALL, question).await;
    assert_eq!(
        answer["residentGroups"],
        json!([
            {"key": {"streetId": 1}, "aggregate": {"count": 4}},
            {"key": {"streetId": 2}, "aggregate": {"count": 2}},
        ])
    );
    assert_eq!(wanted(&sent), ["groups"]);
}

#[tokio::test]
async fn figures_of_linked_rows_take_one_request_for_all_parents() {
    let question =
        "{ s { street(orderBy: [{ id: ASC }]) { id residentAggregate { aggregate { count sum { age } } } } } }";
    for (abilities, kind) in
        [(ALL, "aggregates"), (Abilities { variables: false, ..ALL }, "groups"), (Abilities::default(), "fields")]
    {
        let (answer, sent) = asked(abilities, question).await;
        let figures = |count: i64, sum: Value| json!({"aggregate": {"count": count, "sum": {"age": sum}}});
        let found: Vec<Value> =
            answer["street"].as_array().unwrap().iter().map(|street| street["residentAggregate"].clone()).collect();
        let expected = [
            figures(4, json!("149")),
            figures(2, json!("88")),
            figures(2, json!("33")),
            figures(1, json!("52")),
            figures(0, Value::Null),
        ];
        assert_eq!(found, expected);
        assert_eq!(wanted(&sent), ["fields", kind]);
    }
}

#[tokio::test]
async fn what_the_specification_leaves_open_is_worked_out_here() {
    for question in [
        // Which text is the least.
        "{ s { residentAggregate { aggregate { min { name } } } } }",
        // A function of its own.
        "{ s { residentAggregate { aggregate { stddev { age } } } } }",
        // Rows that are found here.
        "{ s { residentAggregate(where: { name: { _regex: \"^W\" } }) { aggregate { count } } } }",
        "{ s { residentAggregate(where: { name: { _gt: \"W\" } }) { aggregate { count } } } }",
        // Rows in an order that texts have many of, cut.
        "{ s { residentAggregate(orderBy: [{ name: ASC }], limit: 3) { aggregate { count sum { id } } } } }",
        // The same decimal may be written in several ways.
        "{ s { scalarsGroups(by: [aDecimal]) { aggregate { count } } } }",
    ] {
        let (_, sent) = asked(ALL, question).await;
        assert_eq!(wanted(&sent), ["fields"], "{question}");
    }
}

#[tokio::test]
async fn rows_are_cut_before_they_are_counted() {
    let question =
        "{ s { residentAggregate(orderBy: [{ id: DESC }], limit: 3, offset: 1) { aggregate { count sum { id } } } } }";
    let (answer, sent) = asked(ALL, question).await;
    assert_eq!(answer["residentAggregate"]["aggregate"], json!({"count": 3, "sum": {"id": "30"}}));
    assert_eq!(wanted(&sent), ["aggregates"]);
    assert_eq!((&sent[0]["query"]["limit"], &sent[0]["query"]["offset"]), (&json!(3), &json!(1)));
}
