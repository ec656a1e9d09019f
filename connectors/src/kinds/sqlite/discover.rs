//! How a `[[discover]]` block finds database files.
//!
//! In: a block whose `path` has `*` and `?`. Out: the paths of the files, as the block would write them, and the block of
//! each. *Invariant*: no file is opened.

use std::io::ErrorKind;
use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::{OptionKind, SourceSettings};
use lilong_schema::{Problem, Secret};

use super::settings::path_option;
use crate::kinds::{Discovery, Undiscovered};

/// See the module.
pub(crate) const DISCOVERY: Discovery = Discovery { parts, narrow };

fn parts(settings: &SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>> {
    std::future::ready(find(settings)).boxed()
}

fn find(settings: &SourceSettings) -> Result<Vec<String>, Undiscovered> {
    let (option, pattern) = path_option(settings)?;
    let mut files = crate::glob::files(&option.folder, &pattern).map_err(|(folder, error)| {
        let what = if error.kind() == ErrorKind::NotFound {
            format!("there is no folder {}", folder.display())
        } else {
            format!("the folder {} cannot be read: {error}", folder.display())
        };
        let hint = "paths are relative to the folder of the file they stand in";
        Undiscovered::Gone(Problem::new(settings.about(), what, hint).at(&option.place.file, option.place.line))
    })?;
    // What SQLite keeps beside its files.
    files.retain(|file| !["-wal", "-shm", "-journal"].iter().any(|suffix| file.ends_with(suffix)));
    Ok(files)
}

fn narrow(settings: &SourceSettings, part: &str) -> SourceSettings {
    let stem = Path::new(part).file_stem().map_or(part.into(), |stem| stem.to_string_lossy());
    let mut narrowed = settings.clone();
    narrowed.name = settings.name.replace("{name}", &stem);
    if let Some(option) = narrowed.options.get_mut("path") {
        option.value = OptionKind::Text(Secret::new(part));
    }
    narrowed
}
