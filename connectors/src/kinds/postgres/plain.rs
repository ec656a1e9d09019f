//! What a database of a plain family says it has, by the system tables that `PostgreSQL` had in 2012.
//!
//! In: a connection, names of schemas, a family. Out: the same answers as [`super::catalog`] gives, and what its fields become.
//! *Invariant*: the questions hold to plain joins; what a type is beyond the standard's own is served as its text, or left out
//! with a warning.

use std::collections::HashMap;

use lilong_schema::{Scalar, SourceDescription};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::catalog::{Answers, Column, Index, Labels, Reference, Relation, of_served, rows};
use super::family::Family;
use super::form::{COLLATION, FORM, Form, LOOSE, TYPE};

/// What is served of a schema; parts of a table are not.
const SERVED: &str = "n.nspname::text = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS w ON w.oid = h.inhparent \
     WHERE h.inhrelid = c.oid AND w.relkind = 'p') AND has_schema_privilege(n.oid, 'USAGE')";

fn relations() -> String {
    format!(
        "SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class')::text, \
         c.reltuples::float8, has_table_privilege(c.oid, 'SELECT'), \
         c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'INSERT'), \
         c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid) \
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {SERVED}"
    )
}

fn columns(family: &Family) -> String {
    format!(
        "SELECT a.attrelid::int8, a.attname::text, format_type(a.atttypid, a.atttypmod)::text, a.attnotnull, \
         t.typname::text, t.typtype::text, t.typcategory::text, tn.nspname::text, a.atttypmod::int8, \
         col_description(a.attrelid, a.attnum)::text, \
         CASE WHEN co.collname::text <> 'default' THEN quote_ident(cn.nspname::text) || '.' || quote_ident(co.collname::text) END, \
         a.attnum::int8, {} FROM pg_catalog.pg_attribute AS a {} \
         JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid \
         JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation \
         LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace \
         WHERE {SERVED} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        family.hidden,
        of_served("a.attrelid")
    )
}

fn indexes(family: &Family) -> String {
    format!(
        "SELECT i.indrelid::int8, i.indisprimary, i.indisunique, \
         coalesce(am.amname::text IN ('btree', 'ubtree', 'hash', 'prefix'), FALSE), i.indkey::text, \
         coalesce(i.indnkeyatts, i.indnatts)::int8 FROM pg_catalog.pg_index AS i {} \
         JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid LEFT JOIN pg_catalog.pg_am AS am ON am.oid = x.relam \
         WHERE {SERVED} AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND {} ORDER BY i.indrelid, i.indexrelid",
        of_served("i.indrelid"),
        family.usable
    )
}

fn references() -> String {
    format!(
        "SELECT k.conrelid::int8, k.confrelid::int8, tn.nspname::text, t.relname::text, k.conkey::text, k.confkey::text, k.convalidated \
         FROM pg_catalog.pg_constraint AS k {} \
         JOIN pg_catalog.pg_class AS t ON t.oid = k.confrelid JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace \
         WHERE {SERVED} AND k.contype = 'f' ORDER BY k.conrelid, k.oid",
        of_served("k.conrelid")
    )
}

const LABELS: &str = "SELECT n.nspname::text, t.typname::text, e.enumlabel::text FROM pg_catalog.pg_enum AS e \
     JOIN pg_catalog.pg_type AS t ON t.oid = e.enumtypid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace \
     WHERE array_length($1::text[], 1) > 0 ORDER BY t.oid, e.enumsortorder";

const SCHEMAS: &str = "SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n WHERE n.nspname::text = ANY($1) \
     AND has_schema_privilege(n.oid, 'USAGE')";

/// A row's column and its number in the table; hidden ones are nobody's.
type Numbered = (Column, i64, bool);

