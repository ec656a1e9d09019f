//! `PostgreSQL` and what speaks its protocol.
//!
//! In: a block with `url`. Out: a [`Connector`] that does everything by itself. *Invariant*: sessions are read-only and in
//! UTC; opening a connector does not touch the network.

mod aggregate;
mod bind;
mod catalog;
mod decode;
mod describe;
mod dialect;
mod discover;
mod expression;
mod family;
mod fault;
mod fetch;
mod fold;
mod form;
mod listen;
mod plain;
mod pool;
mod readable;
mod settings;
mod wire;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::{Capabilities, Field, Problem, Scalar, SourceDescription, Value};
use sqlx::postgres::PgConnectOptions;

use self::dialect::Postgres;
use self::family::Family;
use self::fetch::Parts;
use self::pool::Pool;
use super::Kind;
use crate::pool::Server;
use crate::sql::translate::translate;
use crate::{BoundFetch, Change, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream};

/// The entry of the list.
pub(super) const KIND: Kind =
    Kind { name: "postgres", keys: &[settings::KEYS], open, discovery: Some(discover::DISCOVERY) };

/// How long one question of describing may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One database.
struct Database {
    pool: Arc<Pool>,
    schemas: Vec<String>,
    family: &'static Family,
    settings: Arc<SourceSettings>,
    /// How to hear of changes, and where.
    changes: Option<(PgConnectOptions, Arc<str>)>,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(settings: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let read = settings::read(settings)?;
    let source: Arc<str> = settings.name.as_str().into();
    let changes = read.channel.map(|channel| (read.options.clone(), channel));
    Ok(Arc::new(Database {
        pool: Pool::new(source, read.options, read.family, read.pooler, settings.tuning.clone()),
        schemas: read.schemas,
        family: read.family,
        settings: Arc::new(settings.clone()),
        changes,
    }))
}

impl Database {
    fn translate(&self, fetch: &Fetch, wide: bool) -> Result<Parts> {
        let dialect = Postgres { schemas: &self.schemas, wide, family: self.family };
        let (text, slots) = translate(&dialect, fetch).map_err(|error| {
            Error::new(ErrorKind::Internal, self.pool.source().clone(), "translating").because(error)
        })?;
        Ok(Parts {
            text: self.family.said(text).into(),
            slots,
            scalars: fetch.answer().iter().map(|field| field.scalar).collect(),
        })
    }
}

impl Connector for Database {
    fn capabilities(&self) -> Capabilities {
        Capabilities { ilike: !self.family.plain, ..Capabilities::ALL }
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        async {
            let source = self.pool.source();
            let fault = |error| fault::of(source, "describing", error);
            let mut lease = self.pool.lease(true).await?;
            lease.allow(PATIENCE).await.map_err(fault)?;
            let connection = lease.begin(PATIENCE).await.map_err(fault)?;
            let described = describe::describe(connection, &self.settings, &self.schemas, self.family).await;
            if described.is_ok() {
                lease.at_rest();
            }
            described.map_err(fault)
        }
        .boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let parts = self.translate(fetch, false)?;
        Ok(Native { text: parts.text.to_string(), parts: Arc::new(parts) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let parts = if bind::needs_wide(fetch) {
                // Integers that no column holds are rare: their statement is not kept.
                Arc::new(self.translate(fetch.fetch(), true)?)
            } else {
                fetch.prepared.parts::<Parts>(self, self.pool.source())?
            };
            fetch::fetch(&self.pool, parts, fetch).await
        }
        .boxed()
    }

    fn orders_exactly(&self, field: &Field) -> bool {
        let exact = ["pg_catalog.\"C\"", "pg_catalog.\"POSIX\"", "pg_catalog.ucs_basic"];
        let by_bytes = !self.family.collates
            || field.details.get(form::COLLATION).is_some_and(|own| exact.contains(&own.as_str()));
        match field.scalar {
            Scalar::String => form::Form::of(field) == form::Form::Native && by_bytes,
            scalar => scalar != Scalar::Enum,
        }
    }

    fn resumes(&self, field: &Field, value: Option<&Value>) -> bool {
        let form = form::Form::of(field);
        value.is_some()
            || field.scalar != Scalar::String
            || matches!(form, form::Form::Native | form::Form::Padded | form::Form::Folded)
    }

    fn server(&self) -> Option<Arc<Server>> {
        Some(self.pool.server().clone())
    }

    fn changes(&self) -> Option<BoxStream<'static, Change>> {
        let (options, channel) = self.changes.clone()?;
        Some(listen::changes(self.pool.source().clone(), options, channel))
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        async {
            let fault = |error| fault::of(self.pool.source(), "asking for a sign of life", error);
            let mut lease = self.pool.lease(true).await?;
            let connection = lease.begin(self.pool.tuning().timeout).await.map_err(fault)?;
            sqlx::raw_sql("SELECT 1").execute(connection).await.map_err(fault)?;
            lease.give_back().await.map_err(fault)
        }
        .boxed()
    }
}
