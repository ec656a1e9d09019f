//! Sources that join while the gateway serves: described in the background, tried again while they are down.
//!
//! *Invariant*: one that hangs keeps no other from joining.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use lilong_connectors::Result;
use lilong_schema::{Severity, SourceDescription};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Opened;
use super::describe::{Described, PATIENCE};
use crate::gateway::Gateway;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long those that have answered wait for others to join with.
const COMPANY: Duration = Duration::from_secs(1);
/// Sources asked at the same time, those that hang among them.
const AT_ONCE: usize = 32;

/// The sources that a running gateway still waits for.
pub struct Joining {
    opened: Opened,
    descriptions: BTreeMap<String, SourceDescription>,
    missing: Vec<String>,
    gateway: Gateway,
    /// Those that have been asked and have not answered yet.
    asked: Asked,
    /// What the log has been told of each, so that it is told changes only.
    told: BTreeMap<String, String>,
}

/// Sources that are asked what they are.
struct Asked {
    answers: FuturesUnordered<BoxFuture<'static, (String, Result<SourceDescription>)>>,
    names: BTreeSet<String>,
    turns: Arc<Semaphore>,
}

impl Joining {
    /// `missing` are the names to describe; `descriptions` those that the gateway serves already.
    pub fn new(
        opened: Opened,
        descriptions: BTreeMap<String, SourceDescription>,
        missing: Vec<String>,
        gateway: Gateway,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let asked = Asked { answers: FuturesUnordered::new(), names: BTreeSet::new(), turns };
        Self { opened, descriptions, missing, gateway, asked, told: BTreeMap::new() }
    }

    /// Asks until every source has joined, with pauses that double.
    pub async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.ask().await;
            let mut over = pin!(sleep(pause));
            while !self.has_all()
                && let Some(answers) = self.answers(over.as_mut()).await
            {
                self.join(answers);
            }
            if self.has_all() {
                return;
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    fn has_all(&self) -> bool {
        self.missing.is_empty() && self.opened.silent.is_empty()
    }

    /// Asks each block that nobody answered, and each missing source that is not being asked.
    async fn ask(&mut self) {
        for name in self.opened.discover_again().await {
            if let Some(following) = self.opened.sources.get(&name).and_then(|source| source.follow()) {
                tokio::spawn(following);
            }
            self.missing.push(name);
        }
        for name in &self.missing {
            if !self.asked.names.contains(name)
                && let Some(describing) = self.opened.describing(PATIENCE, name)
            {
                let turns = self.asked.turns.clone();
                self.asked.names.insert(name.clone());
                self.asked.answers.push(
                    async move {
                        let _turn = turns.acquire_owned().await;
                        describing.await
                    }
                    .boxed(),
                );
            }
        }
    }

    /// What some of those that were asked said; `None`: nobody says anything until a time is over.
    async fn answers(&mut self, over: std::pin::Pin<&mut tokio::time::Sleep>) -> Option<Described> {
        let mut described = Described::default();
        let Asked { answers, names, .. } = &mut self.asked;
        let mut take = |described: &mut Described, (name, answer): (String, Result<SourceDescription>)| {
            names.remove(&name);
            described.add(name, answer);
        };
        if answers.is_empty() {
            over.await;
            return None;
        }
        let Either::Left((Some(first), _)) = select(answers.next(), over).await else { return None };
        take(&mut described, first);
        let mut company = pin!(sleep(COMPANY));
        while let Either::Left((Some(next), _)) = select(answers.next(), company.as_mut()).await {
            take(&mut described, next);
        }
        Some(described)
    }

    /// Takes those in that have said what they are.
    fn join(&mut self, described: Described) {
        for (name, error) in &described.failed {
            let problem = self.opened.silent(name, error).to_string();
            if self.told.insert(name.clone(), problem.clone()).as_ref() != Some(&problem) {
                tracing::warn!("{problem}");
            }
        }
        self.missing.retain(|name| !described.found.contains_key(name));
        if described.found.is_empty() {
            return;
        }
        if let Some(problem) = self.opened.keep(&described.found) {
            tracing::warn!("{problem}");
        }
        let names: Vec<String> = described.found.keys().cloned().collect();
        self.descriptions.extend(described.found);
        let (model, findings) = self.opened.model(&self.descriptions);
        // Nobody is there to mend the catalog now: what cannot be served is left out and told.
        for finding in findings.iter().filter(|finding| finding.severity == Severity::Problem) {
            tracing::error!("{finding}");
        }
        self.gateway.replace(model);
        tracing::info!("{} joined: {}", if names.len() == 1 { "a source" } else { "sources" }, names.join(", "));
    }
}
