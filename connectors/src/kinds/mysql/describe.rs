//! What a database says it has, in a handful of queries whatever the number of tables.
//!
//! In: a session and the catalog's overrides. Out: a description. *Invariant*: structure only, no stored value; what
//! cannot be served is left out with a warning, never silently.

use std::collections::{BTreeMap, BTreeSet};

use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Enumeration, Field, ForeignKey, Key, Scalar, SourceDescription};
use sqlx::Row;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use super::family::Family;
use super::session::Server;
use super::storage;
use super::{analytic, expression, native};
use crate::describing;

const TABLES: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(TABLE_TYPE AS CHAR), CAST(TABLE_ROWS AS CHAR), \
    CAST(TABLE_COMMENT AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
const COLUMNS: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(COLUMN_NAME AS CHAR), CAST(IS_NULLABLE AS CHAR), \
    CAST(COLUMN_TYPE AS CHAR), CAST(CHARACTER_SET_NAME AS CHAR), CAST(COLLATION_NAME AS CHAR), \
    CAST(COLUMN_COMMENT AS CHAR), CAST(GENERATION_EXPRESSION AS CHAR) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
    ORDER BY TABLE_NAME, ORDINAL_POSITION";
/// The last column says whether the index is hidden from the optimizer.
const INDEXES: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(INDEX_NAME AS CHAR), CAST(NON_UNIQUE AS CHAR), \
    CAST(COLUMN_NAME AS CHAR), CAST(SUB_PART AS CHAR), CAST(INDEX_TYPE AS CHAR) \
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";
/// Whether the server has indexes over expressions.
const HAS_EXPRESSIONS: &str = "SELECT CAST(COLUMN_NAME AS CHAR) FROM information_schema.COLUMNS \
    WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'STATISTICS' AND COLUMN_NAME = 'EXPRESSION'";
const EXPRESSIONS: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(EXPRESSION AS CHAR) \
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1 AND EXPRESSION IS NOT NULL \
    AND INDEX_TYPE = 'BTREE' ORDER BY TABLE_NAME, INDEX_NAME";
const FOREIGN_KEYS: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(CONSTRAINT_NAME AS CHAR), \
    CAST(COLUMN_NAME AS CHAR), CAST(REFERENCED_TABLE_NAME AS CHAR), CAST(REFERENCED_COLUMN_NAME AS CHAR), \
    CAST(REFERENCED_TABLE_SCHEMA = DATABASE() AS CHAR) FROM information_schema.KEY_COLUMN_USAGE \
    WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL \
    ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";
/// MariaDB's JSON is a text with a check.
const CHECKS: &str = "SELECT CAST(TABLE_NAME AS CHAR), CAST(CONSTRAINT_NAME AS CHAR), CAST(CHECK_CLAUSE AS CHAR) \
    FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()";

/// A line of the server's catalog; each cell as text.
pub(super) type Line = Vec<Option<String>>;

/// Describes a whole database.
pub(super) async fn describe(
    connection: &mut MySqlConnection,
    server: Server,
    settings: &SourceSettings,
    family: &Family,
) -> sqlx::Result<SourceDescription> {
    if family.analytic {
        let mut description = analytic::describe(connection, settings).await?;
        description.warnings.extend(family.warning());
        return Ok(description);
    }
    let tables = lines(connection, TABLES).await?;
    let columns = by_table(lines(connection, COLUMNS).await?);
    let indexes = by_table(lines(connection, INDEXES).await?);
    let expressions = match lines(connection, HAS_EXPRESSIONS).await?.len() {
        0 => BTreeMap::new(),
        _ => by_table(lines(connection, EXPRESSIONS).await?),
    };
    let foreign_keys = by_table(lines(connection, FOREIGN_KEYS).await?);
    let checks = match server {
        Server::MariaDb => lines(connection, CHECKS).await?,
        Server::MySql => vec![],
    };
    let grants = lines(connection, "SHOW GRANTS").await?;
    let json = checks.iter().filter_map(json_check).collect();
    let found = Found { settings, columns, indexes, expressions, foreign_keys, json };
    let mut description = SourceDescription::default();
    if may_write(&grants) {
        let warning = "the login may write; one that may only read is wanted";
        description.warnings.push(warning.to_owned());
    }
    let mut names = BTreeSet::new();
    for table in &tables {
        let name = text(table, 0);
        if !settings.serves(&name) {
            continue;
        }
        // Sequences are tables of one row of counters.
        if !matches!(text(table, 1).as_str(), "BASE TABLE" | "VIEW" | "SYSTEM VERSIONED") {
            continue;
        }
        names.insert(name);
    }
    for table in tables.iter().filter(|table| names.contains(&text(table, 0))) {
        found.collection(table, &names, &mut description);
    }
    description.collections.sort_by(|one, other| one.name.cmp(&other.name));
    description.warnings.extend(family.warning());
    // What there is has its type already.
    describing::give_types(&mut description, settings, |_, _| None);
    Ok(description)
}

pub(super) async fn lines(connection: &mut MySqlConnection, text: &'static str) -> sqlx::Result<Vec<Line>> {
    // All cells are texts, which need no preparing.
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    rows.iter().map(line).collect()
}

fn line(row: &MySqlRow) -> sqlx::Result<Line> {
    (0..row.len()).map(|at| row.try_get_unchecked(at)).collect()
}

fn by_table(lines: Vec<Line>) -> BTreeMap<String, Vec<Line>> {
    let mut tables: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in lines {
        tables.entry(text(&line, 0)).or_default().push(line);
    }
    tables
}

pub(super) fn cell(line: &Line, at: usize) -> Option<&str> {
    line.get(at)?.as_deref()
}

pub(super) fn text(line: &Line, at: usize) -> String {
    cell(line, at).unwrap_or_default().to_owned()
}

/// The table and column that a check of a JSON column is for.
fn json_check(line: &Line) -> Option<(String, String)> {
    let clause = cell(line, 2)?.trim();
    let column = clause.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
    Some((text(line, 0), column.replace("``", "`")))
}

/// Whether grants allow more than to read.
fn may_write(grants: &[Line]) -> bool {
    grants.iter().filter_map(|line| cell(line, 0)).any(|grant| {
        let rights = grant.strip_prefix("GRANT ").unwrap_or(grant);
        let rights = rights.split(" ON ").next().unwrap_or(rights);
        rights.split(',').map(str::trim).any(|right| {
            ["ALL", "INSERT", "UPDATE", "DELETE", "DROP", "CREATE", "ALTER"]
                .iter()
                .any(|word| right == *word || right.starts_with(&format!("{word} ")))
        })
    })
}

/// What the server's catalog says.
struct Found<'a> {
    settings: &'a SourceSettings,
    columns: BTreeMap<String, Vec<Line>>,
    indexes: BTreeMap<String, Vec<Line>>,
    expressions: BTreeMap<String, Vec<Line>>,
    foreign_keys: BTreeMap<String, Vec<Line>>,
    json: BTreeSet<(String, String)>,
}

