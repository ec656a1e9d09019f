//! The program: one command line, one command.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
