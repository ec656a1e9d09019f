//! The keys of a block that only this kind has: `path`.
//!
//! In: a block. Out: the path, or every problem of the kind's own keys. *Invariant*: the file is not touched.

use std::path::{Path, PathBuf};

use lilong_schema::Problem;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};

/// The kind's own keys.
pub(crate) const KEYS: &[&str] = &["path"];

/// Where the database is.
pub(super) fn path(settings: &SourceSettings) -> Result<PathBuf, Vec<Problem>> {
    let (option, path) = path_option(settings)?;
    Ok(base(option).join(path))
}

/// The folder that a relative path starts at.
pub(super) fn base(option: &OptionValue) -> PathBuf {
    option.place.file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The `path` key as it is written, and every problem there is.
pub(super) fn path_option(settings: &SourceSettings) -> Result<(&OptionValue, String), Vec<Problem>> {
    let about = format!("source {}", settings.name);
    let mut problems = vec![];
    for (key, option) in &settings.options {
        if !KEYS.contains(&key.as_str()) {
            let what = format!("the key {key} is not known to connector sqlite");
            let hint = "its own key is path";
            problems.push(Problem::new(about.as_str(), what, hint).at(&option.place.file, option.place.line));
        }
    }
    let place = &settings.place;
    match settings.options.get("path") {
        None => {
            let hint = "write path = \"FILE.sqlite\"";
            problems.push(Problem::new(about, "connector sqlite needs a path", hint).at(&place.file, place.line));
        }
        Some(option) => match &option.value {
            OptionKind::Text(path) if !path.reveal().is_empty() => {
                if problems.is_empty() {
                    return Ok((option, path.reveal().to_owned()));
                }
            }
            _ => {
                let place = &option.place;
                let hint = "write path = \"FILE.sqlite\"";
                problems.push(Problem::new(about, "path is not a text", hint).at(&place.file, place.line));
            }
        },
    }
    Err(problems)
}
