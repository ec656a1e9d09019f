//! Figures beyond what a float holds.

use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::json;

use crate::residual::ask;

const CATALOG: &str = "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n";

#[tokio::test]
async fn sums_are_exact_beyond_what_a_float_holds() {
    let city = City::empty();
    city.database(
        "s.sqlite",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT, exact DECIMAL(20,2), big INTEGER, real REAL);
         INSERT INTO t VALUES (1, 'x', 0.1, 9223372036854775807, 1e308), (2, 'x', 0.2, 9223372036854775807, 1e308),
           (3, 'x', 0.7, -1, NULL);",
    );
    city.write("lilong.toml", CATALOG);
    let gateway = serve(city.folder()).await;
    for filter in ["{}", r#"{ tag: { _regex: "x" } }"#] {
        let query = format!(
            "{{ s {{ tAggregate(where: {filter}) {{ aggregate {{ sum {{ exact big real }} max {{ big }} }} }} }} }}"
        );
        let answer = ask(&gateway, &query).await;
        let sums = &answer["data"]["s"]["tAggregate"]["aggregate"]["sum"];
        assert_eq!(*sums, json!({ "exact": "1.00", "big": "18446744073709551613", "real": null }), "{answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "SOURCE_MISMATCH", "{answer}");
        assert_eq!(error["path"], json!(["s", "tAggregate", "aggregate", "sum", "real"]));
    }
}
