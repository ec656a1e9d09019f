//! Conditions on figures: `having` of groups, and those on what linked rows come to.
//!
//! In: input objects. Out: predicates over the columns of an answer.

use lilong_connectors::Predicate;
use lilong_schema::federated::{CollectionId, Statistic};

use super::figures::{Figures, count};
use crate::error::{Location, RequestError};
use crate::operation::{Argument, Form};
use crate::plan::PlanOperand;
use crate::plan::build::Builder;
use crate::plan::filter::{bad_input, null};

/// A condition on one figure: the position of the figure, and its comparisons.
pub(super) struct FigureTest<'a> {
    pub(super) figure: usize,
    pub(super) comparisons: &'a Argument,
}

impl Builder<'_> {
    /// A `…Having`, over an answer in which figures stand behind `base` other columns.
    pub(super) fn having(
        &mut self,
        id: CollectionId,
        argument: &Argument,
        base: usize,
        figures: &mut Figures,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let Form::Object(entries) = &argument.form else {
            return Err(null("having", location));
        };
        let mut all = Predicate::TRUE;
        for (name, value) in entries {
            let part = match (&**name, &value.form) {
                (_, Form::Null) => return Err(null(name, location)),
                ("_and" | "_or", Form::List(items)) => {
                    let parts = items.iter().map(|item| self.having(id, item, base, figures, operands, location));
                    let parts = parts.collect::<Result<_, _>>()?;
                    if &**name == "_and" { Predicate::And(parts) } else { Predicate::Or(parts) }
                }
                ("_not", _) => Predicate::Not(Box::new(self.having(id, value, base, figures, operands, location)?)),
                _ => {
                    let mut parts = Predicate::TRUE;
                    for test in self.figure_tests(id, name, value, figures, location)? {
                        let part = self.comparisons(base + test.figure, test.comparisons, operands, location)?;
                        parts = parts.and(part);
                    }
                    parts
                }
            };
            all = all.and(part);
        }
        Ok(all)
    }

    /// The figures that one entry tests: of `count` one, of a statistic one for each column.
    pub(super) fn figure_tests<'a>(
        &self,
        id: CollectionId,
        name: &str,
        value: &'a Argument,
        figures: &mut Figures,
        location: Location,
    ) -> Result<Vec<FigureTest<'a>>, RequestError> {
        if name == "count" {
            return Ok(vec![FigureTest { figure: figures.want(count()), comparisons: value }]);
        }
        let unknown = |name: &str| bad_input(format!("there is no figure `{name}` to compare"), location);
        let statistic = Statistic::from_name(name).ok_or_else(|| unknown(name))?;
        let Form::Object(columns) = &value.form else {
            return Err(null(name, location));
        };
        let mut tests = Vec::with_capacity(columns.len());
        for (column, comparisons) in columns {
            if matches!(comparisons.form, Form::Null) {
                return Err(null(column, location));
            }
            let figure = self.figure(id, statistic, column).ok_or_else(|| unknown(column))?;
            tests.push(FigureTest { figure: figures.want(figure), comparisons });
        }
        Ok(tests)
    }
}

/// A predicate that is false where it was unknown: where a value it compares is null, which a count never is.
pub(super) fn two_valued(predicate: Predicate, is_count: bool) -> Predicate {
    match predicate {
        Predicate::Compare { field, comparison, operand } if !is_count => Predicate::And(vec![
            Predicate::Not(Box::new(Predicate::IsNull(field))),
            Predicate::Compare { field, comparison, operand },
        ]),
        Predicate::And(parts) => Predicate::And(parts.into_iter().map(|part| two_valued(part, is_count)).collect()),
        other => other,
    }
}
