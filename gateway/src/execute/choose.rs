//! Finds the keys by which a filter goes through a link: tries one side and then the other, up to more and more rows, until
//! one of them is read whole.
//!
//! In: a [`ChooseStep`]. Out: its keys. *Invariant*: what is read before a side is read whole is at most a few times what that
//! side has, so the cheaper side is found without knowing it; and never more than the budget of either.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::collect::is_of_rows;
use super::keys::too_many_keys;
use super::nowhere::no_rows;
use super::{Fault, Made, Run, StepResult, Steps, internal};
use crate::error::Code;
use crate::plan::{ChooseStep, Part, Step, StepId};

/// How steps are run.
#[derive(Clone, Copy, Default)]
pub(super) struct Attempt {
    /// After how many rows a fetch stops that may be told to.
    pub(super) stop: Option<usize>,
    /// The step of the plan that they are run for.
    pub(super) of: Option<StepId>,
    /// Whether no more than the first round is tried.
    pub(super) quick: bool,
}

/// Rows and keys that were worked on within steps.
pub(super) type Spent = HashMap<StepId, (usize, usize)>;

/// Each round reads so many times what the one before did.
const MORE: usize = 8;

impl Run<'_> {
    /// The keys of a link, from the side that is read whole first.
    pub(super) fn choose<'a>(
        &'a self,
        step: &'a ChooseStep,
        given: Vec<Arc<Made>>,
        attempt: Attempt,
    ) -> BoxFuture<'a, StepResult> {
        async move {
            let empty = step.given.iter().zip(&given).filter(|(_, made)| made.is_empty()).map(|(id, _)| *id);
            let empty = empty.collect::<Vec<_>>();
            if step.whole.as_ref().is_some_and(|whole| self.leads_nowhere(whole, &empty)) {
                return self.part("keyed", &step.keyed, vec![no_rows(&step.near)?], attempt).await;
            }
            let budget = self.world.limits.budget_rows;
            // Within a side that is tried by so many rows no more is tried: the other side may need less.
            let most = attempt.stop.unwrap_or(budget).min(budget);
            let least = self.world.limits.side_rows.max(1).min(most);
            let mut stop = least;
            // The near side's keys are known, and what they lead to is too much.
            let mut leads_to_too_much = false;
            // Why the near side and the far side were given up, the last time each was tried.
            let mut given_up = [None, None];
            loop {
                let last = stop == budget;
                for near in [step.near_first, !step.near_first] {
                    let attempt = Attempt { stop: Some(stop), ..attempt };
                    let found = if near {
                        if leads_to_too_much {
                            continue;
                        }
                        match self.part("near", &step.near, given.clone(), attempt).await {
                            Ok(rows) => {
                                let keys = self.part("keyed", &step.keyed, vec![rows.clone()], attempt).await;
                                leads_to_too_much = true;
                                keys.map(|keys| rows.pass_on(keys))
                            }
                            fault => fault,
                        }
                    } else if last {
                        match &step.different {
                            Some(part) => self.part("different", part, Vec::new(), attempt).await,
                            None => self.part("far", &step.far, Vec::new(), attempt).await,
                        }
                    } else if step.far_stops || !step.near_first || step.far_folds && stop == least {
                        self.part("far", &step.far, Vec::new(), attempt).await
                    } else {
                        continue;
                    };
                    match found {
                        Err(fault) if fault.code == Code::TooCostly => given_up[usize::from(!near)] = Some(fault),
                        found => return found,
                    }
                }
                if stop == most || attempt.quick {
                    return Err(self.neither(step, given_up.into_iter().flatten()));
                }
                stop = (stop * MORE).min(most);
            }
        }
        .boxed()
    }

    /// Runs the steps of a part.
    pub(super) async fn part(
        &self,
        name: &'static str,
        part: &Part,
        given: Vec<Arc<Made>>,
        attempt: Attempt,
    ) -> StepResult {
        let from = Instant::now();
        let steps = Steps { list: &part.steps, inputs: &part.inputs, users: &part.users };
        let mut made = self.all(steps, given, attempt).await;
        let result = std::mem::replace(&mut made[part.result], Err(internal()));
        if let (Ok(result), Some(of)) = (&result, attempt.of) {
            made[part.result] = Ok(result.clone());
            self.spend(part, &made, of);
        }
        if let (Some(watch), Some(of)) = (&self.watch, attempt.of) {
            watch.tried(of, name, attempt.stop.unwrap_or(self.world.limits.budget_rows), &result, from);
        }
        result
    }

    /// Counts what a part has worked on here.
    fn spend(&self, part: &Part, made: &[StepResult], of: StepId) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let (rows, keys) = spent.entry(of).or_default();
        for (step, made) in part.steps.iter().zip(made) {
            match (step, made.as_deref()) {
                (Step::Fetch(fetch), Ok(read)) if fetch.ceiling.budget => *rows += read.len(),
                (Step::Union(union), Ok(read)) if union.ceiling.budget => *rows += read.len(),
                (Step::Keys(step), Ok(collected)) if step.budget => *keys += collected.len(),
                _ => {}
            }
        }
    }

    /// What is said where both sides were given up.
    fn neither(&self, step: &ChooseStep, given_up: impl Iterator<Item = Fault>) -> Fault {
        let ChooseStep { field, sides: [near, far], .. } = step;
        let (rows, keys) = (self.world.limits.budget_rows, self.world.limits.budget_keys);
        let of_keys = too_many_keys(keys);
        let mut budget = format!("{rows} rows");
        for fault in given_up {
            if fault.message == of_keys.message {
                budget = format!("{rows} rows and {keys} keys");
            } else if !is_of_rows(&fault) {
                return fault;
            }
        }
        let what = format!("neither `{near}` nor `{far}` comes to at most {budget} by its own conditions");
        Fault::new(Code::TooCostly, format!("`{field}`: {what}: narrow the filter on one of them"))
    }
}
