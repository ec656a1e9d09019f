//! One file, or one sheet of it, as named columns.
//!
//! In: a file. Out: its content, whatever its format. *Invariant*: a file that changes while it is read is not taken.

use std::fs::File;
use std::io::Read;

use arrow_array::ArrayRef;
use lilong_schema::{Field, Scalar};

use super::column::Column;
use super::encoding::decode;
use super::format::Format;
use super::infer::Seen;
use super::location::{self, Found, Stamp};
use super::obstacle::Obstacle;
use super::parquet::{self, Typed};
use super::settings::Settings;
use super::sheet::{Cell, Flaw, Sheet};
use super::workbook::Workbook;
use super::{csv, ndjson};
use crate::evaluate::canonical_texts;

/// A file as it was read, not yet taken apart.
pub(super) enum Opened {
    /// A file that is one collection.
    Whole(Format, Vec<u8>),
    /// A workbook.
    Workbook(Box<Workbook>),
}

/// The rows of a collection, or of a part of it.
pub(super) struct Content {
    /// The file, and the sheet if it has some; for messages.
    pub(super) label: String,
    /// The file alone.
    pub(super) file: String,
    /// What a row's number is called.
    word: &'static str,
    cells: Cells,
    is_json: bool,
}

enum Cells {
    Open(Sheet),
    Typed(Typed),
}

/// Reads a file, and says what it was.
pub(super) fn open(settings: &Settings, found: &Found) -> Result<(Opened, Stamp), Obstacle> {
    let stamp = location::stamp(settings, &found.path)?;
    let mut file = File::open(&found.path)?;
    let metadata = file.metadata()?;
    location::check(settings, &metadata)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    Read::by_ref(&mut file).take(settings.file_bytes + 1).read_to_end(&mut bytes)?;
    let after = location::stamp_of(&file.metadata()?);
    if after != stamp || bytes.len() as u64 != metadata.len() {
        return Err(Obstacle::Changed);
    }
    let format = settings.format.or_else(|| Format::of_name(&found.path)).ok_or(Obstacle::UnknownFormat)?;
    format.check(&bytes)?;
    let opened = match format {
        Format::Workbook => Opened::Workbook(Box::new(Workbook::open(bytes, settings.table_bytes)?)),
        format => Opened::Whole(format, bytes),
    };
    Ok((opened, stamp))
}

impl Opened {
    /// The content: of a file as a whole, or of a sheet; of the first one that is visible if none is named.
    pub(super) fn content(
        &mut self,
        settings: &Settings,
        found: &Found,
        sheet: Option<&str>,
    ) -> Result<Content, Obstacle> {
        let most = settings.table_bytes;
        let label = found.name.clone();
        let (label, word, sheet, is_json) = match self {
            Opened::Workbook(workbook) => {
                let name = match sheet {
                    Some(name) => name.to_owned(),
                    None => workbook.visible().into_iter().next().ok_or(Obstacle::Empty)?,
                };
                let mut sheet = workbook.read(&name, settings)?;
                sheet.head(settings, "row")?;
                (format!("{label}, sheet {name}"), "row", sheet, false)
            }
            Opened::Whole(Format::Parquet, bytes) => {
                let cells = Cells::Typed(parquet::read(std::mem::take(bytes), most)?);
                return Ok(Content { file: label.clone(), label, word: "row", cells, is_json: false });
            }
            Opened::Whole(format, bytes) => {
                let decoded = decode(bytes, settings.encoding)?;
                if decoded.text.trim().is_empty() {
                    return Err(Obstacle::Empty);
                }
                let is_json = *format == Format::Ndjson;
                let mut sheet = if is_json {
                    ndjson::read(&decoded.text, most)?
                } else {
                    let mut sheet = csv::read(&decoded.text, settings, most)?;
                    sheet.head(settings, "line")?;
                    sheet
                };
                if let Some(guessed) = decoded.guessed {
                    sheet.warnings.push(format!("it is read as {guessed}: say so by `encoding`"));
                }
                (label, "line", sheet, is_json)
            }
        };
        Ok(Content { label, file: found.name.clone(), word, cells: Cells::Open(sheet), is_json })
    }
}

impl Content {
    /// How many rows there are.
    pub(super) fn height(&self) -> usize {
        match &self.cells {
            Cells::Open(sheet) => sheet.height(),
            Cells::Typed(typed) => typed.rows,
        }
    }

    /// What was found odd while it was read, each with the file.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warnings = match &self.cells {
            Cells::Open(sheet) => &sheet.warnings,
            Cells::Typed(typed) => &typed.warnings,
        };
        warnings.iter().map(|warning| format!("{}: {warning}", self.label)).collect()
    }

    /// The names of its columns, those without header and values left aside.
    pub(super) fn names(&self) -> Vec<String> {
        match &self.cells {
            Cells::Open(sheet) => {
                let kept = (0..sheet.names.len()).filter(|column| !sheet.is_hollow(*column));
                kept.map(|column| sheet.names[column].clone()).collect()
            }
            Cells::Typed(typed) => typed.fields.iter().map(|field| field.name.clone()).collect(),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        match &self.cells {
            Cells::Open(sheet) => sheet.names.iter().position(|column| column == name),
            Cells::Typed(typed) => typed.fields.iter().position(|field| field.name == name),
        }
    }

    /// The scalar that a column has by itself, where the file tells.
    pub(super) fn typed(&self, name: &str) -> Option<&Field> {
        match &self.cells {
            Cells::Open(_) => None,
            Cells::Typed(typed) => typed.fields.iter().find(|field| field.name == name),
        }
    }

    /// Looks at the values of a column.
    pub(super) fn look(&self, name: &str, seen: &mut Seen) {
        if let (Cells::Open(sheet), Some(column)) = (&self.cells, self.position(name)) {
            seen.look(sheet, column);
        }
    }

    /// A column as a scalar, and the rows whose cell is no value of it, each with the reason. `None`: there is no such
    /// column.
    pub(super) fn column(&self, name: &str, scalar: Scalar, loosely: bool) -> Option<(ArrayRef, Vec<(usize, Flaw)>)> {
        let position = self.position(name)?;
        let mut bad = Vec::new();
        let height = self.height();
        let mut column = Column::new(scalar, loosely, self.is_json, height);
        match &self.cells {
            Cells::Open(sheet) => {
                for row in 0..height {
                    let cell = sheet.cell(row, position);
                    if !column.push(cell) {
                        bad.push((row, if let Cell::Bad(flaw) = cell { flaw } else { Flaw::Form(scalar) }));
                    }
                }
            }
            Cells::Typed(typed) if typed.fields[position].scalar == scalar => {
                return Some((typed.columns[position].clone(), typed.bad[position].clone()));
            }
            Cells::Typed(typed) => {
                let texts = canonical_texts(&typed.columns[position], typed.fields[position].scalar).ok()?;
                for (row, text) in texts.iter().enumerate() {
                    if !column.push(text.map_or(Cell::Empty, Cell::Written)) {
                        bad.push((row, Flaw::Form(scalar)));
                    }
                }
            }
        }
        Some((column.finish(), bad))
    }

    /// Where a row stands: `complaints.csv, line 17`.
    pub(super) fn place(&self, row: usize) -> String {
        let number = match &self.cells {
            Cells::Open(sheet) => sheet.line(row),
            Cells::Typed(_) => row + 1,
        };
        format!("{}, {} {number}", self.label, self.word)
    }
}
