//! Which declared links are slow: those whose target has to be read as a whole, because no index can serve them.

use super::draft::{Draft, placed};
use super::suggested_index::statement;
use crate::catalog::LinkSettings;
use crate::federated::Link;
use crate::{Normalizer, Problem};

/// Rows above which a read without an index is worth a warning.
const MANY_ROWS: u64 = 100_000;

/// Warns of a link that is normalised on its `to` side, or leads to many rows without an index.
pub(super) fn warn_if_slow(draft: &mut Draft<'_>, settings: &LinkSettings, path: &str, link: &Link) {
    let target = &draft.model.collections[link.to];
    let described = &target.described;
    let label = draft.label(link.to);
    let is_link_column = |name: &String| link.to_columns.iter().any(|column| described.fields[*column].name == *name);
    let keys = described.keys.iter().map(|key| &key.columns);
    // An index serves if the link's columns lead it.
    let has_index =
        described.indexes.iter().chain(keys).any(|index| {
            index.len() >= link.to_columns.len() && index[..link.to_columns.len()].iter().all(is_link_column)
        });
    let look_up = described.look_up(&link.to_columns, &link.to_normalize);
    let what = if !link.to_normalize.is_empty() && look_up.is_none() {
        format!("`{}` is slow: `{label}` has to be read and normalised here", link.name)
    } else if look_up.is_some_and(|look_up| !look_up.steps.is_empty()) {
        return;
    } else if !has_index && described.rows.is_some_and(|rows| rows > MANY_ROWS) {
        format!("`{}` is slow: `{label}` has no index on its columns", link.name)
    } else {
        return;
    };
    let connector = &draft.model.sources[target.source].connector;
    let steps = match link.to_normalize.split_last() {
        Some((Normalizer::Map(_), rest)) => rest,
        _ => &link.to_normalize,
    };
    let wanted = link.to_columns.iter().find_map(|column| statement(connector, described, *column, steps));
    let hint = match wanted.filter(|_| !steps.is_empty()) {
        Some(statement) => {
            format!("more rows than the row budget are TOO_COSTLY; an index helps, then describe again: {statement}")
        }
        None => {
            let stored = "store the keys as the other side writes them, with an index";
            format!("more rows than the row budget are TOO_COSTLY; {stored}")
        }
    };
    draft.model.warnings.push(placed(Problem::warning(path, what, hint), &settings.place));
}
