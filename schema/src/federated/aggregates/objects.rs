//! The object types of aggregates and groups: `…Aggregate`, `…AggregateFields`, `…SumFields` and its like, `…Group`,
//! `…GroupKey`; and the fields that lead to them.

use std::sync::Arc;

use super::{FoldType, Statistic};
use crate::Scalar;
use crate::definition::{EnumValue, FieldDefinition, InputValue, TypeRef};
use crate::federated::inputs::words;
use crate::federated::{CollectionId, Federated, LinkId, Slice};

impl Federated {
    /// `residentAggregate` in the source's type.
    pub(in crate::federated) fn aggregate_field(&self, id: CollectionId) -> FieldDefinition {
        let collection = &self.collections[id];
        let what = "What the rows come to: how many there are, sums, means, extremes.";
        FieldDefinition {
            name: collection.generated.aggregate.clone(),
            description: Some(self.document_generated(collection, what)),
            arguments: self.list_arguments(id).into_iter().chain(self.partial_argument(id)).collect(),
            ty: self.fold_ref(id, FoldType::Aggregate),
        }
    }

    /// `residentGroups` in the source's type; `None` if there is nothing to group by.
    pub(in crate::federated) fn groups_field(&self, id: CollectionId) -> Option<FieldDefinition> {
        let collection = &self.collections[id];
        collection.generated.folds.get(FoldType::Group)?;
        let words = words();
        let argument = |name: &Arc<str>, ty| InputValue { name: name.clone(), description: None, ty };
        let list = |kind| self.fold_ref(id, kind).non_null().list();
        let int = || TypeRef::named(words.int.clone());
        let what = "What the rows come to in groups: those with equal values of `by`.";
        Some(FieldDefinition {
            name: collection.generated.groups.clone(),
            description: Some(self.document_generated(collection, what)),
            arguments: [
                argument(&words.by, list(FoldType::GroupBy).non_null()),
                argument(&words.filter, TypeRef::named(collection.generated.bool_exp.clone())),
                argument(&words.having, self.fold_ref(id, FoldType::Having)),
                argument(&words.order_by, list(FoldType::GroupOrderBy)),
                argument(&words.limit, int()),
                argument(&words.offset, int()),
            ]
            .into_iter()
            .chain(self.partial_argument(id))
            .collect(),
            ty: list(FoldType::Group),
        })
    }

    /// `vaccinationsAggregate` beside a list link.
    pub(in crate::federated) fn link_aggregate_field(&self, id: LinkId) -> Option<FieldDefinition> {
        let link = &self.links[id];
        let (name, _) = link.generated.as_ref()?;
        Some(FieldDefinition {
            name: name.clone(),
            description: Some(self.document_link(link)),
            arguments: self.list_arguments(link.to),
            ty: self.fold_ref(link.to, FoldType::Aggregate),
        })
    }

    /// The fields of an object type of aggregates or groups.
    pub(in crate::federated) fn fold_fields(
        &self,
        id: CollectionId,
        kind: FoldType,
        slice: &Slice,
    ) -> Option<Vec<FieldDefinition>> {
        let names: Vec<Arc<str>> = match kind {
            FoldType::Aggregate => vec!["aggregate".into(), "nodes".into()],
            FoldType::Group => vec!["key".into(), "aggregate".into()],
            FoldType::AggregateFields => {
                std::iter::once("count").chain(Statistic::ALL.map(Statistic::name)).map(Arc::from).collect()
            }
            FoldType::Fields(_) => self.served(id).map(|(_, name)| name.name.clone()).collect(),
            FoldType::GroupKey => self.group_columns(id, slice).map(|(name, _)| name).collect(),
            _ => return None,
        };
        Some(names.iter().filter_map(|name| self.fold_field(id, kind, name, slice)).collect())
    }

