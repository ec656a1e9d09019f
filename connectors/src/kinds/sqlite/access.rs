//! How a database file may be opened without ever writing beside it.
//!
//! In: a path. Out: what the file is right now and the URI to open it with, or the obstacle. *Invariant*: nothing is
//! created, changed or recovered; a file that would need it is refused.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::withheld::Withheld;

/// Why a file cannot be read as it lies there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// The file system does not give it.
    #[error(transparent)]
    Withheld(#[from] Withheld),
    /// The file does not begin as databases do.
    #[error("it is not an SQLite database, or it is encrypted")]
    NotADatabase,
    /// A write-ahead log holds changes, and the index of it is gone.
    #[error("its -wal file holds changes but has no -shm file beside it; open it once with a program that may write")]
    UnreadableLog,
    /// A writer stopped in the middle of a transaction.
    #[error("a -journal file beside it waits to be rolled back; open it once with a program that may write")]
    HotJournal,
}

impl Obstacle {
    /// Whether trying again may help by itself.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Obstacle::Withheld(withheld) if withheld.is_temporary())
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// With locks, as its writers expect.
    Locked,
    /// Without locks: nobody writes.
    Immutable,
    /// Through the write-ahead log and the index that its writers keep.
    Log,
}

/// A file as it was found. A connection serves as long as this stays equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    path: Arc<Path>,
    /// How to open it.
    pub(super) access: Access,
    identity: Identity,
    /// Except where all changes come by the log: one who copies over a file does not tell its readers.
    stamp: Option<Stamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    seconds: i64,
    nanoseconds: i64,
    size: u64,
}

/// Looks at one file again and again.
#[derive(Debug)]
pub(super) struct Watch {
    path: Arc<Path>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    header: Option<Header>,
    /// Connections of this process that read the file, or are about to.
    readers: usize,
}

/// The file, kept open: closing it would take away the locks that connections of this process hold on it.
#[derive(Debug)]
struct Header {
    file: File,
    identity: Identity,
    stamp: Stamp,
    logged: bool,
}

impl Watch {
    /// Touches nothing yet.
    pub(super) fn new(path: PathBuf) -> Self {
        // Two slashes at the beginning of a URI's path would be something else.
        let path: PathBuf = std::path::absolute(&path).unwrap_or(path).components().collect();
        Self { path: path.into(), kept: Mutex::default() }
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is there now.
    pub(super) fn look(&self) -> Result<Found, Obstacle> {
        let metadata = std::fs::symlink_metadata(&self.path).map_err(Withheld::from)?;
        if metadata.is_symlink() {
            // SQLite's own files stand beside the real file, not beside a link to it.
            let path = std::fs::canonicalize(&self.path).map_err(Withheld::from)?;
            let metadata = std::fs::metadata(&path).map_err(Withheld::from)?;
            return self.look_at(&path.into(), &metadata);
        }
        self.look_at(&self.path, &metadata)
    }

    fn look_at(&self, path: &Arc<Path>, metadata: &Metadata) -> Result<Found, Obstacle> {
        if !metadata.is_file() {
            return Err(Withheld::NotAFile.into());
        }
        let (identity, stamp) = identify(metadata);
        let access = if self.is_logged(path, identity, stamp)? {
            match (size_beside(path, "-wal")?, size_beside(path, "-shm")?) {
                (None, _) | (Some(0), None) => Access::Immutable,
                (Some(_), Some(_)) => Access::Log,
                (Some(_), None) => return Err(Obstacle::UnreadableLog),
            }
        } else {
            Access::Locked
        };
        if stamp.size == 0 && size_beside(path, "-journal")?.is_some_and(|size| size > 0) {
            return Err(Obstacle::HotJournal);
        }
        Ok(Found { path: path.clone(), access, identity, stamp: (access != Access::Log).then_some(stamp) })
    }

    /// One more connection is about to read the file.
    pub(super) fn enter(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).readers += 1;
    }

    /// One of them is closed; after the last one the file is closed here too.
    pub(super) fn leave(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.readers -= 1;
        if kept.readers == 0 {
            kept.header = None;
        }
    }

    /// Whether the header asks for a write-ahead log.
    fn is_logged(&self, path: &Path, identity: Identity, stamp: Stamp) -> Result<bool, Obstacle> {
        let kept = &mut self.kept.lock().unwrap_or_else(PoisonError::into_inner).header;
        if let Some(header) = kept.as_mut().filter(|header| header.identity == identity) {
            if header.stamp != stamp {
                header.logged = read_header(&header.file)?;
                header.stamp = stamp;
            }
            return Ok(header.logged);
        }
        let file = File::open(path).map_err(Withheld::from)?;
        let logged = read_header(&file)?;
        *kept = Some(Header { file, identity, stamp, logged });
        Ok(logged)
    }
}

impl Found {
    /// What SQLite is to open.
    pub(super) fn uri(&self) -> String {
        use std::fmt::Write;
        use std::os::unix::ffi::OsStrExt;
        let mut uri = "file:".to_owned();
        for byte in self.path.as_os_str().as_bytes() {
            if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
                uri.push(char::from(*byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri.push_str("?mode=ro");
        uri.push_str(match self.access {
            Access::Locked => "",
            Access::Immutable => "&immutable=1",
            Access::Log => "&readonly_shm=1",
        });
        uri
    }
}

fn identify(metadata: &Metadata) -> (Identity, Stamp) {
    (
        Identity { device: metadata.dev(), inode: metadata.ino() },
        Stamp { seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec(), size: metadata.len() },
    )
}

/// The first bytes: <https://www.sqlite.org/fileformat2.html#the_database_header>. An empty file is an empty database.
fn read_header(file: &File) -> Result<bool, Obstacle> {
    let mut header = [0; 20];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let size = file.metadata().map_err(Withheld::from)?.len();
            return if size == 0 { Ok(false) } else { Err(Obstacle::NotADatabase) };
        }
        Err(error) => return Err(Withheld::from(error).into()),
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(Obstacle::NotADatabase);
    }
    Ok(header[18] == 2 || header[19] == 2)
}

fn size_beside(path: &Path, suffix: &str) -> Result<Option<u64>, Obstacle> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    match std::fs::metadata(beside) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Withheld::from(error).into()),
    }
}
