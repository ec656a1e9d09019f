//! A fetch as steps: of a source or of the members of a union, and the filter for what cannot be checked there.
//!
//! In: a [`Fetching`]. Out: the step that gives its rows. *Invariant*: operands are numbered once, for the fetch and its filter.

use std::sync::Arc;

use lilong_connectors::{Fetch, OperandId, Predicate, Prepared};
use lilong_schema::Value;
use lilong_schema::federated::CollectionId;

use crate::operation::Field;
use crate::plan::build::Builder;
use crate::plan::page::FetchPage;
use crate::plan::union::{Silence, union_step};
use crate::plan::{Ceiling, FetchStep, FilterStep, KeysFrom, PlanOperand, Step, StepId};

/// A fetch, where its values come from, and what is done with its rows at once.
pub(in crate::plan) struct Fetching {
    pub(in crate::plan) fetch: Fetch,
    /// The cursors that it asks between.
    pub(in crate::plan) page: Option<FetchPage>,
    /// Where its keys come from.
    pub(in crate::plan) keys: Option<KeysFrom>,
    pub(in crate::plan) operands: Vec<PlanOperand>,
    pub(in crate::plan) ceiling: Ceiling,
    /// Whether it may be told to stop at fewer rows.
    pub(in crate::plan) stops: bool,
    /// What its source cannot check.
    pub(in crate::plan) residual: Predicate,
}

impl Fetching {
    /// A fetch whose rows are what is wanted.
    pub(in crate::plan) fn of(fetch: Fetch, operands: Vec<PlanOperand>, ceiling: Ceiling) -> Self {
        Self { fetch, page: None, keys: None, operands, ceiling, stops: false, residual: Predicate::TRUE }
    }
}

impl Builder<'_> {
    /// A fetch, and the filter for what its source cannot check.
    pub(in crate::plan) fn fetch_rows(&mut self, id: CollectionId, field: &Arc<str>, fetching: Fetching) -> StepId {
        let Fetching { fetch, page, keys, operands, ceiling, stops, residual } = fetching;
        let columns = fetch.columns.clone();
        let collection = fetch.collection.clone();
        let step = FetchStep {
            source: self.world.federated.collection(id).source,
            field: field.clone(),
            prepared: Arc::new(Prepared::new(fetch)),
            operands: operands.clone(),
            keys,
            ceiling,
            page,
            stops,
        };
        let input = match self.world.federated.union_of(id) {
            None => self.add(Step::Fetch(step)),
            Some(union) => self.add(Step::Union(Box::new(union_step(self.world.sources, union, step)))),
        };
        if residual.is_true() {
            return input;
        }
        self.add(Step::Filter(FilterStep { input, collection, columns, predicate: residual, operands }))
    }

    /// A silent member is refused, unless the argument `partial` or the catalog says otherwise.
    pub(in crate::plan) fn unless_partial(&self, field: &Field, id: CollectionId) -> Silence {
        let otherwise = self.world.federated.union_of(id).is_some_and(|union| union.partial);
        Silence::Asked(field.argument("partial").map(PlanOperand::of), otherwise)
    }

    /// Says what it means that members of the union are silent that these rows come from, if they come from one.
    pub(in crate::plan) fn bear(&mut self, rows: StepId, silence: Silence) {
        match &mut self.steps[rows] {
            Step::Union(step) => step.silence = silence,
            step => {
                if let Some(input) = step.rows_of() {
                    self.bear(input, silence);
                }
            }
        }
    }
}

pub(in crate::plan) fn push(operands: &mut Vec<PlanOperand>, operand: PlanOperand) -> OperandId {
    operands.push(operand);
    operands.len() - 1
}

/// One row more than there may be, so that a cut is seen.
pub(in crate::plan) fn push_cap(operands: &mut Vec<PlanOperand>, rows: usize) -> OperandId {
    push(operands, PlanOperand::Literal(Value::Integer(rows as i128 + 1)))
}