    /// One field of an object type of aggregates or groups.
    pub(in crate::federated) fn fold_field(
        &self,
        id: CollectionId,
        kind: FoldType,
        name: &str,
        slice: &Slice,
    ) -> Option<FieldDefinition> {
        let collection = &self.collections[id];
        match (kind, name) {
            (FoldType::Aggregate | FoldType::Group, "aggregate") => {
                Some(plain(name, "What is computed of the rows.", self.fold_ref(id, FoldType::AggregateFields)))
            }
            (FoldType::Aggregate, "nodes") => {
                let rows = TypeRef::named(collection.type_name.clone()).non_null().list();
                Some(plain(name, "The rows.", rows))
            }
            (FoldType::Group, "key") => {
                Some(plain(name, "What the rows have in common.", self.fold_ref(id, FoldType::GroupKey)))
            }
            (FoldType::AggregateFields, "count") => Some(self.count_field(id)),
            (FoldType::AggregateFields, _) => {
                let statistic = Statistic::from_name(name)?;
                collection.generated.folds.get(FoldType::Fields(statistic))?;
                Some(plain(name, statistic.description(), self.fold_ref(id, FoldType::Fields(statistic))))
            }
            (FoldType::Fields(statistic), _) => {
                let field = self.column(id, name)?;
                let of = collection.described.fields[field].scalar;
                let scalar = statistic.scalar(of)?;
                let own = collection.fields[field].as_ref()?;
                let ty = if statistic.is_extreme() { own.type_name.clone() } else { scalar.name().into() };
                Some(FieldDefinition {
                    name: own.name.clone(),
                    description: None,
                    arguments: Vec::new(),
                    ty: TypeRef::named(ty),
                })
            }
            (FoldType::GroupKey, _) => {
                let column = self.group_column(id, slice, name)?;
                let (_, own) = self.grouped(id, column);
                let collection = &self.collections[column.link.map_or(id, |link| self.links[link].to)];
                Some(FieldDefinition {
                    name: name.into(),
                    description: Some(self.document_field(collection, column.field)),
                    arguments: Vec::new(),
                    ty: TypeRef::named(own?.type_name.clone()),
                })
            }
            _ => None,
        }
    }

    /// The values of `…GroupBy`.
    pub(in crate::federated) fn group_values(&self, id: CollectionId, slice: &Slice) -> Vec<EnumValue> {
        self.group_columns(id, slice).map(|(name, _)| EnumValue { name, description: None }).collect()
    }

    /// Text that stands above a type of aggregates or groups.
    pub(in crate::federated) fn fold_description(kind: FoldType) -> Option<String> {
        let text = match kind {
            FoldType::GroupBy => "What rows can be grouped by: columns, and those of rows that object links lead to.",
            FoldType::Having => "Conditions on groups; several of them mean *and*.",
            FoldType::AggregateBoolExp => {
                "Conditions on what linked rows come to; several of them mean *and*. Over no rows a count is 0, all else null."
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// `count(columns, distinct)`: the arguments are there if there are columns to name.
    fn count_field(&self, id: CollectionId) -> FieldDefinition {
        let mut count = plain("count", "How many rows; with `columns` those where none of them is null.", {
            TypeRef::named(Scalar::BigInt.name()).non_null()
        });
        if let Some(columns) = &self.collections[id].generated.select_column {
            let argument = |name: &str, ty| InputValue { name: name.into(), description: None, ty };
            count.arguments = vec![
                argument("columns", TypeRef::named(columns.clone()).non_null().list()),
                argument("distinct", TypeRef::named(Scalar::Boolean.name())),
            ];
        }
        count
    }

    /// A reference to a type of aggregates or groups, which is there.
    pub(super) fn fold_ref(&self, id: CollectionId, kind: FoldType) -> TypeRef {
        TypeRef::named(self.collections[id].generated.folds.get(kind).cloned().unwrap_or_default())
    }

    /// The column of that name.
    pub(super) fn column(&self, id: CollectionId, name: &str) -> Option<crate::collection::FieldId> {
        match self.collections[id].members.get(name)? {
            crate::federated::Member::Field(field) => Some(*field),
            _ => None,
        }
    }
}

/// The columns behind names are documented; the names of figures say what they are.
fn plain(name: &str, description: &str, ty: TypeRef) -> FieldDefinition {
    FieldDefinition { name: name.into(), description: Some(description.to_owned()), arguments: Vec::new(), ty }
}
