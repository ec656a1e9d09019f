//! How counts of related rows are compared, and how a scalar is.
//!
//! In: what the schema says of capabilities and of its scalars. Out: details of collections and of fields, and the field that
//! stands for counts. *Invariant*: counts that are no integers are not compared.

use std::collections::BTreeMap;

use lilong_schema::{Collection, Field, Scalar};
use serde::Deserialize;

use super::{
    EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF, Representation, ScalarType, Schema, TEXT, scalar,
};

/// The beginning of the details of a collection that tell how counts of related rows are compared: those of a field, and its
/// scalar.
const COUNTS: &str = "count_";
/// The detail that tells the scalar of such counts.
const SCALAR: &str = "scalar";

/// What the schema says of capabilities.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    query: Option<ToldOfQueries>,
}

#[derive(Debug, Deserialize)]
struct ToldOfQueries {
    aggregates: Option<ToldOfAggregates>,
}

#[derive(Debug, Deserialize)]
struct ToldOfAggregates {
    count_scalar_type: String,
}

impl Schema {
    /// How counts are compared; `None`: nobody says, or they are no integers.
    pub(super) fn counts(&self) -> Option<impl Iterator<Item = (String, String)>> {
        let told = self.capabilities.as_ref()?.query.as_ref()?.aggregates.as_ref()?;
        let of = self.scalar_types.get(&told.count_scalar_type)?;
        let scalar = scalar(&of.representation.as_ref()?.kind);
        let mut details = of.operators();
        details.insert(SCALAR.to_owned(), scalar.name().to_owned());
        let is_integer = matches!(scalar, Scalar::Int | Scalar::BigInt);
        is_integer.then(|| details.into_iter().map(|(name, told)| (COUNTS.to_owned() + &name, told)))
    }
}

/// What stands for counts of related rows, with the details of a field; `None`: rows are not told apart by them.
pub(in crate::kinds::ndc) fn field_of_counts(collection: &Collection) -> Option<Field> {
    let told = collection.details.iter();
    let told = told.filter_map(|(name, told)| Some((name.strip_prefix(COUNTS)?.to_owned(), told.clone())));
    let details: BTreeMap<String, String> = told.collect();
    let scalars = [Scalar::Int, Scalar::BigInt];
    let scalar = scalars.into_iter().find(|scalar| Some(scalar.name()) == details.get(SCALAR).map(String::as_str))?;
    Some(Field { details, ..Field::new("", scalar) })
}

impl ScalarType {
    /// The details that name its operators, and whether its numbers travel as text.
    pub(super) fn operators(&self) -> BTreeMap<String, String> {
        let mut details = BTreeMap::new();
        for (name, operator) in &self.comparison_operators {
            for kind in [EQUAL, ONE_OF, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL] {
                if operator.kind == kind {
                    details.insert(kind.to_owned(), name.clone());
                }
            }
        }
        let travels_as_text = |of: &Representation| ["int64", "biginteger", "bigdecimal"].contains(&of.kind.as_str());
        if self.representation.as_ref().is_some_and(travels_as_text) {
            details.insert(TEXT.to_owned(), "true".to_owned());
        }
        details
    }
}
