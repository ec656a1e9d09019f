//! Links of the catalog's `[[link]]` blocks, across sources or inside one.

use super::draft::{Draft, did_you_mean, placed};
use super::keys::can_meet;
use super::naming::is_name;
use super::slow::warn_if_slow;
use crate::Problem;
use crate::catalog::pattern::Pattern;
use crate::catalog::{LinkEnd, LinkSettings};
use crate::collection::FieldId;
use crate::federated::{CollectionId, Link};
use crate::problem::nearest;

/// An end that was found.
struct End<'a> {
    collection: CollectionId,
    columns: Vec<FieldId>,
    settings: &'a LinkEnd,
}

/// Why a link is left out.
enum Refusal {
    /// The catalog is wrong.
    Wrong(String, String),
    /// A source has no description yet.
    NotDescribed(String),
}

/// Adds the links of all `[[link]]` blocks; their names are taken as written.
pub(super) fn add_declared_links(draft: &mut Draft<'_>) {
    let catalog = draft.catalog;
    for settings in &catalog.links {
        let path = format!("link {}", settings.name);
        let (from, to) = match (find_end(draft, &settings.from), find_end(draft, &settings.to)) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => {
                for refusal in [from.err(), to.err()].into_iter().flatten() {
                    refuse(draft, settings, &path, refusal);
                }
                continue;
            }
        };
        if let Err(refusal) = check_columns(draft, &from, &to) {
            refuse(draft, settings, &path, refusal);
            continue;
        }
        add(draft, settings, &path, &settings.name, (&from, &to), settings.many);
        if let Some(back) = &settings.back {
            add(draft, settings, &path, back, (&to, &from), None);
        }
    }
}

fn refuse(draft: &mut Draft<'_>, settings: &LinkSettings, path: &str, refusal: Refusal) {
    match refusal {
        Refusal::Wrong(what, hint) => draft.problems.push(placed(Problem::new(path, what, hint), &settings.place)),
        Refusal::NotDescribed(what) => {
            let warning = Problem::warning(path, what, "it joins by itself once the source has been described");
            let warning = placed(warning, &settings.place);
            // Both sides may be of that source.
            if draft.model.warnings.last() != Some(&warning) {
                draft.model.warnings.push(warning);
            }
        }
    }
}

fn find_end<'a>(draft: &Draft<'_>, end: &'a LinkEnd) -> Result<End<'a>, Refusal> {
    let collection = if end.source.is_empty() { find_union(draft, end)? } else { find_collection(draft, end)? };
    let described = &draft.model.collections[collection].described;
    let mut columns = Vec::with_capacity(end.columns.len());
    for name in &end.columns {
        let Some(column) = described.field_id(name) else {
            let near = nearest(name, described.fields.iter().map(|field| field.name.as_str()));
            let what = format!("there is no column `{name}` in `{}`", draft.label(collection));
            return Err(Refusal::Wrong(what, did_you_mean(near)));
        };
        let scalar = described.fields[column].scalar;
        if !scalar.is_key() {
            let what = format!("`{}({name})` is {}, which is no key", draft.label(collection), scalar.name());
            return Err(Refusal::Wrong(what, "link by other columns".to_owned()));
        }
        columns.push(column);
    }
    Ok(End { collection, columns, settings: end })
}

fn find_union(draft: &Draft<'_>, end: &LinkEnd) -> Result<CollectionId, Refusal> {
    let unions = &draft.model.sources[draft.sources.len()..];
    if let Some(union) = unions.iter().find(|union| *union.name == *end.collection) {
        return Ok(union.collections.start);
    }
    if draft.catalog.unions.iter().any(|union| union.name == end.collection) {
        return Err(Refusal::NotDescribed(format!("it is left out: the union `{}` is not there", end.collection)));
    }
    let near = nearest(&end.collection, unions.iter().map(|union| &*union.name));
    let hint = if near.is_some() { did_you_mean(near) } else { "write source.collection(column, …)".to_owned() };
    Err(Refusal::Wrong(format!("there is no union `{}`", end.collection), hint))
}

