//! What the indexes of a table tell: its keys, and what can be looked up.
//!
//! In: a connection and a table's fields. Out: keys and indexes of its description. *Invariant*: an index that has not every
//! row is none.

use lilong_schema::{Collection, ExpressionIndex, Key, Scalar};
use rusqlite::{Connection, OptionalExtension};

use super::dialect::quote;
use super::storage::{self, Storage};
use crate::sql::indexed;

/// An index as SQLite lists it.
pub(super) struct Index {
    unique: bool,
    pub(super) origin: String,
    partial: bool,
    /// Column and collation; the column of an expression or of the row number is `None`.
    parts: Vec<(Option<String>, String)>,
    /// The statement that made it; none for one that a constraint made.
    statement: Option<String>,
}

/// The indexes of a table.
pub(super) fn read(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    // The list is newest first.
    let text = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1) ORDER BY seq DESC";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([table])?;
    let mut indexes = vec![];
    while let Some(row) = rows.next()? {
        let Some(index) = text_of(row, 0)? else {
            continue;
        };
        let text = "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
        let mut statement = connection.prepare_cached(text)?;
        let mut rows = statement.query([&index])?;
        let mut parts = vec![];
        while let Some(row) = rows.next()? {
            parts.push((text_of(row, 0)?, text_of(row, 1)?.unwrap_or_default()));
        }
        let text = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1";
        let made: Option<Option<String>> =
            connection.prepare_cached(text)?.query_row([&index], |row| text_of(row, 0)).optional()?;
        indexes.push(Index {
            statement: made.flatten(),
            unique: row.get(1)?,
            origin: row.get(2)?,
            partial: row.get(3)?,
            parts,
        });
    }
    Ok(indexes)
}

/// Keys and indexes: the primary key first, then unique ones in the order they were declared.
pub(super) fn add(collection: &mut Collection, primary: Vec<String>, is_row_id: bool, indexes: &[Index]) {
    let served = |name: &str| collection.field_id(name).is_some();
    let mut keys: Vec<Key> = vec![];
    let mut leading: Vec<Vec<String>> = vec![];
    if is_row_id && primary.iter().all(|name| served(name)) {
        leading.push(primary.clone());
    }
    if !primary.is_empty() && primary.iter().all(|name| served(name)) {
        keys.push(Key { columns: primary, primary: true });
    }
    for index in indexes.iter().filter(|index| !index.partial) {
        let names: Vec<String> = index
            .parts
            .iter()
            .map_while(|(name, collation)| {
                let field = &collection.fields[collection.field_id(name.as_deref()?)?];
                // An equality uses an index of the column's own collation or of the exact one.
                let own = field.details.get(storage::COLLATION).map_or("BINARY", String::as_str);
                (collation.eq_ignore_ascii_case(own) || collation.eq_ignore_ascii_case("BINARY"))
                    .then(|| field.name.clone())
            })
            .collect();
        for length in 1..=names.len() {
            let names = names[..length].to_vec();
            if !leading.contains(&names) {
                leading.push(names);
            }
        }
        let columns: Option<Vec<String>> =
            index.parts.iter().map(|(name, _)| name.clone().filter(|name| served(name))).collect();
        if let Some(columns) = columns.filter(|columns| {
            index.unique
                && index.origin != "pk"
                && !columns.is_empty()
                && !keys.iter().any(|key| key.columns == *columns)
        }) {
            keys.push(Key { columns, primary: false });
        }
    }
    collection.keys = keys;
    collection.indexes = leading;
    collection.expressions = expressions(collection, indexes);
}

/// Indexes that begin with an expression over a text column. An index that another program filled with functions of its own
/// under these names is broken to `SQLite` itself.
fn expressions(collection: &Collection, indexes: &[Index]) -> Vec<ExpressionIndex> {
    let of_text = |index: &ExpressionIndex| {
        let field = collection.fields.iter().find(|field| field.name == index.column);
        field.is_some_and(|field| {
            field.scalar == Scalar::String && matches!(Storage::of(field), Storage::Plain | Storage::Mixed)
        })
    };
    indexes
        .iter()
        .filter(|index| !index.partial)
        .filter(|index| matches!(index.parts.first(), Some((None, by)) if by.eq_ignore_ascii_case("BINARY")))
        .filter_map(|index| indexed::of_statement(index.statement.as_deref()?, collection, quote))
        .filter(of_text)
        .collect()
}

/// Reads a name; `None` if it is not UTF-8.
pub(super) fn text_of(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    let stored = row.get_ref(at)?;
    Ok(stored.as_bytes_or_null().ok().flatten().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
}
