//! What the arguments of a field mean: a comparison with a column, or the page that is asked for.
//!
//! In: the arguments of a field and the columns of the type it gives. Out: [`Argument`]s and [`Paging`]. *Invariant*: an
//! argument is taken for a column's only if both have one type; one that cuts lists in a way that is not known is refused.

use super::columns;
use super::route::{Argument, Meaning, Paging};
use super::schema::{self, Schema, Shape, Type, TypeKind};
use crate::json_cells::has_one_order;

/// A column, as far as arguments matter: its name, and its type in the service.
pub(super) struct Known<'a> {
    pub(super) column: &'a str,
    pub(super) of: &'a str,
}

/// Arguments that hold conditions.
const CONDITIONS: [&str; 3] = ["where", "filter", "condition"];
/// Input fields for equality, and for equality with one of many.
const EQUAL: [&str; 5] = ["_eq", "eq", "equalTo", "equals", "is"];
const ONE_OF: [&str; 3] = ["_in", "in", "oneOf"];
/// Input fields for what is beyond a value.
const BEYOND: [(Meaning, [&str; 4]); 4] = [
    (Meaning::Less, ["_lt", "lt", "lessThan", "isLessThan"]),
    (Meaning::LessOrEqual, ["_lte", "lte", "lessThanOrEqualTo", "lessThanOrEqual"]),
    (Meaning::Greater, ["_gt", "gt", "greaterThan", "isGreaterThan"]),
    (Meaning::GreaterOrEqual, ["_gte", "gte", "greaterThanOrEqualTo", "greaterThanOrEqual"]),
];
/// Arguments for the number of rows.
const SIZES: [&str; 9] = ["first", "limit", "take", "pageSize", "page_size", "perPage", "per_page", "size", "top"];
const SKIPS: [&str; 2] = ["offset", "skip"];
/// Arguments that cut a list, by their beginnings in lower case.
const CUTS: [&str; 9] =
    ["after", "before", "cursor", "page", "nexttoken", "continuation", "starting", "ending", "offset"];

/// The arguments that stand for a comparison with a column.
pub(super) fn matching(
    schema: &Schema,
    of: &Type,
    arguments: &[schema::Argument],
    columns: &[Known<'_>],
) -> Vec<Argument> {
    let mut found = Vec::new();
    for argument in arguments {
        let input = schema.types.get(&argument.shape.name).filter(|input| input.kind == TypeKind::InputObject);
        match input {
            None => found.extend(columns.iter().find_map(|known| plain(of, argument, known))),
            Some(input) if argument.shape.lists == 0 && CONDITIONS.contains(&argument.name.as_str()) => {
                found.extend(columns.iter().flat_map(|known| conditions(schema, argument, input, known)));
            }
            Some(_) => {}
        }
    }
    found
}

/// An argument by itself, if it is named after the column.
fn plain(of: &Type, argument: &schema::Argument, known: &Known<'_>) -> Option<Argument> {
    if argument.shape.name != known.of || argument.shape.lists > 1 {
        return None;
    }
    let (given, column) = (folded(&argument.name), folded(known.column));
    let many = argument.shape.lists == 1;
    let one = given == column || given == folded(&of.name) + &column;
    let several = given == format!("{column}s") || given == format!("{column}in");
    let named = if many { one || several } else { one };
    named.then(|| Argument { path: vec![argument.name.clone()], ..filled(argument, &argument.shape, known, many) })
}

/// The input field that stands for a column in an input object, which may be within other fields, and the path to it.
pub(super) fn inner<'a>(
    schema: &'a Schema,
    input: &'a Type,
    column: &str,
) -> Option<(&'a schema::Argument, Vec<String>)> {
    let (mut of, mut found, mut path) = (Some(input), None, Vec::new());
    for name in column.split('.') {
        let inner = of?.inputs.iter().find(|inner| inner.name == name)?;
        path.push(name.to_owned());
        of = schema.types.get(&inner.shape.name);
        found = Some(inner);
    }
    Some((found?, path))
}

/// The ways in which an input object tells how a column compares.
fn conditions(schema: &Schema, argument: &schema::Argument, input: &Type, known: &Known<'_>) -> Vec<Argument> {
    let Some((inner, within)) = inner(schema, input, known.column) else { return Vec::new() };
    let path = |more: &[&str]| {
        let more = more.iter().map(|part| (*part).to_owned());
        std::iter::once(argument.name.clone()).chain(within.iter().cloned()).chain(more).collect()
    };
    if inner.shape.name == known.of {
        let many = inner.shape.lists == 1;
        let plain = (inner.shape.lists < 2)
            .then(|| Argument { path: path(&[]), ..filled(argument, &inner.shape, known, many) });
        return plain.into_iter().collect();
    }
    let Some(operators) = schema.types.get(&inner.shape.name).filter(|of| of.kind == TypeKind::InputObject) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let ordered = has_one_order(columns::scalar(known.of, TypeKind::Scalar));
    let beyond = BEYOND.iter().filter(|_| ordered).map(|(meaning, names)| (&names[..], false, *meaning));
    let equal = [(&EQUAL[..], false, Meaning::Equal), (&ONE_OF[..], true, Meaning::Equal)];
    for (names, many, meaning) in equal.into_iter().chain(beyond) {
        let operator = operators.inputs.iter().find(|operator| {
            let shape = &operator.shape;
            names.contains(&operator.name.as_str()) && shape.name == known.of && shape.lists == usize::from(many)
        });
        if let Some(operator) = operator {
            let filled = filled(argument, &operator.shape, known, many);
            found.push(Argument { path: path(&[&operator.name]), meaning, ..filled });
        }
    }
    found
}

