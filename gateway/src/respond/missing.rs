//! Members of unions that gave nothing: which field did without them.
//!
//! *Invariant*: a list or page of a union that lacks a member's rows is never without its entry here.

use std::collections::HashSet;

use super::errors::Segment;
use super::{At, Writer};
use crate::execute::{Fault, Fetched};
use crate::plan::connection::{ConnectionField, ConnectionValue};
use crate::plan::{JoinRule, Output, OutputValue, Plan, Step, StepId, WholeOutput};

/// A member that a field did without.
pub(super) struct Missing<'a> {
    /// Response keys from the root, joined by dots.
    pub(super) field: String,
    pub(super) fault: &'a Fault,
}

impl<'a> Writer<'a> {
    /// An object, or null if one of its joins has a fault.
    pub(super) fn whole(&mut self, field: &'a Output, whole: &'a WholeOutput, at: Option<At<'a, '_>>) {
        let parent = at.map_or(0, |at| at.row);
        self.path.push(Segment::Key(&field.key));
        match whole.joins.iter().find_map(|join| Some((*join, self.fault(*join, parent)?))) {
            Some((join, fault)) => self.lost(fault, join),
            None => self.object(&whole.fields, at),
        }
        self.path.pop();
    }
}

/// Finds what is missing below some fields, in the order of the answer.
pub(super) fn collect<'a>(
    outputs: &[Output],
    plan: &Plan,
    fetched: &'a Fetched,
    path: &mut Vec<String>,
    into: &mut Vec<Missing<'a>>,
) {
    for output in outputs {
        path.push(output.key.to_string());
        match &output.value {
            OutputValue::Object(fields) => collect(fields, plan, fetched, path, into),
            OutputValue::Whole(whole) => collect(&whole.fields, plan, fetched, path, into),
            OutputValue::Rows(rows) => {
                tell([rows.join], plan, fetched, path, into);
                collect(&rows.fields, plan, fetched, path, into);
            }
            OutputValue::Connection(connection) => {
                let joins = [connection.join, connection.earlier, connection.later];
                tell(joins.into_iter().flatten(), plan, fetched, path, into);
                collect_page(&connection.fields, plan, fetched, path, into);
            }
            OutputValue::Constant(_)
            | OutputValue::Schema(_)
            | OutputValue::TypeByName { .. }
            | OutputValue::Sources(_)
            | OutputValue::Cell(_) => {}
        }
        path.pop();
    }
}

fn collect_page<'a>(
    fields: &[ConnectionField],
    plan: &Plan,
    fetched: &'a Fetched,
    path: &mut Vec<String>,
    into: &mut Vec<Missing<'a>>,
) {
    for field in fields {
        path.push(field.key.to_string());
        match &field.value {
            ConnectionValue::Nodes(rows) | ConnectionValue::Node(rows) => {
                collect(&rows.fields, plan, fetched, path, into);
            }
            ConnectionValue::Edges(fields) => collect_page(fields, plan, fetched, path, into),
            _ => {}
        }
        path.pop();
    }
}

/// Who gave nothing to some joins of the field at `path`, each once.
fn tell<'a>(
    joins: impl IntoIterator<Item = StepId>,
    plan: &Plan,
    fetched: &'a Fetched,
    path: &[String],
    into: &mut Vec<Missing<'a>>,
) {
    let unions = joins.into_iter().filter_map(|join| union_of(plan, join)).collect::<Vec<_>>();
    let mut told = HashSet::new();
    let faults = fetched.missing.iter().filter(|(step, _)| unions.contains(step)).map(|(_, fault)| fault);
    let faults = faults.filter(|fault| told.insert(&fault.source));
    into.extend(faults.map(|fault| Missing { field: path.join("."), fault }));
}

/// The fault that may be why an object link to a union finds nothing.
pub(super) fn of_link<'a>(plan: &Plan, missing: &'a [(StepId, Fault)], join: StepId) -> Option<&'a Fault> {
    if missing.is_empty()
        || !matches!(&plan.steps[join], Step::Join(join) if join.parent.is_some() && join.rule == JoinRule::One)
    {
        return None;
    }
    let union = union_of(plan, join)?;
    missing.iter().find(|(step, _)| *step == union).map(|(_, fault)| fault)
}

/// The step that asked the members of the union that a join's rows come from.
fn union_of(plan: &Plan, step: StepId) -> Option<StepId> {
    match &plan.steps[step] {
        Step::Union(_) => Some(step),
        other => union_of(plan, other.rows_of()?),
    }
}
