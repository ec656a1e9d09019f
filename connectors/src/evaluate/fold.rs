//! Folds rows into groups.
//!
//! In: key columns and aggregates with their columns. Out: one row for each group. *Invariant*: keys are compared exactly and
//! null equals null; sums of integers and decimals are exact; what has no value that can be represented is null, and told
//! as a fault.

mod combine;
mod compute;
mod total;

use std::collections::HashMap;

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_row::Rows;
use arrow_select::nullif::nullif;
use arrow_select::take::take;
use foldhash::fast::RandomState;
use lilong_schema::Scalar;

use super::{Error, Result, encoded, row_count};
use crate::{CellFault, Function};

pub use combine::{combine, partials};
pub(crate) use compute::{Careful, Moments};
pub(crate) use total::Total;

/// A column of rows to be folded.
#[derive(Clone, Debug)]
pub struct FoldColumn {
    /// The cells, of the scalar's Arrow type.
    pub values: ArrayRef,
    /// What they are.
    pub scalar: Scalar,
}

/// Rows, folded.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The key columns, one row a group, in the order in which groups first appear.
    pub keys: Vec<ArrayRef>,
    /// A column for each aggregate, of the type of what [`Function::scalar`] says.
    pub aggregates: Vec<ArrayRef>,
    /// How many groups there are.
    pub groups: usize,
    /// The group of each row.
    pub group_of: Vec<u32>,
    /// Cells without a value that can be represented, null in their column: [`CellFault::column`] counts the key columns,
    /// then the aggregates.
    pub faults: Vec<CellFault>,
}

impl Folded {
    /// Makes a cell one that cannot be represented: the cell of that column (key columns first, then aggregates) and of the
    /// group of that row; for rows with a cell that could not be represented itself.
    pub fn spoil(&mut self, column: usize, row: usize) -> Result<()> {
        let Some(group) = self.group_of.get(row) else { return Ok(()) };
        let group = *group as usize;
        let fault = CellFault { column, row: group };
        if self.faults.contains(&fault) {
            return Ok(());
        }
        let keys = self.keys.len();
        let cells = if column < keys { self.keys.get_mut(column) } else { self.aggregates.get_mut(column - keys) };
        if let Some(cells) = cells {
            let only: BooleanArray = (0..cells.len()).map(|at| Some(at == group)).collect();
            *cells = nullif(cells, &only)?;
            self.faults.push(fault);
        }
        Ok(())
    }
}

/// Folds `rows` rows by their keys. Without keys there is one group, also of no rows.
pub fn fold(rows: usize, keys: &[FoldColumn], aggregates: &[(Function, Vec<FoldColumn>)]) -> Result<Folded> {
    let grouping = Grouping::new(rows, keys)?;
    let mut folded = grouping.folded(keys)?;
    for (function, columns) in aggregates {
        let (values, faulty) = compute::compute(*function, columns, &grouping)?;
        folded.add(values, faulty);
    }
    Ok(folded)
}

impl Folded {
    fn add(&mut self, values: ArrayRef, faulty: Vec<usize>) {
        let column = self.keys.len() + self.aggregates.len();
        self.faults.extend(faulty.into_iter().map(|row| CellFault { column, row }));
        self.aggregates.push(values);
    }
}

/// Which row is of which group.
struct Grouping {
    group_of: Vec<u32>,
    first_rows: Vec<u32>,
    groups: usize,
}

impl Grouping {
    fn new(rows: usize, keys: &[FoldColumn]) -> Result<Self> {
        row_count(rows)?;
        if keys.is_empty() {
            return Ok(Self { group_of: vec![0; rows], first_rows: Vec::new(), groups: 1 });
        }
        let encoded = encode(keys, None)?;
        let mut numbers = HashMap::with_capacity_and_hasher(rows.min(1 << 16), RandomState::default());
        let mut group_of = Vec::with_capacity(rows);
        let mut first_rows = Vec::new();
        for row in 0..rows {
            let next = first_rows.len() as u32;
            let group = *numbers.entry(encoded.row(row).data()).or_insert(next);
            if group == next {
                first_rows.push(row as u32);
            }
            group_of.push(group);
        }
        let groups = first_rows.len();
        Ok(Self { group_of, first_rows, groups })
    }

    fn folded(&self, keys: &[FoldColumn]) -> Result<Folded> {
        let first = UInt32Array::from(self.first_rows.clone());
        let keys = keys.iter().map(|key| Ok(take(&key.values, &first, None)?)).collect::<Result<Vec<_>>>()?;
        Ok(Folded {
            keys,
            aggregates: Vec::new(),
            groups: self.groups,
            group_of: self.group_of.clone(),
            faults: Vec::new(),
        })
    }
}

/// Columns as one run of bytes for each row, equal where all cells are; `first` leads them.
fn encode(columns: &[FoldColumn], first: Option<&ArrayRef>) -> Result<Rows> {
    if let Some(column) = columns.iter().find(|column| !column.scalar.is_ordered()) {
        return Err(Error::Unsuited { scalar: column.scalar, used_as: "grouped" });
    }
    let columns = columns.iter().map(|column| (&column.values, column.scalar));
    encoded(first.map(|first| (first, Scalar::Unsigned)).into_iter().chain(columns))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