/// An argument without its path.
fn filled(argument: &schema::Argument, value: &Shape, known: &Known<'_>, many: bool) -> Argument {
    Argument {
        path: Vec::new(),
        of: argument.shape.text.clone(),
        column: known.column.to_owned(),
        meaning: Meaning::Equal,
        many,
        text: is_text(&value.name),
        required: argument.required,
    }
}

/// The argument that the catalog names for a column; `None`: there is none.
pub(super) fn declared(
    schema: &Schema,
    arguments: &[schema::Argument],
    path: &[String],
    (column, meaning): (&str, Meaning),
) -> Option<Argument> {
    let (first, rest) = path.split_first()?;
    let argument = arguments.iter().find(|argument| argument.name == *first)?;
    let mut shape = &argument.shape;
    for name in rest {
        shape = &schema.types.get(&shape.name)?.inputs.iter().find(|input| input.name == *name)?.shape;
    }
    if shape.lists > usize::from(meaning == Meaning::Equal) || matches!(shape.kind, TypeKind::InputObject) {
        return None;
    }
    Some(Argument {
        path: path.to_vec(),
        of: argument.shape.text.clone(),
        column: column.to_owned(),
        meaning,
        many: shape.lists == 1,
        text: is_text(&shape.name),
        required: argument.required,
    })
}

/// Whether a scalar is sent as text, numbers too.
fn is_text(name: &str) -> bool {
    matches!(name, "ID" | "String") || name.contains("Decimal")
}

/// A name without regard to case, underscores and points.
pub(super) fn folded(name: &str) -> String {
    name.chars()
        .filter(|character| !['_', '.'].contains(character))
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// How a list is read to its end. `holder` is the object that the list stands in, `None`: it is given as it is. `Err`: the
/// argument that cuts it in a way that is not known.
pub(super) fn paging(arguments: &[schema::Argument], holder: Option<&Type>) -> Result<Option<Paging>, String> {
    let whole = |names: &[&str]| {
        let found = names.iter().find_map(|name| arguments.iter().find(|argument| argument.name == *name));
        found.filter(|argument| argument.shape.lists == 0 && argument.shape.kind == TypeKind::Scalar)
    };
    let size = whole(&SIZES).map(|argument| argument.name.clone());
    let tells = |name: &str| holder.and_then(|holder| holder.field(name)).is_some();
    if let Some(after) = whole(&["after"])
        && tells("pageInfo")
    {
        return Ok(Some(Paging::Cursor {
            size,
            after: (after.name.clone(), after.shape.text.clone()),
            next: ["pageInfo", "endCursor"].map(str::to_owned).to_vec(),
            more: Some(["pageInfo", "hasNextPage"].map(str::to_owned).to_vec()),
        }));
    }
    for name in ["nextToken", "nextCursor", "cursor"] {
        if let Some(after) = whole(&[name])
            && tells(name)
        {
            let after = (after.name.clone(), after.shape.text.clone());
            return Ok(Some(Paging::Cursor { size, after, next: vec![name.to_owned()], more: None }));
        }
    }
    if let (Some(size), Some(skip)) = (&size, whole(&SKIPS)) {
        return Ok(Some(Paging::Offset { size: size.clone(), skip: skip.name.clone() }));
    }
    if let Some(page) = whole(&["page", "pageNumber"]).filter(|page| page.shape.name == "Int") {
        return Ok(Some(Paging::Number { page: page.name.clone(), size: size.filter(|size| *size != page.name) }));
    }
    let cut = arguments.iter().find(|argument| {
        let name = folded(&argument.name);
        CUTS.iter().any(|cut| name.starts_with(cut))
            && argument.shape.lists == 0
            && !matches!(argument.shape.kind, TypeKind::InputObject)
    });
    match (cut, size) {
        (Some(cut), _) => Err(cut.name.clone()),
        (None, Some(size)) => Ok(Some(Paging::Size { size })),
        (None, None) => Ok(None),
    }
}

/// The arguments that ask for a page.
pub(super) fn of_page(page: &Paging) -> Vec<&str> {
    match page {
        Paging::Cursor { size, after, .. } => size.as_deref().into_iter().chain([after.0.as_str()]).collect(),
        Paging::Offset { size, skip } => vec![size, skip],
        Paging::Number { page, size } => size.as_deref().into_iter().chain([page.as_str()]).collect(),
        Paging::Size { size } => vec![size],
    }
}
