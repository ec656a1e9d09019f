//! GraphQL types of a model by name: the look-ups that validation, introspection and SDL are made of.
//!
//! In: a [`TypeId`] and a [`Slice`]. Out: a type as data, or one field of it at the cost of that field alone.

use std::sync::Arc;

use super::inputs::words;
use super::{Federated, Slice, TypeId, connections, scalars};
use crate::Scalar;
use crate::definition::{EnumValue, FieldDefinition, InputValue, TypeDefinition, TypeKind};

const DIRECTIONS: [(&str, &str); 6] = [
    ("ASC", "Ascending, nulls last."),
    ("DESC", "Descending, nulls first."),
    ("ASC_NULLS_FIRST", "Ascending, nulls first."),
    ("ASC_NULLS_LAST", "Ascending, nulls last."),
    ("DESC_NULLS_FIRST", "Descending, nulls first."),
    ("DESC_NULLS_LAST", "Descending, nulls last."),
];

const STATES: [(&str, &str); 3] = [
    ("READY", "It answers."),
    ("UNAVAILABLE", "It does not answer; its fields are null with an error, and it is tried again by itself."),
    ("UNKNOWN", "It has not been asked yet."),
];

impl Federated {
    /// The name of a type.
    pub fn type_name(&self, id: TypeId) -> Arc<str> {
        match id {
            TypeId::Query => "Query".into(),
            TypeId::SourceInfo => "Source".into(),
            TypeId::SourceState => "SourceState".into(),
            TypeId::OrderDirection => words().direction.clone(),
            TypeId::Scalar(scalar) => scalar.name().into(),
            TypeId::Comparison(scalar) => words().comparison(scalar),
            TypeId::Enumeration(id) => self.enumerations[id].type_name.clone(),
            TypeId::EnumerationComparison(id) => self.enumerations[id].comparison.clone(),
            TypeId::Source(id) => self.sources[id].type_name.clone(),
            TypeId::Collection(id) => self.collections[id].type_name.clone(),
            TypeId::BoolExp(id) => self.collections[id].generated.bool_exp.clone(),
            TypeId::OrderBy(id) => self.collections[id].generated.order_by.clone().unwrap_or_default(),
            TypeId::SelectColumn(id) => self.collections[id].generated.select_column.clone().unwrap_or_default(),
            TypeId::PageInfo => connections::PAGE_INFO_TYPE.into(),
            TypeId::Connection(id) => self.collections[id].generated.connection_type.clone(),
            TypeId::Edge(id) => self.collections[id].generated.edge_type.clone(),
            TypeId::Fold(id, kind) => self.collections[id].generated.folds.get(kind).cloned().unwrap_or_default(),
        }
    }

    /// Whether a type can be reached in the slice. Introspection's own types are not among these.
    pub fn sees_type(&self, id: TypeId, slice: &Slice) -> bool {
        match id {
            TypeId::Query
            | TypeId::SourceInfo
            | TypeId::SourceState
            | TypeId::Scalar(Scalar::String | Scalar::Boolean) => true,
            TypeId::Scalar(Scalar::Int | Scalar::BigInt) | TypeId::PageInfo => {
                self.seen_sources(slice).next().is_some()
            }
            TypeId::Scalar(scalar) => self.seen_sources(slice).any(|id| self.sources[id].gives(scalar)),
            TypeId::Comparison(scalar) => self.seen_sources(slice).any(|id| self.sources[id].compares(scalar)),
            TypeId::OrderDirection => {
                self.seen_sources(slice).any(|id| self.sources[id].scalars.iter().any(|scalar| scalar.is_ordered()))
            }
            TypeId::Source(id) => self.sources[id].union.is_none() && self.sees_source(id, slice),
            TypeId::Enumeration(id) | TypeId::EnumerationComparison(id) => slice.has(self.enumerations[id].source),
            TypeId::Collection(id) | TypeId::BoolExp(id) | TypeId::Connection(id) | TypeId::Edge(id) => {
                slice.has(self.collections[id].source)
            }
            TypeId::OrderBy(id) => {
                self.collections[id].generated.order_by.is_some() && slice.has(self.collections[id].source)
            }
            TypeId::SelectColumn(id) => {
                self.collections[id].generated.select_column.is_some() && slice.has(self.collections[id].source)
            }
            TypeId::Fold(id, kind) => self.sees_fold(id, kind, slice),
        }
    }