fn find_collection(draft: &Draft<'_>, end: &LinkEnd) -> Result<CollectionId, Refusal> {
    let sources = &draft.model.sources[..draft.sources.len()];
    let Ok(source) = sources.binary_search_by(|source| (*source.name).cmp(&end.source)) else {
        if draft.catalog.unknown(&Pattern::exactly(&end.source)).next().is_some() {
            return Err(Refusal::NotDescribed(format!("it is left out: `{}` has not been found yet", end.source)));
        }
        let near = nearest(&end.source, sources.iter().map(|source| &*source.name));
        return Err(Refusal::Wrong(format!("there is no source `{}`", end.source), did_you_mean(near)));
    };
    let source = &draft.sources[source];
    if !source.described {
        return Err(Refusal::NotDescribed(format!("it is left out: `{}` has no description yet", end.source)));
    }
    let Some(collection) = source.by_name.get(&end.collection).copied() else {
        let (what, hint) = if source.left_out.get(&end.collection.to_lowercase()) == Some(&end.collection) {
            let what = format!("the collection `{}` of `{}` is not served", end.collection, end.source);
            (what, "look at `include` and `exclude` of the source".to_owned())
        } else {
            let near = nearest(&end.collection, source.by_name.keys().map(String::as_str));
            (format!("there is no collection `{}` in `{}`", end.collection, end.source), did_you_mean(near))
        };
        return Err(Refusal::Wrong(what, hint));
    };
    Ok(collection)
}

fn check_columns(draft: &Draft<'_>, from: &End<'_>, to: &End<'_>) -> Result<(), Refusal> {
    if from.columns.len() != to.columns.len() || from.columns.is_empty() {
        let what = format!("`from` has {} columns and `to` has {}", from.columns.len(), to.columns.len());
        return Err(Refusal::Wrong(what, "give as many on both sides, in the same order".to_owned()));
    }
    // What is normalised is text by then.
    if !from.settings.normalize.is_empty() || !to.settings.normalize.is_empty() {
        return Ok(());
    }
    for (column, to_column) in from.columns.iter().zip(&to.columns) {
        let one = &draft.model.collections[from.collection].described.fields[*column];
        let other = &draft.model.collections[to.collection].described.fields[*to_column];
        if !can_meet(one.scalar, other.scalar) {
            let (a, b) = (one.scalar.name(), other.scalar.name());
            let what = format!("`{}` is {a} and `{}` is {b}: they never match", one.name, other.name);
            return Err(Refusal::Wrong(what, "link columns of one kind, or normalise them".to_owned()));
        }
    }
    Ok(())
}

fn add(
    draft: &mut Draft<'_>,
    settings: &LinkSettings,
    path: &str,
    name: &str,
    (from, to): (&End<'_>, &End<'_>),
    many: Option<bool>,
) {
    let name: std::sync::Arc<str> = name.into();
    if !is_name(&name) {
        let refusal = Refusal::Wrong(format!("`{name}` is no name that GraphQL allows here"), "choose another".into());
        return refuse(draft, settings, path, refusal);
    }
    if !draft.collections[from.collection].names.reserve(&name) {
        let what = format!("`{}` has a field `{name}` already", draft.model.collections[from.collection].type_name);
        return refuse(draft, settings, path, Refusal::Wrong(what, "choose another name".to_owned()));
    }
    // Values that differ in the database may be one once they are normalised.
    let unique = draft.is_unique(to.collection, &to.columns);
    let many = many.unwrap_or(!unique);
    let link = Link {
        name,
        from: from.collection,
        columns: from.columns.clone(),
        to: to.collection,
        to_columns: to.columns.clone(),
        many,
        enforced: false,
        at_most_one: !many && (!unique || !to.settings.normalize.is_empty()),
        normalize: from.settings.normalize.clone(),
        to_normalize: to.settings.normalize.clone(),
        generated: None,
    };
    warn_if_slow(draft, settings, path, &link);
    draft.add_link(link, None);
}

#[cfg(test)]
mod tests {
    use crate::Normalizer;
    use crate::federate::fixture::{described, federated, find, link, links, warnings};

    const TEXT: &str =
        "civil.resident: id Int, id_card String, born Date, weight Float, flag Boolean; pk(id); unique(id_card)
                        health.vaccination: id Int, id_card String, day Date; pk(id); rows 200000
                        silent";

    #[test]
    fn a_link_across_sources_has_the_names_it_is_given() {
        let (mut catalog, descriptions) = described(TEXT);
        link(&mut catalog, "civil.resident(id_card)", "health.vaccination(id_card)", "vaccinations", Some("person"));
        let (model, problems) = federated(&catalog, &descriptions);
        assert_eq!(problems, []);
        assert_eq!(links(&model, "civil.resident"), ["vaccinations → [vaccination]"]);
        assert_eq!(links(&model, "health.vaccination"), ["person → resident"]);
        assert_eq!(warnings(&model).len(), 1, "only the side without an index is slow");
        assert!(warnings(&model)[0].contains("`vaccinations` is slow: `health.vaccination` has no index"));
    }

