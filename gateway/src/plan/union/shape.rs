//! What members that look the same are asked, in the words of their collection.
//!
//! In: a fetch over the union's columns. Out: an [`Ask`]: the same over the member's, as far as its source can do it and
//! means the same by it, and what is left for here. *Invariant*: a condition or an order on text goes to a source only if
//! that orders it by code point, as rows of several sources are; nothing goes to it that reads a value as another scalar.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow_schema::{Schema, SchemaRef};
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{Comparison, Fetch, KeySet, OperandId, Predicate, Prepared, Source};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{Union, UnionColumn};
use lilong_schema::{Capabilities, Collection, Scalar};

use super::cell::Cell;
use super::first::First;
use super::fold::Groups;
use super::reduce::{Known, Reduced, reduce};
use crate::plan::pushdown;

/// Members that look the same to connectors that speak the same.
#[derive(Debug)]
pub struct Shape {
    pub(super) union: Arc<Union>,
    pub(super) at: usize,
    pub(super) capabilities: Capabilities,
    /// By the union's fields: what its source makes of them.
    pub(super) relations: Vec<Relation>,
    /// What is asked, by which conditions on fixed columns hold.
    asks: Mutex<HashMap<Vec<Known>, Option<Arc<Ask>>>>,
}

/// What a column of a union is to the source of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
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
    /// What batches of them look like.
    pub schema: SchemaRef,
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
    /// The groups that it sends instead of rows.
    pub groups: Option<Groups>,
    pub(super) first: OnceLock<First>,
}

impl Ask {
    /// Whether the rows that are sent are worked on here.
    pub fn reads_here(&self) -> bool {
        !self.cuts && self.groups.is_none()
    }
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
pub const EXTRAS: usize = 2;

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

    pub(super) fn columns(&self) -> &[UnionColumn] {
        &self.union.shapes[self.at].columns
    }

    /// The collection, as one of the members describes it.
    pub(super) fn described(&self) -> Arc<Collection> {
        self.union.shapes[self.at].described.clone()
    }

    /// The member's column that a column of the union is.
    pub(super) fn own(&self, field: FieldId) -> Option<FieldId> {
        match self.columns()[field] {
            UnionColumn::Field(own) => Some(own),
            _ => None,
        }
    }

    fn is_fixed(&self, field: FieldId) -> bool {
        matches!(self.relations[field], Relation::Fixed)
    }

    /// What is known of a condition by what is one value in all rows; `truth` is asked for what depends on the member.
    fn known(&self, leaf: &Predicate, truth: impl FnOnce() -> Known) -> Option<Known> {
        // An empty list is in no need of a value.
        let is_of_list = |comparison: Comparison| matches!(comparison, Comparison::In | Comparison::NotIn);
        match leaf {
            Predicate::Compare { field, comparison, .. } if self.is_missing(*field) && !is_of_list(*comparison) => {
                Some(None)
            }
            Predicate::IsNull(field) if self.is_fixed(*field) => Some(Some(self.is_missing(*field))),
            Predicate::KeyIn { fields, .. } if fields.iter().any(|field| self.is_missing(*field)) => Some(Some(false)),
            Predicate::Compare { field, .. } if self.is_fixed(*field) => Some(truth()),
            Predicate::KeyIn { fields, .. } if fields.iter().all(|field| self.is_fixed(*field)) => Some(truth()),
            _ => None,
        }
    }

    pub(super) fn is_missing(&self, field: FieldId) -> bool {
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
        let (mut pushed, mut residual) = pushdown::split_by(&|part| self.can_check(part), predicate);
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
        let own_keys: Vec<FieldId> = key_columns.iter().filter_map(|field| self.own(*field)).collect();
        if let (Some(group), true) = (&fetch.group, residual.is_true())
            && let Some((group, groups)) = self.groups(fetch, group, if by_keys { &own_keys } else { &[] }, operands)
        {
            let columns = own_keys;
            let fetch = Fetch {
                predicate: self.rename(&pushed),
                keys: by_keys.then_some(KeySet::of(columns)),
                group: Some(group),
                ..Fetch::of(self.described(), Vec::new())
            };
            let (prepared, groups, first) = (Arc::new(Prepared::new(fetch)), Some(groups), OnceLock::new());
            let (columns, schema, cells) = (Vec::new(), Arc::new(Schema::empty()), Vec::new());
            return Some(Ask {
                prepared,
                columns,
                schema,
                cells,
                residual,
                cuts: false,
                single: false,
                derived,
                groups,
                first,
            });
        }
        let order = self.order(fetch);
        let complete = residual.is_true() && self.capabilities.limit && order.is_some();
        // Rows that are folded here are all read.
        let cuts = complete && (!by_keys || self.capabilities.limit_per_key) && fetch.group.is_none();
        let mut columns = work.to_vec();
        let mut read = Vec::new();
        pushdown::fields_of(&residual, &mut read);
        columns.extend(read.into_iter().filter(|field| !work.contains(field)));
        let mut seen = std::collections::HashSet::new();
        columns.retain(|field| seen.insert(*field));
        let schema = columns_schema(&fetch.collection, &columns);
        let (cells, own) = self.cells(&columns);
        let cut_keys = fetch.keys.as_ref().is_some_and(|keys| keys.limit.is_some() || keys.offset.is_some()) || single;
        let fetch = Fetch {
            predicate: self.rename(&pushed),
            distinct: if complete {
                distinct.iter().filter_map(|field| self.own(*field)).collect()
            } else {
                Vec::new()
            },
            order: order.unwrap_or_default(),
            limit: (self.capabilities.limit && (fetch.limit.is_some() || single || !cuts))
                .then_some(operands + Extra::Limit as usize),
            keys: by_keys.then(|| KeySet {
                limit: (cuts && cut_keys).then_some(operands + Extra::KeyLimit as usize),
                ..KeySet::of(own_keys)
            }),
            ..Fetch::of(self.described(), own)
        };
        let (prepared, groups, first) = (Arc::new(Prepared::new(fetch)), None, OnceLock::new());
        Some(Ask { prepared, columns, schema, cells, residual, cuts, single, derived, groups, first })
    }

    /// Whether the source checks a predicate over the union's fields.
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
        let own = |field: &FieldId| self.own(*field).unwrap_or(*field);
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
}
