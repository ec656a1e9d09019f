//! Rows of many members by the columns of the order alone: which stand first.
//!
//! In: those columns of each member's rows. Out: the rows' numbers, in order. *Invariant*: the order is that of merging: rows
//! that it does not tell apart stand by member, and then as the member sent them; a row with a value that cannot be read stands
//! behind the one that its member has put before it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, StringArray, UInt32Array};
use arrow_select::concat::concat;
use arrow_select::take::take;
use lilong_connectors::{OrderTarget, Source, evaluate};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::UnionColumn;

use super::convert::{cast, fixed};
use crate::execute::{Fault, RowSet, internal};
use crate::plan::union::{Cell, First, UnionStep};

/// See the module.
pub(super) struct Line<'a> {
    step: &'a UnionStep,
    sources: &'a [Arc<Source>],
    /// By the columns of the order: whether it holds the names of sources, which the members tell.
    names: Vec<bool>,
    /// By the columns of the order, what has come of the others.
    columns: Vec<Vec<ArrayRef>>,
    /// The member of each row.
    members: Vec<i32>,
    /// The rows with a value that cannot be read, from the first to the last.
    odd: Vec<u32>,
}

impl<'a> Line<'a> {
    /// No rows yet.
    pub(super) fn new(step: &'a UnionStep, sources: &'a [Arc<Source>]) -> Self {
        let is_name =
            |field: &usize| step.union.shapes.iter().all(|shape| shape.columns[*field] == UnionColumn::Source);
        let names = step.ordered.iter().map(is_name).collect();
        Self {
            step,
            sources,
            names,
            columns: vec![Vec::new(); step.ordered.len()],
            members: Vec::new(),
            odd: Vec::new(),
        }
    }

