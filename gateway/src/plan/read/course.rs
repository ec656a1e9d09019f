//! The course of a reading: what of it its source does, and what is done here.
//!
//! In: what is asked. Out: a [`Course`], which the passes beside this one go by. *Invariant*: a cursor is compared where the
//! order is made.

use lilong_connectors::Order;
use lilong_schema::federated::{CollectionId, Link};

use crate::operation::Field;
use crate::plan::arguments::{Given, plain_field};
use crate::plan::build::Builder;
use crate::plan::far::LocalOrder;
use crate::plan::page::{End, Page};
use crate::plan::share::Share;

/// What is read, and who does what of it.
pub(super) struct Course<'a> {
    pub(super) field: &'a Field,
    pub(super) collection: CollectionId,
    /// The link of the parents' rows that is followed.
    pub(super) link: Option<&'a Link>,
    pub(super) list: bool,
    pub(super) given: Given,
    pub(super) page: Option<Page>,
    /// The whole order.
    pub(super) order: Vec<Order>,
    /// Whether the source makes orders of its own columns.
    pub(super) source_orders: bool,
    /// What of the order is made here.
    pub(super) local: Option<LocalOrder>,
    /// Whether the source is asked by keys.
    pub(super) looks_up: bool,
    pub(super) share: Share,
}

impl Course<'_> {
    /// How many terms of the order are sorted here.
    pub(super) fn here(&self) -> usize {
        self.local.as_ref().map_or(0, |local| local.here)
    }

    /// The terms that the source orders by.
    pub(super) fn pushed_order(&self) -> &[Order] {
        if self.source_orders { &self.order[self.here()..] } else { &[] }
    }

    /// Whether the source gives the values of the terms that it orders by.
    pub(super) fn order_values(&self) -> bool {
        match self.local {
            // Of an order that is made here for a page, the source gives the row number that ends it.
            Some(_) => self.page.is_some() && !self.pushed_order().is_empty(),
            None => self.makes_cursors() && self.order.iter().any(|term| plain_field(term).is_none()),
        }
    }

    /// Whether cursors are made of the rows.
    pub(super) fn makes_cursors(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.values)
    }

    /// Between which cursors rows stand.
    pub(super) fn ends(&self) -> &[End] {
        self.page.as_ref().map(|page| page.ends.as_slice()).unwrap_or_default()
    }
}

impl Builder<'_> {
    /// Whether the source makes an order of its own columns, and compares cursors in it if there are some.
    pub(super) fn orders_by_source(&self, id: CollectionId, order: &[Order], page: Option<&Page>) -> bool {
        let capabilities = self.capabilities(id);
        // Row numbers of several members cannot be compared.
        let is_plain = || order.iter().all(|term| plain_field(term).is_some());
        let compares = capabilities.filter && (self.world.federated.union_of(id).is_none() || is_plain());
        let serves = |page: &Page| !page.numbered && (compares || page.ends.is_empty() && !page.values);
        capabilities.order && page.is_none_or(serves)
    }
}
