//! Writes the answer, once, straight from columns.
//!
//! In: [`Fetched`] × [`Plan`]. Out: bytes of JSON. *Invariant*: keys in the order asked for; every null that a fault
//! caused has its entry in `errors`, with its path; a null where none may be empties the nearest place that may be null.

mod cell;
mod connection;
mod errors;

use arrow_array::Array;
use lilong_connectors::source::State;
use lilong_schema::Slice;

use self::cell::{Column, Written};
use self::errors::{Errors, Segment};
use crate::cursor::CursorKey;
use crate::error::{Code, RequestError};
use crate::execute::{Fault, Fetched, Made, Placed};
use crate::model::Model;
use crate::operation::Variables;
use crate::plan::{Cell, Output, OutputValue, Plan, RowsOutput, SourceField, SourceOutput};
use crate::{introspect, json};

/// What writing needs to know of the world.
pub struct World<'a> {
    /// The model and its sources.
    pub model: &'a Model,
    /// The part of the model that the request sees.
    pub slice: &'a Slice,
    /// The request's variables.
    pub variables: &'a Variables,
    /// The request's trace id.
    pub trace: &'a str,
    /// What cursors are sealed with.
    pub cursors: &'a CursorKey,
}

/// Writes an answer: `{"data":…}`, then `"errors"` if there are any. Gives the number of errors beside it.
pub fn respond(plan: &Plan, fetched: &Fetched, world: &World<'_>) -> (Vec<u8>, usize) {
    let mut writer = Writer {
        world,
        steps: fetched
            .steps
            .iter()
            .map(|step| match step {
                Ok(made) => match &**made {
                    Made::Placed(placed) => Some(Ok(placed)),
                    _ => None,
                },
                Err(fault) => Some(Err(fault)),
            })
            .collect(),
        columns: (0..fetched.steps.len()).map(|_| Vec::new()).collect(),
        connections: Vec::new(),
        payload: Vec::new(),
        out: Vec::with_capacity(1024),
        path: Vec::new(),
        errors: Errors::new(world.trace),
    };
    writer.resolve(&plan.output);
    writer.out.extend_from_slice(b"{\"data\":");
    writer.object(&plan.output);
    let Writer { mut out, errors, .. } = writer;
    let count = errors.finish(&mut out);
    out.push(b'}');
    (out, count)
}

struct Writer<'a> {
    world: &'a World<'a>,
    steps: Vec<Option<Result<&'a Placed, &'a Fault>>>,
    /// By join: the typed column of each of its fields.
    columns: Vec<Vec<Option<Column<'a>>>>,
    /// By the number of a connection.
    connections: Vec<connection::Resolved<'a>>,
    /// The cursor that is being made.
    payload: Vec<u8>,
    out: Vec<u8>,
    path: Vec<Segment<'a>>,
    errors: Errors,
}

impl<'a> Writer<'a> {
    /// Finds the typed columns of all fields, once.
    fn resolve(&mut self, outputs: &'a [Output]) {
        for output in outputs {
            match &output.value {
                OutputValue::Object(fields) => self.resolve(fields),
                OutputValue::Rows(rows) => {
                    if let Some(Ok(placed)) = self.steps[rows.join] {
                        self.columns[rows.join] = typed_columns(rows, placed);
                    }
                    self.resolve(&rows.fields);
                }
                OutputValue::Connection(connection) => self.resolve_connection(connection),
                _ => {}
            }
        }
    }

