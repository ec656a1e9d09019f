//! When a source fails, is slow, or holds what cannot be: what is null, what is told, and what is left unharmed.
//!
//! Sources are memory sources under a script; the clock is tokio's and stands still.

mod ahead;
mod budget;
mod together;
mod town;

use std::sync::Arc;
use std::time::Duration;

use lilong::{Gateway, Model};
use lilong_connectors::kinds::memory::{Memory, Script};
use lilong_connectors::{ErrorKind, Source};
use lilong_schema::catalog::{Limits, Tuning};
use lilong_schema::{Capabilities, Scalar};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::town::{Plan, Town, batch, codes, numbers, table, texts, town};

const KINDS: [(ErrorKind, &str); 8] = [
    (ErrorKind::Unavailable, "SOURCE_UNAVAILABLE"),
    (ErrorKind::Timeout, "SOURCE_TIMEOUT"),
    (ErrorKind::Overloaded, "SOURCE_OVERLOADED"),
    (ErrorKind::Denied, "SOURCE_DENIED"),
    (ErrorKind::Rejected, "SOURCE_REJECTED"),
    (ErrorKind::Mismatch, "SOURCE_MISMATCH"),
    (ErrorKind::TooCostly, "TOO_COSTLY"),
    (ErrorKind::Internal, "INTERNAL"),
];

#[tokio::test]
async fn a_failing_source_empties_its_own_places_and_says_so_at_each() {
    for (kind, code) in KINDS {
        let town = town(Plan::default()).await;
        town.health.play(Script::failing(kind));
        let answer = town
            .ask(
                "{ civil { resident(limit: 2) { id shots { id } street { name } }
                     filtered: resident(where: { shots: {} }) { id } kept: street { name } }
                   health { __typename shot { id } } }",
            )
            .await;
        assert_eq!(
            answer["data"],
            json!({
                "civil": {
                    "resident": [
                        { "id": 1, "shots": null, "street": { "name": "Anshan" } },
                        { "id": 2, "shots": null, "street": { "name": "Siping" } },
                    ],
                    "filtered": null,
                    "kept": [{ "name": "Siping" }, { "name": "Anshan" }],
                },
                "health": { "__typename": "Health", "shot": null },
            }),
            "{kind:?}"
        );
        let wanted = [
            json!(["civil", "resident", 0, "shots"]),
            json!(["civil", "resident", 1, "shots"]),
            json!(["civil", "filtered"]),
            json!(["health", "shot"]),
        ];
        assert_eq!(codes(&answer), wanted.map(|path| (code.to_owned(), path)), "{kind:?}: {answer}");
        for error in answer["errors"].as_array().unwrap() {
            assert_eq!(error["extensions"]["source"], "health", "{kind:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_failing_collection_empties_object_links_by_key_fields_and_filters_inside_its_source() {
    for (kind, code) in KINDS {
        let town =
            town(Plan { capabilities: Capabilities { exists: false, ..Capabilities::ALL }, ..Plan::default() }).await;
        town.civil.play(Script { only: Some("street".into()), ..Script::failing(kind) });
        let answer = town
            .ask(
                r#"{ civil { residentByPk(id: 1) { id street { name } } streetByPk(id: 1) { name }
                     resident(where: { _not: { street: { name: { _eq: "Siping" } } } }) { id } } }"#,
            )
            .await;
        let data =
            json!({ "civil": { "residentByPk": { "id": 1, "street": null }, "streetByPk": null, "resident": null } });
        assert_eq!(answer["data"], data, "{kind:?}");
        let wanted =
            [json!(["civil", "residentByPk", "street"]), json!(["civil", "streetByPk"]), json!(["civil", "resident"])];
        assert_eq!(codes(&answer), wanted.map(|path| (code.to_owned(), path)), "{kind:?}");
    }
}

#[tokio::test]
async fn a_source_that_fails_half_way_gives_no_half_of_a_list() {
    let town = town(Plan { residents: 8, ..Plan::default() }).await;
    town.health.play(Script { after_rows: 3, ..Script::failing(ErrorKind::Unavailable) });
    let answer = town.ask("{ health { shot { id } } civil { resident(limit: 1) { shots { id } } } }").await;
    assert_eq!(answer["data"], json!({ "health": { "shot": null }, "civil": { "resident": [{ "shots": null }] } }));
    assert_eq!(codes(&answer).len(), 2);
    town.health.play(Script::default());
    let answer = town.ask("{ health { shot(limit: 1) { id } } }").await;
    assert_eq!(answer, json!({ "data": { "health": { "shot": [{ "id": 1 }] } } }));
}

