//! The arguments of a collection field: where to cut, what to make different, in which order.

use std::collections::HashSet;

use lilong_connectors::{Order, OrderTarget};
use lilong_schema::Value;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, LinkId, Tie};

use super::PlanOperand;
use super::build::{Builder, bad_input};
use super::limits::{Check, CheckKind};
use crate::error::{Code, Location, RequestError};
use crate::operation::{Argument, Field, Form};

/// The arguments of a list.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) limit: Option<PlanOperand>,
    pub(super) offset: Option<PlanOperand>,
    pub(super) distinct: Vec<FieldId>,
    pub(super) order: Vec<Order>,
    /// The links that each term of `order` goes through.
    pub(super) links: Vec<Vec<LinkId>>,
}

impl Given {
    /// Whether rows are left out by their number.
    pub(super) fn cuts(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }
}

impl Builder<'_> {
    /// The arguments of a list, checked.
    pub(super) fn given(&mut self, id: CollectionId, field: &Field) -> Result<Given, RequestError> {
        let (order, links) = self.order_by(id, field)?;
        let given = Given {
            limit: field.argument("limit").map(PlanOperand::of),
            offset: field.argument("offset").map(PlanOperand::of),
            distinct: self.select_columns(id, field, "distinctOn")?,
            order,
            links,
        };
        self.check(field, "limit", CheckKind::Limit { most: self.world.limits.list_rows })?;
        self.check(field, "offset", CheckKind::Offset)?;
        Ok(given)
    }

    /// The values of a by-key field's arguments, in the order of the key's columns.
    pub(super) fn key_arguments(&self, field: &Field, id: CollectionId, columns: &[FieldId]) -> Vec<PlanOperand> {
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
    pub(super) fn check(&mut self, field: &Field, name: &'static str, kind: CheckKind) -> Result<(), RequestError> {
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
        location: Location,
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

    /// The columns that an argument names, none twice.
    pub(super) fn select_columns(
        &self,
        id: CollectionId,
        field: &Field,
        name: &str,
    ) -> Result<Vec<FieldId>, RequestError> {
        let Some(argument) = field.argument(name) else {
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
                .position(|own| own.as_ref().is_some_and(|own| own.value == *value))
                .ok_or_else(|| bad_input(field, format!("`{name}` has no column `{value}`")))?;
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Ok(columns)
    }

    /// The order asked for, led by `distinctOn` and ended by what makes it total.
    pub(super) fn full_order(
        &self,
        id: CollectionId,
        field: &Field,
        given: &Given,
        all: bool,
    ) -> Result<Vec<Order>, RequestError> {
        let collection = self.world.federated.collection(id);
        let mut order = given.order.clone();
        let lead = order.iter().take(given.distinct.len()).map(plain_field).collect::<Vec<_>>();
        if !lead.iter().all(|column| column.is_some_and(|column| given.distinct.contains(&column))) {
            return Err(bad_input(field, "the columns of `distinctOn` must lead `orderBy`".to_owned()));
        }
        // Those that it does not name follow it.
        let rest = given.distinct.iter().filter(|column| !lead.contains(&Some(**column)));
        order.extend(rest.map(|column| ascending(OrderTarget::Field(*column))));
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
                let matters = !order.is_empty() || given.cuts();
                let budget = self.world.limits.budget_rows as u64;
                if matters && all && collection.described.rows.is_some_and(|rows| rows > budget) {
                    let message = format!(
                        "`{}` has no key to end its order and about {} rows, more than the budget of {budget}",
                        field.name,
                        collection.described.rows.unwrap_or_default(),
                    );
                    return Err(RequestError::at(Code::TooCostly, message, field.location));
                }
                if matters {
                    let missing = columns.iter().filter(|column| !has(&order, **column)).copied().collect::<Vec<_>>();
                    order.extend(missing.into_iter().map(|column| ascending(OrderTarget::Field(column))));
                }
            }
        }
        Ok(order)
    }

    /// The order asked for, and the links that each of its terms goes through.
    pub(super) fn order_by(
        &self,
        id: CollectionId,
        field: &Field,
    ) -> Result<(Vec<Order>, Vec<Vec<LinkId>>), RequestError> {
        match field.argument("orderBy") {
            Some(Argument { form: Form::List(items), .. }) => {
                let (mut order, mut ways) = (Vec::new(), Vec::new());
                let mut seen = HashSet::new();
                for item in items {
                    let (term, links) = self.order_term(id, item, field)?;
                    // What has been ordered by once is equal from there on.
                    match term.target {
                        OrderTarget::Field(column) if !seen.insert((links.clone(), column)) => {}
                        _ => {
                            order.push(term);
                            ways.push(links);
                        }
                    }
                }
                Ok((order, ways))
            }
            _ => Ok((Vec::new(), Vec::new())),
        }
    }
}

fn ascending(target: OrderTarget) -> Order {
    Order { path: Vec::new(), target, descending: false, nulls_first: false }
}

pub(super) fn plain_field(term: &Order) -> Option<FieldId> {
    match term.target {
        OrderTarget::Field(field) if term.path.is_empty() => Some(field),
        _ => None,
    }
}
