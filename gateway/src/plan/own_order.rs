//! Comparisons that only a source can make: of text, or of labels, in an order of its own.
//!
//! In: conditions that are checked here. Out: nothing, or the reason to refuse. *Invariant*: what a source orders by rules of
//! its own is never compared here by others.

use lilong_connectors::{Comparison, Predicate, Source};
use lilong_schema::Collection;
use lilong_schema::federated::CollectionId;

use super::build::Builder;
use crate::error::{Code, Location, RequestError};

impl Builder<'_> {
    /// Refuses comparisons that are to be made here, beside what the source cannot do, and that it would make otherwise.
    pub(super) fn compares_here(
        &self,
        id: CollectionId,
        name: &str,
        comparisons: &Predicate,
        location: Location,
    ) -> Result<(), RequestError> {
        let collection = self.world.federated.collection(id);
        // Unions compare by code point, and so does whoever leaves all filters to the gateway.
        let source = self.world.sources.get(collection.source).filter(|source| source.capabilities().filter);
        if !source.is_some_and(|source| has_own_order(source, &collection.described, comparisons)) {
            return Ok(());
        }
        let message = format!(
            "`{name}` is ordered by its source's own rules, so it cannot be compared by `_gt`, `_gte`, `_lt` or `_lte` in one \
             `_or` or `_not` with what the source cannot check, such as `_regex`"
        );
        Err(RequestError::at(Code::TooCostly, message, location))
    }
}

fn has_own_order(source: &Source, collection: &Collection, predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().any(|part| has_own_order(source, collection, part))
        }
        Predicate::Not(part) => has_own_order(source, collection, part),
        Predicate::Compare { field, comparison, .. } => {
            let field = &collection.fields[*field];
            let ordered = [Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual];
            ordered.contains(comparison) && !source.orders_exactly(field)
        }
        _ => false,
    }
}
