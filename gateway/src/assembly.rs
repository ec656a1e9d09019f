//! From a catalog's folder to a model that can be served: load → discover → open → read descriptions → federate.
//!
//! In: a folder. Out: an [`Opened`] catalog, the descriptions stored for it, and a [`Model`]. *Invariant*: all problems
//! of a stage are found before it ends, and a source that is down is never a problem.

mod describe;
mod discover;
mod joining;
mod keep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use lilong_connectors::source::{InProcess, Store};
use lilong_connectors::{Error, ErrorKind, Source, kinds, pool};
use lilong_schema::catalog::{self, Catalog, SourceSettings};
use lilong_schema::descriptions::{self, Discovered, Stored};
use lilong_schema::problem::{nearest, shown};
use lilong_schema::{Problem, Severity, SourceDescription, federate};
use tokio::sync::Semaphore;

pub use describe::Described;
pub use joining::Joining;

use crate::model::Model;

/// When `[[discover]]` blocks ask for what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Never: only what `descriptions/discovered.json` says.
    Never,
    /// Where nothing is stored.
    Missing,
    /// Always; what is stored and was not found again is kept as vanished.
    Always,
}

/// A catalog with all its sources, each with a connector that has not been used yet.
pub struct Opened {
    /// The catalog; discovered sources stand among the others.
    pub catalog: Catalog,
    /// Problems and warnings so far.
    pub findings: Vec<Problem>,
    /// By name.
    pub sources: BTreeMap<String, Arc<Source>>,
    /// Discovered before, not found again.
    pub vanished: BTreeSet<String>,
    /// What is to be said of `[[discover]]` blocks that were asked in vain. What they found before is among the sources;
    /// what they would find now joins when somebody answers.
    pub silent: Vec<Problem>,
    /// Those blocks.
    undiscovered: Vec<SourceSettings>,
    /// What the blocks that were asked found, without what had been found before.
    found_now: Vec<(SourceSettings, Vec<String>)>,
    discovered: Discovered,
    /// Turns of the running fetches of all sources.
    ceiling: Arc<Semaphore>,
    /// What is kept of all sources.
    store: Arc<dyn Store>,
}

/// What is stored of a catalog's sources.
#[derive(Debug, Default)]
pub struct Descriptions {
    /// By source; those that are out of date among them, for they are better than none.
    pub stored: BTreeMap<String, SourceDescription>,
    /// Sources to describe: nothing is stored, or it was made with other settings.
    pub missing: Vec<String>,
    /// Sources that were described once and that the catalog does not name any more.
    pub orphans: Vec<String>,
    /// Files that cannot be read.
    pub findings: Vec<Problem>,
}

impl Opened {
    /// Reads a catalog, expands its `[[discover]]` blocks and opens a connector for each source; asks no source.
    pub async fn open(folder: &Path, ask: Ask) -> Self {
        let (mut catalog, mut findings) = catalog::load(folder);
        let discovered = discover::read(&catalog, ask, &mut findings);
        let found = discover::expand(&catalog.discover, discovered, ask, &mut findings).await;
        add_discovered(&mut catalog, found.sources, found.silent.is_empty(), &mut findings);
        if findings.is_empty() && catalog.sources.is_empty() && catalog.discover.is_empty() {
            let hint = "write a [[source]] or [[discover]] block, in a file of sources/ for example";
            findings.push(Problem::warning("", "the catalog names no source yet", hint));
        }
        let ceiling = Arc::new(Semaphore::new(catalog.server.limits.connections.min(pool::room())));
        let store: Arc<dyn Store> = InProcess::new(catalog.server.limits.cache_bytes);
        let (undiscovered, silent) = found.silent.into_iter().unzip();
        let mut opened = Self {
            catalog,
            findings: Vec::new(),
            sources: BTreeMap::new(),
            vanished: found.vanished,
            silent,
            undiscovered,
            found_now: found.now,
            discovered: found.discovered,
            ceiling,
            store,
        };
        opened.note_unknown();
        opened.connect(&mut findings);
        findings.extend(opened.catalog.unusable.iter().flat_map(faults_beside));
        opened.findings = findings;
        opened
    }

