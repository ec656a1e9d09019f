//! Small catalogs over silos in a folder that goes when the test ends.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

/// A catalog with two departments: `civil` knows residents, `health` their vaccinations.
#[derive(Debug)]
pub struct City {
    folder: TempDir,
}

/// What `lilong.toml` of a [`City`] says.
pub const CATALOG: &str = r#"[[source]]
name = "civil"
connector = "sqlite"
path = "civil.sqlite"
title = "Civil Affairs Bureau"

[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"

[[link]]
from = "civil.resident(id_card)"
to = "health.vaccination(id_card)"
name = "vaccinations"
back = "resident"
"#;

const CIVIL: &str = "
    CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE resident (id INTEGER PRIMARY KEY, name TEXT, id_card TEXT UNIQUE, street_id INTEGER REFERENCES street);
    INSERT INTO street VALUES (1, 'Siping Road'), (2, 'Anshan Road');
    INSERT INTO resident VALUES (1, 'Li', 'A1', 1), (2, 'Wang', 'B2', 2), (3, 'Zhao', NULL, NULL);";

const HEALTH: &str = "
    CREATE TABLE vaccination (id INTEGER PRIMARY KEY, id_card TEXT, vaccine TEXT);
    CREATE INDEX by_card ON vaccination (id_card);
    INSERT INTO vaccination VALUES (1, 'A1', 'influenza'), (2, 'A1', 'measles'), (3, 'Z9', 'influenza');";

#[allow(clippy::unwrap_used, clippy::new_without_default)]
impl City {
    /// Makes the folder, both databases and the catalog.
    ///
    /// # Panics
    /// If the folder for temporary files cannot be written.
    pub fn new() -> Self {
        let city = Self { folder: TempDir::new().unwrap() };
        city.database("civil.sqlite", CIVIL);
        city.database("health.sqlite", HEALTH);
        city.write("lilong.toml", CATALOG);
        city
    }

    /// A folder with nothing in it.
    ///
    /// # Panics
    /// If the folder for temporary files cannot be written.
    pub fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// The catalog's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders it stands in.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs statements in a database, which is made if it is not there.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn database(&self, name: &str, statements: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Connection::open(path).unwrap().execute_batch(statements).unwrap();
    }
}
