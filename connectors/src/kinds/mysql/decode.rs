//! From the driver's rows to Arrow batches, by a decoder chosen once for each column of a result.
//!
//! In: the raw bytes of the binary protocol
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>). Out: [`Rows`].
//! *Invariant*: a cell that is not of its column's scalar is null and has its [`CellFault`]; it is never turned into
//! another value. The type that the server sends counts, not the one that was described.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use chrono::NaiveDate;
use lilong_schema::{Field, Scalar, temporal, value::canonical_decimal};
use sqlx::mysql::{MySql, MySqlRow};
use sqlx::{Column, Decode, Row, TypeInfo};

use super::storage::{self, Storage};
use crate::sql::column::Cells;
use crate::sql::single::shown;
use crate::{CellFault, Rows};

const DAY: i64 = 86_400_000_000;
/// 1970-01-01, counted from 0001-01-01 as day 1.
const EPOCH: i32 = 719_163;

/// What a column is to become.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    scalar: Scalar,
    /// Digits of a `BIT(n)`.
    bits: usize,
    /// Whether the bytes are a set's values, joined by commas.
    set: bool,
}

impl Decoder {
    /// For a field as it was described.
    pub(super) fn of(field: &Field) -> Self {
        let bits = match Storage::of(field) {
            Storage::Bits(bits) => bits,
            _ => 0,
        };
        Self { scalar: field.scalar, bits, set: storage::word(&field.native) == "set" }
    }
}

/// What the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Signed,
    Unsigned,
    Single,
    Double,
    Decimal,
    Date,
    Time,
    Moment,
    Bits,
    Bytes,
}

/// The wire types of a row's columns.
pub(super) fn wires(row: &MySqlRow) -> Vec<Wire> {
    row.columns()
        .iter()
        .map(|column| match column.type_info().name() {
            "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
            | "YEAR" => Wire::Unsigned,
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Wire::Signed,
            "FLOAT" => Wire::Single,
            "DOUBLE" => Wire::Double,
            "DECIMAL" => Wire::Decimal,
            "DATE" => Wire::Date,
            "TIME" => Wire::Time,
            "DATETIME" | "TIMESTAMP" => Wire::Moment,
            "BIT" => Wire::Bits,
            _ => Wire::Bytes,
        })
        .collect()
}

/// A batch while it is filled.
pub(super) struct Batch {
    schema: SchemaRef,
    columns: Vec<(Decoder, Cells)>,
    faults: Vec<CellFault>,
    rows: usize,
    bytes: usize,
    scratch: String,
}

impl Batch {
    /// An empty batch with room for `capacity` rows.
    pub(super) fn new(schema: &SchemaRef, decoders: &[Decoder], capacity: usize) -> Self {
        let columns = decoders.iter().zip(schema.fields());
        let columns =
            columns.map(|(decoder, field)| (decoder.clone(), Cells::new(field.data_type(), capacity))).collect();
        Self { schema: schema.clone(), columns, faults: vec![], rows: 0, bytes: 0, scratch: String::new() }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes its cells take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &MySqlRow, wires: &[Wire]) -> sqlx::Result<()> {
        for (column, (decoder, cells)) in self.columns.iter_mut().enumerate() {
            let raw = row.try_get_raw(column)?;
            // The driver calls zero dates null; the bytes of one are there all the same.
            let Ok(bytes) = <&[u8] as Decode<MySql>>::decode(raw) else {
                cells.push_null();
                continue;
            };
            self.bytes += bytes.len();
            let wire = wires.get(column).copied().unwrap_or(Wire::Bytes);
            if push(cells, bytes, wire, decoder, &mut self.scratch).is_none() {
                cells.push_null();
                self.faults.push(CellFault { column, row: self.rows });
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The batch.
    pub(super) fn finish(self) -> Result<Rows, ArrowError> {
        let columns = self.columns.into_iter().map(|(_, cells)| cells.finish());
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema, columns, &options)?;
        Ok(Rows { batch, faults: self.faults })
    }
}

/// An integer of any width, least byte first.
fn integer(bytes: &[u8], wire: Wire) -> Option<i128> {
    Some(match (wire, bytes.len()) {
        (Wire::Signed, 1) => i8::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Signed, 2) => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Signed, 4) => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Signed, 8) => i64::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Unsigned, 1) => bytes[0].into(),
        (Wire::Unsigned, 2) => u16::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Unsigned, 4) => u32::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Unsigned, 8) => u64::from_le_bytes(bytes.try_into().ok()?).into(),
        (Wire::Bits, 1..=8) => bytes.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte)),
        (Wire::Decimal | Wire::Bytes, _) => {
            let text = std::str::from_utf8(bytes).ok()?;
            let number: i128 = text.parse().ok()?;
            (number.to_string() == text).then_some(number)?
        }
        _ => return None,
    })
}

