//! Names of what is generated: by-key fields, aggregates, groups, connections, inputs and enums.
//!
//! *Invariant*: one kind of name is given for all collections before the next kind, in an order that never changes;
//! a new kind goes to the end. So no version of the program can take a name that an earlier one gave to something else.

use super::draft::Draft;
use super::naming::by;

/// Gives all generated names.
pub(super) fn name_what_is_generated(draft: &mut Draft<'_>) {
    name_keys(draft, true);
    name_keys(draft, false);
    reserve_members(draft);
    reserve_link_fields(draft);
    name_inputs(draft);
    super::aggregates::name_folds(draft);
    name_connections(draft);
}

/// `residentByPk`, then `residentByIdCard`, `residentByAAndB`.
fn name_keys(draft: &mut Draft<'_>, primary: bool) {
    for id in 0..draft.collections.len() {
        for key in 0..draft.model.collections[id].keys.len() {
            let collection = &draft.model.collections[id];
            if collection.keys[key].primary != primary {
                continue;
            }
            let columns = collection.keys[key].columns.iter().map(|column| draft.column_label(id, *column));
            let suffix = if primary { "ByPk".to_owned() } else { by(columns) };
            let (source, wanted) = (collection.source, format!("{}{suffix}", collection.field));
            let described = collection.described.clone();
            let what = || format!("a by-key field of `{}`", described.name);
            draft.model.collections[id].keys[key].field = draft.give_member(source, what, &wanted);
        }
    }
}

/// `residentAggregate`, `residentGroups`, `residentConnection`
fn reserve_members(draft: &mut Draft<'_>) {
    for suffix in ["Aggregate", "Groups", "Connection"] {
        for id in 0..draft.collections.len() {
            let collection = &draft.model.collections[id];
            let (source, wanted) = (collection.source, format!("{}{suffix}", collection.field));
            let described = collection.described.clone();
            let what = || format!("`…{suffix}` of `{}`", described.name);
            let name = draft.give_member(source, what, &wanted);
            let generated = &mut draft.model.collections[id].generated;
            match suffix {
                "Aggregate" => generated.aggregate = name,
                "Groups" => generated.groups = name,
                _ => generated.connection = name,
            }
        }
    }
}

/// `vaccinationsAggregate`, `vaccinationsConnection` beside list links
fn reserve_link_fields(draft: &mut Draft<'_>) {
    for id in 0..draft.collections.len() {
        let links = draft.model.collections[id].links.iter().copied();
        let lists: Vec<_> = links.filter(|link| draft.model.links[*link].many).collect();
        let mut give = |suffix: &str| -> Vec<_> {
            let given = lists.iter().map(|link| {
                let (name, described) =
                    (draft.model.links[*link].name.clone(), draft.model.collections[id].described.clone());
                let what = || format!("`…{suffix}` of the link `{name}` of `{}`", described.name);
                draft.give_beside(*link, what, &format!("{name}{suffix}"))
            });
            given.collect()
        };
        let (aggregates, connections) = (give("Aggregate"), give("Connection"));
        for (link, generated) in lists.iter().zip(aggregates.into_iter().zip(connections)) {
            draft.model.links[*link].generated = Some(generated);
        }
    }
}

/// `…BoolExp`, `…OrderBy`, `…SelectColumn`, and the `…ComparisonExp` of database enums
fn name_inputs(draft: &mut Draft<'_>) {
    for suffix in ["BoolExp", "OrderBy", "SelectColumn"] {
        for id in 0..draft.collections.len() {
            let collection = &draft.model.collections[id];
            let mut fields = collection.fields.iter().zip(&collection.described.fields);
            let ordered = fields.any(|(name, described)| name.is_some() && described.scalar.is_ordered());
            if suffix != "BoolExp" && !ordered {
                continue;
            }
            let what = format!("`{suffix}` of `{}`", collection.described.name);
            let (source, wanted) = (collection.source, format!("{}{suffix}", collection.type_name));
            let name = draft.give_type(source, &what, wanted);
            let generated = &mut draft.model.collections[id].generated;
            match suffix {
                "BoolExp" => generated.bool_exp = name,
                "OrderBy" => generated.order_by = Some(name),
                _ => generated.select_column = Some(name),
            }
        }
    }
    for id in 0..draft.model.enumerations.len() {
        let enumeration = &draft.model.enumerations[id];
        let what = format!("comparisons of `{}`", enumeration.described.name);
        let (source, wanted) = (enumeration.source, format!("{}ComparisonExp", enumeration.type_name));
        draft.model.enumerations[id].comparison = draft.give_type(source, &what, wanted);
    }
}

