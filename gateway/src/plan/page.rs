//! Pages by comparison: which rows stand after a cursor, or before it, in an order.
//!
//! In: an order and the values of its terms at a cursor. Out: a condition for the source, or a step for the gateway.
//! *Invariant*: rows are compared as the order compares them: what the order calls equal is not told apart, so nothing is
//! repeated or left out; the first term alone bounds the rows, so that its index serves.

use std::sync::{Arc, PoisonError, RwLock};

use lilong_connectors::{Comparison, Fetch, Operand, OperandId, Order, OrderTarget, Predicate, Prepared, Test};
use lilong_schema::{Collection, Scalar, Value};

use super::build::Builder;
use super::read::push;
use super::{JoinRule, PlanOperand, SortStep, Step, StepId};

/// What is kept for the places of nulls in cursors; more are made anew at each request.
pub(super) const KEPT: usize = 16;

/// A page of rows, as the planner reads it.
#[derive(Clone)]
pub(super) struct Page {
    /// The whole order, in the direction in which rows are fetched.
    pub(super) order: Vec<Order>,
    /// Between which cursors.
    pub(super) ends: Vec<End>,
    /// Whether cursors are made of the rows.
    pub(super) values: bool,
    /// What the rows are to their parent.
    pub(super) rule: JoinRule,
    /// Whether `order` goes from the end.
    pub(super) backwards: bool,
    /// Whether rows that are equal in all terms are told apart by their number among each other. Then all is done here,
    /// over all rows.
    pub(super) numbered: bool,
}

/// An end of a page.
#[derive(Clone)]
pub(super) struct End {
    /// The values of the order's terms.
    pub(super) values: Vec<PlanOperand>,
    /// Which rows count.
    pub(super) side: Side,
}

/// Which side of a cursor rows stand on, in the direction in which they are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Before it; else after it.
    pub before: bool,
    /// At it too.
    pub at: bool,
}

/// One term of a local order.
#[derive(Clone, Copy, Debug)]
pub struct SortTerm {
    /// The column of the batch.
    pub column: usize,
    /// What its cells are.
    pub scalar: Scalar,
    /// From large to small.
    pub descending: bool,
    /// Where nulls stand.
    pub nulls_first: bool,
}

/// Keeps rows that stand on one side of cursors; rows are in the order already.
#[derive(Debug)]
pub struct PageStep {
    /// The rows.
    pub input: StepId,
    /// Their order.
    pub terms: Vec<SortTerm>,
    /// For each cursor the values of the terms, and the side.
    pub ends: Vec<(Vec<PlanOperand>, Side)>,
}

/// A fetch between cursors. Where a cursor holds null the condition is another one; each is made once.
#[derive(Debug)]
pub struct FetchPage {
    /// The fetch without the condition.
    base: Fetch,
    ends: Vec<FetchEnd>,
    made: RwLock<Vec<(Vec<bool>, Arc<Prepared>)>>,
}

#[derive(Debug)]
struct FetchEnd {
    /// By term of the order.
    operands: Vec<OperandId>,
    side: Side,
}

impl FetchPage {
    /// The page of a fetch; the values of the cursors become operands.
    pub(super) fn new(base: Fetch, ends: &[End], operands: &mut Vec<PlanOperand>) -> Self {
        let ends = ends
            .iter()
            .map(|end| FetchEnd {
                operands: end.values.iter().map(|value| push(operands, value.clone())).collect(),
                side: end.side,
            })
            .collect();
        Self { base, ends, made: RwLock::default() }
    }

    /// The fetch for cursors without nulls.
    pub(super) fn plain(&self) -> Fetch {
        self.fetch(&|_| false)
    }

    /// The fetch for the nulls among these operands; `None` if the cursors hold none.
    pub fn prepared(&self, operands: &[Operand]) -> Option<Arc<Prepared>> {
        let is_null = |operand: OperandId| matches!(operands.get(operand), Some(Operand::Value(Value::Null)));
        let nulls: Vec<bool> =
            self.ends.iter().flat_map(|end| &end.operands).map(|operand| is_null(*operand)).collect();
        if !nulls.contains(&true) {
            return None;
        }
        let known = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, prepared)) = known.iter().find(|(key, _)| *key == nulls) {
            return Some(prepared.clone());
        }
        drop(known);
        let prepared = Arc::new(Prepared::new(self.fetch(&is_null)));
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() < KEPT {
            made.push((nulls, prepared.clone()));
        }
        Some(prepared)
    }

    /// How many conditions it may hold, for the weight of the plan.
    pub(super) fn terms(&self) -> usize {
        self.ends.iter().map(|end| end.operands.len()).sum::<usize>() * 4
    }

    fn fetch(&self, is_null: &dyn Fn(OperandId) -> bool) -> Fetch {
        let mut fetch = self.base.clone();
        for end in &self.ends {
            let beyond = beyond(&fetch.collection, &fetch.order, &end.operands, end.side, is_null);
            fetch.predicate = fetch.predicate.and(beyond);
        }
        fetch
    }
}

