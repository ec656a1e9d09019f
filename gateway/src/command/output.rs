//! Where text goes: results to stdout, messages and the log to stderr.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

use super::failure::Failure;

/// Writes a result.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}

/// Writes a result as JSON, indented.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// `1 source`, `2 sources`.
pub(crate) fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Writes a message. If nobody listens on stderr there is nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Starts the log on stderr; `LILONG_LOG` sets what it tells, else lilong's own events of `level` and worse.
pub(crate) fn start_log(level: &str) {
    let filter = std::env::var("LILONG_LOG").ok().filter(|text| !text.is_empty());
    let given = filter.as_deref().map(EnvFilter::try_new);
    let (filter, wrong) = match given {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(level), Some(error)),
        None => (EnvFilter::new(format!("warn,lilong={level},lilong_connectors={level},lilong_schema={level}")), None),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    if let Some(error) = wrong {
        tracing::warn!("LILONG_LOG cannot be read and is left aside: {error}");
    }
}
