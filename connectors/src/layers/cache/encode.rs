//! Rows as bytes, and back.
//!
//! In: rows of a fetch. Out: a run of bytes for some of them, in `arrow-row` form, that holds nothing of the batch they
//! stood in. *Invariant*: what is read is what was written, faults included; bytes of another version are not read.
//!
//! Version, number of rows, number of faults (`u32`); a row and a column (`u32`) for each fault; a length (`u32`) and its
//! bytes for each row. All numbers are little-endian.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{ArrowError, SchemaRef};

use crate::{CellFault, Fetch, Rows};

/// What the first byte says; another one where the form changes.
const VERSION: u8 = 1;

/// The form of the rows of a fetch.
pub(super) struct Form {
    schema: SchemaRef,
    /// `None`: rows without columns.
    converter: Option<RowConverter>,
}

/// Rows in the form's bytes, one by one.
pub(super) struct Written<'a> {
    rows: Option<arrow_row::Rows>,
    faults: &'a [CellFault],
    width: usize,
}

impl Form {
    /// The form of a fetch's answer.
    pub(super) fn of(fetch: &Fetch) -> Result<Self, ArrowError> {
        let schema = fetch.schema();
        let fields: Vec<_> = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = if fields.is_empty() { None } else { Some(RowConverter::new(fields)?) };
        Ok(Self { schema, converter })
    }

    /// All rows; their faults stand in the order of rows. Columns that the form does not have are left out.
    pub(super) fn write<'a>(&self, rows: &'a Rows) -> Result<Written<'a>, ArrowError> {
        let columns = rows.batch.columns().get(..self.schema.fields().len()).unwrap_or_default();
        let converted = self.converter.as_ref().map(|converter| converter.convert_columns(columns)).transpose()?;
        Ok(Written { rows: converted, faults: &rows.faults, width: columns.len() })
    }

    /// The rows of several runs, one after the other; `None` if one is not of this version.
    pub(super) fn read<'a>(&self, runs: impl Iterator<Item = &'a [u8]>) -> Result<Option<Rows>, ArrowError> {
        let (mut count, mut faults, mut parsed) = (0, Vec::new(), Vec::new());
        let parser = self.converter.as_ref().map(RowConverter::parser);
        for run in runs {
            let mut reader = Reader(run);
            if reader.take(1) != Some(&[VERSION]) {
                return Ok(None);
            }
            let (Some(rows), Some(bad)) = (reader.number(), reader.number()) else {
                return Ok(None);
            };
            for _ in 0..bad {
                let (Some(row), Some(column)) = (reader.number(), reader.number()) else {
                    return Ok(None);
                };
                faults.push(CellFault { row: row + count, column });
            }
            for _ in 0..rows {
                let Some(row) = reader.number().and_then(|length| reader.take(length)) else {
                    return Ok(None);
                };
                parsed.extend(parser.as_ref().map(|parser| parser.parse(row)));
            }
            count += rows;
        }
        let columns = match &self.converter {
            Some(converter) => converter.convert_rows(parsed)?,
            None => Vec::new(),
        };
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        Ok(Some(Rows { batch, faults }))
    }
}

impl Written<'_> {
    /// A run of some rows, in the order given.
    pub(super) fn run(&self, rows: &[u32]) -> Arc<[u8]> {
        let mut out = vec![VERSION];
        let mut faults = Vec::new();
        for (new, old) in rows.iter().enumerate().filter(|_| !self.faults.is_empty()) {
            let start = self.faults.partition_point(|fault| fault.row < *old as usize);
            let own = self.faults[start..].iter().take_while(|fault| fault.row == *old as usize);
            faults.extend(own.filter(|fault| fault.column < self.width).map(|fault| (new, fault.column)));
        }
        put(rows.len(), &mut out);
        put(faults.len(), &mut out);
        for (row, column) in faults {
            put(row, &mut out);
            put(column, &mut out);
        }
        for row in rows {
            let row = self.rows.as_ref().map(|rows| rows.row(*row as usize));
            let bytes = row.as_ref().map_or(&[][..], |row| row.data());
            put(bytes.len(), &mut out);
            out.extend_from_slice(bytes);
        }
        out.into()
    }
}

/// A run of no rows.
pub(super) fn nothing() -> Arc<[u8]> {
    let mut out = vec![VERSION];
    put(0, &mut out);
    put(0, &mut out);
    out.into()
}

fn put(number: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(number as u32).to_le_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes) as usize)
    }
}
