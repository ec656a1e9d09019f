//! Predicates of which some conditions are known beforehand.
//!
//! *Invariant*: a row meets what is left exactly if it meets the whole; *unknown* counts as not met, as it does for a row.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{Comparison, Operand, OperandId, Predicate, evaluate};
use lilong_schema::catalog::pattern::Pattern;
use lilong_schema::{Collection, Value};

/// What is left of a predicate.
#[derive(Clone, Debug)]
pub enum Reduced {
    /// Every row meets it.
    Always,
    /// No row meets it.
    Never,
    /// Rows that meet this.
    Rows(Predicate),
}

/// What is known of a condition: true, false, or unknown as SQL has it.
pub type Known = Option<bool>;

/// The conditions of a predicate, in the order in which [`reduce`] numbers them.
pub fn leaves(predicate: &Predicate, out: &mut Vec<Predicate>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| leaves(part, out)),
        Predicate::Not(part) => leaves(part, out),
        leaf => out.push(leaf.clone()),
    }
}

/// Takes out the conditions that `decide` knows; it is given the number of each.
pub fn reduce(predicate: &Predicate, decide: &dyn Fn(usize, &Predicate) -> Option<Known>) -> Reduced {
    Reducing { decide, next: 0 }.reduce(predicate, false)
}

struct Reducing<'a> {
    decide: &'a dyn Fn(usize, &Predicate) -> Option<Known>,
    next: usize,
}

impl Reducing<'_> {
    /// A predicate, or its negation: with negations at the conditions alone, *unknown* can count as false at once.
    fn reduce(&mut self, predicate: &Predicate, negated: bool) -> Reduced {
        match predicate {
            Predicate::Not(part) => self.reduce(part, !negated),
            Predicate::And(parts) => self.combine(parts, negated, !negated),
            Predicate::Or(parts) => self.combine(parts, negated, negated),
            leaf => {
                let known = (self.decide)(self.next, leaf);
                self.next += 1;
                match known {
                    Some(Some(value)) if value != negated => Reduced::Always,
                    Some(_) => Reduced::Never,
                    None if negated => Reduced::Rows(Predicate::Not(Box::new(leaf.clone()))),
                    None => Reduced::Rows(leaf.clone()),
                }
            }
        }
    }

    fn combine(&mut self, parts: &[Predicate], negated: bool, all: bool) -> Reduced {
        let mut left = Vec::new();
        let mut decided = false;
        // Every part is looked at, as conditions are numbered on the way.
        for part in parts {
            match self.reduce(part, negated) {
                Reduced::Always => decided |= !all,
                Reduced::Never => decided |= all,
                Reduced::Rows(Predicate::And(inner)) if all => left.extend(inner),
                Reduced::Rows(Predicate::Or(inner)) if !all => left.extend(inner),
                Reduced::Rows(part) => left.push(part),
            }
        }
        match (decided, all, left.len()) {
            (true, true, _) | (false, false, 0) => Reduced::Never,
            (true, false, _) | (false, true, 0) => Reduced::Always,
            (false, _, 1) => Reduced::Rows(left.swap_remove(0)),
            (false, true, _) => Reduced::Rows(Predicate::And(left)),
            (false, false, _) => Reduced::Rows(Predicate::Or(left)),
        }
    }
}

/// Whether rows of a source meet a condition on where they live, the last column of a union; `None`: it is none on that, or
/// cannot be told by `value`, which gives what it compares with.
pub fn lives_so(
    name: &str,
    collection: &Collection,
    condition: &Predicate,
    value: impl FnOnce(OperandId) -> Option<Value>,
) -> Option<Known> {
    let Predicate::Compare { field, comparison, operand } = condition else { return None };
    if *field + 1 != collection.fields.len() {
        return None;
    }
    let operands = [Operand::Value(value(*operand)?)];
    let condition = Predicate::Compare { field: *field, comparison: *comparison, operand: 0 };
    let cells: ArrayRef = Arc::new(StringArray::from(vec![name]));
    let row = RecordBatch::try_new(columns_schema(collection, &[*field]), vec![cells]).ok()?;
    let truth = evaluate::filter(&condition, collection, &[*field], &row, &operands).ok()?;
    Some(truth.is_valid(0).then(|| truth.value(0)))
}

/// The same of whatever sources a `[[discover]]` block may find, by its name with `{name}` in it: known is only that none of
/// them lives where no name is one of theirs.
pub fn lives_behind(
    block: &str,
    collection: &Collection,
    condition: &Predicate,
    value: impl FnOnce(OperandId) -> Option<Value>,
) -> Option<Known> {
    let Predicate::Compare { field, comparison: Comparison::Equal | Comparison::In, operand } = condition else {
        return None;
    };
    if *field + 1 != collection.fields.len() {
        return None;
    }
    let pattern = Pattern::of_block(block);
    let is_of = |value: &Value| matches!(value, Value::Text(name) if pattern.matches(name));
    let may = match value(*operand)? {
        Value::List(values) => values.iter().any(is_of),
        one => is_of(&one),
    };
    (!may).then_some(Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(field: usize) -> Predicate {
        Predicate::Compare { field, comparison: Comparison::Equal, operand: 0 }
    }

    fn not(part: Predicate) -> Predicate {
        Predicate::Not(Box::new(part))
    }

    /// Fields 0, 1 and 2 are true, false and unknown.
    fn reduced(predicate: &Predicate) -> String {
        let decide = |_: usize, leaf: &Predicate| match leaf {
            Predicate::Compare { field: 0, .. } => Some(Some(true)),
            Predicate::Compare { field: 1, .. } => Some(Some(false)),
            Predicate::Compare { field: 2, .. } => Some(None),
            _ => None,
        };
        match reduce(predicate, &decide) {
            Reduced::Always => "always".into(),
            Reduced::Never => "never".into(),
            Reduced::Rows(predicate) => show(&predicate),
        }
    }

    fn show(predicate: &Predicate) -> String {
        let list = |parts: &[Predicate]| parts.iter().map(show).collect::<Vec<_>>().join(" ");
        match predicate {
            Predicate::And(parts) => format!("and({})", list(parts)),
            Predicate::Or(parts) => format!("or({})", list(parts)),
            Predicate::Not(part) => format!("not({})", show(part)),
            Predicate::Compare { field, .. } => field.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_known_falls_away_and_unknown_is_never_met() {
        use Predicate::{And, Or};
        for (predicate, expected) in [
            (And(vec![]), "always"),
            (Or(vec![]), "never"),
            (not(And(vec![])), "never"),
            (And(vec![leaf(0), leaf(5)]), "5"),
            (And(vec![leaf(1), leaf(5)]), "never"),
            (And(vec![leaf(2), leaf(5)]), "never"),
            (Or(vec![leaf(1), leaf(5), leaf(6)]), "or(5 6)"),
            (Or(vec![leaf(0), leaf(5)]), "always"),
            (not(leaf(2)), "never"),
            (not(And(vec![leaf(2), leaf(5)])), "not(5)"),
            (not(Or(vec![leaf(2), leaf(5)])), "never"),
            (not(not(And(vec![leaf(5), And(vec![leaf(6), leaf(7)])]))), "and(5 6 7)"),
            (not(Or(vec![leaf(5), leaf(6)])), "and(not(5) not(6))"),
        ] {
            assert_eq!(reduced(&predicate), expected, "{predicate:?}");
        }
    }
}
