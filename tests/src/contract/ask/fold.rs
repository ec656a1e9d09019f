//! Questions for groups, for values reached through links, and for aggregates over linked rows.

use std::sync::Arc;

use lilong_connectors::{
    Aggregate, Comparison, Function, Group, GroupKey, Hop, LinkedAggregate, Operand, Order, OrderTarget, Predicate,
    Test,
};
use lilong_schema::{Collection, Value};

use super::{Direction, Question};
use crate::contract::condition::Condition;

/// Steps of a path: the linked collection, the outer and the inner field.
pub(crate) type Path<'p> = &'p [(&'p str, &'p str, &'p str)];

/// An aggregate over linked rows by names.
#[derive(Clone, Copy)]
pub(crate) struct Over<'p> {
    pub(crate) link: (&'p str, &'p str, &'p str),
    pub(crate) condition: &'p Condition,
    pub(crate) function: Function,
    pub(crate) fields: &'p [&'p str],
}

/// What is reached at the end of a path.
#[derive(Clone, Copy)]
pub(crate) enum Target<'p> {
    Field(&'p str),
    Over(Over<'p>),
}

impl Question<'_> {
    fn hops(&self, path: Path<'_>) -> (Vec<Hop>, Arc<Collection>) {
        let mut outer = self.fetch.collection.clone();
        let mut hops = Vec::new();
        for (name, from, to) in path {
            let inner = self.fixture.described(name);
            let on = vec![(outer.field_id(from).unwrap(), inner.field_id(to).unwrap())];
            hops.push(Hop { collection: inner.clone(), on });
            outer = inner;
        }
        (hops, outer)
    }

    fn target(&mut self, outer: &Collection, target: Target<'_>) -> OrderTarget {
        match target {
            Target::Field(name) => OrderTarget::Field(outer.field_id(name).unwrap()),
            Target::Over(over) => {
                let collection = self.fixture.described(over.link.0);
                let on = vec![(outer.field_id(over.link.1).unwrap(), collection.field_id(over.link.2).unwrap())];
                let predicate = over.condition.compile(self.fixture, &collection, &mut self.operands);
                let aggregate = aggregate(&collection, over.function, over.fields);
                OrderTarget::Aggregate(Arc::new(LinkedAggregate { collection, on, predicate, aggregate }))
            }
        }
    }

    /// Folds the rows: by the fields at the ends of paths.
    pub(crate) fn fold(mut self, by: &[(Path<'_>, &str)], aggregates: &[(Function, &[&str])]) -> Self {
        let by: Vec<GroupKey> = by
            .iter()
            .map(|(path, field)| {
                let (path, last) = self.hops(path);
                GroupKey { path, field: last.field_id(field).unwrap() }
            })
            .collect();
        let collection = self.fetch.collection.clone();
        let aggregates: Vec<Aggregate> =
            aggregates.iter().map(|(function, fields)| aggregate(&collection, *function, fields)).collect();
        let keys = self.fetch.keys.as_ref().map(|keys| keys.columns.clone()).unwrap_or_default();
        let answer = Group::describe(&collection, &keys, &by, &aggregates);
        self.fetch.columns.clear();
        let (having, order) = (Predicate::TRUE, Vec::new());
        self.fetch.group = Some(Group { by, aggregates, answer, having, order, limit: None, offset: None });
        self
    }

    fn group(&mut self) -> &mut Group {
        self.fetch.group.as_mut().unwrap()
    }

    pub(crate) fn having(mut self, field: usize, comparison: Comparison, value: Value) -> Self {
        self.operands.push(Operand::Value(value));
        let operand = self.operands.len() - 1;
        let group = self.group();
        let having = std::mem::replace(&mut group.having, Predicate::TRUE);
        group.having = having.and(Predicate::Compare { field, comparison, operand });
        self
    }

    pub(crate) fn groups_by(mut self, field: usize, (descending, nulls_first): Direction) -> Self {
        let target = OrderTarget::Field(field);
        self.group().order.push(Order { path: Vec::new(), target, descending, nulls_first });
        self
    }

    pub(crate) fn groups_between(mut self, offset: i64, limit: i64) -> Self {
        let (limit, offset) = (self.operand(limit), self.operand(offset));
        let group = self.group();
        (group.limit, group.offset) = (Some(limit), Some(offset));
        self
    }

    pub(crate) fn by_reached(mut self, path: Path<'_>, target: Target<'_>, direction: Direction) -> Self {
        let (path, outer) = self.hops(path);
        let target = self.target(&outer, target);
        self.fetch.order.push(Order { path, target, descending: direction.0, nulls_first: direction.1 });
        self
    }

    /// Rows where what is reached compares with a value; `None`: where it is null.
    pub(crate) fn reaching(mut self, path: Path<'_>, target: Target<'_>, test: Option<(Comparison, Value)>) -> Self {
        let (path, outer) = self.hops(path);
        let target = self.target(&outer, target);
        let test = match test {
            None => Test::IsNull,
            Some((comparison, value)) => {
                self.operands.push(Operand::Value(value));
                Test::Compare { comparison, operand: self.operands.len() - 1 }
            }
        };
        let predicate = std::mem::replace(&mut self.fetch.predicate, Predicate::TRUE);
        self.fetch.predicate = predicate.and(Predicate::Reached { path, target, test });
        self
    }

    /// Turns the condition so far around.
    pub(crate) fn negated(mut self) -> Self {
        let predicate = std::mem::replace(&mut self.fetch.predicate, Predicate::TRUE);
        self.fetch.predicate = Predicate::Not(Box::new(predicate));
        self
    }

    pub(crate) fn order_values(mut self) -> Self {
        self.fetch.order_values = true;
        self
    }
}

fn aggregate(collection: &Collection, function: Function, fields: &[&str]) -> Aggregate {
    Aggregate { function, fields: fields.iter().map(|name| collection.field_id(name).unwrap()).collect() }
}
