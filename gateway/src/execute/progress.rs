//! How far a run of steps is: which are done, and which can start.
//!
//! *Invariant*: a step starts once, when all it reads is there; a fault among that is its own.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Fault, Made, StepResult, internal};
use crate::plan::{Step, StepId};

/// Steps that run together.
#[derive(Clone, Copy)]
pub(super) struct Steps<'a> {
    pub(super) list: &'a [Step],
    pub(super) inputs: &'a [Vec<StepId>],
    pub(super) users: &'a [Vec<StepId>],
}

/// Which steps are done, and which can start.
pub(super) struct Progress<'a> {
    plan: Steps<'a>,
    results: Vec<Option<StepResult>>,
    /// How many inputs of each step are not there yet.
    missing: Vec<usize>,
    pub(super) ready: VecDeque<StepId>,
}

impl<'a> Progress<'a> {
    /// The first steps stand for what is given.
    pub(super) fn new(plan: Steps<'a>, given: Vec<Arc<Made>>) -> Self {
        let missing = plan.inputs.iter().map(Vec::len).collect::<Vec<_>>();
        let ready = (given.len()..plan.list.len()).filter(|id| missing[*id] == 0).collect();
        let mut progress = Self::waiting(plan, missing, ready);
        for (id, made) in given.into_iter().enumerate() {
            progress.finish(id, Ok(made));
        }
        progress
    }

    fn waiting(plan: Steps<'a>, missing: Vec<usize>, ready: VecDeque<StepId>) -> Self {
        Self { plan, results: vec![None; plan.list.len()], missing, ready }
    }

    /// What a step reads; the first fault among it is the step's own.
    pub(super) fn inputs(&self, id: StepId) -> Result<Vec<Arc<Made>>, Fault> {
        self.plan.inputs[id]
            .iter()
            .map(|input| self.results[*input].clone().unwrap_or_else(|| Err(internal())))
            .collect()
    }

    pub(super) fn finish(&mut self, id: StepId, result: StepResult) {
        self.results[id] = Some(result);
        for user in &self.plan.users[id] {
            self.missing[*user] -= 1;
            if self.missing[*user] == 0 {
                self.ready.push_back(*user);
            }
        }
    }

    pub(super) fn into_results(self) -> Vec<StepResult> {
        self.results.into_iter().map(|result| result.unwrap_or_else(|| Err(internal()))).collect()
    }
}
