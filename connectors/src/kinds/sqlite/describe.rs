//! What a database file says it has, and what its columns really hold.
//!
//! In: a connection and the catalog's overrides. Out: a description. *Invariant*: structure only, no stored value; what
//! cannot be served is left out with a warning, never silently.

use std::time::{Duration, Instant};

use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Field, ForeignKey, Scalar, SourceDescription};
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::dialect::quote;
use super::fault;
use super::indexes::{self, text_of};
use super::pool::Control;
use super::scan::{self, Candidate};
use super::storage::{self, declared_affinity};
use crate::describing;

/// How long looking at one collection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A table, view or virtual table as SQLite lists it.
struct Listed {
    name: String,
    kind: String,
    without_row_id: bool,
    strict: bool,
}

/// A column as SQLite lists it.
struct Listing {
    name: String,
    declared: String,
    required: bool,
    key: i64,
}

/// Describes a whole file. The error is one that makes the file as a whole unreadable.
pub(super) fn describe(
    connection: &Connection,
    settings: &SourceSettings,
    control: &Control,
) -> rusqlite::Result<SourceDescription> {
    let mut description = SourceDescription::default();
    for listed in list(connection, &mut description.warnings)? {
        control.extend(Instant::now() + PATIENCE);
        match collection(connection, settings, &listed, control, &mut description.warnings) {
            Ok(collection) => description.collections.push(collection),
            Err(error) if fault::spoils_connection(&error) || control.is_cancelled() => return Err(error),
            // What the catalog leaves out anyway is not worth a warning.
            Err(_) if !settings.serves(&listed.name) => {}
            Err(error) => {
                let what = listed.kind.as_str();
                description.warnings.push(format!(
                    "{what} {} is left out: {}; mend it or `exclude` it",
                    listed.name,
                    reason(&error)
                ));
            }
        }
    }
    // What there is has its type already.
    describing::give_types(&mut description, settings, |_, _| None);
    Ok(description)
}

/// What SQLite says, without the statement.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn list(connection: &Connection, warnings: &mut Vec<String>) -> rusqlite::Result<Vec<Listed>> {
    // What a virtual table keeps its data in is a table like any other; `exclude` is there for who does not want it.
    let text = "SELECT name, replace(type, 'shadow', 'table'), wr, strict FROM pragma_table_list \
                WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(text)?;
    let mut rows = statement.raw_query();
    let mut listed = vec![];
    while let Some(row) = rows.next()? {
        let kind: String = row.get(1)?;
        match text_of(row, 0)? {
            Some(name) => listed.push(Listed { name, kind, without_row_id: row.get(2)?, strict: row.get(3)? }),
            None => warnings.push(format!("a {kind} is left out: its name is not UTF-8")),
        }
    }
    Ok(listed)
}

fn collection(
    connection: &Connection,
    settings: &SourceSettings,
    listed: &Listed,
    control: &Control,
    warnings: &mut Vec<String>,
) -> rusqlite::Result<Collection> {
    // Says whether it can be read at all: a view may name what is gone.
    connection.prepare(&format!("SELECT * FROM {} LIMIT 0", quote(&listed.name)))?;
    let listings = columns(connection, listed, warnings)?;
    let indexes = indexes::read(connection, &listed.name)?;
    let view = listed.kind == "view";
    let mut primary: Vec<&Listing> = listings.iter().filter(|listing| listing.key > 0).collect();
    primary.sort_by_key(|listing| listing.key);
    let primary: Vec<String> = primary.into_iter().map(|listing| listing.name.clone()).collect();
    let is_row_id = listed.kind == "table"
        && !listed.without_row_id
        && primary.len() == 1
        && !indexes.iter().any(|index| index.origin == "pk");

    let mut candidates: Vec<Candidate> = vec![];
    let mut affinities = vec![];
    for listing in &listings {
        let given = describing::given(settings, &listed.name, &listing.name).map(|entry| entry.scalar);
        let affinity = declared_affinity(&listing.declared, listed.strict);
        candidates.push(Candidate::new(&listing.name, &listing.declared, affinity, given));
        affinities.push(affinity);
    }
    let counted = match scan::scan(connection, &listed.name, &mut candidates) {
        Ok(counted) => Some(counted),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) && !control.is_cancelled() => {
            warnings.push(format!(
                "{} {} takes more than {} s to read: its columns are typed by what was read until then",
                listed.kind,
                listed.name,
                PATIENCE.as_secs()
            ));
            control.extend(Instant::now() + PATIENCE);
            None
        }
        Err(error) => return Err(error),
    };

    let mut collection = Collection { name: listed.name.clone(), view, ..Collection::default() };
    for ((listing, candidate), affinity) in listings.iter().zip(&candidates).zip(affinities) {
        let finding = candidate.finding(&listing.declared);
        let mut details = finding.details;
        if !view {
            details.insert(storage::AFFINITY.to_owned(), affinity.to_owned());
        }
        if listing.required || (is_row_id || listed.without_row_id) && listing.key > 0 {
            details.insert(REQUIRED.to_owned(), "true".to_owned());
        }
        if let Some(name) = collation(connection, listed, listing, finding.scalar)? {
            if name != "?" && !["NOCASE", "RTRIM"].iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                warnings.push(format!(
                    "{}.{} has the collation {name}, which only its own program knows: it is ordered by code point",
                    listed.name, listing.name
                ));
            }
            details.insert(storage::COLLATION.to_owned(), name);
        }
        collection.fields.push(Field {
            name: listing.name.clone(),
            scalar: finding.scalar,
            native: listing.declared.clone(),
            nullable: true,
            comment: None,
            scale: finding.scale,
            enumeration: None,
            details,
        });
    }
    collection.row_id = !view && has_row_id(connection, listed, &mut collection.clone());
    indexes::add(&mut collection, primary, is_row_id, &indexes);
    collection.foreign_keys = foreign_keys(connection, &collection, &listed.name)?;
    collection.rows = rows(connection, &collection, counted)?;
    Ok(collection)
}

