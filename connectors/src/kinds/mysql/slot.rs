//! What the marks of a statement stand for.
//!
//! In: nothing. Out: [`Slot`]s, which the dialect makes and binding fills. *Invariant*: a slot holds no value.

use lilong_schema::Scalar;

use super::storage::Storage;
use crate::sql::dialect::Keys;
use crate::{Comparison, OperandId};

/// What a mark stands for.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// One value, as a column stores it.
    Value { operand: OperandId, storage: Storage, scalar: Scalar, comparison: Comparison },
    /// All values of a list.
    List { operand: OperandId, storage: Storage, scalar: Scalar },
    /// The whole condition that columns are one of some keys.
    Keys { keys: Keys, columns: Vec<KeyColumn> },
    /// The value of the key that a select of its own is made for.
    Key { column: usize, storage: Storage, scalar: Scalar },
    /// A pattern of `LIKE`, escaped by [`ESCAPE`].
    Pattern { operand: OperandId, comparison: Comparison },
    /// A limit or an offset.
    Number(OperandId),
    /// The same in digits, for servers that take no mark there.
    Digits(OperandId),
    /// A limit and an offset together.
    Sum(OperandId, OperandId),
}

/// One column of a composite key.
#[derive(Clone, Debug)]
pub(super) struct KeyColumn {
    pub(super) storage: Storage,
    pub(super) scalar: Scalar,
    /// Compared with the value as `storage` has it.
    pub(super) plain: String,
    /// Compared with its text too, byte by byte.
    pub(super) exact: Option<String>,
    /// What stands around each value.
    pub(super) around: Option<(String, String)>,
}
