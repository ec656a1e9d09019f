//! `discovered.json`: the parts that each `[[discover]]` block found.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{WriteError, file_name, store};
use crate::Problem;
use crate::catalog::SourceSettings;

/// What all `[[discover]]` blocks found. A block is known by its connector, its location and its name pattern: one that
/// is changed in any of these is a new one, which has found nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovered(Vec<Found>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Found {
    connector: String,
    location: String,
    name: String,
    parts: Vec<String>,
}

impl Found {
    fn is_of(&self, block: &SourceSettings) -> bool {
        (&self.connector, &self.location, &self.name) == (&block.connector, &block.location, &block.name)
    }
}

impl Discovered {
    /// Whether two blocks are the same one here.
    pub fn is_same(one: &SourceSettings, other: &SourceSettings) -> bool {
        (&one.connector, &one.location, &one.name) == (&other.connector, &other.location, &other.name)
    }

    /// Reads the file in the catalog `folder`; without one nothing is known. A damaged file is a problem.
    pub fn read(folder: &Path) -> Result<Self, Problem> {
        Ok(Self(store::read(folder, file_name::DISCOVERED, "")?.unwrap_or_default()))
    }

    /// Whether there is such a file, damaged or not.
    pub fn is_stored(folder: &Path) -> bool {
        folder.join(super::FOLDER).join(file_name::DISCOVERED).exists()
    }

    /// Stores it; `false` if the file says the same already.
    pub fn write(&self, folder: &Path) -> Result<bool, WriteError> {
        store::write(folder, file_name::DISCOVERED, &self.0)
    }

    /// The parts that a block has found; `None` if it was never asked.
    pub fn parts(&self, block: &SourceSettings) -> Option<&[String]> {
        self.0.iter().find(|found| found.is_of(block)).map(|found| found.parts.as_slice())
    }

    /// Replaces what a block has found.
    pub fn set(&mut self, block: &SourceSettings, mut parts: Vec<String>) {
        parts.sort();
        parts.dedup();
        self.0.retain(|found| !found.is_of(block));
        self.0.push(Found {
            connector: block.connector.clone(),
            location: block.location.clone(),
            name: block.name.clone(),
            parts,
        });
        self.0.sort();
    }

    /// Forgets every block that is none of these.
    pub fn retain(&mut self, blocks: &[SourceSettings]) {
        self.0.retain(|found| blocks.iter().any(|block| found.is_of(block)));
    }
}
