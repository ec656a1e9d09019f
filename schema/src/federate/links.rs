//! Links inside a source, from its foreign keys: one field on each side.

use std::collections::HashSet;

use super::draft::{Draft, LinkNames};
use super::keys::can_meet;
use super::naming::{by, camel_words, words};
use super::unions::union_references;
use crate::ForeignKey;
use crate::collection::FieldId;
use crate::federated::{CollectionId, Link, SOURCE_COLUMN};

/// A foreign key whose ends were found.
pub(super) struct Reference {
    pub(super) from: CollectionId,
    pub(super) columns: Vec<FieldId>,
    pub(super) to: CollectionId,
    pub(super) to_columns: Vec<FieldId>,
    /// See [`ForeignKey::enforced`].
    pub(super) enforced: bool,
}

/// Adds the links of all foreign keys: first the side that refers, then the side referred to.
pub(super) fn add_foreign_key_links(draft: &mut Draft<'_>) {
    let mut references = Vec::new();
    for from in 0..draft.collections.len() {
        find_references(draft, from, &mut references);
    }
    references.extend(union_references(draft, &references));
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
                let mut pairs: Vec<_> =
                    reference.columns.iter().zip(&reference.to_columns).map(|(a, b)| (*a, *b)).collect();
                pairs.sort_unstable();
                if seen.insert((reference.to, pairs)) {
                    references.push(reference);
                }
            }
            Ok(None) => {}
            Err(why) => {
                let columns = key.columns.join(", ");
                let what = format!("the foreign key `{}({columns})` is left out: {why}", described.name);
                let hint = "mend it in the database, or write a [[link]]";
                draft.warn(draft.model.collections[from].source, what, hint);
            }
        }
    }
}

/// `Ok(None)` if the catalog leaves out what it refers to; `Err` says why it cannot be a link.
fn find_reference(draft: &Draft<'_>, from: CollectionId, key: &ForeignKey) -> Result<Option<Reference>, String> {
    let source = &draft.sources[draft.model.collections[from].source];
    let lower = key.collection.to_lowercase();
    let Some(to) = source.by_name.get(&key.collection).or_else(|| source.by_lower_name.get(&lower)).copied() else {
        return if source.left_out.contains_key(&lower) {
            Ok(None)
        } else {
            Err(format!("there is no collection `{}`", key.collection))
        };
    };
    let (here, there) = (&draft.model.collections[from].described, &draft.model.collections[to].described);
    let columns = find_columns(here, &key.columns)?;
    let to_columns = if key.references.is_empty() {
        let primary = draft.collections[to].primary.clone();
        primary.ok_or_else(|| format!("`{}` has no primary key", there.name))?
    } else {
        find_columns(there, &key.references)?
    };
    if columns.len() != to_columns.len() || columns.is_empty() {
        return Err(format!("it has {} columns and refers to {}", columns.len(), to_columns.len()));
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
            return Err(format!("`{}` is {one} and `{}.{}` is {other}", column.name, there.name, to_column.name));
        }
    }
    Ok(Some(Reference { from, columns, to, to_columns, enforced: key.enforced }))
}

fn find_columns(described: &crate::Collection, names: &[String]) -> Result<Vec<FieldId>, String> {
    let find = |name: &String| {
        let folded = || described.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
        let found = described.field_id(name).or_else(folded);
        found.ok_or_else(|| format!("there is no column `{}.{name}`", described.name))
    };
    names.iter().map(find).collect()
}

/// `street` for `street_id → street`
fn add_forward(draft: &mut Draft<'_>, reference: &Reference) {
    let Reference { from, columns, to, to_columns, .. } = reference;
    let target = &draft.model.collections[*to].field;
    let plain = match own_columns(draft, *from, columns).as_slice() {
        [column] => {
            let mut words = words(draft.column_label(*from, *column));
            words.pop_if(|last| last == "id");
            if words.is_empty() { target.to_string() } else { camel_words(&words) }
        }
        _ => target.to_string(),
    };
    let qualified = format!("{target}{}", by_columns(draft, reference));
    let many = !draft.is_unique(*to, to_columns);
    let link = Link { enforced: reference.enforced, ..link((*from, columns), (*to, to_columns), many) };
    draft.add_link(link, Some(LinkNames { plain, qualified }));
}

