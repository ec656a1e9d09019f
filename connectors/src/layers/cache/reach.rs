//! The collections that a fetch looks into: its own, and those that its conditions, orders and figures lead to.
//!
//! *Invariant*: a collection whose rows can change the answer is never left out, as far as the description tells of it.

use lilong_schema::Collection;

use crate::{Fetch, Hop, Order, OrderTarget, Predicate};

/// Whether `test` is true of a collection that the fetch looks into beside its own rows.
pub(in crate::layers) fn reaches(fetch: &Fetch, test: &mut dyn FnMut(&Collection) -> bool) -> bool {
    if condition(&fetch.predicate, test) || orders(&fetch.order, test) {
        return true;
    }
    let Some(group) = &fetch.group else { return false };
    group.by.iter().any(|key| hops(&key.path, test))
}

fn condition(predicate: &Predicate, test: &mut dyn FnMut(&Collection) -> bool) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(|part| condition(part, test)),
        Predicate::Not(part) => condition(part, test),
        Predicate::Compare { .. } | Predicate::IsNull(_) | Predicate::KeyIn { .. } => false,
        Predicate::Exists(exists) => test(&exists.collection) || condition(&exists.predicate, test),
        Predicate::Reached { path, target: value, .. } => hops(path, test) || target(value, test),
    }
}

fn orders(terms: &[Order], test: &mut dyn FnMut(&Collection) -> bool) -> bool {
    terms.iter().any(|term| hops(&term.path, test) || target(&term.target, test))
}

fn hops(path: &[Hop], test: &mut dyn FnMut(&Collection) -> bool) -> bool {
    path.iter().any(|hop| test(&hop.collection))
}

fn target(target: &OrderTarget, test: &mut dyn FnMut(&Collection) -> bool) -> bool {
    match target {
        OrderTarget::Field(_) | OrderTarget::RowId => false,
        OrderTarget::Aggregate(linked) => test(&linked.collection) || condition(&linked.predicate, test),
    }
}
