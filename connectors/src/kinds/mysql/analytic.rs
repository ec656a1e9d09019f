//! What a database for analysis says it has: `information_schema` alone, with its own types and models of tables.
//!
//! In: a session and the catalog's overrides. Out: a description. *Invariant*: a key is one only in a model of table that keeps
//! it unique; types that the standard does not have are left out with a warning.

use std::collections::BTreeMap;

use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Field, Key, Scalar, SourceDescription};
use sqlx::mysql::MySqlConnection;

use super::describe::{Line, cell, lines, text};
use super::storage::{self, BYTES};
use crate::describing::one_digit;

const TABLES: &str = "SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT FROM information_schema.tables \
    WHERE TABLE_SCHEMA = DATABASE()";
/// The last says of every column of a key of which model the table is: `PRI` and `UNI` keep one row of each key.
const COLUMNS: &str = "SELECT TABLE_NAME, COLUMN_NAME, IS_NULLABLE, COLUMN_TYPE, COLUMN_COMMENT, COLUMN_KEY \
    FROM information_schema.columns WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";

/// Describes a whole database.
pub(super) async fn describe(
    connection: &mut MySqlConnection,
    settings: &SourceSettings,
) -> sqlx::Result<SourceDescription> {
    let tables = lines(connection, TABLES).await?;
    let columns = lines(connection, COLUMNS).await?;
    Ok(assemble(&tables, &columns, settings))
}

fn assemble(tables: &[Line], columns: &[Line], settings: &SourceSettings) -> SourceDescription {
    let mut description = SourceDescription::default();
    for table in tables {
        let name = text(table, 0);
        let kind = text(table, 1);
        if !settings.serves(&name) || !matches!(kind.as_str(), "BASE TABLE" | "VIEW") {
            continue;
        }
        let view = kind == "VIEW";
        let own: Vec<&Line> = columns.iter().filter(|line| cell(line, 0) == Some(name.as_str())).collect();
        let mut collection = Collection {
            view,
            comment: cell(table, 3).filter(|comment| !comment.is_empty() && !view).map(str::to_owned),
            rows: cell(table, 2).and_then(|rows| rows.parse().ok()).filter(|rows| *rows > 0).map(one_digit),
            name,
            ..Collection::default()
        };
        for line in &own {
            match field(line) {
                Some(field) => collection.fields.push(field),
                None => description.warnings.push(format!(
                    "{}.{} is left out: {} is not served of this family",
                    collection.name,
                    text(line, 1),
                    storage::word(&text(line, 3))
                )),
            }
        }
        if collection.fields.is_empty() {
            let what = if view { "view" } else { "table" };
            let warning = format!("{what} {} is left out: no column of it can be served", collection.name);
            description.warnings.push(warning);
            continue;
        }
        if !view {
            add_key(&mut collection, &own);
        }
        description.collections.push(collection);
    }
    description.collections.sort_by(|one, other| one.name.cmp(&other.name));
    for entry in &settings.types {
        let name = format!("{}.{}", entry.collection, entry.column);
        description.warnings.push(format!("the type given for {name} has no effect in this family"));
    }
    description
}

/// The key of the table, where its model keeps it unique.
fn add_key(collection: &mut Collection, lines: &[&Line]) {
    for (mark, primary) in [("PRI", true), ("UNI", false)] {
        let marked = lines.iter().filter(|line| cell(line, 5).is_some_and(|key| key.eq_ignore_ascii_case(mark)));
        let columns: Vec<String> = marked.map(|line| text(line, 1)).collect();
        // Part of a key tells no rows apart.
        if columns.is_empty() || !columns.iter().all(|column| collection.field_id(column).is_some()) {
            continue;
        }
        collection.indexes = (1..=columns.len()).map(|length| columns[..length].to_vec()).collect();
        collection.keys.push(Key { columns, primary });
        return;
    }
}

