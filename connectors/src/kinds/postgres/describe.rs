//! What a database says it has.
//!
//! In: a connection and the catalog's overrides. Out: a description. *Invariant*: structure only, no stored value; what
//! cannot be served is left out with a warning, never silently; only `tsvector` has none, it is an index and no data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lilong_schema::catalog::{SourceSettings, TypeOverride};
use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Enumeration, ExpressionIndex, Field, ForeignKey, Key, Scalar, SourceDescription};
use sqlx::postgres::PgConnection;

use super::catalog::{self, Answers, Column, Index, Relation};
use super::expression::quote;
use super::family::Family;
use super::form::{COLLATION, FORM, Form, LOOSE, TYPE};
use super::plain;
use crate::describing;
use crate::sql::indexed;

/// Describes some schemas of a database.
pub(super) async fn describe(
    connection: &mut PgConnection,
    settings: &SourceSettings,
    schemas: &[String],
    family: &Family,
) -> Result<SourceDescription, sqlx::Error> {
    let mut answers = if family.plain {
        plain::ask(connection, schemas, family).await?
    } else {
        catalog::ask(connection, schemas).await?
    };
    if family.hypertables {
        let known = catalog::hypertables(connection, schemas).await?;
        for relation in answers.relations.iter_mut().filter(|relation| known.contains(&relation.number)) {
            relation.inherited = false;
        }
    }
    for relation in answers.relations.iter_mut().filter(|_| !family.counts) {
        relation.rows = relation.rows.filter(|rows| *rows > 0.0);
    }
    let mut description = assemble(answers, settings, schemas);
    if family.plain {
        plain::adapt(&mut description, family);
    }
    describing::give_types(&mut description, settings, override_type);
    description.warnings.extend(family.warning());
    Ok(description)
}

/// `<schema>.<name>`, and the bare name in the first schema.
fn name_of(schemas: &[String], schema: &str, name: &str) -> String {
    if schemas.first().is_some_and(|first| first == schema) { name.to_owned() } else { format!("{schema}.{name}") }
}

fn assemble(answers: Answers, settings: &SourceSettings, schemas: &[String]) -> SourceDescription {
    let mut description = SourceDescription::default();
    let warnings = &mut description.warnings;
    for schema in schemas {
        if !answers.schemas.contains(schema) {
            warnings.push(format!("there is no schema {schema}, or the login may not use it"));
        }
    }
    let mut positions: HashMap<i64, usize> = HashMap::new();
    let mut tables: Vec<(Relation, Collection)> = vec![];
    let mut unreadable = 0;
    for relation in answers.relations {
        let name = name_of(schemas, &relation.schema, &relation.name);
        if !settings.serves(&name) {
            continue;
        }
        if !relation.readable {
            unreadable += 1;
            warnings.push(format!("{name} is left out: the login may not read it"));
            continue;
        }
        let in_first = schemas.first() == Some(&relation.schema);
        let mut others = schemas.iter().skip(1);
        if in_first && others.any(|schema| relation.name.starts_with(&format!("{schema}."))) {
            warnings.push(format!("{name} is left out: its name reads as one of another schema"));
            continue;
        }
        positions.insert(relation.number, tables.len());
        let collection = Collection {
            name,
            view: matches!(relation.kind.as_str(), "v" | "m"),
            comment: relation.comment.clone(),
            rows: relation.rows.filter(|rows| *rows >= 0.0).map(|rows| describing::one_digit(rows as u64)),
            ..Collection::default()
        };
        tables.push((relation, collection));
    }
    if tables.is_empty() && unreadable == 0 {
        warnings.push(format!("there is no table in {}", schemas.join(", ")));
    }
    if tables.iter().any(|(relation, _)| relation.writable) {
        warnings.push("the login may write; one that may only read is wanted".to_owned());
    }
    let mut used_enums = BTreeSet::new();
    for column in answers.columns {
        let Some((relation, collection)) = positions.get(&column.table).map(|at| &mut tables[*at]) else {
            continue;
        };
        if !column.readable {
            let table = &collection.name;
            warnings.push(format!("{table}.{} is left out: the login may not read it", column.name));
            continue;
        }
        if let Some(field) = field(&column, relation, schemas, &collection.name, warnings) {
            if field.scalar == Scalar::Enum {
                used_enums.insert((column.type_schema.clone(), column.type_name.clone()));
            }
            collection.fields.push(field);
        }
    }
    for index in answers.indexes {
        if let Some((relation, collection)) = positions.get(&index.table).map(|at| &mut tables[*at]) {
            add_index(collection, &index, relation.inherited);
        }
    }
    for reference in answers.references {
        if let Some((relation, collection)) = positions.get(&reference.table).map(|at| &mut tables[*at]) {
            collection.foreign_keys.push(ForeignKey {
                columns: reference.columns,
                collection: name_of(schemas, &reference.schema, &reference.target),
                references: reference.references,
                // Rows of tables that inherit from it are not held to its keys.
                enforced: reference.enforced && !relation.inherited,
            });
        }
    }
    description.collections = tables.into_iter().map(|(_, collection)| collection).collect();
    description.collections.sort_by(|one, other| one.name.cmp(&other.name));
    description.enumerations = answers
        .enums
        .into_iter()
        .filter(|found| used_enums.contains(&(found.schema.clone(), found.name.clone())))
        .map(|found| Enumeration { name: name_of(schemas, &found.schema, &found.name), values: found.values })
        .collect();
    description.enumerations.sort_by(|one, other| one.name.cmp(&other.name));
    description
}

