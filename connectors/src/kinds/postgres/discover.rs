//! How a `[[discover]]` block finds the databases of a server.
//!
//! In: a block whose `url` ends in a pattern (`postgres://host/*`). Out: the names of the databases that the login may
//! connect to, templates left aside, and the block of each.

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::catalog::pattern::Pattern;
use sqlx::{ConnectOptions, Connection, Row};

use super::settings;
use crate::deadline::within;
use crate::describing::narrow_to_database;
use crate::kinds::{Discovery, Undiscovered};

/// See the module.
pub(super) const DISCOVERY: Discovery = Discovery { parts, narrow: narrow_to_database };

fn parts(settings: &SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>> {
    find(settings).boxed()
}

async fn find(settings: &SourceSettings) -> Result<Vec<String>, Undiscovered> {
    let read = settings::read(settings)?;
    let problem = |what: &str, hint: &str| {
        let place = settings.options.get("url").map_or(&settings.place, |option| &option.place);
        Undiscovered::Silent(Problem::new(settings.about(), what, hint).at(&place.file, place.line))
    };
    let pattern = read.options.get_database().unwrap_or("*").to_owned();
    let mut names = Err(String::new());
    for door in read.family.doors {
        let options = read.options.clone().database(door);
        let asking = async {
            let mut connection = options.connect().await?;
            let rows = sqlx::query(
                "SELECT datname::text FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate \
                 AND has_database_privilege(datname, 'CONNECT')",
            )
            .persistent(false)
            .fetch_all(&mut connection)
            .await?;
            let names: Result<Vec<String>, sqlx::Error> = rows.iter().map(|row| row.try_get(0)).collect();
            // What was asked is here; how the connection ends changes nothing.
            let _ = connection.close().await;
            names
        };
        let time = settings.tuning.connect_timeout + settings.tuning.timeout;
        names = match within(time, asking).await {
            Ok(Ok(names)) => Ok(names),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => {
                names = Err("it does not answer".to_owned());
                break;
            }
        };
        if names.is_ok() {
            break;
        }
    }
    match names {
        Ok(mut names) => {
            let pattern = Pattern::plain(&pattern);
            names.retain(|name| pattern.matches(name));
            names.sort_unstable();
            Ok(names)
        }
        Err(reason) => Err(problem(
            &format!("the server cannot be asked for its databases: {reason}"),
            "look at url, and at whether the server runs",
        )),
    }
}

/// What may be shown: the server's own words name no host and no password.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.kind().to_string(),
        sqlx::Error::Tls(_) => "no TLS connection as `tls` asks for".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}
