//! How a MySQL or MariaDB database is filled with the contract's data.
//!
//! `LILONG_TEST_MYSQL` is the URL of a server and of a login that may make databases, such as
//! `tests/servers/mariadb.sh start FOLDER` prints. Each fixture has a database of its own and drops it.

use std::sync::atomic::{AtomicUsize, Ordering};

use lilong_connectors::kinds;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::{Scalar, Secret, Value};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::data::{self, Table};
use crate::fixtures::Fixture;

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A database of one fixture.
struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Runs statements, one after the other, apart from the test's own runtime.
    fn run(&self, texts: Vec<String>) {
        let server = self.server.clone();
        let running = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = connect(&server).await;
                for text in texts {
                    execute(&mut connection, text).await;
                }
            });
        });
        running.join().unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run(vec![format!("DROP DATABASE {}", self.name)]);
    }
}

async fn connect(url: &str) -> MySqlConnection {
    let options: MySqlConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

async fn execute(connection: &mut MySqlConnection, text: String) {
    let shown: String = text.chars().take(300).collect();
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{error}\n{shown}"));
}

/// A filled database; `None`: no server is given.
pub(crate) async fn start() -> Option<Fixture> {
    let kind = kinds::find("mysql")?;
    let server = std::env::var("LILONG_TEST_MYSQL").ok()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("lilong_contract_{}_{number}", std::process::id());
    let mut connection = connect(&server).await;
    execute(&mut connection, format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
    let database = Database { server, name };
    execute(&mut connection, format!("USE {}", database.name)).await;
    let version: String = sqlx::query("SELECT VERSION()")
        .fetch_one(&mut connection)
        .await
        .unwrap()
        .get(0);
    let maria = version.contains("MariaDB");
    let without: &[Scalar] = if maria { &[] } else { &[Scalar::Uuid] };
    let tables = data::tables(without, holds);
    execute(&mut connection, "SET foreign_key_checks = 0".to_owned()).await;
    for table in &tables {
        fill(&mut connection, table, maria).await;
    }
    execute(&mut connection, "CREATE INDEX resident_street ON resident (street_id)".to_owned()).await;
    for table in &tables {
        let text = format!("ANALYZE TABLE {}", table.collection.name);
        execute(&mut connection, text).await;
    }
    let (address, _) = database.server.rsplit_once('/').unwrap();
    let mut settings = SourceSettings {
        name: "mysql".to_owned(),
        connector: "mysql".to_owned(),
        ..SourceSettings::default()
    };
    settings.tuning.connections = 2;
    // A debug build on a busy machine is no measure.
    settings.tuning.timeout = std::time::Duration::from_secs(30);
    settings.tuning.connect_timeout = std::time::Duration::from_secs(10);
    settings.tuning.wait_timeout = std::time::Duration::from_secs(10);
    let url = OptionKind::Text(Secret::new(format!("{address}/{}", database.name)));
    settings.options.insert("url".to_owned(), OptionValue::new(url));
    let connector = (kind.open)(&settings).unwrap();
    let description = connector.describe().await.unwrap();
    let spoiling = Database {
        server: database.server.clone(),
        name: database.name.clone(),
    };
    let spoiling = std::mem::ManuallyDrop::new(spoiling);
    let spoil = move || {
        let name = &spoiling.name;
        // Larger than what a column of the described type holds.
        spoiling.run(vec![
            format!("ALTER TABLE {name}.spoiled MODIFY value BIGINT UNSIGNED"),
            format!("UPDATE {name}.spoiled SET value = 18446744073709551615 WHERE id = 2"),
        ]);
    };
    Some(Fixture {
        connector,
        tables,
        description,
        orders_by_code_point: false,
        spoil: Box::new(spoil),
        _place: Some(Box::new(database)),
    })
}

/// `TIMESTAMP` begins in 1970 and ends in 2038.
fn holds(scalar: Scalar, value: &Value) -> bool {
    match (scalar, value) {
        (Scalar::DateTime, Value::DateTime(micros)) => (1_000_000..2_147_483_647_000_000).contains(micros),
        _ => true,
    }
}

async fn fill(connection: &mut MySqlConnection, table: &Table, maria: bool) {
    let collection = &table.collection;
    let name = &collection.name;
    let mut parts: Vec<String> = collection
        .fields
        .iter()
        .map(|field| {
            let required = if field.nullable { "NULL" } else { "NOT NULL" };
            format!("`{}` {} {required}", field.name, declared(name, &field.name, field.scalar, maria))
        })
        .collect();
    for key in &collection.keys {
        let word = if key.primary { "PRIMARY KEY" } else { "UNIQUE" };
        parts.push(format!("{word} ({})", key.columns.join(", ")));
    }
    for key in &collection.foreign_keys {
        let (columns, references) = (key.columns.join(", "), key.references.join(", "));
        parts.push(format!(
            "FOREIGN KEY ({columns}) REFERENCES {} ({references})",
            key.collection
        ));
    }
    execute(connection, format!("CREATE TABLE {name} ({}) ENGINE=InnoDB", parts.join(", "))).await;
    for rows in table.rows.chunks(500) {
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", ")))
            .collect();
        execute(connection, format!("INSERT INTO {name} VALUES {}", rows.join(", "))).await;
    }
}

/// Texts are blind to case and to trailing spaces, so that equality shows whether it is exact, but where the expected
/// answers are ordered by code point.
fn declared(table: &str, field: &str, scalar: Scalar, maria: bool) -> &'static str {
    match (scalar, table, field) {
        (Scalar::String, "pair", "b") | (Scalar::String, "street", "name") if maria => {
            "VARCHAR(100) COLLATE utf8mb4_nopad_bin"
        }
        (Scalar::String, "pair", "b") | (Scalar::String, "street", "name") => "VARCHAR(100) COLLATE utf8mb4_0900_bin",
        (Scalar::String, "resident", "name") => "VARCHAR(100) COLLATE utf8mb4_bin",
        (Scalar::String, "note", "code") => "VARCHAR(100) CHARACTER SET latin1",
        (Scalar::String, ..) => "VARCHAR(1000) COLLATE utf8mb4_general_ci",
        (Scalar::Int, ..) => "INT",
        (Scalar::BigInt, ..) => "BIGINT",
        (Scalar::Float, ..) => "DOUBLE",
        (Scalar::Decimal, ..) => "DECIMAL(65, 10)",
        (Scalar::Boolean, ..) => "TINYINT(1)",
        (Scalar::Date, ..) => "DATE",
        (Scalar::Time, ..) => "TIME(6)",
        (Scalar::LocalDateTime, ..) => "DATETIME(6)",
        (Scalar::DateTime, ..) => "TIMESTAMP(6)",
        (Scalar::Uuid, ..) => "UUID",
        (Scalar::Json, ..) => "JSON",
        (Scalar::Bytes, ..) => "VARBINARY(100)",
        (Scalar::Enum, ..) => "ENUM('red', 'Green', 'blue')",
    }
}

fn literal(value: &Value) -> String {
    use std::fmt::Write;
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => u8::from(*value).to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:e}"),
        Value::Decimal(text) => text.clone(),
        Value::Text(text) => format!("_utf8mb4 x'{}'", hex(text.as_bytes())),
        Value::Bytes(bytes) => format!("x'{}'", hex(bytes)),
        Value::LocalDateTime(_) => format!("'{}'", value.to_string().replace('T', " ")),
        Value::DateTime(_) => format!("'{}'", value.to_string().trim_end_matches('Z').replace('T', " ")),
        Value::Date(_) | Value::Time(_) => format!("'{value}'"),
        Value::List(_) => panic!("a cell is no list"),
    }
}
