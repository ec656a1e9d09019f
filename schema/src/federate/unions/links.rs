//! Links of unions that come from the foreign keys of their members.
//!
//! *Invariant*: a union has such a link only if every member has the foreign key, and all lead to members of one union. It
//! stays inside a source, as the foreign key does: `_source` is a part of its keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::collection::FieldId;
use crate::federate::draft::Draft;
use crate::federate::links::Reference;
use crate::federated::{CollectionId, SourceId, UnionColumn};

/// Which member of which union a collection is.
type Places = BTreeMap<CollectionId, Vec<(SourceId, usize)>>;

/// The references of unions, from those of their members.
pub(in crate::federate) fn union_references(draft: &Draft<'_>, references: &[Reference]) -> Vec<Reference> {
    let places = places(draft);
    // Reference in the union's columns → the members that have it.
    let mut found: BTreeMap<(SourceId, Vec<FieldId>, SourceId, Vec<FieldId>), BTreeSet<usize>> = BTreeMap::new();
    for reference in references {
        for (from, member) in places.get(&reference.from).into_iter().flatten() {
            for (to, to_member) in places.get(&reference.to).into_iter().flatten() {
                let columns = in_union(draft, *from, *member, &reference.columns);
                let to_columns = in_union(draft, *to, *to_member, &reference.to_columns);
                if let (Some(columns), Some(to_columns)) = (columns, to_columns) {
                    found.entry((*from, columns, *to, to_columns)).or_default().insert(*member);
                }
            }
        }
    }
    let is_whole = |union: SourceId, members: &BTreeSet<usize>| {
        draft.model.sources[union].union.as_ref().is_some_and(|union| union.members.len() == members.len())
    };
    let collection = |union: SourceId| draft.model.sources[union].collections.start;
    found
        .into_iter()
        .filter(|((from, ..), members)| is_whole(*from, members))
        .map(|((from, columns, to, to_columns), _)| Reference {
            from: collection(from),
            columns: with_source(draft, from, columns),
            to: collection(to),
            to_columns: with_source(draft, to, to_columns),
            enforced: false,
        })
        .collect()
}

fn places(draft: &Draft<'_>) -> Places {
    let mut places = Places::new();
    for (id, source) in draft.model.sources.iter().enumerate() {
        for (at, member) in source.union.iter().flat_map(|union| &union.members).enumerate() {
            places.entry(member.collection).or_default().push((id, at));
        }
    }
    places
}

/// Columns of a member as those of the union; `None` if the union does not read one of them.
fn in_union(draft: &Draft<'_>, union: SourceId, member: usize, columns: &[FieldId]) -> Option<Vec<FieldId>> {
    let union = draft.model.sources[union].union.as_ref()?;
    let shape = &union.shapes[union.members[member].shape];
    let find = |column: &FieldId| shape.columns.iter().position(|one| *one == UnionColumn::Field(*column));
    columns.iter().map(find).collect()
}

/// `_source`, a union's last column, goes before the others, as in its key.
fn with_source(draft: &Draft<'_>, union: SourceId, columns: Vec<FieldId>) -> Vec<FieldId> {
    let collection = draft.model.sources[union].collections.start;
    let source = draft.model.collections[collection].fields.len() - 1;
    std::iter::once(source).chain(columns).collect()
}
