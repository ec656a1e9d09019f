//! `[[discover]]` blocks → sources.
//!
//! *Invariant*: a source that was found once stays until it is forgotten on purpose.

use std::collections::BTreeSet;

use lilong_schema::Problem;
use lilong_schema::catalog::{Catalog, SourceSettings};
use lilong_schema::descriptions::Discovered;

use super::{Ask, known_kind};

/// What the blocks of a catalog stand for.
pub(super) struct Found {
    /// Each with the part it was found by.
    pub(super) sources: Vec<(String, SourceSettings)>,
    pub(super) vanished: BTreeSet<String>,
    pub(super) now: Vec<(SourceSettings, Vec<String>)>,
    pub(super) discovered: Discovered,
}

/// Expands every block, by what is stored or by asking.
pub(super) async fn expand(catalog: &Catalog, ask: Ask, findings: &mut Vec<Problem>) -> Found {
    let discovered = Discovered::read(&catalog.folder).unwrap_or_else(|problem| {
        // Whoever asks anyway writes the file anew.
        if ask != Ask::Always {
            findings.push(problem);
        }
        Discovered::default()
    });
    let mut found = Found { sources: Vec::new(), vanished: BTreeSet::new(), now: Vec::new(), discovered };
    for block in &catalog.discover {
        let Some(kind) = known_kind(block, findings) else {
            continue;
        };
        let Some(discovery) = &kind.discovery else {
            let what = format!("sources of the kind `{}` cannot be discovered", kind.name);
            let problem = Problem::new(block.about(), what, "write a [[source]] block for each");
            findings.push(problem.at(&block.place.file, block.place.line));
            continue;
        };
        let mut parts: BTreeSet<String> = found.discovered.parts(block).unwrap_or_default().iter().cloned().collect();
        let fresh = match ask {
            Ask::Never => None,
            Ask::Missing if !parts.is_empty() => None,
            Ask::Missing | Ask::Always => match (discovery.parts)(block).await {
                Ok(parts) => Some(parts),
                Err(problems) => {
                    findings.extend(problems);
                    None
                }
            },
        };
        if let Some(fresh) = fresh {
            if fresh.is_empty() && parts.is_empty() {
                let hint = "look at the pattern and at what is there";
                let problem = Problem::warning(block.about(), "found no source", hint);
                findings.push(problem.at(&block.place.file, block.place.line));
            }
            found.now.push((block.clone(), fresh.clone()));
            let fresh: BTreeSet<String> = fresh.into_iter().collect();
            let gone = parts.difference(&fresh).map(|part| (discovery.narrow)(block, part).name);
            found.vanished.extend(gone);
            parts.extend(fresh);
        }
        found.sources.extend(parts.iter().map(|part| (part.clone(), (discovery.narrow)(block, part))));
        found.discovered.set(block, parts.into_iter().collect());
    }
    found
}
