//! How much work a filter is, and whether there is time left for it.

use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use lilong_schema::Value;
use lilong_schema::collection::FieldId;

use crate::{Comparison, Operand, OperandId, Predicate};

/// What a value that is no text counts for, in bytes.
const CELL: usize = 8;
/// A wildcard pattern costs as much again for each so many bytes of its own.
const WORD: usize = 64;
/// Bytes that are looked at between two looks at the clock.
const STRETCH: usize = 64 << 10;

/// About how many bytes are looked at to find which rows meet a predicate. `columns` says which field each column is.
pub fn effort(predicate: &Predicate, columns: &[FieldId], batch: &RecordBatch, operands: &[Operand]) -> usize {
    let rows = batch.num_rows() * CELL;
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().map(|part| effort(part, columns, batch, operands)).fold(0, usize::saturating_add)
        }
        Predicate::Not(part) => effort(part, columns, batch, operands),
        Predicate::Compare { field, comparison, operand } => {
            let times = match comparison {
                Comparison::Like | Comparison::NotLike | Comparison::ILike | Comparison::NotILike => {
                    1 + length(operands, *operand) / WORD
                }
                Comparison::StartsWith
                | Comparison::EndsWith
                | Comparison::Contains
                | Comparison::Regex
                | Comparison::IRegex => 1,
                _ => return rows,
            };
            let column = columns.iter().position(|column| column == field).and_then(|at| batch.columns().get(at));
            let bytes = column.and_then(|column| column.as_string_opt::<i32>()).map_or(0, |texts| {
                let offsets = texts.value_offsets();
                offsets.last().zip(offsets.first()).map_or(0, |(end, start)| (end - start) as usize)
            });
            times.saturating_mul(bytes.saturating_add(rows))
        }
        Predicate::IsNull(_) | Predicate::KeyIn { .. } | Predicate::Exists(_) | Predicate::Reached { .. } => rows,
    }
}

fn length(operands: &[Operand], operand: OperandId) -> usize {
    match operands.get(operand) {
        Some(Operand::Value(Value::Text(text))) => text.len(),
        _ => 0,
    }
}

/// Looks now and then whether the time is over.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    end: Option<Instant>,
    left: usize,
    over: bool,
}

impl Clock {
    /// `None`: there is time.
    pub(super) fn new(end: Option<Instant>) -> Self {
        Self { end, left: 0, over: false }
    }

    /// Whether there is time for so many more bytes.
    pub(super) fn allows(&mut self, bytes: usize) -> bool {
        let Some(end) = self.end else { return true };
        self.left = self.left.saturating_sub(bytes + CELL);
        if self.left == 0 && !self.over {
            self.left = STRETCH;
            self.over = Instant::now() >= end;
        }
        !self.over
    }

    /// Whether there was none.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}
