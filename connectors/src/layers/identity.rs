//! When two fetches ask the same.
//!
//! In: a bound fetch. Out: two keys of maps, one for the fetch as a whole and one for all that it is but its keys.
//! *Invariant*: equal identities have equal answers, but for the keys of a shape.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use lilong_schema::Value;

use crate::{BoundFetch, Operand};

/// Items of a list, or keys, that a hash looks at: enough to tell apart what people ask.
const LOOKED_AT: usize = 8;

/// What a fetch asks for, as the key of a map.
#[derive(Clone, Debug)]
pub(in crate::layers) struct Identity {
    bound: Arc<BoundFetch>,
    with_keys: bool,
    hash: u64,
}

impl Identity {
    /// The fetch it is of.
    pub(in crate::layers) fn bound(&self) -> &BoundFetch {
        &self.bound
    }
}

/// The identities of a fetch: without its keys, and as a whole.
pub(in crate::layers) fn identify(bound: &Arc<BoundFetch>, hasher: &impl BuildHasher) -> (Identity, Identity) {
    let mut state = hasher.build_hasher();
    let fetch = bound.fetch();
    fetch.collection.name.hash(&mut state);
    fetch.columns.hash(&mut state);
    for operand in &bound.operands {
        match operand {
            Operand::Value(value) => hash_value(value, &mut state),
            Operand::Keys(keys) => hash_keys(keys, &mut state),
        }
    }
    let shape = Identity { bound: bound.clone(), with_keys: false, hash: state.finish() };
    if let Some(keys) = &bound.keys {
        hash_keys(keys, &mut state);
    }
    let whole = Identity { bound: bound.clone(), with_keys: true, hash: state.finish() };
    (shape, whole)
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        if self.hash != other.hash || self.with_keys != other.with_keys {
            return false;
        }
        let (one, other_one) = (&*self.bound, &*other.bound);
        // A fetch that ended looks for its own entry.
        Arc::ptr_eq(&self.bound, &other.bound)
            || (Arc::ptr_eq(&one.prepared, &other_one.prepared) || one.fetch() == other_one.fetch())
                && one.operands == other_one.operands
                && (!self.with_keys || one.keys == other_one.keys)
    }
}

// No operand is a float that differs from itself.
impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

fn hash_value(value: &Value, state: &mut impl Hasher) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Null => {}
        Value::Boolean(value) => value.hash(state),
        Value::Integer(value) => value.hash(state),
        // Zero equals its negative.
        Value::Float(value) => (value + 0.0).to_bits().hash(state),
        Value::Decimal(text) | Value::Text(text) => text.hash(state),
        Value::Date(days) => days.hash(state),
        Value::Time(micros) | Value::LocalDateTime(micros) | Value::DateTime(micros) => micros.hash(state),
        Value::Bytes(bytes) => bytes.hash(state),
        Value::List(items) => {
            items.len().hash(state);
            items.iter().take(LOOKED_AT).for_each(|item| hash_value(item, state));
        }
    }
}

fn hash_keys(keys: &RecordBatch, state: &mut impl Hasher) {
    keys.num_rows().hash(state);
    let rows = keys.num_rows().min(LOOKED_AT);
    for column in keys.columns() {
        match column.data_type() {
            DataType::Int32 => column.as_primitive::<Int32Type>().values()[..rows].hash(state),
            DataType::Int64 => column.as_primitive::<Int64Type>().values()[..rows].hash(state),
            DataType::Utf8 => (0..rows).for_each(|row| column.as_string::<i32>().value(row).hash(state)),
            // The others are rare: they are told apart by comparing.
            other => other.hash(state),
        }
    }
}
