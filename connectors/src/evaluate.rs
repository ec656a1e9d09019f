//! Work on Arrow batches that the gateway does where a source cannot, and that the memory connector is made of: filters,
//! orders, keys, and groups.
//!
//! In: batches with the types of [`arrow_type`](crate::rows::arrow_type), predicates and operands of a bound fetch. Out:
//! masks, row numbers, key columns. *Invariant*: the answers are those of SQL with exact comparison and order by code
//! point; nothing is compared as a float unless it is one.

mod comparable;
mod decimal;
mod filter;
mod fold;
mod index;
mod keys;
mod pattern;
mod sort;
mod text;

use std::sync::Arc;

use arrow_schema::{ArrowError, DataType};
use lilong_schema::Scalar;

use crate::{ErrorKind, OperandId};

pub use comparable::{comparable, encoded};
pub(crate) use filter::reach;
pub use filter::{Linked, effort, filter, filter_linked, filter_read};
pub(crate) use fold::{Careful, Moments, Total};
pub use fold::{FoldColumn, Folded, combine, fold, partials};
pub use index::{KeyIndex, distinct_keys};
pub use keys::{canonical_texts, convert, normalize, parse_canonical};
pub use pattern::Pattern;
pub use sort::{Term, sort, sort_first};
pub use text::{Like, fold_into};

/// What goes wrong in an evaluation. All but [`Error::BadPattern`], [`Error::Late`] and [`Error::Unread`] are defects of the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A `_regex` that is none, or whose program would be too large: the client's own mistake.
    #[error("operand {operand} is not a regular expression that can be used")]
    BadPattern {
        /// Which operand.
        operand: OperandId,
        /// What the compiler said; names the place in the pattern.
        #[source]
        cause: Box<regex::Error>,
    },
    /// The time was over first; told only where an end was given.
    #[error("the time was over before all rows were compared")]
    Late,
    /// Whether a row meets the predicate goes by a value that could not be read.
    #[error("whether a row meets a condition goes by a value that could not be read")]
    Unread,
    /// The predicate or order names a field that the batch does not have.
    #[error("the batch has no column for field {0}")]
    NoColumn(String),
    /// A column or a key has another Arrow type than it should.
    #[error("a column is {found} where {expected} belongs")]
    ColumnType {
        /// What it should be.
        expected: DataType,
        /// What it is.
        found: DataType,
    },
    /// Columns of keys differ in number from those they are looked up by.
    #[error("keys of {found} columns where {expected} belong")]
    KeyWidth {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An operand is missing, or is no value of the field it is compared with.
    #[error("operand {operand} is no {expected}")]
    Operand {
        /// Which operand.
        operand: OperandId,
        /// What it should be.
        expected: &'static str,
    },
    /// A scalar that cannot be compared, or cannot be a key.
    #[error("{} cannot be {used_as}", scalar.name())]
    Unsuited {
        /// The scalar.
        scalar: Scalar,
        /// What it was used as.
        used_as: &'static str,
    },
    /// A cell of a `Decimal` column is no decimal number.
    #[error("a cell of a Decimal column is no decimal number")]
    BadDecimal,
    /// A predicate through a link, without the rows of the linked collection.
    #[error("no rows of the linked collection {0} to look into")]
    NoLinkedRows(String),
    /// More rows than a `u32` can number.
    #[error("more rows than can be numbered")]
    TooManyRows,
    /// An Arrow kernel refused.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The result of an evaluation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The same as a fault of `source` while doing `context`: [`ErrorKind::Rejected`] for a bad pattern, else
    /// [`ErrorKind::Internal`].
    pub fn at_source(self, source: impl Into<Arc<str>>, context: impl Into<String>) -> crate::Error {
        let kind = match self {
            Error::BadPattern { .. } => ErrorKind::Rejected,
            _ => ErrorKind::Internal,
        };
        crate::Error::new(kind, source, context).because(self)
    }
}

/// Refuses an array that is not of a type.
fn expect_type(array: &dyn arrow_array::Array, expected: &DataType) -> Result<()> {
    if array.data_type() == expected {
        return Ok(());
    }
    Err(Error::ColumnType { expected: expected.clone(), found: array.data_type().clone() })
}

/// A row count as the `u32` that row numbers are.
fn row_count(rows: usize) -> Result<u32> {
    u32::try_from(rows).map_err(|_| Error::TooManyRows)
}
