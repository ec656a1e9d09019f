//! A connector: ledgers that a program holds as rows of values.
//!
//! In: fetches by the contract of [`Connector`]. Out: batches of rows. *Invariant*: it claims what it does, which is to find
//! rows by keys; filters, orders and limits are then the gateway's.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use futures::future::{BoxFuture, ready};
use futures::{FutureExt, StreamExt, stream};
use lilong_connectors::evaluate::KeyIndex;
use lilong_connectors::{
    BoundFetch, CellFault, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream, Rows,
};
use lilong_schema::{Capabilities, Collection, Field, Scalar, SourceDescription, Value};

/// Rows of one batch.
const BATCH: usize = 1_000;

/// Rows of values, a value for each field.
pub(crate) struct Book {
    pub(crate) collection: Collection,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Books by their names.
pub(crate) struct Ledger {
    name: Arc<str>,
    books: RwLock<BTreeMap<String, Book>>,
}

impl Ledger {
    /// A ledger under its name in the catalog.
    pub(crate) fn new(name: &str, books: Vec<Book>) -> Self {
        let books = books.into_iter().map(|book| (book.collection.name.clone(), book)).collect();
        Self { name: name.into(), books: RwLock::new(books) }
    }

    /// Writes a value over another.
    #[cfg(test)]
    pub(crate) fn write(&self, book: &str, row: usize, field: usize, value: Value) {
        if let Some(book) = self.books.write().ok().as_mut().and_then(|books| books.get_mut(book)) {
            book.rows[row][field] = value;
        }
    }

    /// The rows of a fetch, and where its columns stand in them.
    fn read(&self, bound: &BoundFetch) -> Result<Vec<Result<Rows>>> {
        let fetch = bound.fetch();
        let books = self.books.read().map_err(|_| self.fault(ErrorKind::Internal, "a writer fell over"))?;
        // Descriptions may be older than what is there: things are found by name, or not at all.
        let book = books.get(&fetch.collection.name);
        let book = book.ok_or_else(|| self.fault(ErrorKind::Mismatch, "there is no such book"))?;
        let at = |field: &usize| {
            let name = &fetch.collection.fields[*field].name;
            book.collection.field_id(name).ok_or_else(|| self.fault(ErrorKind::Mismatch, "there is no such column"))
        };
        let columns = fetch.columns.iter().map(at).collect::<Result<Vec<_>>>()?;
        let mut rows: Vec<&Vec<Value>> = book.rows.iter().collect();
        if let (Some(set), Some(keys)) = (&fetch.keys, &bound.keys) {
            let of_key = |field: &usize| {
                let column = at(field)?;
                let cells = rows.iter().map(|row| &row[column]);
                Ok(cells_of(&fetch.collection.fields[*field], cells).0)
            };
            let of_keys = set.columns.iter().map(of_key).collect::<Result<Vec<_>>>()?;
            let found = KeyIndex::new(keys.columns()).and_then(|index| index.lookup(&of_keys));
            let found = found.map_err(|cause| self.fault(ErrorKind::Internal, "keys").because(cause))?;
            let mut found = found.iter();
            rows.retain(|_| found.next().is_some_and(Option::is_some));
        }
        Ok(rows.chunks(BATCH).map(|rows| self.batch(fetch, &columns, rows)).collect())
    }

    fn batch(&self, fetch: &Fetch, columns: &[usize], rows: &[&Vec<Value>]) -> Result<Rows> {
        let mut faults = Vec::new();
        let mut cells = Vec::with_capacity(columns.len());
        for (column, field) in columns.iter().enumerate() {
            let described = &fetch.collection.fields[fetch.columns[column]];
            let (array, wrong) = cells_of(described, rows.iter().map(|row| &row[*field]));
            cells.push(array);
            faults.extend(wrong.into_iter().map(|row| CellFault { column, row }));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(fetch.schema(), cells, &options);
        let batch = batch.map_err(|cause| self.fault(ErrorKind::Internal, "a batch").because(cause))?;
        Ok(Rows { batch, faults })
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.name.clone(), context)
    }
}

impl Connector for Ledger {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keys: 10_000, ..Capabilities::NONE }
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        let books = self.books.read().map_err(|_| self.fault(ErrorKind::Internal, "a writer fell over"));
        let described = books.map(|books| SourceDescription {
            collections: books.values().map(|book| book.collection.clone()).collect(),
            ..SourceDescription::default()
        });
        ready(described).boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let columns: Vec<&str> =
            fetch.columns.iter().map(|field| fetch.collection.fields[*field].name.as_str()).collect();
        let text = format!("read {} of {}", columns.join(", "), fetch.collection.name);
        Ok(Native { text, parts: Arc::new(()) })
    }

    fn fetch<'a>(&'a self, bound: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        let rows = self.read(bound).map(|pieces| stream::iter(pieces).boxed());
        ready(rows).boxed()
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        ready(Ok(())).boxed()
    }
}

/// A column of cells, and the rows whose cell is not of its field's scalar: these are null, never another value.
fn cells_of<'a>(field: &Field, cells: impl Iterator<Item = &'a Value>) -> (ArrayRef, Vec<usize>) {
    let mut wrong = Vec::new();
    macro_rules! column {
        ($array:ty, $($value:pat => $cell:expr),+) => {{
            let cells = cells.enumerate().map(|(row, cell)| {
                let read = match cell {
                    $($value => $cell,)+
                    _ => None,
                };
                if read.is_none() && !cell.is_null() {
                    wrong.push(row);
                }
                read
            });
            cells.collect::<$array>()
        }};
    }
    let column: ArrayRef = match field.scalar {
        Scalar::Int => Arc::new(column!(Int32Array, Value::Integer(value) => i32::try_from(*value).ok())),
        Scalar::BigInt => Arc::new(column!(Int64Array, Value::Integer(value) => i64::try_from(*value).ok())),
        Scalar::Unsigned => Arc::new(column!(UInt64Array, Value::Integer(value) => u64::try_from(*value).ok())),
        Scalar::Float => Arc::new(column!(Float64Array, Value::Float(value) => Some(*value))),
        Scalar::Boolean => Arc::new(column!(BooleanArray, Value::Boolean(value) => Some(*value))),
        Scalar::Date => Arc::new(column!(Date32Array, Value::Date(value) => Some(*value))),
        Scalar::Time => Arc::new(column!(Time64MicrosecondArray, Value::Time(value) => Some(*value))),
        Scalar::LocalDateTime => {
            Arc::new(column!(TimestampMicrosecondArray, Value::LocalDateTime(value) => Some(*value)))
        }
        Scalar::DateTime => {
            let moments = column!(TimestampMicrosecondArray, Value::DateTime(value) => Some(*value));
            Arc::new(moments.with_timezone("UTC"))
        }
        Scalar::Bytes => Arc::new(column!(BinaryArray, Value::Bytes(value) => Some(value.as_slice()))),
        Scalar::Decimal => Arc::new(column!(StringArray, Value::Decimal(value) => Some(value.as_str()))),
        Scalar::String | Scalar::Uuid | Scalar::Json | Scalar::Enum => {
            Arc::new(column!(StringArray, Value::Text(value) => Some(value.as_str())))
        }
    };
    (column, wrong)
}
