//! What arguments must meet before anything is asked: limits in range, patterns that compile. Literals that are no patterns
//! are checked when the plan is made, all else by [`Plan::check`] at each request.

use std::sync::Arc;

use lilong_connectors::evaluate::Pattern;
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

/// Different regular expressions of one request: to compile a large one takes milliseconds.
const PATTERNS: usize = 50;

impl Check {
    /// Checks a value; a pattern is compiled instead.
    pub fn run(&self, value: &Value) -> Result<(), RequestError> {
        let wrong = match (self.kind, value) {
            (CheckKind::Limit { most }, Value::Integer(number)) => match usize::try_from(*number) {
                Ok(number) if number <= most => return Ok(()),
                Ok(_) => format!("`{}: {number}` is more than the most, {most}", self.name),
                Err(_) => format!("`{}: {number}` is negative", self.name),
            },
            (CheckKind::Offset, Value::Integer(number)) if *number >= 0 => return Ok(()),
            (CheckKind::Offset, Value::Integer(number)) => format!("`{}: {number}` is negative", self.name),
            _ => return Ok(()),
        };
        Err(self.bad_input(wrong))
    }

    /// Whether the plan's own values are checked with the plan.
    pub fn is_of_plan(&self) -> bool {
        matches!(self.operand, PlanOperand::Literal(_)) && !matches!(self.kind, CheckKind::Pattern { .. })
    }

    fn compile(&self, text: &str, folds: bool) -> Result<Arc<Pattern>, RequestError> {
        Pattern::of(text, folds).map_err(|error| {
            self.bad_input(match *error {
                regex::Error::CompiledTooBig(_) => format!("the pattern of `{}` is too large", self.name),
                _ => format!("the pattern of `{}` is no regular expression", self.name),
            })
        })
    }

    fn bad_input(&self, message: String) -> RequestError {
        RequestError::at(Code::BadInput, message, self.location)
    }
}

impl Plan {
    /// Checks the values of one request, and compiles its patterns: whoever needs one finds it compiled as long as these are held.
    pub fn check(&self, variables: &Variables) -> Result<Vec<Arc<Pattern>>, RequestError> {
        let mut patterns: Vec<(String, bool, &Check)> = Vec::new();
        for check in &self.checks {
            match (check.kind, check.operand.value(variables)) {
                (CheckKind::Pattern { folds }, Some(Value::Text(text))) => {
                    if patterns.iter().any(|(known, as_folds, _)| *known == text && *as_folds == folds) {
                        continue;
                    }
                    if patterns.len() == PATTERNS {
                        let message = format!("the request has more than {PATTERNS} different regular expressions");
                        return Err(RequestError::at(Code::TooCostly, message, check.location));
                    }
                    patterns.push((text, folds, check));
                }
                (_, Some(value)) => check.run(&value)?,
                (_, None) => {}
            }
        }
        patterns.into_iter().map(|(text, folds, check)| check.compile(&text, folds)).collect()
    }
}
