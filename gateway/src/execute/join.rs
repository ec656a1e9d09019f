//! Gives each parent its rows: a hash join on keys, then what the source could not do of `distinctOn`, `offset` and
//! `limit`, parent by parent.

use std::sync::Arc;

use lilong_connectors::evaluate::{self, KeyIndex};
use lilong_schema::Scalar;

use super::{Fault, Made, Placed, RowSet, internal, keys, rows, take};
use crate::error::Code;
use crate::operation::Variables;
use crate::plan::{JoinRule, JoinStep, Parent, integer};

/// Places rows.
pub(super) fn place(step: &JoinStep, made: &[Arc<Made>], variables: &Variables) -> Result<Placed, Fault> {
    if let Some(Made::Rest(written, rest)) = made.first().map(|made| &**made) {
        return Ok(placed_whole(step, *written, rest));
    }
    let rows = &rows(made, 0)?;
    let cut = Cut::of(step, rows, variables)?;
    let mut placing = Placing { offsets: vec![0], indices: Vec::new(), faults: Vec::new(), more: Vec::new() };
    match &step.parent {
        None if cut.is_nothing() => return Ok(placed_whole(step, 0, rows)),
        None => {
            let all = (0..rows.batch.num_rows() as u32).collect::<Vec<_>>();
            placing.cut(step, &cut, &all);
        }
        Some(parent) => {
            let parents = &super::rows(made, 1)?;
            let index = KeyIndex::new(&keys::columns(&rows.batch, &parent.row_key)?).map_err(|_| internal())?;
            let wanted = index.lookup(&keys::columns(&parents.batch, &parent.key)?).map_err(|_| internal())?;
            placing.offsets.reserve(wanted.len());
            placing.indices.reserve(rows.batch.num_rows());
            for (row, key) in wanted.iter().enumerate() {
                if let Some(fault) = unreadable(parent, parents, row) {
                    placing.faults.push((row as u32, fault));
                    placing.offsets.push(placing.indices.len() as u32);
                    placing.more.push(false);
                    continue;
                }
                let group = key.map(|key| index.rows(key)).unwrap_or_default();
                if cut.is_nothing() {
                    placing.add(step, group.iter().copied());
                } else {
                    placing.cut(step, &cut, group);
                }
            }
        }
    }
    placing.finish(rows)
}

/// The root has all rows as they stand.
fn placed_whole(step: &JoinStep, written: usize, rows: &Arc<RowSet>) -> Placed {
    let mut placed = Placed::as_they_stand(written, rows.clone());
    if let Some(fault) = broken(step, written + rows.batch.num_rows()) {
        placed.offsets = vec![0, 0];
        placed.faults.push((0, fault));
    }
    placed
}

struct Placing {
    offsets: Vec<u32>,
    indices: Vec<u32>,
    faults: Vec<(u32, Fault)>,
    more: Vec<bool>,
}

impl Placing {
    /// The rows of a group that are left of it.
    fn cut(&mut self, step: &JoinStep, cut: &Cut, group: &[u32]) {
        let mut kept = cut.apply(group);
        if let JoinRule::Page { reversed, .. } = step.rule {
            self.more.push(group.len() > kept.len());
            if reversed {
                kept.reverse();
            }
        }
        self.add(step, kept);
    }

    fn add(&mut self, step: &JoinStep, group: impl IntoIterator<Item = u32>) {
        let start = self.indices.len();
        self.indices.extend(group);
        if let Some(fault) = broken(step, self.indices.len() - start) {
            self.indices.truncate(start);
            self.faults.push((self.offsets.len() as u32 - 1, fault));
        }
        self.offsets.push(self.indices.len() as u32);
    }

