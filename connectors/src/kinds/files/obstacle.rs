//! Why a file cannot be read as it lies there, and what that is as a source's fault.
//!
//! *Invariant*: nothing of a file's content stands in a message, only places in it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::withheld::{Told, Withheld};
use crate::{Error, ErrorKind};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// The file system does not give it.
    #[error(transparent)]
    Withheld(#[from] Withheld),
    /// A link that leads out of the folder its pattern names.
    #[error("it is a link that leads out of its folder")]
    LeadsOut,
    /// Somebody writes it.
    #[error("it was changed while it was read")]
    Changed,
    /// Beyond a bound.
    #[error("{what} more than {most} bytes; `{setting}` allows more")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The bound.
        most: u64,
        /// The setting that holds it.
        setting: &'static str,
    },
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// There is no row that the settings call the header.
    #[error("it has no header where `header` says")]
    NoHeader,
    /// Its first bytes are those of something else.
    #[error("it is {found}, not {wanted}: give it its right name, or say `format`")]
    OtherFormat {
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// Its name tells no format.
    #[error("its name does not tell what it is: say `format`")]
    UnknownFormat,
    /// The bytes are not text as it is encoded.
    #[error("line {line} is not {encoding}; say `encoding`, such as \"gb18030\" or \"latin1\"")]
    Encoding {
        /// Where.
        line: usize,
        /// What it should be.
        encoding: &'static str,
    },
    /// Broken off, or broken.
    #[error("{place}{what}")]
    Damaged {
        /// Where, with `: ` behind it; may be empty.
        place: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A library could not read it.
    #[error("it is damaged, or not whole yet")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A workbook that asks for a password.
    #[error("it is protected by a password")]
    Protected,
    /// No such sheet.
    #[error("it has no sheet of the name {0}")]
    NoSheet(String),
}

impl Obstacle {
    /// The same as a fault of a source, while doing something with a file.
    pub(super) fn at(self, source: &Arc<str>, doing: &str, path: &Path) -> Error {
        let temporary = match &self {
            Obstacle::Withheld(withheld) => withheld.is_temporary(),
            Obstacle::Changed => true,
            _ => false,
        };
        let kind = match self {
            Obstacle::NoSheet(_) => ErrorKind::Mismatch,
            _ => ErrorKind::Unavailable,
        };
        let mut error = Error::new(kind, source.clone(), format!("{doing} {}", path.display()));
        error.temporary = temporary;
        error.because(Told::of(&self))
    }
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Withheld::from(error).into()
    }
}
