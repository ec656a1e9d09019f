//! Why a command ended without its result, and the exit code that says so.

use std::io;
use std::process::ExitCode;

/// The ways to fail.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The catalog, the query or the surroundings are wrong: 1.
    Wrong(String),
    /// The command line is wrong: 2.
    Usage(String),
    /// Everything that is to be said has been said; only the exit code is left, 3 where a source failed.
    Said(u8),
    /// The result could not be written. Whoever stopped reading has what he wanted, so a closed pipe is no failure.
    Output(io::Error),
}

impl Failure {
    /// Says it on stderr, gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (code, message) = match self {
            Failure::Wrong(message) => (1, message),
            Failure::Usage(message) => (2, message),
            Failure::Said(code) => return ExitCode::from(code),
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Failure::Output(error) => (1, format!("cannot write the result: {error}")),
        };
        super::output::say(&format!("lilong: {}", message.trim_end()));
        ExitCode::from(code)
    }
}
