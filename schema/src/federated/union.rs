//! A union in the model: which collections it is made of, and what each of its columns is in each of them.
//!
//! *Invariant*: a union is served like the one collection of a source of its own; only the planner and what names rows'
//! departments look in here.

use std::sync::Arc;
use std::time::Duration;

use super::{CollectionId, SourceId, Tie};
use crate::Value;
use crate::collection::FieldId;

/// The column that tells where a row lives; a union's last.
pub const SOURCE_COLUMN: &str = "_source";

/// What a union is made of.
#[derive(Debug)]
pub struct Union {
    /// Its members, by byte order of their sources' names; no two of one source.
    pub members: Vec<UnionMember>,
    /// What members look like; those that look the same share one.
    pub shapes: Vec<UnionShape>,
    /// Sources without a description that may turn out to have members.
    pub undescribed: Vec<SourceId>,
    /// Names of `[[discover]]` blocks that nobody has answered yet and that may find sources with members.
    pub unknown: Vec<Arc<str>>,
    /// Whether aggregates, groups and rows by key may be answered without silent members where a query does not say.
    pub partial: bool,
    /// How long what a member said of its least and greatest values may rule it out; `None`: it never does.
    pub prune: Option<Duration>,
}

/// A collection of a union.
#[derive(Debug)]
pub struct UnionMember {
    /// Its source.
    pub source: SourceId,
    /// The collection.
    pub collection: CollectionId,
    /// Its position in [`Union::shapes`].
    pub shape: usize,
    /// The values of its [`UnionColumn::Constant`] columns, each of the scalar that the column has in the union.
    pub constants: Vec<Value>,
}

/// What members have in common that look the same to a connector.
#[derive(Debug)]
pub struct UnionShape {
    /// The collection, as one of them describes it.
    pub described: Arc<crate::Collection>,
    /// By the union's [`FieldId`].
    pub columns: Vec<UnionColumn>,
    /// What ends an order there.
    pub tie: Tie,
}

/// What a column of a union is in a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnionColumn {
    /// [`SOURCE_COLUMN`]: the source's name.
    Source,
    /// A declared value, by its position in [`UnionMember::constants`].
    Constant(usize),
    /// A column.
    Field(FieldId),
    /// Nothing: null in every row.
    Missing,
}
