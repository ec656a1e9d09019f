//! Rows of many members become one list: ordered, made different, cut.
//!
//! *Invariant*: rows come out in the order asked for; those that it does not tell apart by member, and then as the member
//! sent them. Rows that can no longer be among those asked for are let go now and then, so that what is held does not grow
//! with the number of members. Where a value cannot be read, only its member knows where the row stands: where rows are left
//! out by what nobody knows, none are given.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use lilong_connectors::evaluate::{self, KeyIndex};
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{CellFault, OrderTarget, Source};

use super::bind::Numbers;
use super::line::{sorted, terms};
use crate::error::Code;
use crate::execute::collect::{too_heavy, too_many};
use crate::execute::held::Held;
use crate::execute::{Fault, RowSet, internal, move_faults};
use crate::plan::Ceiling;
use crate::plan::union::UnionStep;

/// Rows beyond those wanted that may wait before they are looked through.
const SLACK: usize = 8_192;

/// What has come so far.
pub(super) struct Pool<'a> {
    step: &'a UnionStep,
    sources: &'a [Arc<Source>],
    /// The work columns, then the number of the member.
    schema: SchemaRef,
    parts: Vec<RowSet>,
    rows: usize,
    /// How many rows are enough, where that is known beforehand.
    most: Option<usize>,
    offset: usize,
    /// Whether members leave out rows by the values of others: those before a cursor, and those that are not different.
    chosen: bool,
    /// The columns whose values say which rows are left out.
    deciding: Vec<usize>,
    /// By member, whether its source has put its rows in order, and left out those beyond the limit.
    cut: Vec<bool>,
    /// What more rows than this are.
    ceiling: Ceiling,
    keys: Option<PerKey>,
    held: Held<'a>,
}

/// What is cut from the rows of each key.
struct PerKey {
    index: KeyIndex,
    most: Option<usize>,
    offset: usize,
}

impl<'a> Pool<'a> {
    pub(super) fn new(
        (step, sources): (&'a UnionStep, &'a [Arc<Source>]),
        keys: Option<&RecordBatch>,
        numbers: &Numbers,
        bytes: &'a AtomicUsize,
    ) -> Result<Self, Fault> {
        let work = columns_schema(&step.fetch.collection, &step.work);
        let rank = Arc::new(Field::new("rank", DataType::Int32, false));
        let schema = Arc::new(Schema::new(work.fields().iter().cloned().chain([rank]).collect::<Vec<_>>()));
        let keys = match keys {
            None => None,
            Some(keys) => Some(PerKey {
                index: KeyIndex::new(keys.columns()).map_err(|_| internal())?,
                most: numbers.most_of_key(),
                offset: numbers.key_offset,
            }),
        };
        let most = if keys.is_some() { None } else { numbers.most() };
        let (parts, rows, offset, ceiling, held) = (Vec::new(), 0, numbers.offset, numbers.ceiling, Held::of(bytes));
        let chosen = numbers.beyond || !step.fetch.distinct.is_empty();
        let cut = vec![false; step.union.members.len()];
        let deciding = step.ordered.iter().chain(&step.fetch.distinct);
        let deciding = deciding.filter_map(|field| step.work.iter().position(|column| column == field)).collect();
        Ok(Self { step, sources, schema, parts, rows, most, offset, chosen, deciding, cut, ceiling, keys, held })
    }

