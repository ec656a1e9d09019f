//! How many files and connections the process may have open, and what they are for.
//!
//! *Invariant*: what clients and sources may take together is less than what the process may open.

use lilong::server;
use lilong_connectors::pool;
use lilong_schema::catalog::Limits;

/// Files that a connection may take: a SQLite file in WAL mode is three, and one more is open to look at it.
const EACH: usize = 4;
/// Files and connections beside those of clients and databases: the log, listeners, services.
const ELSE: usize = 64;
const FEWEST_CLIENTS: usize = 16;

/// How many there may be at the same time.
pub(crate) struct Room {
    /// Connections to sources: what half of the files are enough for.
    sources: usize,
    /// Connections of clients.
    pub(crate) clients: usize,
}

impl Room {
    /// Raises what the process may open to what the system allows, and keeps sources to their half of it.
    pub(crate) fn make() -> Self {
        let files = server::raise_file_limit().unwrap_or_else(|error| {
            tracing::warn!("cannot raise the number of files that may be open: {error}");
            None
        });
        let half = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX) / 2;
        let room = Self { sources: (half / EACH).max(1), clients: half.saturating_sub(ELSE).max(FEWEST_CLIENTS) };
        pool::bound_process(room.sources);
        room
    }

    /// Keeps sources to what a catalog allows, too.
    pub(crate) fn leave_to(&self, limits: &Limits) {
        pool::bound_process(self.sources.min(limits.connections));
    }
}
