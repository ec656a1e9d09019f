//! Walks an operation and makes its steps and outputs.

use std::sync::Arc;

use lilong_connectors::Source;
use lilong_schema::catalog::Limits;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Member, Root, SourceId, SourceMember};
use lilong_schema::{Capabilities, Federated, Slice, Value};

use super::choose::Place;
use super::connection::CursorArgument;
use super::fold::{Asked, Guard};
use super::limits::Check;
use super::output::{output, source_output, text_constant};
use super::read::{Columns, Reading, Via, position};
use super::{Cell, Output, OutputValue, Plan, PlanOperand, RowsOutput, Step, StepId};
use crate::error::{Code, RequestError};
use crate::introspect::{self, Schema};
use crate::operation::{Field, Operation, OperationKind};

/// What the planner knows of the world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The model.
    pub federated: &'a Federated,
    /// The part of it that the request sees.
    pub slice: &'a Slice,
    /// What a source can do, by its position in the model.
    pub capabilities: &'a dyn Fn(SourceId) -> Capabilities,
    /// The sources, by their positions in the model: what members of unions make of their columns is theirs to say.
    pub sources: &'a [Arc<Source>],
    /// What a request may cost.
    pub limits: &'a Limits,
}

/// Plans an operation. Errors are the client's: `BAD_INPUT`, `TOO_COSTLY`, or a kind of operation that is not served.
pub fn plan(operation: &Operation, world: World<'_>) -> Result<Plan, RequestError> {
    if operation.kind != OperationKind::Query {
        return Err(RequestError::new(Code::BadInput, "mutations and subscriptions are not supported yet"));
    }
    let mut builder = Builder {
        world,
        steps: Vec::new(),
        checks: Vec::new(),
        guards: Vec::new(),
        filter_fetches: 0,
        filter_depth: 0,
        place: Place::Open,
        variables: operation.variables,
        cursors: Vec::new(),
        connections: 0,
    };
    let output = builder.root(&operation.selection)?;
    Ok(Plan::new(builder.steps, output, builder.checks, builder.guards, builder.cursors))
}

pub(super) struct Builder<'a> {
    pub(super) world: World<'a>,
    pub(super) steps: Vec<Step>,
    pub(super) checks: Vec<Check>,
    pub(super) guards: Vec<Guard>,
    /// How many collections are asked for the sake of filters.
    pub(super) filter_fetches: usize,
    /// How many links a filter has gone through to where it is.
    pub(super) filter_depth: usize,
    /// Where in a filter it is.
    pub(super) place: Place,
    /// How many variables the operation declares.
    pub(super) variables: usize,
    pub(super) cursors: Vec<CursorArgument>,
    /// How many connections there are so far.
    pub(super) connections: usize,
}

