//! Orders that a source cannot make alone: the values of terms beyond its links are fetched by their keys, put beside the
//! rows, and the rows are sorted here.
//!
//! In: an order, and for each of its terms the links it goes through. Out: which terms are sorted here, and the steps that
//! fetch their values, one for each link, whatever the number of rows.
//! *Invariant*: rows that are sorted here arrive in the source's own order by the terms that follow, so these need no
//! value; text of the source's own is never compared here by a rule that may not be its own, but to end an order.

use std::sync::Arc;

use lilong_connectors::{Function, Order, OrderTarget, Predicate};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Link, LinkId};

use super::arguments::Given;
use super::build::Builder;
use super::fold::{Asked, FoldKey, Folding};
use super::keys::{department, key_scalars, parent_key, row_key};
use super::page::Page;
use super::read::{Columns, position};
use super::{KeyColumns, Step, StepId};
use crate::error::{Code, RequestError};
use crate::operation::Field;

/// Puts a value of linked rows beside rows, as one column more; where no row is linked null, or 0.
#[derive(Debug)]
pub struct AttachStep {
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// The source of the rows, for faults; `None`: they are of a union, and each row tells.
    pub source: Option<Arc<str>>,
    /// The same of the linked rows.
    pub linked_source: Option<Arc<str>>,
    /// The rows.
    pub input: StepId,
    /// The linked rows.
    pub linked: StepId,
    /// The keys of the rows.
    pub key: KeyColumns,
    /// The keys of the linked rows.
    pub linked_key: KeyColumns,
    /// The column of the linked rows.
    pub value: usize,
    /// Whether it is 0 where no row is linked.
    pub no_rows_are_zero: bool,
}

/// An order of which the first terms are made here.
pub(super) struct LocalOrder {
    /// How many terms are sorted here; the source is asked for the order of the others.
    pub(super) here: usize,
    /// Of these the ones beyond a link, and the links.
    pub(super) far: Vec<(usize, Vec<LinkId>)>,
}

/// Rows with a value beside them.
struct Valued {
    rows: StepId,
    /// Which field each column is; the value may stand behind them.
    columns: Vec<FieldId>,
    value: usize,
}