    /// Asks the blocks again that nobody answered: what is found is opened; its names.
    async fn discover_again(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        let blocks = std::mem::take(&mut self.undiscovered);
        let discovered = std::mem::take(&mut self.discovered);
        let found = discover::expand(&blocks, discovered, Ask::Missing, &mut findings).await;
        self.discovered = found.discovered;
        (self.undiscovered, self.silent) = found.silent.into_iter().unzip();
        self.note_unknown();
        add_discovered(&mut self.catalog, found.sources, self.undiscovered.is_empty(), &mut findings);
        let names = self.connect(&mut findings);
        for finding in findings {
            tracing::error!("{finding}");
        }
        names
    }

    /// Tells the catalog which blocks may stand for sources that nobody knows.
    fn note_unknown(&mut self) {
        let never = |block: &&SourceSettings| self.discovered.parts(block).is_none_or(<[String]>::is_empty);
        self.catalog.unknown = self.undiscovered.iter().filter(never).map(|block| block.name.clone()).collect();
    }

    /// Opens a connector for each source that has none and whose kind is known; their names.
    fn connect(&mut self, findings: &mut Vec<Problem>) -> Vec<String> {
        let mut names = Vec::new();
        for settings in &self.catalog.sources {
            if self.sources.contains_key(&settings.name) {
                continue;
            }
            let Some(kind) = known_kind(settings, findings) else {
                continue;
            };
            match (kind.open)(settings) {
                Ok(connector) => {
                    let source = Source::keeping(settings, connector, self.ceiling.clone(), &self.store);
                    self.sources.insert(settings.name.clone(), source);
                    names.push(settings.name.clone());
                }
                Err(problems) => findings.extend(problems),
            }
        }
        names
    }

    /// Whether it cannot be served.
    pub fn has_problems(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Problem)
    }

    /// Reads the stored descriptions.
    pub fn stored(&self) -> Descriptions {
        let mut all = Descriptions::default();
        for settings in &self.catalog.sources {
            match descriptions::read(&self.catalog.folder, settings) {
                Ok(Stored::Found(description)) => {
                    all.stored.insert(settings.name.clone(), description);
                }
                Ok(Stored::Stale(description)) => {
                    all.stored.insert(settings.name.clone(), description);
                    all.missing.push(settings.name.clone());
                }
                Ok(Stored::Missing) => all.missing.push(settings.name.clone()),
                Err(problem) => all.findings.push(problem),
            }
        }
        let names = self.catalog.sources.iter().map(|settings| settings.name.as_str());
        match descriptions::orphans(&self.catalog.folder, names) {
            Ok(orphans) => all.orphans = orphans,
            Err(error) => {
                let what = format!("descriptions/ cannot be read: {error}");
                all.findings.push(Problem::warning("", what, "let lilong read it"));
            }
        }
        // Two blocks of one name are a problem already; they are still one source.
        all.missing.dedup();
        all
    }

    /// Federates; the second part is what federation found.
    pub fn model(&self, descriptions: &BTreeMap<String, SourceDescription>) -> (Model, Vec<Problem>) {
        let (federated, mut findings) = federate::federate(&self.catalog, descriptions);
        let mut sources = Vec::with_capacity(federated.own_sources().len());
        for source in federated.own_sources() {
            match self.sources.get(&*source.name) {
                Some(opened) => {
                    opened.serve(source.collections.clone().map(|id| federated.collection(id).described.name.clone()));
                    sources.push(opened.clone());
                }
                None => sources.push(unusable(&source.name)),
            }
        }
        findings.extend(federated.warnings.iter().cloned());
        (Model { federated: Arc::new(federated), sources }, findings)
    }

    /// What is to be said of a source that gives no description.
    pub fn silent(&self, name: &str, error: &Error) -> Problem {
        let mut what = format!("cannot be described: {}", error.context);
        if let Some(cause) = &error.cause {
            what = format!("{what}: {cause}");
        }
        let hint = match error.kind {
            ErrorKind::Unavailable => "put that right; the source then joins by itself",
            ErrorKind::Timeout => "see why it is slow, or give it a longer `timeout`",
            ErrorKind::Overloaded => "give it more `connections`, or ask again when it has less to do",
            ErrorKind::Denied => "let the login read it",
            _ => "see the log of the source",
        };
        let problem = Problem::new(format!("source {}", shown(name)), what, hint);
        match self.catalog.sources.iter().find(|settings| settings.name == name) {
            Some(settings) => problem.at(&settings.place.file, settings.place.line),
            None => problem,
        }
    }
}

