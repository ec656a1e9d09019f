//! Sources that go, come back, are locked, damaged or late: the rest is served, and nothing is silently empty.
#![allow(clippy::unwrap_used)]

use std::fs;

use lilong_tests::city::City;
use lilong_tests::program::Running;
use rusqlite::Connection;
use serde_json::{Value, json};

const BOTH: &str =
    "{ civil { resident(where: {id: {_eq: 1}}) { name vaccinations(orderBy: {id: ASC}) { vaccine } } } }";

fn whole() -> Value {
    json!({"data": {"civil": {"resident": [
        {"name": "Li", "vaccinations": [{"vaccine": "influenza"}, {"vaccine": "measles"}]},
    ]}}})
}

fn without_health(answer: &Value, codes: &[&str]) {
    assert_eq!(answer["data"], json!({"civil": {"resident": [{"name": "Li", "vaccinations": null}]}}), "{answer}");
    let error = &answer["errors"][0];
    assert_eq!(error["path"], json!(["civil", "resident", 0, "vaccinations"]));
    assert_eq!(error["extensions"]["source"], "health");
    assert!(codes.contains(&error["extensions"]["code"].as_str().unwrap()), "{answer}");
    let told = error["message"].as_str().unwrap().to_lowercase();
    for word in ["sqlite", "select", "/", "locked", "database"] {
        assert!(!told.contains(word), "{told}");
    }
}

#[test]
fn a_source_that_is_removed_and_brought_back_comes_back_by_itself() {
    let city = City::new();
    let running = Running::serve(city.folder());
    assert_eq!(running.ask(BOTH), whole());
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    without_health(&running.ask(BOTH), &["SOURCE_UNAVAILABLE"]);
    assert_eq!(
        running.ask("{ civil { residentByPk(id: 2) { name } } }"),
        json!({"data": {"civil": {"residentByPk": {"name": "Wang"}}}})
    );
    fs::rename(city.path("away"), city.path("health.sqlite")).unwrap();
    assert_eq!(running.ask_until(BOTH, |answer| answer.get("errors").is_none()), whole());
}

#[test]
fn a_locked_source_answers_again_when_the_lock_is_gone() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let other = Connection::open(city.path("health.sqlite")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    without_health(&running.ask(BOTH), &["SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT", "SOURCE_OVERLOADED"]);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(running.ask_until(BOTH, |answer| answer.get("errors").is_none()), whole());
}

#[test]
fn a_damaged_source_is_told_from_an_empty_one() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let good = fs::read(city.path("health.sqlite")).unwrap();
    fs::write(city.path("health.sqlite"), vec![7; good.len()]).unwrap();
    without_health(&running.ask(BOTH), &["SOURCE_UNAVAILABLE"]);
    fs::write(city.path("health.sqlite"), good).unwrap();
    assert_eq!(running.ask_until(BOTH, |answer| answer.get("errors").is_none()), whole());
}

#[test]
fn a_start_needs_no_source_to_be_up_once_they_are_described() {
    let city = City::new();
    assert_eq!(lilong_tests::program::run(&["describe", city.folder().to_str().unwrap()]).code, Some(0));
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    let running = Running::serve(city.folder());
    without_health(&running.ask(BOTH), &["SOURCE_UNAVAILABLE"]);
}

#[test]
fn a_source_that_was_never_described_joins_when_it_comes() {
    let city = City::new();
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    let running = Running::serve(city.folder());
    let states = running.ask("{ _sources { name state } }");
    assert_eq!(states["data"]["_sources"][1], json!({"name": "health", "state": "UNAVAILABLE"}), "{states}");
    fs::rename(city.path("away"), city.path("health.sqlite")).unwrap();
    assert_eq!(running.ask_until(BOTH, |answer| answer.get("errors").is_none()), whole());
}

#[test]
fn a_column_dropped_since_it_was_described_is_a_mismatch() {
    let city = City::new();
    let running = Running::serve(city.folder());
    city.database("health.sqlite", "ALTER TABLE vaccination DROP COLUMN vaccine");
    without_health(&running.ask(BOTH), &["SOURCE_MISMATCH", "SOURCE_REJECTED"]);
}

#[test]
fn a_source_that_hangs_keeps_no_other_from_joining() {
    let city = City::empty();
    // Whoever connects is never answered.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    city.write(
        "lilong.toml",
        &format!(
            "[defaults]\ntimeout = \"120s\"\nconnect_timeout = \"120s\"\n\n\
             [[source]]\nname = \"hangs\"\nconnector = \"graphql\"\nurl = \"http://{}/graphql\"\n\n\
             [[source]]\nname = \"late\"\nconnector = \"sqlite\"\npath = \"late.sqlite\"\n",
            listener.local_addr().unwrap()
        ),
    );
    let running = Running::serve(city.folder());
    city.database("late.sqlite", "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7)");
    let wanted = json!({"data": {"late": {"t": [{"id": 7}]}}});
    assert_eq!(running.ask_until("{ late { t { id } } }", |answer| *answer == wanted), wanted);
}
