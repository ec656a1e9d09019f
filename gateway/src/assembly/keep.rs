//! Writes what was found into `descriptions/`, and forgets what is gone.

use std::collections::BTreeMap;

use lilong_schema::descriptions::{self, WriteError};
use lilong_schema::{Problem, SourceDescription};

use super::Opened;

impl Opened {
    /// Stores descriptions and what the `[[discover]]` blocks found. A folder that cannot be written is a warning: the
    /// descriptions stay in memory, and the next start asks again.
    pub fn keep(&self, found: &BTreeMap<String, SourceDescription>) -> Option<Problem> {
        self.write(found).err().map(|error| {
            let hint = "let lilong write there, or run `lilong describe` where it can";
            Problem::warning("", format!("{error}; what sources said stays in memory"), hint)
        })
    }

    fn write(&self, found: &BTreeMap<String, SourceDescription>) -> Result<(), WriteError> {
        if !self.catalog.discover.is_empty() {
            self.discovered.write(&self.catalog.folder)?;
        }
        for settings in &self.catalog.sources {
            if let Some(description) = found.get(&settings.name) {
                descriptions::write(&self.catalog.folder, settings, description)?;
            }
        }
        Ok(())
    }

    /// Forgets the sources that were not found again, and `[[discover]]` blocks that are no longer there.
    pub fn forget_vanished(&mut self) {
        let vanished = std::mem::take(&mut self.vanished);
        self.catalog
            .sources
            .retain(|settings| !vanished.contains(&settings.name));
        self.sources.retain(|name, _| !vanished.contains(name));
        self.discovered.retain(&self.catalog.discover);
        for (block, parts) in &self.found_now {
            self.discovered.set(block, parts.clone());
        }
    }

    /// Removes the stored descriptions of sources that the catalog does not have. What cannot be removed is a warning.
    pub fn prune(&self) -> Option<Problem> {
        let names = self.catalog.sources.iter().map(|settings| settings.name.as_str());
        let warning = |what: String| Some(Problem::warning("", what, "remove it by hand"));
        match descriptions::orphans(&self.catalog.folder, names) {
            Err(error) => warning(format!("descriptions/ cannot be read: {error}")),
            Ok(orphans) => orphans.iter().find_map(|source| {
                descriptions::remove(&self.catalog.folder, source)
                    .err()
                    .and_then(|error| warning(error.to_string()))
            }),
        }
    }
}
