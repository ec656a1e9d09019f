//! JSON files of the `descriptions/` folder: read with the line of every fault, written at once or not at all.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FOLDER, WriteError};
use crate::Problem;

/// The content of a file; `None` if there is none.
pub(super) fn read<T: DeserializeOwned>(folder: &Path, name: &str, about: &str) -> Result<Option<T>, Problem> {
    let text = match std::fs::read(folder.join(FOLDER).join(name)) {
        Ok(text) => text,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => {
            let what = format!("this file {}", crate::catalog::file_fault(&error));
            let problem = Problem::new(about, what, "make it readable, or remove it and run `lilong describe`");
            return Err(Problem { file: Some(Path::new(FOLDER).join(name)), ..problem });
        }
    };
    // Some editors begin a file with a byte order mark.
    let json = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    serde_json::from_slice(json).map(Some).map_err(|error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        damaged(name, Some(error.line().max(1)), about, message)
    })
}

/// Whether nothing can be stored there yet. Where a file takes the folder's place, whoever writes hears of it.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The problem of a file that does not hold what it should.
pub(super) fn damaged(name: &str, line: Option<usize>, about: &str, fault: &str) -> Problem {
    let problem = Problem::new(about, format!("this file is damaged: {fault}"), "run `lilong describe`");
    Problem { file: Some(Path::new(FOLDER).join(name)), line, ..problem }
}

/// Writes a file, and the folder if it is not there; `false` if the file says the same already.
pub(super) fn write(folder: &Path, name: &str, content: &impl Serialize) -> Result<bool, WriteError> {
    let inside = folder.join(FOLDER);
    let path = inside.join(name);
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |cause| WriteError { path, cause }
    };
    let mut text = serde_json::to_string_pretty(content).map_err(std::io::Error::from).map_err(fail(&path))?;
    text.push('\n');
    if std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    std::fs::create_dir_all(&inside).map_err(fail(&inside))?;
    // Two processes may describe at once; a name of its own keeps each one's half-written file apart.
    let half = inside.join(format!(".{name}.{}", std::process::id()));
    let written = std::fs::write(&half, text).and_then(|()| std::fs::rename(&half, &path));
    written.map_err(|cause| {
        let _ = std::fs::remove_file(&half); // the first fault is the one to tell
        fail(&path)(cause)
    })?;
    Ok(true)
}

/// Removes a file; one that is not there is no fault.
pub(super) fn remove(folder: &Path, name: &str) -> Result<(), WriteError> {
    let path: PathBuf = folder.join(FOLDER).join(name);
    match std::fs::remove_file(&path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(WriteError { path, cause }),
        _ => Ok(()),
    }
}

/// The names of all `*.json` files, sorted; none if there is no folder.
pub(super) fn list(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let is_json = Path::new(&name).extension().is_some_and(|extension| extension == "json");
        names.extend(name.into_string().ok().filter(|name| is_json && !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(FOLDER)).unwrap();
        std::fs::write(folder.path().join(FOLDER).join("a.json"), "\u{feff}[1, 2]\n").unwrap();
        assert_eq!(read::<Vec<u8>>(folder.path(), "a.json", "source a"), Ok(Some(vec![1, 2])));
    }
}
