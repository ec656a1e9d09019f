//! How to start one source of each kind, filled with the same data.
//!
//! To add a kind: a function that fills one, an entry in [`start`], and its name in `main.rs`.

mod files;
pub(crate) mod graphql;
mod mysql;
pub(crate) mod ndc;
mod postgres;
mod rest;
mod served;

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use lilong_connectors::kinds::memory::Memory;
use lilong_connectors::{Connector, kinds};
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::{Scalar, Secret, Value};
pub(crate) use lilong_tests::contract::Fixture;
use tempfile::TempDir;

use crate::cells;
use crate::data::{self, Table};

/// Starts a source of a kind; `None`: this build does not have the kind, or no server of it runs.
pub(crate) async fn start(kind: &str) -> Option<Fixture> {
    match kind {
        "files" => Some(files::start().await),
        "memory" => Some(memory().await),
        "sqlite" => sqlite().await,
        "postgres" => postgres::start(postgres::Way::Plain).await,
        "postgres_blind" => postgres::start(postgres::Way::Blind).await,
        "postgres_family" => postgres::start(postgres::Way::Family).await,
        "postgres_pooled" => postgres::start(postgres::Way::Pooled).await,
        "mysql" => mysql::start().await,
        "graphql" => graphql::start(graphql::Takes::default()).await,
        "graphql_conditions" => graphql::start(graphql::Takes { conditions: true, lies: false }).await,
        "ndc" => ndc::start(ndc::Abilities { variables: true, aggregates: true, relationships: true }).await,
        "ndc_bare" => ndc::start(ndc::Abilities::default()).await,
        "ndc_without_variables" => {
            ndc::start(ndc::Abilities { variables: false, aggregates: true, relationships: true }).await
        }
        "rest" => rest::start().await,
        _ => panic!("no fixture for {kind}"),
    }
}

async fn memory() -> Fixture {
    let tables = data::tables(&[], |_, _| true);
    let mut source = Memory::new("memory").batch_rows(512).enumeration(data::enumeration());
    for table in &tables {
        let fields: Vec<usize> = (0..table.collection.fields.len()).collect();
        let rows = cells::batch(&table.collection, &fields, &table.rows);
        source = source.collection(table.collection.clone(), &rows).unwrap();
    }
    let source = source.bad_cell("spoiled", "value", 1).unwrap();
    ready(Arc::new(source), tables, Box::new(|| ()), None).await
}

/// Every form that `SQLite` stores is text, a number or bytes; decimals keep 15 digits.
async fn sqlite() -> Option<Fixture> {
    let kind = kinds::find("sqlite")?;
    let without = [Scalar::Int, Scalar::Unsigned, Scalar::Uuid, Scalar::Json, Scalar::Enum];
    let tables = data::tables(
        &without,
        |_, value| !matches!(value, Value::Decimal(text) if text.chars().filter(char::is_ascii_digit).count() > 15),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contract.sqlite");
    fill_sqlite(&path, &tables);
    let mut settings =
        SourceSettings { name: "sqlite".to_owned(), connector: "sqlite".to_owned(), ..SourceSettings::default() };
    settings.tuning.connections = 2;
    let value = OptionKind::Text(Secret::new(path.to_str().unwrap()));
    settings.options.insert("path".to_owned(), OptionValue::new(value));
    let connector = (kind.open)(&settings).unwrap();
    let spoil = move || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute("update spoiled set value = 'no number' where id = 2", []).unwrap();
    };
    Some(ready(connector, tables, Box::new(spoil), Some(folder)).await)
}

fn fill_sqlite(path: &Path, tables: &[Table]) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let transaction = connection.transaction().unwrap();
    for table in tables {
        let collection = &table.collection;
        let mut parts: Vec<String> =
            collection.fields.iter().map(|field| format!("{} {}", field.name, sqlite_type(field.scalar))).collect();
        for key in &collection.keys {
            let word = if key.primary { "primary key" } else { "unique" };
            parts.push(format!("{word} ({})", key.columns.join(", ")));
        }
        for key in &collection.foreign_keys {
            let (columns, references) = (key.columns.join(", "), key.references.join(", "));
            parts.push(format!("foreign key ({columns}) references {} ({references})", key.collection));
        }
        transaction.execute(&format!("create table {} ({})", collection.name, parts.join(", ")), []).unwrap();
        let slots = vec!["?"; collection.fields.len()].join(", ");
        let mut insert = transaction.prepare(&format!("insert into {} values ({slots})", collection.name)).unwrap();
        for row in &table.rows {
            insert.execute(rusqlite::params_from_iter(row.iter().map(sqlite_value))).unwrap();
        }
    }
    transaction.execute("create index resident_street on resident (street_id)", []).unwrap();
    for (number, expression) in (1..).zip(data::CARD_INDEXES) {
        transaction.execute(&format!("create index card_{number} on card ({expression}, id)"), []).unwrap();
    }
    transaction.commit().unwrap();
}

fn sqlite_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::BigInt => "integer",
        Scalar::Float => "real",
        Scalar::Decimal => "decimal(30, 10)",
        Scalar::Boolean => "boolean",
        Scalar::String => "text",
        Scalar::Date => "date",
        Scalar::Time => "time",
        Scalar::LocalDateTime => "datetime",
        Scalar::DateTime => "timestamp",
        Scalar::Bytes => "blob",
        Scalar::Int | Scalar::Unsigned | Scalar::Uuid | Scalar::Json | Scalar::Enum => {
            panic!("SQLite has no {scalar:?}")
        }
    }
}

/// Times and moments all with six digits of a second: one form for each column.
fn sqlite_value(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Stored;
    let long = |text: String| match text.split_once('.') {
        Some((head, fraction)) => format!("{head}.{fraction:0<6}"),
        None => format!("{text}.000000"),
    };
    match value {
        Value::Null => Stored::Null,
        Value::Boolean(value) => Stored::Integer((*value).into()),
        Value::Integer(value) => Stored::Integer(i64::try_from(*value).unwrap()),
        Value::Float(value) => Stored::Real(*value),
        Value::Time(_) => Stored::Text(long(value.to_string())),
        Value::LocalDateTime(_) => Stored::Text(long(value.to_string()).replace('T', " ")),
        Value::DateTime(_) => Stored::Text(long(value.to_string().trim_end_matches('Z').to_owned()) + "Z"),
        Value::Decimal(_) | Value::Text(_) | Value::Date(_) => Stored::Text(value.to_string()),
        Value::Bytes(bytes) => Stored::Blob(bytes.clone()),
        Value::List(_) => panic!("a cell is no list"),
    }
}

async fn ready(
    connector: Arc<dyn Connector>,
    tables: Vec<Table>,
    spoil: Box<dyn Fn() + Send + Sync>,
    folder: Option<TempDir>,
) -> Fixture {
    let fixture = Fixture::new(connector, tables, spoil).await;
    let place = folder.map(|folder| Box::new(folder) as Box<dyn Any + Send + Sync>);
    Fixture { indexes_expressions: true, counts_rows: true, place, ..fixture }
}
