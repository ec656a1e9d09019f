//! What is asked of a source: one collection, some columns, a predicate, an order, a limit, keys.
//!
//! A [`Fetch`] holds no values and no caller: it is made once per plan, and so is the native request it becomes. A
//! [`BoundFetch`] adds the values of one request. Fields are named by their position in the collection's description,
//! which the fetch carries.

mod answer;
mod group;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Normalizer, Value};

use crate::Result;

pub use group::{Aggregate, Function, Group, GroupKey, LinkedAggregate};

/// The position of an operand in [`BoundFetch::operands`].
pub type OperandId = usize;

/// One request to a source, without values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What the source says of the collection.
    pub collection: Arc<Collection>,
    /// Columns of the answer, in this order; no column twice.
    pub columns: Vec<FieldId>,
    /// Which rows; three-valued as SQL's: a row counts if it is true.
    pub predicate: Predicate,
    /// Only the first row, by `order`, of each different combination of these columns (compared exactly).
    pub distinct: Vec<FieldId>,
    /// The order of rows; with `keys`, of the rows of each key.
    pub order: Vec<Order>,
    /// The most rows of the whole answer, an `Integer`. With `keys` it is a ceiling only: which rows are cut is open.
    pub limit: Option<OperandId>,
    /// Rows left out at the beginning, an `Integer`. Never with `keys`.
    pub offset: Option<OperandId>,
    /// Only rows with these keys.
    pub keys: Option<KeySet>,
    /// Whether the values of `order`'s terms follow `columns` in the answer, one column each. Not with `group`.
    pub order_values: bool,
    /// Instead of rows, what they come to in groups; `columns` is empty then. The rows are found first (predicate, keys,
    /// distinct, order, limits), then folded.
    pub group: Option<Group>,
}

impl Fetch {
    /// Every row of a collection with these columns, in any order.
    pub fn of(collection: Arc<Collection>, columns: Vec<FieldId>) -> Self {
        Self {
            collection,
            columns,
            predicate: Predicate::TRUE,
            distinct: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            keys: None,
            order_values: false,
            group: None,
        }
    }
}

/// A fetch by keys. The rows of one key come in `order`; keys come in any order, and rows of different keys may mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    /// The columns that hold the key, compared exactly; a key with a null matches nothing.
    pub columns: Vec<FieldId>,
    /// Steps on the column before it is compared; asked for only where the collection has an index that serves them
    /// ([`Collection::index_of_normalized`]), of one column and without `limit` and `offset`. The keys are texts then, and the
    /// answer has every row whose column becomes one of them, and perhaps others.
    pub normalize: Vec<Normalizer>,
    /// The most rows of each key, an `Integer`; if this or `offset` is given, rows of a key are cut after ordering.
    pub limit: Option<OperandId>,
    /// Rows of each key left out at the beginning, an `Integer`.
    pub offset: Option<OperandId>,
}

impl KeySet {
    /// All rows of keys in these columns, compared as they stand.
    pub fn of(columns: Vec<FieldId>) -> Self {
        Self { columns, normalize: Vec::new(), limit: None, offset: None }
    }
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// All hold; none: true.
    And(Vec<Predicate>),
    /// One holds; none: false.
    Or(Vec<Predicate>),
    /// Does not hold; unknown stays unknown.
    Not(Box<Predicate>),
    /// A field against an operand; unknown if the field is null.
    Compare {
        /// The field.
        field: FieldId,
        /// How.
        comparison: Comparison,
        /// A value of the field's scalar; a [`Value::List`] for `In` and `NotIn`; text for text comparisons.
        operand: OperandId,
    },
    /// The field is null. Never unknown.
    IsNull(FieldId),
    /// A row of another collection of the source is linked to this one and meets a condition. Never unknown.
    Exists(Box<Exists>),
    /// A test on a value that is reached from the row as an order reaches it.
    Reached {
        /// Object links to walk first, all inside the source; a missing row gives null, also for a count.
        path: Vec<Hop>,
        /// What is tested there.
        target: OrderTarget,
        /// How.
        test: Test,
    },
    /// The fields together are one of the keys of an operand ([`Operand::Keys`]). Never unknown: false if one is null.
    KeyIn {
        /// The fields.
        fields: Vec<FieldId>,
        /// Steps on each field before it is compared. With steps the keys are texts, and a connector is asked as in
        /// [`KeySet::normalize`], as one of the conditions that must all hold; the planner keeps the condition for itself too.
        normalize: Vec<Normalizer>,
        /// The keys.
        operand: OperandId,
    },
}

