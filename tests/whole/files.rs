//! Files as sources: workbooks as people make them, a share that files are dropped into, real files read twice.

mod real;
mod share;
mod workbooks;

use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::city::City;
use lilong_tests::in_process;
use serde_json::Value;

/// A catalog of one source over a file or a pattern.
fn catalog(city: &City, path: &str, more: &str) {
    city.write("lilong.toml", &format!("[[source]]\nname = \"s\"\nconnector = \"files\"\npath = \"{path}\"\n{more}"));
}

async fn serve(city: &City) -> Gateway {
    in_process::serve(city.folder()).await
}

async fn ask(gateway: &Gateway, query: &str) -> Value {
    let answer = gateway.execute(Request { query: query.into(), trace: "test".into(), ..Request::default() }).await;
    serde_json::from_slice(&answer.body).unwrap()
}

/// The answer under `data.s`, which has to be without errors.
async fn data(gateway: &Gateway, query: &str) -> Value {
    let mut answer = ask(gateway, &format!("{{ s {{ {query} }} }}")).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["s"].take()
}
