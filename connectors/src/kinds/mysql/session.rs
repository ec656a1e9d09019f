//! One connection, set up so that the same statement means the same on every server.
//!
//! In: how to connect. Out: a session that only reads, speaks UTF-8 and UTC, and ends what takes too long at the server
//! itself. *Invariant*: nothing depends on the server's or the login's own `sql_mode`, time zone or character set.

use std::sync::Arc;
use std::time::Duration;

use lilong_schema::catalog::Tuning;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::family::Family;
use super::fault;
use super::settings::Settings;
use crate::deadline::within;
use crate::pool::Slot;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(super) struct Session {
    /// The driver's connection.
    pub(super) connection: MySqlConnection,
    /// Which server it is.
    pub(super) server: Server,
    id: u64,
    /// Its place among the connections, if they are counted.
    pub(super) slot: Option<Slot>,
}

/// Which of the two servers it is, or is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    MariaDb,
    MySql,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Session").field(&self.id).finish()
    }
}

/// Connects to the settings' database. A statement may take `time` at the server.
pub(super) async fn open(source: &Arc<str>, settings: &Settings, tuning: &Tuning, time: Duration) -> Result<Session> {
    let options = settings.options.clone().database(&settings.database);
    connect(source, &options, settings.family, tuning, time).await
}

/// Connects with these options.
pub(super) async fn connect(
    source: &Arc<str>,
    options: &MySqlConnectOptions,
    family: &Family,
    tuning: &Tuning,
    time: Duration,
) -> Result<Session> {
    match within(tuning.connect_timeout, set_up(options, family, time)).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(error)) => Err(fault::of_connecting(source, error)),
        Err(_) => {
            let context = format!("connecting: no answer within {} ms", tuning.connect_timeout.as_millis());
            let mut error = Error::new(ErrorKind::Unavailable, source.clone(), context);
            // The next attempt would take as long.
            error.temporary = false;
            Err(error)
        }
    }
}

async fn set_up(options: &MySqlConnectOptions, family: &Family, time: Duration) -> sqlx::Result<Session> {
    let mut connection = options.connect().await?;
    let row = sqlx::raw_sql("SELECT VERSION(), CONNECTION_ID()").fetch_one(&mut connection).await?;
    let version: String = row.try_get_unchecked(0)?;
    let id: String = row.try_get_unchecked(1)?;
    let server = if version.contains("MariaDB") { Server::MariaDb } else { Server::MySql };
    let text = family.set_up(server == Server::MariaDb, time);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
    if family.reads_only {
        sqlx::raw_sql("SET SESSION TRANSACTION READ ONLY").execute(&mut connection).await?;
    }
    Ok(Session { connection, server, id: id.parse().unwrap_or_default(), slot: None })
}

impl Session {
    /// Says goodbye; a server that does not answer is not waited for.
    pub(super) async fn close(self, time: Duration) {
        // It is closed either way.
        let _ = within(time, self.connection.close()).await;
    }

    /// Stops what it runs at the server, over a connection of its own, and closes it.
    pub(super) async fn kill(self, source: &Arc<str>, settings: &Settings, time: Duration) {
        // Behind a pooler the number may be anybody's.
        if settings.pooler || self.id == 0 {
            return;
        }
        let (options, id) = (&settings.options, self.id);
        let killing = async {
            let mut connection = options.connect().await?;
            sqlx::raw_sql(AssertSqlSafe(settings.family.kill(id))).execute(&mut connection).await?;
            connection.close().await
        };
        match within(time, killing).await {
            Ok(Ok(())) => {}
            // It had just ended by itself.
            Ok(Err(error)) if fault::number(&error) == Some(1094) => {}
            Ok(Err(error)) => {
                tracing::warn!(%source, %error, "a statement given up could not be stopped at the server");
            }
            Err(_) => tracing::warn!(%source, "a statement given up could not be stopped at the server in time"),
        }
    }
}
