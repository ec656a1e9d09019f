//! The cells of one file or sheet as they stand there, before they have types.
//!
//! In: rows of cells, pushed one after the other. Out: named columns of cells with their places. *Invariant*: no more
//! memory than the bound; a row is never dropped unless it is blank or the settings say so.

use std::fmt::Write;

use lilong_schema::{Scalar, temporal};

use super::obstacle::Obstacle;
use super::settings::{Header, Settings, TABLE_BYTES};

/// Why a cell cannot be read, whatever its column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The row is shorter than the header.
    Missing,
    /// The row is longer than the header: which cell is which is not known.
    Shifted,
    /// Text stands behind a closing quote.
    Quote,
    /// A NUL byte.
    Nul,
    /// A formula that came to an error.
    Formula(&'static str),
    /// A formula whose result is not in the file.
    NotCalculated,
    /// A moment that is no date.
    Moment,
    /// It is no value of its column's scalar.
    Form(Scalar),
}

impl Flaw {
    /// For people, after the place.
    pub(super) fn text(self) -> String {
        let text = match self {
            Flaw::Form(scalar) => return format!("it is no {}", scalar.name()),
            Flaw::Missing => "the row has fewer values than the header",
            Flaw::Shifted => "the row has more values than the header",
            Flaw::Quote => "text stands behind a closing quote",
            Flaw::Nul => "there is a NUL byte in it",
            Flaw::Formula(error) => error,
            Flaw::NotCalculated => "its formula was never calculated",
            Flaw::Moment => "it is no date that there was",
        };
        text.to_owned()
    }
}

