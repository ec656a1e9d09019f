//! Data connectors with relationships: filters through links inside the source take one request where the data connector
//! finds the very rows, and go by keys where it does not.

use serde_json::{Value, json};

use super::{ALL, asked, wanted};
use crate::fixtures::ndc::Abilities;

/// Links go by keys.
const BY_KEYS: Abilities = Abilities { relationships: false, ..ALL };

/// The ids of the residents that meet a condition, and the requests that it took.
async fn residents(abilities: Abilities, condition: &str) -> (Vec<i64>, Vec<Value>) {
    let question = format!("{{ s {{ resident(where: {condition}, orderBy: [{{ id: ASC }}]) {{ id }} }} }}");
    let (answer, sent) = asked(abilities, &question).await;
    let rows = answer["resident"].as_array().unwrap();
    (rows.iter().map(|row| row["id"].as_i64().unwrap()).collect(), sent)
}

#[tokio::test]
async fn filters_through_links_take_one_request() {
    for (condition, expected) in [
        ("{ street: {} }", vec![1, 2, 3, 4, 5, 8, 9, 11, 12]),
        ("{ street: { district: { _eq: \"Yangpu\" } } }", vec![1, 2, 3, 4, 5, 11]),
        ("{ street: { district: { _neq: \"Yangpu\" } } }", vec![9]),
        ("{ street: { district: { _isNull: true } } }", vec![8, 12]),
        ("{ _not: { street: { district: { _eq: \"Yangpu\" } } } }", vec![6, 7, 8, 9, 10, 12]),
        ("{ street: { _not: { district: { _eq: \"Yangpu\" } } } }", vec![9]),
        ("{ mentor: { street: { name: { _in: [\"Siping Road\", \"Anting\"] } } } }", vec![2, 3, 4, 8, 11]),
        ("{ mentor: { _not: { street: {} } } }", vec![9, 12]),
        ("{ residentListByMentorId: { age: { _gte: 52 } } }", vec![2, 6]),
        ("{ _not: { residentListByMentorId: {} }, street: {} }", vec![5, 9, 11, 12]),
        ("{ street: { resident: { name: { _eq: \"Li\" } } } }", vec![1, 2, 3, 11]),
        ("{ _or: [{ age: { _lt: 0 } }, { street: { id: { _gt: 3 } } }] }", vec![9, 12]),
        // Of what the column cannot hold all is known.
        ("{ _or: [{ age: { _gt: 9223372036854775808 } }, { street: { id: { _eq: 4 } } }] }", vec![9]),
        ("{ street: { id: { _lt: 9223372036854775808, _nin: [1, 9223372036854775808] } } }", vec![4, 5, 8, 9, 12]),
        ("{ street: { _not: { id: { _lt: 9223372036854775808 } } } }", vec![]),
    ] {
        let (found, sent) = residents(ALL, condition).await;
        assert_eq!(found, expected, "{condition}");
        assert_eq!(sent.len(), 1, "{condition}");
        assert_eq!(residents(BY_KEYS, condition).await.0, expected, "by keys: {condition}");
    }
}

#[tokio::test]
async fn a_filter_through_a_link_defines_its_relationship() {
    let (_, sent) = residents(ALL, "{ street: { district: { _eq: \"Yangpu\" } } }").await;
    assert_eq!(
        sent[0]["collection_relationships"],
        json!({"r0": {
            "column_mapping": {"street_id": ["id"]}, "relationship_type": "array", "target_collection": "street",
            "arguments": {},
        }})
    );
    let exists = &sent[0]["query"]["predicate"];
    assert_eq!((&exists["type"], &exists["in_collection"]["relationship"]), (&json!("exists"), &json!("r0")));
}

#[tokio::test]
async fn what_the_data_connector_does_not_find_exactly_goes_by_keys() {
    for (condition, expected) in [
        ("{ street: { name: { _like: \"%ng\" } } }", vec![4, 5, 8, 12]),
        ("{ street: { district: { _gt: \"L\" } } }", vec![1, 2, 3, 4, 5, 11]),
        ("{ _or: [{ street: { id: { _eq: 4 } } }, { name: { _startsWith: \"W\" } }] }", vec![1, 4, 9]),
        ("{ _not: { _and: [{ street: {} }, { name: { _like: \"%n%\" } }] } }", vec![2, 5, 6, 7, 8, 10, 11, 12]),
    ] {
        let (found, sent) = residents(ALL, condition).await;
        assert_eq!(found, expected, "{condition}");
        assert_eq!(sent.len(), 2, "{condition}");
        assert!(sent.iter().all(|request| request["collection_relationships"] == json!({})), "{condition}");
    }
    // Beside a link that must be met too, the rest is done here.
    let (found, sent) = residents(ALL, "{ street: { id: { _lt: 3 } }, name: { _like: \"%n%\" } }").await;
    assert_eq!((found, sent.len()), (vec![1, 3, 4], 1));
}

#[tokio::test]
async fn figures_of_rows_that_links_choose_are_asked_for() {
    let question = "{ s { residentAggregate(where: { street: { district: { _eq: \"Yangpu\" } } }) \
                    { aggregate { count max { age } } } } }";
    let (answer, sent) = asked(ALL, question).await;
    assert_eq!(answer["residentAggregate"]["aggregate"], json!({"count": 6, "max": {"age": 81}}));
    assert_eq!(wanted(&sent), ["aggregates"]);
}

#[tokio::test]
async fn rows_that_links_choose_are_cut_there() {
    let question = "{ s { street(orderBy: [{ id: ASC }]) { id resident(where: { mentor: { age: { _gt: 33 } } }, \
                    orderBy: [{ id: DESC }], limit: 1) { id } } } }";
    let (answer, sent) = asked(ALL, question).await;
    let found: Vec<&Value> = answer["street"].as_array().unwrap().iter().map(|street| &street["resident"]).collect();
    assert_eq!(found, [&json!([{"id": 3}]), &json!([{"id": 4}]), &json!([{"id": 8}]), &json!([{"id": 9}]), &json!([])]);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1]["query"]["limit"], json!(1));
}
