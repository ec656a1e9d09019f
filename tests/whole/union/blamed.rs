//! Whom an error names: the source that holds what is wrong, never a union, and nobody where it is not known which member does.

use lilong_tests::serve;
use serde_json::{Value, json};

use super::{ask, catalog, silo};

const CATALOG: &str = r#"
[[union]]
name = "permit"
members = ["street_*.permit"]
key = ["card"]

[[link]]
from = "civil.person(card)"
to = "permit(card)"
name = "permit"
many = false

[[link]]
from = "civil.person(card)"
to = "pets.pet(card)"
name = "pet"
many = false
"#;

/// Code, path and source of the first error.
fn blame(answer: &Value) -> Value {
    let error = &answer["errors"][0];
    let extensions = &error["extensions"];
    json!([extensions["code"], error["path"], extensions.get("source")])
}

#[tokio::test]
async fn an_error_names_the_source_at_fault_and_never_a_union() {
    let folder = tempfile::tempdir().unwrap();
    let permits = "CREATE TABLE permit (id INTEGER PRIMARY KEY, card TEXT, fee REAL);";
    // An infinite number cannot be represented.
    silo(folder.path(), "street_1", &format!("{permits} INSERT INTO permit VALUES (1, 'a', 1.5), (2, 'b', 9e999);"));
    silo(folder.path(), "street_2", &format!("{permits} INSERT INTO permit VALUES (1, 'a', 2.5), (2, 'c', 3.5);"));
    silo(
        folder.path(),
        "civil",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, card TEXT);
         INSERT INTO person VALUES (1, 'a'), (2, 'b'), (3, 'd'), (4, 'e');",
    );
    silo(
        folder.path(),
        "pets",
        "CREATE TABLE pet (id INTEGER PRIMARY KEY, card TEXT, weight REAL);
         INSERT INTO pet VALUES (1, 'd', 1.5), (2, 'd', 2.5), (3, 'e', 9e999);",
    );
    catalog(folder.path(), CATALOG);
    let gateway = serve(folder.path()).await;
    for (query, path, source) in [
        ("{ permit(orderBy: { fee: ASC }) { _source fee } }", json!(["permit", 1, "fee"]), Some("street_1")),
        ("{ permitGroups(by: [card, fee]) { key { card fee } } }", json!(["permitGroups", 2, "key", "fee"]), None),
        (
            "{ permitAggregate { aggregate { max { fee } } } }",
            json!(["permitAggregate", "aggregate", "max", "fee"]),
            None,
        ),
        (
            "{ permitConnection(first: 4, orderBy: { fee: ASC }) { edges { cursor } } }",
            json!(["permitConnection", "edges", 1, "cursor"]),
            Some("street_1"),
        ),
        (
            "{ permitConnection(first: 2, orderBy: { fee: ASC }) { pageInfo { endCursor } } }",
            json!(["permitConnection", "pageInfo", "endCursor"]),
            Some("street_1"),
        ),
        (r#"{ permitByCard(card: "a") { id } }"#, json!(["permitByCard"]), None),
        ("{ civil { person(limit: 1) { permit { id } } } }", json!(["civil", "person", 0, "permit"]), None),
        ("{ civil { person(orderBy: { permit: { fee: ASC } }) { id } } }", json!(["civil", "person"]), None),
        (
            "{ civil { person(where: { id: { _eq: 2 } }, orderBy: { permit: { fee: ASC } }) { id } } }",
            json!(["civil", "person"]),
            None,
        ),
        (
            "{ civil { personGroups(by: [permit_fee], where: { id: { _lte: 2 } }) { key { permit_fee } } } }",
            json!(["civil", "personGroups"]),
            None,
        ),
        (
            "{ civil { personGroups(by: [permit_fee], where: { id: { _eq: 2 } }) { key { permit_fee } } } }",
            json!(["civil", "personGroups", 0, "key", "permit_fee"]),
            None,
        ),
        (
            "{ civil { personGroups(by: [pet_weight]) { key { pet_weight } } } }",
            json!(["civil", "personGroups"]),
            Some("pets"),
        ),
        (
            "{ civil { personGroups(by: [pet_weight], where: { id: { _eq: 4 } }) { key { pet_weight } } } }",
            json!(["civil", "personGroups", 0, "key", "pet_weight"]),
            Some("pets"),
        ),
        ("{ civil { person(orderBy: { pet: { weight: ASC } }) { id } } }", json!(["civil", "person"]), Some("pets")),
    ] {
        let answer = ask(&gateway, query).await;
        assert_eq!(blame(&answer), json!(["SOURCE_MISMATCH", path, source]), "{query}: {answer}");
        assert!(!answer["errors"].to_string().contains("source `permit`"), "{answer}");
    }
}