    /// Leaves out the rows that no parent has, so that nothing is asked for them further down.
    fn finish(self, rows: &Arc<RowSet>) -> Result<Placed, Fault> {
        let Placing { offsets, mut indices, faults, more } = self;
        let count = rows.batch.num_rows();
        let mut number = vec![u32::MAX; count];
        let mut used = 0;
        for row in &indices {
            let number = &mut number[*row as usize];
            if *number == u32::MAX {
                *number = 0;
                used += 1;
            }
        }
        if used == count {
            return Ok(Placed { rows: rows.clone(), written: 0, offsets, indices: Some(indices), faults, more });
        }
        let kept = (0..count as u32).filter(|row| number[*row as usize] == 0).collect::<Vec<_>>();
        for (new, old) in kept.iter().enumerate() {
            number[*old as usize] = new as u32;
        }
        for row in &mut indices {
            *row = number[*row as usize];
        }
        Ok(Placed { rows: Arc::new(take(rows, &kept)?), written: 0, offsets, indices: Some(indices), faults, more })
    }
}

/// The fault of a parent that has more rows than it may.
fn broken(step: &JoinStep, rows: usize) -> Option<Fault> {
    let field = &step.field;
    match step.rule {
        JoinRule::List { most } | JoinRule::Page { most, .. } if rows > most => {
            Some(Fault::new(Code::TooLarge, format!("`{field}` has more than {most} rows here")))
        }
        JoinRule::One if rows > 1 => Some(Fault {
            code: Code::SourceMismatch,
            source: step.source.clone(),
            message: format!("`{field}` finds more than one row where the catalog promises at most one").into(),
        }),
        _ => None,
    }
}

/// The fault of a parent whose key could not be read.
pub(super) fn unreadable(parent: &Parent, parents: &RowSet, row: usize) -> Option<Fault> {
    if parents.faults.is_empty() {
        return None;
    }
    let start = parents.faults.partition_point(|fault| fault.row < row);
    parents.faults[start..]
        .iter()
        .take_while(|fault| fault.row == row)
        .any(|fault| parent.key.columns.contains(&fault.column))
        .then(|| Fault {
            code: Code::SourceMismatch,
            source: parent.source.clone().or_else(|| parents.department(row).map(Arc::from)),
            message: "the key of this link could not be read".into(),
        })
}

/// What is cut from each parent's rows here.
struct Cut {
    /// For each row a number that equal rows share; empty: rows are not made different.
    same: Vec<u32>,
    offset: usize,
    limit: usize,
}

impl Cut {
    fn of(step: &JoinStep, rows: &RowSet, variables: &Variables) -> Result<Self, Fault> {
        let number = |operand: &Option<_>, absent: usize| match operand {
            None => Ok(absent),
            Some(operand) => {
                integer(operand, variables).and_then(|number| usize::try_from(number).ok()).ok_or_else(internal)
            }
        };
        let same = if step.distinct.is_empty() { Vec::new() } else { numbers(&step.field, rows, &step.distinct)? };
        Ok(Self { same, offset: number(&step.offset, 0)?, limit: number(&step.limit, usize::MAX)? })
    }

    fn is_nothing(&self) -> bool {
        self.same.is_empty() && self.offset == 0 && self.limit == usize::MAX
    }

    fn apply(&self, group: &[u32]) -> Vec<u32> {
        let mut seen = std::collections::HashSet::new();
        group
            .iter()
            .copied()
            .filter(|row| self.same.is_empty() || seen.insert(self.same[*row as usize]))
            .skip(self.offset)
            .take(self.limit)
            .collect()
    }
}

/// A number for each row that rows with equal cells in some columns share; null equals null. What cannot be read may equal
/// anything that cannot.
fn numbers(field: &str, rows: &RowSet, columns: &[(usize, Scalar)]) -> Result<Vec<u32>, Fault> {
    if rows.faults.iter().any(|fault| columns.iter().any(|(column, _)| *column == fault.column)) {
        let message = format!("a value by which the rows of `{field}` are told apart could not be read");
        return Err(Fault::new(Code::SourceMismatch, message));
    }
    let columns = columns.iter().map(|(column, scalar)| (rows.batch.column(*column), *scalar));
    let converted = evaluate::encoded(columns).map_err(|_| internal())?;
    let mut known = std::collections::HashMap::new();
    Ok(converted
        .iter()
        .map(|row| {
            let next = known.len() as u32;
            *known.entry(row.owned()).or_insert(next)
        })
        .collect())
}