    /// Another one without rows.
    pub(super) fn another(&self) -> Self {
        Self::new(self.step, self.sources)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The member of a row.
    pub(super) fn member(&self, row: usize) -> usize {
        self.members[row] as usize
    }

    /// Adds the first row that a member was asked for, if it has one.
    pub(super) fn add_first(&mut self, member: usize, first: &First, rows: &RowSet) -> Result<(), Fault> {
        let batch = &rows.batch;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if !rows.faults.is_empty() {
            self.odd.push(self.members.len() as u32);
        }
        let place = &self.step.union.members[member];
        let shape = &self.step.union.shapes[place.shape];
        for (at, (field, cell)) in self.step.ordered.iter().zip(&first.cells).enumerate() {
            if self.names[at] {
                continue;
            }
            let scalar = self.step.fetch.collection.fields[*field].scalar;
            let value = match (cell, shape.columns[*field]) {
                (Cell::Column(column), UnionColumn::Field(own)) => {
                    let value = batch.column(*column);
                    let value = if value.len() > 1 { value.slice(0, 1) } else { value.clone() };
                    cast(&value, shape.described.fields[own].scalar, scalar)
                }
                (cell, _) => fixed(*cell, scalar, &place.constants, self.sources[place.source].name()),
            };
            self.columns[at].push(value.map_err(|_| internal())?);
        }
        self.members.push(member as i32);
        Ok(())
    }

    /// Adds rows in the columns of the union.
    pub(super) fn add(&mut self, member: usize, rows: &RowSet) -> Result<(), Fault> {
        for (at, field) in self.step.ordered.iter().enumerate() {
            if !self.names[at] {
                let place = self.step.work.iter().position(|column| column == field).ok_or_else(internal)?;
                self.columns[at].push(rows.batch.column(place).clone());
            }
        }
        let ordered = |column: usize| self.step.work.get(column).is_some_and(|field| self.step.ordered.contains(field));
        let odd = rows.faults.iter().filter(|fault| ordered(fault.column));
        let odd: Vec<u32> = odd.map(|fault| (self.members.len() + fault.row) as u32).collect();
        self.odd.extend(odd);
        self.members.extend(std::iter::repeat_n(member as i32, rows.batch.num_rows()));
        Ok(())
    }

    /// Adds a row of another line, which is of first rows alone.
    pub(super) fn add_row(&mut self, other: &Self, row: usize) {
        for (own, other) in self.columns.iter_mut().zip(&other.columns) {
            own.extend(other.get(row).cloned());
        }
        if other.odd.contains(&(row as u32)) {
            self.odd.push(self.members.len() as u32);
        }
        self.members.push(other.members[row]);
    }

    /// All rows, the first one first.
    pub(super) fn sorted(&self) -> Result<UInt32Array, Fault> {
        if self.members.is_empty() {
            return Ok(UInt32Array::from(Vec::<u32>::new()));
        }
        let members: ArrayRef = Arc::new(Int32Array::from(self.members.clone()));
        let terms = terms(self.step, &members, |field| {
            let at = self.step.ordered.iter().position(|column| *column == field).ok_or_else(internal)?;
            self.values(at)
        })?;
        sorted(terms, &self.members, &self.odd, usize::MAX)
    }

    fn values(&self, at: usize) -> Result<ArrayRef, Fault> {
        if self.names[at] {
            let source = |member: &i32| &**self.sources[self.step.union.members[*member as usize].source].name();
            return Ok(Arc::new(StringArray::from_iter_values(self.members.iter().map(source))));
        }
        let parts: Vec<_> = self.columns[at].iter().map(|part| &**part).collect();
        concat(&parts).map_err(|_| internal())
    }
}

/// The first `most` rows by terms. `odd`: the rows that stand where their member has put them, from the first to the last;
/// members' rows come in their members' order.
pub(super) fn sorted(
    mut terms: Vec<evaluate::Term>,
    members: &[i32],
    odd: &[u32],
    most: usize,
) -> Result<UInt32Array, Fault> {
    if !odd.is_empty() {
        let mut behind: HashMap<i32, u32> = HashMap::new();
        let mut odd = odd.iter().copied().peekable();
        let (mut places, mut placed) = (Vec::with_capacity(members.len()), Vec::with_capacity(members.len()));
        for (row, member) in (0u32..).zip(members) {
            let is_odd = odd.next_if_eq(&row).is_some();
            while odd.next_if_eq(&row).is_some() {}
            if !is_odd {
                behind.insert(*member, row);
            }
            // What a member has put before all that can be read stands before all of any member's.
            let place = behind.get(member).copied();
            placed.push(i32::from(place.is_some()));
            places.push(place.unwrap_or_default());
        }
        let places = UInt32Array::from(places);
        let own = terms.pop();
        for term in &mut terms {
            term.values = take(&term.values, &places, None).map_err(|_| internal())?;
        }
        let placed: ArrayRef = Arc::new(Int32Array::from(placed));
        terms.insert(0, evaluate::Term { values: placed, scalar: Scalar::Int, descending: false, nulls_first: false });
        terms.extend(own);
    }
    evaluate::sort_first(&terms, members.len(), most).map_err(|_| internal())
}

/// The order of a union's rows, the number of their member at its end; `rank`: what stands for the order of members and in which their rows came. `values`: the cells of a
/// column.
pub(super) fn terms(
    step: &UnionStep,
    rank: &ArrayRef,
    values: impl Fn(FieldId) -> Result<ArrayRef, Fault>,
) -> Result<Vec<evaluate::Term>, Fault> {
    let rank = || evaluate::Term { values: rank.clone(), scalar: Scalar::Int, descending: false, nulls_first: false };
    let mut terms = Vec::with_capacity(step.fetch.order.len() + 1);
    for term in &step.fetch.order {
        terms.push(match &term.target {
            OrderTarget::Field(field) if term.path.is_empty() => evaluate::Term {
                values: values(*field)?,
                scalar: step.fetch.collection.fields[*field].scalar,
                descending: term.descending,
                nulls_first: term.nulls_first,
            },
            // What tells rows of one member apart is the order in which they came.
            OrderTarget::RowId => rank(),
            _ => return Err(internal()),
        });
    }
    terms.push(rank());
    Ok(terms)
}
