//! Conditions on what linked rows come to: every comparison of texts, by itself and beside what crosses sources, in lists, cut
//! lists and pages, on every engine; and what is no condition is refused where it would have no effect too.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; without one its engine is skipped.

use std::fs;

use lilong::Gateway;
use lilong_tests::engine::{Engine, Silo};
use lilong_tests::serve;
use serde_json::{Value, json};

use crate::residual::ask;

/// Six districts; those of 1 to 5 have people, whose greatest names are `Bo`, `bob`, `Abe`, `b%` and null.
const TOWN: [&str; 4] = [
    "CREATE TABLE district (id INTEGER PRIMARY KEY, far INTEGER)",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, district_id INTEGER REFERENCES district (id), name VARCHAR(20))",
    "INSERT INTO district VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)",
    "INSERT INTO person VALUES (1, 1, 'Bo'), (2, 2, 'bob'), (3, 2, NULL), (4, 3, 'Abe'), (5, 4, 'b%'), (6, 5, NULL)",
];
const FAR: &str = "CREATE TABLE far (id INTEGER PRIMARY KEY); INSERT INTO far VALUES (1), (2), (3), (4), (5), (6)";
const LINK: &str = "[server.limits]\nside_rows = 2\n[[link]]\nfrom = \"town.district(far)\"\nto = \"other.far(id)\"\nname = \"beyond\"\n";

const CASES: &[(&str, &[i64])] = &[
    (r#"_eq: "Bo""#, &[1]),
    (r#"_neq: "Bo""#, &[2, 3, 4]),
    (r#"_in: ["Bo", "bob"]"#, &[1, 2]),
    (r#"_nin: ["Bo", "bob"]"#, &[3, 4]),
    (r#"_like: "b%""#, &[2, 4]),
    (r#"_nlike: "b%""#, &[1, 3]),
    (r#"_ilike: "b%""#, &[1, 2, 4]),
    (r#"_nilike: "b%""#, &[3]),
    (r#"_startsWith: "b""#, &[2, 4]),
    (r#"_endsWith: "%""#, &[4]),
    (r#"_contains: "b""#, &[2, 3, 4]),
    (r#"_regex: "^b""#, &[2, 4]),
    (r#"_iregex: "^b""#, &[1, 2, 4]),
    ("_isNull: true", &[5, 6]),
    ("_isNull: false", &[1, 2, 3, 4]),
];

async fn town(engine: Engine, folder: &std::path::Path) -> (Gateway, [Silo; 2]) {
    let (town, other) = (engine.silo(folder, "town").await, Engine::Sqlite.silo(folder, "other").await);
    town.run(&TOWN.map(str::to_owned)).await;
    other.run(&FAR.split("; ").map(str::to_owned).collect::<Vec<_>>()).await;
    fs::write(folder.join("lilong.toml"), town.source("town") + &other.source("other") + LINK).unwrap();
    (serve(folder).await, [town, other])
}

#[tokio::test]
async fn texts_that_linked_rows_come_to_are_compared_in_every_way() {
    for engine in Engine::ALL {
        if !engine.is_there("conditions on figures") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let (gateway, _silos) = town(engine, folder.path()).await;
        for (comparison, ids) in CASES {
            let own = format!("personAggregate: {{ max: {{ name: {{ {comparison} }} }} }}");
            for filter in [own.clone(), format!("{own}, beyond: {{ id: {{ _gt: 0 }} }}")] {
                let query = format!(
                    "{{ town {{ all: district(where: {{ {filter} }}, orderBy: [{{ id: ASC }}]) {{ id }}
                        cut: district(where: {{ {filter} }}, orderBy: [{{ id: ASC }}], limit: 2) {{ id }}
                        page: districtConnection(where: {{ {filter} }}, orderBy: [{{ id: ASC }}], first: 2) {{ nodes {{ id }} }} }} }}"
                );
                let answer = ask(&gateway, &query).await;
                let rows = |ids: &[i64]| ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
                let first = &ids[..ids.len().min(2)];
                let wanted =
                    json!({ "town": { "all": rows(ids), "cut": rows(first), "page": { "nodes": rows(first) } } });
                assert_eq!(answer, json!({ "data": wanted }), "{engine:?} {filter}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_condition_is_refused_where_it_would_have_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, _silos) = town(Engine::Sqlite, folder.path()).await;
    for filter in [
        "id: { _eq: null }",
        r#"personAggregate: { max: { name: { _regex: "(" } } }"#,
        "personAggregate: { where: { id: { _gt: null } } }",
        r#"personAggregate: { where: { name: { _regex: "(" } } }"#,
        "beyond: { id: { _gt: null } }",
    ] {
        for query in [
            format!("{{ town {{ district(where: {{ {filter} }}) {{ id }} }} }}"),
            format!("{{ town {{ districtConnection(first: 1, where: {{ {filter} }}) {{ __typename }} }} }}"),
            format!(
                "{{ town {{ districtConnection(first: 1, where: {{ {filter} }}) {{ nodes @skip(if: true) {{ id }} __typename }} }} }}"
            ),
        ] {
            let answer = ask(&gateway, &query).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_INPUT", "{query}: {answer}");
            assert_eq!(answer.get("data"), None::<&Value>, "{query}");
        }
    }
}

#[tokio::test]
async fn groups_by_labels_of_linked_rows_are_ordered_by_declaration_or_refused() {
    for engine in [Engine::Postgres, Engine::MariaDb] {
        if !engine.is_there("groups by labels of linked rows") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let silo = engine.silo(folder.path(), "town").await;
        let (make, kind) = match engine {
            Engine::MariaDb => ("SELECT 1", "ENUM ('low', 'mid', 'high')"),
            _ => ("CREATE TYPE grade AS ENUM ('low', 'mid', 'high')", "grade"),
        };
        let statements = [
            make.to_owned(),
            format!("CREATE TABLE person (id INTEGER PRIMARY KEY, grade {kind})"),
            "CREATE TABLE visit (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), note VARCHAR(9))"
                .to_owned(),
            "INSERT INTO person VALUES (1, 'low'), (2, 'mid'), (3, 'high')".to_owned(),
            "INSERT INTO visit VALUES (1, 1, 'x'), (2, 2, 'x'), (3, 3, 'x')".to_owned(),
        ];
        silo.run(&statements).await;
        fs::write(folder.path().join("lilong.toml"), silo.source("town")).unwrap();
        let gateway = serve(folder.path()).await;
        let groups = |filter: &str, order: &str| {
            format!(
                "{{ town {{ visitGroups(by: [person_grade]{filter}, orderBy: [{order}], limit: 2) {{ key {{ person_grade }} }} }} }}"
            )
        };
        let order = "{ key: { person_grade: DESC_NULLS_LAST } }";
        let answer = ask(&gateway, &groups("", order)).await;
        let labels = ["high", "mid"].map(|label| json!({ "key": { "person_grade": label } }));
        assert_eq!(answer["data"]["town"]["visitGroups"], json!(labels), "{answer}");
        let answer = ask(&gateway, &groups(r#", where: { note: { _regex: "." } }"#, order)).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{engine:?}: {answer}");
    }
}
