//! A gateway in the test's own process, over a catalog's folder.

use std::collections::BTreeMap;
use std::path::Path;

use lilong::assembly::{Ask, Opened};
use lilong::{Gateway, Model};
use lilong_schema::SourceDescription;
use lilong_schema::problem::report;

/// Describes every source of a catalog and serves it.
///
/// # Panics
/// If the catalog has a problem or a source cannot be described.
pub async fn serve(folder: &Path) -> Gateway {
    let opened = open(folder).await;
    let described = ask(&opened).await;
    gateway(&opened, &described)
}

/// What every source of a catalog says of itself.
///
/// # Panics
/// If the catalog has a problem or a source cannot be described.
pub async fn describe(folder: &Path) -> BTreeMap<String, SourceDescription> {
    ask(&open(folder).await).await
}

/// Serves a catalog whose sources were described before, perhaps by other ways.
///
/// # Panics
/// If the catalog has a problem.
pub async fn serve_described(folder: &Path, described: &BTreeMap<String, SourceDescription>) -> Gateway {
    gateway(&open(folder).await, described)
}

async fn ask(opened: &Opened) -> BTreeMap<String, SourceDescription> {
    let names = opened.catalog.sources.iter().map(|source| source.name.clone()).collect::<Vec<_>>();
    let described = opened.describe(&names, &|_, _, _| {}).await;
    assert!(described.failed.is_empty(), "{:?}", described.failed);
    described.found
}

fn gateway(opened: &Opened, described: &BTreeMap<String, SourceDescription>) -> Gateway {
    let (model, findings): (Model, _) = opened.model(described);
    assert!(
        findings.iter().all(|finding| finding.severity != lilong_schema::Severity::Problem),
        "{}",
        report(&findings)
    );
    Gateway::of(model, &opened.catalog.server)
}

async fn open(folder: &Path) -> Opened {
    let opened = Opened::open(folder, Ask::Always).await;
    assert!(!opened.has_problems(), "{}", report(&opened.findings));
    opened
}