#[tokio::test]
async fn who_is_not_asked_does_not_fail() {
    let town = town(Plan::default()).await;
    town.health.play(Script::failing(ErrorKind::Unavailable));
    for query in [
        r#"{ civil { resident(where: { card: { _eq: "none" } }) { id shots { id } } } }"#,
        "{ civil { resident(limit: 0) { id shots { id } } } }",
        "{ civil { residentByPk(id: 99) { shots { id } } } }",
        "{ health { __typename } _sources { name } }",
    ] {
        let answer = town.ask(query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
    }
    assert!(town.health.log().is_empty(), "{:?}", town.health.log());
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_timed_out_and_the_others_answer() {
    let town = town(Plan::default()).await;
    town.health.play(Script { delay: Some(Duration::from_mins(1)), ..Script::default() });
    let answer = town.ask("{ civil { resident(limit: 1) { id shots { id } } } }").await;
    assert_eq!(answer["data"], json!({ "civil": { "resident": [{ "id": 1, "shots": null }] } }));
    assert_eq!(codes(&answer), [("SOURCE_TIMEOUT".to_owned(), json!(["civil", "resident", 0, "shots"]))]);
    assert_eq!(answer["errors"][0]["extensions"]["source"], "health");
    assert_eq!(town.health.running(), 0, "what is timed out is given up");
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_finished_fields_are_kept() {
    let limits = Limits { deadline: Duration::from_secs(1), ..Limits::default() };
    let town = town(Plan { limits, ..Plan::default() }).await;
    town.health.play(Script { delay: Some(Duration::from_secs(2)), ..Script::default() });
    let answer = town
        .ask("{ civil { resident(limit: 1) { id shots { residents { id } } } street { id } } health { shot { id } } }")
        .await;
    assert_eq!(
        answer["data"],
        json!({ "civil": { "resident": [{ "id": 1, "shots": null }], "street": [{ "id": 1 }, { "id": 2 }] }, "health": { "shot": null } })
    );
    let wanted = [json!(["civil", "resident", 0, "shots"]), json!(["health", "shot"])];
    assert_eq!(codes(&answer), wanted.map(|path| ("DEADLINE".to_owned(), path)), "{answer}");
    assert_eq!(town.health.running(), 0);
}

#[tokio::test]
async fn a_cell_that_cannot_be_represented_is_null_with_an_error_on_its_path() {
    let bad = vec![("resident", "age", 1), ("resident", "name", 2), ("shot", "vaccine", 0)];
    let town = town(Plan { bad, ..Plan::default() }).await;
    let answer = town.ask("{ civil { resident(orderBy: { id: DESC }) { id n: name age shots { vaccine } } } }").await;
    let residents = answer["data"]["civil"]["resident"].as_array().unwrap();
    assert_eq!(residents[2]["age"], Value::Null);
    assert_eq!(residents[1]["n"], Value::Null);
    assert_eq!(residents[3]["shots"][0], json!({ "vaccine": null }));
    let wanted = [
        json!(["civil", "resident", 1, "n"]),
        json!(["civil", "resident", 2, "age"]),
        json!(["civil", "resident", 3, "shots", 0, "vaccine"]),
    ];
    assert_eq!(codes(&answer), wanted.map(|path| ("SOURCE_MISMATCH".to_owned(), path)));
    let sources: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["source"]).collect();
    assert_eq!(sources, ["civil", "civil", "health"]);
}

#[tokio::test]
async fn a_cell_that_is_not_asked_for_does_no_harm() {
    let town = town(Plan { bad: vec![("resident", "age", 0), ("resident", "card", 1)], ..Plan::default() }).await;
    let answer = town.ask("{ civil { resident { id name } } }").await;
    assert!(answer.get("errors").is_none(), "{answer}");
}

#[tokio::test]
async fn a_link_whose_key_cannot_be_read_is_null_with_an_error_and_never_empty() {
    for normalize in [false, true] {
        let bad = vec![("resident", "card", 1), ("resident", "street_id", 0)];
        let town = town(Plan { bad, normalize, ..Plan::default() }).await;
        let answer = town.ask("{ civil { resident(limit: 3) { id shots { id } street { id } } } }").await;
        assert_eq!(
            answer["data"]["civil"]["resident"],
            json!([
                { "id": 1, "shots": [{ "id": 1 }, { "id": 2 }], "street": null },
                { "id": 2, "shots": null, "street": { "id": 1 } },
                { "id": 3, "shots": [{ "id": 5 }, { "id": 6 }], "street": { "id": 2 } },
            ])
        );
        let wanted = [json!(["civil", "resident", 0, "street"]), json!(["civil", "resident", 1, "shots"])];
        assert_eq!(codes(&answer), wanted.map(|path| ("SOURCE_MISMATCH".to_owned(), path)), "{answer}");
        // Who holds the key is at fault, not who is asked for it.
        assert!(answer["errors"].as_array().unwrap().iter().all(|error| error["extensions"]["source"] == "civil"));
    }
}

#[tokio::test]
async fn a_row_whose_key_cannot_be_read_fails_its_list_with_one_error() {
    let bad = vec![("resident", "id", 2), ("resident", "age", 0), ("resident", "age", 2), ("resident", "age", 3)];
    let town = town(Plan { bad, ..Plan::default() }).await;
    let answer = town
        .ask("{ civil { resident(orderBy: { name: ASC }) { age id } street { id resident(orderBy: { name: ASC }) { age id } } } }")
        .await;
    assert_eq!(answer["data"]["civil"]["resident"], Value::Null);
    let streets = answer["data"]["civil"]["street"].as_array().unwrap();
    assert_eq!(streets[0]["resident"], json!([{ "age": 2, "id": 2 }, { "age": null, "id": 4 }]));
    assert_eq!(streets[1], json!({ "id": 2, "resident": null }));
    let wanted = [
        json!(["civil", "resident", 2, "id"]),
        json!(["civil", "street", 0, "resident", 1, "age"]),
        json!(["civil", "street", 1, "resident", 1, "id"]),
    ];
    assert_eq!(codes(&answer), wanted.map(|path| ("SOURCE_MISMATCH".to_owned(), path)), "{answer}");
}

#[tokio::test]
async fn a_hundred_faults_are_told_one_by_one_and_the_rest_by_a_pattern() {
    let town =
        town(Plan { residents: 130, bad: (0..120).map(|row| ("resident", "age", row)).collect(), ..Plan::default() })
            .await;
    town.health.play(Script::failing(ErrorKind::Denied));
    let answer = town.ask("{ civil { resident { age shots { id } } } }").await;
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 202);
    let rest: Vec<_> =
        errors.iter().filter(|error| error.get("path").is_none()).map(|error| &error["extensions"]).collect();
    assert_eq!(
        rest,
        [
            &json!({ "code": "SOURCE_MISMATCH", "source": "civil", "traceId": "trace-7", "pattern": ["civil", "resident", "*", "age"], "count": 20 }),
            &json!({ "code": "SOURCE_DENIED", "source": "health", "traceId": "trace-7", "pattern": ["civil", "resident", "*", "shots"], "count": 30 }),
        ]
    );
    let shown = errors.iter().filter(|error| error.get("path").is_some()).count();
    assert_eq!(shown, 200);
}

#[tokio::test]
async fn a_list_that_is_too_long_is_told_by_its_field_and_never_cut() {
    let limits = Limits { list_rows: 5, ..Limits::default() };
    for capabilities in [Capabilities::ALL, Capabilities::NONE] {
        let town = town(Plan { residents: 12, limits: limits.clone(), capabilities, ..Plan::default() }).await;
        let answer = town
            .ask(
                "{ civil { people: resident { id } five: resident(limit: 5) { id }
                     street { id resident { id } some: resident(limit: 5) { id } late: resident(offset: 2) { id } } } }",
            )
            .await;
        let civil = &answer["data"]["civil"];
        assert_eq!(civil["people"], Value::Null);
        assert_eq!(civil["five"].as_array().map(Vec::len), Some(5));
        assert_eq!(civil["street"][0]["resident"], Value::Null);
        assert_eq!(civil["street"][0]["some"].as_array().map(Vec::len), Some(5));
        assert_eq!(civil["street"][0]["late"].as_array().map(Vec::len), Some(4));
        let wanted = [
            json!(["civil", "people"]),
            json!(["civil", "street", 0, "resident"]),
            json!(["civil", "street", 1, "resident"]),
        ];
        assert_eq!(codes(&answer), wanted.map(|path| ("TOO_LARGE".to_owned(), path)), "{answer}");
        for error in answer["errors"].as_array().unwrap() {
            assert_eq!(error["message"], "`resident` has more than 5 rows here; add limit:");
            assert_eq!(error["extensions"].get("source"), None, "whoever holds the rows, it is no fault of theirs");
        }
    }
}

