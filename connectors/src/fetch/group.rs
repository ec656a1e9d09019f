//! Rows folded into groups: what is asked of a source instead of rows.
//!
//! In: the fields of a collection. Out: what each group's rows have in common, and what is computed of them. *Invariant*:
//! as everything of a fetch, it holds no values.

use std::sync::Arc;

use lilong_schema::collection::{Field, FieldId};
use lilong_schema::{Collection, Scalar};

use super::{Hop, OperandId, Order, OrderTarget, Predicate};

/// Rows folded into groups, one answer row for each group. Columns of the answer: those of the fetch's keys, if it is by
/// keys, then `by`, then `aggregates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What rows of one group have in common, compared exactly, null equal to null. None: one group, also of no rows; with
    /// keys one for each key that has rows.
    pub by: Vec<GroupKey>,
    /// What is computed of each group.
    pub aggregates: Vec<Aggregate>,
    /// The answer's columns as the fields of a collection; [`Group::describe`] makes it.
    pub answer: Arc<Collection>,
    /// Which groups; over the fields of `answer`, without links.
    pub having: Predicate,
    /// The order of groups; over the fields of `answer`, without paths. Without one their order is open.
    pub order: Vec<Order>,
    /// The most groups, an `Integer`. Never with keys.
    pub limit: Option<OperandId>,
    /// Groups left out at the beginning, an `Integer`. Never with keys.
    pub offset: Option<OperandId>,
}

/// What rows of a group have in common: a field of the row that object links lead to; where there is no such row, null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKey {
    /// Object links to walk first, all inside the source.
    pub path: Vec<Hop>,
    /// The field there.
    pub field: FieldId,
}

/// Something computed of the rows of a group, or of linked rows. Over no rows null, a count 0; nulls do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// How.
    pub function: Function,
    /// Of what. `Count`: the rows where none of these fields is null, so of none: all; `CountDistinct`: the different
    /// combinations without a null, compared exactly; the others take one field.
    pub fields: Vec<FieldId>,
}

/// How an aggregate is computed. Sums are exact, but for those of `Float`; minimum and maximum go by the source's own
/// order; average, deviation and variance are `Float`, and deviation and variance of a sample of one are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// How many.
    Count,
    /// How many different ones.
    CountDistinct,
    /// The sum.
    Sum,
    /// The mean.
    Average,
    /// The standard deviation of a sample.
    Deviation,
    /// The standard deviation of the whole population.
    DeviationPopulation,
    /// The variance of a sample.
    Variance,
    /// The variance of the whole population.
    VariancePopulation,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

/// An aggregate over the rows that a list link inside the source finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAggregate {
    /// The linked collection.
    pub collection: Arc<Collection>,
    /// Outer field, inner field: pairs that must be equal; where their scalars differ, by canonical text.
    pub on: Vec<(FieldId, FieldId)>,
    /// Which of the linked rows; its fields are those of the linked collection.
    pub predicate: Predicate,
    /// What is computed of them.
    pub aggregate: Aggregate,
}

impl Function {
    /// What it gives of values of a scalar; of a count the scalar does not matter. `None`: it cannot be computed of these.
    pub fn scalar(self, of: Scalar) -> Option<Scalar> {
        let number = matches!(of, Scalar::Int | Scalar::BigInt | Scalar::Unsigned | Scalar::Float | Scalar::Decimal);
        match self {
            Function::Count => Some(Scalar::BigInt),
            Function::CountDistinct => of.is_ordered().then_some(Scalar::BigInt),
            Function::Sum => match of {
                Scalar::Int => Some(Scalar::BigInt),
                Scalar::BigInt | Scalar::Unsigned | Scalar::Decimal => Some(Scalar::Decimal),
                Scalar::Float => Some(Scalar::Float),
                _ => None,
            },
            Function::Average
            | Function::Deviation
            | Function::DeviationPopulation
            | Function::Variance
            | Function::VariancePopulation => number.then_some(Scalar::Float),
            Function::Minimum | Function::Maximum => of.is_ordered().then_some(of),
        }
    }
}