/// Puts discovered sources among the others and adds the settings of blocks that only add some. Only where `all` blocks were
/// answered it is known that such a block adds to nothing.
fn add_discovered(
    catalog: &mut Catalog,
    discovered: Vec<(String, SourceSettings)>,
    all: bool,
    findings: &mut Vec<Problem>,
) {
    let place = |settings: &SourceSettings| format!("{}:{}", settings.place.file.display(), settings.place.line);
    let mut taken: BTreeMap<String, String> = catalog
        .sources
        .iter()
        .map(|settings| (settings.name.clone(), format!("the source at {}", place(settings))))
        .collect();
    for (part, settings) in discovered {
        if let Some(other) = taken.get(&settings.name) {
            let what = format!("the name that `{}` would have is taken by {other}", shown(&part));
            let hint = "give one of them another name, or the [[discover]] block another `name` pattern or `path`";
            let problem = Problem::new(format!("source {}", shown(&settings.name)), what, hint);
            findings.push(problem.at(&settings.place.file, settings.place.line));
            continue;
        }
        let found = format!("`{}`, found by {}", shown(&part), place(&settings));
        taken.insert(settings.name.clone(), found);
        catalog.sources.push(settings);
    }
    for addition in &catalog.additions {
        if let Some(settings) = catalog.sources.iter_mut().find(|settings| settings.name == addition.name) {
            settings.add(addition);
            if let Some((what, hint)) = settings.tuning.misfit() {
                let problem = Problem::new(addition.about(), what, hint);
                findings.push(problem.at(&addition.place.file, addition.place.line));
            }
            continue;
        }
        if !all {
            continue;
        }
        let near = nearest(&addition.name, catalog.sources.iter().map(|settings| settings.name.as_str()));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`? a source of its own needs `connector` and `path` or `url`"),
            None => "a source of its own needs `connector` and `path` or `url`".to_owned(),
        };
        let what = "has no `connector`, and no [[discover]] block found a source of this name";
        let problem = Problem::new(addition.about(), what, hint);
        findings.push(problem.at(&addition.place.file, addition.place.line));
        findings.extend(unknown_keys(addition));
    }
}

/// What is wrong with a block beside what keeps it from being a source.
fn faults_beside(settings: &SourceSettings) -> Vec<Problem> {
    let mut findings = Vec::new();
    match known_kind(settings, &mut findings) {
        Some(_) if settings.is_pattern() => findings.extend(unknown_keys(settings)),
        Some(kind) => findings.extend((kind.open)(settings).err().unwrap_or_default()),
        None => {}
    }
    findings
}

/// Keys of a block that its kind does not know; where the kind is not known, that no kind knows.
fn unknown_keys(settings: &SourceSettings) -> Vec<Problem> {
    let kinds = kinds::find(&settings.connector).map_or(kinds::KINDS, std::slice::from_ref);
    let keys: BTreeSet<&str> = kinds.iter().flat_map(|kind| kind.keys.concat()).collect();
    settings.unknown_options(&keys.into_iter().collect::<Vec<_>>())
}

/// The kind that a block names. If there is none that is a problem, beside those of its keys; the loader has told of blocks
/// that name none at all.
fn known_kind(settings: &SourceSettings, findings: &mut Vec<Problem>) -> Option<&'static kinds::Kind> {
    let kind = kinds::find(&settings.connector);
    if kind.is_some() {
        return kind;
    }
    if !settings.connector.is_empty() {
        let names: Vec<&str> = kinds::KINDS.iter().map(|kind| kind.name).collect();
        let all = names.join(", ");
        let written = settings.as_written(&settings.connector);
        let hint = match nearest(&written, names) {
            _ if ["sqlserver", "mssql"].contains(&written.as_str()) => {
                "SQL Server is not supported: there was none to hold lilong to; an `ndc` connector may reach it"
                    .to_owned()
            }
            Some(near) => format!("did you mean `{near}`? the kinds are: {all}"),
            None => format!("the kinds are: {all}"),
        };
        let what = format!("there is no connector `{written}`");
        findings.push(Problem::new(settings.about(), what, hint).at(&settings.place.file, settings.place.line));
    }
    findings.extend(unknown_keys(settings));
    None
}

/// Stands for a source that could not be opened, in a model that is looked at but never served: the findings hold a
/// problem for each.
fn unusable(name: &Arc<str>) -> Arc<Source> {
    Source::new(
        name.clone(),
        Arc::new(describe::Unusable(name.clone())),
        &catalog::Tuning::default(),
        Arc::new(Semaphore::new(0)),
    )
}
