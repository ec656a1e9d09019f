//! Asks a source and collects what it sends, under the ceilings of the plan and the request. The connection is given
//! back before anything is written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use futures::StreamExt;
use lilong_connectors::rows::arrow_schema;
use lilong_connectors::{BoundFetch, CellFault, Error, ErrorKind, Operand, Predicate, Source};

use super::{Fault, Made, RowSet, Run, bind, internal};
use crate::error::Code;
use crate::plan::{FetchStep, KeysFrom};

impl Run<'_> {
    /// All rows of a fetch.
    pub(super) async fn fetch(&self, step: &FetchStep, made: &[Arc<Made>]) -> Result<RowSet, Fault> {
        let source = &self.world.sources[step.source];
        let operands = bind::operands(&step.operands, made, self.world.variables)?;
        let prepared = step.page.as_ref().and_then(|page| page.prepared(&operands));
        let prepared = prepared.as_ref().unwrap_or(&step.prepared);
        let fetch = &prepared.fetch;
        let keys = match &step.keys {
            None => None,
            Some(KeysFrom::Step(_)) => match made.last().map(|made| &**made) {
                Some(Made::Keys(keys)) => Some(keys.clone()),
                _ => return Err(internal()),
            },
            Some(KeysFrom::Arguments(values)) => {
                let values = values
                    .iter()
                    .map(|value| value.value(self.world.variables).ok_or_else(internal))
                    .collect::<Result<Vec<_>, _>>()?;
                let columns = fetch.keys.as_ref().map(|keys| keys.columns.as_slice()).unwrap_or_default();
                match bind::key(&fetch.collection, columns, &values) {
                    Some(keys) => Some(keys),
                    None => {
                        return Ok(RowSet { batch: RecordBatch::new_empty(arrow_schema(fetch)), faults: Vec::new() });
                    }
                }
            }
        };
        let mut into = Collected { batches: Vec::new(), faults: Vec::new(), rows: 0 };
        let nothing = keys.as_ref().is_some_and(|keys| keys.num_rows() == 0);
        if !nothing && !is_false(&fetch.predicate, &operands) {
            let most = source.capabilities().keys.max(1);
            let parts = match &keys {
                Some(keys) if keys.num_rows() > most => {
                    (0..keys.num_rows()).step_by(most).map(|at| Some(slice(keys, at, most))).collect()
                }
                keys => vec![keys.clone()],
            };
            for keys in parts {
                let bound = BoundFetch { prepared: prepared.clone(), operands: operands.clone(), keys };
                self.collect(source, step, &bound, &mut into).await?;
            }
        }
        let schema = arrow_schema(fetch);
        let batch = match into.batches.len() {
            0 => RecordBatch::new_empty(schema),
            1 => into.batches.swap_remove(0),
            _ => concat_batches(&schema, &into.batches).map_err(|error| self.internal(&error))?,
        };
        into.faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        Ok(RowSet { batch, faults: into.faults })
    }

    async fn collect(
        &self,
        source: &Source,
        step: &FetchStep,
        bound: &BoundFetch,
        into: &mut Collected,
    ) -> Result<(), Fault> {
        let mut stream = source.fetch(bound, &self.context).await.map_err(|error| self.fault(source, &error))?;
        while let Some(rows) = stream.next().await {
            let rows = rows.map_err(|error| self.fault(source, &error))?;
            into.faults.extend(rows.faults.iter().map(|fault| CellFault { row: fault.row + into.rows, ..*fault }));
            into.rows += rows.batch.num_rows();
            let size = rows.batch.get_array_memory_size();
            into.batches.push(rows.batch);
            if into.rows > step.ceiling.rows {
                return Err(too_many(source, step));
            }
            let held = self.bytes.fetch_add(size, Ordering::Relaxed) + size;
            if held > self.world.limits.budget_bytes {
                return Err(Fault::new(
                    Code::TooCostly,
                    format!(
                        "the request's rows take more than {} bytes of memory: ask for fewer rows or columns",
                        self.world.limits.budget_bytes
                    ),
                ));
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
        Fault { code, source: Some(name.clone()), message: message.into() }
    }
}

/// The rows of a fetch so far.
struct Collected {
    batches: Vec<RecordBatch>,
    faults: Vec<CellFault>,
    rows: usize,
}

fn slice(keys: &RecordBatch, at: usize, most: usize) -> RecordBatch {
    keys.slice(at, most.min(keys.num_rows() - at))
}

/// Whether no row can meet a predicate, so that nobody needs to be asked.
fn is_false(predicate: &Predicate, operands: &[Operand]) -> bool {
    match predicate {
        Predicate::And(parts) => parts.iter().any(|part| is_false(part, operands)),
        Predicate::Or(parts) => parts.iter().all(|part| is_false(part, operands)),
        Predicate::KeyIn { operand, .. } => {
            matches!(operands.get(*operand), Some(Operand::Keys(keys)) if keys.num_rows() == 0)
        }
        _ => false,
    }
}

fn too_many(source: &Source, step: &FetchStep) -> Fault {
    let (field, most) = (&step.field, step.ceiling.rows);
    let (code, message) = if step.ceiling.budget {
        let what = "would have to be read to work on them here: narrow the filter";
        (Code::TooCostly, format!("`{field}`: more than {most} rows {what}"))
    } else {
        (Code::TooLarge, format!("`{field}` has more than {most} rows here; add limit:"))
    };
    Fault { code, source: Some(source.name().clone()), message: message.into() }
}
