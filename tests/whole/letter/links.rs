//! How links made from foreign keys are named, and what they give.

use lilong_schema::Slice;
use serde_json::{Value, json};

use super::{agree, ask_source, one};

const ROWS: &str = "
    PRAGMA foreign_keys = OFF;
    CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT, a INTEGER, b INTEGER, UNIQUE (a, b));
    CREATE TABLE person (id INTEGER PRIMARY KEY, street_id INTEGER REFERENCES street, homeID INTEGER REFERENCES street,
        born_in INTEGER REFERENCES street);
    CREATE TABLE detail (id INTEGER PRIMARY KEY REFERENCES street, note TEXT);
    CREATE TABLE badge (no INTEGER PRIMARY KEY, Street_Id INTEGER UNIQUE REFERENCES street);
    CREATE TABLE node (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES node);
    CREATE TABLE pair (x INTEGER, y INTEGER, FOREIGN KEY (x, y) REFERENCES street (a, b));
    CREATE TABLE loose (name_id TEXT REFERENCES street (name));
    CREATE TABLE broken (p_id INTEGER REFERENCES nowhere, q_id INTEGER REFERENCES street (missing), z INTEGER);
    CREATE TABLE flat (id INTEGER PRIMARY KEY, street TEXT, street_id INTEGER REFERENCES street);
    INSERT INTO street VALUES (1, 'N', 1, 1), (2, 'N', 1, 2);
    INSERT INTO person VALUES (1, 1, 2, 9), (2, NULL, 1, 1);
    INSERT INTO detail VALUES (1, 'd');
    INSERT INTO badge VALUES (7, 2);
    INSERT INTO node VALUES (1, NULL), (2, 1), (3, 1), (4, 4);
    INSERT INTO pair VALUES (1, 2), (1, NULL), (2, 2);
    INSERT INTO loose VALUES ('N'), (NULL);";

#[test]
fn links_are_named_by_the_columns_or_by_what_they_lead_to() {
    let (_city, gateway) = one(ROWS);
    let names = lilong_schema::names::names(&gateway.model().federated, &Slice::all());
    let links = |collection: &str| -> Value {
        let links = names["sources"]["s"]["collections"][collection]["links"].as_array().unwrap();
        let mut told: Vec<String> = links
            .iter()
            .map(|link| {
                let columns = |key: &str| {
                    let columns: Vec<&str> =
                        link[key].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
                    columns.join(",")
                };
                format!(
                    "{}: {} -> {}({}){}",
                    link["name"].as_str().unwrap(),
                    columns("columns"),
                    link["to"].as_str().unwrap(),
                    columns("toColumns"),
                    if link["many"].as_bool().unwrap() { " many" } else { "" }
                )
            })
            .collect();
        told.sort();
        json!(told)
    };
    agree(
        [
            (
                "person",
                json!([
                    "home: homeID -> s.street(id)",
                    "street: street_id -> s.street(id)",
                    "streetByBornIn: born_in -> s.street(id)"
                ]),
            ),
            ("detail", json!(["street: id -> s.street(id)"])),
            ("badge", json!(["street: Street_Id -> s.street(id)"])),
            ("node", json!(["nodeListByParentId: id -> s.node(parent_id) many", "parent: parent_id -> s.node(id)"])),
            ("pair", json!(["street: x,y -> s.street(a,b)"])),
            ("loose", json!(["name: name_id -> s.street(name) many"])),
            ("broken", json!([])),
            ("flat", json!(["streetByStreetId: street_id -> s.street(id)"])),
            (
                "street",
                json!([
                    "badge: id -> s.badge(Street_Id)",
                    "detail: id -> s.detail(id)",
                    "flat: id -> s.flat(street_id) many",
                    "loose: name -> s.loose(name_id) many",
                    "pair: a,b -> s.pair(x,y) many",
                    "personByBornIn: id -> s.person(born_in) many",
                    "personByHomeId: id -> s.person(homeID) many",
                    "personByStreetId: id -> s.person(street_id) many"
                ]),
            ),
        ]
        .map(|(collection, wanted)| (collection.to_owned(), wanted, links(collection))),
    );
}

#[test]
fn a_dangling_or_null_key_is_null_without_an_error() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            (
                "person { street { id } home { id } streetByBornIn { id } }",
                json!({"person": [
                    {"street": {"id": 1}, "home": {"id": 2}, "streetByBornIn": null},
                    {"street": null, "home": {"id": 1}, "streetByBornIn": {"id": 1}},
                ]}),
            ),
            ("pair { street { id } }", json!({"pair": [{"street": {"id": 2}}, {"street": null}, {"street": null}]})),
            (
                "loose { name(orderBy: {id: DESC}) { id } }",
                json!({"loose": [{"name": [{"id": 2}, {"id": 1}]}, {"name": []}]}),
            ),
            (
                "street { detail { note } badge { no } pair { x y } loose { nameId } }",
                json!({"street": [
                    {"detail": {"note": "d"}, "badge": null, "pair": [], "loose": [{"nameId": "N"}]},
                    {"detail": null, "badge": {"no": 7}, "pair": [{"x": 1, "y": 2}], "loose": [{"nameId": "N"}]},
                ]}),
            ),
            (
                "node(where: {id: {_in: [1, 4]}}) { parent { id } nodeListByParentId { id } }",
                json!({"node": [
                    {"parent": null, "nodeListByParentId": [{"id": 2}, {"id": 3}]},
                    {"parent": {"id": 4}, "nodeListByParentId": [{"id": 4}]},
                ]}),
            ),
            ("person(where: {_not: {streetByBornIn: {}}}) { id }", json!({"person": [{"id": 1}]})),
            ("streetByAAndB(a: 1, b: 2) { id }", json!({"streetByAAndB": {"id": 2}})),
            ("badgeByStreetId(streetId: 1) { no }", json!({"badgeByStreetId": null})),
        ],
    );
}
