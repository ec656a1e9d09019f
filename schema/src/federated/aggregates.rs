//! The types of aggregates and groups: which there are, what they are called, and what each holds.
//!
//! In: a collection and a [`FoldType`]. Out: whether it has one, its fields whole or one by one. *Invariant*: a type that
//! would be empty is not there, and nothing refers to it; what a slice does not see is not in it.

mod columns;
mod inputs;
mod objects;

use std::sync::Arc;

use super::{CollectionId, Federated, LinkId, Slice, TypeId};
use crate::Scalar;

pub use columns::GroupColumn;

/// A figure computed of a column's values, beside counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // as in GraphQL
pub enum Statistic {
    Sum,
    Avg,
    Stddev,
    StddevPop,
    Variance,
    VarPop,
    Min,
    Max,
}

impl Statistic {
    /// In the order of the schema.
    pub const ALL: [Statistic; 8] = [
        Statistic::Sum,
        Statistic::Avg,
        Statistic::Stddev,
        Statistic::StddevPop,
        Statistic::Variance,
        Statistic::VarPop,
        Statistic::Min,
        Statistic::Max,
    ];

    /// The field's name.
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Sum => "sum",
            Statistic::Avg => "avg",
            Statistic::Stddev => "stddev",
            Statistic::StddevPop => "stddevPop",
            Statistic::Variance => "variance",
            Statistic::VarPop => "varPop",
            Statistic::Min => "min",
            Statistic::Max => "max",
        }
    }

    /// The statistic of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Statistic> {
        Self::ALL.into_iter().find(|statistic| statistic.name() == name)
    }

    /// What it is of values of a scalar; `None`: it cannot be computed of these.
    pub fn scalar(self, of: Scalar) -> Option<Scalar> {
        match self {
            Statistic::Min | Statistic::Max => of.is_ordered().then_some(of),
            Statistic::Sum => match of {
                Scalar::Int => Some(Scalar::BigInt),
                Scalar::BigInt | Scalar::Unsigned | Scalar::Decimal => Some(Scalar::Decimal),
                Scalar::Float => Some(Scalar::Float),
                _ => None,
            },
            _ => is_number(of).then_some(Scalar::Float),
        }
    }

    fn is_extreme(self) -> bool {
        matches!(self, Statistic::Min | Statistic::Max)
    }

    fn filter(self) -> FoldType {
        match self {
            Statistic::Sum => FoldType::SumBoolExp,
            Statistic::Min | Statistic::Max => FoldType::ValueBoolExp,
            _ => FoldType::NumberBoolExp,
        }
    }

    fn order(self) -> FoldType {
        if self.is_extreme() { FoldType::ValueOrderBy } else { FoldType::NumberOrderBy }
    }

    fn description(self) -> &'static str {
        match self {
            Statistic::Sum => "Sums, exact but for those of `Float`; null over no values.",
            Statistic::Avg => "Means.",
            Statistic::Stddev => "Standard deviations of samples; null over fewer than two values.",
            Statistic::StddevPop => "Standard deviations of populations.",
            Statistic::Variance => "Variances of samples; null over fewer than two values.",
            Statistic::VarPop => "Variances of populations.",
            Statistic::Min => "Smallest values, in the source's order.",
            Statistic::Max => "Largest values, in the source's order.",
        }
    }
}

/// A type that aggregates or groups of a collection have; the comment shows its name for `CivilResident`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FoldType {
    /// `CivilResidentAggregate`
    Aggregate,
    /// `CivilResidentAggregateFields`
    AggregateFields,
    /// `CivilResidentSumFields` and its like
    Fields(Statistic),
    /// `CivilResidentGroup`
    Group,
    /// `CivilResidentGroupKey`
    GroupKey,
    /// `CivilResidentGroupBy`
    GroupBy,
    /// `CivilResidentHaving`
    Having,
    /// `CivilResidentGroupOrderBy`
    GroupOrderBy,
    /// `CivilResidentGroupKeyOrderBy`
    GroupKeyOrderBy,
    /// `CivilResidentAggregateBoolExp`, of list links to the collection
    AggregateBoolExp,
    /// `CivilResidentAggregateOrderBy`, of list links to the collection
    AggregateOrderBy,
    /// `CivilResidentSumBoolExp`
    SumBoolExp,
    /// `CivilResidentNumberBoolExp`, of `avg` and the other figures that are `Float`
    NumberBoolExp,
    /// `CivilResidentValueBoolExp`, of `min` and `max`
    ValueBoolExp,
    /// `CivilResidentNumberOrderBy`, of `sum`, `avg` and their like
    NumberOrderBy,
    /// `CivilResidentValueOrderBy`, of `min` and `max`
    ValueOrderBy,
}

