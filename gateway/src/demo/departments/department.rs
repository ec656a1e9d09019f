//! What a department is, and how its database becomes a file.

use std::path::Path;

use rusqlite::{Connection, Statement};

use crate::demo::town::Town;

/// One department.
pub(in crate::demo) struct Department {
    /// Its name in the catalog and, with `.sqlite`, its file's.
    pub(in crate::demo) name: &'static str,
    pub(in crate::demo) title: &'static str,
    /// What is peculiar to its database; stands in its catalog file.
    pub(in crate::demo) habits: &'static str,
    /// What its `[[source]]` block has beside name, file and title.
    pub(in crate::demo) settings: &'static str,
    /// Tables, views and indexes.
    pub(super) schema: &'static str,
    pub(super) fill: fn(&Connection, &Town) -> rusqlite::Result<()>,
}

impl Department {
    /// Makes its database, or a street's copy of it, as a new file.
    pub(in crate::demo) fn write(&self, file: &Path, town: &Town) -> rusqlite::Result<()> {
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
pub(super) fn insert<'silo>(
    silo: &'silo Connection,
    table: &str,
    columns: usize,
) -> rusqlite::Result<Statement<'silo>> {
    silo.prepare(&format!("insert into \"{table}\" values ({})", vec!["?"; columns].join(", ")))
}
