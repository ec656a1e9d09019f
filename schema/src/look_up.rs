//! How the rows of normalised keys are found: by an index over the same steps, by what a table turns into the keys, or not at
//! all but by reading everything.

use std::collections::HashMap;

use crate::collection::FieldId;
use crate::{Collection, ExpressionIndex, Normalizer};

/// How the rows of normalised keys are looked up.
#[derive(Clone, Copy, Debug)]
pub struct LookUp<'a> {
    /// Which of the columns is looked up; the others are compared afterwards.
    pub at: usize,
    /// The steps that an index of the source knows; none: the column is looked up as it is.
    pub steps: &'a [Normalizer],
    /// The last step of all, where it is a table: what is looked up is what it turns into the keys.
    pub map: Option<&'a HashMap<String, String>>,
}

impl Collection {
    /// The index that finds the rows of a field's keys after these steps, if there is one.
    pub fn index_of_normalized(&self, field: FieldId, steps: &[Normalizer]) -> Option<&ExpressionIndex> {
        let name = &self.fields.get(field)?.name;
        self.expressions.iter().find(|index| index.column == *name && index.serves(steps))
    }

    /// How rows are looked up by columns that are normalised by steps; `None`: they have to be read as a whole.
    pub fn look_up<'a>(&self, columns: &[FieldId], steps: &'a [Normalizer]) -> Option<LookUp<'a>> {
        let (steps, map) = match steps.split_last() {
            Some((Normalizer::Map(table), rest)) => (rest, Some(&**table)),
            _ => (steps, None),
        };
        if !steps.is_empty() {
            let at = columns.iter().position(|column| self.index_of_normalized(*column, steps).is_some())?;
            return Some(LookUp { at, steps, map });
        }
        let leads = |column: &FieldId| {
            self.fields
                .get(*column)
                .is_some_and(|field| self.indexes.iter().any(|index| index.first() == Some(&field.name)))
        };
        map?;
        Some(LookUp { at: columns.iter().position(leads).unwrap_or_default(), steps, map })
    }
}
