//! The keys of a block that only this kind has: `path`.
//!
//! In: a block. Out: the path, or every problem of the kind's own keys. *Invariant*: the file is not touched.

use std::path::PathBuf;

use lilong_schema::Problem;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};

/// The kind's own keys.
pub(crate) const KEYS: &[&str] = &["path"];

const HINT: &str = "name the file, as in `path = \"civil.sqlite\"`";

/// Where the database is.
pub(super) fn path(settings: &SourceSettings) -> Result<PathBuf, Vec<Problem>> {
    let (option, path) = path_option(settings)?;
    Ok(option.resolve(path))
}

/// The `path` key as it is written, and every problem there is.
pub(super) fn path_option(settings: &SourceSettings) -> Result<(&OptionValue, String), Vec<Problem>> {
    let about = settings.about();
    let mut problems = settings.unknown_options(KEYS);
    let place = &settings.place;
    match settings.options.get("path") {
        None => {
            problems.push(Problem::new(about, "`path` is missing", HINT).at(&place.file, place.line));
        }
        Some(option) => match &option.value {
            OptionKind::Text(path) if !path.reveal().is_empty() => {
                if problems.is_empty() {
                    return Ok((option, path.reveal().to_owned()));
                }
            }
            _ => {
                let place = &option.place;
                problems.push(Problem::new(about, "`path` names no file", HINT).at(&place.file, place.line));
            }
        },
    }
    Err(problems)
}
