//! `*` and `?` in names and paths.
//!
//! In: patterns. Out: whether a name matches, and the files that match. *Invariant*: files come in order; nothing is
//! opened.

use std::io;
use std::path::{Path, PathBuf};

/// Whether a name matches: `*` is any run of characters, `?` one.
pub(in crate::kinds) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(char) if *char == '?' || *char == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match star.as_mut() {
                Some((after, taken)) => {
                    *taken += 1;
                    at = *after + 1;
                    from = *taken;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

/// The files that a pattern names, written as the pattern is; relative ones start at `base`. A name that begins with a
/// dot is only found by a pattern that does. An error names the folder that cannot be read.
pub(in crate::kinds) fn files(base: &Path, pattern: &str) -> Result<Vec<String>, (PathBuf, io::Error)> {
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
                if !matches(part, &name) || (name.starts_with('.') && !part.starts_with('.')) {
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
    fn stars_and_question_marks_match_names() {
        for (pattern, name, yes) in [
            ("*", "", true),
            ("tmp_*", "tmp_", true),
            ("tmp_*", "tm", false),
            ("*a*b", "xaxbab", true),
            ("?", "日", true),
            ("a?c", "ac", false),
            ("name", "Name", false),
        ] {
            assert_eq!(matches(pattern, name), yes, "{pattern} {name}");
        }
    }

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