impl Predicate {
    /// The predicate that every row meets.
    pub const TRUE: Predicate = Predicate::And(Vec::new());

    /// Whether it is plainly true.
    pub fn is_true(&self) -> bool {
        matches!(self, Predicate::And(parts) if parts.is_empty())
    }

    /// Both; parts that are plainly true fall away.
    #[must_use]
    pub fn and(self, other: Predicate) -> Predicate {
        match (self, other) {
            (one, other) if one.is_true() => other,
            (one, other) if other.is_true() => one,
            (Predicate::And(mut parts), Predicate::And(more)) => {
                parts.extend(more);
                Predicate::And(parts)
            }
            (Predicate::And(mut parts), other) => {
                parts.push(other);
                Predicate::And(parts)
            }
            (one, other) => Predicate::And(vec![one, other]),
        }
    }
}

/// How a value that is reached from a row is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Against an operand, a value of the scalar reached; unknown if the value is null.
    Compare {
        /// How.
        comparison: Comparison,
        /// As in [`Predicate::Compare`].
        operand: OperandId,
    },
    /// It is null. Never unknown.
    IsNull,
}

/// A condition on linked rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exists {
    /// The linked collection, of the same source.
    pub collection: Arc<Collection>,
    /// Outer field, inner field: pairs that must be equal; where their scalars differ, by canonical text.
    pub on: Vec<(FieldId, FieldId)>,
    /// The condition on the linked row; its fields are those of the linked collection.
    pub predicate: Predicate,
}

/// How a field is compared. `Not…` and `NotEqual` never match null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are GraphQL's and SQL's
pub enum Comparison {
    Equal,
    NotEqual,
    In,
    NotIn,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Like,
    NotLike,
    ILike,
    NotILike,
    StartsWith,
    EndsWith,
    Contains,
    Regex,
    IRegex,
}

/// One term of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Object links to walk first, all inside the source; a missing row orders as null.
    pub path: Vec<Hop>,
    /// What is compared there.
    pub target: OrderTarget,
    /// From large to small.
    pub descending: bool,
    /// Where nulls stand.
    pub nulls_first: bool,
}

/// One object link of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The linked collection.
    pub collection: Arc<Collection>,
    /// Outer field, inner field.
    pub on: Vec<(FieldId, FieldId)>,
}

/// What an order compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderTarget {
    /// A field, in the source's own order.
    Field(FieldId),
    /// The hidden row number.
    RowId,
    /// An aggregate over linked rows.
    Aggregate(Arc<LinkedAggregate>),
}

/// The value of an operand in one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A value.
    Value(Value),
    /// Keys, one row each, none with a null, none twice; columns have the types of the fields they are compared with.
    Keys(RecordBatch),
}

/// A fetch with the values of one request. Equal bound fetches have equal answers.
#[derive(Clone, Debug)]
pub struct BoundFetch {
    /// The fetch and its native request.
    pub prepared: Arc<Prepared>,
    /// Values by [`OperandId`].
    pub operands: Vec<Operand>,
    /// The keys of [`Fetch::keys`]: as [`Operand::Keys`].
    pub keys: Option<RecordBatch>,
}

impl BoundFetch {
    /// The fetch.
    pub fn fetch(&self) -> &Fetch {
        &self.prepared.fetch
    }

