//! Which collections a union is made of.

use std::sync::Arc;

use super::report;
use crate::Problem;
use crate::catalog::{MemberPattern, UnionSettings};
use crate::federate::draft::{Draft, did_you_mean, placed};
use crate::federated::{CollectionId, SourceId};
use crate::problem::nearest;

/// The members of a union.
pub(super) struct Found {
    /// By byte order of their sources' names.
    pub(super) members: Vec<CollectionId>,
    /// Sources without a description that a member may yet come from.
    pub(super) undescribed: Vec<SourceId>,
    /// Blocks that nobody has answered yet and that may find sources with members.
    pub(super) unknown: Vec<Arc<str>>,
}

/// Finds the members; `None` if the union cannot be, which is told.
pub(super) fn find(draft: &mut Draft<'_>, settings: &UnionSettings) -> Option<Found> {
    let before = draft.problems.len();
    let mut members: Vec<CollectionId> = Vec::new();
    let mut undescribed: Vec<SourceId> = Vec::new();
    let mut unknown: Vec<Arc<str>> = Vec::new();
    for pattern in &settings.members {
        let count = members.len();
        let waiting = undescribed.len() + unknown.len();
        unknown.extend(draft.catalog.unknown(&pattern.source).map(Arc::from));
        for (id, source) in draft.sources.iter().enumerate() {
            if !pattern.source.matches(&source.settings.name) {
                continue;
            }
            if !source.described {
                undescribed.push(id);
            }
            let collections = draft.model.sources[id].collections.clone();
            let name = |id: CollectionId| &draft.model.collections[id].described.name;
            members.extend(collections.filter(|id| pattern.collection.matches(name(*id))));
        }
        if members.len() == count {
            let what = format!("`{}` matches no collection", pattern.written);
            if undescribed.len() + unknown.len() > waiting {
                let hint = "its members join by themselves once their sources have been described";
                let warning = Problem::warning(settings.about(), what, hint);
                draft.model.warnings.push(placed(warning, &pattern.place));
            } else {
                let hint = hint(draft, pattern);
                draft.problems.push(placed(Problem::new(settings.about(), what, hint), &pattern.place));
            }
        }
    }
    members.sort_unstable();
    members.dedup();
    undescribed.sort_unstable();
    undescribed.dedup();
    unknown.sort_unstable();
    unknown.dedup();
    for pair in members.windows(2) {
        let [one, other] = [pair[0], pair[1]].map(|id| &draft.model.collections[id]);
        if one.source == other.source {
            let source = &draft.model.sources[one.source].name;
            let (one, other) = (&one.described.name, &other.described.name);
            let what = format!(
                "`{source}.{one}` and `{source}.{other}` are of one source, which `_source` could not tell apart"
            );
            report(draft, settings, what, "take one collection of each source");
        }
    }
    (draft.problems.len() == before && !members.is_empty()).then_some(Found { members, undescribed, unknown })
}

/// What a pattern without a match may have been meant to be.
fn hint(draft: &Draft<'_>, pattern: &MemberPattern) -> String {
    let sources =
        || draft.sources.iter().enumerate().filter(|(_, source)| pattern.source.matches(&source.settings.name));
    if sources().next().is_none() {
        if let Some(union) =
            draft.catalog.unions.iter().find(|union| pattern.source.exact().as_ref() == Some(&union.name))
        {
            return format!("`{}` is a union, which cannot be a member of another", union.name);
        }
        let near = pattern.source.exact();
        let near = near.and_then(|name| {
            nearest(&name, draft.sources.iter().map(|source| source.settings.name.as_str())).map(str::to_owned)
        });
        return match near {
            Some(near) => did_you_mean(Some(&near)),
            None => "no source has such a name".to_owned(),
        };
    }
    let left_out = sources().any(|(_, source)| source.left_out.values().any(|name| pattern.collection.matches(name)));
    if left_out {
        return "look at `include` and `exclude` of the sources".to_owned();
    }
    let near = pattern.collection.exact().and_then(|name| {
        let names = sources().flat_map(|(_, source)| source.by_name.keys()).map(String::as_str);
        nearest(&name, names).map(str::to_owned)
    });
    match near {
        Some(near) => did_you_mean(Some(&near)),
        None => "no source of such a name has such a collection".to_owned(),
    }
}
