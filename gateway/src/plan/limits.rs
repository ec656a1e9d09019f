//! What arguments must meet before anything is asked: limits in range, patterns that compile. Literals are checked when
//! the plan is made, variables by [`Plan::check`] at each request.

use lilong_schema::Value;

use super::{Plan, PlanOperand};
use crate::error::{Code, Location, RequestError};
use crate::operation::Variables;

/// A check on the value of an operand.
#[derive(Debug)]
pub struct Check {
    /// The operand.
    pub operand: PlanOperand,
    /// What it must be.
    pub kind: CheckKind,
    /// The argument's or operator's name.
    pub name: &'static str,
    /// The field it stands on.
    pub location: Location,
}

/// What an operand must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// Between 0 and the most.
    Limit {
        /// The most.
        most: usize,
    },
    /// Not negative.
    Offset,
    /// A regular expression.
    Pattern {
        /// Whether it is one without regard to case, which makes its program larger.
        folds: bool,
    },
}

/// The largest compiled size of one regular expression, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

impl Check {
    /// Checks a value.
    pub fn run(&self, value: &Value) -> Result<(), RequestError> {
        let wrong = match (self.kind, value) {
            (CheckKind::Limit { most }, Value::Integer(number)) => match usize::try_from(*number) {
                Ok(number) if number <= most => return Ok(()),
                Ok(_) => format!("`{}: {number}` is more than the most, {most}", self.name),
                Err(_) => format!("`{}: {number}` is negative", self.name),
            },
            (CheckKind::Offset, Value::Integer(number)) if *number >= 0 => return Ok(()),
            (CheckKind::Offset, Value::Integer(number)) => format!("`{}: {number}` is negative", self.name),
            (CheckKind::Pattern { folds }, Value::Text(pattern)) => {
                match regex::RegexBuilder::new(pattern).case_insensitive(folds).size_limit(PATTERN_SIZE).build() {
                    Ok(_) => return Ok(()),
                    Err(regex::Error::CompiledTooBig(_)) => format!("the pattern of `{}` is too large", self.name),
                    Err(_) => format!("the pattern of `{}` is no regular expression", self.name),
                }
            }
            _ => return Ok(()),
        };
        Err(RequestError::at(Code::BadInput, wrong, self.location))
    }
}

impl Plan {
    /// Checks the variables of one request.
    pub fn check(&self, variables: &Variables) -> Result<(), RequestError> {
        for check in &self.checks {
            if let Some(value) = check.operand.value(variables) {
                check.run(&value)?;
            }
        }
        Ok(())
    }
}
