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
    pub(super) sources: Vec<SourceSettings>,
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
    let mut found = Found {
        sources: Vec::new(),
        vanished: BTreeSet::new(),
        now: Vec::new(),
        discovered,
    };
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
        let stored = found.discovered.parts(block).map(<[String]>::to_vec);
        let fresh = match (ask, &stored) {
            (Ask::Never, _) | (Ask::Missing, Some(_)) => None,
            (Ask::Missing, None) | (Ask::Always, _) => match (discovery.parts)(block).await {
                Ok(parts) => Some(parts),
                Err(problems) => {
                    findings.extend(problems);
                    None
                }
            },
        };
        let mut parts: BTreeSet<String> = stored.into_iter().flatten().collect();
        if let Some(fresh) = fresh {
            found.now.push((block.clone(), fresh.clone()));
            let fresh: BTreeSet<String> = fresh.into_iter().collect();
            let gone = parts
                .difference(&fresh)
                .map(|part| (discovery.narrow)(block, part).name);
            found.vanished.extend(gone);
            parts.extend(fresh);
        }
        if parts.is_empty() && ask != Ask::Never {
            let problem = Problem::warning(
                block.about(),
                "found no source",
                "look at the pattern and at what is there",
            );
            findings.push(problem.at(&block.place.file, block.place.line));
        }
        found
            .sources
            .extend(parts.iter().map(|part| (discovery.narrow)(block, part)));
        found.discovered.set(block, parts.into_iter().collect());
    }
    found
}
