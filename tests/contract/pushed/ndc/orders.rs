//! Data connectors with relationships: orders through links, and orders and filters by counts of linked rows, take one
//! request.

use serde_json::{Value, json};

use super::{ALL, asked, wanted};
use crate::edges::ask::Asker;
use crate::fixtures::ndc::{Abilities, serve};

/// Links go by keys.
const BY_KEYS: Abilities = Abilities { relationships: false, ..ALL };

fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn orders_through_links_are_cut_there() {
    for (collection, order, expected) in [
        ("resident", "{ mentor: { age: DESC } }", vec![1, 5, 7, 10, 11]),
        ("resident", "{ mentor: { age: DESC_NULLS_LAST } }", vec![2, 3, 6, 4, 8]),
        ("resident", "{ mentor: { age: ASC } }", vec![12, 4, 8, 9, 2]),
        ("resident", "{ mentor: { age: ASC_NULLS_FIRST } }", vec![1, 5, 7, 10, 11]),
        ("resident", "{ mentor: { street: { id: DESC_NULLS_LAST } } }", vec![8, 6, 2, 3, 4]),
        ("resident", "{ street: { id: DESC_NULLS_LAST } }", vec![9, 8, 12, 4, 5]),
        ("street", "{ residentAggregate: { count: DESC } }", vec![1, 2, 3, 4, 5]),
        ("street", "{ residentAggregate: { count: ASC } }", vec![5, 4, 2, 3, 1]),
        ("resident", "{ street: { residentAggregate: { count: DESC_NULLS_LAST } } }", vec![1, 2, 3, 11, 4]),
        ("resident", "{ street: { residentAggregate: { count: ASC_NULLS_FIRST } } }", vec![6, 7, 10, 9, 4]),
    ] {
        let question = format!("{{ s {{ {collection}(orderBy: [{order}, {{ id: ASC }}], limit: 5) {{ id }} }} }}");
        let (answer, sent) = asked(ALL, &question).await;
        assert_eq!(ids(&answer[collection]), expected, "{order}");
        assert_eq!((sent.len(), &sent[0]["query"]["limit"]), (1, &json!(5)), "{order}");
        let (answer, _) = asked(BY_KEYS, &question).await;
        assert_eq!(ids(&answer[collection]), expected, "by keys: {order}");
    }
}

#[tokio::test]
async fn an_order_by_text_beyond_a_link_goes_by_keys() {
    let question = "{ s { resident(orderBy: [{ street: { name: ASC } }, { id: ASC }], limit: 3) { id } } }";
    let (answer, sent) = asked(ALL, question).await;
    assert_eq!(ids(&answer["resident"]), [8, 12, 1]);
    assert!(sent.len() > 1 && sent.iter().all(|request| request["collection_relationships"] == json!({})));
}

#[tokio::test]
async fn filters_by_counts_of_linked_rows_take_one_request() {
    for (condition, expected) in [
        ("{ residentAggregate: { count: { _gte: 2 } } }", vec![1, 2, 3]),
        ("{ residentAggregate: { count: { _eq: 0 } } }", vec![5]),
        ("{ residentAggregate: { count: { _neq: 2 } } }", vec![1, 4, 5]),
        ("{ residentAggregate: { count: { _nin: [1, 4] } } }", vec![2, 3, 5]),
        ("{ residentAggregate: { count: { _lt: 9223372036854775808 } } }", vec![1, 2, 3, 4, 5]),
        ("{ residentAggregate: { where: { age: { _gt: 33 } }, count: { _eq: 1 } } }", vec![2, 3, 4]),
        ("{ residentAggregate: { where: { mentor: { age: { _gt: 33 } } }, count: { _gt: 1 } } }", vec![1]),
        ("{ _not: { residentAggregate: { count: { _gt: 1, _lt: 4 } } } }", vec![1, 4, 5]),
        ("{ resident: { mentor: { street: { residentAggregate: { count: { _gt: 3 } } } } } }", vec![1, 2]),
    ] {
        let question = format!("{{ s {{ street(where: {condition}, orderBy: [{{ id: ASC }}]) {{ id }} }} }}");
        let (answer, sent) = asked(ALL, &question).await;
        assert_eq!((ids(&answer["street"]), sent.len()), (expected.clone(), 1), "{condition}");
        let (answer, _) = asked(BY_KEYS, &question).await;
        assert_eq!(ids(&answer["street"]), expected, "by keys: {condition}");
    }
    for condition in [
        "{ residentAggregate: { max: { age: { _gt: 50 } } } }",
        "{ residentAggregate: { where: { name: { _like: \"%n%\" } }, count: { _gt: 1 } } }",
    ] {
        let question = format!("{{ s {{ street(where: {condition}, orderBy: [{{ id: ASC }}]) {{ id }} }} }}");
        let (answer, sent) = asked(ALL, &question).await;
        assert_eq!(sent.len(), 2, "{condition}");
        assert_eq!(answer, asked(BY_KEYS, &question).await.0, "{condition}");
    }
}

