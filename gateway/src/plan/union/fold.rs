//! Folding in the members of a union: what each is asked instead of rows, and how what they send becomes groups of the union.
//!
//! In: a fetch over the union's columns with a [`Group`] whose aggregates can be put together from parts. Out: a [`UnionFold`]
//! for all members, and for each shape of them the columns of its own groups. *Invariant*: a member folds only what it folds as
//! rows of several sources are: exactly, extremes of text by code point; else its rows are folded here.

use lilong_connectors::{Aggregate, Fetch, Function, Group, GroupKey, Predicate};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::UnionColumn;

use super::cell::Cell;
use super::shape::{Extra, Relation, Shape};
use crate::plan::Figure;
use crate::plan::read::position;

/// How rows or groups of members become groups of the union.
#[derive(Debug)]
pub struct UnionFold {
    /// Of rows, in the columns that are worked on.
    pub rows: Folding,
    /// Of groups that members made, into groups of the same columns.
    pub groups: Folding,
}

/// What rows have in common, and what is computed of them.
#[derive(Debug)]
pub struct Folding {
    /// The columns that tell groups apart.
    pub by: Vec<(usize, Scalar)>,
    /// What is computed.
    pub figures: Vec<Figure>,
}

/// The groups that a member makes.
#[derive(Debug)]
pub struct Groups {
    /// The columns of the union's groups.
    pub cells: Vec<GroupCell>,
    /// The member's column that counts the rows of each group, where that is needed.
    pub rows: Option<usize>,
    /// Whether the member gives a group of no rows that the union has not.
    pub drops_empty: bool,
}

/// Where the cells of a column of groups come from.
#[derive(Clone, Copy, Debug)]
pub enum GroupCell {
    /// A column of what the member sends.
    Column(usize),
    /// What is one value in all rows.
    Fixed(Cell),
    /// 0: nothing of a column that is missing is counted.
    Zero,
    /// What a function makes of one value of the scalar in all rows, as many as there are.
    Of(Function, Cell, Scalar),
}

/// The fields that tell the groups of a fetch apart: its keys', then those it groups by.
fn telling(fetch: &Fetch, group: &Group) -> Vec<FieldId> {
    let keys = fetch.keys.iter().flat_map(|keys| keys.columns.iter().copied());
    keys.chain(group.by.iter().map(|key| key.field)).collect()
}

/// The columns that rows are folded by and from.
pub(super) fn folded_columns(fetch: &Fetch, group: &Group) -> Vec<FieldId> {
    let mut columns = Vec::new();
    let of = group.aggregates.iter().flat_map(|aggregate| aggregate.fields.iter().copied());
    for field in telling(fetch, group).into_iter().chain(of) {
        if !columns.contains(&field) {
            columns.push(field);
        }
    }
    if columns.is_empty() {
        // Rows without a column cannot be counted; `_source` costs nothing.
        columns.push(fetch.collection.fields.len() - 1);
    }
    columns
}

/// How members' rows, in the columns of `work`, and members' groups become those of the union.
pub(super) fn union_fold(fetch: &Fetch, group: &Group, work: &[FieldId]) -> UnionFold {
    let telling = telling(fetch, group);
    let of_rows =
        |field: &FieldId| (position(work, *field).unwrap_or_default(), fetch.collection.fields[*field].scalar);
    let of_groups = |column: usize| (column, group.answer.fields[column].scalar);
    let rows = group.aggregates.iter().map(|aggregate| Figure {
        function: aggregate.function,
        of: aggregate.fields.iter().map(of_rows).collect(),
        declared: None,
        parts: false,
    });
    let groups = group.aggregates.iter().enumerate().map(|(at, aggregate)| {
        let own = |function: Function| {
            let part = Aggregate { function, fields: aggregate.fields.clone() };
            let found = group.aggregates.iter().position(|other| *other == part);
            of_groups(telling.len() + found.unwrap_or(at))
        };
        let of = match aggregate.function {
            // Of averages and variances only the three together can be put together.
            Function::Average | Function::VariancePopulation => {
                vec![own(Function::Count), own(Function::Average), own(Function::VariancePopulation)]
            }
            function => vec![own(function)],
        };
        Figure { function: aggregate.function, of, declared: None, parts: true }
    });
    UnionFold {
        rows: Folding { by: telling.iter().map(of_rows).collect(), figures: rows.collect() },
        groups: Folding { by: (0..telling.len()).map(of_groups).collect(), figures: groups.collect() },
    }
}