impl Builder<'_> {
    pub(super) fn capabilities(&self, collection: CollectionId) -> Capabilities {
        (self.world.capabilities)(self.world.federated.collection(collection).source)
    }

    pub(super) fn add(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.steps.len() - 1
    }

    fn root(&mut self, selection: &[Field]) -> Result<Vec<Output>, RequestError> {
        selection
            .iter()
            .map(|field| {
                let value = match &*field.name {
                    "__typename" => text_constant("Query"),
                    "__schema" => match introspect::schema(self.world.federated, self.world.slice, &field.selection)? {
                        Schema::Short(bytes) => OutputValue::Constant(bytes),
                        Schema::Long(long) => OutputValue::Schema(long),
                    },
                    "__type" => OutputValue::TypeByName {
                        name: field.argument("name").map_or(PlanOperand::Literal(Value::Null), PlanOperand::of),
                        selection: field.selection.clone(),
                    },
                    "_sources" => OutputValue::Sources(field.selection.iter().map(source_output).collect()),
                    name => match self.world.federated.roots.get(name) {
                        Some(Root::Source(source)) => OutputValue::Object(self.namespace(*source, &field.selection)?),
                        Some(Root::Union(source)) => self.member(field, *source)?,
                        None => return Err(unknown(field)),
                    },
                };
                Ok(output(field, value))
            })
            .collect()
    }

    fn namespace(&mut self, source: SourceId, selection: &[Field]) -> Result<Vec<Output>, RequestError> {
        selection
            .iter()
            .map(|field| {
                let value = if &*field.name == "__typename" {
                    text_constant(&self.world.federated.sources[source].type_name)
                } else {
                    self.member(field, source)?
                };
                Ok(output(field, value))
            })
            .collect()
    }

    /// A field of a source's namespace, or of a union.
    fn member(&mut self, field: &Field, source: SourceId) -> Result<OutputValue, RequestError> {
        let federated = self.world.federated;
        match federated.sources[source].members.get(&field.name) {
            Some(SourceMember::List(collection)) => self.rows(field, *collection, Via::All),
            Some(SourceMember::ByKey(collection, key)) => {
                let columns = &federated.collection(*collection).keys[*key].columns;
                self.rows(field, *collection, Via::Key(columns))
            }
            Some(SourceMember::Connection(collection)) => self.connection(field, *collection, Via::All),
            Some(SourceMember::Aggregate(collection)) => self.aggregates(field, *collection, Via::All),
            Some(SourceMember::Groups(collection)) => self.groups(field, *collection),
            None => Err(unknown(field)),
        }
    }

    /// The steps of a collection field and of everything below it.
    fn rows(&mut self, field: &Field, id: CollectionId, via: Via<'_>) -> Result<OutputValue, RequestError> {
        if let Via::All = via
            && let Some(read) = self.scanned_list(field, id)?
        {
            let fields = self.fields(field, id, read.join, &read.columns)?;
            let source = self.world.federated.collection(id).source;
            return Ok(OutputValue::Rows(RowsOutput { join: read.join, source, list: read.list, fields }));
        }
        let asked = self.asked(id, field)?;
        self.listed(field, id, via, asked)
    }

    /// The same for rows that are known.
    pub(super) fn listed(
        &mut self,
        field: &Field,
        id: CollectionId,
        via: Via<'_>,
        asked: Asked,
    ) -> Result<OutputValue, RequestError> {
        let Asked { predicate, operands, given } = asked;
        let columns = self.selected(id, field);
        let read =
            self.read(Reading { field, collection: id, via, given, page: None, predicate, operands, columns })?;
        let fields = self.fields(field, id, read.join, &read.columns)?;
        let source = self.world.federated.collection(id).source;
        Ok(OutputValue::Rows(RowsOutput { join: read.join, source, list: read.list, fields }))
    }

    /// The columns that a selection reads, those of its links among them.
    pub(super) fn selected(&self, id: CollectionId, field: &Field) -> Columns {
        let federated = self.world.federated;
        let mut columns = Columns::default();
        for child in &field.selection {
            match federated.member(self.world.slice, id, &child.name) {
                Some(Member::Field(field)) => columns.want(field),
                Some(Member::Link(link) | Member::Aggregate(link)) => {
                    columns.want_all(&federated.link(link).columns);
                }
                None => {
                    let link = federated.connection(self.world.slice, id, &child.name);
                    columns.want_all(link.map(|link| &*federated.link(link).columns).unwrap_or_default());
                }
            }
        }
        columns
    }

    pub(super) fn fields(
        &mut self,
        field: &Field,
        id: CollectionId,
        join: StepId,
        columns: &[FieldId],
    ) -> Result<Vec<Output>, RequestError> {
        let federated = self.world.federated;
        let collection = federated.collection(id);
        field
            .selection
            .iter()
            .map(|child| {
                let value = if &*child.name == "__typename" {
                    text_constant(&collection.type_name)
                } else {
                    match federated.member(self.world.slice, id, &child.name) {
                        Some(Member::Field(field)) => OutputValue::Cell(Cell {
                            column: position(columns, field).unwrap_or_default(),
                            scalar: collection.described.fields[field].scalar,
                            scale: collection.described.fields[field].scale.unwrap_or_default() as usize,
                            values: collection.fields[field]
                                .as_ref()
                                .and_then(|name| federated.enumerations.get(name.enumeration?))
                                .map(|found| found.described.values.iter().cloned().collect()),
                            non_null: collection.fields[field].as_ref().is_some_and(|name| name.non_null),
                            source: None,
                        }),
                        Some(Member::Link(link)) => {
                            let to = federated.link(link).to;
                            self.rows(child, to, Via::Link { link, parent: join, columns })?
                        }
                        Some(Member::Aggregate(link)) => {
                            let to = federated.link(link).to;
                            self.aggregates(child, to, Via::Link { link, parent: join, columns })?
                        }
                        None => match federated.connection(self.world.slice, id, &child.name) {
                            Some(link) => {
                                let to = federated.link(link).to;
                                self.connection(child, to, Via::Link { link, parent: join, columns })?
                            }
                            None => return Err(unknown(child)),
                        },
                    }
                };
                Ok(output(child, value))
            })
            .collect()
    }
}

pub(super) fn bad_input(field: &Field, message: String) -> RequestError {
    RequestError::at(Code::BadInput, message, field.location)
}

/// A field that validation should have refused: the model changed in between.
pub(super) fn unknown(field: &Field) -> RequestError {
    let message = format!("there is no field `{}` here", field.name);
    RequestError::at(Code::ValidationFailed, message, field.location)
}
