//! `…Groups`: rows in groups by columns, which groups and in which order.

use lilong_connectors::{Aggregate, Order, OrderTarget, Predicate};
use lilong_schema::federated::{CollectionId, FoldType, GroupColumn, Statistic};

use super::figures::{Figures, count};
use super::{Asked, FoldKey, Folding, Groups};
use crate::error::RequestError;
use crate::operation::{Argument, Field, Form};
use crate::plan::arguments::Given;
use crate::plan::build::{Builder, bad_input, unknown};
use crate::plan::keys::department;
use crate::plan::limits::CheckKind;
use crate::plan::order::direction;
use crate::plan::output::output;
use crate::plan::{Cell, JoinRule, JoinStep, Output, OutputValue, PlanOperand, RowsOutput, Step};

impl Builder<'_> {
    /// The steps of `residentGroups`.
    pub(in crate::plan) fn groups(&mut self, field: &Field, id: CollectionId) -> Result<OutputValue, RequestError> {
        let by = self.grouped_by(id, field)?;
        let mut figures = Figures::default();
        let mut outputs: Vec<Output> = Vec::with_capacity(field.selection.len());
        for child in &field.selection {
            let value = match &*child.name {
                "__typename" => self.fold_type_name(id, FoldType::Group),
                "key" => OutputValue::Object(self.key_outputs(id, child, &by)?),
                "aggregate" => {
                    OutputValue::Object(self.figure_outputs(id, &child.selection, by.len(), &mut figures)?)
                }
                _ => return Err(unknown(child)),
            };
            outputs.push(output(child, value));
        }
        let mut operands = Vec::new();
        let predicate = match field.argument("where") {
            Some(argument) => self.predicate(id, argument, &mut operands, field.location)?,
            None => Predicate::TRUE,
        };
        let having = match field.argument("having") {
            Some(argument) => self.having(id, argument, by.len(), &mut figures, &mut operands, field.location)?,
            None => Predicate::TRUE,
        };
        let order = self.group_order(id, field, &by, &mut figures)?;
        let (limit, offset) = self.bounds(field)?;
        let asked = Asked { predicate, operands, given: Given::default() };
        let groups = Groups { having, order, limit, offset };
        let folding =
            Folding { field, collection: id, key: FoldKey::None, by, figures: figures.0, asked, groups: Some(groups) };
        let folded = self.fold(folding)?;
        let join = self.add(Step::Join(JoinStep {
            field: field.name.clone(),
            source: department(self.world.federated, id),
            rows: folded.rows,
            parent: None,
            distinct: Vec::new(),
            offset: folded.offset,
            limit: folded.limit,
            rule: JoinRule::List { most: self.world.limits.list_rows },
        }));
        let source = self.world.federated.collection(id).source;
        Ok(OutputValue::Rows(RowsOutput { join, source, list: true, fields: outputs }))
    }

    /// What `by` names, nothing twice.
    fn grouped_by(&self, id: CollectionId, field: &Field) -> Result<Vec<GroupColumn>, RequestError> {
        let mut by = Vec::new();
        if let Some(Argument { form: Form::List(items), .. }) = field.argument("by") {
            for item in items {
                let Form::Enum(name) = &item.form else { continue };
                let column = self.world.federated.group_column(id, self.world.slice, name);
                let column = column.ok_or_else(|| bad_input(field, format!("`by` has no column `{name}`")))?;
                if !by.contains(&column) {
                    by.push(column);
                }
            }
        }
        if by.is_empty() {
            let message = format!("`by` of `{}` names no column; `…Aggregate` takes all rows together", field.name);
            return Err(bad_input(field, message));
        }
        Ok(by)
    }

    fn key_outputs(&self, id: CollectionId, field: &Field, by: &[GroupColumn]) -> Result<Vec<Output>, RequestError> {
        let federated = self.world.federated;
        let value = |child: &Field| {
            if &*child.name == "__typename" {
                return Ok(self.fold_type_name(id, FoldType::GroupKey));
            }
            let column = federated.group_column(id, self.world.slice, &child.name).ok_or_else(|| unknown(child))?;
            let position = by.iter().position(|own| *own == column).ok_or_else(|| missing_key(child, &child.name))?;
            let (described, name) = federated.grouped(id, column);
            let source = column.link.map(|link| federated.collection(federated.link(link).to).source);
            Ok(OutputValue::Cell(Cell { source, ..self.cell(position, described, name) }))
        };
        field.selection.iter().map(|child| Ok(output(child, value(child)?))).collect()
    }

    /// `orderBy`, ended by the columns of `by`, so that it is total.
    fn group_order(
        &self,
        id: CollectionId,
        field: &Field,
        by: &[GroupColumn],
        figures: &mut Figures,
    ) -> Result<Vec<Order>, RequestError> {
        let mut order: Vec<Order> = Vec::new();
        let has = |order: &[Order], column: usize| order.iter().any(|term| is_column(term, column));
        if let Some(Argument { form: Form::List(items), .. }) = field.argument("orderBy") {
            for item in items {
                let (name, value) = only_key(field, item)?;
                let (column, value) = match (name, Statistic::from_name(name)) {
                    ("key", _) => {
                        let (name, value) = only_key(field, value)?;
                        let column = self.world.federated.group_column(id, self.world.slice, name);
                        let column = column.and_then(|column| by.iter().position(|own| *own == column));
                        (column.ok_or_else(|| missing_key(field, name))?, value)
                    }
                    ("count", _) => (by.len() + figures.want(count()), value),
                    (_, Some(statistic)) => {
                        let (figure, value) = self.ordered_figure(id, field, statistic, value)?;
                        (by.len() + figures.want(figure), value)
                    }
                    _ => return Err(bad_input(field, format!("`orderBy` has no key `{name}`"))),
                };
                let (descending, nulls_first) = direction(field, name, value)?;
                // What has been ordered by once is equal from there on.
                if !has(&order, column) {
                    order.push(Order { path: Vec::new(), target: OrderTarget::Field(column), descending, nulls_first });
                }
            }
        }
        for column in 0..by.len() {
            if !has(&order, column) {
                let target = OrderTarget::Field(column);
                order.push(Order { path: Vec::new(), target, descending: false, nulls_first: false });
            }
        }
        Ok(order)
    }

    /// `{ amount: DESC }` under a statistic.
    pub(in crate::plan) fn ordered_figure<'a>(
        &self,
        id: CollectionId,
        field: &Field,
        statistic: Statistic,
        argument: &'a Argument,
    ) -> Result<(Aggregate, &'a Argument), RequestError> {
        let (name, value) = only_key(field, argument)?;
        let figure = self.figure(id, statistic, name);
        Ok((figure.ok_or_else(|| bad_input(field, format!("`orderBy` has no key `{name}`")))?, value))
    }

    /// Checks `limit` and `offset`, which are as a list's.
    fn bounds(&mut self, field: &Field) -> Result<(Option<PlanOperand>, Option<PlanOperand>), RequestError> {
        self.check(field, "limit", CheckKind::Limit { most: self.world.limits.list_rows })?;
        self.check(field, "offset", CheckKind::Offset)?;
        Ok((field.argument("limit").map(PlanOperand::of), field.argument("offset").map(PlanOperand::of)))
    }
}

fn is_column(term: &Order, column: usize) -> bool {
    matches!(term.target, OrderTarget::Field(own) if own == column)
}

/// The one key of an object of `orderBy`.
pub(in crate::plan) fn only_key<'a>(
    field: &Field,
    argument: &'a Argument,
) -> Result<(&'a str, &'a Argument), RequestError> {
    let Form::Object(entries) = &argument.form else {
        return Err(bad_input(field, "`orderBy` cannot be null inside".to_owned()));
    };
    match entries.as_slice() {
        [(name, value)] => Ok((&**name, value)),
        _ => Err(bad_input(field, "each object of `orderBy` takes exactly one key".to_owned())),
    }
}

fn missing_key(field: &Field, name: &str) -> RequestError {
    bad_input(field, format!("`key` has `{name}`, which `by` lacks: add it to `by`"))
}
