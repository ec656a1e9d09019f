//! Rows of a service: which fields have to be read for a fetch, and what was asked for by keys in several requests at the
//! same time, joined into one batch.
//!
//! In: a fetch; what each request gave, and for which keys. Out: their rows. *Invariant*: no row stands twice, whatever a service
//! gives beyond the keys that it was asked for, and no more rows are kept than one fetch may read.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::BooleanArray;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use lilong_schema::collection::FieldId;

use crate::evaluate::KeyIndex;
use crate::json_cells::Filling;
use crate::{BoundFetch, CellFault, Error, ErrorKind, Fetch, OrderTarget, Predicate, Result, Rows};

/// Requests of one fetch that are sent at the same time.
const AT_ONCE: usize = 4;

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
        let (mut batches, mut faults, mut owners) = (Vec::with_capacity(pieces.len()), Vec::new(), Vec::new());
        for piece in pieces {
            let before = owners.len();
            owners.extend(piece.owners.into_iter().flat_map(|(rows, keys)| std::iter::repeat_n(keys, rows)));
            self.check(owners.len())?;
            let rows = self.finish(piece.filling)?;
            faults.extend(rows.faults.iter().map(|fault| CellFault { row: fault.row + before, ..*fault }));
            batches.push(rows.batch);
        }
        let batch = concat_batches(self.schema, &batches)
            .map_err(|cause| self.fault(ErrorKind::Internal, "joining batches").because(cause))?;
        own(self.source, self.bound, &Rows { batch, faults }, &owners)
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

/// The fields that have to be read for a fetch, in the order of their columns.
pub(crate) fn needed(fetch: &Fetch) -> Vec<FieldId> {
    let mut fields = deciding(fetch);
    fields.extend(&fetch.columns);
    fields.extend(fetch.group.iter().flat_map(|group| &group.aggregates).flat_map(|aggregate| &aggregate.fields));
    fields.into_iter().collect()
}

/// The fields that decide which rows there are, how they are grouped, and their order.
pub(crate) fn deciding(fetch: &Fetch) -> BTreeSet<FieldId> {
    let mut fields = BTreeSet::new();
    fields_of(&fetch.predicate, &mut fields);
    fields.extend(&fetch.distinct);
    fields.extend(fetch.order.iter().filter_map(|order| match &order.target {
        OrderTarget::Field(field) => Some(*field),
        OrderTarget::RowId | OrderTarget::Aggregate(_) => None,
    }));
    fields.extend(fetch.keys.iter().flat_map(|keys| &keys.columns));
    fields.extend(fetch.group.iter().flat_map(|group| &group.by).map(|key| key.field));
    fields
}

fn fields_of(predicate: &Predicate, fields: &mut BTreeSet<FieldId>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| fields_of(part, fields)),
        Predicate::Not(part) => fields_of(part, fields),
        Predicate::Compare { field, .. } | Predicate::IsNull(field) => {
            fields.insert(*field);
        }
        Predicate::KeyIn { fields: keys, .. } => fields.extend(keys),
        // Links are not claimed by kinds that answer so.
        Predicate::Exists(exists) => fields.extend(exists.on.iter().map(|(outer, _)| *outer)),
        Predicate::Reached { path, target, .. } => match (path.first(), target) {
            (Some(hop), _) => fields.extend(hop.on.iter().map(|(outer, _)| *outer)),
            (None, OrderTarget::Field(field)) => {
                fields.insert(*field);
            }
            (None, OrderTarget::RowId | OrderTarget::Aggregate(_)) => {}
        },
    }
}

/// The rows that have one of the keys that they were asked for by, which are `owners` of each row: what a service gives
/// beyond these would stand twice. Columns are those of [`needed`].
fn own(source: &Arc<str>, bound: &BoundFetch, rows: &Rows, owners: &[Range<usize>]) -> Result<Rows> {
    let defect = || Error::new(ErrorKind::Internal, source.clone(), "keys that do not fit");
    let fields = needed(bound.fetch());
    let (Some(set), Some(keys)) = (&bound.fetch().keys, &bound.keys) else { return Err(defect()) };
    let at = |field: &FieldId| fields.iter().position(|other| other == field).ok_or_else(defect);
    let columns = set.columns.iter().map(at).collect::<Result<Vec<_>>>()?;
    if rows.faults.iter().any(|fault| columns.contains(&fault.column)) {
        return Err(Error::new(ErrorKind::Mismatch, source.clone(), "a key that is not of its type"));
    }
    let columns: Vec<_> = columns.into_iter().map(|column| rows.batch.column(column).clone()).collect();
    let found = KeyIndex::new(keys.columns()).and_then(|index| index.lookup(&columns)).map_err(|_| defect())?;
    let is_own = found.iter().zip(owners).map(|(key, owner)| key.is_some_and(|key| owner.contains(&(key as usize))));
    let is_own: Vec<bool> = is_own.collect();
    let mut moved = vec![None; is_own.len()];
    let kept = is_own.iter().enumerate().filter(|(_, own)| **own).enumerate();
    kept.for_each(|(to, (from, _))| moved[from] = Some(to));
    let faults = rows.faults.iter().filter_map(|fault| Some(CellFault { row: moved[fault.row]?, ..*fault })).collect();
    let batch =
        filter_record_batch(&rows.batch, &BooleanArray::from(is_own)).map_err(|cause| defect().because(cause))?;
    Ok(Rows { batch, faults })
}