/// A cell as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Quotes with nothing between: empty text in a column of text, else nothing.
    Blank,
    /// Text that may stand for anything, as in CSV.
    Written(&'a str),
    /// Text that the file says is text.
    Text(&'a str),
    /// A number by its text.
    Digits(&'a str),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A date, or a date and time, in microseconds since 1970-01-01T00:00:00.
    Moment(i64),
    /// A time of day in microseconds.
    Time(i64),
    /// An object or a list, by its JSON text.
    Json(&'a str),
    /// Something that cannot be read.
    Bad(Flaw),
}

/// The same with text by its place in [`Sheet::text`].
#[derive(Clone, Copy, Debug)]
enum Stored {
    Plain(Cell<'static>),
    Written(Span),
    Text(Span),
    Digits(Span),
    Json(Span),
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    start: usize,
    length: u32,
    line: u32,
}

/// Rows of cells; the header is one of them until [`Sheet::head`] takes it off.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The names of the columns.
    pub(super) names: Vec<String>,
    /// What was found odd on the way.
    pub(super) warnings: Vec<String>,
    /// Whether a row that is shorter or longer than the header is damaged.
    pub(super) is_strict: bool,
    text: String,
    cells: Vec<Stored>,
    rows: Vec<Row>,
    first: usize,
    most: usize,
}

impl Sheet {
    /// No rows yet; `most` bytes of memory at most.
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Ends a row, which stands on that line. A row without any value is none.
    pub(super) fn end_row(&mut self, line: usize) -> Result<(), Obstacle> {
        let start = self.next_start();
        if self.cells[start..].iter().all(|cell| matches!(cell, Stored::Plain(Cell::Empty))) {
            self.cells.truncate(start);
            return Ok(());
        }
        self.end_record(line)
    }

    /// The same, though it may be without any value.
    pub(super) fn end_record(&mut self, line: usize) -> Result<(), Obstacle> {
        let start = self.next_start();
        let length = u32::try_from(self.cells.len() - start).unwrap_or(u32::MAX);
        self.rows.push(Row { start, length, line: u32::try_from(line).unwrap_or(u32::MAX) });
        self.check()
    }

    /// Adds a cell to the row that is being made.
    pub(super) fn push(&mut self, cell: Cell<'_>) -> Result<(), Obstacle> {
        let stored = match cell {
            Cell::Written(text) => Stored::Written(self.keep(text)?),
            Cell::Text(text) => Stored::Text(self.keep(text)?),
            Cell::Digits(text) => Stored::Digits(self.keep(text)?),
            Cell::Json(text) => Stored::Json(self.keep(text)?),
            Cell::Empty => Stored::Plain(Cell::Empty),
            Cell::Blank => Stored::Plain(Cell::Blank),
            Cell::Number(value) => Stored::Plain(Cell::Number(value)),
            Cell::Boolean(value) => Stored::Plain(Cell::Boolean(value)),
            Cell::Moment(micros) => Stored::Plain(Cell::Moment(micros)),
            Cell::Time(micros) => Stored::Plain(Cell::Time(micros)),
            Cell::Bad(flaw) => Stored::Plain(Cell::Bad(flaw)),
        };
        self.cells.push(stored);
        if self.cells.len().is_multiple_of(4_096) { self.check() } else { Ok(()) }
    }

    /// How many cells the row that is being made has.
    pub(super) fn row_length(&self) -> usize {
        self.cells.len() - self.next_start()
    }

    fn next_start(&self) -> usize {
        self.rows.last().map_or(0, |row| row.start + row.length as usize)
    }

    fn keep(&mut self, text: &str) -> Result<Span, Obstacle> {
        let start = u32::try_from(self.text.len()).map_err(|_| self.too_large())?;
        let length = u32::try_from(text.len()).map_err(|_| self.too_large())?;
        if self.text.len() + text.len() > self.most {
            return Err(self.too_large());
        }
        self.text.push_str(text);
        Ok(Span { start, length })
    }

    fn check(&self) -> Result<(), Obstacle> {
        let held = self.text.len() + self.cells.len() * size_of::<Stored>() + self.rows.len() * size_of::<Row>();
        if held > self.most { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> Obstacle {
        Obstacle::TooLarge { what: "what it holds takes", most: self.most as u64, setting: TABLE_BYTES }
    }

    /// How many rows there are, the header left aside.
    pub(super) fn height(&self) -> usize {
        self.rows.len() - self.first
    }

    /// The line of a row in its file, or its number in its sheet, counted from 1.
    pub(super) fn line(&self, row: usize) -> usize {
        self.rows[self.first + row].line as usize
    }

    /// The cell of a row under a column.
    pub(super) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let row = self.rows[self.first + row];
        if self.is_strict && row.length as usize != self.names.len() {
            let beyond = self.names.len().min(row.length as usize)..row.length as usize;
            if beyond.map(|at| self.raw(row, at)).any(|cell| cell != Cell::Empty) {
                return Cell::Bad(Flaw::Shifted);
            }
            if column >= row.length as usize {
                return Cell::Bad(Flaw::Missing);
            }
        }
        self.raw(row, column)
    }

    fn raw(&self, row: Row, column: usize) -> Cell<'_> {
        if column >= row.length as usize {
            return Cell::Empty;
        }
        let text = |span: Span| &self.text[span.start as usize..(span.start + span.length) as usize];
        match self.cells[row.start + column] {
            Stored::Plain(cell) => cell,
            Stored::Written(span) => Cell::Written(text(span)),
            Stored::Text(span) => Cell::Text(text(span)),
            Stored::Digits(span) => Cell::Digits(text(span)),
            Stored::Json(span) => Cell::Json(text(span)),
        }
    }

    /// Takes the header off, by the settings; `word` is what a line is called.
    pub(super) fn head(&mut self, settings: &Settings, word: &str) -> Result<(), Obstacle> {
        if self.rows.is_empty() {
            return Err(Obstacle::Empty);
        }
        let width = self.rows.iter().map(|row| row.length as usize).max().unwrap_or(0);
        let header = match settings.header {
            Header::None => None,
            Header::First => Some(0),
            Header::At(line) => {
                Some(self.rows.iter().position(|row| row.line as usize >= line).unwrap_or(self.rows.len()))
            }
        };
        let mut names: Vec<String> = Vec::new();
        if let Some(at) = header {
            let Some(row) = self.rows.get(at).copied() else {
                return Err(Obstacle::NoHeader);
            };
            names = (0..row.length as usize).map(|column| header_text(self.raw(row, column))).collect();
            self.first = at + 1;
        }
        if !settings.columns.is_empty() {
            names.clone_from(&settings.columns);
        } else if header.is_none() {
            names = (1..=width).map(|number| format!("column_{number}")).collect();
        }
        self.first = (self.first + settings.skip).min(self.rows.len());
        // A sheet has no end of its rows but the last value; what stands beside the header has no name.
        while !self.is_strict && names.len() < width {
            names.push(String::new());
        }
        let line = header.map_or(1, |at| self.rows[at].line);
        let place = format!("{word} {line}");
        self.name(names, &place);
        Ok(())
    }

    /// Gives every column a name of its own.
    pub(super) fn name(&mut self, written: Vec<String>, place: &str) {
        let taken: std::collections::HashSet<String> =
            written.iter().filter(|name| !name.is_empty()).cloned().collect();
        let mut given = std::collections::HashSet::new();
        let nameless = (0..written.len()).filter(|at| written[*at].is_empty()).collect::<Vec<_>>();
        for (at, name) in written.into_iter().enumerate() {
            let base = if name.is_empty() { format!("column_{}", at + 1) } else { name.clone() };
            let mut unique = base.clone();
            let mut number = 1;
            while given.contains(&unique) || (number > 1 || name.is_empty()) && taken.contains(&unique) {
                number += 1;
                unique = format!("{base}_{number}");
            }
            if number > 1 && !name.is_empty() {
                self.warnings.push(format!("{place}: the header has `{name}` more than once: one is `{unique}`"));
            }
            given.insert(unique.clone());
            self.names.push(unique);
        }
        // A title above the header is read as one.
        if let Some(first) = nameless.into_iter().find(|column| !place.is_empty() && !self.is_hollow(*column)) {
            let what = format!("the header has no name for `{}`", self.names[first]);
            self.warnings.push(format!("{place}: {what}: if it stands in another row, say `header`"));
        }
    }

    /// Whether a column has neither a header of its own nor any value.
    pub(super) fn is_hollow(&self, column: usize) -> bool {
        self.names[column].starts_with("column_")
            && self.rows[self.first..].iter().all(|row| matches!(self.raw(*row, column), Cell::Empty | Cell::Blank))
    }
}

fn header_text(cell: Cell<'_>) -> String {
    let mut text = String::new();
    write_text(cell, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Appends a cell as text; nothing for one that holds nothing or cannot be read.
pub(super) fn write_text(cell: Cell<'_>, out: &mut String) {
    match cell {
        Cell::Empty | Cell::Blank | Cell::Bad(_) => {}
        Cell::Written(text) | Cell::Text(text) | Cell::Digits(text) | Cell::Json(text) => out.push_str(text),
        // Writing to a String never fails.
        Cell::Number(value) => {
            let _ = write!(out, "{value}");
        }
        Cell::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
        Cell::Moment(micros) if micros.rem_euclid(temporal::MICROS_PER_DAY) == 0 => {
            temporal::write_date(micros.div_euclid(temporal::MICROS_PER_DAY) as i32, out);
        }
        Cell::Moment(micros) => temporal::write_local(micros, out),
        Cell::Time(micros) => temporal::write_time(micros, out),
    }
}
