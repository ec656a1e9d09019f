//! What engines say of how they read what they were sent.
//!
//! In: the silos of a town, and questions between [`Watch::begin`] and [`Watch::end`]. Out: statements with the tables they
//! read whole. PostgreSQL logs the plans it ran, MariaDB the statements it got with their values, and SQLite explains the
//! texts that its connector sends.

use std::time::{Duration, Instant};

use lilong::request::Request;
use lilong_tests::engine::{Engine, Silo};
use rusqlite::functions::FunctionFlags;
use serde_json::Value;

/// A statement, and what it reads whole.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) engine: Engine,
    pub(super) text: String,
    pub(super) plan: String,
    pub(super) scans: Vec<Scan>,
}

/// A table of which every row is read.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) table: String,
    /// In the order of an index.
    pub(super) by_index: bool,
}

/// Looks at what the engines do.
pub(super) struct Watch<'a> {
    silos: &'a [Silo],
    sqlite: rusqlite::Connection,
    /// The server's log of plans, and how long it was.
    log: String,
    length: usize,
}

/// A request of a text.
pub(super) fn request(text: &str) -> Request {
    Request { query: text.to_owned(), trace: "test".into(), ..Request::default() }
}

impl<'a> Watch<'a> {
    pub(super) async fn new(silos: &'a [Silo]) -> Self {
        let connection = rusqlite::Connection::open(&silo(silos, Engine::Sqlite).location).unwrap();
        rusqlite::vtab::array::load_module(&connection).unwrap();
        // How they answer is nothing to a plan.
        for name in ["like", "ilike", "starts", "ends", "contains", "value", "text"] {
            let name = format!("lilong_{name}");
            connection
                .create_scalar_function(name.as_str(), 2, FunctionFlags::SQLITE_DETERMINISTIC, |_| Ok(true))
                .unwrap();
        }
        let postgres = silo(silos, Engine::Postgres);
        let name = postgres.location.rsplit('/').next().unwrap();
        let set = |setting: &str| format!("ALTER DATABASE \"{name}\" SET {setting}");
        postgres
            .run(&[
                set("session_preload_libraries = 'auto_explain'"),
                set("auto_explain.log_min_duration = 0"),
                set("auto_explain.log_format = 'json'"),
            ])
            .await;
        let folder = postgres.rows("SHOW data_directory").await[0][0].clone().unwrap();
        let maria = silo(silos, Engine::MariaDb);
        maria.run(&["SET GLOBAL log_output = 'TABLE'".to_owned(), "SET GLOBAL general_log = 1".to_owned()]).await;
        if maria.is_mysql().await {
            // As MariaDB explains, whatever it does otherwise.
            maria.run(&["SET GLOBAL explain_format = 'TRADITIONAL'".to_owned()]).await;
        }
        // Where tests/servers/postgres.sh has it written.
        Self { silos, sqlite: connection, log: format!("{folder}/../server.log"), length: 0 }
    }

    pub(super) async fn begin(&mut self) {
        let length = format!("SELECT size FROM pg_stat_file('{}')", self.log);
        let length = silo(self.silos, Engine::Postgres).rows(&length).await[0][0].clone().unwrap();
        self.length = length.parse().unwrap();
        silo(self.silos, Engine::MariaDb).run(&["TRUNCATE mysql.general_log".to_owned()]).await;
    }

