//! Works a fetch out over tables in memory.
//!
//! In: a bound fetch that stays within what is claimed. Out: its rows in pieces. *Invariant*: the steps are those of SQL,
//! in SQL's order: filter, keys, order, distinct, limits, columns.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array};
use arrow_schema::ArrowError;
use arrow_select::take::take;
use foldhash::fast::RandomState;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Scalar, Value};

use super::Table;
use crate::evaluate::{self, KeyIndex, Term, filter_linked};
use crate::rows::arrow_type;
use crate::{BoundFetch, CellFault, Error, ErrorKind, Fetch, Hop, Operand, OperandId, OrderTarget, Result, Rows};

/// Gives the table of a collection; the same one throughout a fetch.
pub(crate) type Find<'a> = dyn Fn(&Collection) -> Result<Arc<Table>> + 'a;

/// One fetch at work.
pub(crate) struct Reader<'a> {
    source: &'a Arc<str>,
    keys: usize,
    pub(super) batch_rows: usize,
    find: &'a Find<'a>,
    pub(super) fetch: &'a BoundFetch,
    /// Why a linked collection has no table.
    missing: RefCell<Option<Error>>,
}

/// Rows that are left, by their number in the table, with the number of the key each was found by.
struct Selected {
    rows: Vec<u32>,
    /// Empty if the fetch is not by keys.
    keys: Vec<u32>,
}

impl<'a> Reader<'a> {
    /// `keys` is how many keys a fetch may have, `batch_rows` the most rows of a piece.
    pub(crate) fn new(
        source: &'a Arc<str>,
        (keys, batch_rows): (usize, usize),
        find: &'a Find<'a>,
        fetch: &'a BoundFetch,
    ) -> Self {
        Self { source, keys, batch_rows, find, fetch, missing: RefCell::new(None) }
    }

    /// The rows, in pieces.
    pub(crate) fn rows(&self) -> Result<Vec<Result<Rows>>> {
        let fetch = self.fetch.fetch();
        let table = &*(self.find)(&fetch.collection)?;
        let mut selected = self.select(fetch, table)?;
        self.order(fetch, table, &mut selected)?;
        self.keep_distinct(fetch, table, &mut selected)?;
        self.cut(fetch, &mut selected)?;
        if let Some(group) = &fetch.group {
            return self.groups(fetch, group, table, selected.rows);
        }
        let pieces = selected.rows.chunks(self.batch_rows);
        Ok(pieces.map(|rows| self.piece(fetch, table, rows)).collect())
    }

