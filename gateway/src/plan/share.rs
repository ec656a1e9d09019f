//! What of a list its source does by itself.
//!
//! In: what it can do, and what is asked. Out: a [`Share`]. *Invariant*: a source cuts only where it has filtered and ordered.

use lilong_connectors::{Order, OrderTarget, Predicate};
use lilong_schema::Capabilities;

use super::arguments::Given;

/// What the source does of a reading; each is one part of the work.
pub(super) struct Share {
    pub(super) order: bool,
    pub(super) distinct: bool,
    /// `limit` and `offset`.
    pub(super) limit: bool,
}

pub(super) fn share(
    capabilities: &Capabilities,
    given: &Given,
    order: &[Order],
    residual: &Predicate,
    of_link: bool,
    keyed: bool,
) -> Share {
    let complete = residual.is_true() && (!of_link || keyed);
    let through_links = order.iter().any(|term| !term.path.is_empty());
    let by_aggregates = order.iter().any(|term| matches!(term.target, OrderTarget::Aggregate(_)));
    let order = capabilities.order
        && (!through_links || capabilities.order_links)
        && (!by_aggregates || capabilities.link_aggregates);
    let distinct = complete && order && capabilities.limit;
    let can_limit = if of_link { capabilities.limit_per_key } else { capabilities.limit };
    let limit = complete && order && (given.distinct.is_empty() || distinct) && can_limit;
    Share { order, distinct, limit }
}
