//! Reads rows in their order, block by block, until enough of them meet a filter across sources.
//!
//! In: a [`ScanStep`]. Out: its rows, without those left out and no more than wanted. *Invariant*: by all keys or by blocks, the
//! same rows; a block is asked for only if more rows are wanted and the one before it was full.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use arrow_select::concat::concat_batches;
use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_connectors::deadline::until;
use lilong_connectors::{BoundFetch, CellFault, Operand, cell_value};
use lilong_schema::Value;

use super::choose::Attempt;
use super::held::Held;
use super::{Fault, Made, RowSet, Run, StepResult, bind, internal, take};
use crate::error::Code;
use crate::plan::{Ceiling, ScanStep, integer};

/// The first block has at least so many rows, where a side may have them.
const FIRST: usize = 100;

/// A scan ends after so many times the rows of a side.
const MOST: usize = 16;

impl Run<'_> {
    /// The rows of a list: by keys if they are few, else by blocks, else by all keys there may be.
    pub(super) fn scan<'a>(&'a self, step: &'a ScanStep, attempt: Attempt) -> BoxFuture<'a, StepResult> {
        async move {
            let quick = self.part("plain", &step.plain, Vec::new(), Attempt { quick: true, ..attempt }).await;
            if !is_too_costly(&quick) {
                return quick;
            }
            let from = Instant::now();
            let end = tokio::time::Instant::from_std(self.context.deadline);
            let blocks = match until(end, self.blocks(step, attempt)).await {
                Ok(rows) => rows.map(|rows| Arc::new(Made::Rows(Arc::new(rows)))),
                Err(_) => Err(super::overdue(self.world.sources[step.source].name())),
            };
            if let (Some(watch), Some(of)) = (&self.watch, attempt.of) {
                watch.tried(of, "blocks", self.scans(), &blocks, from);
            }
            if !is_too_costly(&blocks) {
                return blocks;
            }
            self.part("plain", &step.plain, Vec::new(), attempt).await
        }
        .boxed()
    }

    /// How many rows a scan reads at most.
    fn scans(&self) -> usize {
        self.world.limits.side_rows.max(1).saturating_mul(MOST).min(self.world.limits.budget_rows)
    }

    async fn blocks(&self, step: &ScanStep, attempt: Attempt) -> Result<RowSet, Fault> {
        let number = |operand| integer(operand, self.world.variables).and_then(|number| usize::try_from(number).ok());
        let offset = step.offset.as_ref().map_or(Some(0), number).ok_or_else(internal)?;
        let wanted = number(&step.wanted).ok_or_else(internal)?;
        let needed = offset.saturating_add(wanted);
        let source = &self.world.sources[step.source];
        let mut operands = bind::operands(&step.operands, &[], self.world.variables)?;
        let (most, side) = (self.scans(), self.world.limits.side_rows.max(1));
        let mut size = needed.saturating_mul(2).max(FIRST).clamp(1, side);
        let (mut kept, mut found, mut seen) = (Vec::new(), 0, 0);
        let mut held = Held::of(&self.bytes);
        let mut prepared = step.first.prepared(&operands);
        loop {
            operands[step.limit] = Operand::Value(Value::Integer(size as i128));
            let bound = BoundFetch { prepared, operands: operands.clone(), keys: None };
            let from = Instant::now();
            let ceiling = Ceiling { rows: size, budget: true };
            let (block, _block_held) = self.ask(source, &step.field, ceiling, bound).await?;
            if let (Some(watch), Some(of)) = (&self.watch, attempt.of) {
                watch.asked(of, Some(1), from);
            }
            let rows = block.batch.num_rows();
            seen += rows;
            let last = last_row(step, &block);
            let checked = self.part("check", &step.check, vec![Arc::new(Made::Rows(Arc::new(block)))], attempt).await?;
            let Made::Rows(checked) = &*checked else { return Err(internal()) };
            found += checked.batch.num_rows();
            held.add(checked.batch.get_array_memory_size());
            kept.push(checked.clone());
            if found >= needed || rows < size {
                break;
            }
            if seen >= most {
                return Err(Fault::new(Code::TooCostly, "too few rows meet the filter"));
            }
            // Behind a row that cannot be read nobody knows where the next block begins.
            let last = last.ok_or_else(|| Fault::new(Code::TooCostly, "a row cannot be read"))?;
            for ((operand, ..), value) in step.cursor.iter().zip(last) {
                operands[*operand] = Operand::Value(value);
            }
            prepared = step.behind.prepared(&operands);
            size = size.saturating_mul(4).min(side.saturating_mul(2)).min(most - seen).max(1);
        }
        if let Some(of) = attempt.of {
            self.spent.lock().unwrap_or_else(PoisonError::into_inner).entry(of).or_default().0 += seen;
        }
        let rows = joined(&kept, &step.columns)?;
        held.keep();
        let end = needed.min(rows.batch.num_rows()) as u32;
        take(&rows, &((offset as u32).min(end)..end).collect::<Vec<_>>())
    }
}

fn is_too_costly(result: &StepResult) -> bool {
    matches!(result, Err(Fault { code: Code::TooCostly, .. }))
}

/// The values by which the last row of a block is ordered; `None`: one of them could not be read.
fn last_row(step: &ScanStep, block: &RowSet) -> Option<Vec<Value>> {
    let row = block.batch.num_rows().checked_sub(1)?;
    let cell = |(_, column, scalar): &(usize, usize, lilong_schema::Scalar)| {
        if block.faults.iter().any(|fault| fault.row == row && fault.column == *column) {
            return None;
        }
        cell_value(block.batch.column(*column), row, *scalar)
    };
    step.cursor.iter().map(cell).collect()
}

/// Some columns of the rows of all blocks.
fn joined(blocks: &[Arc<RowSet>], columns: &[usize]) -> Result<RowSet, Fault> {
    let batches = blocks.iter().map(|block| block.batch.project(columns)).collect::<Result<Vec<_>, _>>();
    let batches = batches.map_err(|_| internal())?;
    let schema = batches.first().ok_or_else(internal)?.schema();
    let batch = concat_batches(&schema, &batches).map_err(|_| internal())?;
    let (mut faults, mut before) = (Vec::new(), 0);
    for block in blocks {
        faults.extend(block.faults.iter().filter_map(|fault| {
            let column = columns.iter().position(|column| *column == fault.column)?;
            Some(CellFault { row: fault.row + before, column })
        }));
        before += block.batch.num_rows();
    }
    Ok(RowSet { batch, faults })
}