/// Asks everything of some schemas.
pub(super) async fn ask(
    connection: &mut PgConnection,
    schemas: &[String],
    family: &Family,
) -> Result<Answers, sqlx::Error> {
    let relations = rows(connection, &relations(), schemas, Relation::read).await?;
    let columns = rows(connection, &columns(family), schemas, |row| column(row, family)).await?;
    let mut names: HashMap<(i64, i64), String> = HashMap::new();
    for (column, number, _) in &columns {
        names.insert((column.table, *number), column.name.clone());
    }
    let named = |table: i64, numbers: &str| -> Vec<Option<String>> {
        numbers_of(numbers).into_iter().map(|number| names.get(&(table, number)).cloned()).collect()
    };
    let indexes = rows(connection, &indexes(family), schemas, |row| {
        let table = row.try_get(0)?;
        let mut columns = named(table, &row.try_get::<String, _>(4)?);
        columns.truncate(usize::try_from(row.try_get::<i64, _>(5)?).unwrap_or(usize::MAX));
        Ok(Index {
            table,
            primary: row.try_get(1)?,
            unique: row.try_get(2)?,
            equality: row.try_get(3)?,
            own_collation: vec![true; columns.len()],
            columns,
            expression: None,
            collation: None,
            one_by_one: false,
        })
    })
    .await?;
    let references = rows(connection, &references(), schemas, |row| {
        let (table, target): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        // A column that is not known is no column: the key is left out with a warning.
        let known = |names: Vec<Option<String>>| names.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Reference {
            table,
            schema: row.try_get(2)?,
            target: row.try_get(3)?,
            columns: known(named(table, &row.try_get::<String, _>(4)?)),
            references: known(named(target, &row.try_get::<String, _>(5)?)),
            enforced: row.try_get(6)?,
        })
    })
    .await?;
    let mut enums: Vec<Labels> = vec![];
    let labels = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    for (schema, name, label) in rows(connection, LABELS, schemas, labels).await? {
        match enums.last_mut().filter(|last| last.schema == schema && last.name == name) {
            Some(last) => last.values.push(label),
            None => enums.push(Labels { schema, name, values: vec![label] }),
        }
    }
    let schemas = rows(connection, SCHEMAS, schemas, |row| row.try_get(0)).await?;
    let columns = columns.into_iter().filter(|(_, _, hidden)| !hidden).map(|(column, ..)| column).collect();
    Ok(Answers { relations, columns, indexes, references, enums, schemas })
}

fn column(row: &PgRow, family: &Family) -> Result<Numbered, sqlx::Error> {
    let modifier = i32::try_from(row.try_get::<i64, _>(8)?).unwrap_or(-1);
    let column = Column::read(row, modifier, family.loose, true)?;
    Ok((column, row.try_get(11)?, row.try_get(12)?))
}

/// The numbers of `{1,2}` or of `1 2`.
fn numbers_of(text: &str) -> Vec<i64> {
    text.split(|char: char| !char.is_ascii_digit() && char != '-').filter_map(|part| part.parse().ok()).collect()
}

/// What the fields of a description are where nothing but the standard's own types is relied on.
pub(super) fn adapt(description: &mut SourceDescription, family: &Family) {
    let warnings = &mut description.warnings;
    for collection in &mut description.collections {
        let table = collection.name.clone();
        collection.fields.retain(|field| {
            let serves = Form::of(field) != Form::Document;
            if !serves {
                warnings
                    .push(format!("{table}.{} is left out: {} is not served of this family", field.name, field.native));
            }
            serves
        });
        for field in &mut collection.fields {
            let form = match Form::of(field) {
                Form::Padded if !family.pads => Form::Native,
                // One text with a collation is of another type than another.
                Form::Native if !family.collates && field.details.contains_key(COLLATION) => Form::Opaque,
                Form::Native if field.scalar == Scalar::Json => Form::Opaque,
                Form::Enum | Form::Folded | Form::Printed | Form::Address => Form::Opaque,
                form => form,
            };
            match form.word() {
                Some(word) => field.details.insert(FORM.to_owned(), word.to_owned()),
                None => field.details.remove(FORM),
            };
            if form == Form::Opaque {
                field.details.remove(TYPE);
            }
            if form == Form::Opaque || !family.collates {
                field.details.remove(COLLATION);
            }
            if family.loose && field.scalar == Scalar::Enum {
                field.details.insert(LOOSE.to_owned(), "true".to_owned());
            }
        }
        // A key or an index of what is left out is none.
        let names: Vec<String> = collection.fields.iter().map(|field| field.name.clone()).collect();
        collection.keys.retain(|key| key.columns.iter().all(|column| names.contains(column)));
        collection.indexes.retain(|columns| columns.iter().all(|column| names.contains(column)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_of_arrays_and_vectors() {
        assert_eq!(numbers_of("{1,12}"), [1, 12]);
        assert_eq!(numbers_of("3 0 -2"), [3, 0, -2]);
        assert_eq!(numbers_of(""), Vec::<i64>::new());
    }
}
