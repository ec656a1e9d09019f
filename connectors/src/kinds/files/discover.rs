//! How a `[[discover]]` block finds files: each is a source of its own.
//!
//! In: a block whose `path` has `*` and `?`. Out: the paths of the files, as the block would write them, and the block of
//! each. *Invariant*: no file is opened.

use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;

use super::{location, settings};
use crate::describing::narrow_to_file;
use crate::kinds::{Discovery, Undiscovered};
use crate::withheld::Told;

/// See the module.
pub(super) const DISCOVERY: Discovery = Discovery { parts, narrow: narrow_to_file };

fn parts(block: &SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>> {
    std::future::ready(find(block)).boxed()
}

fn find(block: &SourceSettings) -> Result<Vec<String>, Undiscovered> {
    let settings = settings::read(block)?;
    // Two endings of one name are two sources here; the name they would share is told by whoever gives names.
    let all = settings::Settings { collection: Some(String::new()), ..settings };
    let (files, _) = location::files(&all).map_err(|(folder, obstacle)| {
        let place = block.options.get("path").map_or(&block.place, |option| &option.place);
        let what = format!("the folder {} cannot be read: {}", folder.display(), Told::of(&obstacle));
        let hint = "paths are relative to the folder of the file they stand in";
        Undiscovered::Silent(Problem::new(block.about(), what, hint).at(&place.file, place.line))
    })?;
    let part = |path: &Path| path.strip_prefix(&all.folder).unwrap_or(path).to_str().map(str::to_owned);
    Ok(files.iter().filter_map(|found| part(&found.path)).collect())
}