/// What a column is here; `None`: it is not served.
fn field(
    column: &Column,
    relation: &Relation,
    schemas: &[String],
    table: &str,
    warnings: &mut Vec<String>,
) -> Option<Field> {
    let (scalar, form) = match column.type_type.as_str() {
        "e" => (Scalar::Enum, Form::Enum),
        "c" => (Scalar::Json, Form::Document),
        "p" => {
            warnings.push(format!("{table}.{} is left out: it has no type of its own", column.name));
            return None;
        }
        "r" | "m" => (Scalar::String, Form::Printed),
        _ if column.category == "A" => (Scalar::Json, Form::Document),
        _ if column.type_schema == "pg_catalog" => match column.type_name.as_str() {
            "tsvector" => return None,
            "int2" | "int4" => (Scalar::Int, Form::Native),
            "int8" => (Scalar::BigInt, Form::Native),
            "numeric" => (Scalar::Decimal, Form::Native),
            "float4" => (Scalar::Float, Form::Real),
            "float8" => (Scalar::Float, Form::Native),
            "bool" => (Scalar::Boolean, Form::Native),
            "text" | "varchar" => (Scalar::String, Form::Native),
            "bpchar" => (Scalar::String, Form::Padded),
            "date" => (Scalar::Date, Form::Native),
            "time" => (Scalar::Time, Form::Native),
            "timestamp" => (Scalar::LocalDateTime, Form::Native),
            "timestamptz" => (Scalar::DateTime, Form::Native),
            "uuid" => (Scalar::Uuid, Form::Native),
            "json" | "jsonb" => (Scalar::Json, Form::Native),
            "bytea" => (Scalar::Bytes, Form::Native),
            "inet" => (Scalar::String, Form::Address),
            "interval" | "timetz" | "money" | "cidr" | "macaddr" | "macaddr8" | "bit" | "varbit" | "name" | "char"
            | "oid" | "pg_lsn" => (Scalar::String, Form::Printed),
            _ => (Scalar::String, Form::Opaque),
        },
        _ => match column.type_name.as_str() {
            "citext" => (Scalar::String, Form::Folded),
            "hstore" => (Scalar::Json, Form::Document),
            _ => (Scalar::String, Form::Opaque),
        },
    };
    let mut details = BTreeMap::new();
    if let Some(word) = form.word() {
        details.insert(FORM.to_owned(), word.to_owned());
    }
    if matches!(form, Form::Enum | Form::Folded | Form::Printed | Form::Address) {
        let name = format!("{}.{}", quote(&column.type_schema), quote(&column.type_name));
        details.insert(TYPE.to_owned(), name);
    }
    if scalar == Scalar::String {
        if let Some(collation) = &column.collation {
            details.insert(COLLATION.to_owned(), collation.clone());
        }
        if column.loose {
            details.insert(LOOSE.to_owned(), "true".to_owned());
        }
    }
    // What the server behind a foreign table does is not known.
    let required = column.required && relation.kind != "f";
    if required {
        details.insert(REQUIRED.to_owned(), "true".to_owned());
    }
    Some(Field {
        name: column.name.clone(),
        scalar,
        native: column.native.clone(),
        nullable: !required,
        comment: column.comment.clone(),
        scale: (scalar == Scalar::Decimal).then(|| scale(column.modifier)).flatten(),
        enumeration: (scalar == Scalar::Enum).then(|| name_of(schemas, &column.type_schema, &column.type_name)),
        details,
    })
}

