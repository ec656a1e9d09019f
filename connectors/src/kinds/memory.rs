//! Collections held in the process: for tests, and for embedding the gateway beside data that is already there.
//!
//! In: descriptions with their rows as record batches. Out: what the contract asks of a source. *Invariant*: it does what
//! it claims and refuses a fetch that needs more, so that a planner that asks too much is found out.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};
use futures::future::BoxFuture;
use futures::stream;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Enumeration, Field, Problem, SourceDescription};

use crate::describing::one_digit;
use crate::kinds::Kind;
use crate::rows::columns_schema;
use crate::tables::{self, Reader, Table};
use crate::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};

pub use script::{Logged, Script};

/// The kind's entry in the list.
pub const KIND: Kind = Kind { name: "memory", keys: &[], open, discovery: None };

/// A source whose rows are in the process.
pub struct Memory {
    name: Arc<str>,
    capabilities: Capabilities,
    batch_rows: usize,
    enumerations: Vec<Enumeration>,
    tables: BTreeMap<String, Arc<Table>>,
    stage: script::Stage,
}

impl Memory {
    /// A source without collections that claims everything. `name` is its name in the catalog.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            capabilities: Capabilities::ALL,
            batch_rows: 1_024,
            enumerations: Vec::new(),
            tables: BTreeMap::new(),
            stage: script::Stage::default(),
        }
    }

    /// Adds a collection, or puts it in the place of one of the same name. Columns stand in the order of the fields and have
    /// their Arrow types; [`ErrorKind::Mismatch`] if not, or if a field that is not nullable has a null. Where the
    /// description gives no row count, it is counted.
    pub fn collection(mut self, mut collection: Collection, rows: &RecordBatch) -> Result<Self> {
        let fields: Vec<FieldId> = (0..collection.fields.len()).collect();
        let expected = columns_schema(&collection, &fields);
        let mismatch = |what: &str| {
            Error::new(ErrorKind::Mismatch, self.name.clone(), format!("collection {}: {what}", collection.name))
        };
        if rows.num_columns() != fields.len() {
            return Err(mismatch(&format!("{} columns for {} fields", rows.num_columns(), fields.len())));
        }
        for ((field, column), wanted) in collection.fields.iter().zip(rows.columns()).zip(expected.fields()) {
            if column.data_type() != wanted.data_type() {
                let (found, wanted) = (column.data_type(), wanted.data_type());
                return Err(mismatch(&format!("column {} is {found}, not {wanted}", field.name)));
            }
            if !field.nullable && column.null_count() > 0 {
                return Err(mismatch(&format!("column {} has a null", field.name)));
            }
        }
        let rows = RecordBatch::try_new(expected, rows.columns().to_vec())
            .map_err(|cause| mismatch("its columns make no batch").because(cause))?;
        if collection.rows.is_none() {
            collection.rows = Some(one_digit(rows.num_rows() as u64));
        }
        let name = collection.name.clone();
        let table = Table { collection: Arc::new(collection), rows, bad_cells: BTreeSet::new() };
        self.tables.insert(name, Arc::new(table));
        Ok(self)
    }

    /// Adds a database enum that fields refer to.
    #[must_use]
    pub fn enumeration(mut self, enumeration: Enumeration) -> Self {
        self.enumerations.push(enumeration);
        self
    }

    /// What the source claims, and honours; everything by default.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The most rows of one batch; 1,024 by default, at least 1.
    #[must_use]
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// Makes a cell one that cannot be represented: null, with a [`crate::CellFault`]. [`ErrorKind::Mismatch`] if there is
    /// no such cell.
    pub fn bad_cell(mut self, collection: &str, field: &str, row: usize) -> Result<Self> {
        let missing =
            || Error::new(ErrorKind::Mismatch, self.name.clone(), format!("no cell {collection}.{field}[{row}]"));
        let table = Arc::make_mut(self.tables.get_mut(collection).ok_or_else(missing)?);
        let id = table.collection.field_id(field).ok_or_else(missing)?;
        if row >= table.rows.num_rows() {
            return Err(missing());
        }
        let this_row: BooleanArray = (0..table.rows.num_rows()).map(|at| Some(at == row)).collect();
        let mut columns = table.rows.columns().to_vec();
        let emptied = arrow_select::nullif::nullif(&columns[id], &this_row).and_then(|column| {
            columns[id] = column;
            RecordBatch::try_new(table.rows.schema(), columns)
        });
        table.rows = emptied.map_err(|cause| missing().because(cause))?;
        table.bad_cells.insert((id, row));
        Ok(self)
    }

    /// From now on acts as the script says.
    pub fn play(&self, script: Script) {
        self.stage.play(script);
    }

    /// The fetches it got since it was made or [`Memory::clear_log`] was called, failed ones included, in their order.
    pub fn log(&self) -> Vec<Logged> {
        self.stage.log()
    }

    /// Forgets the fetches it got, and the most that ran at once.
    pub fn clear_log(&self) {
        self.stage.clear_log();
    }

    /// How many fetches run now: their future or stream is alive.
    pub fn running(&self) -> usize {
        self.stage.running()
    }

    /// The most fetches that ran at once.
    pub fn most_running(&self) -> usize {
        self.stage.most_running()
    }

    fn fault(&self, kind: ErrorKind, context: impl Into<String>) -> Error {
        Error::new(kind, self.name.clone(), context)
    }
}

