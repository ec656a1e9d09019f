//! Members of unions that gave nothing: which field did without them.
//!
//! *Invariant*: a list of a union that lacks a member's rows is never without its entry here.

use lilong_schema::federated::Source;

use super::errors::Segment;
use super::{At, Writer};
use crate::execute::{Fault, Fetched, Placed};
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
            Some((join, fault)) => self.lost(fault, join, whole.source),
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
                into.extend(of_rows(&[rows.join], plan, fetched, path));
                collect(&rows.fields, plan, fetched, path, into);
            }
            OutputValue::Connection(page) => {
                // What is before and behind the page is asked for by itself.
                let joins = [page.join, page.earlier, page.later].into_iter().flatten().collect::<Vec<_>>();
                into.extend(of_rows(&joins, plan, fetched, path));
                collect_page(&page.fields, plan, fetched, path, into);
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

/// Finds what is missing below the rows of a page.
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
            ConnectionValue::Edges(parts) => collect_page(parts, plan, fetched, path, into),
            _ => {}
        }
        path.pop();
    }
}

/// The members that a field's rows are without, each once.
fn of_rows<'a>(joins: &[StepId], plan: &Plan, fetched: &'a Fetched, path: &[String]) -> Vec<Missing<'a>> {
    let unions = joins.iter().filter_map(|join| union_of(plan, *join)).collect::<Vec<_>>();
    let mut found: Vec<Missing<'a>> = Vec::new();
    for (_, fault) in fetched.missing.iter().filter(|(step, _)| unions.contains(step)) {
        if found.iter().all(|told| told.fault.source != fault.source) {
            found.push(Missing { field: path.join("."), fault });
        }
    }
    found
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
        step => union_of(plan, step.origin()?),
    }
}

/// The source that a row of a union lives in.
pub(super) fn department<'a>(source: &Source, placed: &'a Placed, row: usize) -> Option<&'a str> {
    source.union.as_ref()?;
    placed.rows.department(row)
}
