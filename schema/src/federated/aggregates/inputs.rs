//! The input types of aggregates and groups: `…Having`, `…GroupOrderBy`, and the conditions and orders that list links'
//! aggregates have in `…BoolExp` and `…OrderBy`.

use std::sync::Arc;

use super::{FoldType, Statistic};
use crate::Scalar;
use crate::definition::{InputValue, TypeRef};
use crate::federated::inputs::words;
use crate::federated::{CollectionId, Federated, LinkId, Slice};

impl Federated {
    /// `vaccinationsAggregate` in `…BoolExp`.
    pub(in crate::federated) fn link_aggregate_filter(&self, link: LinkId) -> Option<InputValue> {
        let link = &self.links[link];
        let (name, _) = link.generated.as_ref()?;
        Some(input(name.clone(), self.fold_ref(link.to, FoldType::AggregateBoolExp)))
    }

    /// `vaccinationsAggregate` in `…OrderBy`.
    pub(in crate::federated) fn link_aggregate_order(&self, id: LinkId) -> Option<InputValue> {
        let link = &self.links[id];
        let (name, _) = link.generated.as_ref().filter(|_| self.orders_by_aggregates(id))?;
        Some(input(name.clone(), self.fold_ref(link.to, FoldType::AggregateOrderBy)))
    }

    /// The fields of an input type of aggregates or groups.
    pub(in crate::federated) fn fold_inputs(
        &self,
        id: CollectionId,
        kind: FoldType,
        slice: &Slice,
    ) -> Option<Vec<InputValue>> {
        let figures = || std::iter::once("count").chain(Statistic::ALL.map(Statistic::name));
        let with = |first: &[&str]| first.iter().copied().chain(figures()).map(Arc::from).collect::<Vec<Arc<str>>>();
        let names: Vec<Arc<str>> = match kind {
            FoldType::Having => with(&["_and", "_or", "_not"]),
            FoldType::AggregateBoolExp => with(&["where"]),
            FoldType::GroupOrderBy => with(&["key"]),
            FoldType::AggregateOrderBy => with(&[]),
            FoldType::GroupKeyOrderBy => self.group_columns(id, slice).map(|(name, _)| name).collect(),
            FoldType::SumBoolExp
            | FoldType::NumberBoolExp
            | FoldType::ValueBoolExp
            | FoldType::NumberOrderBy
            | FoldType::ValueOrderBy => self.served(id).map(|(_, name)| name.name.clone()).collect(),
            _ => return None,
        };
        Some(names.iter().filter_map(|name| self.fold_input(id, kind, name, slice)).collect())
    }

    /// One field of an input type of aggregates or groups.
    pub(in crate::federated) fn fold_input(
        &self,
        id: CollectionId,
        kind: FoldType,
        name: &str,
        slice: &Slice,
    ) -> Option<InputValue> {
        let generated = &self.collections[id].generated;
        let own = || self.fold_ref(id, kind);
        let ty = match (kind, name) {
            (FoldType::Having, "_and" | "_or") => own().non_null().list(),
            (FoldType::Having, "_not") => own(),
            (FoldType::AggregateBoolExp, "where") => TypeRef::named(generated.bool_exp.clone()),
            (FoldType::Having | FoldType::AggregateBoolExp, "count") => {
                TypeRef::named(words().comparison(Scalar::BigInt))
            }
            (FoldType::Having | FoldType::AggregateBoolExp, _) => {
                self.figure(id, name).map(|statistic| self.fold_ref(id, statistic.filter()))?
            }
            (FoldType::GroupOrderBy, "key") => self.fold_ref(id, FoldType::GroupKeyOrderBy),
            (FoldType::GroupOrderBy | FoldType::AggregateOrderBy, "count") => direction(),
            (FoldType::GroupOrderBy | FoldType::AggregateOrderBy, _) => {
                self.figure(id, name).map(|statistic| self.fold_ref(id, statistic.order()))?
            }
            (FoldType::GroupKeyOrderBy, _) => self.group_column(id, slice, name).map(|_| direction())?,
            (FoldType::SumBoolExp, _) => self.figure_filter(id, Statistic::Sum, name)?,
            (FoldType::NumberBoolExp, _) => self.figure_filter(id, Statistic::Avg, name)?,
            (FoldType::ValueBoolExp, _) => self.figure_filter(id, Statistic::Min, name)?,
            (FoldType::NumberOrderBy, _) => self.figure_filter(id, Statistic::Avg, name).map(|_| direction())?,
            (FoldType::ValueOrderBy, _) => self.figure_filter(id, Statistic::Min, name).map(|_| direction())?,
            _ => return None,
        };
        Some(input(name.into(), ty))
    }

    /// The figure of that name, if the collection has columns for it.
    fn figure(&self, id: CollectionId, name: &str) -> Option<Statistic> {
        let statistic = Statistic::from_name(name)?;
        self.collections[id].generated.folds.get(FoldType::Fields(statistic)).map(|_| statistic)
    }

    /// The comparisons of a figure of a column.
    fn figure_filter(&self, id: CollectionId, statistic: Statistic, name: &str) -> Option<TypeRef> {
        let collection = &self.collections[id];
        let field = self.column(id, name)?;
        let scalar = statistic.scalar(collection.described.fields[field].scalar)?;
        let enumeration = collection.fields[field].as_ref()?.enumeration.filter(|_| statistic.is_extreme());
        Some(TypeRef::named(match enumeration {
            Some(enumeration) => self.enumerations[enumeration].comparison.clone(),
            None => words().comparison(scalar),
        }))
    }
}

fn direction() -> TypeRef {
    TypeRef::named(words().direction.clone())
}

fn input(name: Arc<str>, ty: TypeRef) -> InputValue {
    InputValue { name, description: None, ty }
}
