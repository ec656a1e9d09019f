//! How a `[[discover]]` block finds the databases of a server.
//!
//! In: a block whose `url` has `*` and `?` in the place of the database. Out: the names of the databases that the login
//! sees, and the block of each. *Invariant*: the server's own databases are none of them.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::pattern::Pattern;
use lilong_schema::catalog::{OptionKind, SourceSettings};
use sqlx::Row;

use super::{session, settings};
use crate::describing::{narrow_to_database, with_database};
use crate::kinds::{Discovery, Undiscovered};

/// See the module.
pub(super) const DISCOVERY: Discovery = Discovery { parts, narrow: narrow_to_database };

fn parts(settings: &SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>> {
    find(settings).boxed()
}

async fn find(settings: &SourceSettings) -> Result<Vec<String>, Undiscovered> {
    let read = settings::read(settings)?;
    let source: Arc<str> = settings.name.as_str().into();
    let about = format!("discover {}", settings.name);
    let place = &settings.place;
    // What the driver says may hold the address; it goes to the log.
    let failed = |error: &dyn std::fmt::Display| {
        tracing::warn!(source = %source, %error, "the databases of a server cannot be listed");
        let what = "the databases of the server cannot be listed; the log says why";
        let hint = "check the address, the login and that the server is there";
        Undiscovered::Silent(Problem::new(&*about, what, hint).at(&place.file, place.line))
    };
    // A database of which the login sees nothing would be in the way: none is chosen.
    let options = without_database(settings)
        .map_err(|problems| problems.map_or_else(|| failed(&"no address"), Undiscovered::Wrong))?;
    let mut session = session::connect(&source, &options, read.family, &settings.tuning, settings.tuning.timeout)
        .await
        .map_err(|error| failed(&error))?;
    let text = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";
    let rows = sqlx::raw_sql(text).fetch_all(&mut session.connection).await.map_err(|error| failed(&error))?;
    session.close(settings.tuning.connect_timeout).await;
    let mut names = vec![];
    for row in rows {
        let name: String = row.try_get_unchecked(0).map_err(|error| failed(&error))?;
        if Pattern::plain(&read.database).matches(&name) && !read.family.keeps(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn without_database(settings: &SourceSettings) -> Result<sqlx::mysql::MySqlConnectOptions, Option<Vec<Problem>>> {
    let mut server = settings.clone();
    let Some(option) = server.options.get_mut("url") else {
        return Err(None);
    };
    let OptionKind::Text(url) = &option.value else {
        return Err(None);
    };
    // Every login may look into this one.
    option.value = OptionKind::Text(with_database(url, "information_schema"));
    settings::read(&server).map(|read| read.options).map_err(Some)
}
