//! What rows can be grouped by, under its GraphQL name: columns, and those of rows that object links lead to.
//!
//! *Invariant*: one name stands for one thing, in every slice for the same; a name costs no more than what it stands for.

use std::sync::Arc;

use crate::Field;
use crate::collection::FieldId;
use crate::federated::{CollectionId, Federated, FieldName, LinkId, Member, Slice};

/// What rows can be grouped by: a column, or a column of the row that an object link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupColumn {
    /// The link to walk first.
    pub link: Option<LinkId>,
    /// The column there.
    pub field: FieldId,
}

impl Federated {
    /// What rows of a collection can be grouped by, in the order of the schema, each under its name.
    pub fn group_columns<'a>(
        &'a self,
        id: CollectionId,
        slice: &'a Slice,
    ) -> impl Iterator<Item = (Arc<str>, GroupColumn)> + 'a {
        let own = self.ordered(id).map(|(field, name)| (name.value.clone(), GroupColumn { link: None, field }));
        let links = self.collections[id].links.iter().copied();
        let links = links.filter(|link| !self.links[*link].many && self.sees_link(slice, *link));
        let linked = links.flat_map(move |link| {
            self.ordered(self.links[link].to).map(move |(field, _)| {
                let column = GroupColumn { link: Some(link), field };
                (self.linked_column_name(id, column), column)
            })
        });
        own.chain(linked)
    }

    /// What a name stands for that rows can be grouped by, without building the others.
    pub fn group_column(&self, id: CollectionId, slice: &Slice, name: &str) -> Option<GroupColumn> {
        let collection = &self.collections[id];
        let sees = |column: &GroupColumn| column.link.is_none_or(|link| self.sees_link(slice, link));
        if let Some(column) = collection.generated.renamed_group_columns.get(name) {
            return Some(*column).filter(sees);
        }
        let own = || self.ordered(id).find(|(_, own)| *own.value == *name);
        let field = match collection.members.get(name) {
            // All but `true`, `false` and `null` are values under their own names.
            Some(Member::Field(field)) if collection.fields[*field].as_ref().is_some_and(|own| *own.value == *name) => {
                collection.described.fields[*field].scalar.is_ordered().then_some(*field)
            }
            _ => own().map(|(field, _)| field),
        };
        if let Some(field) = field {
            return Some(GroupColumn { link: None, field });
        }
        let linked = name.match_indices('_').filter_map(|(at, _)| {
            let Some(Member::Link(link)) = collection.members.get(&name[..at]) else { return None };
            let to = &self.collections[self.links[*link].to];
            let Some(Member::Field(field)) = to.members.get(&name[at + 1..]) else { return None };
            let column = GroupColumn { link: Some(*link), field: *field };
            let fits = !self.links[*link].many && to.described.fields[*field].scalar.is_ordered();
            (fits && *self.linked_column_name(id, column) == *name).then_some(column)
        });
        linked.into_iter().next().filter(sees)
    }

    /// The column that rows are grouped by.
    pub fn grouped(&self, id: CollectionId, column: GroupColumn) -> (&Field, Option<&FieldName>) {
        let collection = &self.collections[column.link.map_or(id, |link| self.links[link].to)];
        (&collection.described.fields[column.field], collection.fields[column.field].as_ref())
    }

    /// `street_name`, unless that is taken.
    fn linked_column_name(&self, id: CollectionId, column: GroupColumn) -> Arc<str> {
        let renamed = &self.collections[id].generated.renamed_group_columns;
        if let Some((name, _)) = renamed.iter().find(|(_, renamed)| **renamed == column) {
            return name.clone();
        }
        self.plain_group_column(column).into()
    }

    /// `street_name`, of a column behind a link.
    pub(crate) fn plain_group_column(&self, column: GroupColumn) -> String {
        let Some(link) = column.link.map(|link| &self.links[link]) else { return String::new() };
        let name = self.collections[link.to].fields[column.field].as_ref().map(|name| &*name.name);
        format!("{}_{}", link.name, name.unwrap_or_default())
    }

    /// The served columns that can be ordered, and so grouped.
    pub(crate) fn ordered(&self, id: CollectionId) -> impl Iterator<Item = (FieldId, &FieldName)> {
        self.served(id).filter(move |(field, _)| self.collections[id].described.fields[*field].scalar.is_ordered())
    }
}