/// The list, or for a unique foreign key the object, on the side referred to.
fn add_back(draft: &mut Draft<'_>, reference: &Reference) {
    let Reference { from, columns, to, to_columns, .. } = reference;
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
    let columns = own_columns(draft, reference.from, &reference.columns);
    by(columns.iter().map(|column| draft.column_label(reference.from, *column)))
}

/// The columns that a name is made of: what keeps a union's link inside a source is none.
fn own_columns(draft: &Draft<'_>, from: CollectionId, columns: &[FieldId]) -> Vec<FieldId> {
    let fields = &draft.model.collections[from].described.fields;
    let is_union = draft.model.sources[draft.model.collections[from].source].union.is_some();
    columns.iter().copied().filter(|column| !is_union || fields[*column].name != SOURCE_COLUMN).collect()
}

fn link(from: (CollectionId, &[FieldId]), to: (CollectionId, &[FieldId]), many: bool) -> Link {
    Link {
        name: "".into(),
        from: from.0,
        columns: from.1.to_vec(),
        to: to.0,
        to_columns: to.1.to_vec(),
        many,
        enforced: false,
        at_most_one: false,
        normalize: Vec::new(),
        to_normalize: Vec::new(),
        generated: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::federate::fixture::{described, federated, find, links, model, warnings};

    #[test]
    fn a_foreign_key_gives_a_field_on_both_sides() {
        let model = model(
            "civil.resident: id Int, street_id Int; pk(id); fk(street_id) street(id)
             civil.street: id Int; pk(id)",
        );
        assert_eq!(links(&model, "civil.resident"), ["street → street"]);
        assert_eq!(links(&model, "civil.street"), ["resident → [resident]"]);
        let street = &model.links[find(&model, "civil.resident").links[0]];
        assert_eq!((&street.columns[..], &street.to_columns[..], street.at_most_one), (&[1][..], &[0][..], false));
    }

    #[test]
    fn the_name_is_the_column_without_a_last_word_id() {
        let table = [
            ("streetId", "street"),
            ("StreetID", "street"),
            ("home street_ID", "homeStreet"),
            ("street", "streetsByStreet"),
            ("streetid", "streetsByStreetid"),
            ("ID", "streets"),
            ("_id", "streets"),
            ("id_id", "id"),
        ];
        for (column, name) in table {
            let text = format!("s.resident: {column} Int; fk({column}) streets(k)\ns.streets: k Int; pk(k)");
            assert_eq!(links(&model(&text), "s.resident"), [format!("{name} → streets")], "{column}");
        }
    }

    #[test]
    fn links_that_would_share_a_name_are_all_told_apart_by_their_columns() {
        let model = model(
            "s.match: id Int, home_id Int, away_id Int; pk(id); fk(home_id) team(id); fk(away_id) team(id)
             s.team: id Int, captain_id Int; pk(id); fk(captain_id) player(id)
             s.player: id Int, team_id Int; pk(id); fk(team_id) team(id)",
        );
        assert_eq!(links(&model, "s.match"), ["away → team", "home → team"]);
        assert_eq!(
            links(&model, "s.team"),
            ["captain → player", "matchByAwayId → [match]", "matchByHomeId → [match]", "player → [player]"]
        );
        assert_eq!(links(&model, "s.player"), ["teamByTeamId → team", "teamByCaptainId → [team]"]);
    }

    #[test]
    fn the_list_side_of_a_self_link_says_so() {
        let table = [("boss_id", "boss → t, tListByBossId → [t]"), ("boss", "tByBoss → t, tListByBoss → [t]")];
        for (column, expected) in table {
            let model = model(&format!("s.t: id Int, {column} Int; pk(id); fk({column}) t(id)"));
            assert_eq!(links(&model, "s.t").join(", "), expected);
        }
        let once = model("s.t: id Int, next_id Int; pk(id); unique(next_id); fk(next_id) t(id)");
        assert_eq!(links(&once, "s.t"), ["next → t", "t → t"]);
    }

    #[test]
    fn a_unique_foreign_key_gives_objects_and_one_to_columns_that_are_not_unique_gives_lists() {
        let one = model("s.a: id Int, b_id Int; pk(id); unique(b_id); fk(b_id) b(id)\ns.b: id Int; pk(id)");
        assert_eq!((links(&one, "s.a"), links(&one, "s.b")), (vec!["b → b".to_owned()], vec!["a → a".to_owned()]));
        let part = model("s.a: x Int, y Int; pk(x); fk(x, y) b(x, y)\ns.b: x Int, y Int; unique(y)");
        assert_eq!((links(&part, "s.a"), links(&part, "s.b")), (vec!["b → b".to_owned()], vec!["a → a".to_owned()]));
        let many = model("s.a: k Int; fk(k) b(k)\ns.b: k Int");
        assert_eq!(
            (links(&many, "s.a"), links(&many, "s.b")),
            (vec!["bByK → [b]".to_owned()], vec!["a → [a]".to_owned()])
        );
    }

    #[test]
    fn several_columns_are_named_after_the_target() {
        let model = model(
            "s.order line: a_id Int, b Int; fk(a_id, b) Some Order
             s.Some Order: a Int, b Int; pk(a, b)",
        );
        assert_eq!(links(&model, "s.order line"), ["someOrder → Some Order"]);
        assert_eq!(links(&model, "s.Some Order"), ["orderLine → [order line]"]);
    }

    #[test]
    fn the_same_foreign_key_twice_is_one_link() {
        let model = model(
            "s.a: x Int, y Int; fk(x, y) b(x, y); fk(y, x) b(y, x); fk(x, y) B(X, Y); fk(x, y) b
             s.b: x Int, y Int; pk(x, y)",
        );
        assert_eq!(links(&model, "s.a"), ["b → b"]);
        assert!(model.warnings.is_empty());
    }

    #[test]
    fn foreign_keys_that_lead_nowhere_are_left_out_with_a_warning() {
        let table = [
            ("fk(x) gone(id)", "there is no collection `gone`"),
            ("fk(z) b(id)", "there is no column `a.z`"),
            ("fk(x) b(z)", "there is no column `b.z`"),
            ("fk(x) c", "`c` has no primary key"),
            ("fk(x, y) b", "it has 2 columns and refers to 1"),
            ("fk(f) b(id)", "`a.f` is Float, which is no key"),
            ("fk(x) b(blob)", "`b.blob` is Bytes, which is no key"),
            ("fk(d) b(id)", "`d` is Date and `b.id` is Int"),
        ];
        for (key, why) in table {
            let model = model(&format!(
                "s.a: x Int, y Int, f Float, d Date; {key}\ns.b: id Int, blob Bytes; pk(id)\ns.c: id Int"
            ));
            assert!(links(&model, "s.a").is_empty() && links(&model, "s.b").is_empty(), "{key}");
            let columns = &key[..=key.find(')').unwrap()][2..];
            let what = format!(
                "lilong.toml:1: warning: source s: the foreign key `a{columns}` is left out: {why} (mend it in the database, or write a [[link]])"
            );
            assert_eq!(warnings(&model), [what]);
        }
    }

    #[test]
    fn a_foreign_key_to_what_the_catalog_leaves_out_is_no_fault() {
        let (mut catalog, descriptions) = described("s.a: b_id Int; fk(b_id) b(id)\ns.b: id Int; pk(id)");
        catalog.sources[0].exclude.push("b".into());
        let (model, problems) = federated(&catalog, &descriptions);
        assert!(problems.is_empty() && model.warnings.is_empty() && model.links.is_empty());
    }
}
