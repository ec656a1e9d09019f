//! Entries of `[source.cache_for]` and `[source.types]`: what a block says of single collections and columns.

use std::time::Duration;

use super::Place;
use crate::Scalar;

/// An entry of `[source.cache_for]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheTime {
    /// Where it stands.
    pub place: Place,
    /// The collection, by its original name.
    pub collection: String,
    /// How old an answer of it may be; `None`: nothing of it is kept.
    pub time: Option<Duration>,
}

/// An entry of `[source.types]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOverride {
    /// Where it stands.
    pub place: Place,
    /// The collection, by its original name.
    pub collection: String,
    /// The column, by its original name.
    pub column: String,
    /// What its values are.
    pub scalar: Scalar,
}
