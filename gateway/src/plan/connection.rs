//! Connections: pages by cursors, Relay's cursor connections specification.
//!
//! In: a connection field. Out: the read of one page, a count if it is asked for, and for each end of the page that a
//! cursor cuts a look whether rows stand beyond it, all at the same time.
//! *Invariant*: a cursor's values are in no plan; they are bound as those of variables are.

mod output;

use std::sync::Arc;

use lilong_connectors::{Order, OrderTarget, Predicate};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, LinkId, SourceId, Tie};
use lilong_schema::{Field as Described, Scalar, Value};

use super::arguments::Given;
use super::build::{Builder, bad_input};
use super::limits::CheckKind;
use super::output::{prefix, text_constant_bytes};
use super::page::{End, Page, Side, reversed};
use super::read::{Columns, Read, Reading, Via};
use super::scan::Scanning;
use super::{JoinRule, OutputValue, PlanOperand, RowsOutput, StepId};
use crate::cursor::CursorOrder;
use crate::error::RequestError;
use crate::operation::{Field, Slot};
pub use output::{ConnectionField, ConnectionOutput, ConnectionValue, CountOutput, CursorArgument, CursorOutput};

/// What of a page is asked for.
#[derive(Default)]
struct Wanted {
    rows: bool,
    cursors: bool,
    previous: bool,
    next: bool,
    count: bool,
}

/// The filter of a connection.
#[derive(Default)]
struct PageFilter {
    /// As its source and the keys of other steps check it, if that is needed.
    planned: Option<(Predicate, Vec<PlanOperand>)>,
    /// Whether what it asks for is counted.
    counted: bool,
}

/// A connection as it is planned.
struct Planned<'a> {
    collection: CollectionId,
    read: Option<&'a Read>,
    count: Option<CountOutput>,
}

