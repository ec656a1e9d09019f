//! GraphQL services: ranges and orders go along where arguments take them, and first rows are taken only as such.

use serde_json::{Value, json};

use crate::edges::ask::Asker;
use crate::fixtures::graphql::{Takes, serve};

const CONDITIONS: Takes = Takes { conditions: true, lies: false };

/// The rows of a list by a question, and the documents and variables that it took.
async fn asked(takes: Takes, list: &str) -> (Value, Vec<(String, Value)>) {
    let served = serve(takes).await;
    let asker = Asker::new(&format!("connector = \"graphql\"\nurl = \"{}\"", served.url)).await;
    served.sent.lock().unwrap().clear();
    let answer = asker.ask(&format!("{{ s {{ {list} }} }}"), json!({})).await;
    assert_eq!(answer.get("errors"), None, "{list}");
    let sent = std::mem::take(&mut *served.sent.lock().unwrap());
    let sent = sent.iter().map(|body| (body["query"].as_str().unwrap().to_owned(), body["variables"].clone()));
    (answer["data"]["s"]["resident"].clone(), sent.collect())
}

fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn ranges_go_along() {
    let list = "resident(where: { age: { _gt: 7, _lte: 81 }, id: { _lt: 9 }, name: { _gt: \"A\" } }) { id }";
    let (rows, sent) = asked(CONDITIONS, list).await;
    assert_eq!(ids(&rows), [1, 2, 4, 6, 8]);
    // Which texts are above others is not for the service to say.
    assert_eq!(sent[0].1, json!({"where": {"age": {"_gt": 7, "_lte": 81}, "id": {"_lt": 9}}}));
    assert!(sent[0].0.starts_with("query($where: resident_bool_exp) { resident(where: $where, limit: 100"), "{sent:?}");
}

#[tokio::test]
async fn the_first_rows_of_an_order_are_all_that_is_read() {
    let list = "resident(where: { age: { _gte: 34 } }, orderBy: [{ age: DESC }], limit: 2, offset: 1) { id }";
    let (rows, sent) = asked(CONDITIONS, list).await;
    assert_eq!(ids(&rows), [4, 9]);
    let documents: Vec<&str> = sent.iter().map(|(document, _)| document.as_str()).collect();
    assert_eq!(
        documents,
        [
            "query($where: resident_bool_exp) { resident(where: $where, order_by: [{ age: desc_nulls_first }, { id: asc }], \
          limit: 3, offset: 0) { id age } }"
        ]
    );
}

#[tokio::test]
async fn rows_that_tie_with_the_last_are_not_cut_off() {
    // Three rows come for two that are wanted; the third is another age, so that both are known.
    let list = "resident(orderBy: [{ age: DESC }, { name: ASC }], limit: 2) { id }";
    let (rows, sent) = asked(CONDITIONS, list).await;
    assert_eq!((ids(&rows), sent.len()), (vec![3, 10], 1));
    assert!(sent[0].0.contains("order_by: [{ age: desc_nulls_first }], limit: 3, "), "{sent:?}");
    // The second that comes for one that is wanted ties with it: all are read.
    let (rows, sent) = asked(CONDITIONS, "resident(orderBy: [{ age: DESC }, { name: DESC }], limit: 1) { id }").await;
    assert_eq!(ids(&rows), [10]);
    assert!(sent.len() > 1 && !sent[1].0.contains("order_by"), "{sent:?}");
}

#[tokio::test]
async fn what_cannot_be_cut_there_is_read_and_cut_here() {
    for list in [
        "resident(orderBy: [{ name: ASC }], limit: 2) { id }",
        "resident(where: { name: { _startsWith: \"W\" } }, orderBy: [{ age: ASC }], limit: 2) { id }",
        "resident(where: { _or: [{ age: { _gt: 80 } }, { id: { _lt: 2 } }] }, orderBy: [{ age: ASC }], limit: 2) { id }",
    ] {
        let (_, sent) = asked(CONDITIONS, list).await;
        assert!(sent.iter().all(|(document, _)| !document.contains("order_by")), "{sent:?}");
        assert!(sent[0].0.contains("limit: 100"), "{sent:?}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_sort_is_not_believed() {
    let list = "resident(where: { age: { _gte: 0 } }, orderBy: [{ age: DESC }], limit: 3) { id }";
    let (rows, sent) = asked(Takes { lies: true, ..CONDITIONS }, list).await;
    assert_eq!(ids(&rows), [1, 4, 9]);
    assert!(sent.len() > 1, "{sent:?}");
}

#[tokio::test]
async fn a_number_that_a_column_cannot_hold_is_not_sent() {
    let list = "resident(where: { age: { _lt: \"9223372036854775808\", _gt: 50 } }) { id }";
    let (rows, sent) = asked(CONDITIONS, list).await;
    assert_eq!(ids(&rows), [1, 4, 9]);
    assert_eq!(sent[0].1, json!({"where": {"age": {"_gt": 50}}}));
}
