//! What the engine itself costs, over SQLite files that fit in memory: `cargo bench -p lilong`.
//!
//! Each case is a whole request, from text to bytes, so that a figure is what a client pays; cases differ in the one
//! stage that is named. `README.md` beside this file holds figures, the machine they come from, and how to read them.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use divan::{Bencher, black_box};
use lilong::Gateway;
use lilong::assembly::{Ask, Opened};
use lilong::request::{Request, new_trace};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// 10,000 residents in 200 streets, and two vaccinations for every other one, in a file of their own.
struct City {
    gateway: Gateway,
    runtime: Runtime,
    _folder: TempDir,
}

const CATALOG: &str = r#"
[[discover]]
connector = "sqlite"
path = "*.sqlite"

[[link]]
from = "civil.resident(id_card)"
to = "health.vaccination(id_card)"
name = "vaccinations"
back = "resident"
"#;

const CIVIL: &str = "
CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE resident (id INTEGER PRIMARY KEY, id_card TEXT NOT NULL UNIQUE, name TEXT NOT NULL, born DATE,
  phone TEXT, income REAL, street_id INTEGER NOT NULL REFERENCES street (id));
CREATE INDEX resident_street ON resident (street_id);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO street SELECT i, 'Street ' || i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO resident SELECT i, 'card' || i, 'Name ' || i, date(1000000 + i), '1380000' || i, i * 1.5, 1 + i % 200 FROM n;
";

const HEALTH: &str = "
CREATE TABLE vaccination (id INTEGER PRIMARY KEY, id_card TEXT NOT NULL, vaccine TEXT NOT NULL, dose INTEGER);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO vaccination SELECT i, 'card' || (i - i % 2), 'Vaccine ' || i % 7, 1 + i % 2 FROM n;
CREATE INDEX vaccination_card ON vaccination (id_card);
";

impl City {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("lilong.toml"), CATALOG).unwrap();
        for (name, text) in [("civil.sqlite", CIVIL), ("health.sqlite", HEALTH)] {
            Connection::open(folder.path().join(name)).unwrap().execute_batch(text).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let gateway = runtime.block_on(async {
            let opened = Opened::open(folder.path(), Ask::Missing).await;
            let mut descriptions = opened.stored();
            let described = opened.describe(&descriptions.missing, &|_, _, _| {}).await;
            descriptions.stored.extend(described.found);
            let (model, _) = opened.model(&descriptions.stored);
            Gateway::of(model, &opened.catalog.server)
        });
        Self { gateway, runtime, _folder: folder }
    }

    /// Answers; a fault would make every figure meaningless.
    fn ask(&self, query: &str, variables: &serde_json::Value) -> usize {
        let request = Request {
            query: query.to_owned(),
            variables: variables.as_object().cloned().unwrap_or_default(),
            trace: new_trace(),
            ..Request::default()
        };
        let answer = self.runtime.block_on(self.gateway.execute(request));
        assert_eq!(answer.errors, 0, "{}", String::from_utf8_lossy(&answer.body));
        answer.body.len()
    }

    fn measure(&self, bencher: Bencher, query: &str, variables: &serde_json::Value) {
        self.ask(query, variables);
        bencher.bench_local(|| black_box(self.ask(query, variables)));
    }
}

const ROW: &str = "query($id: BigInt!) { civil { residentByPk(id: $id) { id idCard name born phone } } }";

/// Nothing is fetched: a document and its plan are found in their caches, and a constant is written.
#[divan::bench]
fn plan_found(bencher: Bencher) {
    City::new().measure(bencher, "{ __typename }", &json!({}));
}

/// The same, but for a document never seen before: parse, validate, normalize, plan.
#[divan::bench]
fn plan_made(bencher: Bencher) {
    let city = City::new();
    let seen = AtomicUsize::new(0);
    bencher.bench_local(|| {
        let query = format!("{ROW} # {}", seen.fetch_add(1, Ordering::Relaxed));
        black_box(city.ask(&query, &json!({"id": 7})))
    });
}

/// One row by key, with a plan that is found: what `plan_made` is to be compared with.
#[divan::bench]
fn row_by_key(bencher: Bencher) {
    City::new().measure(bencher, ROW, &json!({"id": 7}));
}

/// Rows decoded and written, without a join.
#[divan::bench(args = [100, 1_000, 10_000])]
fn decode_and_write(bencher: Bencher, rows: usize) {
    let query =
        "query($n: Int!) { civil { resident(limit: $n, orderBy: {id: ASC}) { id idCard name born phone income } } }";
    City::new().measure(bencher, query, &json!({"n": rows}));
}

/// Lists joined in from another source.
#[divan::bench(args = [100, 1_000])]
fn join(bencher: Bencher, rows: usize) {
    let query =
        "query($n: Int!) { civil { resident(limit: $n, orderBy: {id: ASC}) { id vaccinations { vaccine dose } } } }";
    City::new().measure(bencher, query, &json!({"n": rows}));
}

/// Figures of all rows, made by the source.
#[divan::bench]
fn aggregate(bencher: Bencher) {
    let query = "{ civil { residentAggregate { aggregate { count avg { income } max { born } } } } }";
    City::new().measure(bencher, query, &json!({}));
}
