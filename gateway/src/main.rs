//! The program: one command line, one command.

mod command;

use std::process::ExitCode;

/// A request is made of many short-lived small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::main()
}
