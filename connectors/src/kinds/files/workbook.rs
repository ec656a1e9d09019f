//! Workbooks: XLSX, XLS and ODS, by calamine.
//!
//! In: a file's bytes. Out: the cells of a sheet, where they stand. *Invariant*: nothing is inflated or held beyond its
//! bound; an error in a cell stays that cell's; a cell under a merged one has its value.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

use calamine::{
    CellErrorType, Data, DataRef, Dimensions, ExcelDateTime, Ods, OdsError, Reader, Sheet as Listed, SheetType,
    SheetVisible, Xls, XlsError, Xlsx, XlsxError,
};
use lilong_schema::temporal::MICROS_PER_DAY;

use super::merged;
use super::obstacle::Obstacle;
use super::settings::{Settings, TABLE_BYTES};
use super::sheet::{Cell, Flaw, Sheet};
use super::value;

/// A workbook whose sheets can be read.
pub(super) struct Workbook {
    book: Book,
    most: usize,
}

enum Book {
    Xlsx(Xlsx<Cursor<Vec<u8>>>),
    Xls(Xls<Cursor<Vec<u8>>>),
    /// With the merged regions of each sheet.
    Ods(Ods<Cursor<Vec<u8>>>, BTreeMap<String, Vec<Dimensions>>),
}

/// A cell by itself.
#[derive(Clone)]
enum Kept {
    Text(String),
    Plain(Cell<'static>),
}

/// Cells by row and column, counted from 0.
struct Grid {
    cells: BTreeMap<(u32, u32), Kept>,
    held: usize,
    most: usize,
}

impl Workbook {
    /// Opens a workbook; `most` bytes once it is inflated.
    pub(super) fn open(bytes: Vec<u8>, most: usize) -> Result<Self, Obstacle> {
        let book = if bytes.starts_with(b"PK") {
            match inflate(&bytes, most)? {
                Archive::Xlsx => Book::Xlsx(Xlsx::new(Cursor::new(bytes)).map_err(of_xlsx)?),
                Archive::Ods => {
                    let merged = merged::regions(&bytes);
                    let book = Ods::new(Cursor::new(bytes)).map_err(|error| match error {
                        OdsError::Password => Obstacle::Protected,
                        error => Obstacle::Broken(Box::new(error)),
                    })?;
                    // One that asks for a password has no readable content.
                    Book::Ods(book, merged?)
                }
            }
        } else {
            let marker: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            if bytes.windows(marker.len()).any(|window| window == marker) {
                return Err(Obstacle::Protected);
            }
            Book::Xls(Xls::new(Cursor::new(bytes)).map_err(|error| match error {
                XlsError::Password => Obstacle::Protected,
                error => Obstacle::Broken(Box::new(error)),
            })?)
        };
        Ok(Self { book, most })
    }

    /// The names of the sheets that are not hidden, in their order.
    pub(super) fn visible(&self) -> Vec<String> {
        let shown = |sheet: &&Listed| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
        self.listed().iter().filter(shown).map(|sheet| sheet.name.clone()).collect()
    }

    fn listed(&self) -> &[Listed] {
        match &self.book {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xls(book) => book.sheets_metadata(),
            Book::Ods(book, _) => book.sheets_metadata(),
        }
    }

    /// The rows of a sheet.
    pub(super) fn read(&mut self, name: &str, settings: &Settings) -> Result<Sheet, Obstacle> {
        if !self.listed().iter().any(|sheet| sheet.name == name) {
            return Err(Obstacle::NoSheet(name.to_owned()));
        }
        let mut grid = Grid { cells: BTreeMap::new(), held: 0, most: self.most };
        let merged = match &mut self.book {
            Book::Xlsx(book) => {
                let is_1904 = book.has_1904_epoch();
                let merged = book.merge_cells_by_sheet_name(name).map_err(of_xlsx)?;
                let mut reader = book.worksheet_cells_reader(name).map_err(of_xlsx)?;
                while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(of_xlsx)? {
                    let is_calculated = cell.formula.is_none() || cell.value != DataRef::Empty;
                    let kept = if is_calculated {
                        kept(cell.value.into(), is_1904)
                    } else {
                        Some(Kept::Plain(Cell::Bad(Flaw::NotCalculated)))
                    };
                    grid.put(cell.pos, kept)?;
                }
                merged
            }
            Book::Xls(book) => {
                let is_1904 = book.has_1904_epoch();
                let merged = book.merge_cells_by_sheet_name(name);
                let merged = merged.map_err(|error| Obstacle::Broken(Box::new(error)))?;
                let range = book.worksheet_range(name).map_err(|error| Obstacle::Broken(Box::new(error)))?;
                grid.put_range(&range, is_1904)?;
                merged
            }
            Book::Ods(book, merged) => {
                let range = book.worksheet_range(name).map_err(|error| Obstacle::Broken(Box::new(error)))?;
                let formulas = book.worksheet_formula(name).map_err(|error| Obstacle::Broken(Box::new(error)))?;
                grid.put_range(&range, false)?;
                grid.judge_formulas(&formulas)?;
                merged.get(name).cloned().unwrap_or_default()
            }
        };
        grid.spread(&merged)?;
        grid.into_sheet(settings)
    }
}

impl Grid {
    fn put(&mut self, position: (u32, u32), kept: Option<Kept>) -> Result<(), Obstacle> {
        let Some(kept) = kept else {
            return Ok(());
        };
        self.held += 64 + if let Kept::Text(text) = &kept { text.len() } else { 0 };
        if self.held > self.most {
            let what = "what it holds takes";
            return Err(Obstacle::TooLarge { what, most: self.most as u64, setting: TABLE_BYTES });
        }
        self.cells.insert(position, kept);
        Ok(())
    }

