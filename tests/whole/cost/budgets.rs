//! Filters across sources under small budgets: either side is enough if it fits, and a refusal names what was met.

use lilong_tests::serve;
use serde_json::{Value, json};

use super::two;
use crate::residual::ask;

const CIVIL: &str = "
    CREATE TABLE resident (id INTEGER PRIMARY KEY, card INTEGER);
    INSERT INTO resident VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9), (10, 10);";

const HEALTH: &str = "
    CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER);
    INSERT INTO shot VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9), (10, 10);
    CREATE TABLE lot (id INTEGER PRIMARY KEY, card INTEGER);
    INSERT INTO lot VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (9, 2), (10, 2);";

const LINKS: &str = r#"
[[source]]
name = "civil"
connector = "sqlite"
path = "civil.sqlite"
[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"
[[link]]
from = "civil.resident(card)"
to = "health.shot(card)"
name = "shots"
[[link]]
from = "civil.resident(card)"
to = "health.lot(card)"
name = "lots"
"#;

#[tokio::test]
async fn a_side_that_fits_serves_and_what_fits_on_neither_side_is_said() {
    let of = |what: &str| {
        let neither = "neither `resident` nor `shot` comes to at most";
        Err(format!("`shots`: {neither} {what} by its own conditions: narrow the filter on one of them"))
    };
    let heavy = "the request's rows take more than 50 bytes of memory: ask for fewer rows or columns";
    let (all, near) = ("shots: {}", "shots: {}, id: { _lte: 4 }");
    for (limits, filter, expected) in [
        ("budget_keys = 5\nbudget_rows = 100\nside_rows = 1", all, of("100 rows and 5 keys")),
        ("budget_keys = 100\nbudget_rows = 5\nside_rows = 1", all, of("5 rows")),
        ("budget_keys = 5\nbudget_rows = 5\nside_rows = 1", all, of("5 rows")),
        ("budget_bytes = 50", "shots: {}", Err(heavy.to_owned())),
        ("budget_bytes = 50\nside_rows = 1", "shots: {}", Err(heavy.to_owned())),
        // The far side is small by what its description says, but not by the budgets.
        ("budget_keys = 9", near, Ok([1, 2, 3, 4].as_slice())),
        ("budget_rows = 9", near, Ok(&[1, 2, 3, 4])),
        ("budget_keys = 5", "lots: {}", Ok(&[1, 2])),
        ("budget_keys = 10\nbudget_rows = 10", all, Ok(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
    ] {
        let city = two(CIVIL, HEALTH, &format!("[server.limits]\n{limits}\n{LINKS}"));
        let gateway = serve(city.folder()).await;
        let answer = ask(&gateway, &format!("{{ civil {{ resident(where: {{ {filter} }}) {{ id }} }} }}")).await;
        match expected {
            Ok(ids) => {
                let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
                assert_eq!(answer, json!({ "data": { "civil": { "resident": rows } } }), "{limits}: {filter}");
            }
            Err(message) => {
                assert_eq!(answer["data"]["civil"]["resident"], Value::Null, "{limits}: {filter}");
                assert_eq!(answer["errors"][0]["message"], message, "{limits}: {filter}: {answer}");
                assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{limits}: {filter}");
            }
        }
    }
}
