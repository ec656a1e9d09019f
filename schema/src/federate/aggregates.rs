//! Names of what aggregates and groups need: their types, and the columns of linked rows that one can group by.
//!
//! *Invariant*: one kind of type is named for all collections before the next kind; none of them can take a name that an
//! earlier version of the program gave to something else.

use super::draft::Draft;
use super::naming::Names;
use crate::federated::{FoldType, GroupColumn};

/// Names the types of aggregates and groups.
pub(super) fn name_folds(draft: &mut Draft<'_>) {
    for kind in FoldType::ALL {
        for id in 0..draft.collections.len() {
            if !draft.model.has_fold(id, kind) {
                continue;
            }
            let collection = &draft.model.collections[id];
            let what = format!("`{}` of `{}`", kind.suffix(), collection.described.name);
            let (source, wanted) = (collection.source, format!("{}{}", collection.type_name, kind.suffix()));
            let name = draft.give_type(source, &what, wanted);
            draft.model.collections[id].generated.folds.set(kind, name);
        }
    }
    for (id, link) in draft.model.links.iter().enumerate().filter(|(_, link)| link.many) {
        draft.model.collections[link.to].listed_by.push(id);
    }
    for id in 0..draft.collections.len() {
        name_group_columns(draft, id);
    }
}

/// `street_name` is the name of a linked column by itself; only where that is taken it gets another one.
fn name_group_columns(draft: &mut Draft<'_>, id: usize) {
    let model = &draft.model;
    let links = || model.collections[id].links.iter().filter(|link| !model.links[**link].many);
    let parted = |name: &str| name.contains('_');
    let may_meet =
        model.ordered(id).any(|(_, name)| parted(&name.value)) || links().any(|link| parted(&model.links[*link].name));
    if !may_meet {
        return;
    }
    let mut names = Names::default();
    for (_, name) in model.ordered(id) {
        names.reserve(&name.value);
    }
    let mut renamed = Vec::new();
    for link in links() {
        for (field, _) in model.ordered(model.links[*link].to) {
            let column = GroupColumn { link: Some(*link), field };
            let wanted = model.plain_group_column(column);
            let given = names.give(&wanted);
            if *given != *wanted {
                renamed.push((given, wanted, column));
            }
        }
    }
    let source = model.collections[id].source;
    let described = model.collections[id].described.clone();
    for (given, wanted, column) in renamed {
        let what = format!("a column to group `{}` by is named `{given}`, because `{wanted}` is taken", described.name);
        draft.warn(source, what, "give the column a name of your own under [source.rename]");
        draft.model.collections[id].generated.renamed_group_columns.insert(given, column);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::Slice;
    use crate::federate::fixture::{described, federated, find, model, rename, warnings};
    use crate::federated::FoldType;

    #[test]
    fn a_collection_without_numbers_or_order_has_no_types_for_them() {
        let model = model("s.t: a JSON\ns.u: a String\ns.v: a Float");
        let has = |name: &str, kind| find(&model, name).generated.folds.get(kind).is_some();
        for kind in [FoldType::Aggregate, FoldType::AggregateFields] {
            assert!(has("s.t", kind) && has("s.u", kind) && has("s.v", kind));
        }
        assert!(!has("s.t", FoldType::Group) && has("s.u", FoldType::Group));
        assert!(!has("s.u", FoldType::SumBoolExp) && has("s.v", FoldType::SumBoolExp));
    }

    #[test]
    fn a_linked_column_gives_way_to_a_column_of_its_name() {
        let (mut catalog, descriptions) = described(
            "s.t: id Int, x Int, street_id Int; pk(id); fk(street_id) street
             s.street: id Int, name String; pk(id)",
        );
        rename(&mut catalog, "s", "t", Some("x"), "street_name");
        let (model, _) = federated(&catalog, &descriptions);
        let id = model.collections.iter().position(|one| one.described.name == "t").unwrap();
        let slice = Slice::all();
        let names: Vec<String> = model.group_columns(id, &slice).map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["id", "street_name", "streetId", "street_id", "street_name_2"]);
        for (name, column) in model.group_columns(id, &slice) {
            assert_eq!(model.group_column(id, &slice, &name), Some(column), "{name}");
        }
        assert_eq!(model.group_column(id, &slice, "street_name_3"), None);
        assert_eq!(warnings(&model).len(), 1);
    }

    #[test]
    fn types_of_aggregates_give_way_to_collections() {
        let model = model("s.t: id Int; pk(id)\ns.t_aggregate: x Int");
        assert_eq!(find(&model, "s.t").generated.folds.get(FoldType::Aggregate).unwrap().to_string(), "STAggregate_2");
    }
}
