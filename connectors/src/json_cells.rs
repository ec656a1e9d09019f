//! From JSON values to the cells of a batch, by a decoder chosen once for each column.
//!
//! In: parsed JSON. Out: [`Rows`]. *Invariant*: a value that is not of its column's scalar is null and has its
//! [`CellFault`]; it is never turned into another value.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::REQUIRED;
use lilong_schema::value::{canonical_decimal, canonical_uuid};
use lilong_schema::{Field, Scalar, SourceDescription, Value, temporal};
use serde_json::Value as Json;

use crate::describing;
use crate::sql::column::Cells;
use crate::{CellFault, Rows};

/// The detail of a field that lists the values its enum has, with commas between them.
pub(crate) const VALUES: &str = "values";

/// How the cells of one column are read.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    scalar: Scalar,
    /// Of an enum: the values there are.
    values: Vec<String>,
    /// Whether the source promised that there is no null.
    required: bool,
    /// Whether a whole number may stand for its digits.
    digits: bool,
}

impl Decoder {
    /// The decoder of a field; of one whose native type is GraphQL's `ID` numbers are taken by their digits.
    pub(crate) fn of(field: &Field) -> Self {
        let values = field.details.get(VALUES).map(|values| values.split(',').map(str::to_owned).collect());
        Self {
            scalar: field.scalar,
            values: values.unwrap_or_default(),
            required: field.details.contains_key(REQUIRED),
            digits: field.native.trim_end_matches('!') == "ID",
        }
    }
}

/// A batch while it is filled.
pub(crate) struct Filling {
    schema: SchemaRef,
    columns: Vec<(Decoder, Cells)>,
    faults: Vec<CellFault>,
    rows: usize,
}

impl Filling {
    /// An empty batch with room for some rows.
    pub(crate) fn new(schema: &SchemaRef, decoders: &[Decoder], capacity: usize) -> Self {
        let columns = decoders.iter().zip(schema.fields());
        let columns = columns.map(|(decoder, field)| (decoder.clone(), Cells::new(field.data_type(), capacity)));
        Self { schema: schema.clone(), columns: columns.collect(), faults: Vec::new(), rows: 0 }
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row: for each column its value, nothing being null, or that the source could not tell it.
    pub(crate) fn push<'a>(&mut self, mut cell: impl FnMut(usize) -> Result<Option<&'a Json>, Untold>) {
        for (column, (decoder, cells)) in self.columns.iter_mut().enumerate() {
            let good = match cell(column) {
                Ok(None | Some(Json::Null)) => {
                    cells.push_null();
                    !decoder.required
                }
                Ok(Some(value)) => {
                    push(cells, decoder, value).is_some() || {
                        cells.push_null();
                        false
                    }
                }
                Err(Untold) => {
                    cells.push_null();
                    false
                }
            };
            if !good {
                self.faults.push(CellFault { column, row: self.rows });
            }
        }
        self.rows += 1;
    }

    /// The batch.
    pub(crate) fn finish(self) -> Result<Rows, ArrowError> {
        let columns = self.columns.into_iter().map(|(_, cells)| cells.finish());
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema, columns, &options)?;
        Ok(Rows { batch, faults: self.faults })
    }
}

/// Whether a value has one form only, so that a service that compares forms finds every row that has it: `1.5` and `1.50` are
/// one decimal, and an instant can be written with any offset.
pub(crate) fn has_one_form(scalar: Scalar) -> bool {
    match scalar {
        Scalar::Int
        | Scalar::BigInt
        | Scalar::Unsigned
        | Scalar::Boolean
        | Scalar::String
        | Scalar::Date
        | Scalar::Uuid
        | Scalar::Enum => true,
        Scalar::Float
        | Scalar::Decimal
        | Scalar::Time
        | Scalar::LocalDateTime
        | Scalar::DateTime
        | Scalar::Json
        | Scalar::Bytes => false,
    }
}

