//! The finished model: every source, collection, field, key and link under its GraphQL name, with the look-ups that
//! validation, planning and introspection need.
//!
//! *Invariant*: immutable once built; every look-up costs the same however many sources there are.

mod aggregates;
mod connections;
mod definitions;
mod documentation;
mod inputs;
mod objects;
mod scalars;
mod union;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub use self::union::{SOURCE_COLUMN, Union, UnionColumn, UnionMember, UnionShape};
use crate::collection::FieldId;
use crate::{Enumeration, Normalizer, Problem, Scalar};

pub use aggregates::{FoldNames, FoldType, GroupColumn, Statistic};

/// The position of a source in [`Federated::sources`].
pub type SourceId = usize;
/// The position of a collection in [`Federated::collections`].
pub type CollectionId = usize;
/// The position of a link in [`Federated::links`].
pub type LinkId = usize;

/// One schema over all sources.
#[derive(Debug, Default)]
pub struct Federated {
    /// Tells this model from every other that this process ever made; caches key by it.
    pub version: u64,
    /// Sources by byte order of their names; then unions, each with what a source is to its collections.
    pub sources: Vec<Source>,
    /// Collections of all sources, those of one source together, by byte order of their original names.
    pub collections: Vec<Collection>,
    /// Links of all collections.
    pub links: Vec<Link>,
    /// Database enums that served columns have, those of one source together.
    pub enumerations: Vec<EnumerationType>,
    /// Root field name → what it is; `_sources` is not in here.
    pub roots: HashMap<Arc<str>, Root>,
    /// Type name → what it is; GraphQL's introspection types are not in here.
    pub types: HashMap<Arc<str>, TypeId>,
    /// What was left out, renamed by a collision or found slow.
    pub warnings: Vec<Problem>,
}

/// A field of `Query` that is not `_sources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A source's namespace.
    Source(SourceId),
    /// One of a union's [`Source::members`].
    Union(SourceId),
}

/// A department's namespace.
#[derive(Debug)]
pub struct Source {
    /// The name in the catalog.
    pub name: Arc<str>,
    /// The root field.
    pub field: Arc<str>,
    /// The type of the root field.
    pub type_name: Arc<str>,
    /// The department's title, if it has one.
    pub title: Option<String>,
    /// The kind of connector.
    pub connector: String,
    /// Its collections; empty for a source without a description.
    pub collections: std::ops::Range<CollectionId>,
    /// Scalars of its served columns, [`Scalar::Enum`] among them.
    pub scalars: BTreeSet<Scalar>,
    /// Field name → what it is.
    pub members: HashMap<Arc<str>, SourceMember>,
    /// What it is made of, if it is a union: then [`Self::members`] are fields of `Query`.
    pub union: Option<Arc<Union>>,
}

/// A field of a source's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceMember {
    /// The list of a collection.
    List(CollectionId),
    /// The row of a key: the position in [`Collection::keys`].
    ByKey(CollectionId, usize),
    /// The pages of a collection, by cursors.
    Connection(CollectionId),
    /// What rows of a collection come to.
    Aggregate(CollectionId),
    /// The same in groups.
    Groups(CollectionId),
}

/// A collection under its GraphQL names.
#[derive(Debug)]
pub struct Collection {
    /// The source it belongs to.
    pub source: SourceId,
    /// What its source says of it; fetches carry this.
    pub described: Arc<crate::Collection>,
    /// The list field in the source's type.
    pub field: Arc<str>,
    /// The object type.
    pub type_name: Arc<str>,
    /// The names of what is generated from it.
    pub generated: Generated,
    /// GraphQL name of each field, by [`FieldId`]; `None` for a field that is not served.
    pub fields: Vec<Option<FieldName>>,
    /// Keys that can be asked for by: the primary key first.
    pub keys: Vec<Key>,
    /// Links that start here, in the order they stand in the schema.
    pub links: Vec<LinkId>,
    /// List links that lead here.
    pub listed_by: Vec<LinkId>,
    /// Field name → what it is.
    pub members: HashMap<Arc<str>, Member>,
    /// What ends every order here.
    pub tie: Tie,
    /// `vaccinationsConnection` → the list link that it pages.
    pub connections: HashMap<Arc<str>, LinkId>,
}

