//! What a column is in a statement: read, compared exactly, and brought to the text by which keys of different types meet.
//!
//! In: columns with what `describe` wrote down of them. Out: expressions. *Invariant*: an equality leaves the column bare on
//! one side, so that its indexes serve.

use lilong_schema::{Field, Scalar};

use super::form::{Form, LOOSE, TYPE};
use crate::sql::dialect::Column;

/// A name between double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column itself.
pub(super) fn bare(column: Column<'_>) -> String {
    match column.expression {
        Some(expression) => expression.to_owned(),
        None => format!("{}.{}", column.alias, quote(&column.field.name)),
    }
}

/// The column in its own order. The server has none for domains over an enum: only the enum's own.
pub(super) fn ordered(column: Column<'_>) -> String {
    match Form::of(column.field) {
        Form::Enum => format!("{}::{}", bare(column), type_of(column.field)),
        Form::Opaque | Form::Document => format!("{} COLLATE \"C\"", printed(column)),
        _ => bare(column),
    }
}

/// The name of the type for casts.
pub(super) fn type_of(field: &Field) -> &str {
    field.details.get(TYPE).map_or("text", String::as_str)
}

/// Whether the column's collation calls different texts equal.
pub(super) fn is_loose(field: &Field) -> bool {
    field.details.contains_key(LOOSE)
}

/// The column as it is given out: the types that the driver knows, and text.
pub(super) fn printed(column: Column<'_>) -> String {
    let bare = bare(column);
    match Form::of(column.field) {
        Form::Native | Form::Real => bare,
        Form::Padded | Form::Enum | Form::Folded | Form::Printed | Form::Opaque => format!("{bare}::text"),
        Form::Address => format!("textin(inet_out({bare}))"),
        Form::Document => format!("to_json({bare})"),
    }
}

/// The text of a text column, compared code point by code point.
pub(super) fn exact_text(column: Column<'_>) -> String {
    let text = printed(column);
    if is_loose(column.field) { format!("{text} COLLATE \"C\"") } else { text }
}

/// The canonical text by which keys of different types meet.
pub(super) fn canonical(column: Column<'_>) -> String {
    let text = format!("{}::text", bare(column));
    match column.field.scalar {
        Scalar::Decimal => {
            format!("CASE WHEN strpos({text}, '.') > 0 THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END")
        }
        Scalar::LocalDateTime => format!("replace({text}, ' ', 'T')"),
        Scalar::DateTime => format!("replace(replace({text}, ' ', 'T'), '+00', 'Z')"),
        Scalar::String | Scalar::Enum => printed(column),
        _ => text,
    }
}

/// The labels of the column's enum that are among some texts. They are compared with the column by its index, beside its
/// text: where there are none another label stands for them, because in an empty array a null is not unknown.
fn labels_array(column: Column<'_>, condition: &str) -> String {
    let found = format!("ARRAY{}", labels(column, condition));
    format!("COALESCE(NULLIF({found}, '{{}}'), (enum_range(NULL::{}))[1:1])", type_of(column.field))
}

/// The labels of the column's enum that are among some texts.
pub(super) fn labels(column: Column<'_>, condition: &str) -> String {
    format!("(SELECT e.v FROM unnest(enum_range(NULL::{})) AS e(v) WHERE e.v::text {condition})", type_of(column.field))
}

/// A condition that the column equals the expression of its kind; unknown or false where the column is null.
pub(super) fn equal(column: Column<'_>, right: &str) -> String {
    let bare = bare(column);
    match Form::of(column.field) {
        Form::Padded => format!("({bare} = {right}::bpchar AND {} = {right})", exact_text(column)),
        Form::Folded => format!("({bare} = {right}::{} AND {} = {right})", type_of(column.field), exact_text(column)),
        Form::Enum => {
            let labels = labels_array(column, &format!("= {right}"));
            format!("({} = ANY({labels}) AND {} = {right})", ordered(column), exact_text(column))
        }
        Form::Printed | Form::Opaque | Form::Address | Form::Document => format!("{} = {right}", exact_text(column)),
        Form::Native | Form::Real if is_loose(column.field) => {
            format!("({bare} = {right} AND {bare} COLLATE \"C\" = {right})")
        }
        Form::Native | Form::Real => format!("{bare} = {right}"),
    }
}

/// The same for an array.
pub(super) fn one_of(column: Column<'_>, list: &str) -> String {
    let bare = bare(column);
    match Form::of(column.field) {
        Form::Padded => format!("({bare} = ANY({list}::bpchar[]) AND {} = ANY({list}))", exact_text(column)),
        Form::Folded => {
            format!("({bare} = ANY({list}::{}[]) AND {} = ANY({list}))", type_of(column.field), exact_text(column))
        }
        Form::Enum => {
            let labels = labels_array(column, &format!("= ANY({list})"));
            format!("({} = ANY({labels}) AND {} = ANY({list}))", ordered(column), exact_text(column))
        }
        Form::Printed | Form::Opaque | Form::Address | Form::Document => {
            format!("{} = ANY({list})", exact_text(column))
        }
        Form::Native | Form::Real if is_loose(column.field) => {
            format!("({bare} = ANY({list}) AND {bare} COLLATE \"C\" = ANY({list}))")
        }
        Form::Native | Form::Real => format!("{bare} = ANY({list})"),
    }
}

/// A condition that each column equals its value.
pub(super) fn all_equal(columns: &[Column<'_>], values: &[String]) -> String {
    let conditions: Vec<String> = columns.iter().zip(values).map(|(column, value)| equal(*column, value)).collect();
    conditions.join(" AND ")
}