/// The declared scale of a numeric; a negative one prints no digits.
fn scale(modifier: i32) -> Option<u32> {
    if modifier < 4 {
        return None;
    }
    let bits = (modifier - 4) & 0x7ff;
    let scale = (bits ^ 1_024) - 1_024;
    Some(u32::try_from(scale).unwrap_or(0))
}

fn add_index(collection: &mut Collection, index: &Index, inherited: bool) {
    let names: BTreeSet<String> = collection.fields.iter().map(|field| field.name.clone()).collect();
    let served = |name: &String| names.contains(name);
    if index.equality {
        let names: Vec<String> = index
            .columns
            .iter()
            .zip(&index.own_collation)
            .map_while(|(name, own)| name.clone().filter(|name| *own && served(name)))
            .collect();
        for length in 1..=names.len() {
            let names = names[..length].to_vec();
            if !collection.indexes.contains(&names) {
                collection.indexes.push(names);
            }
        }
        collection.expressions.extend(expression(collection, index));
    }
    let columns: Option<Vec<String>> = index.columns.iter().map(|name| name.clone().filter(served)).collect();
    let Some(columns) = columns.filter(|_| (index.unique || index.primary) && !inherited) else {
        return;
    };
    if index.primary {
        // A unique index of the same columns may be older.
        collection.keys.retain(|key| key.columns != columns);
        collection.keys.insert(0, Key { columns, primary: true });
    } else if !columns.is_empty() && !collection.keys.iter().any(|key| key.columns == columns) {
        collection.keys.push(Key { columns, primary: false });
    }
}

/// The expression that an index begins with, if it normalises a text column.
fn expression(collection: &Collection, index: &Index) -> Option<ExpressionIndex> {
    let found = indexed::of_expression(index.expression.as_deref()?, collection, quote)?;
    let field = collection.fields.iter().find(|field| field.name == found.column)?;
    let is_text = field.scalar == Scalar::String && matches!(Form::of(field), Form::Native | Form::Padded);
    let own_collation = field.details.get(COLLATION) == index.collation.as_ref();
    (is_text && own_collation && (index.one_by_one || !found.changes_letters())).then_some(found)
}

/// Types that the catalog gives: text that holds JSON, and anything as the text that the server prints.
fn override_type(field: &mut Field, entry: &TypeOverride) -> Option<String> {
    match (field.scalar, entry.scalar) {
        (one, other) if one == other => {}
        (Scalar::String, Scalar::Json) => field.scalar = Scalar::Json,
        (one, Scalar::String) if one.is_ordered() => {
            field.scalar = Scalar::String;
            field.enumeration = None;
            field.scale = None;
            field.details.insert(FORM.to_owned(), "opaque".to_owned());
        }
        (_, other) => return Some(format!("{} is not read as {}", field.native, other.name())),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_a_numeric_is_in_its_modifier() {
        // (10, 2), (3, 0), none, (3, -2)
        for (modifier, expected) in [
            (((10 << 16) | 2) + 4, Some(2)),
            ((3 << 16) + 4, Some(0)),
            (-1, None),
            (((3 << 16) | (-2 & 0x7ff)) + 4, Some(0)),
        ] {
            assert_eq!(scale(modifier), expected, "{modifier}");
        }
    }
}