impl Aggregate {
    /// What it gives: a count `BigInt`; a sum of `Int` `BigInt`, of `BigInt` and `Decimal` `Decimal`, of `Float` `Float`;
    /// average, deviation and variance `Float`; minimum and maximum the field's own. For one that cannot be computed, `Float`.
    pub fn scalar(&self, collection: &Collection) -> Scalar {
        let of = self.fields.first().and_then(|field| collection.fields.get(*field)).map(|field| field.scalar);
        self.function.scalar(of.unwrap_or(Scalar::BigInt)).unwrap_or(Scalar::Float)
    }

    /// Its values described as a field: of a minimum or maximum the field's own facts under another name, of a sum of
    /// decimals their scale.
    pub fn describe(&self, collection: &Collection, name: String) -> Field {
        let of = self.fields.first().and_then(|field| collection.fields.get(*field));
        match (self.function, of) {
            (Function::Minimum | Function::Maximum, Some(field)) => rename(field, name),
            (Function::Sum, Some(field)) if field.scalar == Scalar::Decimal => {
                Field { scale: field.scale, ..Field::new(name, self.scalar(collection)) }
            }
            (Function::Sum, Some(field)) if matches!(field.scalar, Scalar::BigInt | Scalar::Unsigned) => {
                Field { scale: Some(0), ..Field::new(name, self.scalar(collection)) }
            }
            _ => Field::new(name, self.scalar(collection)),
        }
    }
}

impl Group {
    /// A collection whose fields are the answer's columns, in their order, named `g0`, `g1`, …: `keys` are the columns of
    /// the fetch's keys. A field of a column keeps what is known of that: its native type, enum, scale and details.
    pub fn describe(
        collection: &Collection,
        keys: &[FieldId],
        by: &[GroupKey],
        aggregates: &[Aggregate],
    ) -> Arc<Collection> {
        let keys = keys.iter().map(|field| (collection, *field));
        let by = by.iter().map(|key| (key.path.last().map_or(collection, |hop| &*hop.collection), key.field));
        let mut fields: Vec<Field> = Vec::new();
        for (collection, field) in keys.chain(by) {
            let name = format!("g{}", fields.len());
            fields.push(match collection.fields.get(field) {
                Some(field) => rename(field, name),
                // No connector takes such a fetch.
                None => Field::new(name, Scalar::String),
            });
        }
        for aggregate in aggregates {
            let name = format!("g{}", fields.len());
            fields.push(aggregate.describe(collection, name));
        }
        Arc::new(Collection { name: collection.name.clone(), fields, ..Collection::default() })
    }
}

impl Order {
    /// The field it compares, if it is one.
    pub fn field<'a>(&'a self, collection: &'a Collection) -> Option<&'a Field> {
        let last = self.path.last().map_or(collection, |hop| &hop.collection);
        match self.target {
            OrderTarget::Field(field) => last.fields.get(field),
            OrderTarget::RowId | OrderTarget::Aggregate(_) => None,
        }
    }

    /// The field whose stored values it compares: its own, or the one of which it takes the least or the greatest.
    pub fn compared<'a>(&'a self, collection: &'a Collection) -> Option<&'a Field> {
        match &self.target {
            OrderTarget::Aggregate(linked) => match linked.aggregate.function {
                Function::Minimum | Function::Maximum => {
                    linked.collection.fields.get(*linked.aggregate.fields.first()?)
                }
                _ => None,
            },
            OrderTarget::Field(_) | OrderTarget::RowId => self.field(collection),
        }
    }

    /// The values it compares, described as a field: a column's own facts under another name.
    pub fn describe(&self, collection: &Collection, name: String) -> Field {
        match &self.target {
            OrderTarget::Field(_) => match self.field(collection) {
                Some(field) => rename(field, name),
                None => Field::new(name, Scalar::String),
            },
            OrderTarget::RowId => Field::new(name, Scalar::BigInt),
            OrderTarget::Aggregate(linked) => linked.aggregate.describe(&linked.collection, name),
        }
    }
}

fn rename(field: &Field, name: String) -> Field {
    Field { name, nullable: true, comment: None, details: kept(field), ..field.clone() }
}

/// What was written down of a column, less that it holds no null: links and groups of no rows do.
fn kept(field: &Field) -> std::collections::BTreeMap<String, String> {
    let mut details = field.details.clone();
    details.remove(lilong_schema::collection::REQUIRED);
    details
}
