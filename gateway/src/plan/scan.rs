//! A limited list with a filter across sources of which both sides are large: rows are read in their order, block by block,
//! each block is checked by its keys, until the limit is met.
//!
//! In: a list field of the root. Out: a [`ScanStep`] beside the plan that finds all keys first; which one serves is chosen while
//! it runs. *Invariant*: a block begins behind the last row of the one before it, in an order that is total and the source's
//! own, so no row is met twice or passed by.

use std::sync::Arc;

use lilong_connectors::{Fetch, OperandId, Order, Prepared};
use lilong_schema::federated::{CollectionId, SourceId};
use lilong_schema::{Scalar, Value};

use super::arguments::plain_field;
use super::build::Builder;
use super::choose::{Place, object};
use super::far::compares_alike;
use super::page::{End, FetchPage, Side};
use super::read::{Columns, Read, Reading, Via, position, push};
use super::{FilterStep, JoinRule, JoinStep, Part, PlanOperand, Step, pushdown};
use crate::error::RequestError;
use crate::operation::Field;

/// Reads rows in their order until enough of them meet a filter across sources.
#[derive(Debug)]
pub struct ScanStep {
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// By all keys; it is tried first, with little, and again with all that is allowed if the scan does not get there.
    pub plain: Part,
    /// Whom.
    pub source: SourceId,
    /// The block at the beginning.
    pub first: Arc<Prepared>,
    /// A block behind a row whose values are all there.
    pub behind: Arc<Prepared>,
    /// The same behind others.
    pub page: FetchPage,
    /// Where the values of the operands come from.
    pub operands: Vec<PlanOperand>,
    /// Of these, how many rows a block has.
    pub limit: OperandId,
    /// Of these, the values of the row before it; and where they stand in a block.
    pub cursor: Vec<(OperandId, usize, Scalar)>,
    /// Given a block, the rows of it that meet the filter.
    pub check: Part,
    /// How many rows are wanted.
    pub wanted: PlanOperand,
    /// How many of these are left out first.
    pub offset: Option<PlanOperand>,
}

impl Builder<'_> {
    /// A list of the root that can be scanned; `None`: it is read as other lists are.
    pub(super) fn scanned(&mut self, field: &Field, id: CollectionId) -> Result<Option<Read>, RequestError> {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let capabilities = self.capabilities(id);
        let collection = federated.collection(id);
        let described = &collection.described;
        let can = capabilities.filter && capabilities.order && capabilities.limit;
        let few = collection.described.rows.is_some_and(|rows| rows <= limits.side_rows as u64);
        let (Some(filter), Some(wanted)) = (field.argument("where"), field.argument("limit")) else {
            return Ok(None);
        };
        if !can || few || field.argument("distinctOn").is_some() || federated.union_of(id).is_some() {
            return Ok(None);
        }
        let (own, crossing) = self.conjuncts(id, filter);
        if crossing.is_empty() {
            return Ok(None);
        }
        let counted = (self.filter_fetches, self.checks.len(), self.guards.len());
        let mut read = None;
        let plain = self.part(0, |builder, _| {
            let asked = builder.asked(id, field)?;
            let columns = builder.selected(id, field);
            let (predicate, operands, given) = (asked.predicate, asked.operands, asked.given);
            let order = builder.full_order(id, field, &given, true)?;
            let via = Via::All;
            let made = builder.read(Reading {
                field,
                collection: id,
                via,
                given,
                page: None,
                predicate,
                operands,
                columns,
            })?;
            let join = made.join;
            read = Some((made, order));
            Ok(join)
        })?;
        let checked = (self.checks.len(), self.guards.len());
        let chooses = plain.steps.iter().any(|step| matches!(step, Step::Choose(_)));
        let scannable = read.as_ref().is_some_and(|(_, order)| {
            // What two texts of one order are to each other is best left to their source.
            let compares =
                |term: &Order| plain_field(term).is_some_and(|field| compares_alike(described.fields[field].scalar));
            !order.is_empty() && order.iter().all(compares)
        });
        let mut operands = Vec::new();
        let place = std::mem::replace(&mut self.place, Place::Open);
        let predicate = self.condition(id, &object(own), false, &mut operands, field.location)?;
        self.place = place;
        // Else a block could have no row that meets the filter and yet not be the last.
        let pushed = pushdown::can_filter(&capabilities, &predicate);
        let (Some((made, order)), true) = (read, chooses && scannable && pushed) else {
            self.forget(counted);
            return Ok(None);
        };
        // What is counted and checked is so once.
        let counted = (self.filter_fetches, checked.0, checked.1);
        let crossing = object(crossing);
        let mut columns = Columns(made.columns.clone());
        columns.want_all(&order.iter().filter_map(plain_field).collect::<Vec<_>>());
        self.want_read_by(id, &crossing, &mut columns);
        let columns = columns.0;
        let check = self.part(1, |builder, given| {
            builder.place = Place::AtHand { rows: given[0], columns: columns.clone() };
            let mut operands = Vec::new();
            let predicate = builder.condition(id, &crossing, true, &mut operands, field.location)?;
            let (collection, columns) = (collection.described.clone(), columns.clone());
            let filter = FilterStep { input: given[0], collection, columns, predicate, operands };
            Ok(builder.add(Step::Filter(filter)))
        })?;
        self.forget(counted);
        let limit = push(&mut operands, PlanOperand::Literal(Value::Integer(1)));
        let base = Fetch {
            collection: collection.described.clone(),
            columns: columns.clone(),
            predicate,
            distinct: Vec::new(),
            order: order.clone(),
            limit: Some(limit),
            offset: None,
            keys: None,
            order_values: false,
            group: None,
        };
        let first = Arc::new(Prepared::new(base.clone()));
        let from = operands.len();
        let values = order.iter().map(|_| PlanOperand::Literal(Value::Boolean(false))).collect();
        let page = FetchPage::new(base, &[End { values, side: Side { before: false, at: false } }], &mut operands);
        let behind = Arc::new(Prepared::new(page.plain()));
        let cursor = order.iter().enumerate().filter_map(|(at, term)| {
            let column = plain_field(term)?;
            Some((from + at, position(&columns, column)?, collection.described.fields[column].scalar))
        });
        let scan = ScanStep {
            field: field.name.clone(),
            plain,
            source: collection.source,
            first,
            behind,
            page,
            cursor: cursor.collect(),
            operands,
            limit,
            check,
            wanted: PlanOperand::of(wanted),
            offset: field.argument("offset").map(PlanOperand::of),
        };
        let rows = self.add(Step::Scan(Box::new(scan)));
        let join = self.add(Step::Join(JoinStep {
            field: field.name.clone(),
            rows,
            parent: None,
            distinct: Vec::new(),
            offset: None,
            limit: None,
            rule: JoinRule::List { most: limits.list_rows },
        }));
        Ok(Some(Read { join, ..made }))
    }

    /// Forgets what was counted and checked since.
    fn forget(&mut self, (fetches, checks, guards): (usize, usize, usize)) {
        self.filter_fetches = fetches;
        self.checks.truncate(checks);
        self.guards.truncate(guards);
    }
}
