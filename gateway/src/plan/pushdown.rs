//! Splits what a collection field asks into what its source does and what is left for here.

use lilong_connectors::{Comparison, OrderTarget, Predicate, Test};
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection};

/// Whether a source can check a predicate by itself.
pub(super) fn can_filter(capabilities: &Capabilities, predicate: &Predicate) -> bool {
    can_check(capabilities, &[], predicate)
}

/// The same where comparisons of some fields can be made whatever they are.
fn can_check(capabilities: &Capabilities, fixed: &[FieldId], predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().all(|part| can_check(capabilities, fixed, part)),
        Predicate::Not(part) => can_check(capabilities, fixed, part),
        Predicate::Compare { field, comparison, .. } => fixed.contains(field) || can_compare(capabilities, *comparison),
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

/// What a source checks of a predicate, and the rest. A row meets the predicate if it meets both. `fixed`: the fields of a
/// union that are one value in all rows of some member; patterns on these may rule it out.
pub(super) fn split(capabilities: &Capabilities, fixed: &[FieldId], predicate: Predicate) -> (Predicate, Predicate) {
    split_by(&|part| can_check(capabilities, fixed, part), predicate)
}

/// The same for a source that checks what `can` says.
pub(super) fn split_by(can: &dyn Fn(&Predicate) -> bool, predicate: Predicate) -> (Predicate, Predicate) {
    if can(&predicate) {
        return (predicate, Predicate::TRUE);
    }
    match predicate {
        Predicate::And(parts) => {
            parts.into_iter().fold((Predicate::TRUE, Predicate::TRUE), |(pushed, residual), part| {
                let (more, rest) = split_by(can, part);
                (pushed.and(more), residual.and(rest))
            })
        }
        predicate => (weaker(can, &predicate, false), predicate),
    }
}

/// Of a predicate, or of its negation, what a source checks without the rest: every row that meets it meets this too.
fn weaker(can: &dyn Fn(&Predicate) -> bool, predicate: &Predicate, negated: bool) -> Predicate {
    match predicate {
        whole if can(whole) && negated => Predicate::Not(Box::new(whole.clone())),
        whole if can(whole) => whole.clone(),
        Predicate::Not(part) => weaker(can, part, !negated),
        Predicate::And(parts) | Predicate::Or(parts) => {
            let parts = parts.iter().map(|part| weaker(can, part, negated));
            if matches!(predicate, Predicate::And(_)) == negated {
                let parts = parts.collect::<Vec<_>>();
                if parts.iter().any(Predicate::is_true) { Predicate::TRUE } else { Predicate::Or(parts) }
            } else {
                parts.fold(Predicate::TRUE, Predicate::and)
            }
        }
        _ => Predicate::TRUE,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(field: usize) -> Predicate {
        Predicate::Compare { field, comparison: Comparison::Equal, operand: 0 }
    }

    fn regex(field: usize) -> Predicate {
        Predicate::Compare { field, comparison: Comparison::Regex, operand: 0 }
    }

    fn not(part: Predicate) -> Predicate {
        Predicate::Not(Box::new(part))
    }

    fn show(predicate: &Predicate) -> String {
        let list = |parts: &[Predicate]| parts.iter().map(show).collect::<Vec<_>>().join(" ");
        match predicate {
            Predicate::And(parts) => format!("and({})", list(parts)),
            Predicate::Or(parts) => format!("or({})", list(parts)),
            Predicate::Not(part) => format!("not({})", show(part)),
            Predicate::Compare { field, comparison: Comparison::Regex, .. } => format!("r{field}"),
            Predicate::Compare { field, .. } => field.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_a_source_cannot_check_narrows_by_what_stands_beside_it() {
        use Predicate::{And, Or};
        for (predicate, pushed, residual) in [
            (equal(1), "1", "and()"),
            (regex(1), "and()", "r1"),
            (And(vec![equal(1), regex(2)]), "1", "r2"),
            (Or(vec![equal(1), regex(2)]), "and()", "or(1 r2)"),
            (Or(vec![equal(1), And(vec![equal(2), regex(3)])]), "or(1 2)", "or(1 and(2 r3))"),
            (Or(vec![And(vec![regex(1), equal(2), equal(3)]), equal(4)]), "or(and(2 3) 4)", "or(and(r1 2 3) 4)"),
            (Or(vec![equal(1), not(regex(2))]), "and()", "or(1 not(r2))"),
            (not(Or(vec![equal(1), regex(2)])), "not(1)", "not(or(1 r2))"),
            (not(And(vec![equal(1), regex(2)])), "and()", "not(and(1 r2))"),
            (not(And(vec![equal(1), not(Or(vec![regex(2), equal(3)]))])), "and()", "not(and(1 not(or(r2 3))))"),
            (
                not(And(vec![equal(1), not(And(vec![regex(2), equal(3)]))])),
                "or(not(1) 3)",
                "not(and(1 not(and(r2 3))))",
            ),
        ] {
            let text = show(&predicate);
            let (one, other) = split(&Capabilities::ALL, &[], predicate);
            assert_eq!((show(&one).as_str(), show(&other).as_str()), (pushed, residual), "{text}");
        }
    }

    #[test]
    fn a_pattern_on_a_column_that_is_one_value_in_all_rows_of_a_member_goes_to_the_union() {
        use Predicate::{And, Or};
        for (predicate, pushed, residual) in [
            (regex(9), "r9", "and()"),
            (not(regex(9)), "not(r9)", "and()"),
            (And(vec![regex(9), regex(1)]), "r9", "r1"),
            (Or(vec![regex(9), equal(1)]), "or(r9 1)", "and()"),
            (Or(vec![regex(9), regex(1)]), "and()", "or(r9 r1)"),
            (Or(vec![And(vec![regex(9), regex(1)]), equal(2)]), "or(r9 2)", "or(and(r9 r1) 2)"),
        ] {
            let text = show(&predicate);
            let (one, other) = split(&Capabilities::ALL, &[9], predicate);
            assert_eq!((show(&one).as_str(), show(&other).as_str()), (pushed, residual), "{text}");
        }
    }
}
