//! Walks an operation and makes its steps and outputs.

use std::sync::Arc;

use lilong_connectors::{Comparison, Fetch, KeySet, OperandId, Order, OrderTarget, Predicate, Prepared};
use lilong_schema::catalog::Limits;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, LinkId, Member, Root, SourceId, SourceMember, Tie};
use lilong_schema::{Capabilities, Federated, Scalar, Slice, Value};

use super::limits::{Check, CheckKind};
use super::{
    Ceiling, Cell, FetchStep, FilterStep, JoinRule, JoinStep, KeyColumns, KeysFrom, KeysStep, Output, OutputValue,
    Parent, Plan, PlanOperand, RowsOutput, SortStep, SortTerm, SourceField, SourceOutput, Step, StepId, pushdown,
};
use crate::error::{Code, RequestError};
use crate::operation::{Argument, Field, Form, Operation, OperationKind};
use crate::{introspect, json};

/// What the planner knows of the world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The model.
    pub federated: &'a Federated,
    /// The part of it that the request sees.
    pub slice: &'a Slice,
    /// What a source can do, by its position in the model.
    pub capabilities: &'a dyn Fn(SourceId) -> Capabilities,
    /// What a request may cost.
    pub limits: &'a Limits,
}

/// Plans an operation. Errors are the client's: `BAD_INPUT`, `TOO_COSTLY`, or a kind of operation that is not served.
pub fn plan(operation: &Operation, world: World<'_>) -> Result<Plan, RequestError> {
    if operation.kind != OperationKind::Query {
        return Err(RequestError::new(Code::BadInput, "mutations and subscriptions are not supported yet"));
    }
    let mut builder = Builder { world, steps: Vec::new(), checks: Vec::new(), filter_fetches: 0, filter_depth: 0 };
    let output = builder.root(&operation.selection)?;
    Ok(Plan { steps: builder.steps, output, checks: builder.checks })
}

