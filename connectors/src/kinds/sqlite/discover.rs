//! How a `[[discover]]` block finds database files.
//!
//! In: a block whose `path` has `*` and `?`. Out: the paths of the files, as the block would write them, and the block of
//! each. *Invariant*: no file is opened.

use std::io::ErrorKind;

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;

use super::settings;
use crate::describing::narrow_to_file;
use crate::kinds::{Discovery, Undiscovered};
use crate::options::Text;

/// See the module.
pub(crate) const DISCOVERY: Discovery = Discovery { parts, narrow: narrow_to_file };

fn parts(settings: &SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>> {
    std::future::ready(find(settings)).boxed()
}

fn find(settings: &SourceSettings) -> Result<Vec<String>, Undiscovered> {
    let Text { value: pattern, option } = settings::path(settings)?;
    let mut files = crate::glob::files(&option.folder, pattern).map_err(|(folder, error)| {
        let what = if error.kind() == ErrorKind::NotFound {
            format!("there is no folder {}", folder.display())
        } else {
            format!("the folder {} cannot be read: {error}", folder.display())
        };
        let hint = "paths are relative to the folder of the file they stand in";
        Undiscovered::Silent(Problem::new(settings.about(), what, hint).at(&option.place.file, option.place.line))
    })?;
    // What SQLite keeps beside its files.
    files.retain(|file| !["-wal", "-shm", "-journal"].iter().any(|suffix| file.ends_with(suffix)));
    Ok(files)
}
