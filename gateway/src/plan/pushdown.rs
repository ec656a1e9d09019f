//! Splits what a collection field asks into what its source does and what is left for here.

use lilong_connectors::{Comparison, OrderTarget, Predicate, Test};
use lilong_schema::{Capabilities, Collection};

/// Whether a source can check a predicate by itself.
pub(super) fn can_filter(capabilities: &Capabilities, predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().all(|part| can_filter(capabilities, part)),
        Predicate::Not(part) => can_filter(capabilities, part),
        Predicate::Compare { comparison, .. } => can_compare(capabilities, *comparison),
        Predicate::IsNull(_) => capabilities.filter,
        Predicate::KeyIn { normalize, .. } => capabilities.filter && normalize.is_empty(),
        Predicate::Exists(exists) => capabilities.exists && can_filter(capabilities, &exists.predicate),
        Predicate::Reached { path, target, test } => {
            let compared = match test {
                Test::Compare { comparison, .. } => can_compare(capabilities, *comparison),
                Test::IsNull => capabilities.filter,
            };
            let reached = match target {
                OrderTarget::Aggregate(linked) => {
                    capabilities.link_aggregates && can_filter(capabilities, &linked.predicate)
                }
                OrderTarget::Field(_) | OrderTarget::RowId => true,
            };
            compared && reached && (path.is_empty() || capabilities.order_links)
        }
    }
}

/// Whether a source can make a comparison by itself.
pub(super) fn can_compare(capabilities: &Capabilities, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Equal
        | Comparison::NotEqual
        | Comparison::In
        | Comparison::NotIn
        | Comparison::Greater
        | Comparison::GreaterOrEqual
        | Comparison::Less
        | Comparison::LessOrEqual => capabilities.filter,
        Comparison::Like
        | Comparison::NotLike
        | Comparison::StartsWith
        | Comparison::EndsWith
        | Comparison::Contains => capabilities.like,
        Comparison::ILike | Comparison::NotILike => capabilities.ilike,
        Comparison::Regex | Comparison::IRegex => false,
    }
}

/// The part of a predicate that a source checks, and the rest. A row meets the predicate if it meets both.
pub(super) fn split(capabilities: &Capabilities, predicate: Predicate) -> (Predicate, Predicate) {
    if can_filter(capabilities, &predicate) {
        return (predicate, Predicate::TRUE);
    }
    match predicate {
        Predicate::And(parts) => {
            parts.into_iter().fold((Predicate::TRUE, Predicate::TRUE), |(pushed, residual), part| {
                let (more, rest) = split(capabilities, part);
                (pushed.and(more), residual.and(rest))
            })
        }
        predicate => (Predicate::TRUE, predicate),
    }
}

/// What a source checks, and of what is left the conditions on normalised keys that an index of its finds rows by: for more
/// rows than meet them, so that they stay to be checked here.
pub(super) fn with_indexes(collection: &Collection, pushed: Predicate, residual: &Predicate) -> Predicate {
    match residual {
        Predicate::And(parts) => parts.iter().fold(pushed, |pushed, part| with_indexes(collection, pushed, part)),
        Predicate::KeyIn { fields, normalize, .. } if !normalize.is_empty() => match fields.as_slice() {
            [field] if collection.index_of_normalized(*field, normalize).is_some() => pushed.and(residual.clone()),
            _ => pushed,
        },
        _ => pushed,
    }
}

/// Every field that a predicate reads of its own collection.
pub(crate) fn fields_of(predicate: &Predicate, out: &mut Vec<usize>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| fields_of(part, out)),
        Predicate::Not(part) => fields_of(part, out),
        Predicate::Compare { field, .. } | Predicate::IsNull(field) => out.push(*field),
        Predicate::KeyIn { fields, .. } => out.extend(fields),
        Predicate::Exists(exists) => out.extend(exists.on.iter().map(|(outer, _)| *outer)),
        Predicate::Reached { path, target, .. } => match (path.first(), target) {
            (Some(hop), _) => out.extend(hop.on.iter().map(|(outer, _)| *outer)),
            (None, OrderTarget::Field(field)) => out.push(*field),
            (None, OrderTarget::Aggregate(linked)) => out.extend(linked.on.iter().map(|(outer, _)| *outer)),
            (None, OrderTarget::RowId) => {}
        },
    }
}
