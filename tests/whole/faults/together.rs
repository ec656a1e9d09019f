//! Fetches side by side: turns and connections, what is asked once for several, what waits for nothing.

use std::sync::Arc;
use std::time::Duration;

use lilong_connectors::kinds::memory::Script;
use lilong_schema::catalog::Tuning;
use serde_json::json;
use tokio::sync::Semaphore;

use super::town::{Plan, codes, town};

#[tokio::test(start_paused = true)]
async fn without_a_free_turn_a_source_is_overloaded() {
    let tuning = Tuning { connections: 1, ..Tuning::default() };
    let town = town(Plan { tuning, ..Plan::default() }).await;
    // A source that has answered has a connection, so that a turn is all there is to wait for.
    town.ask("{ health { shot(limit: 1) { id } } }").await;
    town.health.play(Script { delay: Some(Duration::from_secs(1)), ..Script::default() });
    let answer =
        town.ask("{ civil { street { id } } health { a: shot(limit: 1) { id } b: shot(limit: 2) { id } } }").await;
    assert_eq!(codes(&answer), [("SOURCE_OVERLOADED".to_owned(), json!(["health", "b"]))], "{answer}");
    assert_eq!(answer["data"]["health"], json!({ "a": [{ "id": 1 }], "b": null }));
    assert_eq!(answer["data"]["civil"]["street"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(start_paused = true)]
async fn ten_fields_right_after_the_start_wait_for_the_first_connections() {
    let town = town(Plan::default()).await;
    let ask = |limit: usize| format!("f{limit}: shot(limit: {limit}) {{ id }}");
    let query = format!("{{ health {{ {} }} }}", (1..=10).map(ask).collect::<Vec<_>>().join(" "));
    // Eight are at work, and what they do is connect.
    town.health.play(Script { delay: Some(Duration::from_millis(800)), ..Script::default() });
    let answer = town.ask(&query).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    assert_eq!(town.health.most_running(), 8);
}

#[tokio::test]
async fn what_two_requests_ask_in_common_is_asked_once() {
    let town = town(Plan::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    town.health.play(Script { gate: Some(gate.clone()), ..Script::default() });
    let opened = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
    };
    let by_key: Vec<String> =
        (1..=8).map(|id| format!("{{ health {{ shotByPk(id: {id}) {{ vaccine }} }} }}")).collect();
    let asked = by_key.iter().chain(&by_key).map(|query| town.ask(query));
    let (answers, ()) = tokio::join!(futures::future::join_all(asked), opened);
    for (at, answer) in answers.iter().enumerate() {
        let vaccine = ["flu", "polio"][(at + 1) % 2];
        assert_eq!(*answer, json!({ "data": { "health": { "shotByPk": { "vaccine": vaccine } } } }));
    }
    let keys: Vec<_> = town.health.log().into_iter().map(|logged| logged.keys).collect();
    assert_eq!(keys, [Some(1), Some(1), Some(6)]);
}

#[tokio::test]
async fn what_hangs_by_a_key_that_leads_to_a_row_for_certain_does_not_wait_for_the_row() {
    let query = "{ civil { resident(where: { id: { _in: [1, 2] } }) { id street { name resident { id } } } } }";
    for (enforced, at_once) in [(true, 2), (false, 1)] {
        let town = town(Plan { enforced, ..Plan::default() }).await;
        let gate = Arc::new(Semaphore::new(1));
        town.civil.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let opened = async {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            assert_eq!(town.civil.log().len(), 1 + at_once);
            gate.add_permits(100);
        };
        let (answer, ()) = tokio::join!(town.ask(query), opened);
        let street = |name: &str, ids: [i64; 2]| {
            let residents = ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
            json!({ "name": name, "resident": residents })
        };
        let expected = json!([
            { "id": 1, "street": street("Anshan", [1, 3]) },
            { "id": 2, "street": street("Siping", [2, 4]) },
        ]);
        assert_eq!(answer["data"]["civil"]["resident"], expected, "{answer}");
        assert_eq!(town.civil.log().len(), 3);
    }
}

#[tokio::test]
async fn fetches_that_need_nothing_of_each_other_run_at_the_same_time() {
    let town = town(Plan::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    town.civil.play(Script { gate: Some(gate.clone()), ..Script::default() });
    let opened = async {
        while town.civil.running() < 3 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
    };
    let query = "{ civil { street { id } resident { street { id } } residentByPk(id: 1) { id } } }";
    let (answer, ()) = tokio::join!(town.ask(query), opened);
    assert!(answer.get("errors").is_none(), "{answer}");
    assert_eq!(town.civil.most_running(), 3);
    assert_eq!(town.civil.log().len(), 4);
}
