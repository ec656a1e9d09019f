//! A load that is kept: all of its rows are stored before the first is given.
//!
//! In: a bound fetch and the way to ask for it. Out: its rows. *Invariant*: nothing is kept of a load that failed, was
//! cancelled or timed out, that may have been cut, or whose rows cannot be told apart by their keys; what is too large to be
//! kept passes through piece by piece.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use tokio::time::Instant;

use super::shelf::{Asked, Shelf};
use super::store::{Key, Value};
use crate::evaluate::{self, KeyIndex};
use crate::{BoundFetch, Error, ErrorKind, Result, RowStream, Rows};

/// Bytes of one load that are held at most to be kept.
const MOST_BYTES: usize = 16 << 20;

/// The beginning of a load, and what has become of it.
#[derive(Clone)]
pub(in crate::layers) struct Begun {
    /// When it began.
    pub(in crate::layers) at: Instant,
    /// The source's era at that moment.
    pub(in crate::layers) era: u64,
    stored: Arc<AtomicBool>,
}

impl Begun {
    /// Of a load that begins now.
    pub(in crate::layers) fn now(era: u64) -> Self {
        Self { at: Instant::now(), era, stored: Arc::default() }
    }

    /// Whether its rows are kept, which is known when the first of them is there.
    pub(in crate::layers) fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }
}

/// A load on its way.
pub(in crate::layers) struct Load {
    pub(in crate::layers) shelf: Arc<Shelf>,
    pub(in crate::layers) bound: Arc<BoundFetch>,
    pub(in crate::layers) asked: Arc<Asked>,
    pub(in crate::layers) begun: Begun,
}

impl Load {
    /// Asks, keeps what comes, and gives it.
    pub(in crate::layers) async fn run(
        self,
        ask: impl FnOnce(Arc<BoundFetch>) -> BoxFuture<'static, Result<RowStream>> + Send,
    ) -> Result<RowStream> {
        let width = self.bound.fetch().columns.len();
        let wider = self.telling().and_then(|telling| telling.wider.clone());
        let is_wider = wider.is_some();
        let wide = wider.map(|prepared| {
            let bound = &*self.bound;
            Arc::new(BoundFetch { prepared, operands: bound.operands.clone(), keys: bound.keys.clone() })
        });
        let source = self.shelf.source().clone();
        let narrow = move |rows: Result<Rows>| {
            if !is_wider {
                return rows;
            }
            let defect = |cause| Error::new(ErrorKind::Internal, source.clone(), "narrowing rows").because(cause);
            rows?.narrowed(width).map_err(defect)
        };
        let mut rows = ask(wide.unwrap_or_else(|| self.bound.clone())).await?;
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while let Some(piece) = rows.next().await {
            let piece = piece?;
            bytes += piece.batch.get_array_memory_size();
            pieces.push(piece);
            if bytes > MOST_BYTES {
                return Ok(stream::iter(pieces.into_iter().map(Ok)).chain(rows).map(narrow).boxed());
            }
        }
        // The connection is free before anything is encoded.
        drop(rows);
        match self.keep(&pieces) {
            Ok(stored) => self.begun.stored.store(stored, Ordering::Release),
            Err(error) => tracing::error!(source = %self.shelf.source(), %error, "rows cannot be kept"),
        }
        Ok(stream::iter(pieces.into_iter().map(Ok)).map(narrow).boxed())
    }

    fn telling(&self) -> Option<&crate::fetch::TellingKeys> {
        if self.asked.by_key { self.bound.prepared.telling_keys() } else { None }
    }

    /// Whether they are kept.
    fn keep(&self, pieces: &[Rows]) -> evaluate::Result<bool> {
        let all = match pieces.first() {
            Some(first) => Some(Rows::joined(&first.batch.schema(), pieces)?),
            None => None,
        };
        let count = all.as_ref().map_or(0, |rows| rows.batch.num_rows());
        let runs = match &all {
            Some(all) => {
                let written = self.asked.form().write(all)?;
                let Some(rows) = self.rows_of_keys(&all.batch)? else { return Ok(false) };
                rows.iter().map(|rows| written.run(rows)).collect()
            }
            None => vec![super::encode::nothing(); self.asked.keys.len()],
        };
        // At the ceiling of all keys together rows of some may be missing.
        if self.asked.by_key && self.bound.ceiling().is_none_or(|ceiling| count >= ceiling) {
            return Ok(false);
        }
        let value = |bytes| Value { loaded: self.begun.at, life: self.asked.longest(), bytes };
        let values: Vec<(Key, Value)> = self.asked.keys.iter().cloned().zip(runs.into_iter().map(value)).collect();
        Ok(self.shelf.put(self.bound.fetch(), self.begun.era, values))
    }

    /// The rows of each key; of a fetch that is kept as a whole all of them. `None` if they cannot be told apart.
    fn rows_of_keys(&self, batch: &RecordBatch) -> evaluate::Result<Option<Vec<Vec<u32>>>> {
        let count = batch.num_rows() as u32;
        let (Some(telling), Some(keys)) = (self.telling(), &self.bound.keys) else {
            return Ok(Some(vec![(0..count).collect()]));
        };
        let columns: Vec<_> = telling.positions.iter().map(|at| batch.column(*at).clone()).collect();
        let index = KeyIndex::new(&columns)?;
        let found = index.lookup(keys.columns())?;
        let rows: Vec<Vec<u32>> =
            found.into_iter().map(|key| key.map_or(Vec::new(), |key| index.rows(key).to_vec())).collect();
        let told = rows.iter().map(Vec::len).sum::<usize>();
        Ok((told == batch.num_rows()).then_some(rows))
    }
}
