//! Asks a gateway over a catalog of one source, `s`.

use lilong::Gateway;
use lilong::request::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

/// See the module.
pub(crate) struct Asker {
    gateway: Gateway,
    /// The catalog; taken away with the gateway.
    _folder: TempDir,
}

impl Asker {
    /// Serves `source`, the keys of its block.
    pub(crate) async fn new(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[server.limits]\ndeadline = \"60s\"\n\n[[source]]\nname = \"s\"\ntimeout = \"30s\"\nconnect_timeout = \"10s\"\n\
             connections = 16\nwait_timeout = \"30s\"\n{source}\n"
        );
        std::fs::write(folder.path().join("lilong.toml"), text).unwrap();
        let gateway = lilong_tests::serve(folder.path()).await;
        Self { gateway, _folder: folder }
    }

    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let Value::Object(variables) = variables else {
            panic!("variables are an object");
        };
        let request = Request { query: query.to_owned(), variables, trace: "types".into(), ..Request::default() };
        let answer: Value = serde_json::from_slice(&self.gateway.execute(request).await.body).unwrap();
        answer
    }

    /// The ids of rows, in their order; a failure is `-1`, which no row has.
    pub(super) async fn rows(&self, query: &str, field: &str) -> Vec<i64> {
        let answer = self.ask(query, json!({})).await;
        ids(&answer, field)
    }

    /// The ids of the rows that meet each of some conditions, ascending.
    pub(super) async fn ids(&self, number: usize, table: &str, conditions: &[Value]) -> Vec<Vec<i64>> {
        let (mut heads, mut fields, mut variables) = (vec![], vec![], serde_json::Map::new());
        for (at, condition) in conditions.iter().enumerate() {
            heads.push(format!("$w{at}: ST{number}BoolExp"));
            fields.push(format!("r{at}: {table}(where: $w{at}, orderBy: [{{ id: ASC }}]) {{ id }}"));
            variables.insert(format!("w{at}"), condition.clone());
        }
        let query = format!("query ({}) {{ s {{ {} }} }}", heads.join(", "), fields.join(" "));
        let answer = self.ask(&query, Value::Object(variables)).await;
        if answer.get("errors").is_some() {
            eprintln!("{answer}");
        }
        (0..conditions.len()).map(|at| ids(&answer, &format!("r{at}"))).collect()
    }
}

fn ids(answer: &Value, field: &str) -> Vec<i64> {
    match answer["data"]["s"][field].as_array() {
        Some(rows) => rows.iter().map(|row| row["id"].as_i64().unwrap()).collect(),
        None => vec![-1],
    }
}
