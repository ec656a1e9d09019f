//! `*` and `?` in paths.
//!
//! In: patterns. Out: the files that match. *Invariant*: files come in order; nothing is opened.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use lilong_schema::catalog::pattern::Pattern;

/// The files that a pattern names, written as the pattern is; relative ones start at `base`. A name that begins with a
/// dot is only found by a pattern that does. An error names the folder that cannot be read, or what cannot be looked at.
pub(crate) fn files(base: &Path, pattern: &str) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let mut found = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    for (position, part) in parts.iter().enumerate() {
        let last = position + 1 == parts.len();
        let wild = part.contains(['*', '?']);
        let mut next = vec![];
        for start in &found {
            if !wild {
                let path = format!("{start}{part}");
                let on_disk = base.join(&path);
                if !last {
                    next.push(format!("{path}/"));
                } else if look(&on_disk)?.is_some_and(|found| found.is_file()) {
                    next.push(path);
                }
                continue;
            }
            let folder = base.join(start);
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                // Among folders that a pattern found, one that has no such folder inside is no fault.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && parts[..position].iter().any(|part| part.contains(['*', '?'])) =>
                {
                    continue;
                }
                Err(error) => return Err((folder, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| (folder.clone(), error))?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                if !Pattern::plain(part).matches(&name) || (name.starts_with('.') && !part.starts_with('.')) {
                    continue;
                }
                let path = format!("{start}{name}");
                let on_disk = base.join(&path);
                let Some(there) = look(&on_disk)? else { continue };
                if last && there.is_file() {
                    next.push(path);
                } else if !last && there.is_dir() {
                    next.push(format!("{path}/"));
                }
            }
        }
        found = next;
    }
    found.retain(|path| !path.is_empty() && !path.ends_with('/'));
    found.sort();
    Ok(found)
}

/// What is there; `None`: nothing, or a link that leads to nothing. What may not be looked at is an error: it may be there.
fn look(path: &Path) -> Result<Option<Metadata>, (PathBuf, io::Error)> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) if error.raw_os_error() == Some(LOOP) => Ok(None),
        Err(error) => Err((path.to_owned(), error)),
    }
}

/// The system's `ELOOP`, links that lead to each other; the library has no stable name for it.
const LOOP: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_order_and_written_as_the_pattern_is() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/x.sqlite", "a/x.sqlite", "a/y.txt", "a/.h.sqlite", "c.sqlite"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let find = |pattern: &str| files(folder.path(), pattern).unwrap();
        assert_eq!(find("*/*.sqlite"), ["a/x.sqlite", "b/x.sqlite"]);
        assert_eq!(find("a/*.sqlite"), ["a/x.sqlite"]);
        assert_eq!(find("./c.sqlite"), ["./c.sqlite"]);
        assert_eq!(find("*"), ["c.sqlite"]);
        assert_eq!(find("d.sqlite"), Vec::<String>::new());
        let absolute = format!("{}/*.sqlite", folder.path().display());
        assert_eq!(find(&absolute), [format!("{}/c.sqlite", folder.path().display())]);
        assert_eq!(files(folder.path(), "none/*").unwrap_err().0, folder.path().join("none/"));
    }

    #[test]
    fn what_may_not_be_looked_at_is_an_error_and_no_file_less() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "").unwrap();
        let long = format!("{}.csv", "n".repeat(300));
        assert_eq!(files(folder.path(), &long).unwrap_err().0, folder.path().join(&long));
        assert_eq!(files(folder.path(), "a.csv/b.csv").unwrap(), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_to_nothing_are_not_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "").unwrap();
        for (target, link) in [("a.csv", "b.csv"), ("none.csv", "dangling.csv"), ("loop.csv", "loop.csv")] {
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
        assert_eq!(files(folder.path(), "*.csv").unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(files(folder.path(), "loop.csv").unwrap(), Vec::<String>::new());
        assert_eq!(files(folder.path(), "*/x.csv").unwrap(), Vec::<String>::new());
    }
}
