//! Enums that their source orders by declaration, where groups of them are made or compared here.
//!
//! In: figures and groups. Out: the labels in their order, or the reason to refuse. *Invariant*: what a source orders by
//! declaration is never compared here by the texts of its labels.

use std::sync::Arc;

use lilong_connectors::{Aggregate, Comparison, Function, OrderTarget, Predicate};
use lilong_schema::federated::{CollectionId, GroupColumn};
use lilong_schema::{Collection, Scalar};

use super::Groups;
use crate::error::{Code, RequestError};
use crate::operation::Field;
use crate::plan::build::Builder;

impl Builder<'_> {
    /// The labels that a smallest or largest label is chosen by; `None`: texts.
    pub(super) fn declared(&self, id: CollectionId, figure: &Aggregate) -> Option<Arc<[String]>> {
        if !matches!(figure.function, Function::Minimum | Function::Maximum) || !self.goes_by_declaration(id) {
            return None;
        }
        let federated = self.world.federated;
        let name = federated.collection(id).fields.get(*figure.fields.first()?)?.as_ref()?;
        let enumeration = federated.enumerations.get(name.enumeration?)?;
        Some(enumeration.described.values.iter().cloned().collect())
    }

    /// Whether a collection's source orders enums by declaration. Unions order labels as texts, and so does whoever leaves
    /// all filters to the gateway.
    fn goes_by_declaration(&self, id: CollectionId) -> bool {
        let collection = self.world.federated.collection(id);
        let source = self.world.sources.get(collection.source).filter(|source| source.capabilities().filter);
        let mut enums = collection.described.fields.iter().filter(|field| field.scalar == Scalar::Enum);
        source.is_some_and(|source| enums.any(|field| !source.orders_exactly(field)))
    }

    /// Refuses groups that are to be ordered or compared here by labels that their source orders by declaration.
    pub(super) fn groups_compare_here(
        &self,
        id: CollectionId,
        field: &Field,
        by: &[GroupColumn],
        groups: &Groups,
        answer: &Collection,
    ) -> Result<(), RequestError> {
        let is_enum = |column: usize| answer.fields.get(column).is_some_and(|field| field.scalar == Scalar::Enum);
        let ordered = groups.order.iter().any(|term| matches!(term.target, OrderTarget::Field(at) if is_enum(at)));
        if !(ordered || compares(&groups.having, &is_enum)) {
            return Ok(());
        }
        let linked = by.iter().filter_map(|column| Some(self.world.federated.link(column.link?).to));
        if !std::iter::once(id).chain(linked).any(|id| self.goes_by_declaration(id)) {
            return Ok(());
        }
        let message = format!(
            "`{}`: labels of an enum are ordered by their source, so these groups cannot be ordered by them, or compared with \
             them by `_gt`, `_gte`, `_lt` or `_lte`, beside what the source cannot do, such as `_regex`",
            field.name
        );
        Err(RequestError { code: Code::TooCostly, message, locations: vec![field.location] })
    }
}

/// Whether an ordering comparison is made with some of the columns.
fn compares(predicate: &Predicate, columns: &impl Fn(usize) -> bool) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(|part| compares(part, columns)),
        Predicate::Not(part) => compares(part, columns),
        Predicate::Compare { field, comparison, .. } => {
            let ordered = [Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual];
            ordered.contains(comparison) && columns(*field)
        }
        _ => false,
    }
}
