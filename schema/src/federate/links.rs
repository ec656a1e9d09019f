//! Links inside a source, from its foreign keys: one field on each side.

use std::collections::HashSet;

use super::draft::{Draft, LinkNames};
use super::keys::can_meet;
use super::naming::{by, camel_words, words};
use crate::ForeignKey;
use crate::collection::FieldId;
use crate::federated::{CollectionId, Link};

/// A foreign key whose ends were found.
struct Reference {
    from: CollectionId,
    columns: Vec<FieldId>,
    to: CollectionId,
    to_columns: Vec<FieldId>,
}

/// Adds the links of all foreign keys: first the side that refers, then the side referred to.
pub(super) fn add_foreign_key_links(draft: &mut Draft<'_>) {
    let mut references = Vec::new();
    for from in 0..draft.collections.len() {
        find_references(draft, from, &mut references);
    }
    for reference in &references {
        add_forward(draft, reference);
    }
    for reference in &references {
        add_back(draft, reference);
    }
}

fn find_references(draft: &mut Draft<'_>, from: CollectionId, references: &mut Vec<Reference>) {
    let described = draft.model.collections[from].described.clone();
    let mut sorted: Vec<&ForeignKey> = described.foreign_keys.iter().collect();
    sorted.sort_by_key(|key| (&key.columns, &key.collection, &key.references));
    let mut seen = HashSet::new();
    for key in sorted {
        match find_reference(draft, from, key) {
            Ok(Some(reference)) => {
                let mut pairs: Vec<_> = reference
                    .columns
                    .iter()
                    .zip(&reference.to_columns)
                    .map(|(a, b)| (*a, *b))
                    .collect();
                pairs.sort_unstable();
                if seen.insert((reference.to, pairs)) {
                    references.push(reference);
                }
            }
            Ok(None) => {}
            Err(why) => {
                let columns = key.columns.join(", ");
                let what = format!("the foreign key `{}({columns})` is left out: {why}", described.name);
                draft.warn(draft.model.collections[from].source, what, "");
            }
        }
    }
}

/// `Ok(None)` if the catalog leaves out what it refers to; `Err` says why it cannot be a link.
fn find_reference(draft: &Draft<'_>, from: CollectionId, key: &ForeignKey) -> Result<Option<Reference>, String> {
    let source = &draft.sources[draft.model.collections[from].source];
    let lower = key.collection.to_lowercase();
    let Some(to) = source
        .by_name
        .get(&key.collection)
        .or_else(|| source.by_lower_name.get(&lower))
        .copied()
    else {
        return if source.left_out.contains_key(&lower) {
            Ok(None)
        } else {
            Err(format!("there is no collection `{}`", key.collection))
        };
    };
    let (here, there) = (
        &draft.model.collections[from].described,
        &draft.model.collections[to].described,
    );
    let columns = find_columns(here, &key.columns)?;
    let to_columns = if key.references.is_empty() {
        let primary = draft.collections[to].primary.clone();
        primary.ok_or_else(|| format!("`{}` has no primary key", there.name))?
    } else {
        find_columns(there, &key.references)?
    };
    if columns.len() != to_columns.len() || columns.is_empty() {
        return Err(format!(
            "it has {} columns and refers to {}",
            columns.len(),
            to_columns.len()
        ));
    }
    for (column, to_column) in columns.iter().zip(&to_columns) {
        let (column, to_column) = (&here.fields[*column], &there.fields[*to_column]);
        for (collection, field) in [(here, column), (there, to_column)] {
            if !field.scalar.is_key() {
                let (collection, field, scalar) = (&collection.name, &field.name, field.scalar.name());
                return Err(format!("`{collection}.{field}` is {scalar}, which is no key"));
            }
        }
        if !can_meet(column.scalar, to_column.scalar) {
            let (one, other) = (column.scalar.name(), to_column.scalar.name());
            return Err(format!(
                "`{}` is {one} and `{}.{}` is {other}",
                column.name, there.name, to_column.name
            ));
        }
    }
    Ok(Some(Reference {
        from,
        columns,
        to,
        to_columns,
    }))
}

fn find_columns(described: &crate::Collection, names: &[String]) -> Result<Vec<FieldId>, String> {
    let find = |name: &String| {
        let folded = || {
            described
                .fields
                .iter()
                .position(|field| field.name.eq_ignore_ascii_case(name))
        };
        let found = described.field_id(name).or_else(folded);
        found.ok_or_else(|| format!("there is no column `{}.{name}`", described.name))
    };
    names.iter().map(find).collect()
}

/// `street` for `street_id → street`
fn add_forward(draft: &mut Draft<'_>, reference: &Reference) {
    let Reference {
        from,
        columns,
        to,
        to_columns,
    } = reference;
    let target = &draft.model.collections[*to].field;
    let plain = match columns.as_slice() {
        [column] => {
            let mut words = words(draft.column_label(*from, *column));
            words.pop_if(|last| last == "id");
            if words.is_empty() {
                target.to_string()
            } else {
                camel_words(&words)
            }
        }
        _ => target.to_string(),
    };
    let qualified = format!("{target}{}", by_columns(draft, reference));
    let many = !draft.is_unique(*to, to_columns);
    let link = link((*from, columns), (*to, to_columns), many);
    draft.add_link(link, Some(LinkNames { plain, qualified }));
}

/// The list, or for a unique foreign key the object, on the side referred to.
fn add_back(draft: &mut Draft<'_>, reference: &Reference) {
    let Reference {
        from,
        columns,
        to,
        to_columns,
    } = reference;
    let many = !draft.is_unique(*from, columns);
    let target = &draft.model.collections[*from].field;
    let by = by_columns(draft, reference);
    let (plain, qualified) = if from == to && many {
        (format!("{target}List{by}"), format!("{target}List{by}"))
    } else {
        (target.to_string(), format!("{target}{by}"))
    };
    let link = link((*to, to_columns), (*from, columns), many);
    draft.add_link(link, Some(LinkNames { plain, qualified }));
}

fn by_columns(draft: &Draft<'_>, reference: &Reference) -> String {
    by(reference
        .columns
        .iter()
        .map(|column| draft.column_label(reference.from, *column)))
}

fn link(from: (CollectionId, &[FieldId]), to: (CollectionId, &[FieldId]), many: bool) -> Link {
    Link {
        name: "".into(),
        from: from.0,
        columns: from.1.to_vec(),
        to: to.0,
        to_columns: to.1.to_vec(),
        many,
        at_most_one: false,
        normalize: Vec::new(),
        to_normalize: Vec::new(),
        generated: None,
    }
}
