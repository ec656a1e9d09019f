//! How much a plan weighs in the cache.
//!
//! *Invariant*: everything that grows with a document or with the structure of its variables is counted, so that no
//! series of documents makes the cache larger than it says.

use std::sync::Arc;

use lilong_connectors::{OrderTarget, Predicate, Prepared};
use lilong_schema::Value;

use super::connection::{ConnectionField, ConnectionValue};
use super::{KeysFrom, Output, OutputValue, Plan, PlanOperand, Step, Whole};

/// What a step, an output, an operand or a condition takes at least, in bytes.
const STEP: usize = 512;
const OUTPUT: usize = 128;
const OPERAND: usize = 64;
const CONDITION: usize = 64;

impl Plan {
    /// Bytes, roughly.
    pub(crate) fn weight(&self) -> usize {
        outputs(&self.output)
            + self.checks.iter().map(|check| operands(std::slice::from_ref(&check.operand))).sum::<usize>()
            + (self.guards.len() + self.cursors.len()) * OPERAND
            + self.steps.iter().map(step).sum::<usize>()
    }
}

fn step(step: &Step) -> usize {
    STEP + match step {
        Step::Fetch(fetch) => {
            let keys = match &fetch.keys {
                Some(KeysFrom::Arguments(values)) => operands(values),
                _ => 0,
            };
            // The native request is made later, of about the size of what it is made from.
            let page = fetch.page.as_ref().map_or(0, |page| page.terms() * CONDITION);
            let group = group(&fetch.prepared);
            keys + page + group + operands(&fetch.operands) + 2 * predicate(&fetch.prepared.fetch.predicate)
        }
        Step::Filter(filter) => operands(&filter.operands) + predicate(&filter.predicate),
        Step::Page(page) => page.ends.iter().map(|(values, _)| operands(values)).sum(),
        Step::Union(union) => {
            let keys = match &union.keys {
                Some(KeysFrom::Arguments(values)) => operands(values),
                _ => 0,
            };
            // Requests are made later, one for each shape or a few.
            let page = union.page.as_ref().map_or(0, |page| page.terms() * CONDITION);
            let groups = union.fetch.group.as_ref().map_or(0, |group| group.answer.fields.len() * OUTPUT);
            let each = STEP + 3 * predicate(&union.fetch.predicate) + page + groups;
            keys + operands(&union.operands) + union.shapes.len() * each + union.shape_of.len() * size_of::<usize>()
        }
        Step::Keys(keys) => keys.before.as_ref().map_or(0, |before| {
            let entry = |(to, from): (&String, &Vec<String>)| {
                OPERAND + to.len() + from.iter().map(|from| OPERAND + from.len()).sum::<usize>()
            };
            before.table.iter().map(entry).sum()
        }),
        Step::Aggregate(aggregate) => (aggregate.by.len() + aggregate.figures.len()) * CONDITION,
        Step::Widen(widen) => widen.joins.len() * CONDITION,
        Step::Choose(choose) => {
            let whole =
                |whole: &Arc<Whole>| (predicate(&whole.predicate) + operands(&whole.operands)) / whole.links.len();
            let parts = choose.parts().map(|(_, part)| part.steps.iter().map(self::step).sum::<usize>());
            parts.sum::<usize>() + choose.whole.as_ref().map_or(0, whole)
        }
        Step::Scan(scan) => {
            let of = |part: &super::Part| part.steps.iter().map(self::step).sum::<usize>();
            of(&scan.plain)
                + of(&scan.check)
                + operands(&scan.operands)
                + (scan.first.terms() + scan.behind.terms()) * CONDITION
                + 4 * predicate(&scan.first.plain.fetch.predicate)
        }
        Step::Given | Step::Attach(_) | Step::Sort(_) | Step::Join(_) | Step::Fill(_) | Step::Assign(_) => 0,
    }
}

/// What is grouped, with its description and its conditions.
fn group(prepared: &Prepared) -> usize {
    let of = |group: &lilong_connectors::Group| {
        let path: usize = group.by.iter().map(|key| key.path.len() * CONDITION).sum();
        group.answer.fields.len() * OUTPUT + path + 2 * predicate(&group.having) + group.order.len() * CONDITION
    };
    prepared.fetch.group.as_ref().map_or(0, of)
}

fn outputs(list: &[Output]) -> usize {
    let of = |output: &Output| {
        OUTPUT
            + 2 * output.key.len()
            + match &output.value {
                OutputValue::Constant(bytes) => bytes.len(),
                OutputValue::Schema(long) => fields(&long.selection),
                OutputValue::Object(fields) => outputs(fields),
                OutputValue::Whole(whole) => outputs(&whole.fields),
                OutputValue::Rows(rows) => outputs(&rows.fields),
                OutputValue::Connection(connection) => connection_fields(&connection.fields),
                OutputValue::Sources(fields) => fields.len() * OUTPUT,
                OutputValue::TypeByName { selection, .. } => fields(selection),
                OutputValue::Cell(_) => 0,
            }
    };
    list.iter().map(of).sum()
}

fn connection_fields(list: &[ConnectionField]) -> usize {
    let of = |field: &ConnectionField| {
        OUTPUT
            + 2 * field.key.len()
            + match &field.value {
                ConnectionValue::Constant(bytes) => bytes.len(),
                ConnectionValue::Nodes(rows) | ConnectionValue::Node(rows) => outputs(&rows.fields),
                ConnectionValue::Edges(fields) | ConnectionValue::PageInfo(fields) => connection_fields(fields),
                _ => 0,
            }
    };
    list.iter().map(of).sum()
}

fn fields(selection: &[crate::operation::Field]) -> usize {
    selection.iter().map(|field| OUTPUT + field.key.len() + fields(&field.selection)).sum()
}

fn operands(list: &[PlanOperand]) -> usize {
    let of = |operand: &PlanOperand| {
        OPERAND
            + match operand {
                PlanOperand::Literal(literal) => value(literal),
                PlanOperand::Variable(slot) => slot.path.len() * size_of::<usize>(),
                PlanOperand::List(items) => operands(items),
                PlanOperand::FromStep(_) => 0,
                PlanOperand::OneMore(operand) => operands(std::slice::from_ref(operand)),
            }
    };
    list.iter().map(of).sum()
}

fn value(literal: &Value) -> usize {
    match literal {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(|item| OPERAND + value(item)).sum(),
        _ => 0,
    }
}

fn predicate(condition: &Predicate) -> usize {
    CONDITION
        + match condition {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().map(predicate).sum(),
            Predicate::Not(part) => predicate(part),
            Predicate::Exists(exists) => predicate(&exists.predicate),
            Predicate::Reached { path, target, .. } => {
                path.len() * CONDITION
                    + match target {
                        OrderTarget::Aggregate(linked) => predicate(&linked.predicate),
                        OrderTarget::Field(_) | OrderTarget::RowId => 0,
                    }
            }
            Predicate::Compare { .. } | Predicate::IsNull(_) | Predicate::KeyIn { .. } => 0,
        }
}
