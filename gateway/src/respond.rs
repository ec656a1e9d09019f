//! Writes the answer, once, straight from columns.
//!
//! In: [`Fetched`] × [`Plan`]. Out: JSON in pieces. *Invariant*: keys in the order asked for; every null that a fault
//! caused has its entry in `errors`, with its path; a null where none may be empties the nearest place that may be null.

mod ahead;
mod cell;
mod connection;
mod errors;
mod extensions;
mod introspection;
mod lost;
mod missing;

use std::sync::Arc;

use arrow_array::Array;
use lilong_connectors::source::State;
use lilong_schema::Slice;

pub use self::ahead::Ahead;
use self::ahead::List;
use self::cell::{Column, Written};
use self::errors::{Errors, Segment};
use self::lost::{FAULTY, MISSING};
use crate::cursor::CursorKey;
use crate::execute::{Fault, Fetched, Made, Placed};
use crate::json;
use crate::model::Model;
use crate::operation::Variables;
use crate::packed::Packed;
use crate::pieces::Pieces;
use crate::plan::{Cell, Output, OutputValue, Plan, RowsOutput, SourceField, SourceOutput, StepId};

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
    /// The text of each long schema of the plan.
    pub(crate) schemas: &'a [Arc<Packed>],
}

/// Writes an answer: `{"data":…}`, then `"errors"` if there are any; `ran` is what became of the plan, if it is told. Gives the
/// number of errors beside it.
pub fn respond(
    plan: &Plan,
    fetched: &Fetched,
    ahead: Ahead<'_>,
    ran: Option<&serde_json::Value>,
    world: &World<'_>,
) -> (Pieces, usize) {
    let steps = fetched.steps.iter().map(|step| match step {
        Ok(made) => match &**made {
            Made::Placed(placed) => Some(Ok(placed)),
            _ => None,
        },
        Err(fault) => Some(Err(fault)),
    });
    let mut writer = Writer::new(plan, world, steps.collect());
    (writer.missing, writer.ahead) = (&fetched.missing, ahead.into_lists());
    writer.resolve(&plan.output, None);
    writer.out.extend_from_slice(b"{\"data\":");
    writer.object(&plan.output, None);
    let mut lost = Vec::new();
    if !fetched.missing.is_empty() {
        missing::collect(&plan.output, plan, fetched, &mut Vec::new(), &mut lost);
    }
    let Writer { mut pieces, mut out, mut errors, .. } = writer;
    for missing in &lost {
        errors.add_missing(&missing.field, missing.fault);
    }
    let count = errors.finish(&mut out);
    extensions::write(&lost, &fetched.age.stale, ran, &mut out);
    out.push(b'}');
    pieces.push(out);
    (pieces, count)
}

struct Writer<'a> {
    world: &'a World<'a>,
    plan: &'a Plan,
    missing: &'a [(StepId, Fault)],
    /// What is written already.
    ahead: Vec<List<'a>>,
    steps: Vec<Option<Result<&'a Placed, &'a Fault>>>,
    /// By join: the typed columns of its rows, where a field shows them.
    columns: Vec<Vec<Option<Column<'a>>>>,
    /// By the number of a connection.
    connections: Vec<connection::Resolved<'a>>,
    /// The cursor that is being made.
    payload: Vec<u8>,
    /// What stands before `out`.
    pieces: Pieces,
    out: Vec<u8>,
    path: Vec<Segment<'a>>,
    errors: Errors,
}

/// The row that an object is made of.
#[derive(Clone, Copy)]
struct At<'a, 'b> {
    rows: &'a RowsOutput,
    placed: &'a Placed,
    row: usize,
    columns: &'b [Option<Column<'a>>],
}

impl<'a> Writer<'a> {
    /// Nothing written yet, of steps that nobody is missing from.
    fn new(plan: &'a Plan, world: &'a World<'a>, steps: Vec<Option<Result<&'a Placed, &'a Fault>>>) -> Self {
        Self {
            world,
            plan,
            missing: &[],
            ahead: Vec::new(),
            columns: steps.iter().map(|_| Vec::new()).collect(),
            steps,
            connections: Vec::new(),
            payload: Vec::new(),
            pieces: Pieces::default(),
            out: Vec::with_capacity(1024),
            path: Vec::new(),
            errors: Errors::new(world.trace),
        }
    }