impl Builder<'_> {
    /// The steps of a connection field and of everything below it.
    pub(super) fn connection(
        &mut self,
        field: &Field,
        id: CollectionId,
        via: Via<'_>,
    ) -> Result<OutputValue, RequestError> {
        let (limit, backwards) = self.page_size(field)?;
        let mut filter = PageFilter::default();
        let (asked, links) = self.order_by(id, field)?;
        let given = |limit: &PlanOperand, order: Vec<Order>| Given {
            limit: Some(limit.clone()),
            offset: None,
            distinct: Vec::new(),
            order,
            links: links.clone(),
        };
        let asked = given(&limit, asked);
        let order = self.full_order(id, field, &asked, matches!(via, Via::All))?;
        let federated = self.world.federated;
        let collection = federated.collection(id);
        let numbered = matches!(collection.tie, Tie::Everything(_));
        let cursor_order = Arc::new(self.cursor_order(id, &order, &links, numbered));
        let fields = order.iter().map(|term| term.compared(&collection.described).cloned()).collect::<Vec<_>>();
        let mut cursor = |name| self.cursor(field, name, &cursor_order, collection.source, &fields);
        let (after, before) = (cursor("after"), cursor("before"));
        let order = if backwards { reversed(order) } else { order };
        let ends = |at: bool, flip: bool| {
            let end = |values: &Option<Vec<PlanOperand>>, before: bool| {
                values.clone().map(|values| End { values, side: Side { before: before ^ flip, at } })
            };
            (end(&after, backwards), end(&before, !backwards))
        };
        let wanted = wanted(field);
        let page =
            |ends: Vec<End>, rule, values| Page { order: order.clone(), ends, values, rule, backwards, numbered };

        let read = if wanted.rows {
            let most = self.world.limits.list_rows;
            let (one, other) = ends(false, false);
            let rule = JoinRule::Page { most, reversed: backwards };
            let page = page(one.into_iter().chain(other).collect(), rule, wanted.cursors);
            let columns = self.page_columns(id, field);
            Some(self.read_page((field, id, via), &given(&limit, Vec::new()), page, columns, &mut filter)?)
        } else {
            None
        };
        let (earlier, later) = ends(true, true);
        let mut look = |end: Option<End>, wanted: bool| -> Result<Option<StepId>, RequestError> {
            let Some(end) = end.filter(|_| wanted) else { return Ok(None) };
            let one = PlanOperand::Literal(Value::Integer(1));
            let page = page(vec![end], JoinRule::Count, false);
            let given = given(&one, Vec::new());
            let read = self.read_page((field, id, via), &given, page, Columns::default(), &mut filter)?;
            Ok(Some(read.join))
        };
        let (earlier, later) = (look(earlier, wanted.previous)?, look(later, wanted.next)?);
        let count = if wanted.count {
            let (predicate, operands) = self.page_filter(field, id, &mut filter)?;
            Some(self.count(field, id, via, predicate, operands))
        } else {
            None
        };

        if filter.planned.is_none() && field.argument("where").is_some() {
            // Nothing is asked for, and yet what is no filter is refused.
            self.plan_to_refuse(|builder| builder.page_filter(field, id, &mut PageFilter::default()).map(drop))?;
        }
        let number = self.connections;
        self.connections += 1;
        let cursor = read
            .as_ref()
            .filter(|_| wanted.cursors)
            .map(|read| CursorOutput { order: cursor_order, columns: read.cursor.clone() });
        let planned = Planned { collection: id, read: read.as_ref(), count };
        let fields = self.connection_fields(field, &planned)?;
        Ok(OutputValue::Connection(Box::new(ConnectionOutput {
            id: number,
            source: collection.source,
            join: read.as_ref().map(|read| read.join),
            backwards,
            earlier,
            later,
            cursor,
            fields,
        })))
    }

    /// Reads a page: block by block where its filter may ask for that.
    fn read_page(
        &mut self,
        (field, id, via): (&Field, CollectionId, Via<'_>),
        given: &Given,
        page: Page,
        columns: Columns,
        filter: &mut PageFilter,
    ) -> Result<Read, RequestError> {
        if let Via::All = via {
            let (page, columns, counted) = (Some(&page), &columns, filter.counted);
            if let Some(read) = self.scanned(&Scanning { field, collection: id, given, page, columns, counted })? {
                filter.counted = true;
                return Ok(read);
            }
        }
        let (predicate, operands) = self.page_filter(field, id, filter)?;
        let (given, page) = (given.clone(), Some(page));
        self.read(Reading { field, collection: id, via, given, page, predicate, operands, columns })
    }

    /// Which rows all pages have, planned once.
    fn page_filter(
        &mut self,
        field: &Field,
        id: CollectionId,
        filter: &mut PageFilter,
    ) -> Result<(Predicate, Vec<PlanOperand>), RequestError> {
        if let Some(known) = &filter.planned {
            return Ok(known.clone());
        }
        let before = self.counts();
        let mut operands = Vec::new();
        let predicate = match field.argument("where") {
            Some(argument) => self.predicate(id, argument, &mut operands, field.location)?,
            None => Predicate::TRUE,
        };
        if filter.counted {
            self.forget(before);
        }
        filter.counted = true;
        Ok(filter.planned.insert((predicate, operands)).clone())
    }

    /// `first` or `last`, and whether it is `last`.
    fn page_size(&mut self, field: &Field) -> Result<(PlanOperand, bool), RequestError> {
        let most = self.world.limits.list_rows;
        let name = &field.name;
        let (argument, which, backwards) = match (field.argument("first"), field.argument("last")) {
            (Some(first), None) => (first, "first", false),
            (None, Some(last)) => (last, "last", true),
            (Some(_), Some(_)) => {
                let what =
                    "`first` counts from the beginning or from `after`, `last` back from the end or from `before`";
                return Err(bad_input(field, format!("`{name}` takes `first` or `last`, not both: {what}")));
            }
            (None, None) => {
                let what = format!("say how many rows a page has, by `first` or `last`, at most {most}");
                return Err(bad_input(field, format!("`{name}`: {what}")));
            }
        };
        let limit = PlanOperand::of(argument);
        self.check_operand(limit.clone(), CheckKind::Limit { most }, which, field.location)?;
        Ok((limit, backwards))
    }

    /// The values that a cursor stands for, by term of the order; `None` if it is not given.
    fn cursor(
        &mut self,
        field: &Field,
        name: &'static str,
        order: &Arc<CursorOrder>,
        source: SourceId,
        fields: &[Option<Described>],
    ) -> Option<Vec<PlanOperand>> {
        let text = PlanOperand::of(field.argument(name)?);
        let variable = self.variables + self.cursors.len();
        let (order, fields, location) = (order.clone(), fields.to_vec(), field.location);
        let scalars = order.scalars().len();
        self.cursors.push(CursorArgument { text, order, source, fields, name, location });
        let value = |term| PlanOperand::Variable(Slot { variable, path: vec![term] });
        Some((0..scalars).map(value).collect())
    }

    /// What tells an order of a collection from every other, whatever process planned it.
    fn cursor_order(&self, id: CollectionId, order: &[Order], links: &[Vec<LinkId>], numbered: bool) -> CursorOrder {
        let collection = &self.world.federated.collection(id).described;
        let mut names = vec![self.world.federated.source_of(id).name.to_string(), collection.name.clone()];
        let federated = self.world.federated;
        let sources = links.iter().flatten().map(|link| &federated.source_of(federated.link(*link).to).name);
        names.extend(sources.map(ToString::to_string));
        let mut scalars = Vec::with_capacity(order.len());
        for term in order {
            let mut at = collection;
            for hop in &term.path {
                names.push("link".to_owned());
                for (outer, inner) in &hop.on {
                    names.push(at.fields[*outer].name.clone());
                    names.push(hop.collection.fields[*inner].name.clone());
                }
                at = &hop.collection;
                names.push(at.name.clone());
            }
            match &term.target {
                OrderTarget::Field(field) => names.extend(["field".to_owned(), at.fields[*field].name.clone()]),
                OrderTarget::RowId => names.push("row number".to_owned()),
                OrderTarget::Aggregate(linked) => {
                    names.extend([format!("{:?}", linked.aggregate.function), linked.collection.name.clone()]);
                    let own = linked.on.iter().map(|(outer, _)| &at.fields[*outer].name);
                    let linked_fields = &linked.collection.fields;
                    let inner = linked.on.iter().map(|(_, inner)| &linked_fields[*inner].name);
                    let of = linked.aggregate.fields.iter().map(|field| &linked_fields[*field].name);
                    names.extend(own.chain(inner).chain(of).cloned());
                }
            }
            names.push(format!("{} {}", term.descending, term.nulls_first));
            scalars.push(term.describe(collection, String::new()).scalar);
        }
        if numbered {
            names.push("number".to_owned());
            scalars.push(Scalar::BigInt);
        }
        CursorOrder::new(names.iter().map(String::as_str), scalars)
    }

    /// The columns that the rows of a page are asked for.
    fn page_columns(&self, id: CollectionId, field: &Field) -> Columns {
        let mut columns = Columns::default();
        for child in &field.selection {
            match &*child.name {
                "nodes" => columns.want_all(&self.selected(id, child).0),
                "edges" => {
                    let nodes = child.selection.iter().filter(|part| &*part.name == "node");
                    nodes.for_each(|node| columns.want_all(&self.selected(id, node).0));
                }
                _ => {}
            }
        }
        columns
    }

    fn connection_fields(
        &mut self,
        field: &Field,
        planned: &Planned<'_>,
    ) -> Result<Vec<ConnectionField>, RequestError> {
        let collection = self.world.federated.collection(planned.collection);
        let (connection_type, edge_type) = (&collection.generated.connection_type, &collection.generated.edge_type);
        let mut fields = Vec::with_capacity(field.selection.len());
        for child in &field.selection {
            let value = match &*child.name {
                "nodes" => ConnectionValue::Nodes(self.nodes(child, planned, true)?),
                "edges" => {
                    let mut parts = Vec::with_capacity(child.selection.len());
                    for part in &child.selection {
                        let value = match &*part.name {
                            "cursor" => ConnectionValue::Cursor,
                            "node" => ConnectionValue::Node(self.nodes(part, planned, false)?),
                            _ => ConnectionValue::Constant(text_constant_bytes(edge_type)),
                        };
                        parts.push(connection_field(part, value));
                    }
                    ConnectionValue::Edges(parts)
                }
                "pageInfo" => ConnectionValue::PageInfo(child.selection.iter().map(page_info_field).collect()),
                "totalCount" => match &planned.count {
                    Some(CountOutput { join, column }) => {
                        ConnectionValue::Count(CountOutput { join: *join, column: *column })
                    }
                    None => ConnectionValue::Constant(Box::from(&b"null"[..])),
                },
                _ => ConnectionValue::Constant(text_constant_bytes(connection_type)),
            };
            fields.push(connection_field(child, value));
        }
        Ok(fields)
    }

    /// The rows of `nodes`, or the row of `node`.
    fn nodes(&mut self, field: &Field, planned: &Planned<'_>, list: bool) -> Result<RowsOutput, RequestError> {
        let (join, columns): (StepId, &[FieldId]) = match planned.read {
            Some(read) => (read.join, &read.columns),
            None => (0, &[]),
        };
        let fields = self.fields(field, planned.collection, join, columns)?;
        let source = self.world.federated.collection(planned.collection).source;
        Ok(RowsOutput { join, source, list, fields })
    }
}