    /// The types that can be reached in the slice, in stable order: common ones, then those of each source.
    pub fn type_ids(&self, slice: &Slice) -> Vec<TypeId> {
        let common = [TypeId::Query, TypeId::SourceInfo, TypeId::SourceState, TypeId::OrderDirection, TypeId::PageInfo];
        let scalars = Scalar::NAMED.into_iter().map(TypeId::Scalar);
        let comparisons = Scalar::NAMED.into_iter().map(TypeId::Comparison);
        let mut ids: Vec<TypeId> =
            common.into_iter().chain(scalars).chain(comparisons).filter(|id| self.sees_type(*id, slice)).collect();
        let mut enumerations = (0..self.enumerations.len()).peekable();
        for source in 0..self.sources.len() {
            let seen = self.sees_source(source, slice);
            if self.sees_type(TypeId::Source(source), slice) {
                ids.push(TypeId::Source(source));
            }
            while let Some(id) = enumerations.next_if(|id| self.enumerations[*id].source == source) {
                if seen {
                    ids.extend([TypeId::Enumeration(id), TypeId::EnumerationComparison(id)]);
                }
            }
            if seen {
                for id in self.sources[source].collections.clone() {
                    ids.extend([TypeId::Collection(id), TypeId::BoolExp(id)]);
                    ids.extend(self.collections[id].generated.order_by.as_ref().map(|_| TypeId::OrderBy(id)));
                    ids.extend(self.collections[id].generated.select_column.as_ref().map(|_| TypeId::SelectColumn(id)));
                    ids.extend(self.fold_ids(id, slice));
                    ids.extend([TypeId::Connection(id), TypeId::Edge(id)]);
                }
            }
        }
        ids
    }

    /// A whole type, as the slice sees it.
    pub fn definition(&self, id: TypeId, slice: &Slice) -> TypeDefinition {
        let kind = if let Some(fields) = self.object_fields(id, slice) {
            TypeKind::Object(fields)
        } else if let Some(fields) = self.input_fields(id, slice) {
            TypeKind::Input(fields)
        } else if let TypeId::Scalar(scalar) = id {
            TypeKind::Scalar { specified_by: scalars::specified_by(scalar) }
        } else {
            TypeKind::Enum(self.enum_values(id, slice))
        };
        TypeDefinition { name: self.type_name(id), description: self.type_description(id), kind }
    }

    /// One field of an object type, at the cost of that field alone; `None` if there is no such field in the slice.
    ///
    /// `__typename`, `__schema` and `__type` are not among these.
    pub fn field_definition(&self, id: TypeId, field: &str, slice: &Slice) -> Option<FieldDefinition> {
        self.object_field(id, field, slice)
    }

    /// One field of an input object, at the cost of that field alone; `None` if there is no such field in the slice.
    pub fn input_definition(&self, id: TypeId, field: &str, slice: &Slice) -> Option<InputValue> {
        self.input_field(id, field, slice)
    }

    fn seen_sources(&self, slice: &Slice) -> impl Iterator<Item = usize> {
        (0..self.sources.len()).filter(move |id| self.sees_source(*id, slice))
    }

    fn sees_source(&self, id: usize, slice: &Slice) -> bool {
        slice.has(id) && !self.sources[id].collections.is_empty()
    }

    fn enum_values(&self, id: TypeId, slice: &Slice) -> Vec<EnumValue> {
        let documented = |(name, description): &(&str, &str)| EnumValue {
            name: (*name).into(),
            description: Some((*description).to_owned()),
        };
        match id {
            TypeId::SourceState => STATES.iter().map(documented).collect(),
            TypeId::OrderDirection => DIRECTIONS.iter().map(documented).collect(),
            TypeId::Enumeration(id) => {
                let values = self.enumerations[id].described.values.iter();
                values.map(|value| EnumValue { name: value.as_str().into(), description: None }).collect()
            }
            TypeId::SelectColumn(collection) => self
                .served(collection)
                .filter(|(field, _)| self.collections[collection].described.fields[*field].scalar.is_ordered())
                .map(|(_, name)| EnumValue { name: name.value.clone(), description: None })
                .collect(),
            TypeId::Fold(collection, _) => self.group_values(collection, slice),
            _ => Vec::new(),
        }
    }

    fn type_description(&self, id: TypeId) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match id {
            TypeId::Query => text("Every source is a namespace of its own."),
            TypeId::SourceInfo => text("A database or service that is served here."),
            TypeId::SourceState => text("How a source is."),
            TypeId::OrderDirection => text("A direction, and the place of nulls."),
            TypeId::Scalar(scalar) => scalars::description(scalar).map(str::to_owned),
            TypeId::Comparison(_) | TypeId::EnumerationComparison(_) => {
                text("Conditions on one value; several of them mean *and*.")
            }
            TypeId::Enumeration(id) => {
                let enumeration = &self.enumerations[id];
                Some(self.document_enumeration(enumeration))
            }
            TypeId::Source(id) => Some(self.sources[id].documentation()),
            TypeId::Collection(id) => Some(self.document_collection(&self.collections[id])),
            TypeId::PageInfo => text("Where a page stands among the others."),
            TypeId::Connection(_) => text("A page of rows."),
            TypeId::Edge(_) => text("A row of a page, and its place."),
            TypeId::Fold(_, kind) => Self::fold_description(kind),
            TypeId::BoolExp(_) | TypeId::OrderBy(_) | TypeId::SelectColumn(_) => None,
        }
    }
}
