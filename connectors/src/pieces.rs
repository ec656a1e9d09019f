//! Rows of a service that were asked for by keys, in several requests at the same time, joined into one batch.
//!
//! In: what each request gave, and for which keys. Out: their rows. *Invariant*: no row stands twice, whatever a service
//! gives beyond the keys that it was asked for, and no more rows are kept than one fetch may read.

use std::ops::Range;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};

use crate::json_cells::Filling;
use crate::tables::own;
use crate::{BoundFetch, Error, ErrorKind, Result, Rows};

/// Requests of one fetch that are sent at the same time.
pub(crate) const AT_ONCE: usize = 4;

/// Rows that one request gave.
pub(crate) struct Piece {
    pub(crate) filling: Filling,
    /// How many rows by which keys, in their order.
    pub(crate) owners: Vec<(usize, Range<usize>)>,
}

impl Piece {
    /// The rows of some keys that were asked for together.
    pub(crate) fn of(filling: Filling, keys: Range<usize>) -> Self {
        let owners = vec![(filling.rows(), keys)];
        Self { filling, owners }
    }
}

/// A fetch whose rows are put together: its source, the columns that are read, the most rows there may be.
#[derive(Clone, Copy)]
pub(crate) struct Gathering<'a> {
    pub(crate) source: &'a Arc<str>,
    pub(crate) bound: &'a BoundFetch,
    pub(crate) schema: &'a SchemaRef,
    pub(crate) most: usize,
}

impl Gathering<'_> {
    /// Waits for all pieces and joins them.
    pub(crate) async fn join(&self, pieces: Vec<BoxFuture<'_, Result<Piece>>>) -> Result<Rows> {
        let pieces: Vec<Piece> = stream::iter(pieces).buffered(AT_ONCE).try_collect().await?;
        let (mut rows, mut owners) = (Vec::with_capacity(pieces.len()), Vec::new());
        for piece in pieces {
            owners.extend(piece.owners.into_iter().flat_map(|(rows, keys)| std::iter::repeat_n(keys, rows)));
            self.check(owners.len())?;
            rows.push(self.finish(piece.filling)?);
        }
        own(self.source, self.bound, &self.joined(self.schema, &rows)?, &owners)
    }

    /// Rows of a schema as one.
    pub(crate) fn joined(&self, schema: &SchemaRef, pieces: &[Rows]) -> Result<Rows> {
        let joined = Rows::joined(schema, pieces);
        joined.map_err(|cause| self.fault(ErrorKind::Internal, "joining batches").because(cause))
    }

    /// The rows of one filling.
    pub(crate) fn finish(&self, filling: Filling) -> Result<Rows> {
        filling.finish().map_err(|cause| self.fault(ErrorKind::Internal, "building a batch").because(cause))
    }

    /// Refuses more rows than one fetch may read.
    pub(crate) fn check(&self, rows: usize) -> Result<()> {
        if rows <= self.most {
            return Ok(());
        }
        let name = &self.bound.fetch().collection.name;
        let advice = format!("{name} has more rows than one fetch reads of a service (`rows`): add a filter it takes");
        Err(self.fault(ErrorKind::TooCostly, &advice).advising(advice))
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.source.clone(), context)
    }
}