fn columns(connection: &Connection, listed: &Listed, warnings: &mut Vec<String>) -> rusqlite::Result<Vec<Listing>> {
    // Hidden columns of virtual tables are parameters and ranks, not data; generated ones are data.
    let text = "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([&listed.name])?;
    let mut columns = vec![];
    while let Some(row) = rows.next()? {
        match text_of(row, 0)? {
            Some(name) => columns.push(Listing {
                name,
                declared: text_of(row, 1)?.unwrap_or_default(),
                required: row.get(2)?,
                key: row.get(3)?,
            }),
            None => warnings.push(format!("a column of {} is left out: its name is not UTF-8", listed.name)),
        }
    }
    Ok(columns)
}

/// The collation of a column where it is not `BINARY` and matters.
fn collation(
    connection: &Connection,
    listed: &Listed,
    listing: &Listing,
    scalar: Scalar,
) -> rusqlite::Result<Option<String>> {
    use Scalar::{BigInt, Boolean, Bytes, Decimal, Float, Int};
    if matches!(scalar, Int | BigInt | Float | Decimal | Boolean | Bytes) {
        return Ok(None);
    }
    if listed.kind == "view" {
        return Ok(Some("?".to_owned()));
    }
    if listed.kind != "table" {
        return Ok(None);
    }
    let (_, name, ..) = connection.column_metadata(Some("main"), listed.name.as_str(), listing.name.as_str())?;
    Ok(name.map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.eq_ignore_ascii_case("BINARY")))
}

fn has_row_id(connection: &Connection, listed: &Listed, collection: &mut Collection) -> bool {
    collection.row_id = !listed.without_row_id;
    let Some(name) = storage::row_id_name(collection) else {
        return false;
    };
    // Virtual tables may have none.
    listed.kind == "table"
        || connection.prepare(&format!("SELECT t.{name} FROM {} AS t LIMIT 0", quote(&listed.name))).is_ok()
}

fn foreign_keys(connection: &Connection, collection: &Collection, table: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    // The list is newest first.
    let text = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([table])?;
    let mut found: Vec<(i64, ForeignKey)> = vec![];
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let (Some(target), Some(from)) = (text_of(row, 1)?, text_of(row, 2)?) else {
            continue;
        };
        if found.last().is_none_or(|(last, _)| *last != id) {
            let collection = real_table(connection, target)?;
            // Each program that writes decides whether it wants to be held to it.
            let key = ForeignKey { columns: vec![], collection, references: vec![], enforced: false };
            found.push((id, key));
        }
        let Some((_, key)) = found.last_mut() else {
            continue;
        };
        // SQLite's names are the same in any case; a description's are not.
        let own = collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(&from));
        key.columns.push(own.map_or(from, |field| field.name.clone()));
        if let Some(to) = text_of(row, 3)? {
            let to = real_column(connection, &key.collection, to)?;
            key.references.push(to);
        }
    }
    Ok(found.into_iter().map(|(_, key)| key).collect())
}

fn real_table(connection: &Connection, name: String) -> rusqlite::Result<String> {
    let text = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
    let found: Option<String> = connection.prepare_cached(text)?.query_row([&name], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(name))
}

fn real_column(connection: &Connection, table: &str, name: String) -> rusqlite::Result<String> {
    let text = "SELECT name FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE";
    let found = connection.prepare_cached(text)?.query_row([table, &name], |row| row.get(0)).optional();
    // A view that is broken has no columns; the key is reported as it stands.
    Ok(found.ok().flatten().unwrap_or(name))
}

/// How many rows: counted if there are few, else what SQLite's statistics or the last row number say.
fn rows(connection: &Connection, collection: &Collection, counted: Option<u64>) -> rusqlite::Result<Option<u64>> {
    match counted {
        Some(counted) if counted < scan::ROWS => return Ok(Some(describing::one_digit(counted))),
        None => return Ok(None),
        Some(_) => {}
    }
    if connection.table_exists(Some("main"), "sqlite_stat1")? {
        let text = "SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?1 COLLATE NOCASE";
        let known: Option<i64> = connection.query_row(text, [&collection.name], |row| row.get(0))?;
        if let Some(known) = known.and_then(|known| u64::try_from(known).ok()).filter(|known| *known >= scan::ROWS) {
            return Ok(Some(describing::one_digit(known)));
        }
    }
    let Some(row_id) = storage::row_id_name(collection) else {
        return Ok(Some(scan::ROWS));
    };
    let text = format!("SELECT max(t.{row_id}) FROM {} AS t", quote(&collection.name));
    let last: Option<i64> = connection.query_row(&text, [], |row| row.get(0))?;
    let last = last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0).max(scan::ROWS);
    Ok(Some(describing::one_digit(last)))
}
