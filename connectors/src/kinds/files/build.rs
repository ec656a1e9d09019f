//! Contents → the table of a collection.
//!
//! In: the contents of a collection's files, and its description. Out: a table, and what is damaged in it. *Invariant*: a
//! table has every row of every file; a key that names two rows is told, never used.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::ArrowError;
use arrow_select::concat::concat;
use foldhash::fast::RandomState;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Field, Key, Scalar};

use super::content::Content;
use crate::evaluate::encoded;
use crate::rows::{arrow_type, columns_schema};
use crate::tables::Table;

/// The column of a collection of several files that says which file a row stands in.
pub(super) const FILE: &str = "_file";

/// Places of one kind that are told one by one.
const TOLD: usize = 5;

/// A table with what is wrong with it.
pub(super) struct Built {
    pub(super) table: Table,
    /// Damaged cells, each with its place.
    pub(super) damage: Vec<String>,
}

/// Builds the table that a description asks for; a column that no file has is left out. `given` says whether the catalog
/// tells the scalar of a column.
pub(super) fn build(
    collection: &Collection,
    contents: &[Content],
    given: &dyn Fn(&str) -> bool,
) -> Result<Built, ArrowError> {
    let rows: usize = contents.iter().map(Content::height).sum();
    let mut fields: Vec<Field> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut bad_cells = BTreeSet::new();
    let mut damage = Vec::new();
    for field in &collection.fields {
        let mut pieces: Vec<ArrayRef> = Vec::with_capacity(contents.len());
        let mut is_there = false;
        let mut first = 0;
        let mut flaws = 0;
        for content in contents {
            let found = content.column(&field.name, field.scalar, given(&field.name));
            is_there |= found.is_some();
            let (piece, bad) = match found {
                Some(found) => found,
                None if field.name == FILE && field.scalar == Scalar::String => {
                    is_there = true;
                    (repeated(&content.file, content.height()), Vec::new())
                }
                None => (new_null_array(&arrow_type(field.scalar), content.height()), Vec::new()),
            };
            for (row, flaw) in bad {
                bad_cells.insert((fields.len(), first + row));
                flaws += 1;
                if flaws <= TOLD {
                    damage.push(format!("{}: `{}` is not served: {}", content.place(row), field.name, flaw.text()));
                }
            }
            first += content.height();
            pieces.push(piece);
        }
        if flaws > TOLD {
            damage.push(format!("{}: `{}` is not served in {} more rows", collection.name, field.name, flaws - TOLD));
        }
        if is_there {
            let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            fields.push(field.clone());
            columns.push(concat(&pieces)?);
        }
    }
    let built = Collection { name: collection.name.clone(), fields, row_id: true, ..Collection::default() };
    let all: Vec<FieldId> = (0..built.fields.len()).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let rows = RecordBatch::try_new_with_options(columns_schema(&built, &all), columns, &options)?;
    Ok(Built { table: Table { collection: Arc::new(built), rows, bad_cells }, damage })
}

fn repeated(text: &str, rows: usize) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows, rows * text.len());
    for _ in 0..rows {
        builder.append_value(text);
    }
    Arc::new(builder.finish())
}

/// What is wrong with a key: the first place where it has no value, or the first two rows that it does not tell apart.
/// Rows whose key cannot be read are told elsewhere.
pub(super) fn check_key(table: &Table, key: &Key, contents: &[Content]) -> Result<(), String> {
    let name = key.columns.join(", ");
    let mut columns = Vec::with_capacity(key.columns.len());
    let mut fields = Vec::with_capacity(key.columns.len());
    for column in &key.columns {
        let Some(field) = table.collection.field_id(column) else {
            return Err(format!("the key ({name}) of {} names no column `{column}`", table.collection.name));
        };
        let scalar = table.collection.fields[field].scalar;
        if !scalar.is_key() {
            return Err(format!("`{column}` of {} is {}, which is no key", table.collection.name, scalar.name()));
        }
        fields.push(field);
        columns.push((table.rows.column(field), scalar));
    }
    let encoded = encoded(columns.iter().copied()).map_err(|error| error.to_string())?;
    let mut seen: HashMap<&[u8], usize, RandomState> =
        HashMap::with_capacity_and_hasher(table.rows.num_rows(), RandomState::default());
    for row in 0..table.rows.num_rows() {
        if fields.iter().any(|field| table.bad_cells.contains(&(*field, row))) {
            continue;
        }
        if columns.iter().any(|(column, _)| column.is_null(row)) {
            return Err(format!("{}: the key ({name}) has no value", place(contents, row)));
        }
        if let Some(other) = seen.insert(encoded.row(row).data(), row) {
            let (one, two) = (place(contents, other), place(contents, row));
            return Err(format!("{two}: the key ({name}) is that of {one} too"));
        }
    }
    Ok(())
}

fn place(contents: &[Content], row: usize) -> String {
    let mut first = 0;
    for content in contents {
        if row < first + content.height() {
            return content.place(row - first);
        }
        first += content.height();
    }
    String::new()
}
