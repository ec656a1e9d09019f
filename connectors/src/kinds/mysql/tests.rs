//! The connector against a real server, `LILONG_TEST_MYSQL`: the URL of a login that may do everything. Without one the
//! tests are skipped, and fail where `LILONG_REQUIRE_SERVERS=1`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod orders;
mod plans;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use futures::TryStreamExt;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::{Collection, Field, Secret, SourceDescription, Value, temporal};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::describing::with_database;
use crate::{
    BoundFetch, CellFault, Comparison, Connector, Fetch, FetchContext, KeySet, Operand, Order, OrderTarget, Predicate,
    Prepared, Result, Rows,
};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// The server's address; `None`: there is none.
fn server() -> Option<Secret> {
    let url = std::env::var("LILONG_TEST_MYSQL").ok();
    if url.is_none() {
        let required = std::env::var("LILONG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "LILONG_TEST_MYSQL is not set");
        eprintln!("mysql: skipped: LILONG_TEST_MYSQL is not set");
    }
    url.map(Secret::new)
}

fn block(url: Secret) -> SourceSettings {
    let mut settings =
        SourceSettings { name: "silo".to_owned(), connector: "mysql".to_owned(), ..SourceSettings::default() };
    settings.tuning.connect_timeout = Duration::from_secs(10);
    settings.tuning.timeout = Duration::from_secs(10);
    settings.options.insert("url".to_owned(), OptionValue::new(OptionKind::Text(url)));
    settings
}

async fn connect(url: &Secret) -> MySqlConnection {
    let options: MySqlConnectOptions = url.reveal().parse().unwrap();
    options.connect().await.unwrap()
}

async fn execute(connection: &mut MySqlConnection, text: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{error}\n{text}"));
}

/// A database with a connector over it, and the way to its server.
struct Silo {
    url: Secret,
    name: String,
    admin: MySqlConnection,
    connector: Arc<dyn Connector>,
    description: SourceDescription,
}

impl Silo {
    /// A database made by some statements, described. `None`: there is no server.
    async fn new(statements: &str) -> Option<Self> {
        Self::with(statements, |_| {}).await
    }

    async fn with(statements: &str, tune: impl FnOnce(&mut SourceSettings)) -> Option<Self> {
        let server = server()?;
        let name = format!("lilong_unit_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect(&server).await;
        execute(&mut admin, "SET SESSION sql_mode = ''").await;
        execute(&mut admin, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")).await;
        execute(&mut admin, &format!("USE {name}")).await;
        execute(&mut admin, statements).await;
        let url = with_database(&server, &name);
        let mut settings = block(url.clone());
        tune(&mut settings);
        let connector = super::open(&settings).unwrap();
        let description = connector.describe().await.unwrap();
        Some(Self { url, name, admin, connector, description })
    }

    /// Drops the database.
    async fn end(mut self) {
        execute(&mut self.admin, &format!("DROP DATABASE {}", self.name)).await;
    }

    fn collection(&self, name: &str) -> Arc<Collection> {
        let mut collections = self.description.collections.iter();
        Arc::new(collections.find(|one| one.name == name).unwrap().clone())
    }

    /// Some columns of the rows that meet a comparison, ordered by the first column of all.
    fn question(&self, collection: &str, columns: &[&str], condition: Option<(&str, Comparison, Value)>) -> BoundFetch {
        let collection = self.collection(collection);
        let mut operands = vec![];
        let predicate = match condition {
            None => Predicate::TRUE,
            Some((field, comparison, value)) => {
                operands.push(Operand::Value(value));
                Predicate::Compare { field: collection.field_id(field).unwrap(), comparison, operand: 0 }
            }
        };
        let columns = columns.iter().map(|name| collection.field_id(name).unwrap()).collect();
        let fetch = Fetch {
            predicate,
            order: vec![Order { path: vec![], target: OrderTarget::Field(0), descending: false, nulls_first: false }],
            ..Fetch::of(collection, columns)
        };
        BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: None }
    }

    async fn fetch(&self, bound: &BoundFetch) -> Result<Vec<Rows>> {
        self.connector.fetch(bound, &context()).await?.try_collect().await
    }

    /// The first column of the rows that meet a comparison, as text.
    async fn found(&self, collection: &str, column: &str, comparison: Comparison, value: Value) -> Vec<String> {
        let first = self.collection(collection).fields[0].name.clone();
        let bound = self.question(collection, &[&first], Some((column, comparison, value)));
        shown(&self.fetch(&bound).await.unwrap()).into_iter().flatten().collect()
    }
}

fn context() -> FetchContext {
    FetchContext::new(Instant::now() + Duration::from_secs(30), "test")
}

/// The cells of a column and the rows that have a fault in it.
async fn column(silo: &Silo, collection: &str, name: &str) -> (Vec<String>, Vec<usize>) {
    let rows = silo.fetch(&silo.question(collection, &[name], None)).await.unwrap();
    let faults = rows.iter().flat_map(|rows| rows.faults.iter().map(|CellFault { row, .. }| *row)).collect();
    (shown(&rows).into_iter().flatten().collect(), faults)
}

/// Cells as text; null is `-`.
fn shown(rows: &[Rows]) -> Vec<Vec<String>> {
    let mut all = vec![];
    for rows in rows {
        for row in 0..rows.batch.num_rows() {
            let cells = rows.batch.columns().iter();
            all.push(cells.map(|cells| if cells.is_null(row) { "-".to_owned() } else { cell(cells, row) }).collect());
        }
    }
    all
}

fn cell(cells: &ArrayRef, row: usize) -> String {
    match cells.data_type() {
        // The printer knows no names of time zones.
        DataType::Timestamp(_, Some(_)) => {
            temporal::format_instant(cells.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        _ => array_value_to_string(cells, row).unwrap(),
    }
}

fn field<'a>(collection: &'a Collection, name: &str) -> &'a Field {
    &collection.fields[collection.field_id(name).unwrap()]
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}
