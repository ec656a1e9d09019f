//! A limited list or a page with a filter across sources of which both sides are large: rows are read in their order, block by
//! block, each block is checked by its keys, until the limit is met.
//!
//! In: a list field or a connection of the root. Out: a [`ScanStep`] beside the plan that finds all keys first; which one serves
//! is chosen while it runs. *Invariant*: a block begins behind the last row of the one before it, as pages begin behind cursors,
//! in an order that is total and the source's own, so no row is met twice or passed by.

use std::sync::Arc;

use lilong_connectors::{Fetch, Operand, OperandId, Order, OrderTarget, Prepared};
use lilong_schema::federated::{CollectionId, SourceId};
use lilong_schema::{Scalar, Value};

use super::arguments::{Given, plain_field};
use super::build::Builder;
use super::choose::{Place, object};
use super::far::compares_alike;
use super::page::{End, FetchPage, Page, Side};
use super::read::{Columns, Read, Reading, Via, position, push};
use super::{FilterStep, JoinRule, JoinStep, Part, PlanOperand, Step, pushdown};
use crate::error::RequestError;
use crate::operation::{Argument, Field};

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
    pub first: Block,
    /// A block behind a row.
    pub behind: Block,
    /// Where the values of the operands come from.
    pub operands: Vec<PlanOperand>,
    /// Of these, how many rows a block has.
    pub limit: OperandId,
    /// Of these, the values of the row before it; and where they stand in a block.
    pub cursor: Vec<(OperandId, usize, Scalar)>,
    /// Given a block, the rows of it that meet the filter.
    pub check: Part,
    /// The columns of a block that are those of `plain`.
    pub columns: Vec<usize>,
    /// How many rows are wanted.
    pub wanted: PlanOperand,
    /// How many of these are left out first.
    pub offset: Option<PlanOperand>,
}

/// What is asked for a block.
#[derive(Debug)]
pub struct Block {
    /// Where all values that it begins and ends at are there.
    pub plain: Arc<Prepared>,
    /// The same where others are null; `None`: it neither begins nor ends at a row.
    page: Option<FetchPage>,
}

impl Block {
    fn new(base: &Fetch, ends: &[End], operands: &mut Vec<PlanOperand>) -> Self {
        let page = (!ends.is_empty()).then(|| FetchPage::new(base.clone(), ends, operands));
        let plain = page.as_ref().map_or_else(|| base.clone(), FetchPage::plain);
        Self { plain: Arc::new(Prepared::new(plain)), page }
    }

    /// The request for these values.
    pub fn prepared(&self, operands: &[Operand]) -> Arc<Prepared> {
        let page = self.page.as_ref().and_then(|page| page.prepared(operands));
        page.unwrap_or_else(|| self.plain.clone())
    }

    pub(super) fn terms(&self) -> usize {
        self.page.as_ref().map_or(0, FetchPage::terms)
    }
}

/// What may be scanned.
pub(super) struct Scanning<'a> {
    pub(super) field: &'a Field,
    pub(super) collection: CollectionId,
    pub(super) given: &'a Given,
    /// Only a page of it.
    pub(super) page: Option<&'a Page>,
    /// The columns that are wanted.
    pub(super) columns: &'a Columns,
    /// Whether what its filter asks for is counted already.
    pub(super) counted: bool,
}

