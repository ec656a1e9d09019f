//! Folds the rows of a table in memory into groups.
//!
//! In: the rows that a fetch finds. Out: its groups in pieces. *Invariant*: the steps are those of SQL, in SQL's order: fold,
//! condition, order, limits. Cells that cannot be read are in a group of their own, apart from nulls.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_select::take::take;
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;

use super::Table;
use super::read::Reader;
use crate::evaluate::{self, FoldColumn, Term, filter, fold};
use crate::{Fetch, Group, OrderTarget, Result, Rows};

impl Reader<'_> {
    /// The groups that these rows of a table come to.
    pub(super) fn groups(
        &self,
        fetch: &Fetch,
        group: &Group,
        table: &Table,
        rows: Vec<u32>,
    ) -> Result<Vec<Result<Rows>>> {
        let at = UInt32Array::from(rows);
        let mut keys = Vec::new();
        let mut aggregates = Vec::new();
        // Columns of the answer, and rows with a bad cell in what they come from.
        let mut bad: Vec<(usize, Vec<usize>)> = Vec::new();
        let own = fetch.keys.iter().flat_map(|keys| &keys.columns).map(|field| (&[][..], *field));
        for (path, field) in own.chain(group.by.iter().map(|key| (key.path.as_slice(), key.field))) {
            bad.push((keys.len(), self.bad_cells(path, field, fetch, table, &at)?));
            let (values, scalar) = self.reach(path, &OrderTarget::Field(field), fetch, table, &at)?;
            keys.push(FoldColumn { values, scalar });
        }
        let own = keys.len();
        for (_, rows) in bad.iter().filter(|(_, rows)| !rows.is_empty()) {
            let mut apart = vec![0; at.len()];
            for row in rows {
                apart[*row] = 1;
            }
            keys.push(FoldColumn { values: Arc::new(Int32Array::from(apart)), scalar: Scalar::Int });
        }
        let apart = keys.len() - own;
        for aggregate in &group.aggregates {
            let mut columns = Vec::new();
            for field in &aggregate.fields {
                bad.push((keys.len() + aggregates.len(), self.bad_cells(&[], *field, fetch, table, &at)?));
                let (values, scalar) = self.reach(&[], &OrderTarget::Field(*field), fetch, table, &at)?;
                columns.push(FoldColumn { values, scalar });
            }
            aggregates.push((aggregate.function, columns));
        }
        let wrong = |cause| self.evaluation(cause);
        let mut folded = fold(at.len(), &keys, &aggregates).map_err(wrong)?;
        for (column, rows) in bad {
            for row in rows {
                folded.spoil(column, row).map_err(wrong)?;
            }
        }
        folded.keys.truncate(own);
        folded.faults.iter_mut().filter(|fault| fault.column >= own).for_each(|fault| fault.column -= apart);
        let columns: Vec<ArrayRef> = folded.keys.into_iter().chain(folded.aggregates).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(folded.groups));
        let batch = RecordBatch::try_new_with_options(fetch.schema(), columns, &options);
        let batch = batch.map_err(|cause| self.arrow(cause))?;
        self.chosen(group, &Rows { batch, faults: folded.faults })
    }

    /// The groups that are wanted, in pieces.
    pub(super) fn chosen(&self, group: &Group, groups: &Rows) -> Result<Vec<Result<Rows>>> {
        let kept = self.kept(group, &groups.batch)?;
        let piece = |rows: &[u32]| groups.take(rows).map_err(|cause| self.arrow(cause));
        Ok(kept.chunks(self.batch_rows).map(piece).collect())
    }

    /// The groups that are wanted, in their order.
    fn kept(&self, group: &Group, batch: &RecordBatch) -> Result<Vec<u32>> {
        let fields: Vec<FieldId> = (0..batch.num_columns()).collect();
        let mask = filter(&group.having, &group.answer, &fields, batch, &self.fetch.operands)
            .map_err(|cause| self.evaluation(cause))?;
        let met: Vec<u32> =
            (0..batch.num_rows()).filter(|row| mask.is_valid(*row) && mask.value(*row)).map(|row| row as u32).collect();
        let at = UInt32Array::from(met);
        let terms = group.order.iter().map(|order| {
            let OrderTarget::Field(field) = order.target else {
                return Err(self.defect("groups are ordered by their columns only"));
            };
            let column = batch.columns().get(field).ok_or_else(|| self.defect("a group has no such column"))?;
            let values = take(column, &at, None).map_err(|cause| self.arrow(cause))?;
            let scalar = group.answer.fields[field].scalar;
            Ok(Term { values, scalar, descending: order.descending, nulls_first: order.nulls_first })
        });
        let terms = terms.collect::<Result<Vec<_>>>()?;
        let sorted = evaluate::sort(&terms, at.len()).map_err(|cause| self.evaluation(cause))?;
        let offset = self.number(group.offset)?.unwrap_or(0);
        let limit = self.number(group.limit)?.unwrap_or(usize::MAX);
        Ok(sorted.values().iter().skip(offset).take(limit).map(|row| at.value(*row as usize)).collect())
    }
}
