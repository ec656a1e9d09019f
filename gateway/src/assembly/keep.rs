//! Writes what was found into `descriptions/`, and forgets what is gone.

use std::collections::BTreeMap;

use lilong_schema::descriptions::{self, Discovered, WriteError};
use lilong_schema::{Problem, SourceDescription};

use super::{Descriptions, Opened};

impl Opened {
    /// Stores descriptions and what the `[[discover]]` blocks found. A folder that cannot be written is a warning: the
    /// descriptions stay in memory, and the next start asks again.
    pub fn keep(&self, found: &BTreeMap<String, SourceDescription>) -> Option<Problem> {
        self.write(found).err().map(|error| {
            let hint = "let lilong write there, or run `lilong describe` where it can";
            Problem::warning("", format!("{error}; what sources said stays in memory"), hint)
        })
    }

    /// Writes all that can be written; the error is the first one.
    fn write(&self, found: &BTreeMap<String, SourceDescription>) -> Result<(), WriteError> {
        let folder = &self.catalog.folder;
        let mut written = Ok(());
        // A file that is there is written without blocks too: it may be a damaged one.
        if !self.catalog.discover.is_empty() || Discovered::is_stored(folder) {
            written = self.discovered.write(folder).map(drop);
        }
        for settings in &self.catalog.sources {
            if let Some(description) = found.get(&settings.name) {
                written = written.and(descriptions::write(folder, settings, description).map(drop));
            }
        }
        written
    }

    /// Forgets the sources that were not found again, and `[[discover]]` blocks that are no longer there.
    pub fn forget_vanished(&mut self) {
        let vanished = std::mem::take(&mut self.vanished);
        self.catalog.sources.retain(|settings| !vanished.contains(&settings.name));
        self.sources.retain(|name, _| !vanished.contains(name));
        self.discovered.retain(&self.catalog.discover);
        for (block, parts) in &self.found_now {
            self.discovered.set(block, parts.clone());
        }
    }

    /// Removes the stored descriptions of sources that the catalog does not have. What cannot be removed is a warning.
    pub fn prune(&self) -> Vec<Problem> {
        let Descriptions { orphans, .. } = self.stored();
        let removed = orphans.iter().map(|source| descriptions::remove(&self.catalog.folder, source));
        removed
            .filter_map(Result::err)
            .map(|error| Problem::warning("", error.to_string(), "remove it by hand"))
            .collect()
    }
}