/// What ends an order so that it is total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The primary key, or a unique key of columns that are never null.
    Key(Vec<FieldId>),
    /// The hidden row number.
    RowId,
    /// Every orderable column: only where an order matters, and within the row budget.
    Everything(Vec<FieldId>),
}

/// Names of generated fields and types; all are reserved, also those not served yet.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// `residentAggregate`
    pub aggregate: Arc<str>,
    /// `residentGroups`
    pub groups: Arc<str>,
    /// `residentConnection`
    pub connection: Arc<str>,
    /// `CivilResidentBoolExp`
    pub bool_exp: Arc<str>,
    /// `CivilResidentOrderBy`; `None` if there is nothing to order by.
    pub order_by: Option<Arc<str>>,
    /// `CivilResidentSelectColumn`; `None` if there is nothing to be distinct on.
    pub select_column: Option<Arc<str>>,
    /// `CivilResidentConnection`
    pub connection_type: Arc<str>,
    /// `CivilResidentEdge`
    pub edge_type: Arc<str>,
    /// The types of aggregates and groups.
    pub folds: FoldNames,
    /// Columns of linked rows to group by that are not `<link>_<column>`, because that is taken.
    pub renamed_group_columns: HashMap<Arc<str>, GroupColumn>,
}

/// A column's GraphQL name.
#[derive(Clone, Debug)]
pub struct FieldName {
    /// As a field.
    pub name: Arc<str>,
    /// As a value of `…SelectColumn`: the same, but for `true`, `false` and `null`, which get a trailing `_`.
    pub value: Arc<str>,
    /// The GraphQL type: a scalar's name or an enum type's.
    pub type_name: Arc<str>,
    /// The position in [`Federated::enumerations`] of a [`Scalar::Enum`].
    pub enumeration: Option<usize>,
    /// Whether it is non-null in answers.
    pub non_null: bool,
}

/// A key that has a by-key field.
#[derive(Clone, Debug)]
pub struct Key {
    /// The field in the source's type: `residentByPk`, `residentByIdCard`.
    pub field: Arc<str>,
    /// Columns in key order; arguments have the columns' GraphQL names.
    pub columns: Vec<FieldId>,
    /// Whether it is the primary key.
    pub primary: bool,
}

/// A field of a collection's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// A column.
    Field(FieldId),
    /// A link.
    Link(LinkId),
    /// What the rows of a list link come to.
    Aggregate(LinkId),
}

/// A relationship from one collection to another, in one direction.
#[derive(Clone, Debug)]
pub struct Link {
    /// The field on the `from` type.
    pub name: Arc<str>,
    /// Where it starts.
    pub from: CollectionId,
    /// Columns there.
    pub columns: Vec<FieldId>,
    /// Where it leads.
    pub to: CollectionId,
    /// Columns there, in the same order.
    pub to_columns: Vec<FieldId>,
    /// Whether it is a list.
    pub many: bool,
    /// Whether the source sees to it that every key without a null leads to a row.
    pub enforced: bool,
    /// An object link whose target columns are not known to be unique: two matches are `SOURCE_MISMATCH`.
    pub at_most_one: bool,
    /// Steps on the keys of the `from` side.
    pub normalize: Vec<Normalizer>,
    /// Steps on the keys of the `to` side.
    pub to_normalize: Vec<Normalizer>,
    /// Names reserved for `vaccinationsAggregate` and `vaccinationsConnection`; empty for object links.
    pub generated: Option<(Arc<str>, Arc<str>)>,
}

impl Link {
    /// Whether either side is normalised.
    pub fn is_normalized(&self) -> bool {
        !self.normalize.is_empty() || !self.to_normalize.is_empty()
    }

    /// Its columns, each with the one that it must equal at the other end.
    pub fn pairs(&self) -> impl Iterator<Item = (FieldId, FieldId)> {
        self.columns.iter().copied().zip(self.to_columns.iter().copied())
    }
}