/// `…Connection`, `…Edge`
fn name_connections(draft: &mut Draft<'_>) {
    for suffix in ["Connection", "Edge"] {
        for id in 0..draft.collections.len() {
            let collection = &draft.model.collections[id];
            let what = format!("`{suffix}` of `{}`", collection.described.name);
            let (source, wanted) = (collection.source, format!("{}{suffix}", collection.type_name));
            let name = draft.give_type(source, &what, wanted);
            let generated = &mut draft.model.collections[id].generated;
            match suffix {
                "Connection" => generated.connection_type = name,
                _ => generated.edge_type = name,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::federate::fixture::{find, model, warnings};

    #[test]
    fn by_key_fields_are_named_after_their_columns() {
        let model = model(
            "s.resident: id Int, id_card String, a Int, b Int; pk(id); unique(id_card); unique(b, a); unique(a, b)",
        );
        let keys: Vec<&str> = find(&model, "s.resident").keys.iter().map(|key| &*key.field).collect();
        assert_eq!(keys, ["residentByPk", "residentByAAndB", "residentByBAndA", "residentByIdCard"]);
    }

    #[test]
    fn generated_names_give_way_to_collections_and_later_kinds_to_earlier_ones() {
        let model = model(
            "s.t: pk Int, id Int; pk(id); unique(pk)
             s.t_by_pk: x Int
             s.t_aggregate: x Int
             s.t_bool_exp: x Int",
        );
        let t = find(&model, "s.t");
        let keys: Vec<&str> = t.keys.iter().map(|key| &*key.field).collect();
        assert_eq!(keys, ["tByPk_2", "tByPk_3"]);
        assert_eq!(&*t.generated.aggregate, "tAggregate_2");
        assert_eq!(&*t.generated.bool_exp, "STBoolExp_2");
        assert_eq!(t.generated.order_by.as_deref(), Some("STOrderBy"));
        let warnings = warnings(&model);
        assert_eq!(warnings.len(), 7, "{warnings:?}");
        let taken = "`…Aggregate` of `t` is named `tAggregate_2`, because `tAggregate` is taken";
        assert!(warnings.iter().any(|warning| warning.contains(taken)), "{warnings:?}");
    }

    #[test]
    fn fields_beside_list_links_are_reserved_after_all_links() {
        let model = model(
            "s.t: id Int, u_aggregate_id Int; pk(id); fk(u_aggregate_id) w
             s.u: t_id Int; fk(t_id) t
             s.w: id Int; pk(id)",
        );
        let t = find(&model, "s.t");
        let names: Vec<&str> = t.links.iter().map(|link| &*model.links[*link].name).collect();
        assert_eq!(names, ["uAggregate", "u"]);
        let generated = model.links[t.links[1]].generated.clone().unwrap();
        assert_eq!((&*generated.0, &*generated.1), ("uAggregate_2", "uConnection"));
        assert_eq!(model.links[t.links[0]].generated, None);
        let taken = "`…Aggregate` of the link `u` of `t` is named `uAggregate_2`, because `uAggregate` is taken";
        assert!(warnings(&model).iter().any(|warning| warning.contains(taken)), "{:?}", warnings(&model));
    }

    #[test]
    fn what_would_be_empty_has_no_name() {
        let model = model("s.t: a JSON, b Bytes");
        let generated = &find(&model, "s.t").generated;
        assert_eq!((&generated.order_by, &generated.select_column), (&None, &None));
        assert!(model.types.contains_key("STBoolExp"));
    }
}