    /// An object that is made of no row.
    fn object(&mut self, fields: &'a [Output]) {
        self.out.push(b'{');
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&field.prefix);
            match &field.value {
                OutputValue::Constant(bytes) => self.out.extend_from_slice(bytes),
                OutputValue::Object(fields) => {
                    self.path.push(Segment::Key(&field.key));
                    self.object(fields);
                    self.path.pop();
                }
                OutputValue::Rows(rows) => self.rows(field, rows, 0),
                OutputValue::Connection(connection) => self.connection(field, connection, 0),
                OutputValue::Sources(fields) => self.sources(fields),
                OutputValue::TypeByName { name, selection } => {
                    let start = self.out.len();
                    let federated = &self.world.model.federated;
                    let written = match name.value(self.world.variables) {
                        Some(lilong_schema::Value::Text(name)) => {
                            introspect::write_type(federated, self.world.slice, &name, selection, &mut self.out)
                        }
                        _ => Err(RequestError::new(Code::BadInput, "`__type` needs a name")),
                    };
                    if let Err(error) = written {
                        self.out.truncate(start);
                        self.out.extend_from_slice(b"null");
                        self.path.push(Segment::Key(&field.key));
                        self.errors.add(usize::MAX, error.code, None, &error.message, &self.path);
                        self.path.pop();
                    }
                }
                OutputValue::Cell(_) => self.out.extend_from_slice(b"null"),
            }
        }
        self.out.push(b'}');
    }

    /// The rows that a join gives one parent; never empties more than its own place.
    fn rows(&mut self, field: &'a Output, rows: &'a RowsOutput, parent: usize) {
        self.path.push(Segment::Key(&field.key));
        let fault = match self.steps[rows.join] {
            Some(Ok(placed)) => match placed.fault_of(parent) {
                Some(fault) => Some(fault),
                None => {
                    self.placed(rows, placed, parent);
                    None
                }
            },
            Some(Err(fault)) => Some(fault),
            None => None,
        };
        if let Some(fault) = fault {
            self.out.extend_from_slice(b"null");
            let source = fault.source.clone().or_else(|| {
                (fault.code == Code::SourceMismatch)
                    .then(|| self.world.model.federated.sources[rows.source].name.clone())
            });
            self.errors.add(rows.join, fault.code, source.as_deref(), &fault.message, &self.path);
        }
        self.path.pop();
    }

    fn placed(&mut self, rows: &'a RowsOutput, placed: &'a Placed, parent: usize) {
        let columns = std::mem::take(&mut self.columns[rows.join]);
        self.written(rows, placed, parent, &columns);
        self.columns[rows.join] = columns;
    }

    /// The rows of one parent, under the columns given.
    fn written(&mut self, rows: &'a RowsOutput, placed: &'a Placed, parent: usize, columns: &[Option<Column<'a>>]) {
        if let Some((index, field, what)) = first_lost_key(rows, placed, parent, columns) {
            self.out.extend_from_slice(b"null");
            if rows.list {
                self.path.push(Segment::Index(index));
            }
            self.mismatch(rows, field, what);
            if rows.list {
                self.path.pop();
            }
        } else if rows.list {
            self.out.push(b'[');
            for (index, row) in placed.rows_of(parent).enumerate() {
                if index > 0 {
                    self.out.push(b',');
                }
                self.path.push(Segment::Index(index));
                self.row(rows, placed, row, columns);
                self.path.pop();
            }
            self.out.push(b']');
        } else {
            match placed.rows_of(parent).next() {
                Some(row) => self.row(rows, placed, row, columns),
                None => self.out.extend_from_slice(b"null"),
            }
        }
    }

    fn row(&mut self, rows: &'a RowsOutput, placed: &'a Placed, row: usize, columns: &[Option<Column<'a>>]) {
        self.out.push(b'{');
        for (index, (field, column)) in rows.fields.iter().zip(columns).enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&field.prefix);
            match (&field.value, column) {
                (OutputValue::Cell(cell), Some(column)) => {
                    let written = column.write(row, cell, &mut self.out);
                    if written != Written::Value {
                        self.out.extend_from_slice(b"null");
                        if written == Written::Unfit || is_faulty(placed, row, cell) {
                            self.mismatch(rows, field, FAULTY);
                        }
                    }
                }
                (OutputValue::Rows(below), _) => self.rows(field, below, row),
                (OutputValue::Connection(below), _) => self.connection(field, below, row),
                (OutputValue::Constant(bytes), _) => self.out.extend_from_slice(bytes),
                _ => self.out.extend_from_slice(b"null"),
            }
        }
        self.out.push(b'}');
    }

    /// The error of a cell that the source should have filled otherwise.
    fn mismatch(&mut self, rows: &RowsOutput, field: &'a Output, what: &str) {
        let source = &self.world.model.federated.sources[rows.source].name;
        let message = format!("source `{source}` holds {what}");
        self.path.push(Segment::Key(&field.key));
        self.errors.add(rows.join, Code::SourceMismatch, Some(source), &message, &self.path);
        self.path.pop();
    }

    fn sources(&mut self, fields: &[SourceOutput]) {
        let model = self.world.model;
        self.out.push(b'[');
        let mut first = true;
        for (id, source) in model.federated.sources.iter().enumerate() {
            if !self.world.slice.has(id) {
                continue;
            }
            if !first {
                self.out.push(b',');
            }
            first = false;
            self.out.push(b'{');
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    self.out.push(b',');
                }
                self.out.extend_from_slice(&field.prefix);
                match field.field {
                    SourceField::Typename => json::write_string("Source", &mut self.out),
                    SourceField::Name => json::write_string(&source.name, &mut self.out),
                    SourceField::Title => match &source.title {
                        Some(title) => json::write_string(title, &mut self.out),
                        None => self.out.extend_from_slice(b"null"),
                    },
                    SourceField::Connector => json::write_string(&source.connector, &mut self.out),
                    SourceField::State => {
                        let state = match model.sources[id].status().state {
                            State::Unknown => "UNKNOWN",
                            State::Ready => "READY",
                            State::Unavailable => "UNAVAILABLE",
                        };
                        json::write_string(state, &mut self.out);
                    }
                    SourceField::Collections => {
                        self.out.push(b'[');
                        for (index, collection) in source.collections.clone().enumerate() {
                            if index > 0 {
                                self.out.push(b',');
                            }
                            json::write_string(&model.federated.collection(collection).field, &mut self.out);
                        }
                        self.out.push(b']');
                    }
                }
            }
            self.out.push(b'}');
        }
        self.out.push(b']');
    }
}