/// Whether there is only one way to order values, so that a service finds every row beyond one: texts have many, and what a
/// service rounds to a `Float` may lie on its other side.
pub(crate) fn has_one_order(scalar: Scalar) -> bool {
    match scalar {
        Scalar::Int
        | Scalar::BigInt
        | Scalar::Unsigned
        | Scalar::Decimal
        | Scalar::Date
        | Scalar::Time
        | Scalar::LocalDateTime
        | Scalar::DateTime => true,
        Scalar::Float
        | Scalar::Boolean
        | Scalar::String
        | Scalar::Uuid
        | Scalar::Enum
        | Scalar::Json
        | Scalar::Bytes => false,
    }
}

/// Gives columns the scalars that the catalog tells: any that a JSON value may be read as.
pub(crate) fn override_types(description: &mut SourceDescription, settings: &SourceSettings) {
    describing::give_types(description, settings, |field, entry| {
        field.scalar = entry.scalar;
        field.enumeration = None;
        // What the service's own type could be compared by does not fit another one.
        field.details.retain(|detail, _| [REQUIRED, "path", "select"].contains(&detail.as_str()));
        None
    });
}

/// The source said of a cell that it cannot tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untold;

/// Adds a value; `None`, and nothing is added: it is not of the scalar.
fn push(cells: &mut Cells, decoder: &Decoder, value: &Json) -> Option<()> {
    match (cells, value) {
        (Cells::Boolean(cells), Json::Bool(value)) => cells.append_value(*value),
        (Cells::Int(cells), Json::Number(number)) => cells.append_value(whole(&number.to_string())?.try_into().ok()?),
        (Cells::BigInt(cells), Json::Number(number)) => cells.append_value(whole(&number.to_string())?),
        (Cells::BigInt(cells), Json::String(text)) => cells.append_value(whole(text)?),
        (Cells::Unsigned(cells), Json::Number(number)) => cells.append_value(number.to_string().parse().ok()?),
        (Cells::Unsigned(cells), Json::String(text)) => cells.append_value(text.parse().ok()?),
        (Cells::Float(cells), Json::Number(number)) => {
            cells.append_value(number.as_f64().filter(|number| number.is_finite())?);
        }
        (Cells::Text(cells), value) => match (decoder.scalar, value) {
            (Scalar::Json, value) => cells.append_value(value.to_string()),
            (Scalar::String, Json::String(text)) => cells.append_value(text),
            (Scalar::String, Json::Number(number)) if decoder.digits => {
                cells.append_value(whole(&number.to_string())?.to_string());
            }
            (Scalar::Enum, Json::String(text)) if decoder.values.contains(text) => cells.append_value(text),
            (Scalar::Decimal, Json::String(text)) => cells.append_value(canonical_decimal(text)?),
            (Scalar::Decimal, Json::Number(number)) => cells.append_value(canonical_decimal(&number.to_string())?),
            (Scalar::Uuid, Json::String(text)) => cells.append_value(canonical_uuid(text)?),
            _ => return None,
        },
        (Cells::Bytes(cells), Json::String(text)) => cells.append_value(STANDARD.decode(text).ok()?),
        (Cells::Date(cells), Json::String(text)) => cells.append_value(temporal::parse_date(text)?),
        (Cells::Time(cells), Json::String(text)) => cells.append_value(temporal::parse_time(text)?),
        (Cells::Moment(cells), Json::String(text)) => match decoder.scalar {
            Scalar::DateTime => cells.append_value(temporal::parse_instant(text)?),
            _ => cells.append_value(temporal::parse_local(text)?),
        },
        _ => return None,
    }
    Some(())
}

/// A whole number by its digits; neither `1.0` nor `1e3` nor `01` is one.
fn whole(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// A value as a service takes it: numbers as numbers, but as text where the service's type is one of text.
pub(crate) fn to_json(value: &Value, as_text: bool) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(*value),
        Value::Integer(_) | Value::Decimal(_) if as_text => Json::String(value.to_string()),
        Value::Integer(_) => number(&value.to_string()),
        Value::Float(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::List(items) => Json::Array(items.iter().map(|item| to_json(item, as_text)).collect()),
        Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::LocalDateTime(_)
        | Value::DateTime(_) => Json::String(value.to_string()),
    }
}

