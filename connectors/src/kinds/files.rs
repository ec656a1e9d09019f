//! Files that people keep data in: CSV, workbooks, JSON lines, Parquet.
//!
//! In: a block with `path`. Out: a [`Connector`] that does everything by itself, over tables it reads as a whole and holds
//! while the files stay as they are. *Invariant*: files are opened for reading only; opening a connector touches none.

mod build;
mod column;
mod content;
mod csv;
mod describe;
mod discover;
mod encoding;
mod format;
mod infer;
mod location;
mod merged;
mod ndjson;
mod obstacle;
mod parquet;
mod settings;
mod sheet;
mod store;
mod value;
mod workbook;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::BoxFuture;
use futures::{FutureExt, stream};
use lilong_schema::catalog::SourceSettings;
use lilong_schema::{Capabilities, Collection, Field, Problem, SourceDescription};
use tokio::sync::Semaphore;

use self::store::Store;
use super::Kind;
use crate::deadline::within;
use crate::sweeping::keep_swept;
use crate::tables::{self, Reader, Table};
use crate::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};

/// The entry of the list.
pub(super) const KIND: Kind =
    Kind { name: "files", keys: &[settings::KEYS], open, discovery: Some(discover::DISCOVERY) };

/// Rows of one batch, at most.
const BATCH: usize = 8_192;

/// The files of one source.
struct Files {
    store: Arc<Store>,
    permits: Arc<Semaphore>,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(block: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let settings = settings::read(block)?;
    let permits = Arc::new(Semaphore::new(block.tuning.connections.max(1)));
    Ok(Arc::new(Files { store: Store::new(settings, block), permits }))
}

impl Files {
    /// Runs a job on a thread that may block. It runs to its end though the future is dropped: what it has read by then
    /// serves whoever asks next.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&Arc<Store>) -> Result<T> + Send + 'static) -> Result<T> {
        let store = self.store.clone();
        let wait = store.tuning().wait_timeout;
        let Ok(Ok(permit)) = within(wait, self.permits.clone().acquire_owned()).await else {
            let context = format!("waiting for one of {} turns to read", store.tuning().connections);
            return Err(Error::new(ErrorKind::Overloaded, store.source().clone(), context));
        };
        let source = store.source().clone();
        let joined = tokio::task::spawn_blocking(move || {
            let done = job(&store);
            drop(permit);
            done
        });
        joined
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, source, "reading files").because(error)))
    }
}

impl Connector for Files {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        self.run(|store| describe::describe(store.source(), store.settings(), store.block())).boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        tables::check(fetch, self.capabilities()).map_err(|needs| {
            let context = format!("collection {}: asked for {needs}, which is not claimed", fetch.collection.name);
            Error::new(ErrorKind::Internal, self.store.source().clone(), context)
        })?;
        Ok(Native { text: tables::text(fetch), parts: Arc::new(()) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            fetch.prepared.native(self)?;
            keep_swept(&self.store);
            let fetch = fetch.clone();
            let pieces = self
                .run(move |store| {
                    let seen: RefCell<HashMap<String, Arc<Table>>> = RefCell::default();
                    let find = |collection: &Collection| {
                        if let Some(table) = seen.borrow().get(&collection.name) {
                            return Ok(table.clone());
                        }
                        let table = store.table(collection)?;
                        seen.borrow_mut().insert(collection.name.clone(), table.clone());
                        Ok(table)
                    };
                    Reader::new(store.source(), (usize::MAX, BATCH), &find, &fetch).rows()
                })
                .await?;
            let rows: RowStream = Box::pin(stream::iter(pieces));
            Ok(rows)
        }
        .boxed()
    }

    fn orders_exactly(&self, _: &Field) -> bool {
        true
    }

    fn dialect(&self) -> Option<String> {
        Some("files".to_owned())
    }

    fn as_of(&self) -> Option<SystemTime> {
        self.store.as_of()
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.run(|store| {
            let (files, _) = location::files(store.settings())
                .map_err(|(folder, obstacle)| obstacle.at(store.source(), "listing", &folder))?;
            for found in files {
                location::stamp(store.settings(), &found.path)
                    .map_err(|obstacle| obstacle.at(store.source(), "looking at", &found.path))?;
            }
            Ok(())
        })
        .boxed()
    }
}
