//! Averages, deviations and variances are as exact as floats are, on every engine; sums are exact, whatever integers are made of.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; without one its engine is skipped.

use std::fs;

use lilong_tests::engine::Engine;
use lilong_tests::serve;
use serde_json::{Value, json};

/// Whole numbers and money whose variances have more digits than floats hold.
const ROWS: &str = "(1, 10, 10.10), (2, 20, 20.25), (3, -5, -5.75), (4, 2147483647, 2147483647.85), (5, NULL, NULL)";

#[tokio::test]
async fn deviations_are_as_exact_as_floats_are() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        if !engine.is_there("deviations of engines") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let silo = engine.silo(folder.path(), "sums").await;
        let statements =
            ["CREATE TABLE t (id INTEGER PRIMARY KEY, n BIGINT, money DECIMAL(20,2))", "INSERT INTO t VALUES "];
        silo.run(&[statements[0].to_owned(), format!("{}{ROWS}", statements[1])]).await;
        fs::write(folder.path().join("lilong.toml"), silo.source("sums")).unwrap();
        let gateway = serve(folder.path()).await;
        let query = "{ sums { tAggregate { aggregate {
            avg { n money } variance { n money } varPop { n money } stddev { n money } stddevPop { n money } } } } }";
        let answer = crate::residual::ask(&gateway, query).await;
        let got = &answer["data"]["sums"]["tAggregate"]["aggregate"];
        for (column, values) in
            [("n", [10., 20., -5., 2_147_483_647.]), ("money", [10.10, 20.25, -5.75, 2_147_483_647.85])]
        {
            let mean = values.iter().sum::<f64>() / 4.;
            let squares = values.iter().map(|value: &f64| (value - mean).powi(2)).sum::<f64>();
            let expected = [
                ("avg", mean),
                ("variance", squares / 3.),
                ("varPop", squares / 4.),
                ("stddev", (squares / 3.).sqrt()),
                ("stddevPop", (squares / 4.).sqrt()),
            ];
            for (figure, expected) in expected {
                let value = got[figure][column].as_f64().unwrap_or(f64::NAN);
                assert!((value / expected - 1.).abs() < 1e-13, "{engine:?} {figure} {column}: {value}, {expected}");
            }
        }
        assert_eq!(answer.get("errors"), None::<&Value>, "{answer}");
    }
}

/// Groups of numbers whose deviations and variances have many digits, in their order; each number links to its group.
const DEALT: [(i64, [i64; 3]); 3] = [(1, [0, 1, 2]), (2, [0, 1, 5]), (3, [1, 2, 9])];

#[tokio::test]
async fn pages_by_a_deviation_beyond_a_link_have_each_row_once() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        if !engine.is_there("pages by deviations") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let silo = engine.silo(folder.path(), "dealt").await;
        let mut statements = vec![
            "CREATE TABLE g (id INTEGER PRIMARY KEY)".to_owned(),
            "CREATE TABLE p (id INTEGER PRIMARY KEY, g INTEGER, x BIGINT, FOREIGN KEY (g) REFERENCES g(id))".to_owned(),
        ];
        for (group, numbers) in DEALT {
            statements.push(format!("INSERT INTO g VALUES ({group})"));
            for (at, number) in (1..).zip(numbers) {
                statements.push(format!("INSERT INTO p VALUES ({}, {group}, {number})", (group - 1) * 3 + at));
            }
        }
        silo.run(&statements).await;
        fs::write(folder.path().join("lilong.toml"), silo.source("dealt")).unwrap();
        let gateway = serve(folder.path()).await;
        for figure in ["avg", "stddev", "stddevPop", "variance", "varPop"] {
            let (mut ids, mut after) = (vec![], String::new());
            for _ in 0..9 {
                let query = format!(
                    "{{ dealt {{ pConnection(first: 1{after}, orderBy: [{{ gByG: {{ pAggregate: {{ {figure}: {{ x: ASC }} }} }} }}]) {{ \
                     nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
                );
                let answer = crate::residual::ask(&gateway, &query).await;
                let page = &answer["data"]["dealt"]["pConnection"];
                ids.extend(page["nodes"][0]["id"].as_i64());
                after = format!(", after: {}", page["pageInfo"]["endCursor"]);
                assert_eq!(page["pageInfo"]["hasNextPage"], ids.len() < 9, "{engine:?} {figure}: {ids:?} {answer}");
            }
            assert_eq!(ids, (1..10).collect::<Vec<_>>(), "{engine:?} {figure}");
        }
    }
}

