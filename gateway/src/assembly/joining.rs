//! Sources that join while the gateway serves: described in the background, tried again while they are down.

use std::collections::BTreeMap;
use std::time::Duration;

use lilong_schema::{Severity, SourceDescription};

use super::Opened;
use crate::gateway::Gateway;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The sources that a running gateway still waits for.
pub struct Joining {
    opened: Opened,
    descriptions: BTreeMap<String, SourceDescription>,
    missing: Vec<String>,
    gateway: Gateway,
}

impl Joining {
    /// `missing` are the names to describe; `descriptions` those that the gateway serves already.
    pub fn new(
        opened: Opened,
        descriptions: BTreeMap<String, SourceDescription>,
        missing: Vec<String>,
        gateway: Gateway,
    ) -> Self {
        Self { opened, descriptions, missing, gateway }
    }

    /// Asks until every source has joined, with pauses that double.
    pub async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut told = BTreeMap::new();
        loop {
            self.round(&mut told).await;
            if self.missing.is_empty() && self.opened.silent.is_empty() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Asks each block that nobody answered, and each missing source, once. `told` keeps what the log has been told, so that it is told changes only.
    async fn round(&mut self, told: &mut BTreeMap<String, String>) {
        for name in self.opened.discover_again().await {
            if let Some(following) = self.opened.sources.get(&name).and_then(|source| source.follow()) {
                tokio::spawn(following);
            }
            self.missing.push(name);
        }
        let described = self.opened.describe(&self.missing, &|_, _, _| {}).await;
        for (name, error) in &described.failed {
            let problem = self.opened.silent(name, error).to_string();
            if told.insert(name.clone(), problem.clone()).as_ref() != Some(&problem) {
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
