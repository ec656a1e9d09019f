//! Answers a fetch from rows that another kind has read: for services that find fewer rows by some conditions, and do not
//! filter, order or cut by others.
//!
//! In: rows of a collection, which may be more than are asked for. Out: precisely what the fetch asks for. *Invariant*: a
//! cell that cannot be represented and that decides which rows there are, or their order, is a fault of the whole answer.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use futures::stream;
use lilong_schema::Collection;
use lilong_schema::collection::FieldId;

use super::Table;
use super::read::Reader;
use crate::evaluate::KeyIndex;
use crate::{BoundFetch, Error, ErrorKind, Fetch, Group, OrderTarget, Predicate, Result, RowStream, Rows};

/// Rows of one piece of an answer, at most.
const BATCH: usize = 1_024;

/// The fields that have to be read for a fetch, in the order in which [`answer`] takes their columns.
pub(crate) fn needed(fetch: &Fetch) -> Vec<FieldId> {
    let mut fields = deciding(fetch);
    fields.extend(&fetch.columns);
    if let Some(group) = &fetch.group {
        fields.extend(group.by.iter().filter(|key| key.path.is_empty()).map(|key| key.field));
        fields.extend(group.aggregates.iter().flat_map(|aggregate| &aggregate.fields));
    }
    fields.into_iter().collect()
}

/// The fields that decide which rows there are, and their order.
fn deciding(fetch: &Fetch) -> BTreeSet<FieldId> {
    let mut fields = BTreeSet::new();
    fields_of(&fetch.predicate, &mut fields);
    fields.extend(&fetch.distinct);
    fields.extend(fetch.order.iter().filter_map(|order| match &order.target {
        OrderTarget::Field(field) => Some(*field),
        OrderTarget::RowId | OrderTarget::Aggregate(_) => None,
    }));
    fields.extend(fetch.keys.iter().flat_map(|keys| &keys.columns));
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

/// The answer to a fetch from rows whose columns are those of [`needed`].
pub(crate) fn answer(source: &Arc<str>, bound: &BoundFetch, rows: Rows) -> Result<RowStream> {
    let fetch = bound.fetch();
    let (fields, deciding) = (needed(fetch), deciding(fetch));
    if let Some(fault) = rows.faults.iter().find(|fault| deciding.contains(&fields[fault.column])) {
        let field = &fetch.collection.fields[fields[fault.column]].name;
        let context =
            format!("{}.{field} holds what is not of its type, and rows are found by it", fetch.collection.name);
        return Err(Error::new(ErrorKind::Mismatch, source.clone(), context));
    }
    let collection = Collection {
        name: fetch.collection.name.clone(),
        fields: fields.iter().map(|field| fetch.collection.fields[*field].clone()).collect(),
        ..Collection::default()
    };
    let bad_cells = rows.faults.iter().map(|fault| (fault.column, fault.row)).collect();
    let table = Table { collection: Arc::new(collection), rows: rows.batch, bad_cells };
    let table = Arc::new(table);
    let find = |collection: &Collection| {
        // Links are not claimed by kinds that answer so.
        let is_own = collection.name == table.collection.name;
        let missing = || Error::new(ErrorKind::Mismatch, source.clone(), "a link that is not claimed");
        is_own.then(|| table.clone()).ok_or_else(missing)
    };
    let pieces = Reader::new(source, (usize::MAX, BATCH), &find, bound).rows()?;
    Ok(Box::pin(stream::iter(pieces)))
}

/// Of all groups that rows come to, those that a fetch asks for: by its condition, in its order, within its limits.
pub(crate) fn chosen(source: &Arc<str>, bound: &BoundFetch, group: &Group, groups: &Rows) -> Result<RowStream> {
    let find =
        |_: &Collection| Err(Error::new(ErrorKind::Internal, source.clone(), "groups that are looked for in a table"));
    let pieces = Reader::new(source, (usize::MAX, BATCH), &find, bound).chosen(group, groups)?;
    Ok(Box::pin(stream::iter(pieces)))
}

/// The rows that have one of the keys that they were asked for by, which are `owners` of each row: what a service gives
/// beyond these would stand twice. Columns are those of [`needed`].
pub(crate) fn own(source: &Arc<str>, bound: &BoundFetch, rows: &Rows, owners: &[Range<usize>]) -> Result<Rows> {
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
    let rows_kept: Vec<u32> = is_own.zip(0..).filter(|(own, _)| *own).map(|(_, row)| row).collect();
    let defect = |cause| Error::new(ErrorKind::Internal, source.clone(), "leaving rows out").because(cause);
    rows.take(&rows_kept).map_err(defect)
}
