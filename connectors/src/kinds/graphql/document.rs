//! From a fetch to the documents that are sent for it.
//!
//! In: a fetch and the route of its collection. Out: [`Parts`]: which field of the service is asked, by which arguments, and
//! what is selected. *Invariant*: no value of a request stands in a document; what arguments find may be more than is
//! asked for, never less.

use std::fmt::Write;

use arrow_schema::SchemaRef;
use lilong_schema::collection::FieldId;

use super::order::{First, first};
use super::route::{self, Access, Argument, Meaning, Paging, Route};
use crate::json_cells::{Decoder, has_one_form, has_one_order};
use crate::rows::columns_schema;
use crate::tables::needed;
use crate::{Comparison, Fetch, OperandId, Predicate};

/// A fetch as it is asked for.
#[derive(Debug)]
pub(super) struct Parts {
    /// The columns of the fields that are read.
    pub(super) schema: SchemaRef,
    pub(super) decoders: Vec<Decoder>,
    /// Where each stands in a row.
    pub(super) paths: Vec<Vec<String>>,
    pub(super) way: Way,
    /// The type of the rows, and what is selected of them.
    of: String,
    selection: String,
}

/// How rows are asked for.
#[derive(Debug)]
pub(super) enum Way {
    /// One list, page by page.
    List {
        access: Access,
        pushes: Vec<Push>,
        /// Why the first rows of the list are those that are wanted, where only some are.
        first: Option<First>,
    },
    /// One field for each key.
    Each { access: Access, pushes: Vec<Push>, paged: bool },
    /// Entities of Apollo Federation, by the names of the key's fields in the order of the key's columns.
    Entities(Vec<String>),
}

/// A value that goes with an argument.
#[derive(Clone, Debug)]
pub(super) struct Push {
    pub(super) argument: Argument,
    pub(super) from: Origin,
}

/// Where such a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An operand: a value, a list of values, or a column of keys.
    Operand(OperandId),
    /// A column of the keys: all of them for an argument that takes many, else that of one key.
    Key(usize),
}

/// Why a fetch cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("it was not described by this kind: describe the source again")]
    NoRoute,
    #[error("it has no list: its rows are found by key only")]
    NoList,
    #[error("it takes no request without a filter on {0}")]
    NeedsFilter(String),
}

/// The parts of a fetch.
pub(super) fn parts(fetch: &Fetch) -> Result<Parts, Fault> {
    let route = Route::of(&fetch.collection).ok_or(Fault::NoRoute)?;
    let fields = needed(fetch);
    let described = |field: &FieldId| &fetch.collection.fields[*field];
    let selection =
        select(fields.iter().map(|field| (route::path(described(field)), route::selection(described(field)))));
    Ok(Parts {
        schema: columns_schema(&fetch.collection, &fields),
        decoders: fields.iter().map(|field| Decoder::of(described(field))).collect(),
        paths: fields
            .iter()
            .map(|field| route::path(described(field)).into_iter().map(str::to_owned).collect())
            .collect(),
        way: way(&route, fetch)?,
        of: route.of,
        selection,
    })
}

fn way(route: &Route, fetch: &Fetch) -> Result<Way, Fault> {
    let collection = &*fetch.collection;
    if let Some(keys) = fetch.keys.as_ref().filter(|keys| keys.normalize.is_empty()) {
        let columns: Vec<&str> = keys.columns.iter().map(|field| collection.fields[*field].name.as_str()).collect();
        let same =
            |set: &Vec<String>| set.len() == columns.len() && set.iter().all(|name| columns.contains(&name.as_str()));
        if route.entities.iter().any(same) {
            return Ok(Way::Entities(columns.into_iter().map(str::to_owned).collect()));
        }
        let has_one_form = keys.columns.iter().all(|field| has_one_form(collection.fields[*field].scalar));
        let keyed = |access: &Access| {
            if !has_one_form {
                return None;
            }
            let pushes = columns.iter().enumerate().map(|(at, column)| {
                let argument = access.arguments.iter().find(|argument| argument.equals(column) && !argument.many)?;
                Some(Push { argument: argument.clone(), from: Origin::Key(at) })
            });
            pushes.collect::<Option<Vec<_>>>()
        };
        if let (Some(list), [column]) = (&route.list, columns.as_slice())
            && let Some(argument) = list.arguments.iter().find(|argument| argument.equals(column) && argument.many)
            && has_one_form
        {
            let push = Push { argument: argument.clone(), from: Origin::Key(0) };
            if let Ok((pushes, _)) = narrow(list, vec![push], fetch) {
                return Ok(Way::List { access: list.clone(), pushes, first: None });
            }
        }
        for access in &route.lookups {
            if let Some(pushes) = keyed(access).filter(|pushes| pushes.len() == access.arguments.len()) {
                return Ok(Way::Each { access: access.clone(), pushes, paged: false });
            }
        }
        if let Some(list) = &route.list
            && let Some(Ok((pushes, _))) = keyed(list).map(|pushes| narrow(list, pushes, fetch))
        {
            return Ok(Way::Each { access: list.clone(), pushes, paged: list.page.is_some() });
        }
    }
    let list = route.list.as_ref().ok_or(Fault::NoList)?;
    let (pushes, all) = narrow(list, Vec::new(), fetch)?;
    Ok(Way::List { access: list.clone(), pushes, first: first(list, fetch).filter(|_| all) })
}

