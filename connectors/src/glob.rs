//! `*` and `?` in paths.
//!
//! In: patterns. Out: the files that match. *Invariant*: files come in order; nothing is opened.

use std::io;
use std::path::{Path, PathBuf};

use lilong_schema::catalog::pattern::Pattern;

/// The files that a pattern names, written as the pattern is; relative ones start at `base`. A name that begins with a
/// dot is only found by a pattern that does. An error names the folder that cannot be read.
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
                if last && on_disk.is_file() {
                    next.push(path);
                } else if !last {
                    next.push(format!("{path}/"));
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
                if last && on_disk.is_file() {
                    next.push(path);
                } else if !last && on_disk.is_dir() {
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
}
