//! Finds the rows that meet a condition; what takes long is done aside, on threads that answer no requests.
//!
//! In: a condition, rows, the values it compares with. Out: which rows meet it. *Invariant*: a condition holds up no other
//! request for longer than [`LONG`] bytes take, and none is worked on beyond its request's time.

use std::sync::{Arc, LazyLock};

use arrow_array::BooleanArray;
use lilong_connectors::deadline::until;
use lilong_connectors::{Operand, Predicate, evaluate};
use lilong_schema::Collection;
use lilong_schema::collection::FieldId;
use tokio::sync::Semaphore;

use super::{Fault, RowSet, Run, internal};
use crate::error::Code;

/// What a request may look at between two others, in bytes.
const LONG: usize = 4 << 20;

/// As many conditions are worked on aside as there are processors: more would only end later, all of them.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(processors))
});

impl Run<'_> {
    /// Which rows meet a condition. `columns` says which field each column is.
    pub(super) async fn meets(
        &self,
        predicate: &Predicate,
        collection: &Arc<Collection>,
        columns: &[FieldId],
        rows: &RowSet,
        operands: &[Operand],
    ) -> Result<BooleanArray, Fault> {
        if evaluate::effort(predicate, columns, &rows.batch, operands) <= LONG {
            let cells = (&rows.batch, rows.faults.as_slice());
            let mask = evaluate::filter_read(predicate, collection, columns, cells, operands, None);
            return mask.map_err(|error| self.unmet(&error));
        }
        let deadline = self.context.deadline;
        let (predicate, collection, columns) = (predicate.clone(), collection.clone(), columns.to_vec());
        let (rows, operands) = (rows.clone(), operands.to_vec());
        let aside = async {
            let turn = TURNS.clone().acquire_owned().await;
            let work = move || {
                // Whoever asked may be gone before the work has ended; the turn is over only then.
                let _turn = turn;
                let cells = (&rows.batch, rows.faults.as_slice());
                evaluate::filter_read(&predicate, &collection, &columns, cells, &operands, Some(deadline))
            };
            tokio::task::spawn_blocking(work).await
        };
        match until(tokio::time::Instant::from_std(deadline), aside).await {
            Ok(Ok(Ok(mask))) => Ok(mask),
            Err(_) | Ok(Ok(Err(evaluate::Error::Late))) => Err(Fault::new(
                Code::Deadline,
                "the request's time was over before the rows were compared with its filters here",
            )),
            Ok(Ok(Err(error))) => Err(self.unmet(&error)),
            Ok(Err(_)) => Err(internal()),
        }
    }

    fn unmet(&self, error: &evaluate::Error) -> Fault {
        match error {
            evaluate::Error::Unread => Fault::new(
                Code::SourceMismatch,
                "only its source knows whether a row meets the filter: a value in it could not be read",
            ),
            error => self.internal(error),
        }
    }
}
