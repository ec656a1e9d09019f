//! The whole of a filter, as far as what one of its links needs to know of the others.
//!
//! In: a filter that is planned. Out: a [`Whole`] in each of its [`ChooseStep`](super::ChooseStep)s.

use std::sync::Arc;

use lilong_connectors::{OperandId, Predicate};

use super::Part;
use crate::plan::build::Builder;
use crate::plan::{PlanOperand, Step};

/// A filter with links of which either side may be read.
#[derive(Debug)]
pub struct Whole {
    /// What it comes to.
    pub predicate: Predicate,
    /// Where the values of its operands come from.
    pub operands: Vec<PlanOperand>,
    /// Of these, the keys of such links; and how all of them are found.
    pub links: Vec<(OperandId, Arc<Part>)>,
}

impl Builder<'_> {
    /// Tells the links in a filter of each other.
    pub(in crate::plan) fn tell_whole(&mut self, predicate: &Predicate, operands: &[PlanOperand]) {
        let chosen = |operand: &PlanOperand| match operand {
            PlanOperand::FromStep(step) => Some(*step),
            _ => None,
        };
        let link = |(id, operand): (OperandId, &PlanOperand)| match &self.steps[chosen(operand)?] {
            Step::Choose(step) => Some((id, step.far.clone())),
            _ => None,
        };
        let links = operands.iter().enumerate().filter_map(link).collect::<Vec<_>>();
        if links.is_empty() {
            return;
        }
        let whole = Arc::new(Whole { predicate: predicate.clone(), operands: operands.to_vec(), links });
        for step in operands.iter().filter_map(chosen) {
            if let Step::Choose(step) = &mut self.steps[step] {
                step.whole.get_or_insert_with(|| whole.clone());
            }
        }
    }
}