impl FoldType {
    /// How many there are.
    pub const COUNT: usize = 23;

    /// In the order in which they get their names; new ones go to the end.
    pub const ALL: [FoldType; Self::COUNT] = [
        FoldType::Aggregate,
        FoldType::AggregateFields,
        FoldType::Fields(Statistic::Sum),
        FoldType::Fields(Statistic::Avg),
        FoldType::Fields(Statistic::Stddev),
        FoldType::Fields(Statistic::StddevPop),
        FoldType::Fields(Statistic::Variance),
        FoldType::Fields(Statistic::VarPop),
        FoldType::Fields(Statistic::Min),
        FoldType::Fields(Statistic::Max),
        FoldType::Group,
        FoldType::GroupKey,
        FoldType::GroupBy,
        FoldType::Having,
        FoldType::GroupOrderBy,
        FoldType::GroupKeyOrderBy,
        FoldType::AggregateBoolExp,
        FoldType::AggregateOrderBy,
        FoldType::SumBoolExp,
        FoldType::NumberBoolExp,
        FoldType::ValueBoolExp,
        FoldType::NumberOrderBy,
        FoldType::ValueOrderBy,
    ];

    /// What its name ends in.
    pub fn suffix(self) -> &'static str {
        match self {
            FoldType::Aggregate => "Aggregate",
            FoldType::AggregateFields => "AggregateFields",
            FoldType::Fields(Statistic::Sum) => "SumFields",
            FoldType::Fields(Statistic::Avg) => "AvgFields",
            FoldType::Fields(Statistic::Stddev) => "StddevFields",
            FoldType::Fields(Statistic::StddevPop) => "StddevPopFields",
            FoldType::Fields(Statistic::Variance) => "VarianceFields",
            FoldType::Fields(Statistic::VarPop) => "VarPopFields",
            FoldType::Fields(Statistic::Min) => "MinFields",
            FoldType::Fields(Statistic::Max) => "MaxFields",
            FoldType::Group => "Group",
            FoldType::GroupKey => "GroupKey",
            FoldType::GroupBy => "GroupBy",
            FoldType::Having => "Having",
            FoldType::GroupOrderBy => "GroupOrderBy",
            FoldType::GroupKeyOrderBy => "GroupKeyOrderBy",
            FoldType::AggregateBoolExp => "AggregateBoolExp",
            FoldType::AggregateOrderBy => "AggregateOrderBy",
            FoldType::SumBoolExp => "SumBoolExp",
            FoldType::NumberBoolExp => "NumberBoolExp",
            FoldType::ValueBoolExp => "ValueBoolExp",
            FoldType::NumberOrderBy => "NumberOrderBy",
            FoldType::ValueOrderBy => "ValueOrderBy",
        }
    }

    /// Whether fields are selected on it.
    pub fn is_object(self) -> bool {
        matches!(
            self,
            FoldType::Aggregate
                | FoldType::AggregateFields
                | FoldType::Fields(_)
                | FoldType::Group
                | FoldType::GroupKey
        )
    }

    /// Whether it is an input object.
    pub fn is_input(self) -> bool {
        !self.is_object() && self != FoldType::GroupBy
    }

    fn needs(self) -> Need {
        match self {
            FoldType::Aggregate
            | FoldType::AggregateFields
            | FoldType::AggregateBoolExp
            | FoldType::AggregateOrderBy => Need::Nothing,
            FoldType::Fields(statistic) if !statistic.is_extreme() => Need::Number,
            FoldType::SumBoolExp | FoldType::NumberBoolExp | FoldType::NumberOrderBy => Need::Number,
            _ => Need::Ordered,
        }
    }

    fn position(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or_default()
    }
}

