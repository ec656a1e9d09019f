//! What of all that is kept a change may have made wrong.
//!
//! *Invariant*: where it cannot be said whether something is still right, it is forgotten.

use std::collections::BTreeMap;

use arrow_array::{Array, StringArray};
use arrow_row::{RowConverter, SortField};

use super::reach::reaches;
use super::store::Key;
use crate::Change;
use crate::evaluate::{canonical_texts, parse_canonical};
use crate::rows::arrow_type;

/// Whether what is kept under a key may be wrong after a change.
pub(super) fn concerns(change: &Change, kept: &Key) -> bool {
    let fetch = kept.fetch.bound().fetch();
    let reached = |name: &str| reaches(fetch, &mut |collection| collection.name == name);
    match change {
        Change::All => true,
        // It is only doubted: see `Shelf::forget`.
        Change::Unheard => false,
        Change::Collection(name) => fetch.collection.name == *name || reached(name),
        Change::Rows { collection, key } => {
            let own = fetch.collection.name == *collection && has_other_key(kept, key) != Some(true);
            own || reached(collection)
        }
    }
}

/// Whether the rows are of a key of the same columns that is another one; `None` if that cannot be said.
fn has_other_key(kept: &Key, key: &BTreeMap<String, String>) -> Option<bool> {
    let fetch = kept.fetch.bound().fetch();
    let (row, columns) = (kept.row.as_ref()?, &fetch.keys.as_ref()?.columns);
    let fields: Vec<_> = columns.iter().map(|column| &fetch.collection.fields[*column]).collect();
    if fields.len() != key.len() || !fields.iter().all(|field| key.contains_key(&field.name)) {
        return None;
    }
    let sorted = fields.iter().map(|field| SortField::new(arrow_type(field.scalar))).collect();
    let converter = RowConverter::new(sorted).ok()?;
    let values = converter.convert_rows([converter.parser().parse(row)]).ok()?;
    let mut other = false;
    for (field, value) in fields.iter().zip(values) {
        let told = &key[&field.name];
        // What is not in the form in which keys meet could be any of them.
        if parse_canonical(&StringArray::from(vec![told.as_str()]), field.scalar).ok()?.is_null(0) {
            return None;
        }
        other |= canonical_texts(&value, field.scalar).ok()?.value(0) != told;
    }
    Some(other)
}
