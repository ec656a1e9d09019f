//! Asks a source and collects what it sends, under the ceilings of the plan and the request. The connection is given
//! back before anything is written.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use futures::StreamExt;
use lilong_connectors::{
    BoundFetch, CellFault, Comparison, Error, ErrorKind, Fetch, Operand, Predicate, Prepared, Source,
};
use lilong_schema::Value;

use super::held::Held;
use super::{Fault, Made, RowSet, Run, bind, internal};
use crate::error::Code;
use crate::plan::{Ceiling, FetchStep, KeysFrom, StepId};

impl Run<'_> {
    /// All rows of a fetch, for a step of the plan, and how many statements it takes.
    pub(super) async fn fetch(
        &self,
        of: StepId,
        step: &FetchStep,
        made: &[Arc<Made>],
        stop: Option<usize>,
        statements: &mut usize,
    ) -> Result<Made, Fault> {
        let source = &self.world.sources[step.source];
        let mut operands = bind::operands(&step.operands, made, self.world.variables)?;
        let mut ceiling = step.ceiling;
        let limit = step.prepared.fetch.group.as_ref().map_or(step.prepared.fetch.limit, |group| group.limit);
        if let (true, Some(stop), Some(limit)) = (step.stops, stop, limit) {
            ceiling.rows = ceiling.rows.min(stop);
            operands[limit] = Operand::Value(Value::Integer(ceiling.rows as i128 + 1));
        }
        let prepared = step.page.as_ref().and_then(|page| page.prepared(&operands));
        let prepared = prepared.as_ref().unwrap_or(&step.prepared);
        let fetch = &prepared.fetch;
        let keys = match &step.keys {
            None => None,
            Some(from) => match self.keys(from, fetch, || prepared.key_schema(), made)? {
                Some(keys) if keys.num_rows() > 0 => Some(keys),
                _ => return Ok(Made::Rows(Arc::new(none(prepared)))),
            },
        };
        if is_false(&fetch.predicate, &operands) {
            return Ok(Made::Rows(Arc::new(none(prepared))));
        }
        let most = source.capabilities().keys.max(1);
        *statements = keys.as_ref().map_or(1, |keys| keys.num_rows().div_ceil(most));
        let bound = BoundFetch { prepared: prepared.clone(), operands, keys };
        let mut into = Collected::new(Some(of), Held::of(&self.bytes));
        let rows = self.collect_all(source, &step.field, ceiling, bound, &mut into).await?;
        into.held.keep();
        Ok(match into.taken {
            0 => Made::Rows(Arc::new(rows)),
            written => Made::Rest(written, Arc::new(rows)),
        })
    }

    /// The keys of a fetch; `None` if an argument cannot be a key, so that no row has it.
    pub(super) fn keys(
        &self,
        from: &KeysFrom,
        fetch: &Fetch,
        schema: impl FnOnce() -> SchemaRef,
        made: &[Arc<Made>],
    ) -> Result<Option<RecordBatch>, Fault> {
        match from {
            KeysFrom::Step(_) => match made.last().map(|made| &**made) {
                Some(Made::Keys(keys, _)) => Ok(Some(keys.clone())),
                _ => Err(internal()),
            },
            KeysFrom::Arguments(values) => {
                let values = values
                    .iter()
                    .map(|value| value.value(self.world.variables).ok_or_else(internal))
                    .collect::<Result<Vec<_>, _>>()?;
                let columns = fetch.keys.as_ref().map(|keys| keys.columns.as_slice()).unwrap_or_default();
                Ok(bind::key(&fetch.collection, columns, schema(), &values))
            }
        }
    }

    /// All rows that a source gives, and what is counted as held for them.
    pub(super) async fn ask(
        &self,
        source: &Source,
        field: &str,
        ceiling: Ceiling,
        bound: BoundFetch,
    ) -> Result<(RowSet, Held<'_>), Fault> {
        let mut into = Collected::new(None, Held::of(&self.bytes));
        let rows = self.collect_all(source, field, ceiling, bound, &mut into).await?;
        Ok((rows, into.held))
    }

    /// More keys than a source takes at once go in several requests.
    async fn collect_all(
        &self,
        source: &Source,
        field: &str,
        ceiling: Ceiling,
        mut bound: BoundFetch,
        into: &mut Collected<'_>,
    ) -> Result<RowSet, Fault> {
        let most = if bound.keys.is_some() { source.capabilities().keys.max(1) } else { usize::MAX };
        match bound.keys.take() {
            Some(keys) if keys.num_rows() > most => {
                for at in (0..keys.num_rows()).step_by(most) {
                    bound.keys = Some(slice(&keys, at, most));
                    self.collect(source, field, ceiling, &bound, into).await?;
                }
            }
            keys => {
                bound.keys = keys;
                self.collect(source, field, ceiling, &bound, into).await?;
            }
        }
        let batch = match into.batches.len() {
            0 => RecordBatch::new_empty(bound.prepared.schema()),
            1 => into.batches.swap_remove(0),
            _ => concat_batches(&bound.prepared.schema(), &into.batches).map_err(|error| self.internal(&error))?,
        };
        into.faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        Ok(RowSet { batch, faults: std::mem::take(&mut into.faults) })
    }

    async fn collect(
        &self,
        source: &Source,
        field: &str,
        ceiling: Ceiling,
        bound: &BoundFetch,
        into: &mut Collected<'_>,
    ) -> Result<(), Fault> {
        let mut stream = source.fetch(bound, &self.context).await.map_err(|error| self.fault(source, &error))?;
        while let Some(rows) = stream.next().await {
            let rows = rows.map_err(|error| self.fault(source, &error))?;
            let count = rows.batch.num_rows();
            if into.taken + into.kept + count > ceiling.rows {
                return Err(too_many(field, ceiling));
            }
            if into.held.add(rows.batch.get_array_memory_size()) > self.world.limits.budget_bytes {
                return Err(too_heavy(self.world.limits.budget_bytes));
            }
            if into.batches.is_empty() && into.of.is_some_and(|of| (self.world.arrived)(of, &rows)) {
                into.taken += count;
                continue;
            }
            into.faults.extend(rows.faults.iter().map(|fault| CellFault { row: fault.row + into.kept, ..*fault }));
            into.kept += count;
            into.batches.push(rows.batch);
        }
        Ok(())
    }

    /// What a client is told of a source's fault; the log is told everything.
    fn fault(&self, source: &Source, error: &Error) -> Fault {
        let name = source.name();
        tracing::warn!(trace = %self.context.trace, %error, "a fetch failed");
        let (code, message) = match error.kind {
            ErrorKind::Unavailable => (Code::SourceUnavailable, format!("source `{name}` cannot be reached")),
            ErrorKind::Timeout => (Code::SourceTimeout, format!("source `{name}` did not answer in time")),
            ErrorKind::Overloaded => (Code::SourceOverloaded, format!("source `{name}` has too much to do")),
            ErrorKind::Denied => (Code::SourceDenied, format!("source `{name}` does not allow this")),
            ErrorKind::Rejected => (Code::SourceRejected, format!("source `{name}` refused the request")),
            ErrorKind::Mismatch => (Code::SourceMismatch, format!("source `{name}` is not as it was described")),
            ErrorKind::TooCostly => (Code::TooCostly, format!("this would cost source `{name}` too much")),
            ErrorKind::Internal => (Code::Internal, "something went wrong inside the gateway".to_owned()),
        };
        let message = match &error.advice {
            Some(advice) => format!("{message}: {advice}"),
            None => message,
        };
        Fault { code, source: Some(name.clone()), message: message.into() }
    }
}

