//! What each step reads of others: the edges of a plan.

use super::{KeysFrom, Plan, PlanOperand, Step, StepId};

impl Step {
    /// The steps that it reads: those of its operands first, then the others in the order in which it takes them.
    pub(crate) fn inputs(&self) -> Vec<StepId> {
        match self {
            Step::Fetch(fetch) => {
                let mut inputs = of_operands(&fetch.operands);
                if let Some(KeysFrom::Step(id)) = fetch.keys {
                    inputs.push(id);
                }
                inputs
            }
            Step::Union(union) => {
                let mut inputs = of_operands(&union.operands);
                if let Some(KeysFrom::Step(id)) = union.keys {
                    inputs.push(id);
                }
                inputs
            }
            Step::Filter(filter) => {
                let mut inputs = of_operands(&filter.operands);
                inputs.push(filter.input);
                inputs
            }
            Step::Choose(choose) => choose.given.clone(),
            Step::Scan(_) | Step::Given => Vec::new(),
            Step::Sort(sort) => vec![sort.input],
            Step::Attach(attach) => vec![attach.input, attach.linked],
            Step::Page(page) => vec![page.input],
            Step::Fill(fill) => vec![fill.placed, fill.wide],
            Step::Keys(keys) => vec![keys.input],
            Step::Aggregate(aggregate) => vec![aggregate.input],
            Step::Widen(widen) => {
                std::iter::once(widen.rows).chain(widen.joins.iter().map(|(join, _)| *join)).collect()
            }
            Step::Assign(assign) => {
                std::iter::once(assign.rows).chain(assign.parent.as_ref().map(|parent| parent.step)).collect()
            }
            Step::Join(join) => {
                std::iter::once(join.rows).chain(join.parent.as_ref().map(|parent| parent.step)).collect()
            }
        }
    }

    /// The step whose rows it gives in another order, with more beside them, fewer of them, or folded; `None` if its rows
    /// are its own.
    pub(crate) fn rows_of(&self) -> Option<StepId> {
        match self {
            Step::Filter(filter) => Some(filter.input),
            Step::Sort(sort) => Some(sort.input),
            Step::Attach(attach) => Some(attach.input),
            Step::Page(page) => Some(page.input),
            Step::Fill(fill) => Some(fill.placed),
            Step::Aggregate(aggregate) => Some(aggregate.input),
            Step::Widen(widen) => Some(widen.rows),
            Step::Assign(assign) => Some(assign.rows),
            Step::Join(join) => Some(join.rows),
            Step::Fetch(_) | Step::Union(_) | Step::Keys(_) | Step::Choose(_) | Step::Scan(_) | Step::Given => None,
        }
    }
}

impl Plan {
    /// A plan of these steps and outputs.
    pub(super) fn new(
        steps: Vec<Step>,
        output: Vec<super::Output>,
        checks: Vec<super::Check>,
        guards: Vec<super::Guard>,
        cursors: Vec<super::CursorArgument>,
    ) -> Self {
        let (inputs, users) = edges(&steps);
        Self { steps, inputs, users, output, checks, cursors, guards }
    }
}

/// What each step reads, and by which others it is read.
pub(super) fn edges(steps: &[Step]) -> (Vec<Vec<StepId>>, Vec<Vec<StepId>>) {
    let inputs = steps.iter().map(Step::inputs).collect::<Vec<_>>();
    let mut users = vec![Vec::new(); steps.len()];
    for (id, inputs) in inputs.iter().enumerate() {
        for input in inputs {
            users[*input].push(id);
        }
    }
    (inputs, users)
}

fn of_operands(operands: &[PlanOperand]) -> Vec<StepId> {
    operands
        .iter()
        .filter_map(|operand| match operand {
            PlanOperand::FromStep(id) => Some(*id),
            _ => None,
        })
        .collect()
}
