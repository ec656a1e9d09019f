//! The connector against real files in temporary folders.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod describing;
mod fetching;
mod files;
mod folds;
mod keyed;
mod plans;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::array_value_to_string;
use futures::TryStreamExt;
use lilong_schema::catalog::{OptionKind, OptionValue, Place, SourceSettings};
use lilong_schema::{Collection, Secret, SourceDescription, Value};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    BoundFetch, Comparison, Connector, Exists, Fetch, FetchContext, KeySet, Operand, Order, OrderTarget, Predicate,
    Prepared, Result, Rows,
};

/// A file with a connector over it.
struct Silo {
    folder: TempDir,
    connector: Arc<dyn Connector>,
    description: SourceDescription,
}

fn settings(path: &Path) -> SourceSettings {
    let mut settings =
        SourceSettings { name: "silo".to_owned(), connector: "sqlite".to_owned(), ..SourceSettings::default() };
    settings.options.insert("path".to_owned(), text_option(path.to_str().unwrap()));
    settings
}

/// Runs SQL on a file as its own program would, foreign keys unchecked.
fn make(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn text_option(text: &str) -> OptionValue {
    OptionValue::new(OptionKind::Text(Secret::new(text)))
}

impl Silo {
    /// A file made by some SQL, described.
    async fn new(sql: &str) -> Self {
        Self::with(sql, |_| {}).await
    }

    async fn with(sql: &str, tune: impl FnOnce(&mut SourceSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silo.sqlite");
        make(&path, sql);
        let mut settings = settings(&path);
        tune(&mut settings);
        let connector = super::open(&settings).unwrap();
        let description = connector.describe().await.unwrap();
        Self { folder, connector, description }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("silo.sqlite")
    }

    fn write(&self, sql: &str) {
        make(&self.path(), sql);
    }

    fn collection(&self, name: &str) -> Arc<Collection> {
        Arc::new(self.description.collections.iter().find(|collection| collection.name == name).unwrap().clone())
    }

    fn ask(&self, collection: &str) -> Ask<'_> {
        Ask::new(self, collection)
    }
}

/// A fetch while it is put together.
struct Ask<'a> {
    silo: &'a Silo,
    fetch: Fetch,
    operands: Vec<Operand>,
    keys: Option<RecordBatch>,
}

impl<'a> Ask<'a> {
    fn new(silo: &'a Silo, collection: &str) -> Self {
        let collection = silo.collection(collection);
        let columns = (0..collection.fields.len()).collect();
        let fetch = Fetch::of(collection, columns);
        Self { silo, fetch, operands: vec![], keys: None }
    }

    fn id(&self, name: &str) -> usize {
        self.fetch.collection.field_id(name).unwrap()
    }

    fn columns(mut self, names: &[&str]) -> Self {
        self.fetch.columns = names.iter().map(|name| self.id(name)).collect();
        self
    }

    fn operand(&mut self, value: Value) -> usize {
        self.operands.push(Operand::Value(value));
        self.operands.len() - 1
    }

    fn compare(&mut self, name: &str, comparison: Comparison, value: Value) -> Predicate {
        let operand = self.operand(value);
        Predicate::Compare { field: self.id(name), comparison, operand }
    }

    fn and(mut self, predicate: Predicate) -> Self {
        self.fetch.predicate = self.fetch.predicate.and(predicate);
        self
    }

    fn filter(mut self, name: &str, comparison: Comparison, value: Value) -> Self {
        let predicate = self.compare(name, comparison, value);
        self.and(predicate)
    }

    fn not(mut self, name: &str, comparison: Comparison, value: Value) -> Self {
        let predicate = self.compare(name, comparison, value);
        self.and(Predicate::Not(Box::new(predicate)))
    }

    fn order(mut self, name: &str, descending: bool) -> Self {
        let target = OrderTarget::Field(self.id(name));
        self.fetch.order.push(Order { path: vec![], target, descending, nulls_first: descending });
        self
    }

    fn distinct(mut self, names: &[&str]) -> Self {
        self.fetch.distinct = names.iter().map(|name| self.id(name)).collect();
        self
    }

    fn limit(mut self, limit: i128) -> Self {
        self.fetch.limit = Some(self.operand(Value::Integer(limit)));
        self
    }

    fn offset(mut self, offset: i128) -> Self {
        self.fetch.offset = Some(self.operand(Value::Integer(offset)));
        self
    }

    /// Key columns by name, with their cells.
    fn keys(mut self, names: &[&str], cells: Vec<ArrayRef>) -> Self {
        let columns: Vec<usize> = names.iter().map(|name| self.id(name)).collect();
        let schema = crate::rows::columns_schema(&self.fetch.collection, &columns);
        self.keys = Some(RecordBatch::try_new(schema, cells).unwrap());
        self.fetch.keys = Some(KeySet::of(columns));
        self
    }

    fn each(mut self, limit: Option<i128>, offset: Option<i128>) -> Self {
        let limit = limit.map(|limit| self.operand(Value::Integer(limit)));
        let offset = offset.map(|offset| self.operand(Value::Integer(offset)));
        let keys = self.fetch.keys.as_mut().unwrap();
        keys.limit = limit;
        keys.offset = offset;
        self
    }

    fn exists(&mut self, collection: &str, on: &[(&str, &str)], predicate: Predicate) -> Predicate {
        let collection = self.silo.collection(collection);
        let on = on.iter().map(|(one, other)| (self.id(one), collection.field_id(other).unwrap())).collect();
        Predicate::Exists(Box::new(Exists { collection, on, predicate }))
    }

    fn bound(self) -> BoundFetch {
        BoundFetch { prepared: Arc::new(Prepared::new(self.fetch)), operands: self.operands, keys: self.keys }
    }

    async fn batches(self) -> Result<Vec<Rows>> {
        let connector = self.silo.connector.clone();
        let bound = self.bound();
        collect(connector.as_ref(), &bound).await
    }

    /// Cells as text, columns joined by `|`; null is empty, a fault `!`.
    async fn rows(self) -> Vec<String> {
        lines(&self.batches().await.unwrap())
    }
}

fn context() -> FetchContext {
    FetchContext::new(Instant::now() + Duration::from_secs(30), "test")
}

async fn collect(connector: &dyn Connector, bound: &BoundFetch) -> Result<Vec<Rows>> {
    connector.fetch(bound, &context()).await?.try_collect().await
}

fn lines(batches: &[Rows]) -> Vec<String> {
    let mut lines = vec![];
    for rows in batches {
        for row in 0..rows.batch.num_rows() {
            let cells: Vec<String> = (0..rows.batch.num_columns())
                .map(|column| {
                    if rows.faults.iter().any(|fault| fault.row == row && fault.column == column) {
                        assert!(rows.batch.column(column).is_null(row));
                        "!".to_owned()
                    } else {
                        cell(rows.batch.column(column), row)
                    }
                })
                .collect();
            lines.push(cells.join("|"));
        }
    }
    lines
}

fn cell(column: &ArrayRef, row: usize) -> String {
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        // Arrow prints no named zones without their database.
        Some(moments) if moments.timezone().is_some() && !column.is_null(row) => {
            lilong_schema::temporal::format_instant(moments.value(row))
        }
        Some(_) if column.is_null(row) => String::new(),
        _ => array_value_to_string(column, row).unwrap(),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn integer(number: i128) -> Value {
    Value::Integer(number)
}
