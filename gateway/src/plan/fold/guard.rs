//! What a plan depends on beyond the structure of variables: whether a condition on linked rows is met by there being none.
//! It decides which keys are asked for, those that meet it or those that do not.
//!
//! *Invariant*: which guards a plan has depends on the structure alone; only what they hold depends on values.

use lilong_connectors::Comparison;
use lilong_schema::Value;

use crate::operation::Variables;
use crate::plan::{Plan, PlanOperand};

/// Comparisons of a count of 0 with operands.
#[derive(Debug)]
pub struct Guard {
    /// All must hold.
    pub tests: Vec<(Comparison, PlanOperand)>,
    /// Whether they do, where this plan is used.
    pub holds: bool,
}

/// Whether 0 meets a comparison.
pub(super) fn zero_meets(comparison: Comparison, value: &Value) -> bool {
    let number = match value {
        Value::Integer(number) => *number,
        Value::List(items) => {
            let has_zero = items.contains(&Value::Integer(0));
            return if comparison == Comparison::NotIn { !has_zero } else { has_zero };
        }
        _ => return false,
    };
    match comparison {
        Comparison::Equal => number == 0,
        Comparison::NotEqual => number != 0,
        Comparison::Greater => 0 > number,
        Comparison::GreaterOrEqual => 0 >= number,
        Comparison::Less => 0 < number,
        Comparison::LessOrEqual => 0 <= number,
        _ => false,
    }
}

impl Plan {
    /// What its guards hold for the variables of one request, a byte each; empty if it can be used for them as it is.
    pub(crate) fn other_case(&self, variables: &Variables) -> Vec<u8> {
        let holds = |guard: &Guard| {
            guard.tests.iter().all(|(comparison, operand)| {
                operand.value(variables).is_some_and(|value| zero_meets(*comparison, &value))
            })
        };
        let held = self.guards.iter().map(holds).collect::<Vec<_>>();
        if held.iter().zip(&self.guards).all(|(held, guard)| *held == guard.holds) {
            return Vec::new();
        }
        held.into_iter().map(|held| if held { b'1' } else { b'0' }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_compared_as_any_count() {
        let integer = |number| Value::Integer(number);
        let list = |numbers: &[i128]| Value::List(numbers.iter().copied().map(Value::Integer).collect());
        let cases = [
            (Comparison::Equal, integer(0), true),
            (Comparison::Equal, integer(1), false),
            (Comparison::NotEqual, integer(0), false),
            (Comparison::NotEqual, integer(2), true),
            (Comparison::Greater, integer(0), false),
            (Comparison::Greater, integer(-1), true),
            (Comparison::GreaterOrEqual, integer(0), true),
            (Comparison::Less, integer(0), false),
            (Comparison::Less, integer(3), true),
            (Comparison::LessOrEqual, integer(-1), false),
            (Comparison::In, list(&[0, 4]), true),
            (Comparison::In, list(&[]), false),
            (Comparison::NotIn, list(&[0]), false),
            (Comparison::NotIn, list(&[]), true),
        ];
        for (comparison, value, expected) in cases {
            assert_eq!(zero_meets(comparison, &value), expected, "{comparison:?} {value:?}");
        }
    }
}