#[tokio::test]
async fn a_list_of_exactly_the_most_rows_is_given() {
    let limits = Limits { list_rows: 12, answer_rows: 12, ..Limits::default() };
    let town = town(Plan { residents: 12, limits, ..Plan::default() }).await;
    let answer = town.ask("{ civil { resident { id } } }").await;
    assert_eq!(answer["data"]["civil"]["resident"].as_array().map(Vec::len), Some(12), "{answer}");
}

#[tokio::test]
async fn an_answer_of_too_many_rows_loses_the_list_that_makes_it_so() {
    let limits = Limits { answer_rows: 30, ..Limits::default() };
    let town = town(Plan { residents: 12, limits, ..Plan::default() }).await;
    let answer = town.ask("{ civil { resident { id shots { id } } street { id } } }").await;
    assert_eq!(answer["data"]["civil"]["resident"][11], json!({ "id": 12, "shots": null }));
    assert_eq!(answer["data"]["civil"]["street"].as_array().map(Vec::len), Some(2));
    assert!(codes(&answer).iter().all(|(code, _)| code == "TOO_LARGE"), "{answer}");
    assert_eq!(codes(&answer).len(), 12);
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`shots`") && message.contains("add limit:"), "{message}");
    // Rows that many parents share count as often as they are written.
    let answer = town.ask("{ civil { street { resident { street { resident { id } } } } } }").await;
    assert_eq!(codes(&answer).len(), 12, "{answer}");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`resident`") && message.contains("30"), "{message}");
}

