//! Which columns a fetch is asked for, and where they stand.

use lilong_connectors::Predicate;
use lilong_schema::collection::FieldId;

use super::pushdown;

/// The columns a fetch is asked for, none twice.
#[derive(Clone, Default)]
pub(super) struct Columns(pub(super) Vec<FieldId>);

impl Columns {
    pub(super) fn want(&mut self, field: FieldId) {
        if !self.0.contains(&field) {
            self.0.push(field);
        }
    }

    /// The fields of the collection itself that a predicate reads.
    pub(super) fn want_read_by(&mut self, predicate: &Predicate) {
        let mut fields = Vec::new();
        pushdown::fields_of(predicate, &mut fields);
        self.want_all(&fields);
    }

    pub(super) fn want_all(&mut self, fields: &[FieldId]) {
        for field in fields {
            self.want(*field);
        }
    }
}

pub(super) fn position(columns: &[FieldId], field: FieldId) -> Option<usize> {
    columns.iter().position(|column| *column == field)
}
