//! Writes connections: edges with their cursors, nodes, the page's description, the count.
//!
//! *Invariant*: a page that could not be fetched is null as a whole; a row whose cursor cannot be made empties `edges`, and
//! one whose key cannot be read its `node` or `nodes`, each with one error.

use lilong_schema::Scalar;

use super::cell::{Column, Written};
use super::errors::Segment;
use super::lost::{FAULTY, MISSING};
use super::{At, Writer, is_faulty, is_faulty_cell};
use crate::cursor::CursorKey;
use crate::execute::{Fault, Placed, internal};
use crate::plan::connection::{ConnectionField, ConnectionOutput, ConnectionValue, CountOutput, CursorOutput};
use crate::plan::{Cell, Output, OutputValue};

/// How to ask for fewer rows of a page.
const FEWER: &str = "ask for fewer by first: or last:";

/// What is found once for each connection of the plan: by term of the order the column that cursors are made of, with its
/// place in the batch.
pub(super) type Resolved<'a> = Vec<(usize, Column<'a>)>;

/// A page that has been fetched.
#[derive(Clone, Copy)]
struct Page<'a> {
    connection: &'a ConnectionOutput,
    /// None: nothing of its rows was asked for.
    placed: Option<&'a Placed>,
    parent: usize,
}

impl<'a> Writer<'a> {
    /// Finds the typed columns of a connection, once.
    pub(super) fn resolve_connection(&mut self, connection: &'a ConnectionOutput) {
        let placed = match connection.join.map(|join| self.steps[join]) {
            Some(Some(Ok(placed))) => Some(placed),
            _ => None,
        };
        if let (Some(placed), Some(join)) = (placed, connection.join) {
            self.columns[join].resize_with(placed.rows.batch.num_columns(), || None);
        }
        self.resolve_lists(&connection.fields);
        if self.connections.len() <= connection.id {
            self.connections.resize_with(connection.id + 1, Vec::new);
        }
        if let (Some(placed), Some(cursor)) = (placed, &connection.cursor) {
            let columns = cursor.columns.iter().zip(cursor.order.scalars());
            self.connections[connection.id] =
                columns.map(|(column, scalar)| (*column, typed(placed, *column, *scalar))).collect();
        }
    }

    fn resolve_lists(&mut self, fields: &'a [ConnectionField]) {
        for field in fields {
            match &field.value {
                ConnectionValue::Nodes(rows) | ConnectionValue::Node(rows) => {
                    self.resolve(&rows.fields, Some(rows.join));
                }
                ConnectionValue::Edges(fields) => self.resolve_lists(fields),
                _ => {}
            }
        }
    }

    /// A connection of one parent; never empties more than its own place.
    pub(super) fn connection(&mut self, field: &'a Output, connection: &'a ConnectionOutput, parent: usize) {
        self.path.push(Segment::Key(&field.key));
        let mut placed = None;
        let mut fault = None;
        for join in [connection.join, connection.earlier, connection.later].into_iter().flatten() {
            match self.rows_or_fault(join, parent) {
                Ok(rows) if Some(join) == connection.join => placed = Some(rows),
                Ok(_) => {}
                Err(found) => {
                    fault = fault.or(Some((join, found)));
                }
            }
        }
        if let Some((join, fault)) = fault {
            self.out.extend_from_slice(b"null");
            self.tell(&fault, join, FEWER);
        } else {
            let resolved = std::mem::take(&mut self.connections[connection.id]);
            self.connection_fields(&connection.fields, Page { connection, placed, parent }, &resolved);
            self.connections[connection.id] = resolved;
        }
        self.path.pop();
    }

