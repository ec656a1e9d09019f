//! `lilong check`: every problem and warning of a catalog.

use clap::Args;
use lilong_schema::{Severity, problem};
use serde_json::json;

use super::failure::Failure;
use super::{CatalogFolder, catalog, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Every problem is told at once, each with its place and what to do. Sources are not asked for anything that is already \
in descriptions/; those without a description are described first.

Exit codes: 0 no problems (warnings are allowed), 1 problems, 3 a source without a description could not be asked.

Examples:
  lilong check city
  lilong check city --json | jq '.findings[] | select(.severity == \"problem\")'")]
pub(crate) struct Options {
    #[command(flatten)]
    catalog: CatalogFolder,
    /// Print {"sources", "collections", "findings": [{"severity", "file", "line", "path", "what", "hint"}], "silent": […]}
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let ready = catalog::ready(&options.catalog.folder).await;
    let federated = &ready.model.federated;
    let own = federated.own_sources();
    let (sources, collections) = (own.len(), own.iter().map(|source| source.collections.len()).sum::<usize>());
    if options.json {
        let mut findings = ready.findings.clone();
        findings.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        output::print_json(&json!({
            "sources": sources, "collections": collections, "findings": findings, "silent": ready.silent,
        }))?;
    } else {
        let all: Vec<_> = ready.findings.iter().chain(&ready.silent).cloned().collect();
        let report = problem::report(&all);
        // The closing line of the report counts all alike; a source that is down is no problem of the catalog.
        let lines = report.lines().count() - 1;
        for line in report.lines().take(lines) {
            output::print(&format!("{line}\n"))?;
        }
        let not_described = match ready.silent.len() {
            0 => String::new(),
            silent => format!(", {} not described", output::count(silent, "source")),
        };
        let last = format!(
            "{}, {}: {}{not_described}",
            output::count(sources, "source"),
            output::count(collections, "collection"),
            problem::count(&ready.findings)
        );
        output::print(&format!("{last}\n"))?;
    }
    if ready.findings.iter().any(|finding| finding.severity == Severity::Problem) {
        Err(Failure::Said(1))
    } else if ready.silent.is_empty() {
        Ok(())
    } else {
        Err(Failure::Said(3))
    }
}
