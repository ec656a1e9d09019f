//! What the server, the driver and the network said, as a source's fault.

use std::sync::Arc;

use crate::{Error, ErrorKind};

/// A description or statement that is older than the tables: the server refuses to go on with its old plan.
const STALE_PLAN: &str = "0A000";

/// What failed while `doing`.
pub(super) fn of(source: &Arc<str>, doing: &str, cause: sqlx::Error) -> Error {
    let (kind, why, temporary) = classify(&cause);
    let context = if why.is_empty() { doing.to_owned() } else { format!("{doing}: {why}") };
    let mut error = Error::new(kind, source.clone(), context);
    error.temporary = temporary;
    error.because(cause)
}

/// What failed while connecting: what is no server of this kind refuses nothing, it is not there.
pub(super) fn connecting(source: &Arc<str>, cause: sqlx::Error) -> Error {
    let mut error = of(source, "connecting", cause);
    if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Internal) {
        error.kind = ErrorKind::Unavailable;
    }
    error
}

/// An attempt that took longer than it may.
pub(super) fn too_slow(source: &Arc<str>, doing: &str) -> Error {
    let mut error = Error::new(ErrorKind::Unavailable, source.clone(), format!("{doing}: no answer in time"));
    // The next attempt would take as long.
    error.temporary = false;
    error
}

/// Whether the connection that said this was gone before the statement reached it.
pub(super) fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => matches!(
            error.code().as_deref(),
            Some("57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "08006" | "08003" | "08P01")
        ),
        _ => false,
    }
}

/// Whether the server does not know what a statement speaks of.
pub(super) fn is_of_words(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    error.code().is_some_and(|code| code.starts_with("42") && code != "42501")
}

/// Whether a value is none of the type that it is read as.
pub(super) fn is_of_value(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    // What a domain refuses is a violation.
    error.code().is_some_and(|code| code.starts_with("22") || code == "23514")
}

/// Whether a table was changed since the connection prepared the statement.
pub(super) fn is_stale_plan(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    error.code().as_deref() == Some(STALE_PLAN) && error.message().contains("cached plan")
}

fn classify(error: &sqlx::Error) -> (ErrorKind, &'static str, bool) {
    use ErrorKind::{Denied, Internal, Mismatch, Overloaded, Rejected, Timeout, Unavailable};
    let error = match error {
        sqlx::Error::Database(error) => error,
        sqlx::Error::Tls(_) => return (Unavailable, "no TLS connection as `tls` asks for", false),
        sqlx::Error::Io(_) => return (Unavailable, "", true),
        sqlx::Error::Protocol(_) => return (Unavailable, "the server did not keep to the protocol", true),
        sqlx::Error::Configuration(_) => return (Unavailable, "the connection settings are not usable", false),
        _ => return (Internal, "", false),
    };
    let code = error.code();
    let code = code.as_deref().unwrap_or("");
    match code {
        "28000" | "28P01" => (Denied, "the server refuses the login", false),
        "42501" => (Denied, "the login may not read it", false),
        "3D000" => (Unavailable, "there is no such database", false),
        "53300" => (Overloaded, "the server takes no more connections", true),
        "57014" => (Timeout, "it took too long", false),
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => (Unavailable, "the server is stopping or starting", true),
        "40001" | "40P01" => (Unavailable, "the server gave it up for other work", true),
        "42P01" | "42703" | "3F000" | "42704" | "42883" | "42804" | "42846" | "42809" => {
            (Mismatch, "it is no longer as it was described", false)
        }
        STALE_PLAN if error.message().contains("cached plan") => {
            (Mismatch, "it is no longer as it was described", true)
        }
        "XX001" | "XX002" => (Unavailable, "the server's files are damaged", false),
        _ if code.starts_with("08") => (Unavailable, "", true),
        _ if code.starts_with("53") => (Overloaded, "the server lacks resources", true),
        _ if code.starts_with("58") => (Unavailable, "the server cannot read its files", true),
        _ => (Rejected, "", false),
    }
}
