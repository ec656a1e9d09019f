//! The command line: what it takes, and what the exit code says.
//!
//! *Invariant*: results go to stdout, messages to stderr; 0 done, 1 the catalog or the query is wrong, 2 usage, 3 a
//! source failed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod catalog;
mod check;
mod demo;
mod describe;
mod explain;
mod failure;
mod init;
mod output;
mod progress;
mod query;
mod room;
mod schema;
mod serve;

use failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lilong demo                          make a district of silos and serve it
  lilong init city                     write a commented starting catalog
  lilong check city                    find every problem of a catalog
  lilong describe city                 ask the sources what they have, keep it in city/descriptions/
  lilong serve city                    serve it at http://127.0.0.1:4000/
  lilong query city question.graphql   ask once, print the answer

Exit codes: 0 done, 1 the catalog or the query is wrong, 2 usage, 3 a source failed.
The log goes to stderr; LILONG_LOG sets what it tells (warn, info, debug, lilong=debug).";

/// One GraphQL schema over hundreds of siloed databases.
///
/// A catalog is a folder of TOML files that names the sources. Each source describes itself; catalog and descriptions
/// become one schema; every answer is fetched from where it lives, when it is asked for.
#[derive(Debug, Parser)]
#[command(name = "lilong", version, max_term_width = 120, arg_required_else_help = true, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a district of silos and serve it
    Demo(demo::Options),
    /// Run the gateway
    Serve(serve::Options),
    /// Ask the sources what they have, write descriptions/, show what changed
    Describe(describe::Options),
    /// Find every problem and warning of a catalog
    Check(check::Options),
    /// Print the schema, or which GraphQL name stands for which database name
    Schema(schema::Options),
    /// Show the plan of a query and the native requests it becomes; fetches nothing
    Explain(explain::Options),
    /// Run a query once and print the answer
    Query(query::Options),
    /// Write a commented starting catalog
    Init(init::Options),
}

/// The catalog that a command works on.
#[derive(Debug, Args)]
struct CatalogFolder {
    /// The catalog: a folder with lilong.toml and what belongs to it
    #[arg(value_name = "CATALOG", default_value = ".")]
    folder: PathBuf,
}

/// Where a server listens.
#[derive(Debug, Args)]
struct Addresses {
    /// Where to serve GraphQL; port 0 takes a free one [default: 127.0.0.1:4000, or what lilong.toml says]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<String>,
    /// Where to serve metrics and operations, or `off` [default: 127.0.0.1:4001, or what lilong.toml says]
    #[arg(long, value_name = "ADDR|off", value_parser = address_or_off)]
    admin: Option<String>,
}

/// An address as people write it; what its name stands for is found out when it is taken.
fn address(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("write host:port, as in 127.0.0.1:4000; port 0 takes a free one");
    }
    Ok(text.to_owned())
}

fn address_or_off(text: &str) -> Result<String, &'static str> {
    if text == "off" { Ok(text.to_owned()) } else { address(text) }
}

/// Reads the command line and runs the command.
pub(crate) fn main() -> ExitCode {
    let line = CommandLine::parse();
    let serving = matches!(line.command, Command::Serve(_) | Command::Demo(_));
    output::start_log(if serving { "info" } else { "warn" });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Wrong(format!("cannot start: {error}")).report(),
    };
    let ended = runtime.block_on(run(line.command));
    // A fetch that ignores its cancellation must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(options) => demo::run(options).await,
        Command::Serve(options) => serve::run(options).await,
        Command::Describe(options) => describe::run(options).await,
        Command::Check(options) => check::run(options).await,
        Command::Schema(options) => schema::run(options).await,
        Command::Explain(options) => explain::run(options).await,
        Command::Query(options) => query::run(options).await,
        Command::Init(options) => init::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::CommandLine::command().debug_assert();
    }
}