    /// What was sent since the beginning; `plan` is what lilong says that it sends.
    pub(super) async fn end(&mut self, plan: &Value) -> Vec<Statement> {
        let mut statements = Vec::new();
        let fetches = |engine: Engine| {
            let steps = plan["steps"].as_array().unwrap().iter();
            steps.filter(move |step| step["source"] == engine.connector()).filter_map(|step| step["request"].as_str())
        };
        for text in fetches(Engine::Sqlite) {
            statements.push(self.sqlite(text));
        }
        // A plan is logged when its statement has ended, which is after its last row was sent.
        let begun = Instant::now();
        let mut plans = self.postgres().await;
        while plans.len() < fetches(Engine::Postgres).count() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} does not tell what is sent", self.log);
            tokio::task::yield_now().await;
            plans = self.postgres().await;
        }
        statements.extend(plans);
        let sent = self.mariadb().await;
        assert!(sent.len() >= fetches(Engine::MariaDb).count(), "the log does not tell what is sent");
        statements.extend(sent);
        statements
    }

    fn sqlite(&self, text: &str) -> Statement {
        let mut statement = self.sqlite.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let mut rows = statement.raw_query();
        let mut lines: Vec<String> = vec![];
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get_unwrap(3));
        }
        let scans = lines.iter().filter(|line| line.starts_with("SCAN ") && !line.contains("VIRTUAL TABLE"));
        let scans = scans.filter_map(|line| {
            let table = table_of(text, line.split(' ').nth(1)?)?;
            Some(Scan { table, by_index: true })
        });
        let scans = scans.collect();
        Statement { engine: Engine::Sqlite, text: text.to_owned(), plan: lines.join("; "), scans }
    }

    async fn postgres(&self) -> Vec<Statement> {
        let read = format!("SELECT pg_read_file('{}', {}, 100000000)", self.log, self.length);
        let log = silo(self.silos, Engine::Postgres).rows(&read).await[0][0].clone().unwrap();
        let mut statements = Vec::new();
        for entry in log.split("  plan:\n").skip(1) {
            let json: Vec<&str> = entry.lines().map_while(|line| line.strip_prefix('\t')).collect();
            let Ok(plan) = serde_json::from_str::<Value>(&json.join("\n")) else {
                continue;
            };
            let text = plan["Query Text"].as_str().unwrap().to_owned();
            // The test's own questions are about other things.
            if text.contains("\"big_") {
                let mut scans = Vec::new();
                walk(&plan["Plan"], &mut scans);
                statements.push(Statement { engine: Engine::Postgres, text, plan: plan["Plan"].to_string(), scans });
            }
        }
        statements
    }

    async fn mariadb(&self) -> Vec<Statement> {
        let silo = silo(self.silos, Engine::MariaDb);
        let sent =
            "SELECT argument FROM mysql.general_log WHERE command_type = 'Execute' AND argument LIKE '%`big\\_%'";
        let mut statements = Vec::new();
        for row in silo.rows(sent).await {
            let text = row[0].clone().unwrap();
            let mut scans = Vec::new();
            let mut plan = Vec::new();
            for row in silo.rows(&format!("EXPLAIN {text}")).await {
                let cell = |at: usize| row[at].clone().unwrap_or_default();
                // MySQL tells the partitions of a table between the two.
                let after = usize::from(row.len() > 10);
                let (alias, access) = (cell(2), cell(3 + after));
                if let Some(table) = table_of(&text, &alias).filter(|_| access == "ALL" || access == "index") {
                    scans.push(Scan { table, by_index: access == "index" });
                }
                plan.push(format!("{alias} {access} {}", cell(5 + after)));
            }
            statements.push(Statement { engine: Engine::MariaDb, text, plan: plan.join("; "), scans });
        }
        statements
    }
}

fn silo(silos: &[Silo], engine: Engine) -> &Silo {
    silos.iter().find(|silo| silo.engine == engine).unwrap()
}

/// The sequential scans of a plan. A small table is read faster so.
fn walk(node: &Value, scans: &mut Vec<Scan>) {
    if node["Node Type"] == "Seq Scan" && node["Relation Name"] != "big_street" {
        scans.push(Scan { table: node["Relation Name"].as_str().unwrap().to_owned(), by_index: false });
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        walk(below, scans);
    }
}

/// The table that an alias of a statement stands for.
fn table_of(text: &str, alias: &str) -> Option<String> {
    let end = text.find(&format!(" AS {alias} ")).or_else(|| text.find(&format!(" AS {alias})")))?;
    let name = text[..end].rsplit([' ', '.']).next()?;
    Some(name.trim_matches(['"', '`']).to_owned())
}