    /// Finds the typed columns of all cells, once; `join` gives the rows they are of.
    fn resolve(&mut self, outputs: &'a [Output], join: Option<StepId>) {
        for output in outputs {
            match &output.value {
                OutputValue::Object(fields) => self.resolve(fields, join),
                OutputValue::Whole(whole) => self.resolve(&whole.fields, join),
                OutputValue::Rows(rows) => self.resolve_rows(rows),
                OutputValue::Cell(cell) => {
                    if let Some(join) = join
                        && let Some(Ok(placed)) = self.steps[join]
                    {
                        let column = Column::of(placed.rows.batch.column(cell.column), cell);
                        self.columns[join][cell.column] = Some(column);
                    }
                }
                OutputValue::Connection(connection) => self.resolve_connection(connection),
                _ => {}
            }
        }
    }

    fn resolve_rows(&mut self, rows: &'a RowsOutput) {
        if let Some(Ok(placed)) = self.steps[rows.join] {
            self.columns[rows.join].resize_with(placed.rows.batch.num_columns(), || None);
        }
        self.resolve(&rows.fields, Some(rows.join));
    }

    /// An object, with the cells of a row if it is made of one.
    fn object(&mut self, fields: &'a [Output], at: Option<At<'a, '_>>) {
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
                    self.object(fields, at);
                    self.path.pop();
                }
                OutputValue::Whole(whole) => self.whole(field, whole, at),
                OutputValue::Rows(rows) => self.rows(field, rows, at.map_or(0, |at| at.row)),
                OutputValue::Connection(connection) => {
                    self.connection(field, connection, at.map_or(0, |at| at.row));
                }
                OutputValue::Sources(fields) => self.sources(fields),
                OutputValue::Schema(long) => self.schema(long),
                OutputValue::TypeByName { name, selection } => self.type_by_name(field, name, selection),
                OutputValue::Cell(cell) => self.cell(field, cell, at),
            }
        }
        self.out.push(b'}');
    }

    fn cell(&mut self, field: &'a Output, cell: &Cell, at: Option<At<'a, '_>>) {
        let column = at.and_then(|at| Some((at, at.columns[cell.column].as_ref()?)));
        let Some((at, column)) = column else {
            self.out.extend_from_slice(b"null");
            return;
        };
        let written = column.write(at.row, cell, &mut self.out);
        if written != Written::Value {
            self.out.extend_from_slice(b"null");
            if written == Written::Unfit || is_faulty(at.placed, at.row, cell) {
                self.mismatch(at.rows, at.placed, at.row, &[field], FAULTY);
            }
        }
    }

    /// The rows that a join gives one parent; never empties more than its own place.
    fn rows(&mut self, field: &'a Output, rows: &'a RowsOutput, parent: usize) {
        self.path.push(Segment::Key(&field.key));
        match (self.fault(rows.join, parent), self.steps[rows.join]) {
            (Some(fault), _) => self.lost(fault, rows.join),
            (None, Some(Ok(placed))) => self.placed(rows, placed, parent),
            (None, _) => {}
        }
        self.path.pop();
    }

    /// What a parent has instead of the rows of a join.
    fn fault(&self, join: StepId, parent: usize) -> Option<&'a Fault> {
        match self.steps[join] {
            Some(Ok(placed)) => placed.fault_of(parent),
            Some(Err(fault)) => Some(fault),
            None => None,
        }
    }

    fn placed(&mut self, rows: &'a RowsOutput, placed: &'a Placed, parent: usize) {
        let columns = std::mem::take(&mut self.columns[rows.join]);
        let lost = first_lost_key(&rows.fields, &mut Vec::new(), placed, parent, &columns);
        if let Some((index, fields, what)) = lost {
            self.out.extend_from_slice(b"null");
            if rows.list {
                self.path.push(Segment::Index(placed.written + index));
            }
            let row = placed.rows_of(parent).nth(index).unwrap_or_default();
            self.mismatch(rows, placed, row, &fields, what);
            if rows.list {
                self.path.pop();
            }
        } else if rows.list {
            self.out.push(b'[');
            self.written(rows, placed);
            self.list(rows, placed, parent, &columns);
            self.out.push(b']');
        } else {
            match placed.rows_of(parent).next() {
                Some(row) => self.object(&rows.fields, Some(At { rows, placed, row, columns: &columns })),
                None => {
                    self.out.extend_from_slice(b"null");
                    // The row may live where nobody answered.
                    if let Some(fault) = missing::of_link(self.plan, self.missing, rows.join) {
                        self.errors.add(rows.join, fault.code, fault.source.as_deref(), &fault.message, &self.path);
                    }
                }
            }
        }
        self.columns[rows.join] = columns;
    }

    /// Puts rows here that are written already.
    fn written(&mut self, rows: &RowsOutput, placed: &Placed) {
        let at = self.ahead.iter().position(|list| std::ptr::eq(list.output, rows));
        let list = at.map(|at| self.ahead.swap_remove(at));
        debug_assert_eq!(list.as_ref().map_or(0, |list| list.rows), placed.written);
        if let Some(list) = list {
            self.pieces.push(std::mem::take(&mut self.out));
            self.pieces.append(list.text);
        }
    }

    /// The rows of a parent that are not written yet.
    fn list(&mut self, rows: &'a RowsOutput, placed: &'a Placed, parent: usize, columns: &[Option<Column<'a>>]) {
        for (index, row) in (placed.written..).zip(placed.rows_of(parent)) {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(Segment::Index(index));
            self.object(&rows.fields, Some(At { rows, placed, row, columns }));
            self.path.pop();
            self.pieces.take_full(&mut self.out);
        }
    }

    fn sources(&mut self, fields: &[SourceOutput]) {
        let model = self.world.model;
        self.out.push(b'[');
        let mut first = true;
        for (id, source) in model.federated.own_sources().iter().enumerate() {
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

fn is_faulty(placed: &Placed, row: usize, cell: &Cell) -> bool {
    is_faulty_cell(placed, row, cell.column)
}

fn is_faulty_cell(placed: &Placed, row: usize, column: usize) -> bool {
    let faults = &placed.rows.faults;
    !faults.is_empty() && faults.binary_search_by_key(&(row, column), |fault| (fault.row, fault.column)).is_ok()
}

/// The first row of a parent with a null where none may be, by its position, the fields that lead to it, and what is wrong
/// with it. Looked for before anything is written, so that a lost list leaves one error, and none of the rows that stood
/// before.
fn first_lost_key<'a>(
    fields: &'a [Output],
    above: &mut Vec<&'a Output>,
    placed: &Placed,
    parent: usize,
    columns: &[Option<Column<'a>>],
) -> Option<(usize, Vec<&'a Output>, &'static str)> {
    let mut first: Option<(usize, Vec<&'a Output>, &'static str)> = None;
    for field in fields {
        let lost = match &field.value {
            OutputValue::Object(inner) => {
                above.push(field);
                let lost = first_lost_key(inner, above, placed, parent, columns);
                above.pop();
                lost
            }
            OutputValue::Cell(cell) if cell.non_null => lost_key(cell, placed, parent, columns).map(|(index, what)| {
                let trail = above.iter().copied().chain([field]).collect();
                (index, trail, what)
            }),
            _ => None,
        };
        if let Some(lost) = lost
            && first.as_ref().is_none_or(|(index, ..)| lost.0 < *index)
        {
            first = Some(lost);
        }
    }
    first
}

fn lost_key(
    cell: &Cell,
    placed: &Placed,
    parent: usize,
    columns: &[Option<Column<'_>>],
) -> Option<(usize, &'static str)> {
    let column = columns[cell.column].as_ref()?;
    if placed.rows.batch.column(cell.column).null_count() == 0 && !column.may_be_unfit() {
        return None;
    }
    let mut scratch = Vec::new();
    let (index, row) = placed.rows_of(parent).enumerate().find(|(_, row)| {
        scratch.clear();
        column.write(*row, cell, &mut scratch) != Written::Value
    })?;
    Some((index, if is_faulty(placed, row, cell) { FAULTY } else { MISSING }))
}
