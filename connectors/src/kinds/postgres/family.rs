//! Families of databases that are `PostgreSQL` with more in it, and what that changes.
//!
//! In: the key `family` of a block. Out: a row of quirks. *Invariant*: a family is what the catalog says, never a guess.

/// A row of quirks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// As the catalog names it; empty: `PostgreSQL` itself.
    pub(super) name: &'static str,
    /// Whether a `LATERAL` look-up may be cut for each key.
    pub(super) lateral: bool,
    /// Whether a table without rows in the server's catalog is empty.
    pub(super) counts: bool,
    /// Whether there are hypertables, whose keys hold for all their chunks.
    pub(super) hypertables: bool,
}

/// `PostgreSQL` itself.
pub(super) static OWN: Family = Family { name: "", lateral: true, counts: true, hypertables: false };

/// Those that have a name.
pub(super) static FAMILIES: [Family; 2] = [
    // A limit inside of a lateral look-up is refused, or gave wrong rows before that; ranks by a window are not
    // (<https://github.com/citusdata/citus/issues/5327>, <https://github.com/citusdata/citus/pull/5753>). What a table on the
    // coordinator holds is in its shards, which are counted elsewhere.
    Family { name: "citus", lateral: false, counts: false, hypertables: false },
    // Chunks inherit from their hypertable; a unique index of it has its partitioning columns in it, and so holds for all
    // chunks (<https://docs.tigerdata.com/use-timescale/latest/hypertables/hypertables-and-unique-indexes/>).
    Family { name: "timescale", lateral: true, counts: true, hypertables: true },
];

/// The family of a name.
pub(super) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}