    /// The rows that meet the predicate and have one of the keys.
    fn select(&self, fetch: &Fetch, table: &Table) -> Result<Selected> {
        let described = as_described(table, &fetch.collection);
        let (columns, batch, faults) = described.ok_or_else(|| self.defect("its columns cannot be picked"))?;
        let linked = |collection: &Collection| self.linked(collection);
        let (rows, operands) = ((&batch, faults.as_slice()), &self.fetch.operands);
        let mask = filter_linked(&fetch.predicate, &fetch.collection, &columns, rows, operands, &linked)
            .map_err(|cause| self.evaluation(cause))?;
        let met = (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row)).map(|row| row as u32);
        let Some(key_set) = &fetch.keys else {
            return Ok(Selected { rows: met.collect(), keys: Vec::new() });
        };
        let Some(keys) = &self.fetch.keys else {
            return Err(self.defect("a fetch by keys came without keys"));
        };
        if keys.num_rows() > self.keys {
            return Err(self.defect("more keys than are claimed"));
        }
        let columns = key_set.columns.iter().map(|field| self.column(table, &fetch.collection, *field));
        let mut columns = columns.collect::<Result<Vec<_>>>()?;
        if !key_set.normalize.is_empty() {
            for (column, field) in columns.iter_mut().zip(&key_set.columns) {
                let scalar = fetch.collection.fields[*field].scalar;
                let texts = evaluate::normalize(column, scalar, &key_set.normalize);
                *column = Arc::new(texts.map_err(|cause| self.evaluation(cause))?);
            }
        }
        let found = KeyIndex::new(keys.columns())
            .and_then(|index| index.lookup(&columns))
            .map_err(|cause| self.evaluation(cause))?;
        let (rows, keys) = met.filter_map(|row| Some((row, found[row as usize]?))).unzip();
        Ok(Selected { rows, keys })
    }

    fn order(&self, fetch: &Fetch, table: &Table, selected: &mut Selected) -> Result<()> {
        if fetch.order.is_empty() {
            return Ok(());
        }
        let at = UInt32Array::from(selected.rows.clone());
        let mut terms = Vec::with_capacity(fetch.order.len());
        for order in &fetch.order {
            let (values, scalar) = self.reach(&order.path, &order.target, fetch, table, &at)?;
            let bad = match order.target {
                OrderTarget::Field(field) => self.bad_cells(&order.path, field, fetch, table, &at)?,
                OrderTarget::RowId | OrderTarget::Aggregate(_) => Vec::new(),
            };
            let term = |values, scalar| {
                let (descending, nulls_first) = (order.descending, order.nulls_first);
                Term { values, scalar, descending, nulls_first }
            };
            if !bad.is_empty() {
                // Behind all that can be read, apart from nulls.
                let mut last: Vec<Option<i32>> =
                    (0..values.len()).map(|row| values.is_valid(row).then_some(0)).collect();
                for row in bad {
                    last[row] = Some(1);
                }
                terms.push(term(Arc::new(Int32Array::from(last)), Scalar::Int));
            }
            terms.push(term(values, scalar));
        }
        let sorted = evaluate::sort(&terms, selected.rows.len()).map_err(|cause| self.evaluation(cause))?;
        selected.rearrange(sorted.values());
        Ok(())
    }

    /// What each row of a table reaches, for some of its rows.
    pub(super) fn reach(
        &self,
        path: &[Hop],
        target: &OrderTarget,
        fetch: &Fetch,
        table: &Table,
        rows: &UInt32Array,
    ) -> Result<(ArrayRef, Scalar)> {
        let described = as_described(table, &fetch.collection);
        let (columns, batch, _) = described.ok_or_else(|| self.defect("its columns cannot be picked"))?;
        let linked = |collection: &Collection| self.linked(collection);
        let operands = &self.fetch.operands;
        let (values, scalar) = evaluate::reach(path, target, &fetch.collection, (&columns, &batch), operands, &linked)
            .map_err(|cause| self.evaluation(cause))?;
        Ok((take(&values, rows, None).map_err(|cause| self.arrow(cause))?, scalar))
    }

    /// Which of some rows reach a cell of a field that cannot be represented.
    pub(super) fn bad_cells(
        &self,
        path: &[Hop],
        field: FieldId,
        fetch: &Fetch,
        table: &Table,
        rows: &UInt32Array,
    ) -> Result<Vec<usize>> {
        let collection = path.last().map_or(&fetch.collection, |hop| &hop.collection);
        let last = (self.find)(collection)?;
        let Some(own) = collection.fields.get(field).and_then(|field| last.collection.field_id(&field.name)) else {
            return Ok(Vec::new());
        };
        if last.bad_cells.iter().all(|(field, _)| *field != own) {
            return Ok(Vec::new());
        }
        let (numbers, _) = self.reach(path, &OrderTarget::RowId, fetch, table, rows)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let bad = |at: &usize| numbers.is_valid(*at) && last.bad_cells.contains(&(own, numbers.value(*at) as usize));
        Ok((0..rows.len()).filter(bad).collect())
    }

    /// Leaves the first row of each combination of the distinct columns, and of each key.
    fn keep_distinct(&self, fetch: &Fetch, table: &Table, selected: &mut Selected) -> Result<()> {
        if fetch.distinct.is_empty() {
            return Ok(());
        }
        let at = UInt32Array::from(selected.rows.clone());
        let mut columns: Vec<(ArrayRef, Scalar)> = Vec::with_capacity(fetch.distinct.len() + 1);
        for field in &fetch.distinct {
            if !self.bad_cells(&[], *field, fetch, table, &at)?.is_empty() {
                let name = &fetch.collection.fields[*field].name;
                let what = format!(
                    "{}.{name} holds what is not of its type, and rows are told apart by it",
                    fetch.collection.name
                );
                return Err(Error::new(ErrorKind::Mismatch, self.source.clone(), what));
            }
            let column = self.column(table, &fetch.collection, *field)?;
            let column = take(&column, &at, None).map_err(|cause| self.arrow(cause))?;
            columns.push((column, fetch.collection.fields[*field].scalar));
        }
        if fetch.keys.is_some() {
            let keys: UInt64Array = selected.keys.iter().map(|key| Some(u64::from(*key))).collect();
            columns.push((Arc::new(keys), Scalar::Unsigned));
        }
        let encoded = evaluate::encoded(columns.iter().map(|(column, scalar)| (column, *scalar)))
            .map_err(|cause| self.evaluation(cause))?;
        let mut seen = HashSet::with_capacity_and_hasher(selected.rows.len(), RandomState::default());
        let first: Vec<u32> =
            (0..selected.rows.len() as u32).filter(|row| seen.insert(encoded.row(*row as usize).data())).collect();
        selected.rearrange(&first);
        Ok(())
    }

    fn cut(&self, fetch: &Fetch, selected: &mut Selected) -> Result<()> {
        if let Some(key_set) = &fetch.keys {
            let offset = self.number(key_set.offset)?.unwrap_or(0);
            let limit = self.number(key_set.limit)?.unwrap_or(usize::MAX);
            let keys = self.fetch.keys.as_ref().map_or(0, RecordBatch::num_rows);
            let mut counts = vec![0usize; keys];
            let kept = selected.keys.iter().enumerate().filter(|(_, key)| {
                let count = &mut counts[**key as usize];
                *count += 1;
                *count > offset && *count - offset <= limit
            });
            let kept: Vec<u32> = kept.map(|(row, _)| row as u32).collect();
            selected.rearrange(&kept);
        }
        let offset = self.number(fetch.offset)?.unwrap_or(0).min(selected.rows.len());
        selected.rows.drain(..offset);
        selected.rows.truncate(self.number(fetch.limit)?.unwrap_or(usize::MAX));
        Ok(())
    }

    fn piece(&self, fetch: &Fetch, table: &Table, rows: &[u32]) -> Result<Rows> {
        let at = UInt32Array::from(rows.to_vec());
        let mut columns = Vec::with_capacity(fetch.columns.len());
        let mut faults = Vec::new();
        let fields = fetch.columns.iter().map(|field| (&[][..], OrderTarget::Field(*field)));
        let values = fetch.order.iter().filter(|_| fetch.order_values);
        let values = values.map(|order| (order.path.as_slice(), order.target.clone()));
        for (position, (path, target)) in fields.chain(values).enumerate() {
            columns.push(self.reach(path, &target, fetch, table, &at)?.0);
            if let OrderTarget::Field(field) = target {
                let bad = self.bad_cells(path, field, fetch, table, &at)?;
                faults.extend(bad.into_iter().map(|row| CellFault { column: position, row }));
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(fetch.schema(), columns, &options);
        Ok(Rows { batch: batch.map_err(|cause| self.arrow(cause))?, faults })
    }

    /// The rows of a linked collection, under its description.
    fn linked(&self, collection: &Collection) -> Option<(Vec<FieldId>, RecordBatch, Vec<CellFault>)> {
        match (self.find)(collection) {
            Ok(table) => as_described(&table, collection),
            Err(error) => {
                self.missing.replace(Some(error));
                None
            }
        }
    }

    /// The column of a field, as the description that the fetch was made from names it.
    pub(super) fn column(&self, table: &Table, collection: &Collection, field: FieldId) -> Result<ArrayRef> {
        find_column(table, collection, field).cloned().ok_or_else(|| {
            let name = collection.fields.get(field).map_or("?", |field| &field.name);
            let what = format!("collection {} has no column {name} of the described type", collection.name);
            Error::new(ErrorKind::Mismatch, self.source.clone(), what)
        })
    }

    /// A limit or an offset.
    pub(super) fn number(&self, operand: Option<OperandId>) -> Result<Option<usize>> {
        let Some(operand) = operand else { return Ok(None) };
        match self.fetch.operands.get(operand) {
            Some(Operand::Value(Value::Integer(number))) if *number >= 0 => {
                Ok(Some(usize::try_from(*number).unwrap_or(usize::MAX)))
            }
            _ => Err(self.defect("a limit or an offset is no natural number")),
        }
    }

    pub(super) fn defect(&self, what: &str) -> Error {
        let context = format!("collection {}: {what}", self.fetch.fetch().collection.name);
        Error::new(ErrorKind::Internal, self.source.clone(), context)
    }

    pub(super) fn arrow(&self, cause: ArrowError) -> Error {
        self.evaluation(cause.into())
    }

    pub(super) fn evaluation(&self, cause: evaluate::Error) -> Error {
        if let (evaluate::Error::NoLinkedRows(_), Some(error)) = (&cause, self.missing.take()) {
            return error;
        }
        let context = format!("reading {}", self.fetch.fetch().collection.name);
        let mismatch = matches!(cause, evaluate::Error::NoColumn(_) | evaluate::Error::NoLinkedRows(_));
        let mut error = cause.at_source(self.source.clone(), context);
        if mismatch {
            error.kind = ErrorKind::Mismatch;
        }
        error
    }
}

impl Selected {
    /// Keeps these of the rows, in this order.
    fn rearrange(&mut self, kept: &[u32]) {
        self.rows = kept.iter().map(|at| self.rows[*at as usize]).collect();
        if !self.keys.is_empty() {
            self.keys = kept.iter().map(|at| self.keys[*at as usize]).collect();
        }
    }
}

fn find_column<'a>(table: &'a Table, collection: &Collection, field: FieldId) -> Option<&'a ArrayRef> {
    let described = collection.fields.get(field)?;
    let column = table.rows.column(table.collection.field_id(&described.name)?);
    (column.data_type() == &arrow_type(described.scalar)).then_some(column)
}

/// The rows of a table under the fields of a description, which may be older than the table, and its bad cells; `None` never
/// happens, as only columns that are there are picked.
fn as_described(table: &Table, collection: &Collection) -> Option<(Vec<FieldId>, RecordBatch, Vec<CellFault>)> {
    let there = (0..collection.fields.len()).filter_map(|field| {
        let described = &collection.fields[field];
        let position = table.collection.field_id(&described.name)?;
        (table.rows.column(position).data_type() == &arrow_type(described.scalar)).then_some((field, position))
    });
    let (fields, positions): (Vec<FieldId>, Vec<usize>) = there.unzip();
    let faults = table.bad_cells.iter().filter_map(|(field, row)| {
        let column = positions.iter().position(|position| position == field)?;
        Some(CellFault { column, row: *row })
    });
    let faults = faults.collect();
    Some((fields, table.rows.project(&positions).ok()?, faults))
}
