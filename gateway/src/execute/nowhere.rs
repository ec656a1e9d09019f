//! Whether a filter leads nowhere: by the values of a request, and by what is known of all rows of the members of unions. It is
//! found out without asking anyone, before a side of a link is read for nothing.
//!
//! In: a [`Whole`] filter. *Invariant*: only what no row can meet leads nowhere; whatever cannot be told is taken to lead
//! somewhere.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use lilong_connectors::{Operand, Predicate};
use lilong_schema::Value;

use super::collect::is_false;
use super::{Fault, Made, RowSet, Run, internal};
use crate::plan::union::{EXTRAS, UnionStep};
use crate::plan::{KeysFrom, Part, PlanOperand, Step, StepId, Whole};

/// Stands for keys of which nothing is known.
const ANY: Operand = Operand::Value(Value::Null);

impl Run<'_> {
    /// Whether no row can meet a filter; `empty`: steps that are known to have given nothing.
    pub(super) fn leads_nowhere(&self, whole: &Whole, empty: &[StepId]) -> bool {
        let is_nothing = |id: usize, step: StepId| {
            let link = whole.links.iter().find(|(operand, _)| *operand == id);
            empty.contains(&step) || link.is_some_and(|(_, far)| self.gives_nothing(far))
        };
        let operands = self.operands_known(&whole.operands, is_nothing);
        operands.is_some_and(|operands| is_false(&whole.predicate, &operands))
    }

    /// Whether steps give nothing.
    fn gives_nothing(&self, part: &Part) -> bool {
        let mut nothing: Vec<bool> = Vec::with_capacity(part.steps.len());
        for step in &part.steps {
            let is_nothing = self.makes_nothing(step, &|id| nothing.get(id).copied().unwrap_or_default());
            nothing.push(is_nothing);
        }
        nothing.get(part.result).copied().unwrap_or_default()
    }

    /// Whether a step makes nothing, where it is known which of the steps before it do.
    fn makes_nothing(&self, step: &Step, nothing: &dyn Fn(StepId) -> bool) -> bool {
        let by_no_key = |keys: &Option<KeysFrom>| matches!(keys, Some(KeysFrom::Step(id)) if nothing(*id));
        match step {
            Step::Keys(keys) => nothing(keys.input),
            Step::Filter(filter) => nothing(filter.input),
            Step::Choose(choose) => {
                self.gives_nothing(&choose.far)
                    || choose.whole.as_ref().is_some_and(|whole| self.leads_nowhere(whole, &[]))
            }
            Step::Fetch(fetch) if fetch.prepared.fetch.group.is_none() => {
                let operands = self.operands_known(&fetch.operands, |_, id| nothing(id));
                by_no_key(&fetch.keys)
                    || operands.is_some_and(|operands| is_false(&fetch.prepared.fetch.predicate, &operands))
            }
            Step::Union(union) if union.fold.is_none() => {
                let operands = self.operands_known(&union.operands, |_, id| nothing(id));
                by_no_key(&union.keys)
                    || operands.is_some_and(|operands| {
                        is_false(&union.fetch.predicate, &operands) || self.rules_out_all(union, &operands)
                    })
            }
            _ => false,
        }
    }

    /// Whether no member of a union can have a row that is meant.
    fn rules_out_all(&self, step: &UnionStep, operands: &[Operand]) -> bool {
        let by_keys = |leaf: &Predicate| matches!(leaf, Predicate::KeyIn { fields, .. } if fields.iter().all(|field| step.fixed.contains(field)));
        if !step.union.undescribed.is_empty() || !step.union.unknown.is_empty() || step.leaves.iter().any(by_keys) {
            return false;
        }
        let Ok(truths) = self.truths(step, operands) else { return false };
        (0..step.union.members.len()).all(|member| {
            let Some(ask) = step.ask(member, &|leaf| truths.of(leaf, member)) else { return true };
            let mut all = operands.to_vec();
            all.resize(operands.len() + EXTRAS, ANY);
            let of_keys = |keys: Option<usize>| keys.and_then(|id| operands.get(id)).cloned().unwrap_or(ANY);
            all.extend(ask.derived.iter().map(|derived| of_keys(derived.keys)));
            is_false(&ask.prepared.fetch.predicate, &all)
        })
    }

    /// The values of operands: no key where the step that would give them is known to give nothing.
    fn operands_known(
        &self,
        operands: &[PlanOperand],
        is_nothing: impl Fn(usize, StepId) -> bool,
    ) -> Option<Vec<Operand>> {
        let no_key = || Operand::Keys(RecordBatch::new_empty(Arc::new(Schema::empty())));
        let value = |(id, operand): (usize, &PlanOperand)| match operand {
            PlanOperand::FromStep(step) if is_nothing(id, *step) => Some(no_key()),
            PlanOperand::FromStep(_) => Some(ANY),
            operand => operand.value(self.world.variables).map(Operand::Value),
        };
        operands.iter().enumerate().map(value).collect()
    }
}

/// What steps that read rows make where there is none.
pub(super) fn no_rows(part: &Part) -> Result<Arc<Made>, Fault> {
    let batch = RecordBatch::new_empty(schema(part, part.result).ok_or_else(internal)?);
    Ok(Arc::new(Made::Rows(Arc::new(RowSet { batch, faults: Vec::new() }))))
}

fn schema(part: &Part, id: StepId) -> Option<SchemaRef> {
    match part.steps.get(id)? {
        Step::Fetch(fetch) => Some(fetch.prepared.schema()),
        Step::Union(union) => Some(union.fetch.schema()),
        Step::Filter(filter) => schema(part, filter.input),
        _ => None,
    }
}
