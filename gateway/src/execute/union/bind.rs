//! The values of one member's request: its limits, and keys in its own columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_select::filter::filter_record_batch;
use lilong_connectors::evaluate::{self, KeyIndex};
use lilong_connectors::{Operand, OperandId};
use lilong_schema::Value;
use lilong_schema::federated::UnionColumn;

use super::Request;
use crate::execute::{Fault, Run, collect::is_false, internal};
use crate::plan::Ceiling;
use crate::plan::union::{Ask, Derived, EXTRAS, UnionStep};

/// Limits and offsets of a union's step in one request.
pub(super) struct Numbers {
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) key_limit: Option<usize>,
    pub(super) key_offset: usize,
    /// What more rows than this are.
    pub(super) ceiling: Ceiling,
    /// Whether only rows beyond a cursor are asked for.
    pub(super) beyond: bool,
}

impl Numbers {
    /// `stop`: after how many rows, if the step may be told to.
    pub(super) fn of(step: &UnionStep, operands: &[Operand], stop: Option<usize>) -> Result<Self, Fault> {
        let number = |operand: Option<OperandId>| match operand.map(|operand| operands.get(operand)) {
            None => Ok(None),
            Some(Some(Operand::Value(Value::Integer(number)))) => {
                Ok(Some(usize::try_from(*number).map_err(|_| internal())?))
            }
            Some(_) => Err(internal()),
        };
        let keys = step.fetch.keys.as_ref();
        let mut ceiling = step.ceiling;
        let mut limit = number(step.fetch.limit)?;
        if let (true, Some(stop)) = (step.stops, stop) {
            ceiling.rows = ceiling.rows.min(stop);
            limit = Some(ceiling.rows + 1);
        }
        Ok(Self {
            limit,
            offset: number(step.fetch.offset)?.unwrap_or_default(),
            key_limit: number(keys.and_then(|keys| keys.limit))?,
            key_offset: number(keys.and_then(|keys| keys.offset))?.unwrap_or_default(),
            ceiling,
            beyond: false,
        })
    }

    /// How many rows of the merged ones are looked at; `None`: all.
    pub(super) fn most(&self) -> Option<usize> {
        self.limit.map(|limit| limit.saturating_add(self.offset))
    }

    /// The same of each key.
    pub(super) fn most_of_key(&self) -> Option<usize> {
        self.key_limit.map(|limit| limit.saturating_add(self.key_offset))
    }
}

impl Run<'_> {
    /// What a member is sent; `None` if its keys leave nothing to ask for.
    pub(super) fn request(
        &self,
        step: &UnionStep,
        member: usize,
        ask: Arc<Ask>,
        operands: &[Operand],
        keys: Option<&RecordBatch>,
        numbers: &Numbers,
    ) -> Result<Option<Request>, Fault> {
        let budget = self.world.limits.budget_rows.saturating_add(1);
        let by_keys = ask.prepared.fetch.keys.is_some();
        let of_key = if ask.single { Some(1) } else { numbers.most_of_key() };
        let mut limit = match (ask.cuts, keys.is_some()) {
            (false, _) => Some(budget),
            // With keys it is a ceiling only.
            (true, true) => numbers.limit,
            (true, false) => numbers.most(),
        };
        if ask.cuts && (ask.single && keys.is_none() || keys.is_some() && !by_keys) {
            // All rows that are asked for are of one key, or have one value.
            limit = [limit, of_key].into_iter().flatten().min();
        }
        let integer = |number: usize| Operand::Value(Value::Integer(number as i128));
        let mut all = Vec::with_capacity(operands.len() + EXTRAS + ask.derived.len());
        all.extend_from_slice(operands);
        all.push(integer(limit.unwrap_or(budget)));
        all.push(integer(of_key.unwrap_or(budget)));
        let mut own = None;
        for derived in &ask.derived {
            let given = match derived.keys {
                None => keys.ok_or_else(internal)?,
                Some(operand) => match operands.get(operand) {
                    Some(Operand::Keys(keys)) => keys,
                    _ => return Err(internal()),
                },
            };
            let keys = self.derive(step, member, derived, given)?;
            if derived.keys.is_none() {
                if keys.num_rows() == 0 {
                    return Ok(None);
                }
                own = Some(keys.clone());
            }
            all.push(Operand::Keys(keys));
        }
        if is_false(&ask.prepared.fetch.predicate, &all) {
            return Ok(None);
        }
        Ok(Some(Request { member, ask, operands: all, keys: own.filter(|_| by_keys) }))
    }

    /// Keys for one member, in its columns and as its scalars, also where none are left.
    fn derive(
        &self,
        step: &UnionStep,
        member: usize,
        derived: &Derived,
        keys: &RecordBatch,
    ) -> Result<RecordBatch, Fault> {
        if !derived.own {
            return Ok(keys.clone());
        }
        let member = &step.union.members[member];
        let shape = &step.union.shapes[member.shape];
        let fields = &step.fetch.collection.fields;
        let mut keys = keys.clone();
        for (at, field) in derived.fields.iter().enumerate() {
            let scalar = fields[*field].scalar;
            let value: ArrayRef = match shape.columns[*field] {
                UnionColumn::Field(_) => continue,
                // What goes by a missing column is decided before.
                UnionColumn::Missing => return Err(internal()),
                UnionColumn::Source => Arc::new(StringArray::from(vec![&**self.world.sources[member.source].name()])),
                UnionColumn::Constant(at) => {
                    crate::execute::bind::cells(scalar, std::slice::from_ref(&member.constants[at]))
                        .ok_or_else(internal)?
                }
            };
            let found = KeyIndex::new(&[value]).and_then(|index| index.lookup(std::slice::from_ref(keys.column(at))));
            let found = found.map_err(|error| self.internal(&error))?;
            let mask: BooleanArray = found.iter().map(|key| Some(key.is_some())).collect();
            keys = filter_record_batch(&keys, &mask).map_err(|error| self.internal(&error))?;
        }
        let mut columns = Vec::new();
        for (at, field) in derived.fields.iter().enumerate() {
            if let UnionColumn::Field(own) = shape.columns[*field] {
                let (from, to) = (fields[*field].scalar, shape.described.fields[own].scalar);
                columns.push(evaluate::convert(keys.column(at), from, to).map_err(|error| self.internal(&error))?);
            }
        }
        if columns.is_empty() {
            return Ok(keys);
        }
        evaluate::distinct_keys(&columns).map_err(|error| self.internal(&error))
    }
}
