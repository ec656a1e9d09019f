//! The input types of a model, whole or field by field: `…BoolExp`, `…OrderBy`, `…ComparisonExp`.

use std::sync::{Arc, LazyLock};

use super::scalars::{Operand, operators};
use super::{CollectionId, Federated, FieldName, LinkId, Member, Slice, TypeId};
use crate::Scalar;
use crate::collection::FieldId;
use crate::definition::{InputValue, TypeRef};

/// Names that occur in every model, made once.
pub(super) struct Words {
    pub(super) filter: Arc<str>,
    pub(super) order_by: Arc<str>,
    pub(super) limit: Arc<str>,
    pub(super) offset: Arc<str>,
    pub(super) distinct_on: Arc<str>,
    pub(super) by: Arc<str>,
    pub(super) having: Arc<str>,
    pub(super) int: Arc<str>,
    pub(super) partial: Arc<str>,
    pub(super) direction: Arc<str>,
    and: Arc<str>,
    or: Arc<str>,
    not: Arc<str>,
    /// By [`Scalar`] of [`Scalar::NAMED`], in that order.
    comparisons: [Arc<str>; Scalar::NAMED.len()],
}

/// Names that occur in every model.
pub(super) fn words() -> &'static Words {
    static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
        filter: "where".into(),
        order_by: "orderBy".into(),
        limit: "limit".into(),
        offset: "offset".into(),
        distinct_on: "distinctOn".into(),
        by: "by".into(),
        having: "having".into(),
        int: Scalar::Int.name().into(),
        partial: "partial".into(),
        direction: "OrderBy".into(),
        and: "_and".into(),
        or: "_or".into(),
        not: "_not".into(),
        comparisons: Scalar::NAMED.map(|scalar| format!("{}ComparisonExp", scalar.name()).into()),
    });
    &WORDS
}

impl Words {
    /// `IntComparisonExp`; [`Scalar::Enum`] has one per database enum instead.
    pub(super) fn comparison(&self, scalar: Scalar) -> Arc<str> {
        let position = Scalar::NAMED.iter().position(|named| *named == scalar.served());
        position.map(|position| self.comparisons[position].clone()).unwrap_or_default()
    }
}

impl Federated {
    /// The fields of an input object in the order of the schema; `None` if it is no input object.
    pub(super) fn input_fields(&self, id: TypeId, slice: &Slice) -> Option<Vec<InputValue>> {
        Some(match id {
            TypeId::BoolExp(collection) => {
                let combine = ["_and", "_or", "_not"].into_iter().filter_map(|name| self.combination(collection, name));
                combine
                    .chain(self.served(collection).map(|(field, name)| self.column_filter(collection, field, name)))
                    .chain(self.seen_links(collection, slice).map(|link| self.link_filter(link)))
                    .chain(self.seen_links(collection, slice).filter_map(|link| self.link_aggregate_filter(link)))
                    .collect()
            }
            TypeId::OrderBy(collection) => self
                .served(collection)
                .filter_map(|(field, name)| self.column_order(collection, field, name))
                .chain(self.seen_links(collection, slice).filter_map(|link| self.link_order(link)))
                .chain(self.seen_links(collection, slice).filter_map(|link| self.link_aggregate_order(link)))
                .collect(),
            TypeId::Comparison(_) | TypeId::EnumerationComparison(_) => {
                let (scalar, operand) = self.compared(id)?;
                operators(scalar).iter().map(|(name, kind)| comparison(name, *kind, &operand)).collect()
            }
            TypeId::Fold(collection, kind) => return self.fold_inputs(collection, kind, slice),
            _ => return None,
        })
    }

