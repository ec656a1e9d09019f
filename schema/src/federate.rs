//! From a catalog and what its sources say of themselves to one model: a list of passes.
//!
//! In: the [`Catalog`], complete with discovered sources, and the descriptions that are there. Out: a [`Federated`]
//! model, and what is wrong. *Invariant*: names depend on names alone, never on the order in which things were found;
//! whatever is left out or renamed is told.

mod aggregates;
mod cache_times;
mod declared;
mod draft;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
pub(crate) mod fixture;
mod gather;
mod generated;
mod keys;
mod link_names;
mod links;
mod naming;
mod own_names;
mod renames;
mod roots;
mod slow;
mod suggested_index;
mod unions;

use std::collections::BTreeMap;

use crate::{Catalog, Federated, Problem, SourceDescription};

/// Makes the model of a catalog.
///
/// A source without a description stands in the model without collections. The problems are those that keep a catalog
/// from being served; the model without the parts at fault is given all the same. Warnings are in
/// [`Federated::warnings`].
pub fn federate(catalog: &Catalog, descriptions: &BTreeMap<String, SourceDescription>) -> (Federated, Vec<Problem>) {
    let mut draft = gather::gather(catalog, descriptions);
    unions::gather_unions(&mut draft);
    own_names::name_what_is_described(&mut draft);
    keys::resolve_keys(&mut draft);
    declared::add_declared_links(&mut draft);
    links::add_foreign_key_links(&mut draft);
    link_names::name_links(&mut draft);
    generated::name_what_is_generated(&mut draft);
    cache_times::check_cache_times(&mut draft);
    roots::index_names(&mut draft);
    (draft.model, draft.problems)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};
    use std::sync::Arc;

    use super::federate;
    use super::naming::is_name;
    use crate::catalog::SourceSettings;
    use crate::definition::TypeKind;
    use crate::federate::fixture::field;
    use crate::{Catalog, Collection, Federated, ForeignKey, Key, Scalar, Slice, SourceDescription};

    /// A small generator of numbers that look random (xorshift64*).
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
        }

        fn name(&mut self) -> String {
            const PARTS: [&str; 24] = [
                "a",
                "A",
                "b",
                "id",
                "ID",
                "_",
                " ",
                "2",
                "By",
                "Pk",
                "aggregate",
                "Aggregate",
                "bool_exp",
                "Order",
                "姓",
                "ß",
                "\"",
                ".",
                "true",
                "Source",
                "'",
                "\u{1}",
                "Query",
                "\u{1F600}",
            ];
            (0..=self.below(3)).map(|_| PARTS[self.below(PARTS.len())]).collect()
        }

        fn names(&mut self, most: usize) -> BTreeSet<String> {
            (0..=self.below(most)).map(|_| self.name()).collect()
        }

        fn shuffle<T>(&mut self, items: &mut [T]) {
            for at in (1..items.len()).rev() {
                items.swap(at, self.below(at + 1));
            }
        }
    }

    fn random_source(random: &mut Random) -> SourceDescription {
        let tables: Vec<String> = random.names(8).into_iter().collect();
        let collections = tables.iter().map(|name| {
            let columns: Vec<String> = random.names(6).into_iter().collect();
            let scalars = [Scalar::Int, Scalar::String, Scalar::BigInt, Scalar::Json, Scalar::Date];
            let fields = columns.iter().map(|name| field(name, scalars[random.below(scalars.len())], true)).collect();
            let mut some = || vec![columns[random.below(columns.len())].clone()];
            let keys = vec![Key { columns: some(), primary: true }, Key { columns: some(), primary: false }];
            let foreign = (0..3).map(|_| some()).collect::<Vec<_>>();
            let foreign_keys = foreign.into_iter().map(|columns| {
                let collection = tables[random.below(tables.len())].clone();
                ForeignKey { columns, collection, references: Vec::new(), enforced: false }
            });
            let foreign_keys = foreign_keys.collect();
            Collection { name: name.clone(), fields, keys, foreign_keys, ..Collection::default() }
        });
        SourceDescription { collections: collections.collect(), ..SourceDescription::default() }
    }

    fn catalog(names: impl Iterator<Item = String>) -> Catalog {
        let source = |name| SourceSettings { name, connector: "memory".into(), ..SourceSettings::default() };
        Catalog { sources: names.map(source).collect(), ..Catalog::default() }
    }

    /// Every type with its fields, without their order.
    fn surface(model: &Federated) -> BTreeMap<String, BTreeSet<String>> {
        let all = Slice::all();
        let fields = |kind: &TypeKind| match kind {
            TypeKind::Object(fields) => fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect(),
            TypeKind::Input(fields) => fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect(),
            TypeKind::Enum(values) => values.iter().map(|value| value.name.to_string()).collect(),
            TypeKind::Scalar { .. } => BTreeSet::new(),
        };
        let definitions = model.type_ids(&all).into_iter().map(|id| model.definition(id, &all));
        definitions.map(|one| (one.name.to_string(), fields(&one.kind))).collect()
    }

    /// Names are legal and unique, single look-ups agree with whole types, and exactly what is used is there.
    fn assert_is_sound(model: &Federated, slice: &Slice) {
        let mut used = HashSet::from(["Query", "String", "Boolean"].map(Arc::<str>::from));
        let mut types = HashSet::new();
        for id in model.type_ids(slice) {
            let definition = model.definition(id, slice);
            assert!(is_name(&definition.name) && types.insert(definition.name.clone()), "{}", definition.name);
            assert_eq!(model.types.get(&definition.name), Some(&id));
            assert!(model.sees_type(id, slice));
            let mut names = Vec::new();
            match &definition.kind {
                TypeKind::Object(fields) => {
                    for field in fields {
                        let alone = model.field_definition(id, &field.name, slice).unwrap();
                        assert_eq!((&alone.ty, alone.arguments.len()), (&field.ty, field.arguments.len()));
                        names.push(field.name.clone());
                        used.insert(field.ty.name().clone());
                        used.extend(field.arguments.iter().map(|argument| argument.ty.name().clone()));
                    }
                }
                TypeKind::Input(fields) => {
                    for field in fields {
                        assert_eq!(model.input_definition(id, &field.name, slice).unwrap().ty, field.ty);
                        names.push(field.name.clone());
                        used.insert(field.ty.name().clone());
                    }
                }
                TypeKind::Enum(values) => names.extend(values.iter().map(|value| value.name.clone())),
                TypeKind::Scalar { .. } => continue,
            }
            assert!(!names.is_empty(), "{} is empty", definition.name);
            let count = names.len();
            assert!(names.iter().all(|name| is_name(name)), "{names:?}");
            assert_eq!(names.into_iter().collect::<HashSet<_>>().len(), count, "{}", definition.name);
        }
        assert_eq!(used, types);
    }

    #[test]
    fn whatever_the_names_are_the_schema_is_legal_and_does_not_depend_on_their_order() {
        for seed in 1..200 {
            let mut random = Random(seed);
            let mut descriptions: BTreeMap<String, SourceDescription> = BTreeMap::new();
            for name in random.names(5) {
                descriptions.insert(name, random_source(&mut random));
            }
            let (model, problems) = federate(&catalog(descriptions.keys().cloned()), &descriptions);
            assert!(problems.is_empty(), "seed {seed}");
            assert_is_sound(&model, &Slice::all());
            for source in 0..model.sources.len() {
                assert_is_sound(&model, &Slice::of([source]));
            }

            for description in descriptions.values_mut() {
                random.shuffle(&mut description.collections);
                for collection in &mut description.collections {
                    random.shuffle(&mut collection.fields);
                    random.shuffle(&mut collection.keys);
                    random.shuffle(&mut collection.foreign_keys);
                }
            }
            let (shuffled, _) = federate(&catalog(descriptions.keys().rev().cloned()), &descriptions);
            assert_eq!(surface(&model), surface(&shuffled), "seed {seed}");
            assert_ne!(model.version, shuffled.version);
        }
    }

    #[test]
    fn a_slice_sees_only_its_sources_and_no_link_out_of_it() {
        let text = "a.t: id Int, u Date; pk(id)\nb.t: id BigInt, x Float; pk(id)";
        let (mut catalog, descriptions) = super::fixture::described(text);
        super::fixture::link(&mut catalog, "a.t(id)", "b.t(id)", "other", Some("back"));
        let (model, _) = federate(&catalog, &descriptions);
        let slice = model.slice(["a"]).unwrap();
        let names: Vec<String> = model.type_ids(&slice).into_iter().map(|id| model.type_name(id).to_string()).collect();
        assert_eq!(
            names,
            [
                "Query",
                "Source",
                "SourceState",
                "OrderBy",
                "PageInfo",
                "Int",
                "BigInt",
                "Float",
                "Boolean",
                "String",
                "Date",
                "IntComparisonExp",
                "BigIntComparisonExp",
                "FloatComparisonExp",
                "DateComparisonExp",
                "A",
                "AT",
                "ATBoolExp",
                "ATOrderBy",
                "ATSelectColumn",
                "ATAggregate",
                "ATAggregateFields",
                "ATSumFields",
                "ATAvgFields",
                "ATStddevFields",
                "ATStddevPopFields",
                "ATVarianceFields",
                "ATVarPopFields",
                "ATMinFields",
                "ATMaxFields",
                "ATGroup",
                "ATGroupKey",
                "ATGroupBy",
                "ATHaving",
                "ATGroupOrderBy",
                "ATGroupKeyOrderBy",
                "ATSumBoolExp",
                "ATNumberBoolExp",
                "ATValueBoolExp",
                "ATNumberOrderBy",
                "ATValueOrderBy",
                "ATConnection",
                "ATEdge",
            ]
        );
        let row = model.types["AT"];
        assert!(model.field_definition(row, "other", &slice).is_none());
        assert!(model.field_definition(row, "other", &Slice::all()).is_some());
        assert!(model.input_definition(model.types["ATBoolExp"], "other", &slice).is_none());
        assert!(model.field_definition(model.types["Query"], "b", &slice).is_none());
        assert!(!model.sees_type(model.types["BT"], &slice) && !model.sees_type(model.types["Decimal"], &slice));
        assert!(model.input_definition(model.types["ATOrderBy"], "other", &Slice::all()).is_some());
        assert!(model.input_definition(model.types["ATOrderBy"], "other", &slice).is_none());
        assert_eq!(model.slice(["a", "c"]), Err("c"));
    }
}