/// Where the rows of a collection field come from.
#[derive(Clone, Copy)]
enum Via<'a> {
    /// All of the collection.
    All,
    /// One key, by the field's arguments.
    Key(&'a [FieldId]),
    /// A link of the rows of a parent: the join that places them, and which field each column of their batch is.
    Link { link: LinkId, parent: StepId, columns: &'a [FieldId] },
}

pub(super) struct Builder<'a> {
    pub(super) world: World<'a>,
    pub(super) steps: Vec<Step>,
    pub(super) checks: Vec<Check>,
    /// How many collections are asked for the sake of filters.
    pub(super) filter_fetches: usize,
    /// How many links a filter has gone through to where it is.
    pub(super) filter_depth: usize,
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
                    "__schema" => {
                        let mut out = Vec::new();
                        introspect::write_schema(self.world.federated, self.world.slice, &field.selection, &mut out)?;
                        OutputValue::Constant(out.into())
                    }
                    "__type" => OutputValue::TypeByName {
                        name: field.argument("name").map_or(PlanOperand::Literal(Value::Null), PlanOperand::of),
                        selection: field.selection.clone(),
                    },
                    "_sources" => OutputValue::Sources(field.selection.iter().map(source_output).collect()),
                    name => match self.world.federated.roots.get(name) {
                        Some(Root::Source(source)) => OutputValue::Object(self.namespace(*source, &field.selection)?),
                        None => return Err(unknown(field)),
                    },
                };
                Ok(output(field, value))
            })
            .collect()
    }

    fn namespace(&mut self, source: SourceId, selection: &[Field]) -> Result<Vec<Output>, RequestError> {
        let source = &self.world.federated.sources[source];
        selection
            .iter()
            .map(|field| {
                let value = if &*field.name == "__typename" {
                    text_constant(&source.type_name)
                } else {
                    match source.members.get(&field.name) {
                        Some(SourceMember::List(collection)) => self.rows(field, *collection, Via::All)?,
                        Some(SourceMember::ByKey(collection, key)) => {
                            let columns = &self.world.federated.collection(*collection).keys[*key].columns;
                            self.rows(field, *collection, Via::Key(columns))?
                        }
                        None => return Err(unknown(field)),
                    }
                };
                Ok(output(field, value))
            })
            .collect()
    }

    /// The steps of a collection field and of everything below it.
    fn rows(&mut self, field: &Field, id: CollectionId, via: Via<'_>) -> Result<OutputValue, RequestError> {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let collection = federated.collection(id);
        let described = &collection.described;
        let capabilities = self.capabilities(id);
        let link = match via {
            Via::Link { link, .. } => Some(federated.link(link)),
            _ => None,
        };
        let list = match via {
            Via::All => true,
            Via::Key(_) => false,
            Via::Link { .. } => link.is_some_and(|link| link.many),
        };

        let mut operands = Vec::new();
        let mut predicate = match field.argument("where") {
            Some(argument) => self.predicate(id, argument, &mut operands, field.location)?,
            None => Predicate::TRUE,
        };
        let mut key = None;
        if let Via::Key(columns) = via {
            let values = self.key_arguments(field, id, columns);
            if capabilities.keys > 0 {
                key = Some(values);
            } else {
                for (column, value) in columns.iter().zip(values) {
                    let operand = push(&mut operands, value);
                    predicate =
                        predicate.and(Predicate::Compare { field: *column, comparison: Comparison::Equal, operand });
                }
            }
        }
        let given = Given {
            limit: field.argument("limit").map(PlanOperand::of),
            offset: field.argument("offset").map(PlanOperand::of),
            distinct: self.distinct(id, field)?,
            order: self.order_by(id, field)?,
        };
        self.check(field, "limit", CheckKind::Limit { most: limits.list_rows })?;
        self.check(field, "offset", CheckKind::Offset)?;
        let order = if list { self.full_order(id, field, &given, matches!(via, Via::All))? } else { Vec::new() };

        let (pushed, residual) = pushdown::split(&capabilities, predicate);
        let keyed = key.is_some() || link.is_some_and(|link| link.to_normalize.is_empty() && capabilities.keys > 0);
        let complete = residual.is_true() && (link.is_none() || keyed);
        let through_links = order.iter().any(|term| !term.path.is_empty());
        let sorted = capabilities.order && (!through_links || capabilities.order_links);
        if through_links && !sorted {
            return Err(RequestError {
                code: Code::TooCostly,
                message: format!("`{}` cannot be ordered through a link: its source cannot do it", field.name),
                locations: vec![field.location],
            });
        }
        let distinct_pushed = complete && sorted && capabilities.limit;
        let cuts = given.limit.is_some() || given.offset.is_some();
        let limit_pushed = complete
            && sorted
            && (given.distinct.is_empty() || distinct_pushed)
            && if link.is_some() { capabilities.limit_per_key } else { capabilities.limit };

        let mut columns = Columns::default();
        for child in &field.selection {
            match federated.member(self.world.slice, id, &child.name) {
                Some(Member::Field(field)) => columns.want(field),
                Some(Member::Link(link)) => columns.want_all(&federated.link(link).columns),
                None => {}
            }
        }
        if let Some(link) = link {
            columns.want_all(&link.to_columns);
        }
        let mut residual_fields = Vec::new();
        pushdown::fields_of(&residual, &mut residual_fields);
        columns.want_all(&residual_fields);
        if !distinct_pushed {
            columns.want_all(&given.distinct);
        }
        if !sorted {
            columns.want_all(&order.iter().filter_map(plain_field).collect::<Vec<_>>());
        }
        if columns.0.is_empty() {
            columns.want(collection.fields.iter().position(Option::is_some).unwrap_or_default());
        }
        let columns = columns.0;

        let work_here = if link.is_some() {
            !complete || cuts && !limit_pushed || !given.distinct.is_empty() && !distinct_pushed
        } else {
            list && !limit_pushed
        };
        let ceiling = match (work_here, link.is_some() || !list) {
            (true, _) => Ceiling { rows: limits.budget_rows, budget: true },
            (false, true) => Ceiling { rows: limits.answer_rows, budget: false },
            (false, false) => Ceiling { rows: limits.list_rows, budget: false },
        };
        let cap = |operands: &mut Vec<PlanOperand>, rows: usize| {
            push(operands, PlanOperand::Literal(Value::Integer(rows as i128 + 1)))
        };
        let limit;
        let (mut offset, mut key_limit, mut key_offset) = (None, None, None);
        if !limit_pushed || link.is_some() || !list {
            limit = capabilities.limit.then(|| cap(&mut operands, ceiling.rows));
            if limit_pushed && list && cuts {
                key_limit = Some(match &given.limit {
                    Some(limit) => push(&mut operands, limit.clone()),
                    None => cap(&mut operands, limits.list_rows),
                });
                key_offset = given.offset.clone().map(|offset| push(&mut operands, offset));
            }
        } else {
            limit = Some(match &given.limit {
                Some(limit) => push(&mut operands, limit.clone()),
                None => cap(&mut operands, limits.list_rows),
            });
            offset = given.offset.clone().map(|offset| push(&mut operands, offset));
        }

        let keys = match (&via, key) {
            (Via::Key(_), Some(values)) => Some(KeysFrom::Arguments(values)),
            (Via::Link { parent, columns, .. }, _) if keyed => link.map(|link| {
                let key = parent_key(federated, link, columns);
                KeysFrom::Step(self.add(Step::Keys(KeysStep { input: *parent, key })))
            }),
            _ => None,
        };
        let key_columns = match (&via, link) {
            (Via::Key(columns), _) => Some(columns.to_vec()),
            (_, Some(link)) => Some(link.to_columns.clone()),
            _ => None,
        };
        let fetch = Fetch {
            collection: described.clone(),
            columns: columns.clone(),
            predicate: pushed,
            distinct: if distinct_pushed { given.distinct.clone() } else { Vec::new() },
            order: if sorted { order.clone() } else { Vec::new() },
            limit,
            offset,
            keys: key_columns.filter(|_| keys.is_some()).map(|columns| KeySet {
                columns,
                limit: key_limit,
                offset: key_offset,
            }),
        };
        let mut rows = self.add(Step::Fetch(FetchStep {
            source: collection.source,
            field: field.name.clone(),
            prepared: Arc::new(Prepared::new(fetch)),
            operands: operands.clone(),
            keys,
            ceiling,
        }));
        if !residual.is_true() {
            rows = self.add(Step::Filter(FilterStep {
                input: rows,
                collection: described.clone(),
                columns: columns.clone(),
                predicate: residual,
                operands,
            }));
        }
        if !sorted && !order.is_empty() {
            let terms = order.iter().filter_map(|term| sort_term(term, &columns, described)).collect();
            rows = self.add(Step::Sort(SortStep { input: rows, terms }));
        }
        let parent = match via {
            Via::Link { parent, columns: parent_columns, .. } => link.map(|link| Parent {
                step: parent,
                key: parent_key(federated, link, parent_columns),
                row_key: row_key(federated, link, &columns),
            }),
            _ => None,
        };
        let join = self.add(Step::Join(JoinStep {
            field: field.name.clone(),
            rows,
            parent,
            distinct: if distinct_pushed {
                Vec::new()
            } else {
                given
                    .distinct
                    .iter()
                    .filter_map(|field| Some((position(&columns, *field)?, described.fields[*field].scalar)))
                    .collect()
            },
            offset: given.offset.filter(|_| list && !limit_pushed),
            limit: given.limit.filter(|_| list && !limit_pushed),
            rule: if list { JoinRule::List { most: limits.list_rows } } else { JoinRule::One },
        }));
        let fields = self.fields(field, id, join, &columns)?;
        Ok(OutputValue::Rows(RowsOutput { join, source: collection.source, list, fields }))
    }

    fn fields(
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
                        }),
                        Some(Member::Link(link)) => {
                            let to = federated.link(link).to;
                            self.rows(child, to, Via::Link { link, parent: join, columns })?
                        }
                        None => return Err(unknown(child)),
                    }
                };
                Ok(output(child, value))
            })
            .collect()
    }

    /// The values of a by-key field's arguments, in the order of the key's columns.
    fn key_arguments(&self, field: &Field, id: CollectionId, columns: &[FieldId]) -> Vec<PlanOperand> {
        let collection = self.world.federated.collection(id);
        columns
            .iter()
            .map(|column| {
                collection.fields[*column]
                    .as_ref()
                    .and_then(|name| field.argument(&name.name))
                    .map_or(PlanOperand::Literal(Value::Null), PlanOperand::of)
            })
            .collect()
    }

    /// Checks a literal now and remembers to check a variable.
    fn check(&mut self, field: &Field, name: &'static str, kind: CheckKind) -> Result<(), RequestError> {
        let Some(argument) = field.argument(name) else {
            return Ok(());
        };
        self.check_operand(PlanOperand::of(argument), kind, name, field.location)
    }

    pub(super) fn check_operand(
        &mut self,
        operand: PlanOperand,
        kind: CheckKind,
        name: &'static str,
        location: crate::error::Location,
    ) -> Result<(), RequestError> {
        let check = Check { operand, kind, name, location };
        match &check.operand {
            PlanOperand::Literal(value) => check.run(value),
            _ => {
                self.checks.push(check);
                Ok(())
            }
        }
    }

    fn distinct(&self, id: CollectionId, field: &Field) -> Result<Vec<FieldId>, RequestError> {
        let Some(argument) = field.argument("distinctOn") else {
            return Ok(Vec::new());
        };
        let Form::List(items) = &argument.form else {
            return Ok(Vec::new());
        };
        let collection = self.world.federated.collection(id);
        let mut columns = Vec::new();
        for item in items {
            let Form::Enum(value) = &item.form else { continue };
            let column = collection
                .fields
                .iter()
                .position(|name| name.as_ref().is_some_and(|name| name.value == *value))
                .ok_or_else(|| bad_input(field, format!("`distinctOn` has no column `{value}`")))?;
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Ok(columns)
    }

    /// The order asked for, led by `distinctOn` and ended by what makes it total.
    fn full_order(
        &self,
        id: CollectionId,
        field: &Field,
        given: &Given,
        all: bool,
    ) -> Result<Vec<Order>, RequestError> {
        let collection = self.world.federated.collection(id);
        let mut order = given.order.clone();
        let leads = order.iter().take(given.distinct.len()).filter_map(plain_field).collect::<Vec<_>>();
        if order.is_empty() {
            order.extend(given.distinct.iter().map(|field| ascending(OrderTarget::Field(*field))));
        } else if !given.distinct.iter().all(|column| leads.contains(column)) {
            return Err(bad_input(field, "the columns of `distinctOn` must lead `orderBy`".to_owned()));
        }
        let has = |order: &[Order], column: FieldId| order.iter().any(|term| plain_field(term) == Some(column));
        match &collection.tie {
            Tie::Key(columns) => {
                if !columns.iter().all(|column| has(&order, *column)) {
                    let missing = columns.iter().filter(|column| !has(&order, **column)).copied().collect::<Vec<_>>();
                    order.extend(missing.into_iter().map(|column| ascending(OrderTarget::Field(column))));
                }
            }
            Tie::RowId => order.push(ascending(OrderTarget::RowId)),
            Tie::Everything(columns) => {
                let matters = !order.is_empty() || given.limit.is_some() || given.offset.is_some();
                let budget = self.world.limits.budget_rows as u64;
                if matters && all && collection.described.rows.is_some_and(|rows| rows > budget) {
                    return Err(RequestError {
                        code: Code::TooCostly,
                        message: format!(
                            "`{}` has no key to end its order and about {} rows, more than the budget of {budget}",
                            field.name,
                            collection.described.rows.unwrap_or_default(),
                        ),
                        locations: vec![field.location],
                    });
                }
                if matters {
                    let missing = columns.iter().filter(|column| !has(&order, **column)).copied().collect::<Vec<_>>();
                    order.extend(missing.into_iter().map(|column| ascending(OrderTarget::Field(column))));
                }
            }
        }
        Ok(order)
    }

    fn order_by(&self, id: CollectionId, field: &Field) -> Result<Vec<Order>, RequestError> {
        match field.argument("orderBy") {
            Some(Argument { form: Form::List(items), .. }) => {
                let mut order: Vec<Order> = Vec::new();
                let mut seen = std::collections::HashSet::new();
                for item in items {
                    let term = self.order_term(id, item, field)?;
                    // What has been ordered by once is equal from there on.
                    let way: Vec<_> = term.path.iter().map(|hop| hop.on.clone()).collect();
                    let OrderTarget::Field(column) = term.target else {
                        continue;
                    };
                    if seen.insert((way, column)) {
                        order.push(term);
                    }
                }
                Ok(order)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// The arguments of a list.
struct Given {
    limit: Option<PlanOperand>,
    offset: Option<PlanOperand>,
    distinct: Vec<FieldId>,
    order: Vec<Order>,
}

/// The columns a fetch is asked for, none twice.
#[derive(Default)]
pub(super) struct Columns(pub(super) Vec<FieldId>);

impl Columns {
    pub(super) fn want(&mut self, field: FieldId) {
        if !self.0.contains(&field) {
            self.0.push(field);
        }
    }

    pub(super) fn want_all(&mut self, fields: &[FieldId]) {
        for field in fields {
            self.want(*field);
        }
    }
}

pub(super) fn position(columns: &[FieldId], field: FieldId) -> Option<usize> {
    columns.iter().position(|column| *column == field)
}

pub(super) fn push(operands: &mut Vec<PlanOperand>, operand: PlanOperand) -> OperandId {
    operands.push(operand);
    operands.len() - 1
}

pub(super) fn bad_input(field: &Field, message: String) -> RequestError {
    RequestError { code: Code::BadInput, message, locations: vec![field.location] }
}

fn ascending(target: OrderTarget) -> Order {
    Order { path: Vec::new(), target, descending: false, nulls_first: false }
}

fn plain_field(term: &Order) -> Option<FieldId> {
    match term.target {
        OrderTarget::Field(field) if term.path.is_empty() => Some(field),
        _ => None,
    }
}

fn sort_term(term: &Order, columns: &[FieldId], described: &lilong_schema::Collection) -> Option<SortTerm> {
    let field = plain_field(term)?;
    Some(SortTerm {
        column: position(columns, field)?,
        scalar: described.fields[field].scalar,
        descending: term.descending,
        nulls_first: term.nulls_first,
    })
}

/// What the keys of a link are compared as: the target's scalars, or texts if its side is normalised.
fn key_scalars(federated: &Federated, link: &lilong_schema::federated::Link) -> Vec<Scalar> {
    let to = &federated.collection(link.to).described;
    link.to_columns
        .iter()
        .map(|field| if link.to_normalize.is_empty() { to.fields[*field].scalar } else { Scalar::String })
        .collect()
}

fn parent_key(federated: &Federated, link: &lilong_schema::federated::Link, columns: &[FieldId]) -> KeyColumns {
    let from = &federated.collection(link.from).described;
    KeyColumns {
        columns: link.columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.columns.iter().map(|field| from.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.normalize.clone(),
    }
}

fn row_key(federated: &Federated, link: &lilong_schema::federated::Link, columns: &[FieldId]) -> KeyColumns {
    let to = &federated.collection(link.to).described;
    KeyColumns {
        columns: link.to_columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.to_columns.iter().map(|field| to.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.to_normalize.clone(),
    }
}

fn source_output(field: &Field) -> SourceOutput {
    SourceOutput {
        prefix: prefix(&field.key),
        field: match &*field.name {
            "name" => SourceField::Name,
            "title" => SourceField::Title,
            "connector" => SourceField::Connector,
            "state" => SourceField::State,
            "collections" => SourceField::Collections,
            _ => SourceField::Typename,
        },
    }
}

fn output(field: &Field, value: OutputValue) -> Output {
    Output { key: field.key.clone(), prefix: prefix(&field.key), value }
}

fn prefix(key: &str) -> Box<[u8]> {
    let mut out = Vec::with_capacity(key.len() + 3);
    json::write_string(key, &mut out);
    out.push(b':');
    out.into()
}

fn text_constant(text: &str) -> OutputValue {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::write_string(text, &mut out);
    OutputValue::Constant(out.into())
}

/// A field that validation should have refused: the model changed in between.
fn unknown(field: &Field) -> RequestError {
    let message = format!("there is no field `{}` here", field.name);
    RequestError { code: Code::ValidationFailed, ..bad_input(field, message) }
}