impl Builder<'_> {
    /// What of an order is made here; `None`: nothing. `source_orders`: whether the source makes orders of its own columns.
    pub(super) fn local_order(
        &self,
        id: CollectionId,
        field: &Field,
        order: &[Order],
        given: &Given,
        page: Option<&Page>,
        source_orders: bool,
    ) -> Result<Option<LocalOrder>, RequestError> {
        let capabilities = self.capabilities(id);
        let links = |at: usize| given.links.get(at).map(Vec::as_slice).unwrap_or_default();
        let stays = |at: usize| links(at).iter().all(|link| self.stays_inside(self.world.federated.link(*link)));
        let page = page.is_some();
        let by_source = |at: usize| {
            let reaches = order[at].path.is_empty() || capabilities.order_links;
            let folds = match (&order[at].target, links(at).last()) {
                (OrderTarget::Aggregate(_), Some(link)) => {
                    capabilities.link_aggregates && self.is_inside(self.world.federated.link(*link))
                }
                _ => true,
            };
            source_orders && reaches && folds && stays(at) && self.reaches(id, &order[at])
        };
        let Some(last) = (0..order.len()).rev().find(|at| !by_source(*at)) else {
            return Ok(None);
        };
        // A cursor holds the values of all terms, so all of them are compared here; but for the row number, which is one
        // number wherever it is compared.
        let rows_are_numbered = order.last().is_some_and(|term| matches!(term.target, OrderTarget::RowId));
        if page && rows_are_numbered && !source_orders {
            let message =
                format!("`{}` has no key, and its source cannot order its rows, so it has no pages", field.name);
            return Err(RequestError::at(Code::TooCostly, message, field.location));
        }
        let here = if page || !source_orders { order.len() - usize::from(rows_are_numbered) } else { last + 1 };
        let collection = &self.world.federated.collection(id).described;
        // The text of several sources is ordered by code point in any case. Pages would compare it with cursors, too, and are refused.
        let is_united = !page && self.world.federated.union_of(id).is_some();
        for (at, term) in order.iter().enumerate().take(here.min(given.links.len())) {
            if by_source(at) && !is_united && !compares_alike(term.describe(collection, String::new()).scalar) {
                let why = if page {
                    "a page of an order that goes through other sources is compared here"
                } else {
                    "what follows it comes from another source"
                };
                let what = "its text is ordered by the source's own rules, which are not known here";
                let message =
                    format!("`{}`: term {} of `orderBy` cannot be used: {what}, and {why}", field.name, at + 1);
                return Err(RequestError::at(Code::TooCostly, message, field.location));
            }
        }
        let far = (0..here).filter(|at| !links(*at).is_empty()).map(|at| (at, links(at).to_vec())).collect();
        Ok(Some(LocalOrder { here, far }))
    }

    /// Whether a link's both ends are in one source, and their keys compare as they stand.
    fn stays_inside(&self, link: &Link) -> bool {
        let federated = self.world.federated;
        let one_source = federated.collection(link.from).source == federated.collection(link.to).source;
        one_source && !link.is_normalized() && self.follows(link)
    }

    /// Puts the value that a term of an order finds beyond its links beside rows; it is their next column.
    pub(super) fn attach_value(
        &mut self,
        field: &Field,
        rows: StepId,
        columns: &[FieldId],
        links: &[LinkId],
        target: &OrderTarget,
    ) -> Result<StepId, RequestError> {
        let federated = self.world.federated;
        let Some((id, rest)) = links.split_first() else {
            let message = format!("`{}` cannot be ordered by that: its source cannot do it", field.name);
            return Err(RequestError::at(Code::TooCostly, message, field.location));
        };
        let link = federated.link(*id);
        let (linked, linked_key, value, no_rows_are_zero) = match (rest, target) {
            ([], OrderTarget::Aggregate(linked)) => {
                self.count_fetch(field.location)?;
                let folded = self.fold(Folding {
                    field,
                    collection: link.to,
                    key: FoldKey::Parents { link: *id, parent: rows, columns },
                    by: Vec::new(),
                    figures: vec![linked.aggregate.clone()],
                    asked: Asked { predicate: Predicate::TRUE, operands: Vec::new(), given: Given::default() },
                    groups: None,
                })?;
                let scalars = key_scalars(federated, link);
                let counts = matches!(linked.aggregate.function, Function::Count | Function::CountDistinct);
                (folded.rows, KeyColumns::first(scalars), link.to_columns.len(), counts)
            }
            _ => {
                let valued = self.valued(field, rows, columns, *id, rest, target)?;
                (valued.rows, row_key(federated, link, &valued.columns), valued.value, false)
            }
        };
        Ok(self.add(Step::Attach(AttachStep {
            field: field.name.clone(),
            source: department(federated, link.from),
            linked_source: department(federated, link.to),
            input: rows,
            linked,
            key: parent_key(federated, link, columns),
            linked_key,
            value,
            no_rows_are_zero,
        })))
    }

    /// The rows that a link leads to from others, with the value that the rest of the way finds.
    fn valued(
        &mut self,
        field: &Field,
        from: StepId,
        from_columns: &[FieldId],
        id: LinkId,
        rest: &[LinkId],
        target: &OrderTarget,
    ) -> Result<Valued, RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let mut wanted = Columns::default();
        wanted.want_all(&link.to_columns);
        let own = match (rest.first(), target) {
            (Some(next), _) => &federated.link(*next).columns[..],
            (None, OrderTarget::Field(field)) => std::slice::from_ref(field),
            (None, _) => &[],
        };
        wanted.want_all(own);
        let (rows, columns) = self.linked_rows(link, from, from_columns, wanted, field.location)?;
        if rest.is_empty() {
            let value = own.first().and_then(|field| position(&columns, *field)).unwrap_or_default();
            return Ok(Valued { rows, columns, value });
        }
        let value = columns.len();
        let rows = self.attach_value(field, rows, &columns, rest, target)?;
        Ok(Valued { rows, columns, value })
    }
}

/// Whether values of a scalar have one order, wherever they are compared.
pub(super) fn compares_alike(scalar: Scalar) -> bool {
    !matches!(scalar, Scalar::String | Scalar::Uuid | Scalar::Enum | Scalar::Json | Scalar::Bytes)
}