    /// Takes the rows of a member; `cut`: whether its source has put them in order, and left out those beyond the limit.
    pub(super) fn add(&mut self, member: usize, rows: RowSet, cut: bool, most_bytes: usize) -> Result<(), Fault> {
        self.cut[member] = cut;
        let count = rows.batch.num_rows();
        if count == 0 {
            return Ok(());
        }
        let rank: ArrayRef = Arc::new(Int32Array::from(vec![member as i32; count]));
        let columns = rows.batch.columns().iter().cloned().chain([rank]).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|_| internal())?;
        let all = self.held.add(batch.get_array_memory_size());
        self.parts.push(RowSet { batch, faults: rows.faults });
        self.rows += count;
        let many = self.most.is_some_and(|most| self.rows > most.saturating_mul(2).saturating_add(SLACK));
        if many || all > most_bytes && self.parts.len() > 1 {
            self.settle()?;
            if self.keys.is_none() {
                self.is_within()?;
            }
        } else if self.counts_all() {
            self.is_within()?;
        }
        if self.held.all() > most_bytes {
            return Err(too_heavy(most_bytes));
        }
        Ok(())
    }

    /// Whether no row of those that are here falls away any more.
    fn counts_all(&self) -> bool {
        let fetch = &self.step.fetch;
        let is_cut = self.most.is_some_and(|most| self.is_asked_for(most));
        self.keys.is_none() && fetch.order.is_empty() && fetch.distinct.is_empty() && !is_cut
    }

    /// Whether rows beyond so many are left out, and not too many.
    fn is_asked_for(&self, most: usize) -> bool {
        most <= self.ceiling.rows.saturating_add(self.offset)
    }

    fn is_within(&self) -> Result<(), Fault> {
        if self.rows.saturating_sub(self.offset) > self.ceiling.rows {
            return Err(too_many(&self.step.field, self.ceiling));
        }
        Ok(())
    }

    /// Puts what has come in order and lets go of what is beyond the last row wanted.
    fn settle(&mut self) -> Result<(), Fault> {
        let mut before = 0;
        let mut faults: Vec<CellFault> = Vec::new();
        for part in &self.parts {
            faults.extend(part.faults.iter().map(|fault| CellFault { row: fault.row + before, ..*fault }));
            before += part.batch.num_rows();
        }
        let batch = concat_batches(&self.schema, self.parts.iter().map(|part| &part.batch)).map_err(|_| internal())?;
        faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        let odd: Vec<u32> =
            faults.iter().filter(|fault| self.deciding.contains(&fault.column)).map(|fault| fault.row as u32).collect();
        let sorted = self.sort(&batch, odd)?;
        let mut kept = self.make_distinct(&batch, sorted)?;
        if let Some(keys) = &self.keys {
            kept = self.cut_keys(&batch, keys, kept)?;
        }
        if let Some(most) = self.most {
            kept.truncate(most);
        }
        let faults = move_faults(&faults, kept.iter().map(|row| *row as usize));
        let batch = take_record_batch(&batch, &UInt32Array::from(kept)).map_err(|_| internal())?;
        self.rows = batch.num_rows();
        self.held.replace(batch.get_array_memory_size());
        self.parts = vec![RowSet { batch, faults }];
        Ok(())
    }

    /// The rows that were asked for in order; `odd`: those whose places cannot be read.
    fn sort(&self, batch: &RecordBatch, mut odd: Vec<u32>) -> Result<Vec<u32>, Fault> {
        let rank = batch.column(self.step.work.len());
        let members = rank.as_primitive_opt::<Int32Type>().ok_or_else(internal)?.values();
        if !odd.is_empty() {
            self.may_place(batch, members, &odd)?;
            odd.retain(|row| self.keys.is_none() && self.cut[members[*row as usize] as usize]);
        }
        let terms = terms(self.step, rank, |field| {
            let at = self.step.work.iter().position(|column| *column == field).ok_or_else(internal)?;
            Ok(batch.column(at).clone())
        })?;
        // Where rows fall away after ordering, the first ones may not be enough.
        let cut_later = self.keys.is_some() || !self.step.fetch.distinct.is_empty();
        let most = self.most.filter(|_| !cut_later).unwrap_or(usize::MAX);
        Ok(sorted(terms, members, &odd, most)?.values().to_vec())
    }

    /// Refuses rows whose places cannot be read, if it is not known whether they belong to what is asked for. Those of a list
    /// stand where their source has put them; those that are put in order here stand with the nulls, but behind no cursor.
    fn may_place(&self, batch: &RecordBatch, members: &[i32], odd: &[u32]) -> Result<(), Fault> {
        let is_cut = self.offset > 0 || self.most.is_some_and(|most| self.is_full(most, batch.num_rows()));
        let mut of_key: HashMap<u32, usize> = HashMap::new();
        let numbers = match &self.keys {
            Some(keys) => self.key_numbers(batch, keys)?,
            None => Vec::new(),
        };
        for key in numbers.iter().flatten() {
            *of_key.entry(*key).or_default() += 1;
        }
        let is_cut_of_key = |row: u32| {
            let rows = numbers.get(row as usize).and_then(|key| of_key.get(&(*key)?)).copied().unwrap_or_default();
            self.keys
                .as_ref()
                .is_some_and(|keys| keys.offset > 0 || keys.most.is_some_and(|most| self.is_full(most, rows)))
        };
        let member = |row: u32| members[row as usize] as usize;
        let unknown = |row: &&u32| {
            let of_key = || is_cut_of_key(**row);
            self.chosen
                || match (self.cut[member(**row)], &self.keys) {
                    (true, None) => false,
                    (true, Some(_)) => of_key(),
                    (false, _) => self.step.fetch.order_values && (is_cut || of_key()),
                }
        };
        let Some(row) = odd.iter().find(unknown) else { return Ok(()) };
        let source = self.sources[self.step.union.members[member(*row)].source].name();
        let field = &self.step.field;
        let message =
            format!("source `{source}` holds a value by which the rows of `{field}` are chosen that could not be read");
        Err(Fault { code: Code::SourceMismatch, source: Some(source.clone()), message: message.into() })
    }

    /// Whether so many rows may not be all there are.
    fn is_full(&self, most: usize, rows: usize) -> bool {
        rows >= most && self.is_asked_for(most)
    }

    /// Leaves the first row of each combination of the distinct columns, and of each key.
    fn make_distinct(&self, batch: &RecordBatch, rows: Vec<u32>) -> Result<Vec<u32>, Fault> {
        let fetch = &self.step.fetch;
        if fetch.distinct.is_empty() {
            return Ok(rows);
        }
        let keys = fetch.keys.iter().flat_map(|keys| keys.columns.iter());
        let columns = fetch
            .distinct
            .iter()
            .chain(keys)
            .map(|field| {
                let at = self.step.work.iter().position(|column| column == field).ok_or_else(internal)?;
                Ok((batch.column(at), fetch.collection.fields[*field].scalar))
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        let encoded = evaluate::encoded(columns).map_err(|_| internal())?;
        let mut seen = HashSet::with_capacity(rows.len());
        Ok(rows.into_iter().filter(|row| seen.insert(encoded.row(*row as usize))).collect())
    }

    /// Leaves the first rows of each key, those before the offset among them while more may come.
    fn cut_keys(&self, batch: &RecordBatch, keys: &PerKey, rows: Vec<u32>) -> Result<Vec<u32>, Fault> {
        let Some(most) = keys.most else { return Ok(rows) };
        let numbers = self.key_numbers(batch, keys)?;
        let mut counts: HashMap<u32, usize> = HashMap::new();
        Ok(rows
            .into_iter()
            .filter(|row| {
                let Some(key) = numbers[*row as usize] else { return false };
                let count = counts.entry(key).or_default();
                *count += 1;
                *count <= most
            })
            .collect())
    }

    fn key_numbers(&self, batch: &RecordBatch, keys: &PerKey) -> Result<Vec<Option<u32>>, Fault> {
        let fields = self.step.fetch.keys.iter().flat_map(|keys| keys.columns.iter());
        let columns = fields
            .map(|field| {
                let at = self.step.work.iter().position(|column| column == field).ok_or_else(internal)?;
                Ok(batch.column(at).clone())
            })
            .collect::<Result<Vec<ArrayRef>, Fault>>()?;
        keys.index.lookup(&columns).map_err(|_| internal())
    }

    /// All rows wanted, in the columns of the fetch.
    pub(super) fn finish(mut self) -> Result<RowSet, Fault> {
        self.settle()?;
        let Some(RowSet { batch, faults }) = self.parts.pop() else { return Err(internal()) };
        let mut kept: Vec<u32> = (0..batch.num_rows() as u32).collect();
        if let Some(keys) = self.keys.as_ref().filter(|keys| keys.offset > 0) {
            let numbers = self.key_numbers(&batch, keys)?;
            let mut counts: HashMap<u32, usize> = HashMap::new();
            kept.retain(|row| {
                let Some(key) = numbers[*row as usize] else { return false };
                let count = counts.entry(key).or_default();
                *count += 1;
                *count > keys.offset
            });
        }
        kept.drain(..self.offset.min(kept.len()));
        let fetch = &self.step.fetch;
        let mut columns: Vec<usize> = (0..fetch.columns.len()).collect();
        if fetch.order_values {
            for term in &fetch.order {
                columns.push(match &term.target {
                    OrderTarget::Field(field) => {
                        self.step.work.iter().position(|column| column == field).ok_or_else(internal)?
                    }
                    _ => return Err(internal()),
                });
            }
        }
        let faults = move_faults(&faults, kept.iter().map(|row| *row as usize));
        let mut placed: Vec<CellFault> = faults
            .iter()
            .flat_map(|fault| {
                let at = columns.iter().enumerate().filter(move |(_, column)| **column == fault.column);
                at.map(move |(column, _)| CellFault { column, row: fault.row })
            })
            .collect();
        placed.sort_unstable_by_key(|fault| (fault.row, fault.column));
        let batch = batch.project(&columns).map_err(|_| internal())?;
        let batch = take_record_batch(&batch, &UInt32Array::from(kept)).map_err(|_| internal())?;
        let batch = RecordBatch::try_new(fetch.schema(), batch.columns().to_vec()).map_err(|_| internal())?;
        self.held.keep();
        Ok(RowSet { batch, faults: placed })
    }
}
