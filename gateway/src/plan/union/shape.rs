//! What members that look the same are asked, in the words of their collection.
//!
//! In: a fetch over the union's columns. Out: an [`Ask`]: the same over the member's, as far as its source can do it and
//! means the same by it, and what is left for here. *Invariant*: a condition or an order on text goes to a source only if
//! that orders it by code point, as rows of several sources are; nothing goes to it that reads a value as another scalar.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lilong_connectors::{Comparison, Fetch, KeySet, OperandId, Order, OrderTarget, Predicate, Prepared, Source};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{Tie, Union, UnionColumn};
use lilong_schema::{Capabilities, Collection, Scalar};

use super::reduce::{Known, Reduced, reduce};
use crate::plan::pushdown;

/// Members that look the same to connectors that speak the same.
#[derive(Debug)]
pub struct Shape {
    union: Arc<Union>,
    at: usize,
    capabilities: Capabilities,
    /// By the union's fields: what its source makes of them.
    relations: Vec<Relation>,
    /// What is asked, by which conditions on fixed columns hold.
    asks: Mutex<HashMap<Vec<Known>, Option<Arc<Ask>>>>,
}

/// What a column of a union is to the source of a member.
#[derive(Clone, Copy, Debug)]
enum Relation {
    /// One value in all rows.
    Fixed,
    /// A column of the source's.
    Column {
        /// Whether values mean the same on both sides.
        same: bool,
        /// Whether the source orders them as rows of several sources are.
        ordered: bool,
    },
}

/// What a member is asked, and what is done with what it sends.
#[derive(Debug)]
pub struct Ask {
    /// The request. Its operands are those of the union's step, then those of [`Extra`], then those of `derived`.
    pub prepared: Arc<Prepared>,
    /// The union's fields that its rows have here: what is merged, then what `residual` reads.
    pub columns: Vec<FieldId>,
    /// Where their cells come from.
    pub cells: Vec<Cell>,
    /// What is left to be checked here.
    pub residual: Predicate,
    /// Whether the source leaves out what is beyond limits, so that it sends no more than there may be.
    pub cuts: bool,
    /// Whether at most one row is wanted, or of each key one.
    pub single: bool,
    /// Keys in the columns of the member.
    pub derived: Vec<Derived>,
}

/// Operands that follow those of the union's step.
#[derive(Clone, Copy, Debug)]
pub enum Extra {
    /// The most rows.
    Limit = 0,
    /// The most rows of a key.
    KeyLimit = 1,
}

/// How many there are.
const EXTRAS: usize = 2;

/// Where the cells of a column come from.
#[derive(Clone, Copy, Debug)]
pub enum Cell {
    /// A column of what the member sends.
    Column(usize),
    /// The name of its source.
    Source,
    /// A declared value.
    Constant(usize),
    /// Null.
    Missing,
}

/// Keys for one member.
#[derive(Debug)]
pub struct Derived {
    /// The operand with the keys; `None`: those of the fetch.
    pub keys: Option<OperandId>,
    /// The union's fields that the columns of the keys are.
    pub fields: Vec<FieldId>,
    /// Whether they are for the source: without the columns that are one value in all rows of the member, which must be
    /// that value, and as the member's scalars. Else as they are.
    pub own: bool,
}

impl Shape {
    /// The shape of members of a union at such a source.
    pub(super) fn new(union: &Arc<Union>, at: usize, source: &Source, described: &Collection) -> Self {
        let shape = &union.shapes[at];
        let relation = |(field, column): (&lilong_schema::Field, &UnionColumn)| match column {
            UnionColumn::Field(id) => {
                let own = &shape.described.fields[*id];
                let same = own.scalar == field.scalar || (own.scalar, field.scalar) == (Scalar::Int, Scalar::BigInt);
                // Labels of a database enum stand in its own order.
                let enumeration = own.scalar == Scalar::Enum;
                Relation::Column { same, ordered: !enumeration && source.orders_exactly(own) }
            }
            _ => Relation::Fixed,
        };
        Self {
            relations: described.fields.iter().zip(&shape.columns).map(relation).collect(),
            union: union.clone(),
            at,
            capabilities: source.capabilities(),
            asks: Mutex::default(),
        }
    }

    fn columns(&self) -> &[UnionColumn] {
        &self.union.shapes[self.at].columns
    }

    fn is_fixed(&self, field: FieldId) -> bool {
        matches!(self.relations[field], Relation::Fixed)
    }