impl Shape {
    /// The groups that a member makes by itself, and how they become the union's; `None` if it does not fold so. `operands`:
    /// how many precede those of [`Extra`].
    pub(super) fn groups(
        &self,
        fetch: &Fetch,
        group: &Group,
        keys: &[FieldId],
        operands: usize,
    ) -> Option<(Group, Groups)> {
        if !self.capabilities.group {
            return None;
        }
        let mut by = Vec::new();
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let mut cells = Vec::new();
        let mut own_keys = 0;
        let telling = telling(fetch, group);
        for (at, field) in telling.iter().enumerate() {
            let of_key = fetch.keys.as_ref().is_some_and(|keys| at < keys.columns.len());
            cells.push(match self.columns()[*field] {
                UnionColumn::Field(own) => {
                    if of_key {
                        own_keys += 1;
                    } else {
                        by.push(GroupKey { path: Vec::new(), field: own });
                    }
                    GroupCell::Column(own_keys + by.len() - 1)
                }
                fixed => GroupCell::Fixed(Cell::fixed(fixed)),
            });
        }
        let first = own_keys + by.len();
        let mut want = |aggregate: Aggregate| {
            let found = aggregates.iter().position(|own| *own == aggregate);
            first
                + found.unwrap_or_else(|| {
                    aggregates.push(aggregate);
                    aggregates.len() - 1
                })
        };
        let drops_empty = first == 0 && !telling.is_empty();
        let mut counts_rows = drops_empty;
        for aggregate in &group.aggregates {
            cells.push(match aggregate.function {
                Function::Count if aggregate.fields.iter().any(|field| self.is_missing(*field)) => GroupCell::Zero,
                Function::Count => {
                    // What is declared is never null.
                    let fields = aggregate.fields.iter().filter_map(|field| self.own(*field)).collect();
                    GroupCell::Column(want(Aggregate { function: Function::Count, fields }))
                }
                function => {
                    let [field] = aggregate.fields.as_slice() else { return None };
                    let scalar = fetch.collection.fields[*field].scalar;
                    match (self.columns()[*field], self.relations[*field]) {
                        (UnionColumn::Field(own), Relation::Column { ordered, .. }) => {
                            if matches!(function, Function::Minimum | Function::Maximum) && !ordered {
                                return None;
                            }
                            GroupCell::Column(want(Aggregate { function, fields: vec![own] }))
                        }
                        (UnionColumn::Missing, _) => GroupCell::Fixed(Cell::Missing),
                        (fixed, _) => {
                            counts_rows = true;
                            GroupCell::Of(function, Cell::fixed(fixed), scalar)
                        }
                    }
                }
            });
        }
        let rows = counts_rows.then(|| want(Aggregate { function: Function::Count, fields: Vec::new() }));
        if first + aggregates.len() == 0 {
            // An answer without columns has no rows that could be counted.
            aggregates.push(Aggregate { function: Function::Count, fields: Vec::new() });
        }
        let answer = Group::describe(&self.described(), keys, &by, &aggregates);
        let limit = (own_keys == 0 && !by.is_empty()).then_some(operands + Extra::Limit as usize);
        let having = Predicate::TRUE;
        let own = Group { by, aggregates, answer, having, order: Vec::new(), limit, offset: None };
        Some((own, Groups { cells, rows, drops_empty }))
    }
}