#[tokio::test]
async fn large_numbers_without_a_sign_are_summed_and_united_with_others() {
    if !Engine::MariaDb.is_there("numbers without a sign") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let large = Engine::MariaDb.silo(folder.path(), "large").await;
    let statements = [
        "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, n BIGINT UNSIGNED)",
        "INSERT INTO t VALUES (1, 1), (18446744073709551615, 18446744073709551615)",
    ];
    large.run(&statements.map(str::to_owned)).await;
    let small = Engine::Sqlite.silo(folder.path(), "small").await;
    let statements = ["CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)", "INSERT INTO t VALUES (-5, -5), (7, NULL)"];
    small.run(&statements.map(str::to_owned)).await;
    let union = "[[union]]\nname = \"both\"\nmembers = [\"large.t\", \"small.t\"]\n";
    fs::write(folder.path().join("lilong.toml"), large.source("large") + &small.source("small") + union).unwrap();
    let gateway = serve(folder.path()).await;
    let figures = "aggregate { sum { n } avg { n } max { n } stddevPop { n } }";
    let query = format!(
        r#"{{ large {{ tAggregate {{ {figures} }} tGroups(by: [id], having: {{ sum: {{ n: {{ _gt: 1 }} }} }}) {{ aggregate {{ sum {{ n }} }} }} }}
              both(orderBy: [{{ n: DESC_NULLS_LAST }}]) {{ _source id n }} some: both(where: {{ n: {{ _in: [1, "-5", "7"] }} }}) {{ n }}
              bothByPk(_source: "large", id: "18446744073709551615") {{ n }} bothAggregate {{ aggregate {{ count sum {{ n }} min {{ n }} }} }}
              bothConnection(first: 9, orderBy: [{{ id: ASC }}]) {{ nodes {{ id }} }} }}"#
    );
    let answer = crate::residual::ask(&gateway, &query).await;
    let most = "18446744073709551615";
    let expected = json!({
        "large": {
            "tAggregate": { "aggregate": {
                "sum": { "n": "18446744073709551616" }, "avg": { "n": 9_223_372_036_854_775_808.0 }, "max": { "n": most },
                "stddevPop": { "n": 9_223_372_036_854_775_807.0 },
            } },
            "tGroups": [{ "aggregate": { "sum": { "n": most } } }],
        },
        "both": [
            { "_source": "large", "id": most, "n": most }, { "_source": "large", "id": "1", "n": "1" },
            { "_source": "small", "id": "-5", "n": "-5" }, { "_source": "small", "id": "7", "n": null },
        ],
        "some": [{ "n": "-5" }, { "n": "1" }],
        "bothByPk": { "n": most },
        "bothAggregate": { "aggregate": { "count": 4, "sum": { "n": "18446744073709551611" }, "min": { "n": "-5" } } },
        "bothConnection": { "nodes": [{ "id": "-5" }, { "id": "1" }, { "id": "7" }, { "id": most }] },
    });
    assert_eq!(answer.get("errors"), None::<&Value>, "{answer}");
    assert_eq!(answer["data"], expected);
}

/// Texts that a collation holds for one, and one that is there twice; each row links to those of the same text.
const TWINS: [&str; 2] = [
    "CREATE TABLE person (id INTEGER PRIMARY KEY, ci VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)",
    "INSERT INTO person VALUES (1, 'á'), (2, 'a'), (3, 'Á'), (4, 'A'), (5, 'a '), (6, 'a'), (7, NULL)",
];

#[tokio::test]
async fn counts_of_linked_rows_go_by_the_very_text_whatever_the_collation() {
    if !Engine::MariaDb.is_there("counts by texts of a collation") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let silo = Engine::MariaDb.silo(folder.path(), "town").await;
    silo.run(&TWINS.map(str::to_owned)).await;
    let link = "[[link]]\nfrom = \"town.person(ci)\"\nto = \"town.person(ci)\"\nname = \"twins\"\nback = \"others\"\nmany = true\n";
    fs::write(folder.path().join("lilong.toml"), silo.source("town") + link).unwrap();
    let gateway = serve(folder.path()).await;
    for (given, ids) in [
        ("orderBy: [{ twinsAggregate: { count: DESC } }, { id: ASC }]", vec![2, 6, 1, 3, 4, 5, 7]),
        ("where: { twinsAggregate: { count: { _gt: 1 } } }, orderBy: [{ id: ASC }]", vec![2, 6]),
        ("where: { twinsAggregate: { count: { _eq: 1 } } }, orderBy: [{ id: ASC }]", vec![1, 3, 4, 5]),
        ("where: { twinsAggregate: { count: { _eq: 0 } } }, orderBy: [{ id: ASC }]", vec![7]),
    ] {
        let answer = crate::residual::ask(&gateway, &format!("{{ town {{ person({given}) {{ id }} }} }}")).await;
        let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        assert_eq!(answer, json!({ "data": { "town": { "person": rows } } }), "{given}");
    }
}
