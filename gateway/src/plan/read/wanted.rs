//! Which columns a reading asks for at once, and which later.

use lilong_connectors::Predicate;
use lilong_schema::collection::FieldId;

use super::course::Course;
use crate::plan::arguments::plain_field;
use crate::plan::build::Builder;
use crate::plan::columns::Columns;
use crate::plan::narrow::Later;

impl Builder<'_> {
    /// What is read at once of the columns that are wanted, and what the steps here need beside them; and what is read later.
    pub(super) fn read_columns(
        &self,
        course: &Course<'_>,
        residual: &Predicate,
        mut wanted: Columns,
    ) -> (Vec<FieldId>, Option<Later>) {
        let federated = self.world.federated;
        let collection = federated.collection(course.collection);
        let mut needed = Columns::default();
        needed.want_all(course.link.map(|link| &*link.to_columns).unwrap_or_default());
        needed.want_read_by(residual);
        if !course.share.distinct {
            needed.want_all(&course.given.distinct);
        }
        let compared = if course.makes_cursors() { &course.order[..] } else { &course.order[..course.here()] };
        needed.want_all(&compared.iter().filter_map(plain_field).collect::<Vec<_>>());
        for (_, links) in course.local.iter().flat_map(|local| &local.far) {
            needed.want_all(links.first().map(|link| &*federated.link(*link).columns).unwrap_or_default());
        }
        let later = self.later(course.collection, course.local.as_ref(), &course.given, &wanted, &needed);
        if let Some(later) = &later {
            wanted = Columns(later.key.clone());
        }
        wanted.want_all(&needed.0);
        if federated.union_of(course.collection).is_some() {
            // Errors name the source that a row lives in.
            wanted.want(collection.fields.len() - 1);
        }
        if wanted.0.is_empty() {
            wanted.want(collection.fields.iter().position(Option::is_some).unwrap_or_default());
        }
        (wanted.0, later)
    }
}