    /// What is known of a condition by what is one value in all rows; `truth` is asked for what depends on the member.
    fn known(&self, leaf: &Predicate, truth: impl FnOnce() -> Known) -> Option<Known> {
        match leaf {
            Predicate::Compare { field, .. } if self.is_missing(*field) => Some(None),
            Predicate::IsNull(field) if self.is_fixed(*field) => Some(Some(self.is_missing(*field))),
            Predicate::KeyIn { fields, .. } if fields.iter().any(|field| self.is_missing(*field)) => Some(Some(false)),
            Predicate::Compare { field, .. } if self.is_fixed(*field) => Some(truth()),
            Predicate::KeyIn { fields, .. } if fields.iter().all(|field| self.is_fixed(*field)) => Some(truth()),
            _ => None,
        }
    }

    fn is_missing(&self, field: FieldId) -> bool {
        self.columns()[field] == UnionColumn::Missing
    }

    /// What a member is asked; made once for each set of truths.
    pub(super) fn ask(
        &self,
        fetch: &Fetch,
        work: &[FieldId],
        operands: usize,
        truths: &dyn Fn(usize) -> Known,
        leaves: &[Predicate],
    ) -> Option<Arc<Ask>> {
        let known =
            leaves.iter().enumerate().filter_map(|(at, leaf)| self.known(leaf, || truths(at))).collect::<Vec<_>>();
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ask) = asks.get(&known) {
            return ask.clone();
        }
        let ask = self.make(fetch, work, operands, truths).map(Arc::new);
        asks.insert(known, ask.clone());
        ask
    }

    fn make(&self, fetch: &Fetch, work: &[FieldId], operands: usize, truths: &dyn Fn(usize) -> Known) -> Option<Ask> {
        let decide = |at: usize, leaf: &Predicate| self.known(leaf, || truths(at));
        let predicate = match reduce(&fetch.predicate, &decide) {
            Reduced::Never => return None,
            Reduced::Always => Predicate::TRUE,
            Reduced::Rows(predicate) => predicate,
        };
        let (mut pushed, mut residual) = self.split(predicate);
        let mut derived = Vec::new();
        let keys = fetch.keys.as_ref();
        if keys.is_some_and(|keys| keys.columns.iter().any(|field| self.is_missing(*field))) {
            return None;
        }
        let mut key_columns = Vec::new();
        if let Some(keys) = keys {
            key_columns = keys.columns.iter().copied().filter(|field| !self.is_fixed(*field)).collect();
            let own = key_columns.is_empty() || self.capabilities.keys > 0;
            derived.push(Derived { keys: None, fields: keys.columns.clone(), own });
            if !own {
                // The keys of the fetch are the first derived operand.
                let (fields, operand) = (keys.columns.clone(), operands + EXTRAS);
                residual = residual.and(Predicate::KeyIn { fields, normalize: Vec::new(), operand });
            }
        }
        let by_keys = !key_columns.is_empty() && self.capabilities.keys > 0;
        self.derive(&mut pushed, operands, &mut derived);

        let distinct: Vec<FieldId> = fetch.distinct.iter().copied().filter(|field| !self.is_fixed(*field)).collect();
        let single = !fetch.distinct.is_empty() && distinct.is_empty();
        let order = self.order(fetch);
        let complete = residual.is_true() && self.capabilities.limit && order.is_some();
        let cuts = complete && (!by_keys || self.capabilities.limit_per_key);
        let mut columns = work.to_vec();
        let mut read = Vec::new();
        pushdown::fields_of(&residual, &mut read);
        columns.extend(read.into_iter().filter(|field| !work.contains(field)));
        let mut seen = std::collections::HashSet::new();
        columns.retain(|field| seen.insert(*field));
        let (cells, own) = self.cells(&columns);
        let member = |field: &FieldId| match self.columns()[*field] {
            UnionColumn::Field(own) => Some(own),
            _ => None,
        };
        let cut_keys = fetch.keys.as_ref().is_some_and(|keys| keys.limit.is_some() || keys.offset.is_some()) || single;
        let fetch = Fetch {
            collection: self.union.shapes[self.at].described.clone(),
            columns: own,
            predicate: self.rename(&pushed),
            distinct: if complete { distinct.iter().filter_map(member).collect() } else { Vec::new() },
            order: order.unwrap_or_default(),
            limit: (self.capabilities.limit && (fetch.limit.is_some() || single || !cuts))
                .then_some(operands + Extra::Limit as usize),
            offset: None,
            keys: by_keys.then(|| KeySet {
                columns: key_columns.iter().filter_map(member).collect(),
                normalize: Vec::new(),
                limit: (cuts && cut_keys).then_some(operands + Extra::KeyLimit as usize),
                offset: None,
            }),
            order_values: false,
            group: None,
        };
        Some(Ask { prepared: Arc::new(Prepared::new(fetch)), columns, cells, residual, cuts, single, derived })
    }

    /// The order in the member's columns; `None` if the source cannot give it. What is one value in all rows has none.
    fn order(&self, fetch: &Fetch) -> Option<Vec<Order>> {
        if fetch.order.is_empty() {
            return Some(Vec::new());
        }
        if !self.capabilities.order {
            return None;
        }
        let mut order = Vec::with_capacity(fetch.order.len());
        for term in &fetch.order {
            match (&term.target, term.path.is_empty()) {
                (OrderTarget::Field(field), true) => match (self.relations[*field], self.columns()[*field]) {
                    (Relation::Column { ordered: true, .. }, UnionColumn::Field(own)) => {
                        order.push(Order { target: OrderTarget::Field(own), ..term.clone() });
                    }
                    (Relation::Fixed, _) => {}
                    _ => return None,
                },
                (OrderTarget::RowId, true) => order.extend(self.tie()),
                _ => return None,
            }
        }
        Some(order)
    }

    /// What ends an order in the member itself.
    fn tie(&self) -> Vec<Order> {
        let ascending = |target| Order { path: Vec::new(), target, descending: false, nulls_first: false };
        match &self.union.shapes[self.at].tie {
            Tie::Key(columns) | Tie::Everything(columns) => {
                columns.iter().map(|field| ascending(OrderTarget::Field(*field))).collect()
            }
            Tie::RowId => vec![ascending(OrderTarget::RowId)],
        }
    }

    /// The part that the source checks, and the rest; both over the union's fields.
    fn split(&self, predicate: Predicate) -> (Predicate, Predicate) {
        if self.can_check(&predicate) {
            return (predicate, Predicate::TRUE);
        }
        match predicate {
            Predicate::And(parts) => {
                parts.into_iter().fold((Predicate::TRUE, Predicate::TRUE), |(pushed, residual), part| {
                    let (more, rest) = self.split(part);
                    (pushed.and(more), residual.and(rest))
                })
            }
            predicate => (Predicate::TRUE, predicate),
        }
    }

    fn can_check(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().all(|part| self.can_check(part)),
            Predicate::Not(part) => self.can_check(part),
            Predicate::IsNull(_) => self.capabilities.filter,
            Predicate::Compare { field, comparison, .. } => {
                let Relation::Column { same, ordered } = self.relations[*field] else { return false };
                let by_order = matches!(
                    comparison,
                    Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual
                );
                same && (ordered || !by_order) && pushdown::can_compare(&self.capabilities, *comparison)
            }
            Predicate::KeyIn { normalize, .. } => self.capabilities.filter && normalize.is_empty(),
            Predicate::Exists(_) | Predicate::Reached { .. } => false,
        }
    }

    /// Gives conditions on keys the keys of the member: without what is one value in all rows, as its scalars.
    fn derive(&self, predicate: &mut Predicate, operands: usize, derived: &mut Vec<Derived>) {
        match predicate {
            Predicate::And(parts) | Predicate::Or(parts) => {
                for part in parts {
                    self.derive(part, operands, derived);
                }
            }
            Predicate::Not(part) => self.derive(part, operands, derived),
            Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() && *operand < operands => {
                derived.push(Derived { keys: Some(*operand), fields: fields.clone(), own: true });
                fields.retain(|field| !self.is_fixed(*field));
                *operand = operands + EXTRAS + derived.len() - 1;
            }
            _ => {}
        }
    }

    /// A pushed predicate over the member's fields.
    fn rename(&self, predicate: &Predicate) -> Predicate {
        let own = |field: &FieldId| match self.columns()[*field] {
            UnionColumn::Field(own) => own,
            _ => *field,
        };
        match predicate {
            Predicate::And(parts) => Predicate::And(parts.iter().map(|part| self.rename(part)).collect()),
            Predicate::Or(parts) => Predicate::Or(parts.iter().map(|part| self.rename(part)).collect()),
            Predicate::Not(part) => Predicate::Not(Box::new(self.rename(part))),
            Predicate::Compare { field, comparison, operand } => {
                Predicate::Compare { field: own(field), comparison: *comparison, operand: *operand }
            }
            Predicate::IsNull(field) => Predicate::IsNull(own(field)),
            Predicate::KeyIn { fields, normalize, operand } => Predicate::KeyIn {
                fields: fields.iter().map(own).collect(),
                normalize: normalize.clone(),
                operand: *operand,
            },
            other => other.clone(),
        }
    }

    /// Where the cells of columns come from, and the member's columns that are asked for.
    fn cells(&self, columns: &[FieldId]) -> (Vec<Cell>, Vec<FieldId>) {
        let mut own = Vec::new();
        let cells = columns
            .iter()
            .map(|field| match self.columns()[*field] {
                UnionColumn::Field(id) => {
                    own.push(id);
                    Cell::Column(own.len() - 1)
                }
                UnionColumn::Source => Cell::Source,
                UnionColumn::Constant(at) => Cell::Constant(at),
                UnionColumn::Missing => Cell::Missing,
            })
            .collect();
        if own.is_empty() {
            // Rows without a column cannot be counted.
            own.push(0);
        }
        (cells, own)
    }
}