    #[test]
    fn many_overrides_the_rule_and_says_when_two_matches_are_a_fault() {
        let table = [
            ("civil.resident(id_card)", "health.vaccination(id_card)", None, (true, false)),
            ("civil.resident(id_card)", "health.vaccination(id_card)", Some(false), (false, true)),
            ("health.vaccination(id_card)", "civil.resident(id_card)", None, (false, false)),
            ("health.vaccination(id_card)", "civil.resident(id_card)", Some(true), (true, false)),
        ];
        for (from, to, many, expected) in table {
            let (mut catalog, descriptions) = described(TEXT);
            link(&mut catalog, from, to, "x", None).many = many;
            let (model, _) = federated(&catalog, &descriptions);
            assert_eq!((model.links[0].many, model.links[0].at_most_one), expected, "{from} {many:?}");
        }
    }

    #[test]
    fn unique_values_may_meet_once_they_are_normalised() {
        let (mut catalog, descriptions) = described(TEXT);
        let settings = link(&mut catalog, "health.vaccination(id_card)", "civil.resident(id_card)", "x", Some("y"));
        settings.to.normalize.push(Normalizer::Trim);
        let (model, _) = federated(&catalog, &descriptions);
        let link = &model.links[0];
        assert!(link.at_most_one && link.is_normalized() && link.normalize.is_empty());
        assert_eq!((&link.to_normalize, &model.links[1].normalize), (&vec![Normalizer::Trim], &vec![Normalizer::Trim]));
        assert!(warnings(&model)[0].starts_with("links.toml:1: warning: link x: `x` is slow"));
    }

    #[test]
    fn a_link_that_cannot_be_is_a_problem_with_its_place_and_a_hint() {
        let good = "health.vaccination(id_card)";
        let table = [
            ("civl.resident(id)", good, "there is no source `civl` (did you mean `civil`?)"),
            ("civil.residents(id)", good, "there is no collection `residents` in `civil` (did you mean `resident`?)"),
            (
                "civil.resident(idcard)",
                good,
                "there is no column `idcard` in `civil.resident` (did you mean `id_card`?)",
            ),
            (
                "civil.hidden(id)",
                good,
                "the collection `hidden` of `civil` is not served (look at `include` and `exclude` of the source)",
            ),
            (
                "civil.resident(weight)",
                good,
                "`civil.resident(weight)` is Float, which is no key (link by other columns)",
            ),
            (
                "civil.resident(id, id_card)",
                good,
                "`from` has 2 columns and `to` has 1 (give as many on both sides, in the same order)",
            ),
            (
                "civil.resident(flag)",
                "health.vaccination(day)",
                "`flag` is Boolean and `day` is Date: they never match (link columns of one kind, or normalise them)",
            ),
        ];
        for (from, to, expected) in table {
            let (mut catalog, descriptions) = described(&format!("{TEXT}\ncivil.hidden: id Int"));
            catalog.sources[0].exclude.push("hidden".into());
            link(&mut catalog, from, to, "x", Some("y"));
            let (model, problems) = federated(&catalog, &descriptions);
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems, [format!("links.toml:1: link x: {expected}")]);
            assert!(model.links.is_empty());
        }
    }

    #[test]
    fn a_link_to_a_source_without_a_description_is_left_out_with_a_warning() {
        let (mut catalog, descriptions) = described(TEXT);
        link(&mut catalog, "civil.resident(id)", "silent.anything(x)", "x", None);
        let (model, problems) = federated(&catalog, &descriptions);
        assert!(problems.is_empty() && model.links.is_empty());
        assert!(warnings(&model)[0].contains("link x: it is left out: `silent` has no description yet"));
        assert!(model.sources.iter().any(|source| &*source.name == "silent" && source.collections.is_empty()));
        assert!(!model.roots.contains_key("silent"));
    }

    #[test]
    fn a_given_name_that_is_taken_is_a_problem_and_one_that_a_foreign_key_wants_is_not() {
        let (mut catalog, descriptions) = described("s.a: id Int, b_id Int; pk(id); fk(b_id) b\ns.b: id Int; pk(id)");
        link(&mut catalog, "s.a(id)", "s.b(id)", "bId", None);
        link(&mut catalog, "s.a(id)", "s.b(id)", "b", Some("b"));
        link(&mut catalog, "s.a(id)", "s.b(id)", "b", None);
        let (model, problems) = federated(&catalog, &descriptions);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "links.toml:1: link bId: `SA` has a field `bId` already (choose another name)",
                "links.toml:3: link b: `SA` has a field `b` already (choose another name)",
            ]
        );
        assert_eq!(links(&model, "s.a"), ["b → b", "bByBId → b"]);
        assert_eq!(links(&model, "s.b"), ["b → a", "a → [a]"]);
        assert_eq!(find(&model, "s.b").links.len(), 2);
    }
}