    fn rows_or_fault(&self, join: usize, parent: usize) -> Result<&'a Placed, Fault> {
        match self.steps[join] {
            Some(Ok(placed)) => placed.fault_of(parent).map_or(Ok(placed), |fault| Err(fault.clone())),
            Some(Err(fault)) => Err(fault.clone()),
            None => Err(internal()),
        }
    }

    fn connection_fields(&mut self, fields: &'a [ConnectionField], page: Page<'a>, resolved: &[(usize, Column<'a>)]) {
        self.out.push(b'{');
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&field.prefix);
            self.path.push(Segment::Key(&field.key));
            self.connection_field(field, page, resolved);
            self.path.pop();
        }
        self.out.push(b'}');
    }

    fn connection_field(&mut self, field: &'a ConnectionField, page: Page<'a>, resolved: &[(usize, Column<'a>)]) {
        let (connection, parent) = (page.connection, page.parent);
        let rows = || page.placed.map(|placed| (placed, placed.rows_of(parent)));
        match &field.value {
            ConnectionValue::Constant(bytes) => self.out.extend_from_slice(bytes),
            ConnectionValue::Nodes(rows) => match page.placed {
                Some(placed) => self.placed(rows, placed, parent),
                None => self.out.extend_from_slice(b"null"),
            },
            ConnectionValue::Edges(parts) => match page.placed {
                Some(placed) => self.edges(parts, connection, placed, parent, resolved),
                None => self.out.extend_from_slice(b"null"),
            },
            ConnectionValue::PageInfo(fields) => self.connection_fields(fields, page, resolved),
            ConnectionValue::HasNext => {
                let more = !connection.backwards && page.placed.is_some_and(|placed| placed.has_more(parent));
                self.yes_or_no(more, connection.later, parent);
            }
            ConnectionValue::HasPrevious => {
                let more = connection.backwards && page.placed.is_some_and(|placed| placed.has_more(parent));
                self.yes_or_no(more, connection.earlier, parent);
            }
            ConnectionValue::StartCursor | ConnectionValue::EndCursor => {
                let row = rows().and_then(|(placed, mut rows)| {
                    let last = matches!(field.value, ConnectionValue::EndCursor);
                    let row = if last { rows.last() } else { rows.next() };
                    row.map(|row| (placed, row))
                });
                match (row, &connection.cursor) {
                    (Some((placed, row)), Some(cursor)) => {
                        if !self.cursor(cursor, placed, row, resolved) {
                            self.out.extend_from_slice(b"null");
                            self.lost_cursor(connection, placed, row);
                        }
                    }
                    _ => self.out.extend_from_slice(b"null"),
                }
            }
            ConnectionValue::Count(count) => self.count(count, parent),
            // These stand in edges only.
            ConnectionValue::Node(_) | ConnectionValue::Cursor => self.out.extend_from_slice(b"null"),
        }
    }

    fn yes_or_no(&mut self, more: bool, beyond: Option<usize>, parent: usize) {
        let found = more
            || beyond.is_some_and(|join| {
                self.rows_or_fault(join, parent).is_ok_and(|placed| placed.rows_of(parent).len() > 0)
            });
        self.out.extend_from_slice(if found { b"true" } else { b"false" });
    }

    fn edges(
        &mut self,
        parts: &'a [ConnectionField],
        connection: &'a ConnectionOutput,
        placed: &'a Placed,
        parent: usize,
        resolved: &[(usize, Column<'a>)],
    ) {
        let cursor_field = parts.iter().find(|part| matches!(part.value, ConnectionValue::Cursor));
        if let Some(field) = cursor_field
            && let Some((index, row)) =
                placed.rows_of(parent).enumerate().find(|(_, row)| lost_cursor(placed, *row, resolved))
        {
            self.out.extend_from_slice(b"null");
            self.path.extend([Segment::Index(index), Segment::Key(&field.key)]);
            self.lost_cursor(connection, placed, row);
            self.path.truncate(self.path.len() - 2);
            return;
        }
        let columns = connection.join.map(|join| std::mem::take(&mut self.columns[join])).unwrap_or_default();
        self.out.push(b'[');
        for (index, row) in placed.rows_of(parent).enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(Segment::Index(index));
            self.out.push(b'{');
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    self.out.push(b',');
                }
                self.out.extend_from_slice(&part.prefix);
                match &part.value {
                    ConnectionValue::Constant(bytes) => self.out.extend_from_slice(bytes),
                    ConnectionValue::Cursor => {
                        if let Some(cursor) = &connection.cursor {
                            self.cursor(cursor, placed, row, resolved);
                        }
                    }
                    ConnectionValue::Node(rows) => {
                        self.path.push(Segment::Key(&part.key));
                        self.node(At { rows, placed, row, columns: &columns });
                        self.path.pop();
                    }
                    _ => self.out.extend_from_slice(b"null"),
                }
            }
            self.out.push(b'}');
            self.path.pop();
            self.pieces.take_full(&mut self.out);
        }
        self.out.push(b']');
        if let Some(join) = connection.join {
            self.columns[join] = columns;
        }
    }

    /// A row, or null if its key cannot be read.
    fn node(&mut self, at: At<'a, '_>) {
        let lost = at.rows.fields.iter().find_map(|field| match &field.value {
            OutputValue::Cell(cell) if cell.non_null => {
                let column = at.columns[cell.column].as_ref()?;
                let lost = column.write(at.row, cell, &mut Vec::new()) != Written::Value;
                lost.then(|| (field, if is_faulty(at.placed, at.row, cell) { FAULTY } else { MISSING }))
            }
            _ => None,
        });
        match lost {
            Some((field, what)) => {
                self.out.extend_from_slice(b"null");
                self.mismatch(at.rows, at.placed, at.row, &[field], what);
            }
            None => self.object(&at.rows.fields, Some(at)),
        }
    }

    /// Writes a row's cursor; `false`, and nothing written, if it cannot be made.
    fn cursor(&mut self, cursor: &CursorOutput, placed: &Placed, row: usize, resolved: &[(usize, Column<'a>)]) -> bool {
        if lost_cursor(placed, row, resolved) {
            return false;
        }
        cursor.order.begin(&mut self.payload);
        for (_, column) in resolved {
            if let Some(part) = column.part(row) {
                part.write(&mut self.payload);
            }
        }
        let start = self.out.len();
        self.out.push(b'"');
        let key: &CursorKey = self.world.cursors;
        if key.seal(&mut self.payload, &mut self.out).is_err() {
            self.out.truncate(start);
            return false;
        }
        self.out.push(b'"');
        true
    }

    fn lost_cursor(&mut self, connection: &ConnectionOutput, placed: &Placed, row: usize) {
        let what = format!("{FAULTY}, so the row's place in the order is not known");
        let join = connection.join.unwrap_or(usize::MAX);
        self.holds(connection.source, placed.rows.department(row), join, &what);
    }

    fn count(&mut self, count: &CountOutput, parent: usize) {
        let placed = match self.rows_or_fault(count.join, parent) {
            Ok(placed) => placed,
            Err(fault) => {
                self.out.extend_from_slice(b"null");
                self.tell(&fault, count.join, FEWER);
                return;
            }
        };
        let mut rows = placed.rows_of(parent);
        let written = match (count.column, rows.len()) {
            (None, counted) => {
                self.out.extend_from_slice(counted.to_string().as_bytes());
                true
            }
            (Some(_), 0) => {
                self.out.push(b'0');
                true
            }
            (Some(column), _) => {
                let cell =
                    Cell { column, scalar: Scalar::BigInt, scale: 0, values: None, non_null: true, source: None };
                let column = Column::of(placed.rows.batch.column(cell.column), &cell);
                rows.next().is_some_and(|row| column.write(row, &cell, &mut self.out) == Written::Value)
            }
        };
        if !written {
            self.out.extend_from_slice(b"null");
            self.tell(&internal(), count.join, FEWER);
        }
    }
}

fn typed(placed: &Placed, column: usize, scalar: Scalar) -> Column<'_> {
    let cell = Cell { column, scalar, scale: 0, values: None, non_null: false, source: None };
    Column::of(placed.rows.batch.column(column), &cell)
}

/// Whether a row has a value in its order that no cursor can hold.
fn lost_cursor(placed: &Placed, row: usize, columns: &[(usize, Column<'_>)]) -> bool {
    columns.iter().any(|(at, column)| column.part(row).is_none() || is_faulty_cell(placed, row, *at))
}