const FAULTY: &str = "a value here that is not of this field's type";
const MISSING: &str = "no value here, where there is always one";

fn is_faulty(placed: &Placed, row: usize, cell: &Cell) -> bool {
    is_faulty_cell(placed, row, cell.column)
}

fn is_faulty_cell(placed: &Placed, row: usize, column: usize) -> bool {
    let faults = &placed.rows.faults;
    !faults.is_empty() && faults.binary_search_by_key(&(row, column), |fault| (fault.row, fault.column)).is_ok()
}

/// The typed column of each field that is a cell.
fn typed_columns<'a>(rows: &'a RowsOutput, placed: &'a Placed) -> Vec<Option<Column<'a>>> {
    rows.fields
        .iter()
        .map(|field| match &field.value {
            OutputValue::Cell(cell) => Some(Column::of(placed.rows.batch.column(cell.column), cell)),
            _ => None,
        })
        .collect()
}

/// A null of one row where none may be, and what is wrong with it.
fn lost_key<'a>(
    rows: &'a RowsOutput,
    placed: &Placed,
    row: usize,
    columns: &[Option<Column<'a>>],
) -> Option<(&'a Output, &'static str)> {
    rows.fields.iter().zip(columns).find_map(|(field, column)| match (&field.value, column) {
        (OutputValue::Cell(cell), Some(column)) if cell.non_null => {
            let lost = column.write(row, cell, &mut Vec::new()) != Written::Value;
            lost.then(|| (field, if is_faulty(placed, row, cell) { FAULTY } else { MISSING }))
        }
        _ => None,
    })
}

/// The first row of a parent with a null where none may be, by its position, and what is wrong with it. Looked for before
/// anything is written, so that a lost list leaves one error, and none of the rows that stood before.
fn first_lost_key<'a>(
    rows: &'a RowsOutput,
    placed: &Placed,
    parent: usize,
    columns: &[Option<Column<'a>>],
) -> Option<(usize, &'a Output, &'static str)> {
    rows.fields
        .iter()
        .zip(columns)
        .filter_map(|(field, column)| match (&field.value, column) {
            (OutputValue::Cell(cell), Some(column)) if cell.non_null => {
                if placed.rows.batch.column(cell.column).null_count() == 0 && !column.may_be_unfit() {
                    return None;
                }
                let mut scratch = Vec::new();
                let (index, row) = placed.rows_of(parent).enumerate().find(|(_, row)| {
                    scratch.clear();
                    column.write(*row, cell, &mut scratch) != Written::Value
                })?;
                let what = if is_faulty(placed, row, cell) { FAULTY } else { MISSING };
                Some((index, field, what))
            }
            _ => None,
        })
        .min_by_key(|(index, _, _)| *index)
}
