//! The columns of a fetch's answer.
//!
//! In: a fetch. Out: its columns described as fields. *Invariant*: every kind gives precisely these, in this order.

use std::borrow::Cow;

use arrow_schema::SchemaRef;
use lilong_schema::Field;

use super::Fetch;
use crate::rows::{columns_schema, fields_schema};

impl Fetch {
    /// The columns of the answer, in their order: of groups the fields of [`super::Group::answer`]; else `columns`, and with
    /// `order_values` the values of the order's terms, named `o0`, `o1`, …
    ///
    /// # Panics
    /// If `columns` holds a field that the collection has not.
    pub fn answer(&self) -> Vec<Cow<'_, Field>> {
        if let Some(group) = &self.group {
            return group.answer.fields.iter().map(Cow::Borrowed).collect();
        }
        let mut fields: Vec<Cow<'_, Field>> =
            self.columns.iter().map(|id| Cow::Borrowed(&self.collection.fields[*id])).collect();
        if self.order_values {
            let values = self.order.iter().enumerate();
            fields.extend(values.map(|(at, order)| Cow::Owned(order.describe(&self.collection, format!("o{at}")))));
        }
        fields
    }
    /// The schema of its batches; every column is nullable, whatever its source promises.
    pub fn schema(&self) -> SchemaRef {
        let answer = self.answer();
        fields_schema(answer.iter().map(|field| &**field))
    }

    /// The schema of its keys; without columns where it has none.
    pub fn key_schema(&self) -> SchemaRef {
        columns_schema(&self.collection, self.keys.as_ref().map_or(&[], |keys| &keys.columns))
    }
}
