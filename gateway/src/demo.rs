//! A district of silos to try lilong on: invented, deterministic, and as awkward as life.
//!
//! In: how many sources and residents. Out: a folder with `SQLite` files, spreadsheets and the catalog that joins them with
//! two services, which run while the program does. A folder that is there is completed and used again. *Invariants*: the same options give the same bytes; nothing that is not the demo's
//! is ever touched or overwritten.

mod catalog;
mod departments;
mod enterprises;
mod households;
mod links;
mod people;
mod questions;
mod random;
mod services;
mod sheets;
mod streets;
mod town;
mod unions;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use catalog::{Content, DISTRICT_SOURCES, Piece};
pub use questions::Question;
pub use services::{Error as ServiceError, Services};
use town::Town;

/// Raised whenever another version would make other files.
const FORMAT: u32 = 4;
/// The file that tells a district's folder from any other.
const STAMP: &str = "demo.json";
/// Residents by default.
const ROWS: usize = 20_000;
/// Fewer residents would leave questions without an answer.
const LEAST_ROWS: usize = 100;
/// More residents of one birthday than identity cards have numbers.
const MOST_ROWS: usize = 1_000_000;
/// From so many copies on, streets have one of the health commission's database, and of the hotline's.
const HEALTH_COPIES: usize = 14;
const HOTLINE_COPIES: usize = 25;

/// What to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many sources: the departments, and streets' copies of their databases for the rest; default: the departments.
    pub sources: Option<usize>,
    /// How many residents; default 20,000.
    pub rows: Option<usize>,
    /// Where: a new or empty folder, or one made before; default: a folder of the system's temporary ones.
    pub dir: Option<PathBuf>,
}

/// A district that is there.
#[derive(Clone, Debug)]
pub struct District {
    /// The catalog.
    pub folder: PathBuf,
    /// What to ask.
    pub questions: Vec<Question>,
}

/// Why a district could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fewer sources than departments.
    #[error(
        "the demo has {least} departments, each of them a source, so it takes at least {least} sources, not {given}"
    )]
    Sources {
        /// Asked for.
        given: usize,
        /// The departments.
        least: usize,
    },
    /// Too few residents or too many.
    #[error("the demo takes from {least} to {most} residents, not {given}")]
    Rows {
        /// Asked for.
        given: usize,
        /// At least.
        least: usize,
        /// At most.
        most: usize,
    },
    /// The folder holds something else.
    #[error("{} is neither empty nor a folder that the demo made; name another one", folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder was made with other options.
    #[error(
        "{} holds a demo of {sources} sources and {rows} residents (format {format}); name another folder or remove it",
        folder.display()
    )]
    Other {
        /// The folder.
        folder: PathBuf,
        /// Its sources.
        sources: usize,
        /// Its residents.
        rows: usize,
        /// Its format.
        format: u32,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database could not be written.
    #[error("{}: {source}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// What the stamp file says.
#[derive(Serialize, Deserialize)]
struct Stamp {
    made_by: String,
    format: u32,
    sources: usize,
    rows: usize,
}

/// Makes a district, or completes and uses the one that is there.
///
/// `progress` is told how many files are done, how many there are and which one comes next.
pub fn make(options: &Options, progress: &dyn Fn(usize, usize, &str)) -> Result<District, Error> {
    let rows = options.rows.unwrap_or(ROWS);
    let sources = options.sources.unwrap_or(DISTRICT_SOURCES);
    if sources < DISTRICT_SOURCES {
        return Err(Error::Sources { given: sources, least: DISTRICT_SOURCES });
    }
    if !(LEAST_ROWS..=MOST_ROWS).contains(&rows) {
        return Err(Error::Rows { given: rows, least: LEAST_ROWS, most: MOST_ROWS });
    }
    let folder = options
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("lilong-demo-{FORMAT}-{sources}x{rows}")));
    claim(&folder, sources, rows)?;
    let copies = sources - DISTRICT_SOURCES;
    let questions = questions::questions(copies >= HEALTH_COPIES, copies >= HOTLINE_COPIES);
    let pieces = catalog::pieces(sources, rows, &questions);
    complete(&folder, rows, &pieces, progress)?;
    Ok(District { folder, questions })
}

