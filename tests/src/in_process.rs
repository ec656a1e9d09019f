//! A gateway in the test's own process, over a catalog's folder.

use std::path::Path;

use lilong::assembly::{Ask, Opened};
use lilong::{Gateway, Model};
use lilong_schema::problem::report;

/// Describes every source of a catalog and serves it.
///
/// # Panics
/// If the catalog has a problem or a source cannot be described.
pub async fn serve(folder: &Path) -> Gateway {
    let opened = Opened::open(folder, Ask::Always).await;
    assert!(!opened.has_problems(), "{}", report(&opened.findings));
    let names = opened.catalog.sources.iter().map(|source| source.name.clone()).collect::<Vec<_>>();
    let described = opened.describe(&names, &|_, _, _| {}).await;
    assert!(described.failed.is_empty(), "{:?}", described.failed);
    let (model, findings): (Model, _) = opened.model(&described.found);
    assert!(
        findings.iter().all(|finding| finding.severity != lilong_schema::Severity::Problem),
        "{}",
        report(&findings)
    );
    Gateway::of(model, &opened.catalog.server)
}
