//! The departments: each has a database of its own, with its own habits of naming and of writing keys.
//!
//! In: a [`Town`]. Out: one `SQLite` file a department. *Invariant*: a file depends on the town alone, to the byte.

mod business;
mod community;
mod health;
mod learning;
mod living;
mod registry;
mod voices;
mod welfare;

use std::path::Path;

use rusqlite::{Connection, Statement};

use super::town::Town;

/// One department.
pub(super) struct Department {
    /// Its name in the catalog and, with `.sqlite`, its file's.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What is peculiar to its database; stands in its catalog file.
    pub(super) habits: &'static str,
    /// What its `[[source]]` block has beside name, file and title.
    pub(super) settings: &'static str,
    /// Tables, views and indexes.
    schema: &'static str,
    fill: fn(&Connection, &Town) -> rusqlite::Result<()>,
}

/// All departments, in the order in which they are made.
pub(super) static DEPARTMENTS: [&Department; 25] = [
    &registry::CIVIL,
    &health::HEALTH,
    &voices::HOTLINE,
    &voices::GRID,
    &welfare::ELDERLY_CARE,
    &registry::POPULATION,
    &registry::PUBLIC_SECURITY,
    &health::MEDICAL_INSURANCE,
    &health::MATERNAL_HEALTH,
    &welfare::SOCIAL_SECURITY,
    &welfare::VETERANS,
    &welfare::DISABLED_PERSONS,
    &living::HOUSING,
    &living::UTILITIES,
    &living::TRANSPORT,
    &living::ENVIRONMENT,
    &learning::EDUCATION,
    &learning::EMPLOYMENT,
    &business::MARKET_SUPERVISION,
    &business::TAXATION,
    &business::FIRE_SAFETY,
    &business::URBAN_MANAGEMENT,
    &community::COMMUNITY_CENTRES,
    &community::VOLUNTEERS,
    &voices::LETTERS_VISITS,
];

impl Department {
    /// Makes its database, or a street's copy of it, as a new file.
    pub(super) fn write(&self, file: &Path, town: &Town) -> rusqlite::Result<()> {
        let silo = Connection::open(file)?;
        // A file that is not finished is thrown away, so nothing has to survive a crash. Real departments' references
        // dangle here and there, and so do these.
        silo.execute_batch(
            "pragma journal_mode = off;
             pragma synchronous = off;
             pragma locking_mode = exclusive;
             pragma cache_size = -100000;
             pragma foreign_keys = off;
             begin",
        )?;
        silo.execute_batch(self.schema)?;
        (self.fill)(&silo, town)?;
        silo.execute_batch("commit")?;
        silo.close().map_err(|(_, error)| error)
    }
}

/// A statement that inserts whole rows of a table.
fn insert<'silo>(silo: &'silo Connection, table: &str, columns: usize) -> rusqlite::Result<Statement<'silo>> {
    silo.prepare(&format!(
        "insert into \"{table}\" values ({})",
        vec!["?"; columns].join(", ")
    ))
}