/// The rows of a fetch so far.
struct Collected<'a> {
    /// The step of the plan that they may be taken of as they come.
    of: Option<StepId>,
    /// How many were taken; all of them stand before the others.
    taken: usize,
    /// How many were not.
    kept: usize,
    batches: Vec<RecordBatch>,
    faults: Vec<CellFault>,
    held: Held<'a>,
}

impl<'a> Collected<'a> {
    fn new(of: Option<StepId>, held: Held<'a>) -> Self {
        Self { of, taken: 0, kept: 0, batches: Vec::new(), faults: Vec::new(), held }
    }
}

fn none(prepared: &Prepared) -> RowSet {
    RowSet { batch: RecordBatch::new_empty(prepared.schema()), faults: Vec::new() }
}

fn slice(keys: &RecordBatch, at: usize, most: usize) -> RecordBatch {
    keys.slice(at, most.min(keys.num_rows() - at))
}

/// Whether no row can meet a predicate, so that nobody needs to be asked.
pub(super) fn is_false(predicate: &Predicate, operands: &[Operand]) -> bool {
    decided(predicate, operands) == Some(false)
}

/// What a predicate is of every row, whatever it holds, where it is not unknown; `None`: that depends on the row.
fn decided(predicate: &Predicate, operands: &[Operand]) -> Option<bool> {
    // One part that is so decides; else all of them have to be the other.
    let combined = |parts: &[Predicate], decides: bool| {
        let mut all = Some(!decides);
        for part in parts {
            match decided(part, operands) {
                Some(value) if value == decides => return Some(decides),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    };
    let is_empty = |operand| match operands.get(operand) {
        Some(Operand::Keys(keys)) => keys.num_rows() == 0,
        Some(Operand::Value(Value::List(values))) => values.is_empty(),
        _ => false,
    };
    match predicate {
        Predicate::And(parts) => combined(parts, false),
        Predicate::Or(parts) => combined(parts, true),
        Predicate::Not(part) => decided(part, operands).map(|value| !value),
        Predicate::KeyIn { operand, .. } | Predicate::Compare { comparison: Comparison::In, operand, .. } => {
            is_empty(*operand).then_some(false)
        }
        Predicate::Compare { comparison: Comparison::NotIn, operand, .. } => is_empty(*operand).then_some(true),
        _ => None,
    }
}

/// The fault of rows that take more memory than a request may.
pub(super) fn too_heavy(most: usize) -> Fault {
    let message = format!("the request's rows take more than {most} bytes of memory: ask for fewer rows or columns");
    Fault::new(Code::TooCostly, message)
}

/// What is said of rows that are worked on here.
const READ_HERE: &str = "rows would have to be read to work on them here: narrow the filter";

/// Whether a fault is of more rows than may be worked on here.
pub(super) fn is_of_rows(fault: &Fault) -> bool {
    fault.message.ends_with(READ_HERE)
}

/// The fault of more rows than there may be: the request's, whoever holds them.
pub(super) fn too_many(field: &str, ceiling: Ceiling) -> Fault {
    let most = ceiling.rows;
    if ceiling.budget {
        Fault::new(Code::TooCostly, format!("`{field}`: more than {most} {READ_HERE}"))
    } else {
        Fault::new(Code::TooLarge, format!("`{field}` has more than {most} rows here"))
    }
}
