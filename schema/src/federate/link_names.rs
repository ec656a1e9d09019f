//! Names of the links made from foreign keys: `street`; where that is taken or shared, `streetByStreetId`.

use std::collections::HashMap;

use super::draft::Draft;

/// Names every link that has none yet.
pub(super) fn name_links(draft: &mut Draft<'_>) {
    for collection in 0..draft.collections.len() {
        let links = draft.model.collections[collection].links.clone();
        let mut wanting: HashMap<String, usize> = HashMap::new();
        for link in &links {
            if let Some(names) = &draft.wanted[*link] {
                *wanting.entry(names.plain.clone()).or_default() += 1;
            }
        }
        for link in links {
            let Some(names) = &draft.wanted[link] else {
                continue;
            };
            let alone = wanting.get(&names.plain) == Some(&1);
            let is_free = alone && !draft.collections[collection].names.has(&names.plain);
            let wanted = if is_free { names.plain.clone() } else { names.qualified.clone() };
            let described = draft.model.collections[collection].described.clone();
            let what = || format!("a link of `{}`", described.name);
            draft.model.links[link].name = draft.give_field(collection, what, &wanted);
        }
    }
}