fn wanted(field: &Field) -> Wanted {
    let mut wanted = Wanted::default();
    for child in &field.selection {
        match &*child.name {
            "nodes" => wanted.rows = true,
            "edges" => {
                wanted.rows = true;
                wanted.cursors |= child.selection.iter().any(|part| &*part.name == "cursor");
            }
            "pageInfo" => {
                wanted.rows = true;
                for part in &child.selection {
                    match &*part.name {
                        "startCursor" | "endCursor" => wanted.cursors = true,
                        "hasPreviousPage" => wanted.previous = true,
                        "hasNextPage" => wanted.next = true,
                        _ => {}
                    }
                }
            }
            "totalCount" => wanted.count = true,
            _ => {}
        }
    }
    wanted
}

fn page_info_field(field: &Field) -> ConnectionField {
    let value = match &*field.name {
        "hasNextPage" => ConnectionValue::HasNext,
        "hasPreviousPage" => ConnectionValue::HasPrevious,
        "startCursor" => ConnectionValue::StartCursor,
        "endCursor" => ConnectionValue::EndCursor,
        _ => ConnectionValue::Constant(text_constant_bytes("PageInfo")),
    };
    connection_field(field, value)
}

fn connection_field(field: &Field, value: ConnectionValue) -> ConnectionField {
    ConnectionField { key: field.key.clone(), prefix: prefix(&field.key), value }
}
