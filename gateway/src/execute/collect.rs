//! Asks a source and collects what it sends, under the ceilings of the plan and the request. The connection is given
//! back before anything is written.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use futures::StreamExt;
use lilong_connectors::{BoundFetch, CellFault, Comparison, Error, ErrorKind, Fetch, Operand, Predicate, Source};
use lilong_schema::Value;

use super::held::Held;
use super::{Fault, Made, RowSet, Run, bind, internal};
use crate::error::Code;
use crate::plan::{Ceiling, FetchStep, KeysFrom};

impl Run<'_> {
    /// All rows of a fetch, and how many statements it takes.
    pub(super) async fn fetch(
        &self,
        step: &FetchStep,
        made: &[Arc<Made>],
        stop: Option<usize>,
        statements: &mut usize,
    ) -> Result<RowSet, Fault> {
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
                _ => return Ok(RowSet { batch: RecordBatch::new_empty(prepared.schema()), faults: Vec::new() }),
            },
        };
        if is_false(&fetch.predicate, &operands) {
            return Ok(RowSet { batch: RecordBatch::new_empty(prepared.schema()), faults: Vec::new() });
        }
        let most = source.capabilities().keys.max(1);
        *statements = keys.as_ref().map_or(1, |keys| keys.num_rows().div_ceil(most));
        let bound = BoundFetch { prepared: prepared.clone(), operands, keys };
        let (rows, held) = self.ask(source, &step.field, ceiling, bound).await?;
        held.keep();
        Ok(rows)
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

    /// All rows that a source gives, and what is counted as held for them; more keys than it takes at once go in several requests.
    pub(super) async fn ask(
        &self,
        source: &Source,
        field: &str,
        ceiling: Ceiling,
        mut bound: BoundFetch,
    ) -> Result<(RowSet, Held<'_>), Fault> {
        let mut into = Collected { batches: Vec::new(), faults: Vec::new(), rows: 0, held: Held::of(&self.bytes) };
        let most = if bound.keys.is_some() { source.capabilities().keys.max(1) } else { usize::MAX };
        match bound.keys.take() {
            Some(keys) if keys.num_rows() > most => {
                for at in (0..keys.num_rows()).step_by(most) {
                    bound.keys = Some(slice(&keys, at, most));
                    self.collect(source, field, ceiling, &bound, &mut into).await?;
                }
            }
            keys => {
                bound.keys = keys;
                self.collect(source, field, ceiling, &bound, &mut into).await?;
            }
        }
        let batch = match into.batches.len() {
            0 => RecordBatch::new_empty(bound.prepared.schema()),
            1 => into.batches.swap_remove(0),
            _ => concat_batches(&bound.prepared.schema(), &into.batches).map_err(|error| self.internal(&error))?,
        };
        into.faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        Ok((RowSet { batch, faults: into.faults }, into.held))
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
            into.faults.extend(rows.faults.iter().map(|fault| CellFault { row: fault.row + into.rows, ..*fault }));
            into.rows += rows.batch.num_rows();
            let size = rows.batch.get_array_memory_size();
            into.batches.push(rows.batch);
            if into.rows > ceiling.rows {
                return Err(too_many(field, ceiling));
            }
            if into.held.add(size) > self.world.limits.budget_bytes {
                return Err(too_heavy(self.world.limits.budget_bytes));
            }
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
    batches: Vec<RecordBatch>,
    faults: Vec<CellFault>,
    rows: usize,
    held: Held<'a>,
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

/// The fault of more rows than there may be: the request's, whoever holds them.
pub(super) fn too_many(field: &str, ceiling: Ceiling) -> Fault {
    let most = ceiling.rows;
    if ceiling.budget {
        let what = "would have to be read to work on them here: narrow the filter";
        Fault::new(Code::TooCostly, format!("`{field}`: more than {most} rows {what}"))
    } else {
        Fault::new(Code::TooLarge, format!("`{field}` has more than {most} rows here"))
    }
}
