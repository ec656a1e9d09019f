//! The budget of work done by lilong is one for the whole request.

use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::json;

use super::town::{Plan, codes, town};

/// Twelve residents and twenty-four shots are read for it.
const PATTERNS: &str = r#"{ civil { resident(where: { name: { _regex: "1" } }, limit: 1) { id } }
    health { shot(where: { vaccine: { _regex: "f" } }, limit: 1) { id } } }"#;

/// Twelve keys of twenty-four shots, twice.
const ACROSS: &str = "{ civil { one: resident(where: { shots: {} }, limit: 1) { id }
    two: resident(where: { shots: { id: { _gt: 0 } } }, limit: 1) { id } } }";

async fn ask(query: &str, limits: Limits) -> serde_json::Value {
    town(Plan { residents: 12, limits, ..Plan::default() }).await.ask(query).await
}

#[tokio::test]
async fn rows_of_all_fetches_count_together_up_to_the_limit() {
    let answer = ask(PATTERNS, Limits { budget_rows: 36, ..Limits::default() }).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    for _ in 0..5 {
        let answer = ask(PATTERNS, Limits { budget_rows: 35, ..Limits::default() }).await;
        assert_eq!(codes(&answer), [("TOO_COSTLY".to_owned(), json!(["health", "shot"]))], "the later one: {answer}");
        assert_eq!(answer["data"], json!({ "civil": { "resident": [{ "id": 1 }] }, "health": { "shot": null } }));
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("`shot`") && message.contains("35 rows"), "{message}");
    }
}

#[tokio::test]
async fn keys_of_all_filters_count_together_up_to_the_limit() {
    let answer = ask(ACROSS, Limits { budget_keys: 24, ..Limits::default() }).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let answer = ask(ACROSS, Limits { budget_keys: 23, ..Limits::default() }).await;
    assert_eq!(codes(&answer), [("TOO_COSTLY".to_owned(), json!(["civil", "two"]))], "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("23 keys"), "{answer}");
}

#[tokio::test]
async fn keys_by_which_links_are_followed_do_not_count() {
    let links = "{ civil { resident { id shots { id } street { id } } } health { shot { id residents { id } } } }";
    let answer = ask(links, Limits { budget_keys: 1, ..Limits::default() }).await;
    assert!(answer.get("errors").is_none(), "{answer}");
}

#[tokio::test]
async fn keys_by_which_rows_that_are_worked_on_here_are_widened_count() {
    let capabilities = Capabilities { order_links: false, group_links: false, ..Capabilities::ALL };
    for query in [
        "{ civil { residentGroups(by: [street_name]) { key { street_name } } } }",
        "{ civil { resident(orderBy: { street: { name: ASC } }) { id } } }",
    ] {
        let ask = async |budget_keys| {
            let limits = Limits { budget_keys, ..Limits::default() };
            town(Plan { residents: 12, limits, capabilities, ..Plan::default() }).await.ask(query).await
        };
        let answer = ask(2).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let answer = ask(1).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{query}: {answer}");
    }
}

#[tokio::test]
async fn rows_of_a_field_that_failed_take_no_memory_of_the_others() {
    let city = City::empty();
    city.database(
        "civil.sqlite",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, page INTEGER, text TEXT);
         INSERT INTO note WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
             SELECT i, i % 3, printf('%10000s', '') FROM n;",
    );
    // One list is too long by its rows; two of that length are too much for the memory of the request.
    city.write(
        "lilong.toml",
        "[server.limits]\nlist_rows = 25\nbudget_bytes = 450000\n[[source]]\nname = \"civil\"\nconnector = \"sqlite\"\n\
         path = \"civil.sqlite\"\nconnections = 1\n",
    );
    let gateway = serve(city.folder()).await;
    let note = |page: u8, more: &str| format!("p{page}: note(where: {{ page: {{ _eq: {page} }} }}{more}) {{ text }}");
    let question = format!("{{ civil {{ {} {} {} }} }}", note(0, ""), note(1, ""), note(2, ", limit: 10"));
    let answer = crate::residual::ask(&gateway, &question).await;
    let too_large = |page: u8| ("TOO_LARGE".to_owned(), json!(["civil", format!("p{page}")]));
    assert_eq!(codes(&answer), [too_large(0), too_large(1)]);
    assert_eq!(answer["data"]["civil"]["p2"].as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn what_comes_of_rows_that_were_too_many_is_refused_with_them() {
    let below = r#"{ health { shot(where: { vaccine: { _regex: "f" } }) { id residents { id } } }
        civil { resident(where: { name: { _regex: "1" } }, limit: 1) { id } } }"#;
    let answer = ask(below, Limits { budget_rows: 23, ..Limits::default() }).await;
    assert_eq!(codes(&answer), [("TOO_COSTLY".to_owned(), json!(["health", "shot"]))], "{answer}");
    assert_eq!(answer["data"]["civil"]["resident"], json!([{ "id": 1 }]), "what is left of the budget serves");
    let answer = ask(below, Limits { budget_rows: 24, ..Limits::default() }).await;
    assert_eq!(codes(&answer), [("TOO_COSTLY".to_owned(), json!(["civil", "resident"]))], "{answer}");
    assert!(answer["data"]["health"]["shot"].as_array().is_some_and(|shots| shots.len() == 12), "{answer}");
}

#[tokio::test]
async fn rows_that_sources_work_on_by_themselves_do_not_count() {
    let links = "{ civil { resident { id shots { id } street { id } } } health { shot { id residents { id } } } }";
    let answer = ask(links, Limits { budget_rows: 1, ..Limits::default() }).await;
    assert!(answer.get("errors").is_none(), "{answer}");
}
