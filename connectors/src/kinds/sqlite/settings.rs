//! The keys of a block that only this kind has: `path`.
//!
//! In: a block. Out: the path, or every problem of the kind's own keys. *Invariant*: the file is not touched.

use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;

use crate::options::{Block, Text};

/// The kind's own keys.
pub(super) const KEYS: &[&str] = &["path"];

/// Where the database is: a file, or the pattern of a `[[discover]]` block.
pub(super) fn path(settings: &SourceSettings) -> Result<Text<'_>, Vec<Problem>> {
    let mut block = Block::of(settings);
    let path = block.required("path", "name the file, as in `path = \"civil.sqlite\"`");
    let problems = block.finish();
    path.filter(|_| problems.is_empty()).ok_or(problems)
}