/// A database enum under its GraphQL name.
#[derive(Debug)]
pub struct EnumerationType {
    /// The type.
    pub type_name: Arc<str>,
    /// Its comparison input, `<type>ComparisonExp`.
    pub comparison: Arc<str>,
    /// The source it belongs to.
    pub source: SourceId,
    /// What the source says of it.
    pub described: Enumeration,
}

/// What a type name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeId {
    /// The root type.
    Query,
    /// `Source`, the type of `_sources`.
    SourceInfo,
    /// `SourceState`, an enum.
    SourceState,
    /// The enum of directions and places of nulls, `OrderBy`.
    OrderDirection,
    /// A scalar.
    Scalar(Scalar),
    /// `IntComparisonExp` and its like.
    Comparison(Scalar),
    /// A database enum.
    Enumeration(usize),
    /// The comparison input of a database enum.
    EnumerationComparison(usize),
    /// A source's namespace.
    Source(SourceId),
    /// A row.
    Collection(CollectionId),
    /// `…BoolExp`
    BoolExp(CollectionId),
    /// `…OrderBy`
    OrderBy(CollectionId),
    /// `…SelectColumn`
    SelectColumn(CollectionId),
    /// `PageInfo`
    PageInfo,
    /// `…Connection`
    Connection(CollectionId),
    /// `…Edge`
    Edge(CollectionId),
    /// A type of aggregates or groups.
    Fold(CollectionId, FoldType),
}

/// The part of a model that one request sees: `?sources=`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice(Option<BTreeSet<SourceId>>);

impl Slice {
    /// Everything.
    pub fn all() -> Self {
        Self(None)
    }

    /// Only these sources.
    pub fn of(sources: impl IntoIterator<Item = SourceId>) -> Self {
        Self(Some(sources.into_iter().collect()))
    }

    /// Whether a source is seen.
    pub fn has(&self, source: SourceId) -> bool {
        self.0.as_ref().is_none_or(|some| some.contains(&source))
    }
}

impl Federated {
    /// The collection at that position.
    pub fn collection(&self, id: CollectionId) -> &Collection {
        &self.collections[id]
    }

    /// The sources that are none of a union.
    pub fn own_sources(&self) -> &[Source] {
        &self.sources[..self.sources.partition_point(|source| source.union.is_none())]
    }

    /// What a collection is made of, if it is a union.
    pub fn union_of(&self, id: CollectionId) -> Option<&Arc<Union>> {
        self.source_of(id).union.as_ref()
    }

    /// The link at that position.
    pub fn link(&self, id: LinkId) -> &Link {
        &self.links[id]
    }

    /// The source that a collection belongs to.
    pub fn source_of(&self, id: CollectionId) -> &Source {
        &self.sources[self.collections[id].source]
    }

    /// Whether both ends of a link are in the slice; a link out of it is absent.
    pub fn sees_link(&self, slice: &Slice, link: LinkId) -> bool {
        slice.has(self.collections[self.links[link].to].source)
    }

    /// What a field of a collection is, if it stands in the slice.
    pub fn member(&self, slice: &Slice, collection: CollectionId, name: &str) -> Option<Member> {
        let member = *self.collections[collection].members.get(name)?;
        match member {
            Member::Link(link) | Member::Aggregate(link) if !self.sees_link(slice, link) => None,
            member => Some(member),
        }
    }

    /// The list link that a connection field of a collection pages, if it stands in the slice.
    pub fn connection(&self, slice: &Slice, collection: CollectionId, name: &str) -> Option<LinkId> {
        let link = *self.collections[collection].connections.get(name)?;
        self.sees_link(slice, link).then_some(link)
    }

    /// The slice of the sources and unions named by their catalog names or root fields; `Err` is the first unknown name.
    pub fn slice<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Slice, &'a str> {
        let mut some = BTreeSet::new();
        for name in names {
            let by_name = self.own_sources().binary_search_by(|source| (*source.name).cmp(name)).ok();
            let by_field = || match *self.roots.get(name)? {
                Root::Source(id) => Some(id),
                Root::Union(id) => (*self.sources[id].name == *name).then_some(id),
            };
            some.insert(by_name.or_else(by_field).ok_or(name)?);
        }
        Ok(Slice(Some(some)))
    }
}
