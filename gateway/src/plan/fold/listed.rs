//! Folds of rows that are cut in an order which their source cannot give: they are read as a list of them would be.
//!
//! In: a folding whose `orderBy` goes through links into other sources, or that its source cannot follow. Out: its rows, cut.
//! *Invariant*: these are the rows of `nodes` beside the figures.

use lilong_connectors::{Order, Predicate};

use super::here::AtHand;
use super::{Figure, FoldKey, Folding};
use crate::error::RequestError;
use crate::plan::JoinRule;
use crate::plan::build::Builder;
use crate::plan::read::{Columns, Reading, Via, position};
use crate::plan::share::needs_source;

impl Builder<'_> {
    /// Whether rows are cut in an order that their source cannot give, for values that stand beyond their links.
    pub(super) fn is_cut_beyond(&self, folding: &Folding<'_>, order: &[Order]) -> Result<bool, RequestError> {
        let given = &folding.asked.given;
        let capabilities = self.capabilities(folding.collection);
        if !order.iter().any(needs_source) {
            return Ok(false);
        }
        let local = self.local_order(folding.collection, folding.field, order, given, None, capabilities.order)?;
        Ok(local.is_some_and(|local| !local.far.is_empty()))
    }

    /// The rows, each once, though several parents may have it.
    pub(super) fn rows_of_list(&mut self, folding: &Folding<'_>, predicate: Predicate) -> Result<AtHand, RequestError> {
        let federated = self.world.federated;
        let id = folding.collection;
        let mut columns = Columns::default();
        if let Some(link) = self.link_of(&folding.key) {
            columns.want_all(&link.to_columns);
        }
        for column in &folding.by {
            match column.link {
                None => columns.want(column.field),
                Some(link) => columns.want_all(&federated.link(link).columns),
            }
        }
        for figure in &folding.figures {
            columns.want_all(&figure.fields);
        }
        let via = match folding.key {
            FoldKey::Parents { link, parent, columns } => Via::Link { link, parent, columns },
            FoldKey::None | FoldKey::Far(_) => Via::All,
        };
        let reading = Reading {
            field: folding.field,
            collection: id,
            via,
            given: folding.asked.given.clone(),
            page: None,
            predicate,
            operands: folding.asked.operands.clone(),
            columns,
        };
        let mut rows = self.unplaced(reading)?;
        // They are not given out.
        rows.join.rule = JoinRule::List { most: self.world.limits.budget_rows };
        let read = self.place(folding.field, id, rows);
        self.bear_fold(folding, read.join);
        let described = &federated.collection(id).described;
        let at = |field: &usize| (position(&read.columns, *field).unwrap_or_default(), described.fields[*field].scalar);
        let figures = folding.figures.iter().map(|figure| Figure {
            function: figure.function,
            of: figure.fields.iter().map(at).collect(),
            parts: false,
        });
        let figures = figures.collect();
        let scalars = read.columns.iter().map(|field| described.fields[*field].scalar).collect();
        Ok(AtHand { rows: read.join, columns: read.columns, scalars, linked: Vec::new(), figures })
    }
}