#[tokio::test]
async fn too_many_rows_of_pages_are_told_by_what_pages_take() {
    let limits = Limits { answer_rows: 6, ..Limits::default() };
    let town = town(Plan { residents: 12, limits, ..Plan::default() }).await;
    // By what is read, and by what would be written.
    for page in [
        "resident(limit: 6) { shotsConnection(first: 2) { nodes { id } } }",
        "residentConnection(first: 7) { nodes { id } }",
    ] {
        let answer = town.ask(&format!("{{ civil {{ {page} }} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "TOO_LARGE", "{answer}");
        assert_eq!(error["extensions"].get("source"), None);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("Connection`") && message.ends_with("ask for fewer by first: or last:"), "{message}");
    }
}

#[tokio::test]
async fn what_is_read_to_be_worked_on_here_has_a_budget() {
    let pattern = r#"{ civil { resident(where: { name: { _regex: "1" } }, limit: 1) { id } } }"#;
    let across = "{ civil { resident(where: { shots: {} }) { id } } }";
    let normalised = "{ civil { resident(limit: 1) { shots(limit: 1) { id } } } }";
    let cases: [(&str, Limits, bool, Value, &str); 6] = [
        (pattern, Limits { budget_rows: 11, ..Limits::default() }, false, json!(["civil", "resident"]), "`resident`"),
        (across, Limits { budget_rows: 11, ..Limits::default() }, false, json!(["civil", "resident"]), "`shots`"),
        (
            normalised,
            Limits { budget_rows: 23, ..Limits::default() },
            true,
            json!(["civil", "resident", 0, "shots"]),
            "`shots`",
        ),
        (across, Limits { budget_keys: 11, ..Limits::default() }, false, json!(["civil", "resident"]), "11 keys"),
        (
            "{ civil { resident { id } } }",
            Limits { budget_bytes: 50, ..Limits::default() },
            false,
            json!(["civil", "resident"]),
            "50 bytes",
        ),
        (across, Limits { budget_bytes: 50, ..Limits::default() }, false, json!(["civil", "resident"]), "50 bytes"),
    ];
    for (query, limits, normalize, path, told) in cases {
        let town = town(Plan { residents: 12, limits, normalize, ..Plan::default() }).await;
        let answer = town.ask(query).await;
        assert_eq!(codes(&answer), [("TOO_COSTLY".to_owned(), path)], "{query} {told}: {answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(told), "{message}");
        assert!(!answer.to_string().contains("[]"), "never an empty list instead of an error: {answer}");
    }
    for (query, normalize) in [(pattern, false), (across, false), (normalised, true)] {
        let limits = Limits { budget_rows: 24, budget_keys: 12, ..Limits::default() };
        let town = town(Plan { residents: 12, limits, normalize, ..Plan::default() }).await;
        let answer = town.ask(query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_source_that_is_not_as_described_is_a_mismatch() {
    let town = town(Plan::default()).await;
    let shot = table("shot", &[("id", Scalar::BigInt), ("card", Scalar::String)], &[]);
    let rows = batch(&shot, vec![numbers([Some(1)].into_iter()), texts([Some("C1".to_owned())].into_iter())]);
    let changed = Arc::new(Memory::new("health").collection(shot, &rows).unwrap());
    let model = town.gateway.model();
    let ceiling = Arc::new(Semaphore::new(10));
    let health = Source::new("health".into(), changed, &Tuning::default(), ceiling);
    let model = Model { federated: model.federated.clone(), sources: vec![model.sources[0].clone(), health] };
    let town = Town { gateway: Gateway::new(model, Limits::default()), ..town };
    let answer = town.ask("{ health { shot { id } gone: shot { vaccine } } }").await;
    assert_eq!(answer["data"]["health"], json!({ "shot": [{ "id": 1 }], "gone": null }));
    assert_eq!(codes(&answer), [("SOURCE_MISMATCH".to_owned(), json!(["health", "gone"]))]);
}
