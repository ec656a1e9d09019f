//! Asks sources for their descriptions, several at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use lilong_connectors::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};
use lilong_schema::{Capabilities, SourceDescription};
use tokio::time::{Instant, timeout, timeout_at};

use super::Opened;

/// Sources asked at the same time.
const AT_ONCE: usize = 8;
/// How long one source may take: describing reads catalogues and samples, which takes longer than a fetch.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// What sources said.
#[derive(Debug, Default)]
pub struct Described {
    /// By source.
    pub found: BTreeMap<String, SourceDescription>,
    /// Those that gave no answer, by source.
    pub failed: BTreeMap<String, Error>,
}

impl Described {
    /// Notes what a source said.
    pub(super) fn add(&mut self, name: String, answer: Result<SourceDescription>) {
        match answer {
            Ok(description) => {
                self.found.insert(name, description);
            }
            Err(error) => {
                self.failed.insert(name, error);
            }
        }
    }
}

impl Opened {
    /// Asks the sources of these names, each for two minutes at most; `progress` hears how many of how many are done and
    /// which was the last.
    pub async fn describe(&self, names: &[String], progress: &(dyn Fn(usize, usize, &str) + Sync)) -> Described {
        let wanted = names.iter().filter_map(|name| self.describing(PATIENCE, name));
        gather(wanted, names.len(), progress).await
    }

    /// The same, with `patience` for all of them together.
    pub async fn describe_within(
        &self,
        patience: Duration,
        names: &[String],
        progress: &(dyn Fn(usize, usize, &str) + Sync),
    ) -> Described {
        let end = Instant::now() + patience;
        let wanted = names.iter().filter_map(|name| {
            let (name, describing) = (name.clone(), self.describing(patience, name)?);
            Some(async move {
                let late = || Err(no_description(&name, patience));
                if Instant::now() >= end {
                    return (name.clone(), late());
                }
                timeout_at(end, describing).await.unwrap_or_else(|_| (name.clone(), late()))
            })
        });
        gather(wanted, names.len(), progress).await
    }

    /// What a source says of itself within `patience`; `None`: there is none of that name.
    pub(super) fn describing(
        &self,
        patience: Duration,
        name: &str,
    ) -> Option<impl Future<Output = (String, Result<SourceDescription>)> + use<>> {
        let (name, source) = (name.to_owned(), self.sources.get(name)?.clone());
        Some(async move {
            let answer = timeout(patience, source.describe()).await;
            let answer = answer.unwrap_or_else(|_| Err(no_description(&name, patience)));
            (name, answer)
        })
    }
}

/// What all of some sources say, several asked at a time.
async fn gather(
    wanted: impl Iterator<Item = impl Future<Output = (String, Result<SourceDescription>)>>,
    count: usize,
    progress: &(dyn Fn(usize, usize, &str) + Sync),
) -> Described {
    let mut answers = stream::iter(wanted.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    let mut described = Described::default();
    let mut done = 0;
    progress(0, count, "");
    while let Some((name, answer)) = answers.next().await {
        done += 1;
        progress(done, count, &name);
        described.add(name, answer);
    }
    described
}

fn no_description(name: &str, patience: Duration) -> Error {
    Error::new(ErrorKind::Timeout, name, format!("no description within {patience:?}"))
}

/// The connector of a source that could not be opened: every answer is a fault.
pub(super) struct Unusable(pub(super) Arc<str>);

impl Unusable {
    fn fault<T>(&self) -> Result<T> {
        Err(Error::new(ErrorKind::Unavailable, self.0.clone(), "its settings are wrong"))
    }
}

impl Connector for Unusable {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        async { self.fault() }.boxed()
    }

    fn explain(&self, _: &Fetch) -> Result<Native> {
        self.fault()
    }

    fn fetch<'a>(&'a self, _: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async { self.fault() }.boxed()
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        async { self.fault() }.boxed()
    }
}
