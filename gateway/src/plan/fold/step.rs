//! The steps that fold rows, widen them by linked ones, and give parents their figures; and how figures of a union are given
//! out.

use std::sync::Arc;

use lilong_connectors::Function;
use lilong_schema::Scalar;

use crate::plan::{KeyColumns, Output, Parent, StepId};

/// Folds rows into groups. Columns of what it makes: the key's, in the form in which they are compared, then those grouped
/// by, then the figures. Without key and columns there is one group, also of no rows.
#[derive(Debug)]
pub struct AggregateStep {
    /// The rows.
    pub input: StepId,
    /// What is told apart first.
    pub key: Option<KeyColumns>,
    /// What rows of a group have in common.
    pub by: Vec<(usize, Scalar)>,
    /// What is computed.
    pub figures: Vec<Figure>,
}

/// What is computed of the rows of a group.
#[derive(Debug)]
pub struct Figure {
    /// How.
    pub function: Function,
    /// Of which columns.
    pub of: Vec<(usize, Scalar)>,
    /// The labels of the enum that it is the smallest or the largest of, in their declared order, where its source goes by
    /// that; `None`: labels are texts.
    pub declared: Option<Arc<[String]>>,
    /// Whether these are the parts that [`lilong_connectors::evaluate::partials`] names, each row a group already.
    pub parts: bool,
}

/// Puts columns of linked rows beside rows: each of the joins gives a row at most one.
#[derive(Debug)]
pub struct WidenStep {
    /// The rows.
    pub rows: StepId,
    /// Joins whose parents they are, and the columns that are taken of each.
    pub joins: Vec<(StepId, Vec<usize>)>,
}

/// Gives each parent the one row that its rows were folded into; one without rows gets counts of 0, and nulls.
#[derive(Debug)]
pub struct AssignStep {
    /// The folded rows.
    pub rows: StepId,
    /// The parents; none: there is one, the root.
    pub parent: Option<Parent>,
    /// The columns that are counts.
    pub counts: Vec<usize>,
}

/// An object that stands or falls with some joins.
#[derive(Debug)]
pub struct WholeOutput {
    /// The joins.
    pub joins: Vec<StepId>,
    /// Its fields.
    pub fields: Vec<Output>,
}