/// Makes the folder the demo's own, if it is nobody else's.
fn claim(folder: &Path, sources: usize, rows: usize) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(file(folder))?;
    let path = folder.join(STAMP);
    match fs::read(&path) {
        Ok(text) => match serde_json::from_slice::<Stamp>(&text) {
            Ok(stamp) if (stamp.format, stamp.sources, stamp.rows) == (FORMAT, sources, rows) => Ok(()),
            Ok(Stamp { format, sources, rows, .. }) => {
                Err(Error::Other { folder: folder.into(), sources, rows, format })
            }
            Err(_) => Err(Error::Taken { folder: folder.into() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::read_dir(folder).map_err(file(folder))?.next().is_some() {
                return Err(Error::Taken { folder: folder.into() });
            }
            let stamp = Stamp { made_by: "lilong demo".into(), format: FORMAT, sources, rows };
            let text = serde_json::to_string_pretty(&stamp).map_err(|error| file(&path)(error.into()))?;
            write_whole(&path, |path| fs::write(path, text + "\n").map_err(file(path)))
        }
        Err(error) => Err(file(&path)(error)),
    }
}

/// Makes the files that are not there yet.
fn complete(folder: &Path, rows: usize, pieces: &[Piece], progress: &dyn Fn(usize, usize, &str)) -> Result<(), Error> {
    let mut town = None;
    for (done, piece) in pieces.iter().enumerate() {
        let path = folder.join(&piece.path);
        if path.try_exists().map_err(file(&path))? {
            continue;
        }
        progress(done, pieces.len(), &piece.path.to_string_lossy());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(file(parent))?;
        }
        write_whole(&path, |path| match &piece.content {
            Content::Text(text) => fs::write(path, text).map_err(file(path)),
            Content::Sheet(bytes) => {
                let town = town.get_or_insert_with(|| Town::new(rows));
                bytes(town).and_then(|bytes| fs::write(path, bytes)).map_err(file(path))
            }
            Content::Silo { department, copy } => {
                let town = town.get_or_insert_with(|| Town::new(rows));
                let written = match copy {
                    None => department.write(path, town),
                    Some((street, round)) => department.write(path, &town.part(street, *round)),
                };
                written.map_err(|source| Error::Database { path: path.into(), source })
            }
        })?;
    }
    progress(pieces.len(), pieces.len(), "");
    Ok(())
}

/// Writes a file under another name first, so that it is there whole or not at all.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".making-{}", std::process::id()));
    let making = PathBuf::from(name);
    // Left behind by a process of the same number, if there is one.
    if let Err(error) = fs::remove_file(&making)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(file(&making)(error));
    }
    let written = write(&making).and_then(|()| fs::rename(&making, path).map_err(file(path)));
    if written.is_err() {
        // The first error is the one to tell; what cannot be taken away is in nobody's way.
        let _ = fs::remove_file(&making);
    }
    written
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> Error + use<'_> {
    move |source| Error::File { path: path.into(), source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(folder: &Path, rows: usize, sources: usize) -> Options {
        Options { sources: Some(sources), rows: Some(rows), dir: Some(folder.into()) }
    }

    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_same_options_give_the_same_bytes() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&first, &second] {
            make(&options(folder.path(), 400, 60), &|_, _, _| ()).unwrap();
        }
        let (first_files, second_files) = (files(first.path()), files(second.path()));
        assert_eq!(first_files.len(), second_files.len());
        assert_eq!(first_files.iter().filter(|(path, _)| path.extension().unwrap() == "sqlite").count(), 59);
        for ((path, bytes), (_, other)) in first_files.iter().zip(&second_files) {
            assert!(bytes == other, "{} differs", path.display());
        }
    }

    #[test]
    fn a_folder_made_before_is_completed_and_otherwise_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), 200, 28);
        make(&options, &|_, _, _| ()).unwrap();
        let before = files(folder.path());
        let gone = folder.path().join("databases/health.sqlite");
        fs::remove_file(&gone).unwrap();
        let asked = std::cell::RefCell::new(Vec::new());
        make(&options, &|_, _, name| asked.borrow_mut().push(name.to_owned())).unwrap();
        assert_eq!(*asked.borrow(), ["databases/health.sqlite", ""]);
        assert!(files(folder.path()) == before);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let refused = make(&options(folder.path(), 200, 28), &|_, _, _| ());
        assert!(matches!(refused, Err(Error::Taken { .. })));
        fs::write(folder.path().join(STAMP), "{}").unwrap();
        let refused = make(&options(folder.path(), 200, 28), &|_, _, _| ());
        assert!(matches!(refused, Err(Error::Taken { .. })));
        assert_eq!(files(folder.path()).len(), 2);
    }

    #[test]
    fn a_folder_made_with_other_options_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        make(&options(folder.path(), 200, 28), &|_, _, _| ()).unwrap();
        let refused = make(&options(folder.path(), 300, 28), &|_, _, _| ());
        assert!(matches!(refused, Err(Error::Other { rows: 200, sources: 28, .. })));
    }

    #[test]
    fn impossible_sizes_are_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let refused = make(&options(folder.path(), 200, 27), &|_, _, _| ());
        assert!(matches!(refused, Err(Error::Sources { given: 27, least: 28 })));
        let refused = make(&options(folder.path(), 99, 28), &|_, _, _| ());
        assert!(matches!(refused, Err(Error::Rows { given: 99, .. })));
        assert!(files(folder.path()).is_empty());
    }

    #[test]
    fn databases_are_sound_and_leave_nothing_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        make(&options(folder.path(), 2_000, 28), &|_, _, _| ()).unwrap();
        for (path, bytes) in files(folder.path()) {
            assert!(!path.to_string_lossy().contains(".making-"));
            if path.extension().unwrap() == "sqlite" {
                assert_eq!(&bytes[18..20], &[1, 1], "{} keeps a rollback journal", path.display());
                let silo = rusqlite::Connection::open(&path).unwrap();
                let check: String = silo.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(check, "ok", "{}", path.display());
                let tables =
                    "select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite_%'";
                let names: Vec<String> = silo
                    .prepare(tables)
                    .unwrap()
                    .query_map([], |row| row.get(0))
                    .unwrap()
                    .collect::<Result<_, _>>()
                    .unwrap();
                for name in names {
                    let rows: u32 =
                        silo.query_row(&format!("select count(*) from \"{name}\""), [], |row| row.get(0)).unwrap();
                    assert!(rows > 0, "{name} of {} is empty", path.display());
                }
            }
        }
    }
}
