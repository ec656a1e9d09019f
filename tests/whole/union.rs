//! Unions: one collection over several sources answers as the undivided one would, asks no more than it needs, and tells what
//! is missing.

mod blamed;
mod divided;
mod empty;
mod folded;
mod held;
mod many;
mod nowhere;
mod paged;
mod pruned;
mod servers;
mod sides;
mod silent;
mod unread;

use std::fs;
use std::path::Path;

use lilong::Gateway;
use lilong::request::Request;
use serde_json::Value;

/// The answer to a query.
async fn ask(gateway: &Gateway, query: &str) -> Value {
    let request = Request { query: query.to_owned(), trace: "0".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

/// A silo by the statements that make it.
fn silo(folder: &Path, name: &str, statements: &str) {
    let path = folder.join(format!("{name}.sqlite"));
    let silo = rusqlite::Connection::open(path).unwrap();
    // Keys may dangle, as in life.
    silo.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    silo.execute_batch(statements).unwrap();
}

/// A catalog of the silos in a folder.
fn catalog(folder: &Path, text: &str) {
    let text = format!("[[discover]]\nconnector = \"sqlite\"\npath = \"*.sqlite\"\n\n{text}");
    fs::write(folder.join("lilong.toml"), text).unwrap();
}
