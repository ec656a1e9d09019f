//! `lilong describe`: asks the sources, keeps what they say, shows what changed.

use clap::Args;
use lilong::assembly::{Ask, Descriptions, Opened};
use lilong_schema::Problem;
use lilong_schema::compare::{self, Change};
use serde_json::json;

use super::failure::Failure;
use super::progress::Progress;
use super::room::Room;
use super::{CatalogFolder, catalog, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Removed and renamed GraphQL names are marked as breaking: they break clients. A source that has vanished keeps its \
fields, which answer SOURCE_UNAVAILABLE, until it comes back or --prune is given.

Exit codes: 0 done, 1 the catalog is wrong, or --check found breaking changes, 3 a source could not be asked.

Examples:
  lilong describe city
  lilong describe city --source civil
  lilong describe city --check         in CI: would anything break?")]
pub(crate) struct Options {
    #[command(flatten)]
    catalog: CatalogFolder,
    /// Only this source; may be given several times
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Write nothing; exit 1 if a change is breaking
    #[arg(long)]
    check: bool,
    /// Forget sources that have vanished
    #[arg(long)]
    prune: bool,
    /// Print {"described", "vanished", "failed", "changes": [{"breaking", "text"}]}
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let room = Room::make();
    let before = Opened::open(&options.catalog.folder, Ask::Never).await;
    let Descriptions { stored: old, orphans, findings: damaged, .. } = before.stored();
    if options.check {
        // With what cannot be read nothing can be compared.
        catalog::refuse(&damaged)?;
    }
    let (old_model, _) = before.model(&old);
    let mut opened = Opened::open(&options.catalog.folder, Ask::Always).await;
    room.leave_to(&opened.catalog.server.limits);
    catalog::refuse(&opened.findings)?;
    if let Some(unknown) = options.source.iter().find(|name| !opened.sources.contains_key(*name)) {
        for problem in &opened.silent {
            output::say(&format!("lilong: {problem}"));
        }
        return Err(Failure::Usage(format!("--source: there is no source `{unknown}` in the catalog")));
    }
    if !options.check {
        for problem in &damaged {
            output::say(&format!("lilong: {problem}"));
        }
    }
    let vanished = opened.vanished.clone();
    if options.prune {
        opened.forget_vanished();
    }
    let wanted: Vec<String> = opened
        .sources
        .keys()
        .filter(|name| options.source.is_empty() || options.source.contains(name))
        .filter(|name| !vanished.contains(*name))
        .cloned()
        .collect();
    let progress = Progress::new("describing sources");
    let described = opened
        .describe(&wanted, &|done, total, name: &str| {
            progress.at(done as u64, total as u64, name);
        })
        .await;
    drop(progress);
    let mut new = old.clone();
    new.retain(|name, _| opened.sources.contains_key(name));
    new.extend(described.found.clone());
    let (new_model, findings) = opened.model(&new);
    let mut failed: Vec<_> = described.failed.iter().map(|(name, error)| opened.silent(name, error)).collect();
    // Who asks for single sources has what he wants, whatever else there may be.
    if options.source.is_empty() {
        failed.extend(opened.silent.iter().cloned());
    } else if !options.prune {
        let gone = |name: &&String| options.source.contains(name);
        failed.extend(vanished.iter().filter(gone).map(|name| {
            let hint = "bring it back, or forget it by `lilong describe --prune`";
            Problem::new(format!("source {name}"), "has vanished: what it was found by is not there", hint)
        }));
    }
    let mut changes = compare::compare(&old_model.federated, &new_model.federated);
    changes.extend(orphans.iter().map(|name| Change {
        breaking: true,
        text: format!("removed source {name}: the catalog no longer names it (accepted by `lilong describe --prune`)"),
    }));
    if !options.check {
        let pruned = if options.prune { opened.prune() } else { Vec::new() };
        for problem in opened.keep(&described.found).into_iter().chain(pruned) {
            output::say(&format!("lilong: {problem}"));
        }
    }
    // A first description is no change: there was nothing that clients could have used.
    let first = old.is_empty() && orphans.is_empty();
    if options.json {
        let changes: Vec<_> =
            changes.iter().map(|change| json!({"breaking": change.breaking, "text": change.text})).collect();
        output::print_json(&json!({
            "described": described.found.keys().collect::<Vec<_>>(),
            "vanished": vanished,
            "failed": failed,
            "changes": if first { Vec::new() } else { changes },
        }))?;
    } else {
        for change in changes.iter().filter(|_| !first) {
            let mark = if change.breaking { "breaking: " } else { "" };
            output::print(&format!("{mark}{}\n", change.text))?;
        }
        let breaking = changes.iter().filter(|change| change.breaking).count();
        let outcome = match (first, changes.len()) {
            (true, _) => format!("{} found", output::count(new_model.federated.collections.len(), "collection")),
            (false, 0) => "nothing changed".to_owned(),
            (false, 1) => format!("1 change, {breaking} breaking"),
            (false, count) => format!("{count} changes, {breaking} breaking"),
        };
        let sources = output::count(described.found.len(), "source");
        output::print(&format!("{sources} described: {outcome}\n"))?;
    }
    for name in &vanished {
        let what = match (options.prune, options.check) {
            (true, false) => "is forgotten",
            (true, true) => "would be forgotten",
            (false, _) => "keeps its fields until `lilong describe --prune`",
        };
        output::say(&format!("lilong: source {name} has vanished and {what}"));
    }
    for problem in &failed {
        output::say(&format!("lilong: {problem}"));
    }
    catalog::refuse(&findings)?;
    if options.check && changes.iter().any(|change| change.breaking) {
        return Err(Failure::Said(1));
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Said(3)) }
}
