//! Values that are reached from a row: through object links, or by folding linked rows.
//!
//! In: a path and what stands at its end. Out: a column with a cell for each row. *Invariant*: where a link finds no row
//! there is null; of several the first counts; an aggregate over no rows is null, a count of them 0.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow_buffer::BooleanBuffer;
use arrow_select::take::take;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Scalar};

use super::{Linked, Place, View};
use crate::evaluate::fold::{FoldColumn, fold};
use crate::evaluate::{Error, KeyIndex, Result, convert};
use crate::{CellFault, Function, Hop, LinkedAggregate, Operand, OrderTarget};

/// What each row of a batch reaches, where the rows of linked collections are at hand; row numbers are those in the batch.
pub(crate) fn reach(
    path: &[Hop],
    target: &OrderTarget,
    collection: &Collection,
    (columns, batch): (&[FieldId], &RecordBatch),
    operands: &[Operand],
    linked: &Linked<'_>,
) -> Result<(ArrayRef, Scalar)> {
    let view = View { collection, columns, batch, faults: &[], operands, linked, end: None, place: Place::Last };
    view.reach(path, target)
}

impl View<'_> {
    pub(super) fn reach(&self, path: &[Hop], target: &OrderTarget) -> Result<(ArrayRef, Scalar)> {
        let Some((hop, rest)) = path.split_first() else {
            return match target {
                OrderTarget::Field(field) => self.column(*field).map(|(column, scalar)| (column.clone(), scalar)),
                OrderTarget::RowId => {
                    let numbers = Int64Array::from_iter_values(0..self.batch.num_rows() as i64);
                    Ok((Arc::new(numbers), Scalar::BigInt))
                }
                OrderTarget::Aggregate(linked) => self.fold_linked(linked),
            };
        };
        let (columns, batch, faults) = self.rows_of(&hop.collection)?;
        let inner = View { collection: &hop.collection, columns: &columns, batch: &batch, faults: &faults, ..*self };
        let (index, keys) = self.link(&inner, &hop.on, None)?;
        let found: UInt32Array = keys.into_iter().map(|key| key.map(|key| index.rows(key)[0])).collect();
        let (values, scalar) = inner.reach(rest, target)?;
        Ok((take(&values, &found, None)?, scalar))
    }

    /// The rows that reach a cell that could not be read, if there are any.
    pub(super) fn unread_at(&self, path: &[Hop], target: &OrderTarget) -> Result<Option<BooleanBuffer>> {
        let OrderTarget::Field(field) = target else { return Ok(None) };
        let Some(last) = path.last() else { return Ok(self.unread(*field)) };
        let (columns, batch, faults) = self.rows_of(&last.collection)?;
        let inner = View { collection: &last.collection, columns: &columns, batch: &batch, faults: &faults, ..*self };
        let Some(unread) = inner.unread(*field) else { return Ok(None) };
        let (numbers, _) = self.reach(path, &OrderTarget::RowId)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let is_unread = |row| numbers.is_valid(row) && unread.value(numbers.value(row) as usize);
        Ok(Some(BooleanBuffer::collect_bool(numbers.len(), is_unread)))
    }

    pub(super) fn rows_of(&self, collection: &Collection) -> Result<(Vec<FieldId>, RecordBatch, Vec<CellFault>)> {
        (self.linked)(collection).ok_or_else(|| Error::NoLinkedRows(collection.name.clone()))
    }

    /// The rows of a linked collection by their key, and the key of each row here.
    fn link(
        &self,
        inner: &View<'_>,
        on: &[(FieldId, FieldId)],
        chosen: Option<&BooleanArray>,
    ) -> Result<(KeyIndex, Vec<Option<u32>>)> {
        let mut outer_keys = Vec::with_capacity(on.len());
        let mut inner_keys = Vec::with_capacity(on.len());
        for (outer_field, inner_field) in on {
            let (outer_column, to) = self.column(*outer_field)?;
            let (inner_column, from) = inner.column(*inner_field)?;
            outer_keys.push(outer_column.clone());
            let converted = convert(inner_column, from, to)?;
            inner_keys.push(match chosen {
                // A row that is not chosen has no key.
                Some(chosen) => arrow_select::nullif::nullif(&converted, &arrow_not(chosen))?,
                None => converted,
            });
        }
        let index = KeyIndex::new(&inner_keys)?;
        let keys = index.lookup(&outer_keys)?;
        Ok((index, keys))
    }

    fn fold_linked(&self, linked: &LinkedAggregate) -> Result<(ArrayRef, Scalar)> {
        let (columns, batch, faults) = self.rows_of(&linked.collection)?;
        let inner = View { collection: &linked.collection, columns: &columns, batch: &batch, faults: &faults, ..*self };
        let met = BooleanArray::new(inner.evaluate(&linked.predicate)?.yes, None);
        let (index, keys) = self.link(&inner, &linked.on, Some(&met))?;
        let (mut rows, mut groups): (Vec<u32>, Vec<i64>) = (Vec::new(), Vec::new());
        for key in 0..index.len() as u32 {
            rows.extend(index.rows(key));
            groups.resize(rows.len(), i64::from(key));
        }
        let rows = UInt32Array::from(rows);
        let fields = linked.aggregate.fields.iter().map(|field| {
            let (column, scalar) = inner.column(*field)?;
            Ok(FoldColumn { values: take(column, &rows, None)?, scalar })
        });
        let aggregate = (linked.aggregate.function, fields.collect::<Result<Vec<_>>>()?);
        let groups = FoldColumn { values: Arc::new(Int64Array::from(groups)), scalar: Scalar::BigInt };
        // Groups appear in the order of their keys.
        let folded = fold(rows.len(), &[groups], &[aggregate])?;
        let values = take(&folded.aggregates[0], &UInt32Array::from(keys), None)?;
        let scalar = linked.aggregate.scalar(&linked.collection);
        if matches!(linked.aggregate.function, Function::Count | Function::CountDistinct) {
            let counts = values.as_primitive::<Int64Type>();
            let counts: Int64Array = counts.iter().map(|count| Some(count.unwrap_or(0))).collect();
            return Ok((Arc::new(counts), scalar));
        }
        Ok((values, scalar))
    }
}

fn arrow_not(mask: &BooleanArray) -> BooleanArray {
    BooleanArray::new(!mask.values(), None)
}
