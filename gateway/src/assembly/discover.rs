//! `[[discover]]` blocks → sources.
//!
//! *Invariant*: a source that was found once stays until it is forgotten on purpose.

use std::collections::BTreeSet;

use futures::future::join_all;
use lilong_connectors::kinds::{Discovery, Undiscovered};
use lilong_schema::Problem;
use lilong_schema::catalog::{Catalog, SourceSettings};
use lilong_schema::descriptions::Discovered;

use super::{Ask, known_kind};

/// What the blocks of a catalog stand for.
#[derive(Default)]
pub(super) struct Found {
    /// Each with the part it was found by.
    pub(super) sources: Vec<(String, SourceSettings)>,
    pub(super) vanished: BTreeSet<String>,
    pub(super) now: Vec<(SourceSettings, Vec<String>)>,
    pub(super) discovered: Discovered,
    /// Blocks that nobody answered, and what is to be said of each.
    pub(super) silent: Vec<(SourceSettings, Problem)>,
}

/// Reads what is stored. Whoever asks anyway writes the file anew, whatever is in it.
pub(super) fn read(catalog: &Catalog, ask: Ask, findings: &mut Vec<Problem>) -> Discovered {
    Discovered::read(&catalog.folder).unwrap_or_else(|problem| {
        if ask != Ask::Always {
            findings.push(problem);
        }
        Discovered::default()
    })
}

/// Expands every block, by what is stored or by asking.
pub(super) async fn expand(
    blocks: &[SourceSettings],
    discovered: Discovered,
    ask: Ask,
    findings: &mut Vec<Problem>,
) -> Found {
    let mut found = Found { discovered, ..Found::default() };
    let mut known = Vec::new();
    for (position, block) in blocks.iter().enumerate() {
        let Some(kind) = known_kind(block, findings) else {
            continue;
        };
        if let Some(same) = blocks[..position].iter().find(|other| Discovered::is_same(other, block)) {
            let place = format!("{}:{}", same.place.file.display(), same.place.line);
            let what = format!("cannot be told from the [[discover]] block at {place}");
            let problem = Problem::new(block.about(), what, "give one of them another `name` pattern");
            findings.push(problem.at(&block.place.file, block.place.line));
            continue;
        }
        let Some(discovery) = &kind.discovery else {
            let what = format!("sources of the kind `{}` cannot be discovered", kind.name);
            let problem = Problem::new(block.about(), what, "write a [[source]] block for each");
            findings.push(problem.at(&block.place.file, block.place.line));
            continue;
        };
        let is_empty = found.discovered.parts(block).is_none_or(<[String]>::is_empty);
        known.push((block, discovery, ask == Ask::Always || ask == Ask::Missing && is_empty));
    }
    // Nobody who hangs keeps another from being asked.
    let asking = known
        .iter()
        .map(|(block, discovery, asks)| async move { if *asks { Some((discovery.parts)(block).await) } else { None } });
    let answers = join_all(asking).await;
    for ((block, discovery, _), answer) in known.into_iter().zip(answers) {
        found.take(block, discovery, answer, findings);
    }
    found
}

impl Found {
    fn take(
        &mut self,
        block: &SourceSettings,
        discovery: &Discovery,
        answer: Option<Result<Vec<String>, Undiscovered>>,
        findings: &mut Vec<Problem>,
    ) {
        let mut parts: BTreeSet<String> = self.discovered.parts(block).unwrap_or_default().iter().cloned().collect();
        match answer {
            Some(Ok(fresh)) => {
                if fresh.is_empty() && parts.is_empty() {
                    let hint = "look at the pattern and at what is there";
                    let problem = Problem::warning(block.about(), "found no source", hint);
                    findings.push(problem.at(&block.place.file, block.place.line));
                }
                self.now.push((block.clone(), fresh.clone()));
                let fresh: BTreeSet<String> = fresh.into_iter().collect();
                let gone = parts.difference(&fresh).map(|part| (discovery.narrow)(block, part).name);
                self.vanished.extend(gone);
                parts.extend(fresh);
                self.discovered.set(block, parts.iter().cloned().collect());
            }
            Some(Err(Undiscovered::Wrong(problems))) => findings.extend(problems),
            Some(Err(Undiscovered::Silent(problem))) => self.silent.push((block.clone(), problem)),
            None => {}
        }
        self.sources.extend(parts.into_iter().map(|part| {
            let settings = (discovery.narrow)(block, &part);
            (part, settings)
        }));
    }
}
