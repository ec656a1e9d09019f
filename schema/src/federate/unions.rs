//! `[[union]]` blocks: one collection over many sources.
//!
//! In: the gathered collections. Out: for each union a source of its own after the real ones, with one collection, whose
//! columns are those of its members brought together. *Invariant*: what every member of a union has becomes a column, and
//! no column takes values that its scalar cannot hold.

mod columns;
mod links;
mod members;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::draft::{CollectionDraft, Draft, placed};
use super::naming::{pascal, whole};
use crate::Problem;
use crate::catalog::UnionSettings;
use crate::collection::REQUIRED;
use crate::federated::{Collection, Generated, SOURCE_COLUMN, Source, SourceId, Tie, Union, UnionColumn};

pub(super) use self::links::union_references;

/// What the passes know of a union beside the model.
pub(super) struct UnionDraft<'a> {
    /// Its block in the catalog.
    pub(super) settings: &'a UnionSettings,
}

/// Adds all unions, by byte order of their names.
pub(super) fn gather_unions(draft: &mut Draft<'_>) {
    let mut all: Vec<&UnionSettings> = draft.catalog.unions.iter().collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    for settings in all {
        if let Some(source) = draft.sources.iter().find(|source| source.settings.name == settings.name) {
            let place = &source.settings.place;
            let what = format!("there is a source of this name at {}:{}", place.file.display(), place.line);
            report(draft, settings, what, "choose another name for one of them");
            continue;
        }
        let Some(found) = members::find(draft, settings) else { continue };
        let Some(united) = columns::unite(draft, settings, &found) else { continue };
        add(draft, settings, united, found);
    }
}

/// Reports what is wrong with a union, at its block.
fn report(draft: &mut Draft<'_>, settings: &UnionSettings, what: String, hint: impl Into<String>) {
    draft.problems.push(placed(Problem::new(settings.about(), what, hint), &settings.place));
}

fn add<'a>(draft: &mut Draft<'a>, settings: &'a UnionSettings, united: columns::United, found: members::Found) {
    let source = draft.model.sources.len();
    let id = draft.model.collections.len();
    draft.unions.push(UnionDraft { settings });
    draft.model.sources.push(Source {
        name: settings.name.as_str().into(),
        field: Arc::default(),
        type_name: Arc::default(),
        title: settings.title.clone(),
        connector: String::new(),
        collections: id..id + 1,
        scalars: BTreeSet::new(),
        members: HashMap::new(),
        union: Some(Arc::new(Union {
            members: united.members,
            shapes: united.shapes,
            undescribed: found.undescribed,
            unknown: found.unknown,
            partial: settings.partial,
            prune: settings.prune,
        })),
    });
    draft.collections.push(CollectionDraft::default());
    draft.model.collections.push(Collection {
        source,
        fields: vec![None; united.described.fields.len()],
        described: Arc::new(united.described),
        field: Arc::default(),
        type_name: Arc::default(),
        generated: Generated::default(),
        keys: Vec::new(),
        links: Vec::new(),
        members: HashMap::new(),
        tie: Tie::RowId,
        listed_by: Vec::new(),
        connections: HashMap::new(),
    });
}

/// Names unions, after all sources: the field as the catalog writes it.
pub(super) fn name_unions(draft: &mut Draft<'_>) {
    for at in 0..draft.unions.len() {
        let settings = draft.unions[at].settings;
        let id = draft.sources.len() + at;
        let name: Arc<str> = settings.name.as_str().into();
        if !draft.roots.reserve(&name) {
            let what = format!("the root field `{name}` is there already");
            report(draft, settings, what, "choose another name");
        }
        let collection = draft.model.sources[id].collections.start;
        let type_name = draft.give_type(id, "the union", whole(pascal(&name)));
        draft.model.sources[id].field = name.clone();
        draft.model.sources[id].type_name = type_name.clone();
        draft.model.collections[collection].field = name;
        draft.model.collections[collection].type_name = type_name;
    }
}

/// What ends an order of a union: its key, `_source` last; else, row by row, what ends one in the member.
pub(super) fn tie(draft: &Draft<'_>, id: SourceId, tie: Tie) -> Tie {
    let Some(union) = &draft.model.sources[id].union else { return tie };
    match tie {
        Tie::Key(mut columns) => {
            let source = draft.model.collections[draft.model.sources[id].collections.start].fields.len() - 1;
            columns.retain(|column| *column != source);
            columns.push(source);
            Tie::Key(columns)
        }
        _ if union.shapes.iter().all(|shape| !matches!(shape.tie, Tie::Everything(_))) => Tie::RowId,
        other => other,
    }
}

/// Takes over what ends an order in each member; sources come before unions, so they know it by now.
pub(super) fn take_ties(draft: &mut Draft<'_>) {
    for id in draft.sources.len()..draft.model.sources.len() {
        let union = draft.model.sources[id].union.as_mut().and_then(Arc::get_mut);
        let Some(union) = union else { continue };
        for member in &union.members {
            union.shapes[member.shape].tie = draft.model.collections[member.collection].tie.clone();
        }
    }
}

/// `_source` is never null, whether it is part of a key or not.
pub(super) fn mark_sources(draft: &mut Draft<'_>) {
    for id in draft.sources.len()..draft.model.sources.len() {
        let collection = draft.model.sources[id].collections.start;
        if let Some(Some(field)) = draft.model.collections[collection].fields.last_mut() {
            field.non_null = true;
        }
    }
}

/// Whether a column of the union holds no null in a member.
fn holds_no_null(described: &crate::Collection, column: UnionColumn) -> (bool, bool) {
    match column {
        UnionColumn::Source | UnionColumn::Constant(_) => (true, true),
        UnionColumn::Field(field) => {
            let field = &described.fields[field];
            (!field.nullable, field.holds_no_null())
        }
        UnionColumn::Missing => (false, false),
    }
}

/// The column that tells where a row lives.
fn source_column() -> crate::Field {
    crate::Field {
        name: SOURCE_COLUMN.to_owned(),
        scalar: crate::Scalar::String,
        native: String::new(),
        nullable: false,
        comment: Some("The source that the row lives in.".to_owned()),
        scale: None,
        enumeration: None,
        details: [(REQUIRED.to_owned(), "true".to_owned())].into(),
    }
}