fn float(bytes: &[u8], wire: Wire) -> Option<f64> {
    let number = match wire {
        Wire::Single => shown(f32::from_le_bytes(bytes.try_into().ok()?)),
        Wire::Double => f64::from_le_bytes(bytes.try_into().ok()?),
        Wire::Signed | Wire::Unsigned => integer(bytes, wire)? as f64,
        Wire::Decimal | Wire::Bytes => std::str::from_utf8(bytes).ok()?.parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Days of the first bytes of a date; a date that no calendar has is none.
fn days(bytes: &[u8]) -> Option<i32> {
    use chrono::Datelike;
    let [low, high, month, day] = *bytes.get(1..5)? else {
        return None;
    };
    let year = u16::from_le_bytes([low, high]);
    let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?;
    (year > 0).then(|| date.num_days_from_ce() - EPOCH)
}

/// Microseconds since midnight of the bytes of a time of day.
fn clock(bytes: &[u8]) -> Option<i64> {
    let (clock, fraction) = bytes.split_at_checked(3)?;
    let micros = match fraction {
        [] => 0,
        fraction => u32::from_le_bytes(fraction.try_into().ok()?).into(),
    };
    let seconds = i64::from(clock[0]) * 3_600 + i64::from(clock[1]) * 60 + i64::from(clock[2]);
    Some(seconds * 1_000_000 + micros)
}

fn moment(bytes: &[u8]) -> Option<i64> {
    let midnight = i64::from(days(bytes)?) * DAY;
    match bytes.get(5..)? {
        [] => Some(midnight),
        rest => Some(midnight + clock(rest)?),
    }
}

/// A `TIME` that is one of a day.
fn time(bytes: &[u8]) -> Option<i64> {
    match bytes.get(1..)? {
        [] => Some(0),
        [0, 0, 0, 0, 0, rest @ ..] => clock(rest).filter(|micros| *micros < DAY),
        _ => None,
    }
}

/// 16 bytes, or a text of 32 digits with or without hyphens, as a UUID in lower case.
fn uuid(bytes: &[u8], out: &mut String) -> Option<()> {
    let digits: Vec<u8> = if bytes.len() == 16 {
        bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
    } else {
        let text = std::str::from_utf8(bytes).ok()?;
        let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
        if !hyphens.is_empty() && hyphens != [8, 13, 18, 23] {
            return None;
        }
        text.chars().filter(|char| *char != '-').map(|char| Some(char.to_digit(16)? as u8)).collect::<Option<_>>()?
    };
    if digits.len() != 32 {
        return None;
    }
    for (at, digit) in digits.into_iter().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(char::from_digit(digit.into(), 16)?);
    }
    Some(())
}

/// Adds a cell; `None`: it is not of the scalar, and nothing was added.
fn push(cells: &mut Cells, bytes: &[u8], wire: Wire, decoder: &Decoder, scratch: &mut String) -> Option<()> {
    let text = || std::str::from_utf8(bytes).ok();
    let parsed = || text().filter(|_| wire == Wire::Bytes);
    match cells {
        Cells::Boolean(cells) => match integer(bytes, wire)? {
            0 => cells.append_value(false),
            1 => cells.append_value(true),
            _ => return None,
        },
        Cells::Int(cells) => cells.append_value(integer(bytes, wire)?.try_into().ok()?),
        Cells::BigInt(cells) => cells.append_value(integer(bytes, wire)?.try_into().ok()?),
        Cells::Unsigned(cells) => cells.append_value(integer(bytes, wire)?.try_into().ok()?),
        Cells::Float(cells) => cells.append_value(float(bytes, wire)?),
        Cells::Bytes(cells) => match wire {
            Wire::Bytes | Wire::Bits => cells.append_value(bytes),
            _ => return None,
        },
        Cells::Date(cells) => cells.append_value(match wire {
            Wire::Date => days(bytes)?,
            _ => temporal::parse_date(parsed()?)?,
        }),
        Cells::Time(cells) => cells.append_value(match wire {
            Wire::Time => time(bytes)?,
            _ => temporal::parse_time(parsed()?)?,
        }),
        Cells::Moment(cells) => cells.append_value(match (wire, decoder.scalar) {
            (Wire::Moment | Wire::Date, _) => moment(bytes)?,
            (_, Scalar::DateTime) => {
                let text = parsed()?;
                temporal::parse_instant(text).or_else(|| temporal::parse_local(text))?
            }
            _ => temporal::parse_local(parsed()?)?,
        }),
        Cells::Text(cells) => match decoder.scalar {
            // What is made of bits is a number.
            Scalar::String
                if wire == Wire::Bits || decoder.bits > 0 && matches!(wire, Wire::Signed | Wire::Unsigned) =>
            {
                let number = integer(bytes, wire)?;
                cells.append_value(format!("{number:0width$b}", width = decoder.bits));
            }
            Scalar::String | Scalar::Enum if wire == Wire::Bytes => cells.append_value(text()?),
            Scalar::Decimal if wire == Wire::Decimal => cells.append_value(canonical_decimal(text()?)?),
            Scalar::Decimal if matches!(wire, Wire::Signed | Wire::Unsigned) => {
                cells.append_value(integer(bytes, wire)?.to_string());
            }
            Scalar::Uuid if wire == Wire::Bytes => {
                scratch.clear();
                uuid(bytes, scratch)?;
                cells.append_value(&*scratch);
            }
            Scalar::Json if decoder.set => {
                let text = text()?;
                let values: Vec<&str> = text.split(',').filter(|value| !value.is_empty()).collect();
                cells.append_value(serde_json::to_string(&values).ok()?);
            }
            Scalar::Json if wire == Wire::Bytes => {
                let text = text()?;
                serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
                cells.append_value(text);
            }
            _ => return None,
        },
    }
    Some(())
}