#[tokio::test]
async fn pages_of_an_order_through_a_link_take_a_request_each() {
    let served = serve(ALL).await;
    let asker = Asker::new(&format!("connector = \"ndc\"\nurl = \"{}\"", served.url)).await;
    for (arguments, expected) in [
        ("first: 4", [[12, 4, 8, 9], [2, 3, 6, 1], [5, 7, 10, 11]]),
        ("last: 4", [[5, 7, 10, 11], [2, 3, 6, 1], [12, 4, 8, 9]]),
    ] {
        let forwards = arguments.starts_with("first");
        let mut cursor = String::new();
        for page in expected {
            let question = format!(
                "{{ s {{ residentConnection({arguments}{cursor}, orderBy: [{{ mentor: {{ age: ASC }} }}, {{ id: ASC }}]) \
                 {{ edges {{ node {{ id }} }} pageInfo {{ startCursor endCursor }} }} }} }}"
            );
            let answer = asker.ask(&question, json!({})).await;
            assert_eq!(answer.get("errors"), None, "{answer}");
            let connection = &answer["data"]["s"]["residentConnection"];
            let edges = connection["edges"].as_array().unwrap();
            assert_eq!(edges.iter().map(|edge| edge["node"]["id"].as_i64().unwrap()).collect::<Vec<_>>(), page);
            assert_eq!(std::mem::take(&mut *served.sent.lock().unwrap()).len(), 1);
            let (argument, end) = if forwards { ("after", "endCursor") } else { ("before", "startCursor") };
            cursor = format!(", {argument}: {}", connection["pageInfo"][end]);
        }
    }
}

#[tokio::test]
async fn rows_of_each_parent_and_rows_that_are_folded_are_cut_in_such_an_order() {
    let order = "orderBy: [{ mentor: { age: DESC_NULLS_LAST } }, { id: ASC }]";
    let question = format!("{{ s {{ street(orderBy: [{{ id: ASC }}]) {{ resident({order}, limit: 1) {{ id }} }} }} }}");
    let (answer, sent) = asked(ALL, &question).await;
    let first: Vec<Vec<i64>> =
        answer["street"].as_array().unwrap().iter().map(|street| ids(&street["resident"])).collect();
    assert_eq!(first, [vec![2], vec![4], vec![8], vec![9], vec![]]);
    assert_eq!((sent.len(), &sent[1]["query"]["limit"]), (2, &json!(1)));
    let question =
        format!("{{ s {{ residentAggregate({order}, limit: 3) {{ aggregate {{ count sum {{ id }} }} }} }} }}");
    let (answer, sent) = asked(ALL, &question).await;
    assert_eq!(answer["residentAggregate"]["aggregate"], json!({"count": 3, "sum": {"id": "11"}}));
    assert_eq!(wanted(&sent), ["aggregates"]);
}