/// Adds what the fetch's conditions give arguments to go by, and says whether that is each of them.
fn narrow(access: &Access, mut pushes: Vec<Push>, fetch: &Fetch) -> Result<(Vec<Push>, bool), Fault> {
    let mut conditions = Vec::new();
    conjuncts(&fetch.predicate, &mut conditions);
    let (keyed, count) = (pushes.len(), conditions.len());
    for condition in conditions {
        let (field, operand, several, meanings) = match condition {
            Predicate::Compare { field, comparison, operand } => {
                let several = *comparison == Comparison::In;
                let meanings: &[Meaning] = match comparison {
                    Comparison::Equal | Comparison::In => &[Meaning::Equal],
                    Comparison::Less => &[Meaning::Less, Meaning::LessOrEqual],
                    Comparison::LessOrEqual => &[Meaning::LessOrEqual],
                    Comparison::Greater => &[Meaning::Greater, Meaning::GreaterOrEqual],
                    Comparison::GreaterOrEqual => &[Meaning::GreaterOrEqual],
                    _ => continue,
                };
                (*field, *operand, several, meanings)
            }
            Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() && fields.len() == 1 => {
                (fields[0], *operand, true, &[Meaning::Equal][..])
            }
            _ => continue,
        };
        let field = &fetch.collection.fields[field];
        let fitting = |meaning: &Meaning| {
            let mut fitting = access
                .arguments
                .iter()
                .filter(|argument| argument.column == field.name && argument.meaning == *meaning);
            if several {
                fitting.find(|argument| argument.many)
            } else {
                fitting.clone().find(|argument| !argument.many).or_else(|| fitting.next())
            }
        };
        let Some(argument) = meanings.iter().find_map(fitting) else { continue };
        let is_equal = argument.meaning == Meaning::Equal;
        let is_plain = if is_equal { has_one_form(field.scalar) } else { has_one_order(field.scalar) };
        if !(is_plain || argument.required && is_equal) {
            continue;
        }
        let taken = |push: &Push| {
            let (one, other) = (&push.argument.path, &argument.path);
            one.starts_with(other) || other.starts_with(one)
        };
        if !pushes.iter().any(taken) {
            pushes.push(Push { argument: argument.clone(), from: Origin::Operand(operand) });
        }
    }
    let missing = access
        .arguments
        .iter()
        .find(|argument| argument.required && pushes.iter().all(|push| push.argument.path[0] != argument.path[0]));
    match missing {
        Some(missing) => Err(Fault::NeedsFilter(missing.column.clone())),
        None => {
            let all = pushes.len() == keyed + count;
            Ok((pushes, all))
        }
    }
}

/// The conditions that must all hold.
fn conjuncts<'a>(predicate: &'a Predicate, found: &mut Vec<&'a Predicate>) {
    match predicate {
        Predicate::And(parts) => parts.iter().for_each(|part| conjuncts(part, found)),
        predicate => found.push(predicate),
    }
}

/// What is selected of a row: the paths of its values, merged.
fn select<'a>(paths: impl Iterator<Item = (Vec<&'a str>, Option<&'a str>)>) -> String {
    let mut plain: Vec<String> = Vec::new();
    let mut nested: Vec<(&str, Vec<(Vec<&str>, Option<&str>)>)> = Vec::new();
    for (path, selection) in paths {
        let Some((first, rest)) = path.split_first() else { continue };
        if rest.is_empty() {
            plain.push(selection.map_or_else(|| (*first).to_owned(), |selection| format!("{first} {{ {selection} }}")));
            continue;
        }
        match nested.iter_mut().find(|(name, _)| name == first) {
            Some((_, inner)) => inner.push((rest.to_vec(), selection)),
            None => nested.push((first, vec![(rest.to_vec(), selection)])),
        }
    }
    plain.extend(nested.into_iter().map(|(name, inner)| format!("{name} {{ {} }}", select(inner.into_iter()))));
    if plain.is_empty() { "__typename".to_owned() } else { plain.join(" ") }
}

/// What of a page is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageOf {
    pub(super) size: usize,
    pub(super) skip: usize,
    /// Counted from one.
    pub(super) number: usize,
}

