//! Outputs: how the fields of an answer are written.

use std::collections::HashSet;

use lilong_schema::Scalar;
use lilong_schema::federated::SourceId;

use super::{Output, OutputValue};
use crate::json;
use crate::operation::Field;

/// A cell.
#[derive(Debug)]
pub struct Cell {
    /// The column of the batch.
    pub column: usize,
    /// What the cell is.
    pub scalar: Scalar,
    /// Digits after the point of a decimal.
    pub scale: usize,
    /// The values of an enum; another one cannot be represented.
    pub values: Option<HashSet<String>>,
    /// Whether null empties the row.
    pub non_null: bool,
    /// Where its value comes from, if that is beyond a link of the row.
    pub source: Option<SourceId>,
}

/// A field of `_sources`.
#[derive(Debug)]
pub struct SourceOutput {
    /// `"key":`
    pub prefix: Box<[u8]>,
    /// Which.
    pub field: SourceField,
}

/// The fields of `Source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // as in the schema
pub enum SourceField {
    Typename,
    Name,
    Title,
    Connector,
    State,
    Collections,
}

pub(super) fn source_output(field: &Field) -> SourceOutput {
    SourceOutput {
        prefix: prefix(&field.key),
        field: match &*field.name {
            "name" => SourceField::Name,
            "title" => SourceField::Title,
            "connector" => SourceField::Connector,
            "state" => SourceField::State,
            "collections" => SourceField::Collections,
            _ => SourceField::Typename,
        },
    }
}

pub(super) fn output(field: &Field, value: OutputValue) -> Output {
    Output { key: field.key.clone(), prefix: prefix(&field.key), value }
}

pub(super) fn prefix(key: &str) -> Box<[u8]> {
    let mut out = Vec::with_capacity(key.len() + 3);
    json::write_string(key, &mut out);
    out.push(b':');
    out.into()
}

pub(super) fn text_constant(text: &str) -> OutputValue {
    OutputValue::Constant(text_constant_bytes(text))
}

pub(super) fn text_constant_bytes(text: &str) -> Box<[u8]> {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::write_string(text, &mut out);
    out.into()
}