/// What columns a collection must have for a type to hold anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Number,
    Ordered,
}

/// The names of a collection's [`FoldType`]s; `None`: it has none of that kind.
#[derive(Clone, Debug, Default)]
pub struct FoldNames([Option<Arc<str>>; FoldType::COUNT]);

impl FoldNames {
    /// The name of a type.
    pub fn get(&self, kind: FoldType) -> Option<&Arc<str>> {
        self.0[kind.position()].as_ref()
    }

    pub(crate) fn set(&mut self, kind: FoldType, name: Arc<str>) {
        self.0[kind.position()] = Some(name);
    }
}

/// Whether sums and means can be made of it.
pub(crate) fn is_number(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Int | Scalar::BigInt | Scalar::Unsigned | Scalar::Float | Scalar::Decimal)
}

impl Federated {
    /// Whether a collection has a type of that kind, whatever the slice.
    pub(crate) fn has_fold(&self, id: CollectionId, kind: FoldType) -> bool {
        let scalars = self.served(id).map(|(field, _)| self.collections[id].described.fields[field].scalar);
        match kind.needs() {
            Need::Nothing => true,
            Need::Number => scalars.into_iter().any(is_number),
            Need::Ordered => scalars.into_iter().any(Scalar::is_ordered),
        }
    }

    /// Whether a type of aggregates or groups can be reached in the slice.
    pub(super) fn sees_fold(&self, id: CollectionId, kind: FoldType, slice: &Slice) -> bool {
        let collection = &self.collections[id];
        if collection.generated.folds.get(kind).is_none() || !slice.has(collection.source) {
            return false;
        }
        let mut lists =
            collection.listed_by.iter().filter(|link| slice.has(self.collections[self.links[**link].from].source));
        match kind {
            FoldType::AggregateBoolExp => lists.next().is_some(),
            FoldType::AggregateOrderBy => lists.any(|link| self.orders_by_aggregates(*link)),
            _ => true,
        }
    }

    /// The types of aggregates and groups of a collection that can be reached in the slice.
    pub(super) fn fold_ids(&self, id: CollectionId, slice: &Slice) -> impl Iterator<Item = TypeId> {
        FoldType::ALL
            .into_iter()
            .filter(move |kind| self.sees_fold(id, *kind, slice))
            .map(move |kind| TypeId::Fold(id, kind))
    }

    /// Whether a collection can be ordered by the aggregates of a link: of a list, where there is an order at all.
    pub(super) fn orders_by_aggregates(&self, link: LinkId) -> bool {
        let link = &self.links[link];
        link.many && self.collections[link.from].generated.order_by.is_some()
    }
}

impl super::Source {
    /// Whether fields of its types have a scalar, figures computed of its columns among them.
    pub(super) fn gives(&self, scalar: Scalar) -> bool {
        let has = |scalar| self.scalars.contains(&scalar);
        scalar != Scalar::Enum
            && match scalar {
                Scalar::BigInt => !self.scalars.is_empty(),
                _ => has(scalar) || self.computes(scalar),
            }
    }

    /// Whether its input types compare values of a scalar, figures computed of its columns among them.
    pub(super) fn compares(&self, scalar: Scalar) -> bool {
        let has = |scalar| self.scalars.contains(&scalar);
        scalar != Scalar::Enum
            && match scalar {
                Scalar::BigInt => self.scalars.iter().any(|scalar| scalar.is_ordered()),
                _ => has(scalar) || self.computes(scalar),
            }
    }

    fn computes(&self, scalar: Scalar) -> bool {
        match scalar {
            Scalar::Float => self.scalars.iter().copied().any(is_number),
            Scalar::Decimal => self.scalars.contains(&Scalar::BigInt),
            _ => false,
        }
    }
}
