//! What a client is told when something goes wrong: a public code and a message; causes stand only in the log.

use std::fmt;

/// Public codes; their names in `extensions.code` are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The document is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// Variables do not fit their types, or are missing.
    BadVariables,
    /// An argument has a value that cannot be used.
    BadInput,
    /// Selections are nested too deep.
    TooDeep,
    /// It would cost more than the limits allow.
    TooCostly,
    /// More rows than the limits allow.
    TooLarge,
    /// Not allowed.
    Forbidden,
    /// The gateway has too much to do.
    Overloaded,
    /// The source cannot be reached.
    SourceUnavailable,
    /// The source did not answer in time.
    SourceTimeout,
    /// The source has no free connection.
    SourceOverloaded,
    /// The source does not allow it.
    SourceDenied,
    /// The source refused the request.
    SourceRejected,
    /// The source is not shaped as described, or gave a value that cannot be represented.
    SourceMismatch,
    /// The request's time is over.
    Deadline,
    /// A defect of lilong's.
    Internal,
}

impl Code {
    /// The name in `extensions.code`.
    pub fn name(self) -> &'static str {
        match self {
            Code::ParseFailed => "PARSE_FAILED",
            Code::ValidationFailed => "VALIDATION_FAILED",
            Code::BadVariables => "BAD_VARIABLES",
            Code::BadInput => "BAD_INPUT",
            Code::TooDeep => "TOO_DEEP",
            Code::TooCostly => "TOO_COSTLY",
            Code::TooLarge => "TOO_LARGE",
            Code::Forbidden => "FORBIDDEN",
            Code::Overloaded => "OVERLOADED",
            Code::SourceUnavailable => "SOURCE_UNAVAILABLE",
            Code::SourceTimeout => "SOURCE_TIMEOUT",
            Code::SourceOverloaded => "SOURCE_OVERLOADED",
            Code::SourceDenied => "SOURCE_DENIED",
            Code::SourceRejected => "SOURCE_REJECTED",
            Code::SourceMismatch => "SOURCE_MISMATCH",
            Code::Deadline => "DEADLINE",
            Code::Internal => "INTERNAL",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// Why a request was refused before anything was executed; the client's own mistake is explained in full.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RequestError {
    /// The public code.
    pub code: Code,
    /// For the client.
    pub message: String,
    /// Where in the document.
    pub locations: Vec<Location>,
}

impl RequestError {
    /// A refusal without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), locations: Vec::new() }
    }

    /// A refusal that points at a place in the document.
    pub fn at(code: Code, message: impl Into<String>, location: Location) -> Self {
        Self { code, message: message.into(), locations: vec![location] }
    }
}
