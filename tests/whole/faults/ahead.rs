//! Long lists, whose first rows are written while others are on their way: what is answered is the same.

use lilong_connectors::ErrorKind;
use lilong_connectors::kinds::memory::Script;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use serde_json::{Value, json};

use super::town::{Plan, codes, town};

/// Rows that a source sends at once.
const BATCH: usize = 1_024;
const QUERY: &str = "{ civil { resident { id name type: __typename } } }";

fn residents(ids: impl Iterator<Item = usize>) -> Value {
    ids.map(|id| json!({ "id": id, "name": format!("secret {id}"), "type": "CivilResident" })).collect()
}

fn of(count: usize) -> Plan {
    Plan { residents: i64::try_from(count).unwrap(), ..Plan::default() }
}

#[tokio::test]
async fn lists_of_every_length_are_whole_and_in_order() {
    for count in [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH - 1, 2 * BATCH, 5_000, 10_000] {
        let answer = town(of(count)).await.ask(QUERY).await;
        assert!(answer.get("errors").is_none(), "{count}: {}", answer["errors"]);
        assert_eq!(answer["data"]["civil"]["resident"], residents(1..=count), "{count}");
    }
}

#[tokio::test]
async fn lists_that_are_cut_or_told_apart_here_are_whole_too() {
    let bare = Capabilities { limit: false, ..Capabilities::ALL };
    for capabilities in [Capabilities::ALL, bare] {
        let town = town(Plan { capabilities, ..of(5_000) }).await;
        for (arguments, ids) in [
            ("orderBy: { id: DESC }", (1..=5_000).rev().collect::<Vec<_>>()),
            ("offset: 2000, limit: 2500", (2_001..=4_500).collect()),
            ("distinctOn: [id], orderBy: { id: ASC }, limit: 3000", (1..=3_000).collect()),
            ("where: { age: { _gt: 1500 } }", (1_501..=5_000).collect()),
        ] {
            let answer = town.ask(&QUERY.replace("resident {", &format!("resident({arguments}) {{"))).await;
            assert_eq!(answer["data"]["civil"]["resident"], residents(ids.into_iter()), "{arguments}");
        }
    }
}

#[tokio::test]
async fn two_lists_of_one_request_keep_their_own_rows() {
    let query = "{ civil { a: resident(where: { age: { _lte: 3000 } }) { id name type: __typename }
                           b: resident(where: { age: { _gt: 2000 } }) { name id type: __typename } street { id } } }";
    let answer = town(of(5_000)).await.ask(query).await;
    assert_eq!(answer["data"]["civil"]["a"], residents(1..=3_000));
    assert_eq!(answer["data"]["civil"]["b"], residents(2_001..=5_000));
    assert_eq!(answer["data"]["civil"]["street"], json!([{ "id": 1 }, { "id": 2 }]));
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_null_at_its_own_place() {
    let rows = [0, BATCH - 1, BATCH, 2_500, 4_999];
    for bad in rows.iter().map(std::slice::from_ref).chain([&rows[..]]) {
        let plan = Plan { bad: bad.iter().map(|row| ("resident", "name", *row)).collect(), ..of(5_000) };
        let answer = town(plan).await.ask(QUERY).await;
        let mut expected = residents(1..=5_000);
        for row in bad {
            expected[row]["name"] = Value::Null;
        }
        assert_eq!(answer["data"]["civil"]["resident"], expected, "{bad:?}");
        let path = |row: &usize| ("SOURCE_MISMATCH".to_owned(), json!(["civil", "resident", row, "name"]));
        assert_eq!(codes(&answer), bad.iter().map(path).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_read_empties_the_list_whatever_is_written() {
    for row in [0, BATCH, 2_500, 4_999] {
        let query = QUERY.replace("resident {", "resident(orderBy: { age: ASC }) {");
        let answer = town(Plan { bad: vec![("resident", "id", row)], ..of(5_000) }).await.ask(&query).await;
        assert_eq!(answer["data"]["civil"]["resident"], Value::Null, "{row}");
        assert_eq!(codes(&answer), [("SOURCE_MISMATCH".to_owned(), json!(["civil", "resident", row, "id"]))]);
    }
}

#[tokio::test]
async fn a_list_that_ends_with_a_fault_is_null() {
    for after_rows in [BATCH, 3_000, 5_000] {
        let town = town(of(5_000)).await;
        town.civil.play(Script { after_rows, ..Script::failing(ErrorKind::Unavailable) });
        let answer = town.ask(QUERY).await;
        assert_eq!(answer["data"], json!({ "civil": { "resident": null } }), "{after_rows}");
        assert_eq!(codes(&answer), [("SOURCE_UNAVAILABLE".to_owned(), json!(["civil", "resident"]))]);
    }
}

#[tokio::test]
async fn rows_that_are_written_count_against_every_limit() {
    let limited = [
        ("`resident` has more than 4999 rows", Limits { list_rows: 4_999, ..Limits::default() }),
        ("the answer has more than 4999 rows", Limits { answer_rows: 4_999, ..Limits::default() }),
        ("bytes of memory", Limits { budget_bytes: 50_000, ..Limits::default() }),
    ];
    for (message, limits) in limited {
        let answer = town(Plan { limits, ..of(5_000) }).await.ask(QUERY).await;
        assert_eq!(answer["data"], json!({ "civil": { "resident": null } }), "{message}");
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(message), "{answer}");
    }
}
