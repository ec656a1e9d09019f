//! Stored descriptions: `descriptions/<source>.json` holds what describing one source found,
//! `descriptions/discovered.json` what each `[[discover]]` block found.
//!
//! In and out: the catalog folder. The files are kept under version control: their text depends on nothing but what they
//! say, and a file is only written when that changes.
//! *Invariant*: a reader sees a whole file or none, never half of one; nothing secret is ever stored.

mod check;
mod discovered;
mod file_name;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::catalog::{SourceSettings, TypeOverride};
use crate::{Collection, Enumeration, Problem, Scalar, SourceDescription};

pub use discovered::Discovered;

/// The folder inside the catalog.
pub const FOLDER: &str = "descriptions";

/// What is known of a source from an earlier describing.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// Its description.
    Found(SourceDescription),
    /// Its description, made while `[source.types]` said something else: the source is to be described again.
    Stale(SourceDescription),
    /// Nothing.
    Missing,
}

/// A file that could not be written or removed.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {cause}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: std::io::Error,
}

/// The file of a source: [`SourceDescription`] with what it was made for.
#[derive(Serialize, Deserialize)]
struct DescriptionFile {
    source: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    types: Types,
    collections: Vec<Collection>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    enumerations: Vec<Enumeration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Collection → column → scalar.
type Types = BTreeMap<String, BTreeMap<String, Scalar>>;

/// Reads the description of a source from the catalog in `folder`; a damaged file is a problem.
pub fn read(folder: &Path, settings: &SourceSettings) -> Result<Stored, Problem> {
    let about = settings.about();
    let Some(file) = store::read::<DescriptionFile>(folder, &file_name::of(&settings.name), &about)? else {
        return Ok(Stored::Missing);
    };
    if file.source != settings.name {
        // Two names can have one file where a file system knows no case.
        return Ok(Stored::Missing);
    }
    let types = file.types;
    let description =
        SourceDescription { collections: file.collections, enumerations: file.enumerations, warnings: file.warnings };
    if let Err(fault) = check::check(&description) {
        return Err(store::damaged(&file_name::of(&settings.name), None, &about, &fault.to_string()));
    }
    Ok(if types == types_of(&settings.types) { Stored::Found(description) } else { Stored::Stale(description) })
}

/// Stores the description of a source; `false` if the file says the same already.
pub fn write(folder: &Path, settings: &SourceSettings, description: &SourceDescription) -> Result<bool, WriteError> {
    let SourceDescription { mut collections, mut enumerations, mut warnings } = description.clone();
    collections.sort_by(|one, other| one.name.cmp(&other.name));
    enumerations.sort_by(|one, other| one.name.cmp(&other.name));
    warnings.sort();
    let types = types_of(&settings.types);
    let file = DescriptionFile { source: settings.name.clone(), types, collections, enumerations, warnings };
    store::write(folder, &file_name::of(&settings.name), &file)
}

/// Stored descriptions of sources that are none of `names`, by the names of those sources.
pub fn orphans<'a>(folder: &Path, names: impl IntoIterator<Item = &'a str>) -> std::io::Result<Vec<String>> {
    let kept: Vec<String> = names.into_iter().map(file_name::of).collect();
    let kept: std::collections::HashSet<&str> = kept.iter().map(String::as_str).collect();
    let mut orphans = Vec::new();
    for name in store::list(folder)? {
        if name != file_name::DISCOVERED && !kept.contains(name.as_str()) {
            orphans.extend(file_name::source_of(folder, &name));
        }
    }
    orphans.sort();
    Ok(orphans)
}

/// Removes the stored description of a source, if there is one.
pub fn remove(folder: &Path, source: &str) -> Result<(), WriteError> {
    store::remove(folder, &file_name::of(source))
}

fn types_of(overrides: &[TypeOverride]) -> Types {
    let mut types = Types::new();
    for entry in overrides {
        types.entry(entry.collection.clone()).or_default().insert(entry.column.clone(), entry.scalar);
    }
    types
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
