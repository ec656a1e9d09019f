//! What SQLite and the file system said, as a source's fault.

use std::path::Path;
use std::sync::Arc;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_READONLY_ROLLBACK;

use super::access::Obstacle;
use crate::withheld::Told;
use crate::{Error, ErrorKind};

/// A file that cannot be opened.
pub(super) fn of_obstacle(source: &Arc<str>, path: &Path, obstacle: &Obstacle) -> Error {
    let temporary = obstacle.is_temporary();
    let mut error = Error::new(ErrorKind::Unavailable, source.clone(), format!("opening {}", path.display()));
    error.temporary = temporary;
    error.because(Told::of(obstacle))
}

/// A statement, or an opening, that failed while `doing`.
pub(super) fn of_engine(source: &Arc<str>, doing: &str, cause: rusqlite::Error) -> Error {
    let (kind, why, temporary) = classify(&cause);
    let context = if why.is_empty() { doing.to_owned() } else { format!("{doing}: {why}") };
    let mut error = Error::new(kind, source.clone(), context);
    error.temporary = temporary;
    error.because(cause)
}

/// Whether a connection that said this may serve again.
pub(super) fn spoils_connection(error: &rusqlite::Error) -> bool {
    matches!(classify(error), (ErrorKind::Unavailable, ..))
}

fn classify(error: &rusqlite::Error) -> (ErrorKind, &'static str, bool) {
    if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_READONLY_ROLLBACK) {
        let why = "a -journal file beside it waits to be rolled back; open it once with a program that may write";
        return (ErrorKind::Unavailable, why, false);
    }
    if let rusqlite::Error::SqlInputError { msg, .. } | rusqlite::Error::SqliteFailure(_, Some(msg)) = error
        && (msg.starts_with("no such table") || msg.starts_with("no such column"))
    {
        return (ErrorKind::Mismatch, "it is no longer as it was described", false);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            (ErrorKind::Unavailable, "another program has locked it", true)
        }
        Some(ErrorCode::OperationInterrupted) => (ErrorKind::Timeout, "it took too long", false),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::Unavailable, "the file is damaged", false),
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Unavailable, "it is not an SQLite database, or it is encrypted", false)
        }
        Some(ErrorCode::CannotOpen) => (ErrorKind::Unavailable, "it cannot be opened", true),
        Some(ErrorCode::PermissionDenied) => (ErrorKind::Unavailable, "reading it is not allowed", false),
        Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::ReadOnly) => {
            (ErrorKind::Unavailable, "it cannot be read", true)
        }
        _ => (ErrorKind::Rejected, "", false),
    }
}