/// What a column is here; `None`: it is not served.
fn field(line: &Line) -> Option<Field> {
    let declared = text(line, 3).to_ascii_lowercase();
    let digits = storage::numbers(&declared);
    let mut scale = None;
    let (scalar, native) = match (storage::word(&declared).as_str(), digits.as_slice()) {
        ("boolean" | "bool", _) | ("tinyint", [1]) => (Scalar::Boolean, "tinyint(1)".to_owned()),
        ("tinyint" | "smallint" | "int" | "integer", _) => (Scalar::Int, "int".to_owned()),
        ("bigint", _) if !declared.contains("unsigned") => (Scalar::BigInt, "bigint".to_owned()),
        ("float", _) => (Scalar::Float, "float".to_owned()),
        ("double", _) => (Scalar::Float, "double".to_owned()),
        ("decimal" | "decimalv2" | "decimalv3" | "decimal32" | "decimal64" | "decimal128", [precision, places])
            if *precision <= 38 && places <= precision =>
        {
            scale = u32::try_from(*places).ok();
            (Scalar::Decimal, format!("decimal({precision},{places})"))
        }
        ("date" | "datev2", _) => (Scalar::Date, "date".to_owned()),
        ("datetime" | "datetimev2", _) => (Scalar::LocalDateTime, "datetime".to_owned()),
        ("char" | "varchar", [length]) => (Scalar::String, format!("varchar({length})")),
        ("char" | "varchar" | "string" | "text" | "tinytext" | "mediumtext" | "longtext", _) => {
            (Scalar::String, "text".to_owned())
        }
        ("json" | "jsonb", _) => (Scalar::Json, "json".to_owned()),
        // Large integers, sketches, bitmaps, nested and variant types, addresses, bytes, and what is not known yet.
        _ => return None,
    };
    let required = cell(line, 2) == Some("NO");
    let mut details = BTreeMap::new();
    if scalar == Scalar::String {
        details.insert(storage::COLLATION.to_owned(), BYTES.to_owned());
    }
    if required {
        details.insert(REQUIRED.to_owned(), "true".to_owned());
    }
    let is_always_valid = !matches!(scalar, Scalar::Date | Scalar::LocalDateTime | Scalar::Boolean | Scalar::Json);
    Some(Field {
        name: text(line, 1),
        scalar,
        nullable: !required || !is_always_valid,
        native,
        comment: cell(line, 4).filter(|comment| !comment.is_empty()).map(str::to_owned),
        scale,
        enumeration: None,
        details,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> Line {
        cells.iter().map(|cell| Some((*cell).to_owned())).collect()
    }

    #[test]
    fn a_type_is_served_as_its_scalar_or_left_out() {
        for (declared, expected) in [
            ("boolean", Some((Scalar::Boolean, "tinyint(1)"))),
            ("tinyint(1)", Some((Scalar::Boolean, "tinyint(1)"))),
            ("tinyint(4)", Some((Scalar::Int, "int"))),
            ("int(11)", Some((Scalar::Int, "int"))),
            ("bigint(20)", Some((Scalar::BigInt, "bigint"))),
            ("bigint(20) unsigned", None),
            ("largeint", None),
            ("decimalv3(10, 2)", Some((Scalar::Decimal, "decimal(10,2)"))),
            ("decimal(76,2)", None),
            ("decimal", None),
            ("datev2", Some((Scalar::Date, "date"))),
            ("datetimev2(6)", Some((Scalar::LocalDateTime, "datetime"))),
            ("VARCHAR(20)", Some((Scalar::String, "varchar(20)"))),
            ("string", Some((Scalar::String, "text"))),
            ("json", Some((Scalar::Json, "json"))),
            ("array<int(11)>", None),
            ("bitmap", None),
            ("hll", None),
            ("variant", None),
        ] {
            let found = field(&line(&["t", "c", "YES", declared, "", ""]));
            let found = found.as_ref().map(|field| (field.scalar, field.native.as_str()));
            assert_eq!(found, expected, "{declared}");
        }
    }

    #[test]
    fn only_a_model_that_keeps_keys_unique_has_one() {
        for (mark, keys) in [("PRI", vec![true]), ("UNI", vec![false]), ("DUP", vec![]), ("AGG", vec![]), ("", vec![])]
        {
            let tables = [line(&["t", "BASE TABLE", "12", ""])];
            let columns = [
                line(&["t", "a", "NO", "int", "", mark]),
                line(&["t", "b", "NO", "date", "", mark]),
                line(&["t", "c", "YES", "int", "", ""]),
            ];
            let description = assemble(&tables, &columns, &SourceSettings::default());
            let found = &description.collections[0];
            assert_eq!(found.keys.iter().map(|key| key.primary).collect::<Vec<_>>(), keys, "{mark}");
            assert!(found.keys.iter().all(|key| key.columns == ["a", "b"]), "{mark}");
            assert_eq!(found.rows, Some(10));
        }
    }

    #[test]
    fn a_key_of_a_column_that_is_not_served_is_none() {
        let columns = [line(&["t", "a", "NO", "largeint", "", "PRI"]), line(&["t", "b", "NO", "int", "", "PRI"])];
        let description = assemble(&[line(&["t", "BASE TABLE", "0", ""])], &columns, &SourceSettings::default());
        let found = &description.collections[0];
        assert_eq!((found.keys.len(), found.rows), (0, None));
        assert_eq!(description.warnings, ["t.a is left out: largeint is not served of this family"]);
    }
}