impl Parts {
    /// The document of one page of a list, sorted as an argument says; a cursor goes in the variable `after`.
    pub(super) fn list(&self, access: &Access, pushes: &[Push], sorting: Option<&str>, page: PageOf) -> String {
        let mut heads = Vec::new();
        let mut given = arguments(pushes, "", &mut heads);
        given.extend(sorting.map(str::to_owned));
        match &access.page {
            Some(Paging::Cursor { size, after, .. }) => {
                given.extend(size.iter().map(|size| format!("{size}: {}", page.size)));
                given.push(format!("{}: $after", after.0));
                heads.push(format!("$after: {}", after.1));
            }
            Some(Paging::Offset { size, skip }) => {
                given.push(format!("{size}: {}", page.size));
                given.push(format!("{skip}: {}", page.skip));
            }
            Some(Paging::Number { page: number, size }) => {
                given.push(format!("{number}: {}", page.number));
                given.extend(size.iter().map(|size| format!("{size}: {}", page.size)));
            }
            Some(Paging::Size { size }) => given.push(format!("{size}: {}", page.size)),
            None => {}
        }
        format!("query{} {{ {} }}", head(&heads), field(access, None, &given, &self.selection))
    }

    /// The document that asks one field for each of some keys, under the names `k0`, `k1` ….
    pub(super) fn each(&self, access: &Access, pushes: &[Push], keys: usize) -> String {
        let mut heads = Vec::new();
        let mut text = String::new();
        for key in 0..keys {
            let given = arguments(pushes, &key.to_string(), &mut heads);
            let one = Access { path: access.path[access.at..].to_vec(), at: 0, ..access.clone() };
            let _ = write!(text, " {}", field(&one, Some(&format!("k{key}")), &given, "...Row"));
        }
        let (open, close): (Vec<_>, Vec<_>) =
            access.path[..access.at].iter().map(|name| (format!("{name} {{ "), " }")).unzip();
        format!(
            "query{} {{ {}{}{} }} fragment Row on {} {{ {} }}",
            head(&heads),
            open.concat(),
            text.trim_start(),
            close.concat(),
            self.of,
            self.selection
        )
    }

    /// The document that asks for entities.
    pub(super) fn entities(&self) -> String {
        let (of, selection) = (&self.of, &self.selection);
        format!("query($keys: [_Any!]!) {{ _entities(representations: $keys) {{ ... on {of} {{ {selection} }} }} }}")
    }

    /// The type of the rows.
    pub(super) fn of(&self) -> &str {
        &self.of
    }

    /// What is sent first, for people.
    pub(super) fn text(&self, page_rows: usize) -> String {
        let page = PageOf { size: page_rows, skip: 0, number: 1 };
        match &self.way {
            Way::List { access, pushes, first } => {
                self.list(access, pushes, first.as_ref().and_then(First::argument), page)
            }
            Way::Each { access, pushes, paged: true } => self.list(access, pushes, None, page) + " # for each key",
            Way::Each { access, pushes, paged: false } => self.each(access, pushes, 1) + " # one field for each key",
            Way::Entities(columns) => format!("{} # by {}", self.entities(), columns.join(", ")),
        }
    }
}

fn head(heads: &[String]) -> String {
    if heads.is_empty() { String::new() } else { format!("({})", heads.join(", ")) }
}

/// The arguments that values go with, one variable for each.
fn arguments(pushes: &[Push], suffix: &str, heads: &mut Vec<String>) -> Vec<String> {
    let mut given: Vec<String> = Vec::new();
    for push in pushes {
        let name = &push.argument.path[0];
        let argument = format!("{name}: ${name}{suffix}");
        if !given.contains(&argument) {
            heads.push(format!("${name}{suffix}: {}", push.argument.of));
            given.push(argument);
        }
    }
    given
}

/// A field with its arguments and all that stands in it.
fn field(access: &Access, alias: Option<&str>, given: &[String], selection: &str) -> String {
    let mut text = String::new();
    let last = access.path.len().saturating_sub(1);
    for (at, name) in access.path.iter().enumerate() {
        if at == access.at {
            let _ = write!(text, "{}{name}", alias.map(|alias| format!("{alias}: ")).unwrap_or_default());
            if !given.is_empty() {
                let _ = write!(text, "({})", given.join(", "));
            }
        } else {
            text.push_str(name);
        }
        text.push_str(" { ");
        if let (true, Some(Paging::Cursor { next, more, .. })) = (at == access.at && at < last, &access.page) {
            let paths = [Some(next), more.as_ref()].into_iter().flatten();
            let paths = paths.map(|path| (path.iter().map(String::as_str).collect::<Vec<_>>(), None));
            let _ = write!(text, "{} ", select(paths));
        }
    }
    for name in &access.item {
        let _ = write!(text, "{name} {{ ");
    }
    text.push_str(selection);
    text.push_str(&" }".repeat(access.path.len() + access.item.len()));
    text
}

impl Parts {
    /// Whether numbers of a column of the keys are sent as text.
    pub(super) fn takes_text(&self, column: usize) -> bool {
        match &self.way {
            Way::List { pushes, .. } | Way::Each { pushes, .. } => {
                pushes.iter().any(|push| push.from == Origin::Key(column) && push.argument.text)
            }
            Way::Entities(_) => false,
        }
    }
}
