//! Groups of many members become groups of the union.
//!
//! In: what members folded, or what was folded here of their rows. Out: one row for each group of the union, in the columns of
//! the fetch's answer, still in parts. *Invariant*: groups are put together as often as they come, so that what is held is
//! bounded by the groups of the union, not by those of all members.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_select::concat::concat_batches;
use arrow_select::nullif::nullif;
use lilong_connectors::evaluate::{self, Error, FoldColumn};
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{CellFault, Function, Group};
use lilong_schema::{Scalar, Value};

use super::convert::{cast, fixed, repeat};
use crate::execute::collect::{too_heavy, too_many};
use crate::execute::held::Held;
use crate::execute::{Fault, RowSet, fold, internal, keep};
use crate::plan::union::{Ask, GroupCell, Groups, UnionFold, UnionStep};

/// Groups that may wait before they are put together.
const SLACK: usize = 8_192;

/// What has come so far.
pub(super) struct Gathered<'a> {
    step: &'a UnionStep,
    fold: &'a UnionFold,
    /// By member; what is put together already comes first.
    parts: Vec<(usize, RowSet)>,
    rows: usize,
    /// How many groups there were when they were last put together.
    settled: usize,
    held: Held<'a>,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(step: &'a UnionStep, fold: &'a UnionFold, bytes: &'a AtomicUsize) -> Self {
        Self { step, fold, parts: Vec::new(), rows: 0, settled: 0, held: Held::of(bytes) }
    }

    /// Takes the groups of a member.
    pub(super) fn add(&mut self, member: usize, groups: RowSet, most_bytes: usize) -> Result<(), Fault> {
        self.rows += groups.batch.num_rows();
        let all = self.held.add(groups.batch.get_array_memory_size());
        self.parts.push((member + 1, groups));
        if self.rows > 2 * self.settled + SLACK || all > most_bytes && self.parts.len() > 1 {
            self.settle()?;
            if self.rows > self.step.ceiling.rows {
                return Err(too_many(&self.step.field, self.step.ceiling));
            }
        }
        if self.held.all() > most_bytes { Err(too_heavy(most_bytes)) } else { Ok(()) }
    }

    /// Puts groups of several members together.
    fn settle(&mut self) -> Result<(), Fault> {
        // Sums of floats do not depend on who answers first as long as nothing was put together before.
        self.parts.sort_by_key(|(member, _)| *member);
        let schema = self.step.fetch.schema();
        let mut before = 0;
        let mut faults: Vec<CellFault> = Vec::new();
        let mut batches = Vec::with_capacity(self.parts.len());
        for (_, part) in self.parts.drain(..) {
            faults.extend(part.faults.iter().map(|fault| CellFault { row: fault.row + before, ..*fault }));
            before += part.batch.num_rows();
            batches.push(RecordBatch::try_new(schema.clone(), part.batch.columns().to_vec()).map_err(|_| internal())?);
        }
        let batch = concat_batches(&schema, &batches).map_err(|_| internal())?;
        let folding = &self.fold.groups;
        let groups = fold::fold(&RowSet { batch, faults }, None, &folding.by, &folding.figures)?;
        self.rows = groups.batch.num_rows();
        self.settled = self.rows;
        self.held.replace(groups.batch.get_array_memory_size());
        self.parts.push((0, groups));
        Ok(())
    }

    /// All groups; without anything that tells groups apart one, also of no member.
    pub(super) fn finish(mut self) -> Result<RowSet, Fault> {
        self.settle()?;
        let Some((_, groups)) = self.parts.pop() else { return Err(internal()) };
        self.held.keep();
        let batch = RecordBatch::try_new(self.step.fetch.schema(), groups.batch.columns().to_vec());
        Ok(RowSet { batch: batch.map_err(|_| internal())?, faults: groups.faults })
    }
}

/// What a member folded, in the columns of the union's groups.
pub(super) fn convert(
    groups: &Groups,
    ask: &Ask,
    group: &Group,
    constants: &[Value],
    source: &str,
    rows: &RowSet,
) -> Result<RowSet, Error> {
    let count = rows.batch.num_rows();
    let own = ask.prepared.fetch.answer();
    let counts = groups.rows.map(|column| rows.batch.column(column).as_primitive::<Int64Type>());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(groups.cells.len());
    let mut faults = Vec::new();
    for (place, (cell, field)) in groups.cells.iter().zip(&group.answer.fields).enumerate() {
        columns.push(match cell {
            GroupCell::Column(at) => {
                let unread = rows.faults.iter().filter(|fault| fault.column == *at);
                faults.extend(unread.map(|fault| CellFault { column: place, row: fault.row }));
                cast(rows.batch.column(*at), own[*at].scalar, field.scalar)?
            }
            GroupCell::Zero => Arc::new(Int64Array::from(vec![0; count])),
            GroupCell::Fixed(cell) => repeat(&fixed(*cell, field.scalar, constants, source)?, count)?,
            GroupCell::Of(function, cell, scalar) => {
                let values = fixed(*cell, *scalar, constants, source)?;
                let column = FoldColumn { values, scalar: *scalar };
                let counts = counts.ok_or(Error::KeyWidth { expected: 1, found: 0 })?;
                let (cells, past) = of_one_value(*function, &column, field.scalar, counts)?;
                faults.extend(past.into_iter().map(|row| CellFault { column: place, row }));
                cells
            }
        });
    }
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    let schema = columns_schema(&group.answer, &(0..columns.len()).collect::<Vec<_>>());
    let all = RowSet { batch: RecordBatch::try_new(schema, columns)?, faults };
    match counts.filter(|_| groups.drops_empty) {
        Some(counts) => {
            let there: BooleanArray = counts.iter().map(|count| Some(count != Some(0))).collect();
            Ok(keep(&all, &there)?)
        }
        None => Ok(all),
    }
}

/// What a function makes of one value in as many rows as there are, and where that cannot be represented.
fn of_one_value(
    function: Function,
    column: &FoldColumn,
    scalar: Scalar,
    counts: &Int64Array,
) -> Result<(ArrayRef, Vec<usize>), Error> {
    // But for sums, what it makes of one row it makes of many that are the same.
    let one = evaluate::fold(1, &[], &[(function, vec![column.clone()])])?;
    let one = &one.aggregates[0];
    let none: BooleanArray = counts.iter().map(|count| Some(count == Some(0))).collect();
    let mut past = Vec::new();
    let cells: ArrayRef = match (function, scalar) {
        (Function::Sum, Scalar::Float) => {
            let value = one.as_primitive::<Float64Type>().value(0);
            Arc::new(counts.unary::<_, Float64Type>(|count| count as f64 * value))
        }
        (Function::Sum, Scalar::Decimal) => {
            // Declared are whole numbers.
            let value: i128 = one.as_string::<i32>().value(0).parse().map_err(|_| Error::BadDecimal)?;
            Arc::new(
                counts
                    .iter()
                    .flatten()
                    .map(|count| Some((value * i128::from(count)).to_string()))
                    .collect::<StringArray>(),
            )
        }
        (Function::Sum, _) => {
            let value = one.as_primitive::<Int64Type>().value(0);
            let products = counts.iter().flatten().enumerate().map(|(row, count)| {
                let product = value.checked_mul(count);
                if product.is_none() {
                    past.push(row);
                }
                product
            });
            Arc::new(products.collect::<Int64Array>())
        }
        _ => repeat(one, counts.len())?,
    };
    Ok((nullif(&cells, &none)?, past))
}
