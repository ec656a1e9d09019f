//! Names: words, transliteration, digits, collisions, renames, generated names, and what `names.json` says of them.

use lilong_schema::sdl::sdl;
use lilong_schema::{Slice, names};
use lilong_tests::city::City;
use serde_json::{Value, json};

use super::{agree, ask_all, ask_source, one, open};

const AWKWARD: &str = r#"
    CREATE TABLE "Order Details" (FILM_ID INTEGER PRIMARY KEY, IDCard TEXT, "id card" TEXT, "id_card" TEXT, "姓名" TEXT,
        "straße" TEXT, "2nd" TEXT, "__x" TEXT, "!!!" TEXT, "???" TEXT, "true" TEXT, "null" TEXT, "from" TEXT);
    CREATE TABLE "order-details" (id INTEGER PRIMARY KEY);
    CREATE TABLE "100" ("a" INTEGER, "b_c" INTEGER, "__typename" TEXT, PRIMARY KEY (b_c, a));
    INSERT INTO "Order Details" VALUES (1, 'I', 'i', 'ic', '李', 's', '2', 'x', '!', '?', 't', 'n', 'f');"#;

#[test]
fn every_name_follows_from_the_original_and_a_later_one_steps_aside() {
    let (_city, gateway) = one(AWKWARD);
    let told = names::names(&gateway.model().federated, &Slice::all());
    let s = &told["sources"]["s"];
    agree([
        ("source".into(), json!(["s", "S"]), json!([s["field"], s["type"]])),
        (
            "fields".into(),
            json!({
                "FILM_ID": "filmId", "IDCard": "idCard", "id card": "idCard_2", "id_card": "idCard_3", "姓名": "xingMing",
                "straße": "strasse", "2nd": "_2nd", "__x": "x", "!!!": "unnamed", "???": "unnamed_2", "true": "true",
                "null": "null", "from": "from",
            }),
            s["collections"]["Order Details"]["fields"].clone(),
        ),
        ("first".into(), json!(["orderDetails", "SOrderDetails", "orderDetailsByPk"]), part(s, "Order Details")),
        ("second".into(), json!(["orderDetails_2", "SOrderDetails_2", "orderDetails_2ByPk"]), part(s, "order-details")),
        ("digits".into(), json!(["_100", "S100", "_100ByPk"]), part(s, "100")),
        (
            "reserved".into(),
            json!({"a": "a", "b_c": "bC", "__typename": "typename"}),
            s["collections"]["100"]["fields"].clone(),
        ),
    ]);
    let text = sdl(&gateway.model().federated, &Slice::all());
    assert!(text.contains("_100ByPk(bC: BigInt!, a: BigInt!): S100"), "{text}");
    for value in ["  true_\n", "  null_\n", "  _2nd\n"] {
        assert!(text.contains(value), "{value}");
    }
    ask_source(
        &gateway,
        &[(
            "orderDetails(distinctOn: [true_, null_], where: {true: {_eq: \"t\"}}, orderBy: [{true: ASC}, {null: ASC}]) \
                 { idCard idCard_2 idCard_3 xingMing strasse _2nd x unnamed unnamed_2 true null from __typename }",
            json!({"orderDetails": [{
                "idCard": "I", "idCard_2": "i", "idCard_3": "ic", "xingMing": "李", "strasse": "s", "_2nd": "2",
                "x": "x", "unnamed": "!", "unnamed_2": "?", "true": "t", "null": "n", "from": "f",
                "__typename": "SOrderDetails",
            }]}),
        )],
    );
}

fn part(source: &Value, collection: &str) -> Value {
    let collection = &source["collections"][collection];
    json!([collection["field"], collection["type"], collection["byPk"]])
}

/// A catalog of sources with one table each, `name: table`.
fn sources(tables: &[(&str, &str)]) -> City {
    let city = City::empty();
    let mut catalog = String::new();
    for (number, (name, statements)) in tables.iter().enumerate() {
        city.database(&format!("{number}.sqlite"), statements);
        catalog
            .push_str(&format!("[[source]]\nname = \"{name}\"\nconnector = \"sqlite\"\npath = \"{number}.sqlite\"\n"));
    }
    city.write("lilong.toml", &catalog);
    city
}

