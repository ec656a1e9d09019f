//! Expressions that an index is over: its own, or that of a generated column.
//!
//! In: the text of an expression as the server keeps it. Out: an [`ExpressionIndex`]. *Invariant*: a column that could hold
//! less than its expression gives serves nothing.

use lilong_schema::{Collection, ExpressionIndex, Field, Scalar};

use super::dialect::quote;
use super::storage::{CHARSET, Storage, collation, numbers, word};
use crate::sql::indexed;

/// The expression of an index of its own.
pub(super) fn of_index(text: &str, collection: &Collection) -> Option<ExpressionIndex> {
    // The server shows quotes escaped here.
    let found = indexed::of_expression(&text.replace("\\'", "'"), collection, quote)?;
    let field = collection.fields.iter().find(|field| field.name == found.column)?;
    serves(&found, field).then_some(found)
}

/// The expression that an indexed column is made of; it is asked for by the column's name.
pub(super) fn of_column(name: &str, text: &str, collection: &Collection) -> Option<ExpressionIndex> {
    let is_indexed = collection.indexes.iter().any(|columns| matches!(columns.as_slice(), [only] if only == name));
    let found = of_index(text, collection).filter(|_| is_indexed)?;
    let field = |name: &str| collection.fields.iter().find(|field| field.name == name);
    let (source, made) = (field(&found.column)?, field(name)?);
    let alike = Storage::of(made) == Storage::Text
        && made.details.get(CHARSET) == source.details.get(CHARSET)
        && collation(made) == collation(source);
    let native = format!("{{}}.{}", quote(name));
    (alike && holds_all(made, source) && native.matches("{}").count() == 1)
        .then_some(ExpressionIndex { native, ..found })
}

/// Whether texts and letters of a column are as the expression's functions take them.
fn serves(index: &ExpressionIndex, field: &Field) -> bool {
    let collation = collation(field).unwrap_or_default();
    let has_other_letters = ["turkish", "_tr_", "azerbaijan", "_az_"].iter().any(|part| collation.contains(part));
    field.scalar == Scalar::String
        && Storage::of(field) == Storage::Text
        && !(index.changes_letters() && has_other_letters)
}

/// Whether a column holds whatever is made of another: no function makes a text longer.
fn holds_all(made: &Field, source: &Field) -> bool {
    let length = |field: &Field| match word(&field.native).as_str() {
        "char" | "varchar" => numbers(&field.native).first().copied(),
        _ => None,
    };
    match (word(&made.native).as_str(), length(made), length(source)) {
        ("varchar", Some(made), Some(source)) => made >= source,
        ("longtext", ..) => true,
        ("text" | "mediumtext", _, Some(source)) => source <= 255,
        _ => false,
    }
}
