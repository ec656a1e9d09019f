//! A database with a table for each type: `t0`, `t1` … with the columns `id`, `v`, a text `w` that is `w`
//! everywhere, and `u`, the row's own `id`.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tempfile::TempDir;

use super::Type;

/// A database and the way to ask it without the gateway.
pub(super) enum Store {
    Postgres { url: String, schema: String, connection: PgConnection },
    MySql { url: String, name: String, connection: MySqlConnection },
    Sqlite { path: PathBuf, _folder: TempDir, connection: rusqlite::Connection },
}

/// The statements that fill the tables.
fn filling(types: &[Type], null: &str) -> Vec<String> {
    let mut texts = vec![];
    for (number, page) in types.iter().enumerate() {
        texts.push(format!(
            "CREATE TABLE t{number} (id INTEGER PRIMARY KEY, v {} {null}, w VARCHAR(1) DEFAULT 'w', u INTEGER)",
            page.declared
        ));
        let values = page.values.iter().map(|(sql, _)| *sql).chain(["NULL"]);
        for (row, sql) in values.enumerate() {
            texts.push(format!("INSERT INTO t{number} (id, v, u) VALUES ({0}, {sql}, {0})", row + 1));
        }
    }
    texts
}

/// The server's URL; `None`: there is none, and none is required.
fn server(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        let required = std::env::var("LILONG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "{variable} is not set");
        eprintln!("edges: skipped: {variable} is not set");
    }
    url
}

impl Store {
    pub(super) async fn postgres(before: &str, types: &[Type]) -> Option<Self> {
        let url = server("LILONG_TEST_POSTGRES")?;
        let schema = format!("types {}", std::process::id());
        let options = PgConnectOptions::from_str(&url).unwrap().disable_statement_logging();
        let mut connection = options.connect().await.unwrap();
        let mut texts = vec![
            format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\""),
            format!("SET search_path = \"{schema}\", public"),
            "SET timezone = 'UTC'".to_owned(),
            before.to_owned(),
        ];
        texts.extend(filling(types, ""));
        sqlx::raw_sql(AssertSqlSafe(texts.join(";\n"))).execute(&mut connection).await.unwrap();
        Some(Store::Postgres { url, schema, connection })
    }

    /// With the types that the server has: `types` is told whether it is `MariaDB`.
    pub(super) async fn mysql(types: impl FnOnce(bool) -> Vec<Type>) -> Option<(Self, Vec<Type>)> {
        let url = server("LILONG_TEST_MYSQL")?;
        let name = format!("lilong_types_{}", std::process::id());
        let options: MySqlConnectOptions = url.parse().unwrap();
        let options = options.pipes_as_concat(false).no_engine_substitution(false).timezone(None);
        let mut connection = options.connect().await.unwrap();
        let row = sqlx::query("SELECT VERSION()").fetch_one(&mut connection).await.unwrap();
        let types = types(row.get::<String, _>(0).contains("MariaDB"));
        let mut texts = vec![
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
            format!("USE {name}"),
            "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+05:45'".to_owned(),
        ];
        texts.extend(filling(&types, "NULL"));
        // What an oracle is asked is asked as a fetch is.
        texts.push("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION', time_zone = '+00:00'".to_owned());
        sqlx::raw_sql(AssertSqlSafe(texts.join(";\n"))).execute(&mut connection).await.unwrap();
        Some((Store::MySql { url, name, connection }, types))
    }

    pub(super) fn sqlite(types: &[Type]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("types.sqlite");
        let connection = rusqlite::Connection::open(&path).unwrap();
        for text in filling(types, "") {
            connection.execute_batch(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
        Store::Sqlite { path, _folder: folder, connection }
    }

    /// The keys of the source's block.
    pub(super) fn catalog(&self) -> String {
        match self {
            Store::Postgres { url, schema, .. } => {
                format!("connector = \"postgres\"\nurl = \"{url}\"\nschemas = [\"{schema}\"]")
            }
            Store::MySql { url, name, .. } => {
                let (address, _) = url.rsplit_once('/').unwrap();
                format!("connector = \"mysql\"\nurl = \"{address}/{name}\"")
            }
            Store::Sqlite { path, .. } => format!("connector = \"sqlite\"\npath = \"{}\"", path.display()),
        }
    }

    /// The first column of what plain SQL gives.
    pub(super) async fn ids(&mut self, text: &str) -> Vec<i64> {
        let shown = |error: &dyn std::fmt::Display| -> ! { panic!("{error}\n{text}") };
        match self {
            Store::Postgres { connection, .. } => {
                let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await;
                let rows = rows.unwrap_or_else(|error| shown(&error));
                rows.iter().map(|row| row.get::<i32, _>(0).into()).collect()
            }
            Store::MySql { connection, .. } => {
                let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await;
                let rows = rows.unwrap_or_else(|error| shown(&error));
                rows.iter().map(|row| row.get::<i32, _>(0).into()).collect()
            }
            Store::Sqlite { connection, .. } => {
                let mut statement = connection.prepare(text).unwrap_or_else(|error| shown(&error));
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
        }
    }

    /// Takes away what was made at a server.
    pub(super) async fn end(self) {
        match self {
            Store::Postgres { schema, mut connection, .. } => {
                let text = format!("DROP SCHEMA \"{schema}\" CASCADE");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Store::MySql { name, mut connection, .. } => {
                let text = format!("DROP DATABASE {name}");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Store::Sqlite { .. } => {}
        }
    }
}