/// An index: its columns, `None` for an expression or a part of a column.
struct Index {
    name: String,
    unique: bool,
    kind: String,
    columns: Vec<Option<String>>,
}

impl Found<'_> {
    fn collection(&self, table: &Line, names: &BTreeSet<String>, description: &mut SourceDescription) {
        let name = text(table, 0);
        let view = text(table, 1) == "VIEW";
        let comment = cell(table, 3).filter(|comment| !comment.is_empty());
        let mut collection = Collection {
            name: name.clone(),
            view,
            // A view's own says that it is one, or why it cannot be read.
            comment: comment.filter(|_| !view).map(str::to_owned),
            ..Collection::default()
        };
        for line in self.columns.get(&name).into_iter().flatten() {
            self.field(&mut collection, line, description);
        }
        if collection.fields.is_empty() {
            let why = match comment.filter(|comment| view && *comment != "VIEW") {
                Some(_) => "it names what is gone, or what the login may not read",
                None => "no column of it can be served",
            };
            let what = if view { "view" } else { "table" };
            description.warnings.push(format!("{what} {name} is left out: {why}"));
            return;
        }
        if !view {
            collection.rows = cell(table, 2).and_then(|rows| rows.parse().ok()).map(describing::one_digit);
            self.keys(&mut collection);
            self.expressions(&mut collection);
            self.foreign_keys(&mut collection, names, description);
        }
        description.collections.push(collection);
    }

    fn field(&self, collection: &mut Collection, line: &Line, description: &mut SourceDescription) {
        let (name, declared) = (text(line, 1), text(line, 3));
        let full = format!("{}.{name}", collection.name);
        let is_json = self.json.contains(&(collection.name.clone(), name.clone()));
        let Some(mut scalar) = native::scalar(&declared, is_json) else {
            description.warnings.push(format!("{full} is left out: {} is not served", storage::word(&declared)));
            return;
        };
        if let Some(given) = describing::given(self.settings, &collection.name, &name) {
            if (scalar, given.scalar) == (Scalar::Unsigned, Scalar::BigInt) {
                // It is one already.
            } else if native::can_be(&declared, scalar, given.scalar) {
                scalar = given.scalar;
            } else {
                let why = format!("{} cannot be read as {}", storage::word(&declared), given.scalar.name());
                description.warnings.push(describing::without_effect(given, &why));
            }
        }
        let mut enumeration = None;
        if scalar == Scalar::Enum {
            let values = storage::values(&declared);
            if native::are_names(&values) {
                enumeration = Some(full.clone());
                description.enumerations.push(Enumeration { name: full, values });
            } else {
                scalar = Scalar::String;
            }
        }
        let required = cell(line, 2) == Some("NO");
        let mut details = BTreeMap::new();
        let mut keep = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                details.insert(key.to_owned(), value.to_owned());
            }
        };
        keep(storage::CHARSET, cell(line, 4));
        keep(storage::COLLATION, cell(line, 5));
        keep(REQUIRED, required.then_some("true"));
        let scale = (scalar == Scalar::Decimal)
            .then(|| storage::numbers(&declared).get(1).copied().unwrap_or(0))
            .and_then(|scale| u32::try_from(scale).ok());
        collection.fields.push(Field {
            name,
            scalar,
            // Zero dates, and numbers that are no Boolean, are there and cannot be represented.
            nullable: !required || !native::is_always_valid(&declared, scalar),
            native: declared,
            comment: cell(line, 6).filter(|comment| !comment.is_empty()).map(str::to_owned),
            scale,
            enumeration,
            details,
        });
    }

    /// Keys and indexes: the primary key first, then unique ones by name.
    fn keys(&self, collection: &mut Collection) {
        let mut indexes: Vec<Index> = vec![];
        for line in self.indexes.get(&collection.name).into_iter().flatten() {
            let name = text(line, 1);
            if indexes.last().is_none_or(|index| index.name != name) {
                indexes.push(Index { name, unique: cell(line, 2) == Some("0"), kind: text(line, 5), columns: vec![] });
            }
            if let Some(index) = indexes.last_mut() {
                index.columns.push(cell(line, 3).filter(|_| cell(line, 4).is_none()).map(str::to_owned));
            }
        }
        indexes.sort_by_key(|index| index.name != "PRIMARY");
        for index in &indexes {
            let served: Vec<String> = index
                .columns
                .iter()
                .map_while(|column| column.clone().filter(|column| collection.field_id(column).is_some()))
                .collect();
            let whole = served.len() == index.columns.len();
            let is_new = !collection.keys.iter().any(|key| key.columns == served);
            if index.unique && whole && is_new {
                collection.keys.push(Key { columns: served.clone(), primary: index.name == "PRIMARY" });
            }
            let lengths = match index.kind.as_str() {
                "BTREE" => 1..=served.len(),
                "HASH" if whole => served.len()..=served.len(),
                _ => continue,
            };
            for length in lengths {
                let leading = served[..length].to_vec();
                if !collection.indexes.contains(&leading) {
                    collection.indexes.push(leading);
                }
            }
        }
    }

    /// Indexes over expressions, and over columns that are made of one.
    fn expressions(&self, collection: &mut Collection) {
        let mut found = vec![];
        for line in self.columns.get(&collection.name).into_iter().flatten() {
            let made_of = cell(line, 7).filter(|text| !text.is_empty());
            found.extend(made_of.and_then(|made_of| expression::of_column(&text(line, 1), made_of, collection)));
        }
        for line in self.expressions.get(&collection.name).into_iter().flatten() {
            found.extend(cell(line, 1).and_then(|text| expression::of_index(text, collection)));
        }
        collection.expressions = found;
    }

    fn foreign_keys(&self, collection: &mut Collection, names: &BTreeSet<String>, description: &mut SourceDescription) {
        let mut found: Vec<(String, ForeignKey)> = vec![];
        for line in self.foreign_keys.get(&collection.name).into_iter().flatten() {
            let (constraint, target) = (text(line, 1), text(line, 3));
            if cell(line, 5) != Some("1") {
                let warning = format!(
                    "the foreign key {constraint} of {} leads to another database: it is left out",
                    collection.name
                );
                if !description.warnings.contains(&warning) {
                    description.warnings.push(warning);
                }
                continue;
            }
            if found.last().is_none_or(|(last, _)| *last != constraint) {
                // Where a server's names are the same in any case, keys may be written in another.
                let real = names.get(&target).or_else(|| names.iter().find(|name| name.eq_ignore_ascii_case(&target)));
                let collection = real.unwrap_or(&target).clone();
                // A session can write without being held to it, and nothing tells.
                let key = ForeignKey { columns: vec![], collection, references: vec![], enforced: false };
                found.push((constraint, key));
            }
            if let Some((_, key)) = found.last_mut() {
                let own = text(line, 2);
                let field = collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(&own));
                key.columns.push(field.map_or(own, |field| field.name.clone()));
                key.references.push(text(line, 4));
            }
        }
        collection.foreign_keys = found.into_iter().map(|(_, key)| key).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_may_write_is_told_from_one_that_may_not() {
        let may = |grant: &str| may_write(&[vec![Some(grant.to_owned())]]);
        assert!(may("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"));
        assert!(may("GRANT SELECT, INSERT ON `city`.* TO `app`@`%`"));
        assert!(may("GRANT CREATE TEMPORARY TABLES, SELECT ON `city`.* TO `app`@`%`"));
        assert!(!may("GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*'"));
        assert!(!may("GRANT SELECT, SHOW VIEW ON `insert`.* TO `reader`@`%`"));
    }

    #[test]
    fn a_check_of_json_names_its_column() {
        let line = |clause: &str| ["t", "c", clause].map(|cell| Some(cell.to_owned())).to_vec();
        assert_eq!(json_check(&line("json_valid(`a``b`)")), Some(("t".to_owned(), "a`b".to_owned())));
        assert_eq!(json_check(&line("json_valid(`a`) and `a` <> ''")), None);
        assert_eq!(json_check(&line("`n` > 0")), None);
    }
}