    /// The most rows that it gives; `None` if that cannot be said, or if it is rows on their way into groups that are
    /// bounded.
    pub(crate) fn ceiling(&self) -> Option<usize> {
        if let Some(group) = &self.fetch().group {
            return (group.by.is_empty() && self.fetch().limit.is_none()).then_some(usize::MAX);
        }
        match self.operands.get(self.fetch().limit?) {
            Some(Operand::Value(Value::Integer(rows))) => usize::try_from(*rows).ok(),
            _ => None,
        }
    }
}

/// A fetch and the native request it becomes, made at its first use and kept with the plan.
#[derive(Debug)]
pub struct Prepared {
    /// The fetch.
    pub fetch: Fetch,
    native: OnceLock<Arc<Native>>,
    schema: OnceLock<SchemaRef>,
    key_schema: OnceLock<SchemaRef>,
    telling_keys: OnceLock<Option<TellingKeys>>,
}

/// A fetch by keys whose answer tells of each row which key it was found by.
#[derive(Clone, Debug)]
pub(crate) struct TellingKeys {
    /// The fetch with its key columns among the others, behind them where they were missing; `None`: it is so already.
    pub(crate) wider: Option<Arc<Prepared>>,
    /// Where the key columns stand, in the order of the keys.
    pub(crate) positions: Vec<usize>,
}

impl Prepared {
    /// A fetch that has not been used yet.
    pub fn new(fetch: Fetch) -> Self {
        Self {
            fetch,
            native: OnceLock::new(),
            schema: OnceLock::new(),
            key_schema: OnceLock::new(),
            telling_keys: OnceLock::new(),
        }
    }

    /// [`Fetch::schema`], made once.
    pub fn schema(&self) -> SchemaRef {
        self.schema.get_or_init(|| self.fetch.schema()).clone()
    }

    /// [`Fetch::key_schema`], made once.
    pub fn key_schema(&self) -> SchemaRef {
        self.key_schema.get_or_init(|| self.fetch.key_schema()).clone()
    }

    /// How to ask so that each row tells its key; made at its first use. `None`: it is no fetch by keys, or
    /// there is no way.
    pub(crate) fn telling_keys(&self) -> Option<&TellingKeys> {
        let telling = self.telling_keys.get_or_init(|| {
            let keys = self.fetch.keys.as_ref()?;
            if self.fetch.group.is_some() {
                // Groups begin with their keys.
                return Some(TellingKeys { wider: None, positions: (0..keys.columns.len()).collect() });
            }
            let mut columns = self.fetch.columns.clone();
            let positions = keys.columns.iter().map(|field| match columns.iter().position(|column| column == field) {
                Some(position) => position,
                None => {
                    columns.push(*field);
                    columns.len() - 1
                }
            });
            let positions = positions.collect();
            let is_wider = columns.len() > self.fetch.columns.len();
            if is_wider && self.fetch.order_values {
                // What follows the columns would have to move.
                return None;
            }
            let wider = is_wider.then(|| Arc::new(Prepared::new(Fetch { columns, ..self.fetch.clone() })));
            Some(TellingKeys { wider, positions })
        });
        telling.as_ref()
    }

    /// The native request; at its first use `explain` makes it.
    pub(crate) fn native_or(&self, explain: impl FnOnce(&Fetch) -> Result<Native>) -> Result<Arc<Native>> {
        if let Some(native) = self.native.get() {
            return Ok(native.clone());
        }
        let native = Arc::new(explain(&self.fetch)?);
        Ok(self.native.get_or_init(|| native).clone())
    }
}

/// What a fetch becomes at its source.
pub struct Native {
    /// For people: the SQL text or URL, with placeholders instead of values.
    pub text: String,
    /// For the connector: what it needs to send it (parameter slots, decoders).
    pub parts: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.text).finish()
    }
}
