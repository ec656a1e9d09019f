//! Averages, deviations and variances are as exact as floats are, on every engine.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; without one its engine is skipped.

use std::fs;

use lilong_tests::engine::Engine;
use lilong_tests::serve;
use serde_json::Value;

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