fn number(digits: &str) -> Json {
    digits.parse().map_or_else(|_| Json::String(digits.to_owned()), Json::Number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_array::Array;
    use serde_json::json;

    use super::*;
    use crate::rows::arrow_type;

    fn field(scalar: Scalar) -> Field {
        Field { details: BTreeMap::from([(VALUES.to_owned(), "RED,BLUE".to_owned())]), ..Field::new("a", scalar) }
    }

    /// Whether a value is of a scalar.
    fn takes(scalar: Scalar, value: &Json) -> bool {
        let schema = arrow_schema::Schema::new(vec![arrow_schema::Field::new("a", arrow_type(scalar), true)]);
        let mut filling = Filling::new(&schema.into(), &[Decoder::of(&field(scalar))], 1);
        filling.push(|_| Ok(Some(value)));
        let rows = filling.finish().unwrap();
        assert_eq!(rows.batch.column(0).is_null(0), !rows.faults.is_empty(), "a null has its fault");
        rows.faults.is_empty()
    }

    #[test]
    fn a_value_that_is_not_of_its_scalar_is_a_fault() {
        let beyond: Json = serde_json::from_str("9223372036854775808").unwrap();
        let huge: Json = serde_json::from_str("1e400").unwrap();
        for (scalar, good, bad) in [
            (
                Scalar::Int,
                vec![json!(1), json!(-2_147_483_648)],
                vec![json!(2_147_483_648_i64), json!(1.5), json!("1")],
            ),
            (Scalar::BigInt, vec![json!(1), json!("-9223372036854775808")], vec![beyond, json!("1.0"), json!(true)]),
            (Scalar::Float, vec![json!(1), json!(0.5)], vec![huge, json!("0.5")]),
            (Scalar::Decimal, vec![json!("1.50"), json!(1.5)], vec![json!("x"), json!([])]),
            (Scalar::Boolean, vec![json!(true)], vec![json!(1), json!("true")]),
            (Scalar::String, vec![json!("")], vec![json!(1), json!({}), json!(["a"])]),
            (Scalar::Date, vec![json!("2026-03-01")], vec![json!("2026-02-30"), json!("2026-03-01T00:00:00Z")]),
            (Scalar::Time, vec![json!("13:30:00")], vec![json!("25:00:00")]),
            (Scalar::DateTime, vec![json!("2026-03-01T13:30:00+01:00")], vec![json!("2026-03-01T13:30:00"), json!(0)]),
            (Scalar::LocalDateTime, vec![json!("2026-03-01T13:30:00")], vec![json!("2026-03-01")]),
            (Scalar::Uuid, vec![json!("00000000-0000-0000-0000-00000000000A")], vec![json!("0000")]),
            (Scalar::Bytes, vec![json!("AAE=")], vec![json!("?")]),
            (Scalar::Json, vec![json!({"a": [1]}), json!("x")], vec![]),
            (Scalar::Enum, vec![json!("RED")], vec![json!("GREEN"), json!("red"), json!(0)]),
        ] {
            let values = good.iter().map(|value| (value, true)).chain(bad.iter().map(|value| (value, false)));
            for (value, is_good) in values {
                assert_eq!(takes(scalar, value), is_good, "{scalar:?} {value}");
            }
        }
    }

    #[test]
    fn a_null_that_was_ruled_out_is_a_fault() {
        let mut field = field(Scalar::String);
        field.details.insert(REQUIRED.to_owned(), "true".to_owned());
        let schema = arrow_schema::Schema::new(vec![arrow_schema::Field::new("a", arrow_type(Scalar::String), true)]);
        let mut filling = Filling::new(&schema.into(), &[Decoder::of(&field)], 1);
        filling.push(|_| Ok(None));
        assert_eq!(filling.finish().unwrap().faults, [CellFault { column: 0, row: 0 }]);
    }
}
