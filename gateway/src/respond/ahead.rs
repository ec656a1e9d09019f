//! Rows that are written while more of them are on their way, so that little is left to do when the last one is here.
//!
//! In: batches, as a source sends them. Out: the text of a list's first rows. *Invariant*: nothing of it is sent before all is
//! known; rows that leave anything to tell but their values are not written here, nor are those after them.

use std::sync::{Arc, Mutex, PoisonError};

use lilong_connectors::Rows;

use super::{Output, OutputValue, Pieces, Plan, RowsOutput, World, Writer, first_lost_key};
use crate::execute::{Placed, RowSet};
use crate::plan::{JoinStep, Step, StepId};

/// Fewer rows are written with the answer: they take no time.
const FEW: usize = 1_024;
/// Bytes of a list that are written before its last row is here, about, at most.
const MOST: u64 = 8 << 20;

/// The lists of a request, as far as they are written.
pub struct Ahead<'a> {
    plan: &'a Plan,
    world: &'a World<'a>,
    lists: Mutex<Vec<List<'a>>>,
}

/// The first rows of a list.
pub struct List<'a> {
    pub(super) output: &'a RowsOutput,
    pub(super) rows: usize,
    pub(super) text: Pieces,
}

impl<'a> Ahead<'a> {
    /// Nothing yet.
    pub fn new(plan: &'a Plan, world: &'a World<'a>) -> Self {
        Self { plan, world, lists: Mutex::default() }
    }

    /// Writes the next rows of a fetch, none of which was left to others before; `false`: they are left to others.
    pub fn arrived(&self, fetch: StepId, rows: &Rows) -> bool {
        if rows.batch.num_rows() < FEW || !rows.faults.is_empty() {
            return false;
        }
        let Some(output) = list_of(self.plan, fetch) else { return false };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lists.iter().position(|list| std::ptr::eq(list.output, output)).unwrap_or_else(|| {
            lists.push(List { output, rows: 0, text: Pieces::default() });
            lists.len() - 1
        });
        let list = &mut lists[at];
        let rows = Arc::new(RowSet { batch: rows.batch.clone(), faults: Vec::new() });
        list.text.length() < MOST && list.write(self.plan, self.world, &Placed::as_they_stand(0, rows))
    }

    /// What is written.
    pub fn into_lists(self) -> Vec<List<'a>> {
        self.lists.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List<'_> {
    /// Writes more rows; `false`: there is something to tell of them, and they are not written.
    fn write(&mut self, plan: &Plan, world: &World<'_>, placed: &Placed) -> bool {
        let RowsOutput { join, fields, .. } = self.output;
        let mut writer = Writer::new(plan, world, vec![None; plan.steps.len()]);
        writer.steps[*join] = Some(Ok(placed));
        writer.resolve_rows(self.output);
        let columns = std::mem::take(&mut writer.columns[*join]);
        if first_lost_key(fields, &mut Vec::new(), placed, 0, &columns).is_some() {
            return false;
        }
        if self.rows > 0 {
            writer.out.push(b',');
        }
        writer.list(self.output, placed, 0, &columns);
        if !writer.errors.is_empty() {
            return false;
        }
        self.rows += placed.rows.batch.num_rows();
        self.text.append(writer.pieces);
        self.text.push(writer.out);
        true
    }
}

/// The list that a fetch has the rows of, one after the other, with nothing below them that other steps give.
fn list_of(plan: &Plan, fetch: StepId) -> Option<&RowsOutput> {
    let [join] = plan.users[fetch][..] else { return None };
    match (&plan.steps[fetch], &plan.steps[join]) {
        (Step::Fetch(_), Step::Join(step)) if takes_all(step) && plan.users[join].is_empty() => {
            find(&plan.output, join)
        }
        _ => None,
    }
}

/// Whether a join gives the root all rows as they stand.
fn takes_all(step: &JoinStep) -> bool {
    step.parent.is_none() && step.distinct.is_empty() && step.offset.is_none() && step.limit.is_none()
}

fn find(outputs: &[Output], join: StepId) -> Option<&RowsOutput> {
    outputs.iter().find_map(|output| match &output.value {
        OutputValue::Object(fields) => find(fields, join),
        OutputValue::Rows(rows) if rows.list && rows.join == join && rows.fields.iter().all(is_plain) => Some(rows),
        _ => None,
    })
}

fn is_plain(output: &Output) -> bool {
    match &output.value {
        OutputValue::Constant(_) | OutputValue::Cell(_) => true,
        OutputValue::Object(fields) => fields.iter().all(is_plain),
        _ => false,
    }
}