impl Builder<'_> {
    /// A list of the root that can be scanned; `None`: it is read as other lists are.
    pub(super) fn scanned_list(&mut self, field: &Field, id: CollectionId) -> Result<Option<Read>, RequestError> {
        if field.argument("limit").is_none() || self.crossing_filter(field, id).is_none() {
            return Ok(None);
        }
        let counted = self.counts();
        let given = self.given(id, field)?;
        let columns = self.selected(id, field);
        let read = self.scanned(&Scanning {
            field,
            collection: id,
            given: &given,
            page: None,
            columns: &columns,
            counted: false,
        })?;
        if read.is_none() {
            self.forget(counted);
        }
        Ok(read)
    }

    /// A filter whose collection can be scanned: what its source checks, and what goes through links to others.
    fn crossing_filter(&self, field: &Field, id: CollectionId) -> Option<(Argument, Argument)> {
        let federated = self.world.federated;
        let capabilities = self.capabilities(id);
        let filter = field.argument("where")?;
        let can = capabilities.filter && capabilities.order && capabilities.limit && federated.union_of(id).is_none();
        let rows = federated.collection(id).described.rows;
        if !can || rows.is_some_and(|rows| rows <= self.world.limits.side_rows as u64) {
            return None;
        }
        let (own, crossing) = self.conjuncts(id, filter);
        (!crossing.is_empty()).then(|| (object(own), object(crossing)))
    }

    /// Rows of the root that can be scanned; `None`: they are read as others are.
    pub(super) fn scanned(&mut self, scanning: &Scanning<'_>) -> Result<Option<Read>, RequestError> {
        let Scanning { field, collection: id, given, page, columns, counted } = *scanning;
        let federated = self.world.federated;
        let collection = federated.collection(id);
        let described = &collection.described;
        let (Some(filter), Some(limit)) = (field.argument("where"), &given.limit) else { return Ok(None) };
        let Some((own, crossing)) = self.crossing_filter(field, id) else { return Ok(None) };
        let order = match page {
            Some(page) => page.order.clone(),
            None => self.full_order(id, field, given, true)?,
        };
        let is_numbered = page.is_some_and(|page| page.numbered);
        if is_numbered || !given.distinct.is_empty() || !self.resumes(id, &order) {
            return Ok(None);
        }
        if self.local_order(id, field, &order, given, page, true)?.is_some() {
            return Ok(None);
        }
        let before = self.counts();
        let mut read = None;
        let plain = self.part(0, |builder, _| {
            let mut operands = Vec::new();
            let predicate = builder.predicate(id, filter, &mut operands, field.location)?;
            let rows = builder.unplaced(Reading {
                field,
                collection: id,
                via: Via::All,
                given: given.clone(),
                page: page.cloned(),
                predicate,
                operands,
                columns: columns.clone(),
            })?;
            let input = rows.join.rows;
            read = Some(rows);
            Ok(input)
        })?;
        // What is counted and checked is so once.
        let once = if counted { before } else { self.counts() };
        let chooses = plain.steps.iter().any(|step| matches!(step, Step::Choose(_)));
        let mut operands = Vec::new();
        let place = std::mem::replace(&mut self.place, Place::Open);
        let predicate = self.condition(id, &own, false, &mut operands, field.location)?;
        self.place = place;
        // Else a block could have no row that meets the filter and yet not be the last.
        let pushed = pushdown::can_filter(&self.capabilities(id), &predicate);
        let (Some(read), true) = (read, chooses && pushed) else {
            self.forget(before);
            return Ok(None);
        };
        let mut columns = Columns(read.columns.clone());
        columns.want_all(&order.iter().filter_map(plain_field).collect::<Vec<_>>());
        self.want_read_by(id, &crossing, &mut columns);
        let columns = columns.0;
        let check = self.part(1, |builder, given| {
            builder.place = Place::AtHand { rows: given[0], columns: columns.clone() };
            let mut operands = Vec::new();
            let predicate = builder.condition(id, &crossing, true, &mut operands, field.location)?;
            let (collection, columns) = (described.clone(), columns.clone());
            let filter = FilterStep { input: given[0], collection, columns, predicate, operands };
            Ok(builder.add(Step::Filter(filter)))
        })?;
        self.forget(once);
        let has_values = order.iter().any(|term| plain_field(term).is_none());
        let limit_at = push(&mut operands, PlanOperand::Literal(Value::Integer(1)));
        let base = Fetch {
            predicate,
            order: order.clone(),
            limit: Some(limit_at),
            order_values: has_values,
            ..Fetch::of(described.clone(), columns.clone())
        };
        let ends = page.map(|page| page.ends.as_slice()).unwrap_or_default();
        let first = Block::new(&base, ends, &mut operands);
        let from = operands.len();
        let values = order.iter().map(|_| PlanOperand::Literal(Value::Boolean(false))).collect();
        // What begins behind a row of the page begins behind the page's beginning.
        let row = End { values, side: Side { before: false, at: false } };
        let ends = std::iter::once(row).chain(ends.iter().filter(|end| end.side.before).cloned()).collect::<Vec<_>>();
        let behind = Block::new(&base, &ends, &mut operands);
        let cursor = order.iter().enumerate().map(|(at, term)| {
            let plain = plain_field(term).and_then(|field| position(&columns, field));
            let scalar = term.describe(described, String::new()).scalar;
            (from + at, plain.unwrap_or(columns.len() + at), scalar)
        });
        let values_of_page = if has_values && page.is_some_and(|page| page.values) { order.len() } else { 0 };
        let JoinStep { rule, offset, .. } = &read.join;
        let scan = ScanStep {
            field: field.name.clone(),
            plain,
            source: collection.source,
            first,
            behind,
            cursor: cursor.collect(),
            operands,
            limit: limit_at,
            check,
            columns: (0..read.columns.len()).chain((columns.len()..).take(values_of_page)).collect(),
            // A page has one row more, to see whether there are more.
            wanted: match rule {
                JoinRule::Page { .. } => PlanOperand::OneMore(Box::new(limit.clone())),
                _ => limit.clone(),
            },
            // What the join leaves out is there for it.
            offset: given.offset.clone().filter(|_| offset.is_none()),
        };
        let join = JoinStep { rows: self.add(Step::Scan(Box::new(scan))), ..read.join.clone() };
        let join = self.add(Step::Join(join));
        Ok(Some(read.placed(join)))
    }

    /// Whether rows in an order can be read on behind any of them.
    fn resumes(&self, id: CollectionId, order: &[Order]) -> bool {
        let collection = self.world.federated.collection(id);
        let Some(source) = self.world.sources.get(collection.source) else { return false };
        let own = &collection.described;
        let resumes = |term: &Order| match &term.target {
            OrderTarget::Field(_) => term.field(own).is_some_and(|field| source.resumes(field, None)),
            OrderTarget::RowId => true,
            OrderTarget::Aggregate(_) => compares_alike(term.describe(own, String::new()).scalar),
        };
        !order.is_empty() && order.iter().all(resumes)
    }

    /// How much is counted and checked so far.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.filter_fetches, self.checks.len(), self.guards.len())
    }

    /// Forgets what was counted and checked since.
    pub(super) fn forget(&mut self, (fetches, checks, guards): (usize, usize, usize)) {
        self.filter_fetches = fetches;
        self.checks.truncate(checks);
        self.guards.truncate(guards);
    }
}
