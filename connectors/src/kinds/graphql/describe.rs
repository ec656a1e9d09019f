//! From a service's schema to a description: which of its fields are collections, and how their rows are asked for.
//!
//! In: a [`Schema`], the keys of federated entities, what the catalog says. Out: a [`SourceDescription`]. *Invariant*: a list
//! that might be cut without a word is left out with a warning, and so is what the catalog names and is not there.

use std::collections::BTreeMap;

use lilong_schema::collection::{ForeignKey, Key};
use lilong_schema::{Collection, Enumeration, SourceDescription};

use super::arguments::{self, Known, matching};
use super::columns::{self, Home};
use super::found::{Found, namespace, rows_of};
use super::order;
use super::route::{Access, Meaning, Route};
use super::schema::{Schema, Type, TypeKind};
use super::settings::Settings;

/// Federated entities: the sets of fields that name one, by type.
pub(super) type Entities = BTreeMap<String, Vec<Vec<String>>>;

/// Describes a service; `wanted` says which collections are served.
pub(super) fn describe(
    schema: &Schema,
    entities: &Entities,
    settings: &Settings,
    wanted: &dyn Fn(&str) -> bool,
) -> SourceDescription {
    let mut describing = Describing { schema, entities, settings, warnings: Vec::new() };
    let Some(root) = schema.root() else {
        describing.warnings.push("the service has no type that queries begin with".to_owned());
        return SourceDescription { warnings: describing.warnings, ..SourceDescription::default() };
    };
    let (lists, ones) = describing.find(root);
    let collections = describing.collections(lists, &ones, wanted);
    let used =
        collections.iter().flat_map(|collection| &collection.fields).filter_map(|field| field.enumeration.as_ref());
    let used: std::collections::BTreeSet<&String> = used.collect();
    let enumerations = used
        .into_iter()
        .filter_map(|name| Some(Enumeration { name: name.clone(), values: schema.types.get(name)?.values.clone() }));
    SourceDescription { enumerations: enumerations.collect(), warnings: describing.warnings, collections }
}

struct Describing<'a> {
    schema: &'a Schema,
    entities: &'a Entities,
    settings: &'a Settings,
    warnings: Vec<String>,
}

