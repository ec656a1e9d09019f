//! What a description must be for everything built on it: names are unique, and what refers to a column or an enum refers
//! to one that is there. A file under version control may have been edited or merged by hand.

use std::collections::HashSet;

use crate::{Scalar, SourceDescription};

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Two things of one name.
    #[error("{0} stands twice")]
    Twice(String),
    /// A reference to a column that is not there.
    #[error("{collection} has no column {column}, which {by} names")]
    NoColumn {
        /// The collection.
        collection: String,
        /// The column.
        column: String,
        /// What refers to it.
        by: &'static str,
    },
    /// A reference to an enum that is not there.
    #[error("{0} has no enumeration")]
    NoEnumeration(String),
}

pub(super) fn check(description: &SourceDescription) -> Result<(), Fault> {
    let mut enumerations = HashSet::new();
    for enumeration in &description.enumerations {
        if !enumerations.insert(enumeration.name.as_str()) {
            return Err(Fault::Twice(enumeration.name.clone()));
        }
    }
    let mut collections = HashSet::new();
    for collection in &description.collections {
        if !collections.insert(collection.name.as_str()) {
            return Err(Fault::Twice(collection.name.clone()));
        }
        let mut columns = HashSet::new();
        for field in &collection.fields {
            let full = || format!("{}.{}", collection.name, field.name);
            if !columns.insert(field.name.as_str()) {
                return Err(Fault::Twice(full()));
            }
            let is_known = |name: &String| enumerations.contains(name.as_str());
            if field.scalar == Scalar::Enum && !field.enumeration.as_ref().is_some_and(is_known) {
                return Err(Fault::NoEnumeration(full()));
            }
        }
        let keys = collection.keys.iter().flat_map(|key| key.columns.iter().map(|column| ("a key", column)));
        // Broken foreign keys are kept for `check` to report; here only their own side has to be there.
        let indexes = collection.indexes.iter().flatten().map(|column| ("an index", column));
        for (by, column) in keys.chain(indexes) {
            if !columns.contains(column.as_str()) {
                return Err(Fault::NoColumn { collection: collection.name.clone(), column: column.clone(), by });
            }
        }
    }
    Ok(())
}
