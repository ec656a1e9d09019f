//! Errors: their codes, their places, and what they never say.

use lilong_tests::city::City;
use serde_json::{Value, json};

use super::{answer, ask_all, one, open, short};

#[test]
fn what_is_not_supported_is_refused_and_not_ignored() {
    let city = City::new();
    let gateway = open(&city);
    ask_all(
        &gateway,
        &[
            ("", json!("PARSE_FAILED")),
            ("{ civil { street { id } }", json!("PARSE_FAILED")),
            ("type A { b: Int }", json!("VALIDATION_FAILED")),
            ("mutation { a }", json!("VALIDATION_FAILED")),
            ("subscription { a }", json!("VALIDATION_FAILED")),
            ("{ ... @defer { __typename } }", json!("VALIDATION_FAILED")),
            ("{ civil }", json!("VALIDATION_FAILED")),
            ("{ civil { street { id { x } } } }", json!("VALIDATION_FAILED")),
            ("{ civil { street(limt: 1) { id } } }", json!("VALIDATION_FAILED")),
            ("{ civil { residentByPk { id } } }", json!("VALIDATION_FAILED")),
            ("query($a: Int) { civil { street(limit: $b) { id } } }", json!("VALIDATION_FAILED")),
            ("query($a: Int = \"x\") { civil { street(limit: $a) { id } } }", json!("VALIDATION_FAILED")),
            ("query($a: Int!) { civil { street(limit: $a) { id } } }", json!("BAD_VARIABLES")),
            ("query A { __typename } query B { __typename }", json!("BAD_INPUT")),
        ],
    );
}

#[test]
fn a_key_that_cannot_be_read_is_null_with_an_error_where_the_engine_enforces_no_types() {
    let (_city, gateway) = one("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, p INTEGER, n TEXT) STRICT, WITHOUT ROWID;
         INSERT INTO t VALUES ('a', 1, 'x'), (CAST(x'ff' AS TEXT), 1, 'y'), (CAST(x'fe' AS TEXT), 1, 'z');");
    let got = answer(&gateway, "{ s { t { a n } } }", &Value::Null);
    assert_eq!(
        short(&got),
        json!({
            "data": {"s": {"t": [{"a": "a", "n": "x"}, {"a": null, "n": "z"}, {"a": null, "n": "y"}]}},
            "faults": ["SOURCE_MISMATCH s s.t.1.a", "SOURCE_MISMATCH s s.t.2.a"],
        })
    );
}

#[test]
fn a_hundred_faults_of_a_kind_are_told_and_the_rest_counted() {
    for (rows, entries) in [(100, 100), (101, 101), (250, 101)] {
        let (_city, gateway) = one(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);
             WITH RECURSIVE x (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < {rows}) INSERT INTO t SELECT i, 'bad' FROM x;"
        ));
        let got = answer(&gateway, "{ s { t { n } } }", &Value::Null);
        let errors = got["errors"].as_array().unwrap();
        assert_eq!(errors.len(), entries, "{rows}");
        assert_eq!(errors[99]["path"], json!(["s", "t", 99, "n"]));
        if rows > 100 {
            let last = &errors[100];
            assert_eq!(
                (&last["extensions"]["pattern"], &last["extensions"]["count"], &last["extensions"]["code"]),
                (&json!(["s", "t", "*", "n"]), &json!(rows - 100), &json!("SOURCE_MISMATCH"))
            );
            assert!(last.get("path").is_none(), "{last}");
        }
    }
}

#[test]
fn a_link_declared_single_with_two_matches_is_a_mismatch() {
    let city = City::new();
    let catalog = lilong_tests::city::CATALOG.replace("back =", "many = false\nback =");
    city.write("lilong.toml", &catalog);
    ask_all(
        &open(&city),
        &[(
            "{ civil { resident { name vaccinations { vaccine } } } }",
            json!({
                "data": {"civil": {"resident": [
                    {"name": "Li", "vaccinations": null},
                    {"name": "Wang", "vaccinations": null},
                    {"name": "Zhao", "vaccinations": null},
                ]}},
                "faults": ["SOURCE_MISMATCH health civil.resident.0.vaccinations"],
            }),
        )],
    );
}

#[test]
fn a_link_whose_key_cannot_be_read_is_a_fault_of_the_source_that_holds_the_key() {
    let city = City::new();
    let bad = "CREATE TABLE bad (id INTEGER PRIMARY KEY, card TEXT); INSERT INTO bad VALUES (1, 'A1'), (2, x'ff');";
    city.database("bad.sqlite", bad);
    let more = r#"
[[source]]
name = "bad"
connector = "sqlite"
path = "bad.sqlite"

[[union]]
name = "all"
members = ["bad.bad"]

[[link]]
from = "bad.bad(card)"
to = "health.vaccination(id_card)"
name = "shots"

[[link]]
from = "all(card)"
to = "health.vaccination(id_card)"
name = "shots"
"#;
    city.write("lilong.toml", &format!("{}{more}", lilong_tests::city::CATALOG));
    ask_all(
        &open(&city),
        &[(
            "{ bad { bad { shots { id } shotsAggregate { aggregate { count } } shotsConnection(first: 1) { totalCount } } }
               all { shots { id } } }",
            json!({
                "data": {
                    "bad": {"bad": [
                        {
                            "shots": [{"id": 1}, {"id": 2}],
                            "shotsAggregate": {"aggregate": {"count": 2}},
                            "shotsConnection": {"totalCount": 2},
                        },
                        {"shots": null, "shotsAggregate": {"aggregate": null}, "shotsConnection": {"totalCount": null}},
                    ]},
                    "all": [{"shots": [{"id": 1}, {"id": 2}]}, {"shots": null}],
                },
                "faults": [
                    "SOURCE_MISMATCH bad bad.bad.1.shots",
                    "SOURCE_MISMATCH bad bad.bad.1.shotsAggregate.aggregate",
                    "SOURCE_MISMATCH bad bad.bad.1.shotsConnection.totalCount",
                    "SOURCE_MISMATCH bad all.1.shots",
                ],
            }),
        )],
    );
}

#[test]
fn a_source_that_is_gone_leaves_the_rest_of_the_answer() {
    let city = City::new();
    let gateway = open(&city);
    std::fs::remove_file(city.path("health.sqlite")).unwrap();
    ask_all(
        &gateway,
        &[
            (
                "{ civil { resident(limit: 1) { name vaccinations { vaccine } } } health { vaccination { id } } }",
                json!({
                    "data": {
                        "civil": {"resident": [{"name": "Li", "vaccinations": null}]},
                        "health": {"vaccination": null},
                    },
                    "faults": [
                        "SOURCE_UNAVAILABLE health civil.resident.0.vaccinations",
                        "SOURCE_UNAVAILABLE health health.vaccination",
                    ],
                }),
            ),
            (
                "{ civil { resident(where: {vaccinations: {vaccine: {_eq: \"influenza\"}}}) { name } } }",
                json!({
                    "data": {"civil": {"resident": null}},
                    "faults": ["SOURCE_UNAVAILABLE health civil.resident"],
                }),
            ),
            ("{ health { __typename } }", json!({"health": {"__typename": "Health"}})),
            (
                "{ health { vaccinationByPk(id: 1) { id } } }",
                json!({
                    "data": {"health": {"vaccinationByPk": null}},
                    "faults": ["SOURCE_UNAVAILABLE health health.vaccinationByPk"],
                }),
            ),
        ],
    );
}