impl<'a> Describing<'a> {
    /// The fields that give lists, and those that give one row.
    fn find(&mut self, root: &'a Type) -> (Vec<Found<'a>>, Vec<Found<'a>>) {
        let mut found = Vec::new();
        for field in root.fields.iter().filter(|field| !is_reserved(&field.name)) {
            if field.shape.kind == TypeKind::Union && field.shape.lists > 0 {
                self.warnings.push(format!("{} is left out: its rows are of several types", field.name));
            }
            found.extend(rows_of(self.schema, &[], field));
            if let Some(inner) = namespace(self.schema, field) {
                found.extend(inner.fields.iter().filter_map(|inner| rows_of(self.schema, &[field], inner)));
            }
        }
        let (ones, mut lists): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.access.one);
        if !self.settings.collections.is_empty() {
            let declared = self.settings.collections.iter();
            lists = declared.filter_map(|path| self.declared(root, path)).collect();
        }
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for list in &lists {
            *names.entry(list.name.clone()).or_default() += 1;
        }
        for list in &mut lists {
            if names[&list.name] > 1 {
                list.name = list.access.path[..=list.access.at].join(".");
            }
        }
        (lists, ones)
    }

    /// A list that the catalog names.
    fn declared(&mut self, root: &'a Type, path: &[String]) -> Option<Found<'a>> {
        let schema = self.schema;
        let find = || {
            let mut before = Vec::new();
            let mut of = root;
            let (last, leading) = path.split_last()?;
            for name in leading {
                let field = of.field(name)?;
                of = schema.object(&field.shape)?;
                before.push(field);
            }
            rows_of(schema, &before, of.field(last)?).filter(|found| !found.access.one)
        };
        let found = find();
        if found.is_none() {
            self.warnings.push(format!("`collections` names {}, which is no list of objects", path.join(".")));
        }
        found
    }

    fn collections(
        &mut self,
        lists: Vec<Found<'a>>,
        ones: &[Found<'a>],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Vec<Collection> {
        let mut lists: Vec<Found<'_>> = lists.into_iter().filter(|list| wanted(&list.name)).collect();
        lists.sort_by(|one, other| one.name.cmp(&other.name));
        let keys: Vec<Vec<Key>> = lists.iter().map(|list| self.keys(&list.name, list.of, ones)).collect();
        let mut homes: BTreeMap<&str, Home> = BTreeMap::new();
        // Of several lists of one type the one that asks for least, then the first by name, is where links lead.
        let mut order: Vec<usize> = (0..lists.len()).collect();
        order.sort_by_key(|at| lists[*at].field.arguments.iter().filter(|argument| argument.required).count());
        let listed = order.into_iter().map(|at| (lists[at].name.clone(), lists[at].of, keys[at].clone()));
        let unlisted = self.entities.keys().filter_map(|name| {
            let of = self.schema.types.get(name).filter(|of| lists.iter().all(|list| list.of.name != of.name))?;
            Some((entity_name(name), of, self.keys(&entity_name(name), of, ones)))
        });
        let unlisted: Vec<_> = unlisted.filter(|(name, ..)| wanted(name)).collect();
        for (name, of, keys) in listed.chain(unlisted.clone()) {
            if let Some([key]) = keys.first().map(|key| key.columns.as_slice()) {
                homes.entry(of.name.as_str()).or_insert(Home { collection: name, key: key.clone() });
            }
        }
        let mut collections = Vec::new();
        for (list, keys) in lists.iter().zip(keys) {
            collections.extend(self.collection(list.name.clone(), list.of, keys, &homes, Some(list), ones));
        }
        for (name, of, keys) in unlisted {
            collections.extend(self.collection(name, of, keys, &homes, None, ones));
        }
        self.check_settings(&collections);
        collections.sort_by(|one, other| one.name.cmp(&other.name));
        let mut taken = std::collections::BTreeSet::new();
        collections.retain(|collection| taken.insert(collection.name.clone()));
        collections
    }

    /// The keys of a type's rows: what the catalog says, what entities are named by, `id`, what single rows are found by.
    fn keys(&self, name: &str, of: &Type, ones: &[Found<'_>]) -> Vec<Key> {
        let mut sets: Vec<Vec<String>> = Vec::new();
        let can_be = |column: &String| {
            let field = of.field(column).filter(|field| field.is_plain() && field.is_leaf() && field.shape.lists == 0);
            field.is_some_and(|field| {
                field.shape.required && columns::scalar(&field.shape.name, field.shape.kind).is_key()
            })
        };
        let declared = self.settings.keys.iter().filter(|key| key.name == name);
        sets.extend(declared.map(|key| key.columns.clone()));
        sets.extend(self.entities.get(&of.name).into_iter().flatten().cloned());
        if self.settings.guess {
            sets.push(vec!["id".to_owned()]);
            for one in ones.iter().filter(|one| one.of.name == of.name) {
                let required = one.field.arguments.iter().filter(|argument| argument.required).count();
                let found = matching(self.schema, of, &one.field.arguments, &known(of));
                let found = found.into_iter().filter(|argument| argument.required && is_one(argument));
                let found: Vec<_> = found.collect();
                if !found.is_empty() && found.len() == required {
                    sets.push(found.into_iter().map(|argument| argument.column).collect());
                }
            }
        }
        let declared = self.settings.lookups.iter().filter(|(columns, _)| columns.name == name);
        sets.extend(declared.map(|(columns, _)| columns.columns.clone()));
        let mut keys: Vec<Key> = Vec::new();
        for columns in sets {
            let there = !columns.is_empty() && columns.iter().all(|column| can_be(column) || column.contains('.'));
            if there && keys.iter().all(|key| key.columns != columns) {
                keys.push(Key { columns, primary: keys.is_empty() });
            }
        }
        keys
    }

    fn collection(
        &mut self,
        name: String,
        of: &'a Type,
        mut keys: Vec<Key>,
        homes: &BTreeMap<&str, Home>,
        list: Option<&Found<'a>>,
        ones: &[Found<'a>],
    ) -> Option<Collection> {
        let mut columns = columns::of(self.schema, of, homes);
        for column in self.named_within(&name) {
            columns.add_within(self.schema, of, &column);
        }
        let known: Vec<Known<'_>> = columns
            .fields
            .iter()
            .filter(|field| field.scalar.is_key())
            .map(|field| known_of(&field.name, &field.native))
            .collect();
        let mut route = Route { name: name.clone(), of: of.name.clone(), ..Route::default() };
        if let Some(list) = list {
            match self.list(list, &known) {
                Ok(access) => route.list = Some(access),
                Err(warning) => {
                    self.warnings.push(format!("{name} is left out: {warning}"));
                    return None;
                }
            }
        }
        route.lookups = self.lookups(&name, of, &known, ones);
        let entities = self.entities.get(&of.name).into_iter().flatten();
        route.entities = entities
            .filter(|set| set.iter().all(|column| known.iter().any(|known| known.column == *column)))
            .cloned()
            .collect();
        let is_column = |name: &String| {
            let found = columns.fields.iter().find(|field| field.name == *name);
            found.is_some_and(|field| !name.contains('.') || field.holds_no_null())
        };
        keys.retain(|key| key.columns.iter().all(is_column));
        if !keys.is_empty() && keys.iter().all(|key| !key.primary) {
            keys[0].primary = true;
        }
        let mut collection = Collection {
            name,
            comment: list.and_then(|list| list.field.description.clone()).or_else(|| of.description.clone()),
            fields: columns.fields,
            keys,
            foreign_keys: columns
                .references
                .into_iter()
                .map(|(column, collection, key)| ForeignKey {
                    columns: vec![column],
                    collection,
                    references: vec![key],
                    enforced: false,
                })
                .collect(),
            ..Collection::default()
        };
        route.keep(&mut collection);
        Some(collection)
    }

    /// How a list is asked for; `Err`: why it cannot be.
    fn list(&self, list: &Found<'_>, known: &[Known<'_>]) -> Result<Access, String> {
        let given = &list.field.arguments;
        let page = arguments::paging(given, list.holder)
            .map_err(|cut| format!("how its argument `{cut}` cuts it into pages is not known"))?;
        let mut found = Vec::new();
        for (column, meaning, path) in self.settings.arguments.iter().filter(|(column, ..)| column.name == list.name) {
            found.extend(arguments::declared(self.schema, given, path, (&column.columns[0], *meaning)));
        }
        if self.settings.guess {
            let of_page = page.as_ref().map(arguments::of_page).unwrap_or_default();
            let guessed = matching(self.schema, list.of, given, known);
            let guessed = guessed.into_iter().filter(|argument| !of_page.contains(&argument.path[0].as_str()));
            found.extend(guessed);
        }
        let of_page = page.as_ref().map(arguments::of_page).unwrap_or_default();
        let needed = given.iter().filter(|argument| argument.required && !of_page.contains(&argument.name.as_str()));
        for argument in needed {
            if found.iter().all(|found| found.path[0] != argument.name) {
                return Err(format!("its argument `{}` must be given, and stands for no column", argument.name));
            }
        }
        let sorted = self.settings.sorted.iter().find(|sorted| sorted.name == list.name);
        let sorted = sorted.map(|sorted| sorted.columns.clone()).unwrap_or_default();
        let sorting = self.settings.guess.then(|| order::sorting(self.schema, given, known)).flatten();
        Ok(Access { arguments: found, page, sorted, sorting, ..list.access.clone() })
    }

    /// Columns within objects that the catalog names.
    fn named_within(&self, name: &str) -> Vec<String> {
        let settings = self.settings;
        let named = settings.keys.iter().chain(&settings.sorted);
        let named = named.chain(settings.arguments.iter().map(|(columns, ..)| columns));
        let named = named.chain(settings.lookups.iter().map(|(columns, _)| columns)).filter(|named| named.name == name);
        named.flat_map(|named| &named.columns).filter(|column| column.contains('.')).cloned().collect()
    }

    /// The fields that find one row of a type.
    fn lookups(&mut self, name: &str, of: &Type, known: &[Known<'_>], ones: &[Found<'_>]) -> Vec<Access> {
        let mut lookups = Vec::new();
        for (columns, field) in self.settings.lookups.iter().filter(|(columns, _)| columns.name == name) {
            let found = ones.iter().find(|one| one.access.path.join(".") == field.name && one.of.name == of.name);
            let arguments = found.and_then(|found| {
                let pairs = columns.columns.iter().zip(&field.columns);
                let arguments = pairs.map(|(column, argument)| {
                    let column = (column.as_str(), Meaning::Equal);
                    arguments::declared(self.schema, &found.field.arguments, std::slice::from_ref(argument), column)
                });
                arguments.collect::<Option<Vec<_>>>()
            });
            match (found, arguments) {
                (Some(found), Some(arguments)) => lookups.push(Access { arguments, ..found.access.clone() }),
                _ => {
                    self.warnings.push(format!("`lookups` names {}, which gives no row of {name} by that", field.name));
                }
            }
        }
        if !self.settings.guess {
            return lookups;
        }
        for one in ones.iter().filter(|one| one.of.name == of.name) {
            let arguments = matching(self.schema, of, &one.field.arguments, known);
            let arguments: Vec<_> = arguments.into_iter().filter(is_one).collect();
            let required: Vec<_> = arguments.iter().filter(|argument| argument.required).cloned().collect();
            let needed = one.field.arguments.iter().filter(|argument| argument.required).count();
            if needed == required.len() && needed > 0 {
                lookups.push(Access { arguments: required, ..one.access.clone() });
            } else if needed == 0 {
                // Any of its arguments finds a row by itself.
                lookups.extend(
                    arguments.into_iter().map(|argument| Access { arguments: vec![argument], ..one.access.clone() }),
                );
            }
        }
        lookups
    }

    /// Says which entries of the catalog name what is not there.
    fn check_settings(&mut self, collections: &[Collection]) {
        let settings = self.settings;
        let named = settings.keys.iter().map(|entry| ("keys", entry));
        let named = named.chain(settings.sorted.iter().map(|entry| ("sorted", entry)));
        let named = named.chain(settings.arguments.iter().map(|(entry, ..)| ("arguments", entry)));
        let named = named.chain(settings.lookups.iter().map(|(entry, _)| ("lookups", entry)));
        for (key, entry) in named {
            let collection = collections.iter().find(|collection| collection.name == entry.name);
            let there = collection
                .is_some_and(|collection| entry.columns.iter().all(|column| collection.field_id(column).is_some()));
            let columns = entry.columns.join(", ");
            if !there {
                self.warnings.push(format!("`{key}` names {}({columns}), which is not there", entry.name));
            }
            let is_key = |collection: &Collection| collection.keys.iter().any(|key| key.columns == entry.columns);
            if key == "keys" && there && !collection.is_some_and(is_key) {
                self.warnings.push(format!("{}({columns}) is no key: the service may give null there", entry.name));
            }
        }
        for (entry, _, path) in &settings.arguments {
            let route = collections.iter().find(|collection| collection.name == entry.name).and_then(Route::of);
            let list = route.and_then(|route| route.list);
            if list.is_some_and(|list| list.arguments.iter().all(|argument| argument.path != *path)) {
                self.warnings.push(format!("`arguments` names {}, which {} does not take", path.join("."), entry.name));
            }
        }
    }
}

/// Whether an argument stands for equality with one value.
fn is_one(argument: &super::route::Argument) -> bool {
    argument.meaning == Meaning::Equal && !argument.many
}

/// The scalar fields of a type.
fn known(of: &Type) -> Vec<Known<'_>> {
    let fields = of.fields.iter().filter(|field| field.is_plain() && field.is_leaf() && field.shape.lists == 0);
    fields.map(|field| Known { column: &field.name, of: &field.shape.name }).collect()
}

fn known_of<'a>(column: &'a str, native: &'a str) -> Known<'a> {
    Known { column, of: native.trim_end_matches('!') }
}

/// What a collection of entities is called that only keys find.
fn entity_name(of: &str) -> String {
    let mut characters = of.chars();
    characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect()
}

/// Fields that are there for machines.
fn is_reserved(name: &str) -> bool {
    name.starts_with('_') || matches!(name, "node" | "nodes")
}
