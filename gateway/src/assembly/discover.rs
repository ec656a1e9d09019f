//! `[[discover]]` blocks → sources.
//!
//! *Invariant*: a source that was found once stays until it is forgotten on purpose.

use std::collections::BTreeSet;

use lilong_connectors::kinds::{Kind, Undiscovered};
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
        found.look(block, kind, ask, findings).await;
    }
    found
}

impl Found {
    async fn look(&mut self, block: &SourceSettings, kind: &Kind, ask: Ask, findings: &mut Vec<Problem>) {
        let Some(discovery) = &kind.discovery else {
            let what = format!("sources of the kind `{}` cannot be discovered", kind.name);
            let problem = Problem::new(block.about(), what, "write a [[source]] block for each");
            findings.push(problem.at(&block.place.file, block.place.line));
            return;
        };
        let mut parts: BTreeSet<String> = self.discovered.parts(block).unwrap_or_default().iter().cloned().collect();
        if ask == Ask::Always || ask == Ask::Missing && parts.is_empty() {
            match (discovery.parts)(block).await {
                Ok(fresh) => {
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
                Err(Undiscovered::Wrong(problems)) => findings.extend(problems),
                Err(Undiscovered::Silent(problem)) => self.silent.push((block.clone(), problem)),
            }
        }
        self.sources.extend(parts.into_iter().map(|part| {
            let settings = (discovery.narrow)(block, &part);
            (part, settings)
        }));
    }
}