    fn put_range(&mut self, range: &calamine::Range<Data>, is_1904: bool) -> Result<(), Obstacle> {
        let (first_row, first_column) = range.start().unwrap_or_default();
        for (row, column, cell) in range.used_cells() {
            let position = (first_row + row as u32, first_column + column as u32);
            self.put(position, kept(cell.clone(), is_1904))?;
        }
        Ok(())
    }

    /// Makes faults of formulas whose result is none: an error stands as text there.
    fn judge_formulas(&mut self, formulas: &calamine::Range<String>) -> Result<(), Obstacle> {
        let (first_row, first_column) = formulas.start().unwrap_or_default();
        for (row, column, _) in formulas.used_cells() {
            let position = (first_row + row as u32, first_column + column as u32);
            let flaw = match self.cells.get(&position) {
                None => Flaw::NotCalculated,
                Some(Kept::Text(text)) => match error_of(text) {
                    Some(error) => Flaw::Formula(error),
                    None => continue,
                },
                Some(Kept::Plain(_)) => continue,
            };
            self.put(position, Some(Kept::Plain(Cell::Bad(flaw))))?;
        }
        Ok(())
    }

    /// Gives the cells of each merged region the value of its first, as people see it.
    fn spread(&mut self, merged: &[Dimensions]) -> Result<(), Obstacle> {
        let last_row = self.cells.keys().next_back().map_or(0, |(row, _)| *row);
        let last_column = self.cells.keys().map(|(_, column)| *column).max().unwrap_or(0);
        let firsts: HashMap<(u32, u32), Kept> =
            merged.iter().filter_map(|region| Some((region.start, self.cells.get(&region.start)?.clone()))).collect();
        for region in merged {
            let Some(kept) = firsts.get(&region.start) else {
                continue;
            };
            for row in region.start.0..=region.end.0.min(last_row) {
                for column in region.start.1..=region.end.1.min(last_column) {
                    if !self.cells.contains_key(&(row, column)) {
                        self.put((row, column), Some(kept.clone()))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn into_sheet(self, settings: &Settings) -> Result<Sheet, Obstacle> {
        let mut sheet = Sheet::new(self.most);
        let mut at: Option<u32> = None;
        for ((row, column), kept) in self.cells {
            if let Some(before) = at.filter(|before| *before != row) {
                sheet.end_row(before as usize + 1)?;
            }
            at = Some(row);
            while sheet.row_length() < column as usize {
                sheet.push(Cell::Empty)?;
            }
            match &kept {
                Kept::Text(text) if settings.nulls.contains(text) => sheet.push(Cell::Empty)?,
                Kept::Text(text) => sheet.push(Cell::Text(text))?,
                Kept::Plain(cell) => sheet.push(*cell)?,
            }
        }
        if let Some(last) = at {
            sheet.end_row(last as usize + 1)?;
        }
        Ok(sheet)
    }
}

fn kept(value: Data, is_1904: bool) -> Option<Kept> {
    Some(match value {
        Data::Empty => return None,
        Data::String(text) if text.is_empty() => Kept::Plain(Cell::Blank),
        Data::String(text) => Kept::Text(text),
        Data::Int(value) => Kept::Plain(Cell::Number(value as f64)),
        Data::Float(value) => Kept::Plain(Cell::Number(value)),
        Data::Bool(value) => Kept::Plain(Cell::Boolean(value)),
        Data::DateTime(moment) => moment_of(moment, is_1904),
        Data::DateTimeIso(text) => {
            let cell = Cell::Text(&text);
            let time = value::time(cell).map(Cell::Time);
            Kept::Plain(value::local(cell, true).map(Cell::Moment).or(time).unwrap_or(Cell::Bad(Flaw::Moment)))
        }
        Data::DurationIso(text) => match duration(&text) {
            Some(micros) if micros < MICROS_PER_DAY => Kept::Plain(Cell::Time(micros)),
            Some(micros) => Kept::Text(hours(micros)),
            None => Kept::Plain(Cell::Bad(Flaw::Moment)),
        },
        Data::Error(error) => Kept::Plain(Cell::Bad(Flaw::Formula(match error {
            CellErrorType::Div0 => "its formula came to #DIV/0!",
            CellErrorType::NA => "its formula came to #N/A",
            CellErrorType::Name => "its formula came to #NAME?",
            CellErrorType::Null => "its formula came to #NULL!",
            CellErrorType::Num => "its formula came to #NUM!",
            CellErrorType::Ref => "its formula came to #REF!",
            CellErrorType::Value => "its formula came to #VALUE!",
            CellErrorType::GettingData => "its formula still waits for data",
        }))),
    })
}

/// What a formula came to, if its text is that of an error.
fn error_of(text: &str) -> Option<&'static str> {
    Some(match text {
        "#DIV/0!" => "its formula came to #DIV/0!",
        "#N/A" => "its formula came to #N/A",
        "#NAME?" => "its formula came to #NAME?",
        "#NULL!" => "its formula came to #NULL!",
        "#NUM!" => "its formula came to #NUM!",
        "#REF!" => "its formula came to #REF!",
        "#VALUE!" => "its formula came to #VALUE!",
        _ if text.starts_with("Err:") => "its formula came to an error",
        _ => return None,
    })
}

/// Serial days. Below 1 it is a time of day; the day 60 of the epoch of 1900 was never.
fn moment_of(moment: ExcelDateTime, is_1904: bool) -> Kept {
    let serial = moment.as_f64();
    let bad = Kept::Plain(Cell::Bad(Flaw::Moment));
    if !(0.0..2_958_466.0).contains(&serial) {
        return bad;
    }
    let micros = (serial * 86_400_000.0).round() as i64 * 1_000;
    if micros < MICROS_PER_DAY {
        return Kept::Plain(Cell::Time(micros));
    }
    if moment.is_duration() {
        return Kept::Text(hours(micros));
    }
    if !is_1904 && micros / MICROS_PER_DAY == 60 {
        return bad;
    }
    moment.as_datetime().map_or(bad, |moment| Kept::Plain(Cell::Moment(moment.and_utc().timestamp_micros())))
}

/// `26:30:00`
fn hours(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Microseconds of an ISO 8601 duration in hours, minutes and seconds: `PT26H30M0S`.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut micros = 0i64;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.' && char != ',')?;
        let number: f64 = rest[..end].replace(',', ".").parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b'H' => 3_600e6,
            b'M' => 60e6,
            b'S' => 1e6,
            _ => return None,
        };
        micros = micros.checked_add((number * unit).round() as i64)?;
        rest = &rest[end + 1..];
    }
    Some(micros)
}

enum Archive {
    Xlsx,
    Ods,
}

/// Inflates all parts of an archive once, keeping nothing, so that none is larger than it may be.
fn inflate(bytes: &[u8], most: usize) -> Result<Archive, Obstacle> {
    let broken = |error| Obstacle::Broken(Box::new(error));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut left = most as u64;
    let mut kind = None;
    for position in 0..archive.len() {
        let mut part = archive.by_index(position).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => Obstacle::Protected,
            error => broken(error),
        })?;
        match &*part.name().map_err(broken)? {
            "xl/workbook.xml" => kind = Some(Archive::Xlsx),
            "xl/workbook.bin" => {
                let wanted = "a workbook (XLSX, XLS or ODS)";
                return Err(Obstacle::OtherFormat { found: "a binary workbook (XLSB)", wanted });
            }
            "content.xml" => kind = kind.or(Some(Archive::Ods)),
            _ => {}
        }
        let inflated = std::io::copy(&mut Read::by_ref(&mut part).take(left + 1), &mut std::io::sink())
            .map_err(|error| Obstacle::Broken(Box::new(error)))?;
        if inflated > left {
            let what = "inflated, it takes";
            return Err(Obstacle::TooLarge { what, most: most as u64, setting: TABLE_BYTES });
        }
        left -= inflated;
    }
    kind.ok_or(Obstacle::OtherFormat { found: "another archive (ZIP)", wanted: "a workbook (XLSX, XLS or ODS)" })
}

fn of_xlsx(error: XlsxError) -> Obstacle {
    match error {
        XlsxError::Password => Obstacle::Protected,
        error => Obstacle::Broken(Box::new(error)),
    }
}
