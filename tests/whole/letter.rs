//! The contract's small print, statement by statement: a table of questions and exact answers over databases made for
//! each table. All of them run in the test's own process.
//!
//! An answer without errors stands as its `data`; a refused request as its code; a part-answer as
//! `{"data": …, "faults": ["CODE source path.to.place"]}`.

mod comparisons;
mod connections;
mod faults;
mod filters;
mod limits;
mod links;
mod names;
mod orders;
mod scalars;

use futures::executor::block_on;
use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::{Value, json};

/// A gateway over one source `s`, made by statements.
fn one(statements: &str) -> (City, Gateway) {
    let city = City::empty();
    city.database("s.sqlite", statements);
    city.write("lilong.toml", "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n");
    let gateway = open(&city);
    (city, gateway)
}

/// A gateway over a city's catalog.
fn open(city: &City) -> Gateway {
    runtime().block_on(serve(city.folder()))
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

/// The whole answer to a question.
fn answer(gateway: &Gateway, query: &str, variables: &Value) -> Value {
    let request = Request {
        query: query.to_owned(),
        variables: variables.as_object().cloned().unwrap_or_default(),
        trace: "test".into(),
        ..Request::default()
    };
    let _inside = runtime().enter();
    serde_json::from_slice(&block_on(gateway.execute(request)).body).unwrap()
}

/// The answer in the short form of the tables.
fn short(answer: &Value) -> Value {
    let Some(errors) = answer.get("errors").and_then(Value::as_array) else {
        return answer["data"].clone();
    };
    for error in errors {
        assert_eq!(error["extensions"]["traceId"], "test", "{answer}");
    }
    let Some(data) = answer.get("data") else {
        return errors[0]["extensions"]["code"].clone();
    };
    let faults: Vec<String> = errors.iter().map(fault).collect();
    json!({"data": data, "faults": faults})
}

fn fault(error: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let path: Vec<String> = error["path"].as_array().into_iter().flatten().map(text).collect();
    let extensions = &error["extensions"];
    let source = extensions["source"].as_str().unwrap_or("-");
    format!("{} {source} {}", text(&extensions["code"]), path.join("."))
}

/// Fails with every row of a table that is not as it should be.
fn agree(table: impl IntoIterator<Item = (String, Value, Value)>) {
    let wrong: Vec<String> = table
        .into_iter()
        .filter(|(_, wanted, got)| wanted != got)
        .map(|(question, wanted, got)| format!("{question}\n  wanted {wanted}\n  got    {got}"))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Asks each question and compares the answer in short form.
fn ask_all(gateway: &Gateway, table: &[(&str, Value)]) {
    agree(table.iter().map(|(query, wanted)| {
        let got = short(&answer(gateway, query, &Value::Null));
        ((*query).to_owned(), wanted.clone(), got)
    }));
}

/// Asks each question inside `{ s { … } }` and compares what stands there, or the answer in short form if it has faults.
fn ask_source(gateway: &Gateway, table: &[(&str, Value)]) {
    agree(table.iter().map(|(inside, wanted)| {
        let got = answer(gateway, &format!("{{ s {{ {inside} }} }}"), &Value::Null);
        let got = if got.get("errors").is_none() { got["data"]["s"].clone() } else { short(&got) };
        ((*inside).to_owned(), wanted.clone(), got)
    }));
}
