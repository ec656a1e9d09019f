//! How long answers are kept: warns of collections in `[source.cache_for]` that are not there, and of stale answers that are
//! allowed where none are kept.

use super::draft::{Draft, did_you_mean, placed};
use crate::Problem;
use crate::catalog::SourceSettings;
use crate::problem::nearest;

/// Warns of every entry that names no collection of a described source.
pub(super) fn check_cache_times(draft: &mut Draft<'_>) {
    check_stale_times(draft);
    for source in draft.sources.iter().filter(|source| source.described) {
        for entry in &source.settings.cache_for {
            let name = &entry.collection;
            if source.by_name.contains_key(name) || source.left_out.contains_key(&name.to_lowercase()) {
                continue;
            }
            let near = nearest(name, source.by_name.keys().map(String::as_str));
            let path = format!("source {}: cache_for of `{name}`", source.settings.name);
            let problem = Problem::warning(path, format!("there is no collection `{name}`"), did_you_mean(near));
            draft.model.warnings.push(placed(problem, &entry.place));
        }
    }
}

/// Warns of a key that does nothing anywhere.
fn check_stale_times(draft: &mut Draft<'_>) {
    let keeps = |settings: &SourceSettings| {
        settings.tuning.cache.is_some() || settings.cache_for.iter().any(|entry| entry.time.is_some())
    };
    if draft.sources.iter().any(|source| keeps(source.settings)) {
        return;
    }
    for (key, is_set) in [
        (
            "stale_while_refreshing",
            draft.sources.iter().any(|one| one.settings.tuning.stale_while_refreshing.is_some()),
        ),
        ("stale_if_down", draft.sources.iter().any(|one| one.settings.tuning.stale_if_down.is_some())),
    ] {
        if is_set {
            let what = format!("`{key}` does nothing, as no answer of any source is kept");
            draft.model.warnings.push(Problem::warning("", what, "give the source a `cache`"));
        }
    }
}
