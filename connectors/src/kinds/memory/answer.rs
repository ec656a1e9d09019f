//! Answers a fetch from rows that another kind has read: for services that find fewer rows by some conditions, and do not
//! filter, order or cut by others.
//!
//! In: rows of a collection, which may be more than are asked for. Out: precisely what the fetch asks for. *Invariant*: a
//! cell that cannot be represented and that decides which rows there are, or their order, is a fault of the whole answer.

use std::sync::Arc;

use futures::stream;
use lilong_schema::Collection;

use super::read::Reader;
use super::{Memory, Table};
use crate::pieces::{deciding, needed};
use crate::{BoundFetch, Error, ErrorKind, Result, RowStream, Rows};

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
    let mut memory = Memory::new(source.clone());
    memory.tables.insert(fetch.collection.name.clone(), table);
    let pieces = Reader { memory: &memory, fetch: bound }.rows()?;
    Ok(Box::pin(stream::iter(pieces)))
}
