//! `[source.cache_for]`: warns of collections that are not there.

use super::draft::{Draft, did_you_mean, placed};
use crate::Problem;
use crate::problem::nearest;

/// Warns of every entry that names no collection of a described source.
pub(super) fn check_cache_times(draft: &mut Draft<'_>) {
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