impl Connector for Memory {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        Box::pin(async move {
            if let Some(kind) = self.stage.script().fails(None) {
                return Err(self.fault(kind, "describing, as scripted"));
            }
            Ok(SourceDescription {
                collections: self.tables.values().map(|table| (*table.collection).clone()).collect(),
                enumerations: self.enumerations.clone(),
                warnings: Vec::new(),
            })
        })
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        tables::check(fetch, self.capabilities).map_err(|needs| {
            self.fault(
                ErrorKind::Internal,
                format!("collection {}: asked for {needs}, which is not claimed", fetch.collection.name),
            )
        })?;
        Ok(Native { text: tables::text(fetch), parts: Arc::new(()) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let native = fetch.prepared.native(self)?;
            let collection = &fetch.fetch().collection.name;
            let running = self.stage.enter(Logged {
                collection: collection.clone(),
                text: native.text.clone(),
                keys: fetch.keys.as_ref().map(RecordBatch::num_rows),
            });
            let script = self.stage.script();
            script.wait(collection).await;
            let failure = script.fails(Some(collection));
            let fault = |kind| self.fault(kind, format!("reading {collection}, as scripted"));
            if let Some(kind) = failure.filter(|_| script.after_rows == 0) {
                return Err(fault(kind));
            }
            let find = |collection: &Collection| {
                let table = self.tables.get(&collection.name).cloned();
                table.ok_or_else(|| {
                    self.fault(ErrorKind::Mismatch, format!("there is no collection {}", collection.name))
                })
            };
            let bounds = (self.capabilities.keys, self.batch_rows);
            let mut pieces = Reader::new(&self.name, bounds, &find, fetch).rows()?;
            if let Some(kind) = failure {
                pieces = script::cut(pieces, script.after_rows, fault(kind));
            }
            let stream: RowStream = Box::pin(stream::iter(pieces.into_iter().inspect(move |_| {
                let _alive = &running;
            })));
            Ok(stream)
        })
    }

    fn orders_exactly(&self, _: &Field) -> bool {
        true
    }

    fn dialect(&self) -> Option<String> {
        Some("memory".to_owned())
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.stage.script().fails(None) {
                Some(kind) => Err(self.fault(kind, "answering, as scripted")),
                None => Ok(()),
            }
        })
    }
}

fn open(settings: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let problem = Problem::new(
        format!("source {}", settings.name),
        "a memory source has no rows of its own to read from a catalog",
        "use it from Rust, with lilong_connectors::kinds::memory::Memory, or choose another connector",
    );
    Err(vec![problem.at(&settings.place.file, settings.place.line)])
}

#[cfg(test)]
mod tests;
