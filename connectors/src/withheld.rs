//! Why the file system does not give what is in a file, said alike by every kind that reads files.
//!
//! In: what the operating system said. Out: one sentence for the log and `check`. *Invariant*: a cause that is no
//! plain case is told with it, never swallowed.

use std::io;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Withheld {
    /// The path leads nowhere.
    #[error("there is no such file")]
    Missing,
    /// The path leads to a folder or a device.
    #[error("it is not a file")]
    NotAFile,
    /// Reading is not allowed.
    #[error("reading it is not allowed")]
    Denied,
    /// The operating system said something else.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
}

impl Withheld {
    /// Whether trying again may help by itself.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Withheld::Unreadable(_))
    }
}

impl From<io::Error> for Withheld {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Withheld::Missing,
            io::ErrorKind::PermissionDenied => Withheld::Denied,
            io::ErrorKind::IsADirectory => Withheld::NotAFile,
            _ => Withheld::Unreadable(error),
        }
    }
}

/// An error with its cause in one line: the log and `check` show no more than the first of a chain.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Told(String);

impl Told {
    /// See [`Told`].
    pub(crate) fn of(error: &dyn std::error::Error) -> Self {
        Self(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })
    }
}
