//! What can go wrong at a source.

use std::fmt;
use std::sync::Arc;

/// The result of everything a connector does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault of one source. `Display` is for the log: it may hold SQL, hosts and driver text, and never reaches a client.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What kind of fault.
    pub kind: ErrorKind,
    /// The source's name in the catalog.
    pub source_name: Arc<str>,
    /// What was being done.
    pub context: String,
    /// What the driver said.
    #[source]
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// Whether trying again may help.
    pub temporary: bool,
    /// What the client is told beside the kind: what it can do, in names of the schema. Never a value, never a host.
    pub advice: Option<Arc<str>>,
}

/// The kinds of fault; each has its own public code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No connection, no file, locked, damaged.
    Unavailable,
    /// It did not answer in time.
    Timeout,
    /// No connection came free in time.
    Overloaded,
    /// The login is not allowed to.
    Denied,
    /// It refused the statement.
    Rejected,
    /// It is not shaped as described, or gave a value that cannot be represented.
    Mismatch,
    /// It would cost more than the row budget.
    TooCostly,
    /// A defect of lilong's.
    Internal,
}

impl Error {
    /// A fault of `source` while doing `context`.
    pub fn new(kind: ErrorKind, source: impl Into<Arc<str>>, context: impl Into<String>) -> Self {
        let temporary = matches!(kind, ErrorKind::Unavailable | ErrorKind::Overloaded);
        Self { kind, source_name: source.into(), context: context.into(), cause: None, temporary, advice: None }
    }

    /// The same with what the driver said.
    #[must_use]
    pub fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// The same with what the client can do about it.
    #[must_use]
    pub fn advising(mut self, advice: impl Into<Arc<str>>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source {}: {:?}: {}", self.source_name, self.kind, self.context)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}
