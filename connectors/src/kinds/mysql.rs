//! MySQL and MariaDB databases.
//!
//! In: a block with `url`. Out: a [`Connector`] that does everything by itself but folding case. *Invariant*: sessions
//! only read; opening a connector does not touch the network.

mod aggregate;
mod analytic;
mod bind;
mod canonical;
mod carried;
mod decode;
mod describe;
mod dialect;
mod discover;
mod enumeration;
mod expression;
mod family;
mod fault;
mod fetch;
mod native;
mod pattern;
mod pool;
mod session;
mod settings;
mod slot;
mod storage;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::{Capabilities, Field, Problem, Scalar, SourceDescription, Value};
use sqlx::Connection;

use self::decode::Decoder;
use self::dialect::MySql;
use self::fetch::Parts;
use self::pool::Pool;
use super::Kind;
use crate::deadline::within;
use crate::pool::{Server, Slot};
use crate::sql::translate::{translate, translate_one_key};
use crate::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};

/// The entry of the list.
pub(super) const KIND: Kind =
    Kind { name: "mysql", keys: &[settings::KEYS], open, discovery: Some(discover::DISCOVERY) };

/// How long one query of describing may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// One database.
struct Database {
    pool: Arc<Pool>,
    settings: SourceSettings,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(settings: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let read = settings::read(settings)?;
    let source: Arc<str> = settings.name.as_str().into();
    Ok(Arc::new(Database { pool: Pool::new(source, read, settings.tuning.clone()), settings: settings.clone() }))
}

impl Database {
    fn source(&self) -> &Arc<str> {
        self.pool.source()
    }

    fn translate(&self, fetch: &Fetch, repeats: bool) -> Result<Parts> {
        let dialect = MySql { repeats, family: self.pool.settings().family };
        let wrong = |error| Error::new(ErrorKind::Internal, self.source().clone(), "translating").because(error);
        let one_key = translate_one_key(&dialect, fetch).map_err(wrong)?;
        let each_key = one_key.is_some();
        let (text, slots) = match one_key {
            Some(translated) => translated,
            None => translate(&dialect, fetch).map_err(wrong)?,
        };
        let decoders = fetch.answer().iter().map(|field| Decoder::of(field)).collect();
        Ok(Parts { pieces: text::cut(&text), slots, each_key, decoders })
    }

    /// Describing has a session of its own: its patience is another.
    async fn describe_now(&self) -> Result<SourceDescription> {
        let (source, tuning) = (self.source(), self.pool.tuning());
        let slot = Slot::take(source, Some(self.pool.server()), tuning.wait_timeout).await?;
        let mut session = session::open(source, self.pool.settings(), tuning, PATIENCE).await?;
        session.slot = Some(slot);
        let family = self.pool.settings().family;
        let describing = describe::describe(&mut session.connection, session.server, &self.settings, family);
        let described = within(PATIENCE, describing)
            .await
            .map_err(|_| Error::new(ErrorKind::Timeout, source.clone(), "describing"))?
            .map_err(|error| fault::of_driver(source, "describing", error));
        session.close(tuning.connect_timeout).await;
        described
    }

    async fn ping_now(&self) -> Result<()> {
        let mut lease = self.pool.lease().await?;
        loop {
            lease.busy = true;
            let pinging = lease.session()?.connection.ping();
            let pinged = within(self.pool.tuning().timeout, pinging).await;
            match pinged {
                Ok(Ok(())) => {
                    lease.busy = false;
                    lease.give_back();
                    return Ok(());
                }
                Ok(Err(_)) if lease.reused => lease = self.pool.replace(lease).await?,
                Ok(Err(error)) => {
                    lease.discard();
                    return Err(fault::of_driver(self.source(), "asking whether it is there", error));
                }
                Err(_) => {
                    lease.discard();
                    let context = "asking whether it is there";
                    return Err(Error::new(ErrorKind::Timeout, self.source().clone(), context));
                }
            }
        }
    }
}

impl Connector for Database {
    fn capabilities(&self) -> Capabilities {
        if self.pool.settings().family.analytic {
            // Subselects that look at the row around them serve in few places there, and long lists nowhere.
            return Capabilities {
                like: false,
                ilike: false,
                exists: false,
                order_links: false,
                link_aggregates: false,
                keys: 1_000,
                ..Capabilities::ALL
            };
        }
        Capabilities {
            // No collation of either server folds case as Unicode's simple folding does and nothing else.
            ilike: false,
            keys: 16_384,
            ..Capabilities::ALL
        }
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        self.describe_now().boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let parts = self.translate(fetch, true)?;
        let mut shown = bind::shown(&parts.pieces, &parts.slots);
        if parts.each_key {
            shown = format!("({shown}) UNION ALL …");
        }
        Ok(Native { text: shown, parts: Arc::new(parts) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let mut parts = fetch.prepared.parts::<Parts>(self, self.source())?;
            if fetch.keys.is_none() && !parts.fits(fetch) {
                // Lists so long are rare: their statement, which says them once, is not kept.
                parts = Arc::new(self.translate(fetch.fetch(), false)?);
            }
            fetch::fetch(&self.pool, parts, fetch, context).await
        }
        .boxed()
    }

    fn orders_exactly(&self, field: &Field) -> bool {
        let by_bytes = || storage::collation(field).is_some_and(storage::is_exact);
        match field.scalar {
            Scalar::String => storage::Storage::of(field) == storage::Storage::Text && by_bytes(),
            // MariaDB orders its own UUIDs by their last part first.
            scalar => !matches!(scalar, Scalar::Enum | Scalar::Uuid),
        }
    }

    fn resumes(&self, field: &Field, value: Option<&Value>) -> bool {
        let is_short = |value: &Value| match value {
            Value::Text(text) => storage::is_sorted_by_all_of(text),
            _ => true,
        };
        field.scalar != Scalar::String || storage::is_sorted_whole(field) || value.is_some_and(is_short)
    }

    fn server(&self) -> Option<Arc<Server>> {
        Some(self.pool.server().clone())
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.ping_now().boxed()
    }
}