#[test]
fn types_give_way_to_built_in_ones_and_to_sources_before_them() {
    let city = sources(&[
        ("query", "CREATE TABLE t (a INTEGER)"),
        ("string", "CREATE TABLE comparison_exp (a INTEGER)"),
        ("source", "CREATE TABLE t (a INTEGER)"),
        ("a_b", "CREATE TABLE c (a INTEGER)"),
        (
            "a",
            "CREATE TABLE b (a INTEGER); CREATE TABLE b_c (a INTEGER); CREATE TABLE t (a INTEGER); CREATE TABLE t_order_by (a INTEGER)",
        ),
        ("order", "CREATE TABLE \"by\" (a INTEGER)"),
    ]);
    let gateway = open(&city);
    let told = names::names(&gateway.model().federated, &Slice::all());
    let types = |source: &str, collection: &str| told["sources"][source]["collections"][collection]["type"].clone();
    agree(
        [
            ("query", json!("Query_2"), told["sources"]["query"]["type"].clone()),
            ("string", json!("String_2"), told["sources"]["string"]["type"].clone()),
            ("source", json!("Source_2"), told["sources"]["source"]["type"].clone()),
            ("a_b", json!("AB"), told["sources"]["a_b"]["type"].clone()),
            ("a.b", json!("AB_2"), types("a", "b")),
            ("a.b_c", json!("ABC"), types("a", "b_c")),
            ("a_b.c", json!("ABC_2"), types("a_b", "c")),
            ("order.by", json!("OrderBy_2"), types("order", "by")),
            ("a.t_order_by", json!("ATOrderBy"), types("a", "t_order_by")),
            ("string.comparison_exp", json!("StringComparisonExp_2"), types("string", "comparison_exp")),
        ]
        .map(|(what, wanted, got)| (what.to_owned(), wanted, got)),
    );
    let text = sdl(&gateway.model().federated, &Slice::all());
    assert!(text.contains("input ATOrderBy_2 {"), "{text}");
}

#[test]
fn renames_are_taken_as_written() {
    let city = City::empty();
    city.database(
        "s.sqlite",
        "CREATE TABLE \"Order Details\" (\"order no.\" INTEGER PRIMARY KEY, plain TEXT);
         CREATE TABLE other (line_id INTEGER REFERENCES \"Order Details\");",
    );
    city.write(
        "lilong.toml",
        "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n[source.rename]\n\
         \"Order Details\" = \"orderLine\"\n\"Order Details.\\\"order no.\\\"\" = \"Number_1\"\n",
    );
    let gateway = open(&city);
    let told = names::names(&gateway.model().federated, &Slice::all());
    let s = &told["sources"]["s"];
    agree([
        ("renamed".into(), json!(["orderLine", "SOrderLine", "orderLineByPk"]), part(s, "Order Details")),
        (
            "fields".into(),
            json!({"order no.": "Number_1", "plain": "plain"}),
            s["collections"]["Order Details"]["fields"].clone(),
        ),
    ]);
}

#[test]
fn only_what_is_unique_by_itself_is_a_key() {
    let (_city, gateway) = one(
        "CREATE TABLE t (a INTEGER NOT NULL, b TEXT NOT NULL, c TEXT, d TEXT, e REAL UNIQUE, PRIMARY KEY (b, a), UNIQUE (c, d));
         CREATE UNIQUE INDEX partial ON t (d) WHERE d > 'x';
         CREATE UNIQUE INDEX expression ON t (lower(d));
         CREATE UNIQUE INDEX stricter ON t (c COLLATE NOCASE);
         CREATE TABLE loose (a TEXT PRIMARY KEY, b INTEGER);
         CREATE TABLE strict (a TEXT PRIMARY KEY, b INT) STRICT;
         CREATE TABLE number (id INTEGER PRIMARY KEY);
         CREATE VIEW v AS SELECT a, c FROM t;",
    );
    let text = sdl(&gateway.model().federated, &Slice::all());
    let roots: Vec<&str> = text
        .split("\ntype S {")
        .nth(1)
        .and_then(|rest| rest.split("\n}\n").next())
        .unwrap()
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("By") && line.contains('('))
        .filter(|line| !line.contains("orderBy"))
        .collect();
    assert_eq!(
        roots,
        [
            "looseByPk(a: String!): SLoose",
            "numberByPk(id: BigInt!): SNumber",
            "strictByPk(a: String!): SStrict",
            "tByPk(b: String!, a: BigInt!): ST",
            "tByC(c: String!): ST",
            "tByCAndD(c: String!, d: String!): ST",
        ]
    );
}

#[test]
fn sources_tell_what_they_are() {
    let city = City::new();
    let gateway = open(&city);
    ask_all(
        &gateway,
        &[
            (
                "{ _sources { name title connector state collections } }",
                json!({"_sources": [
                    {"name": "civil", "title": "Civil Affairs Bureau", "connector": "sqlite", "state": "READY", "collections": ["resident", "street"]},
                    {"name": "health", "title": null, "connector": "sqlite", "state": "READY", "collections": ["vaccination"]},
                ]}),
            ),
            ("{ __typename civil { __typename } }", json!({"__typename": "Query", "civil": {"__typename": "Civil"}})),
            ("{ a: civil { b: street(limit: 1) { c: __typename } } }", json!({"a": {"b": [{"c": "CivilStreet"}]}})),
            (
                "{ civil { residentByIdCard(idCard: \"A1\") { id } } }",
                json!({"civil": {"residentByIdCard": {"id": 1}}}),
            ),
            ("{ civil { residentByIdCard(idCard: \"a1\") { id } } }", json!({"civil": {"residentByIdCard": null}})),
        ],
    );
}