/// The rows on one side of a cursor. Of each term: beyond the cursor's value, or at it and the rest decides. `at or beyond`
/// stands in front, where an index can bound it.
fn beyond(
    collection: &Collection,
    order: &[Order],
    operands: &[OperandId],
    side: Side,
    is_null: &dyn Fn(OperandId) -> bool,
) -> Predicate {
    let never = Predicate::Or(Vec::new());
    let mut rest = if side.at { Predicate::TRUE } else { never };
    for (order, operand) in order.iter().zip(operands).rev() {
        let (descending, nulls_first) = (order.descending ^ side.before, order.nulls_first ^ side.before);
        let null = || test(order, Test::IsNull);
        rest = if is_null(*operand) {
            if nulls_first { either(Predicate::Not(Box::new(null())), rest) } else { null().and(rest) }
        } else {
            let (strict, loose) = if descending {
                (Comparison::Less, Comparison::LessOrEqual)
            } else {
                (Comparison::Greater, Comparison::GreaterOrEqual)
            };
            let compare = |comparison| test(order, Test::Compare { comparison, operand: *operand });
            let there = match rest {
                Predicate::Or(parts) if parts.is_empty() => compare(strict),
                rest if rest.is_true() => compare(loose),
                rest => compare(loose).and(either(compare(strict), rest)),
            };
            if nulls_first || holds_no_null(collection, order) { there } else { either(null(), there) }
        };
    }
    rest
}

/// One or the other.
fn either(one: Predicate, other: Predicate) -> Predicate {
    if other.is_true() {
        return Predicate::TRUE;
    }
    match other {
        Predicate::Or(mut parts) => {
            parts.insert(0, one);
            if parts.len() == 1 { parts.swap_remove(0) } else { Predicate::Or(parts) }
        }
        other => Predicate::Or(vec![one, other]),
    }
}

fn test(order: &Order, test: Test) -> Predicate {
    match (&order.target, test) {
        (OrderTarget::Field(field), Test::Compare { comparison, operand }) if order.path.is_empty() => {
            Predicate::Compare { field: *field, comparison, operand }
        }
        (OrderTarget::Field(field), Test::IsNull) if order.path.is_empty() => Predicate::IsNull(*field),
        (target, test) => Predicate::Reached { path: order.path.clone(), target: target.clone(), test },
    }
}

fn holds_no_null(collection: &Collection, order: &Order) -> bool {
    order.path.is_empty()
        && match &order.target {
            OrderTarget::Field(field) => collection.fields[*field].holds_no_null(),
            OrderTarget::RowId => true,
            OrderTarget::Aggregate(_) => false,
        }
}

/// The same order from its end.
pub(super) fn reversed(order: Vec<Order>) -> Vec<Order> {
    order
        .into_iter()
        .map(|term| Order { descending: !term.descending, nulls_first: !term.nulls_first, ..term })
        .collect()
}

impl Builder<'_> {
    /// Numbers rows that are equal in all terms, from the beginning of the order, whichever way it is read. Gives the rows and
    /// the terms with the number at their end.
    pub(super) fn number(
        &mut self,
        rows: StepId,
        mut terms: Vec<SortTerm>,
        column: usize,
        backwards: bool,
    ) -> (StepId, Vec<SortTerm>) {
        let flipped = |term: &SortTerm| SortTerm {
            descending: term.descending ^ backwards,
            nulls_first: term.nulls_first ^ backwards,
            ..*term
        };
        let forward = terms.iter().map(flipped).collect();
        let rows = self.add(Step::Sort(SortStep { input: rows, terms: forward, numbered: true }));
        terms.push(SortTerm { column, scalar: Scalar::BigInt, descending: backwards, nulls_first: false });
        (rows, terms)
    }
}

/// The term over a column that holds its values.
pub(super) fn sort_term(term: &Order, column: usize, described: &Collection) -> SortTerm {
    SortTerm {
        column,
        scalar: term.describe(described, String::new()).scalar,
        descending: term.descending,
        nulls_first: term.nulls_first,
    }
}
