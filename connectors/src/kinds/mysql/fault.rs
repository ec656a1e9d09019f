//! What the driver and the server said, as a source's fault.
//!
//! The numbers are those of <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html> and
//! <https://mariadb.com/kb/en/mariadb-error-codes/>.

use std::sync::Arc;

use sqlx::mysql::MySqlDatabaseError;

use crate::{Error, ErrorKind};

/// An error of the driver while `doing`.
pub(super) fn of_driver(source: &Arc<str>, doing: &str, cause: sqlx::Error) -> Error {
    let (kind, temporary) = classify(&cause);
    let mut error = Error::new(kind, source.clone(), doing);
    error.temporary = temporary;
    error.because(cause)
}

/// An error while connecting: what is no server of this kind refuses nothing, it is not there.
pub(super) fn of_connecting(source: &Arc<str>, cause: sqlx::Error) -> Error {
    let mut error = of_driver(source, "connecting", cause);
    if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Internal) {
        error.kind = ErrorKind::Unavailable;
    }
    error
}

/// The server's number of an error, if the server said it.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    let database = error.as_database_error()?;
    Some(database.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// Whether the connection is gone, or cannot be trusted any more.
pub(super) fn spoils_connection(error: &sqlx::Error) -> bool {
    match number(error) {
        Some(number) => matches!(number, 1053 | 1077..=1079 | 1152..=1161 | 1927 | 2006 | 2013 | 4031),
        None => true,
    }
}

/// The server keeps no more prepared statements.
pub(super) fn is_out_of_statements(error: &sqlx::Error) -> bool {
    number(error) == Some(1461)
}

fn classify(error: &sqlx::Error) -> (ErrorKind, bool) {
    let Some(number) = number(error) else {
        return match error {
            sqlx::Error::Io(_) => (ErrorKind::Unavailable, true),
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) | sqlx::Error::Protocol(_) => {
                (ErrorKind::Unavailable, false)
            }
            _ => (ErrorKind::Internal, false),
        };
    };
    match number {
        // Too many connections, of all or of this user; no memory, no threads, no statements left.
        1040 | 1041 | 1135 | 1203 | 1226 | 1461 => (ErrorKind::Overloaded, true),
        // Wrong login; nothing allowed on the database, table, column or routine; password expired; account locked.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1251 | 1370 | 1410 | 1449 | 1698 | 1820 | 1862 | 3118 | 4151 => {
            (ErrorKind::Denied, false)
        }
        // Too long, by either server and by OceanBase; stopped by somebody.
        1317 | 1969 | 3024 | 4012 => (ErrorKind::Timeout, false),
        // No such column, table, view; a view of what is gone.
        1054 | 1109 | 1146 | 1356 | 1932 => (ErrorKind::Mismatch, false),
        // Shutting down, lock waits, deadlocks, blocked host, lost connections.
        1053 | 1129 | 1152 | 1154..=1161 | 1205 | 1213 | 1927 | 2006 | 2013 | 4031 => (ErrorKind::Unavailable, true),
        // No such database, or no more; damaged tables, a full disk, a table that crashed.
        1021 | 1030 | 1034 | 1035 | 1046 | 1049 | 1194 | 1195 => (ErrorKind::Unavailable, false),
        // More placeholders, or a longer statement, than a server takes; too large a join.
        1104 | 1153 | 1390 => (ErrorKind::TooCostly, false),
        _ => (ErrorKind::Rejected, false),
    }
}
