//! How connections are written: what of a page goes where.

use std::sync::Arc;

use lilong_schema::Field;
use lilong_schema::federated::SourceId;

use crate::cursor::CursorOrder;
use crate::error::Location;
use crate::plan::{PlanOperand, RowsOutput, StepId};

/// A cursor that a request gives.
#[derive(Debug)]
pub struct CursorArgument {
    /// Its text.
    pub text: PlanOperand,
    /// What it must belong to.
    pub order: Arc<CursorOrder>,
    /// The source that is to find the rows behind its values.
    pub source: SourceId,
    /// The fields of the order's terms; `None`: no field of the source.
    pub fields: Vec<Option<Field>>,
    /// The argument's name.
    pub name: &'static str,
    /// The field it stands on.
    pub location: Location,
}

/// A page of rows.
#[derive(Debug)]
pub struct ConnectionOutput {
    /// Its number among those of the plan.
    pub id: usize,
    /// The source the rows come from, for errors.
    pub source: SourceId,
    /// The join that gives the rows; none if nothing of them is asked for.
    pub join: Option<StepId>,
    /// Whether rows were fetched from the end: then more of them stand before the page.
    pub backwards: bool,
    /// The join that finds a row at or before the cursor that cuts the beginning, if that is asked.
    pub earlier: Option<StepId>,
    /// The same at or after the cursor that cuts the end.
    pub later: Option<StepId>,
    /// How a cursor is made of a row: the columns of the batch, by term of the order.
    pub cursor: Option<CursorOutput>,
    /// What is asked of it.
    pub fields: Vec<ConnectionField>,
}

/// How a cursor is made of a row.
#[derive(Debug)]
pub struct CursorOutput {
    /// What it belongs to.
    pub order: Arc<CursorOrder>,
    /// The columns of the batch, by term.
    pub columns: Vec<usize>,
}

/// A field of a connection, an edge or a page's description.
#[derive(Debug)]
pub struct ConnectionField {
    /// Its response key.
    pub key: Arc<str>,
    /// `"key":`
    pub prefix: Box<[u8]>,
    /// Its value.
    pub value: ConnectionValue,
}

/// What such a field is.
#[derive(Debug)]
pub enum ConnectionValue {
    /// Bytes known since planning.
    Constant(Box<[u8]>),
    /// `nodes`
    Nodes(RowsOutput),
    /// `edges`
    Edges(Vec<ConnectionField>),
    /// `node` of an edge.
    Node(RowsOutput),
    /// `cursor` of an edge.
    Cursor,
    /// `pageInfo`
    PageInfo(Vec<ConnectionField>),
    /// `hasNextPage`
    HasNext,
    /// `hasPreviousPage`
    HasPrevious,
    /// `startCursor`
    StartCursor,
    /// `endCursor`
    EndCursor,
    /// `totalCount`
    Count(CountOutput),
}

/// Where a count stands.
#[derive(Debug)]
pub struct CountOutput {
    /// The join that gives one row with the count, or the rows to count.
    pub join: StepId,
    /// The column of the count; none: the rows are counted. No row: 0.
    pub column: Option<usize>,
}
