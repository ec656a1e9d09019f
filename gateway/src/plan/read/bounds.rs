//! How many rows a reading may find, and where its source cuts them.

use lilong_connectors::{OperandId, Predicate};
use lilong_schema::catalog::Limits;

use super::course::Course;
use super::fetching::{push, push_cap};
use crate::plan::{Ceiling, PlanOperand};

/// What the source is told of limits.
pub(super) struct Bounds {
    pub(super) ceiling: Ceiling,
    /// Of the whole answer; with keys a ceiling only.
    pub(super) limit: Option<OperandId>,
    pub(super) offset: Option<OperandId>,
    /// Of each key.
    pub(super) key_limit: Option<OperandId>,
    pub(super) key_offset: Option<OperandId>,
}

impl Bounds {
    /// The bounds of a reading; `can_limit`: whether its source cuts at all.
    pub(super) fn of(
        course: &Course<'_>,
        residual: &Predicate,
        limits: &Limits,
        can_limit: bool,
        operands: &mut Vec<PlanOperand>,
    ) -> Self {
        let (given, share) = (&course.given, &course.share);
        let ceiling = ceiling(course, residual, limits);
        let list_limit = |operands: &mut Vec<PlanOperand>| match &given.limit {
            Some(limit) if course.page.is_some() => push(operands, PlanOperand::OneMore(Box::new(limit.clone()))),
            Some(limit) => push(operands, limit.clone()),
            None => push_cap(operands, limits.list_rows),
        };
        let list_offset = |operands: &mut Vec<PlanOperand>| given.offset.clone().map(|offset| push(operands, offset));
        let mut bounds = Self { ceiling, limit: None, offset: None, key_limit: None, key_offset: None };
        if !share.limit || course.link.is_some() || !course.list {
            bounds.limit = can_limit.then(|| push_cap(operands, ceiling.rows));
            if share.limit && course.list && given.cuts() {
                bounds.key_limit = Some(list_limit(operands));
                bounds.key_offset = list_offset(operands);
            }
        } else {
            bounds.limit = Some(list_limit(operands));
            bounds.offset = list_offset(operands);
        }
        bounds
    }
}

/// What more rows than this are.
fn ceiling(course: &Course<'_>, residual: &Predicate, limits: &Limits) -> Ceiling {
    let (given, share) = (&course.given, &course.share);
    let work_here = if course.link.is_some() {
        // What an index finds of normalised keys is what they have.
        !(course.looks_up && residual.is_true())
            || given.cuts() && !share.limit
            || !given.distinct.is_empty() && !share.distinct
    } else {
        course.list && !share.limit
    };
    if work_here {
        return Ceiling { rows: limits.budget_rows, budget: true };
    }
    let rows = match (course.link.is_some(), course.list) {
        (false, true) => limits.list_rows,
        (true, _) | (_, false) => limits.answer_rows,
    };
    // A page takes one row more for each parent, to see whether there are more.
    let rows = match (&course.page, course.link) {
        (None, _) => rows,
        (Some(_), Some(_)) => rows * 2,
        (Some(_), None) => rows + 1,
    };
    Ceiling { rows, budget: false }
}
