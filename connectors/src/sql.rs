//! What the SQL kinds share: a fetch becomes one statement, whose text is made once and whose values are bound at every
//! use.
//!
//! In: a [`Fetch`](crate::Fetch) and the [`Dialect`](dialect::Dialect) of a kind. Out: SQL text and the slots of its
//! parameters. *Invariant*: no value of a request ever stands in the text, and every name in it is quoted.

pub(crate) mod batch;
pub(crate) mod cells;
pub(crate) mod column;
pub(crate) mod dialect;
pub(crate) mod indexed;
pub(crate) mod reading;
pub(crate) mod single;
pub(crate) mod statement;
pub(crate) mod translate;
pub(crate) mod unproven;