    /// One field of an input object, without building the others.
    pub(super) fn input_field(&self, id: TypeId, name: &str, slice: &Slice) -> Option<InputValue> {
        match id {
            TypeId::BoolExp(collection) => self.combination(collection, name).or_else(|| {
                Some(match self.member(slice, collection, name)? {
                    Member::Field(field) => {
                        self.column_filter(collection, field, self.collections[collection].fields[field].as_ref()?)
                    }
                    Member::Link(link) => self.link_filter(link),
                    Member::Aggregate(link) => self.link_aggregate_filter(link)?,
                })
            }),
            TypeId::OrderBy(collection) => match self.member(slice, collection, name)? {
                Member::Field(field) => {
                    self.column_order(collection, field, self.collections[collection].fields[field].as_ref()?)
                }
                Member::Link(link) => self.link_order(link),
                Member::Aggregate(link) => self.link_aggregate_order(link),
            },
            TypeId::Comparison(_) | TypeId::EnumerationComparison(_) => {
                let (scalar, operand) = self.compared(id)?;
                let (name, kind) = operators(scalar).iter().find(|(operator, _)| *operator == name)?;
                Some(comparison(name, *kind, &operand))
            }
            TypeId::Fold(collection, kind) => self.fold_input(collection, kind, name, slice),
            _ => None,
        }
    }

    /// The served columns of a collection, in the database's order.
    pub(super) fn served(&self, id: CollectionId) -> impl Iterator<Item = (FieldId, &FieldName)> {
        self.collections[id].fields.iter().enumerate().filter_map(|(field, name)| Some((field, name.as_ref()?)))
    }

    pub(super) fn seen_links(&self, id: CollectionId, slice: &Slice) -> impl Iterator<Item = LinkId> {
        self.collections[id].links.iter().copied().filter(move |link| self.sees_link(slice, *link))
    }

    fn combination(&self, id: CollectionId, name: &str) -> Option<InputValue> {
        let words = words();
        let own = TypeRef::named(self.collections[id].generated.bool_exp.clone());
        let (name, ty) = match name {
            "_and" => (&words.and, own.non_null().list()),
            "_or" => (&words.or, own.non_null().list()),
            "_not" => (&words.not, own),
            _ => return None,
        };
        Some(InputValue { name: name.clone(), description: None, ty })
    }

    fn column_filter(&self, id: CollectionId, field: FieldId, name: &FieldName) -> InputValue {
        let ty = match name.enumeration {
            Some(enumeration) => self.enumerations[enumeration].comparison.clone(),
            None => words().comparison(self.collections[id].described.fields[field].scalar),
        };
        InputValue { name: name.name.clone(), description: None, ty: TypeRef::named(ty) }
    }

    fn link_filter(&self, link: LinkId) -> InputValue {
        let link = &self.links[link];
        let ty = TypeRef::named(self.collections[link.to].generated.bool_exp.clone());
        InputValue { name: link.name.clone(), description: None, ty }
    }

    fn column_order(&self, id: CollectionId, field: FieldId, name: &FieldName) -> Option<InputValue> {
        if !self.collections[id].described.fields[field].scalar.is_ordered() {
            return None;
        }
        let ty = TypeRef::named(words().direction.clone());
        Some(InputValue { name: name.name.clone(), description: None, ty })
    }

    /// Only through object links.
    fn link_order(&self, link: LinkId) -> Option<InputValue> {
        let link = &self.links[link];
        if link.many {
            return None;
        }
        let ty = TypeRef::named(self.collections[link.to].generated.order_by.clone()?);
        Some(InputValue { name: link.name.clone(), description: None, ty })
    }

    /// The scalar whose operators a comparison input has, and the type of its operands.
    fn compared(&self, id: TypeId) -> Option<(Scalar, TypeRef)> {
        match id {
            TypeId::Comparison(scalar) => Some((scalar, TypeRef::named(scalar.name()))),
            TypeId::EnumerationComparison(enumeration) => {
                Some((Scalar::Enum, TypeRef::named(self.enumerations[enumeration].type_name.clone())))
            }
            _ => None,
        }
    }
}

fn comparison(name: &str, kind: Operand, operand: &TypeRef) -> InputValue {
    let ty = match kind {
        Operand::One => operand.clone(),
        Operand::Many => operand.clone().non_null().list(),
        Operand::Boolean => TypeRef::named(Scalar::Boolean.name()),
    };
    InputValue { name: name.into(), description: None, ty }
}
