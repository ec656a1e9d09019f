//! SQLite files, read in place.
//!
//! In: a block with `path`. Out: a [`Connector`] that does everything by itself. *Invariant*: the file is opened
//! read-only and nothing is ever written beside it; opening a connector does not touch it.

mod access;
mod aggregate;
mod crew;
mod decode;
mod describe;
mod dialect;
mod discover;
mod expression;
mod fault;
mod fetch;
mod form;
mod functions;
mod indexes;
mod pool;
mod prefix;
mod scan;
mod settings;
mod storage;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::{Capabilities, Field, Problem, Scalar, SourceDescription, Value};
use rusqlite::Connection;

use self::access::Watch;
use self::decode::Decoder;
use self::dialect::Sqlite;
use self::fetch::Parts;
use self::pool::{CancelOnDrop, Control, Pool};
use self::storage::Storage;
use super::Kind;
use crate::sql::translate::translate;
use crate::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};

/// The entry of the list.
pub(super) const KIND: Kind =
    Kind { name: "sqlite", keys: &[settings::KEYS], open, discovery: Some(discover::DISCOVERY) };

/// How long describing may take before it first looks at a collection.
const PATIENCE: Duration = Duration::from_secs(20);

/// One file.
struct Database {
    pool: Arc<Pool>,
    settings: Arc<SourceSettings>,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(settings: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let path = settings::path(settings)?;
    let path = path.option.resolve(path.value);
    let source: Arc<str> = settings.name.as_str().into();
    Ok(Arc::new(Database {
        pool: Pool::new(source, Watch::new(path), settings.tuning.clone()),
        settings: Arc::new(settings.clone()),
    }))
}

impl Database {
    /// Runs a job with a connection of its own on a thread that may block. Dropping the future stops it.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        time: Duration,
        job: impl FnOnce(&Connection, &Control) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.pool.turn().await?;
        let control = Control::until(Instant::now() + time);
        let guard = CancelOnDrop(control.clone());
        let pool = self.pool.clone();
        let joined = tokio::task::spawn_blocking(move || {
            let lease = pool.lease(permit, &control)?;
            match job(&lease.connection, &control) {
                Ok(done) => {
                    lease.check_unchanged()?;
                    lease.give_back();
                    Ok(done)
                }
                Err(error) => {
                    if !fault::spoils_connection(&error) {
                        lease.give_back();
                    }
                    let doing = format!("{doing} {}", pool.path().display());
                    Err(fault::of_engine(pool.source(), &doing, error))
                }
            }
        })
        .await;
        drop(guard);
        joined.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Internal, self.pool.source().clone(), doing).because(error))
        })
    }
}

impl Connector for Database {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        let settings = self.settings.clone();
        self.run("describing", PATIENCE, move |connection, control| describe::describe(connection, &settings, control))
            .boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let (text, slots) = translate(&Sqlite, fetch).map_err(|error| {
            Error::new(ErrorKind::Internal, self.pool.source().clone(), "translating").because(error)
        })?;
        let answer = fetch.answer();
        let decoder = |field: &Field| Decoder { scalar: field.scalar, storage: Storage::of(field) };
        let decoders = answer.iter().map(|field| decoder(field)).collect();
        let parts = Parts { text: text.clone(), slots, decoders };
        Ok(Native { text, parts: Arc::new(parts) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let parts = fetch.prepared.parts::<Parts>(self, self.pool.source())?;
            fetch::fetch(&self.pool, parts, fetch, context).await
        }
        .boxed()
    }

    fn orders_exactly(&self, field: &Field) -> bool {
        let plain = storage::collation(field) == storage::Collation::Binary && Storage::of(field) == Storage::Plain;
        field.scalar != Scalar::String || plain
    }

    fn resumes(&self, field: &Field, value: Option<&Value>) -> bool {
        // A number, a text and a blob that print alike stand in different places.
        let blobs = field.details.contains_key(storage::BLOBS);
        let prints_as_none =
            |value: &Value| matches!(value, Value::Text(text) if !blobs && text.trim().parse::<f64>().is_err());
        Storage::of(field) != Storage::Mixed || value.is_some_and(|value| value.is_null() || prints_as_none(value))
    }

    fn dialect(&self) -> Option<String> {
        Some("sqlite".to_owned())
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.run("reading the schema of", self.settings.tuning.timeout, |connection, _| {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        })
        .boxed()
    }
}
