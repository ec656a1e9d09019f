//! What a source follows of its own links, and what it checks beside them.
//!
//! In: links and conditions of a `where`. Out: whether the source finds by them exactly what the gateway would. *Invariant*: a
//! link goes through the source only where nothing that stands with it in an `_or`, a `_not` or on its far side is left to be
//! checked over the rows that the source gives.

use lilong_connectors::{Comparison, Order, OrderTarget};
use lilong_schema::federated::{CollectionId, Link, Member};

use super::build::Builder;
use super::filter::comparison;
use crate::operation::{Argument, Form};

impl Builder<'_> {
    /// Whether a source follows a link as it stands; asked of links with both ends in one source.
    pub(super) fn follows(&self, link: &Link) -> bool {
        let federated = self.world.federated;
        let (from, to) = (federated.collection(link.from), federated.collection(link.to));
        let on: Vec<_> = link.pairs().collect();
        let source = self.world.sources.get(from.source);
        source.is_none_or(|source| source.follows(&from.described, &to.described, &on))
    }

    /// Whether the source of a collection orders by a term as it is ordered here, where it goes through links.
    pub(super) fn reaches(&self, id: CollectionId, term: &Order) -> bool {
        if term.path.is_empty() && !matches!(term.target, OrderTarget::Aggregate(_)) {
            return true;
        }
        let collection = self.world.federated.collection(id);
        let source = self.world.sources.get(collection.source);
        source.is_none_or(|source| source.reaches(&collection.described, &term.path, &term.target))
    }

    /// Whether the source of a collection can check all of some conditions, of which one must hold or must not, and checks them
    /// exactly if there is a link among them.
    pub(super) fn checks_beside_links(&self, id: CollectionId, items: &[Argument]) -> bool {
        items.iter().all(|item| self.can_check(id, item))
            && (!items.iter().any(|item| self.goes_through_links(id, item))
                || items.iter().all(|item| self.checks_all(id, item)))
    }

    /// Whether the source of a collection finds by a condition exactly the rows that meet it; links that it does not follow
    /// are met by keys.
    pub(super) fn checks_all(&self, id: CollectionId, argument: &Argument) -> bool {
        let collection = self.world.federated.collection(id);
        // A union checks by itself what it gives.
        let Some(source) = self.world.sources.get(collection.source) else { return true };
        let checks = |field: usize, comparison| source.checks(&collection.described.fields[field], comparison);
        let Form::Object(entries) = &argument.form else { return true };
        entries.iter().all(|(name, value)| match (&**name, &value.form) {
            ("_and" | "_or", Form::List(items)) => items.iter().all(|item| self.checks_all(id, item)),
            ("_not", _) => self.checks_all(id, value),
            (_, form) => match (self.world.federated.member(self.world.slice, id, name), form) {
                (Some(Member::Field(field)), Form::Object(operators)) => {
                    let mut comparisons = operators.iter().filter_map(|(name, _)| comparison(name));
                    comparisons.all(|(comparison, _)| checks(field, comparison))
                }
                (Some(Member::Link(link) | Member::Aggregate(link)), _) => {
                    let columns = &self.world.federated.link(link).columns;
                    columns.iter().all(|field| checks(*field, Comparison::In))
                }
                _ => true,
            },
        })
    }

    fn goes_through_links(&self, id: CollectionId, argument: &Argument) -> bool {
        let Form::Object(entries) = &argument.form else { return false };
        entries.iter().any(|(name, value)| match (&**name, &value.form) {
            ("_and" | "_or", Form::List(items)) => items.iter().any(|item| self.goes_through_links(id, item)),
            ("_not", _) => self.goes_through_links(id, value),
            _ => {
                let member = self.world.federated.member(self.world.slice, id, name);
                matches!(member, Some(Member::Link(_) | Member::Aggregate(_)))
            }
        })
    }
}
