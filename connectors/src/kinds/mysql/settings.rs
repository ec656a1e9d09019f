//! The keys of a block that only this kind has: `url`, `family`, `tls`, `tls_ca`, `pooler`.
//!
//! In: a block. Out: how to connect, or every problem of the kind's own keys. *Invariant*: no message holds any part of
//! the address, and nothing is connected to.

use std::net::IpAddr;
use std::str::FromStr;

use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;
use percent_encoding::percent_decode_str;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::family::{self, Family};
use crate::options::{Block, Text};

/// The kind's own keys.
pub(super) const KEYS: &[&str] = &["url", "family", "tls", "tls_ca", "pooler"];

/// Statements that a connection keeps prepared: the ceiling of a server holds for all its connections together.
const STATEMENTS: usize = 16;

const URL_HINT: &str = "write url = \"mysql://USER:PASSWORD@HOST:3306/DATABASE\", special characters percent-encoded";

/// How to connect.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// For the driver; without the driver's own session settings, which [`super::session`] makes.
    pub(super) options: MySqlConnectOptions,
    /// The database, or the pattern of a `[[discover]]` block.
    pub(super) database: String,
    /// Whose server it is.
    pub(super) family: &'static Family,
    /// Whether a pooler stands between: nothing is kept in a session that could not be anyone's.
    pub(super) pooler: bool,
}

/// Reads a block; every problem of the kind's own keys at once.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    const TLS: &str = "leave it out: it is verify, but off on loopback addresses and Unix sockets";
    const FAMILY: &str = "leave it out for MySQL and MariaDB; other servers are not supported";
    let mut block = Block::of(settings);
    let tls = block.word("tls", &["verify", "require", "off"], TLS);
    let authority = block.path("tls_ca", "write tls_ca = \"city-ca.pem\"");
    let pooler = block.flag("pooler").unwrap_or(false);
    let family = block.word("family", &family::names(), FAMILY).and_then(family::find).unwrap_or(&family::OWN);
    let found = block.required("url", URL_HINT).and_then(|url| match parse(url) {
        Ok(found) => Some(found),
        Err(what) => {
            block.wrong(url.option, what, URL_HINT);
            None
        }
    });
    let problems = block.finish();
    let Some((options, database)) = found.filter(|_| problems.is_empty()) else { return Err(problems) };
    let mode = match tls {
        Some("verify") => MySqlSslMode::VerifyIdentity,
        Some("require") => MySqlSslMode::Required,
        None if !is_local(&options) => MySqlSslMode::VerifyIdentity,
        _ => MySqlSslMode::Disabled,
    };
    let mut options = options.ssl_mode(mode);
    if let Some(path) = authority {
        options = options.ssl_ca(path);
    }
    Ok(Settings { options, database, family, pooler })
}

/// Whether no network lies between.
fn is_local(options: &MySqlConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn parse(text: Text<'_>) -> Result<(MySqlConnectOptions, String), &'static str> {
    let url = text.value;
    if !["mysql://", "mariadb://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err("`url` does not begin with mysql:// or mariadb://");
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (_, database) = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = pair.split_once('=').map_or(pair, |(key, _)| key);
        if !["socket", "ssl-ca", "ssl-cert", "ssl-key"].contains(&key) {
            return Err("`url` has a parameter that is none of socket, ssl-ca, ssl-cert and ssl-key");
        }
    }
    let database = decoded(database).ok_or("the database in `url` is not UTF-8")?;
    if database.is_empty() {
        return Err("`url` names no database");
    }
    let mut options = MySqlConnectOptions::from_str(url).map_err(|_| "`url` cannot be read")?;
    for pair in query.split('&') {
        let Some((key, value)) = pair.split_once('=') else {
            continue;
        };
        let value = decoded(value).ok_or("a parameter of `url` is not UTF-8")?;
        let path = text.option.resolve(value);
        options = match key {
            "socket" => options.socket(path),
            "ssl-ca" => options.ssl_ca(path),
            "ssl-cert" => options.ssl_client_cert(path),
            "ssl-key" => options.ssl_client_key(path),
            _ => options,
        };
    }
    // The session is set up in one place, and statements are logged by nobody: they may hold names of persons' files.
    let options = sqlx::ConnectOptions::disable_statement_logging(options)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(STATEMENTS);
    Ok((options, database))
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_schema::Secret;
    use lilong_schema::catalog::{OptionKind, OptionValue};

    use super::*;

    fn block(keys: &[(&str, OptionKind)]) -> SourceSettings {
        let mut settings =
            SourceSettings { name: "civil".to_owned(), connector: "mysql".to_owned(), ..SourceSettings::default() };
        for (key, value) in keys {
            settings.options.insert((*key).to_owned(), OptionValue::new(value.clone()));
        }
        settings
    }

    fn text(value: &str) -> OptionKind {
        OptionKind::Text(Secret::new(value))
    }

    fn mode(url: &str, tls: Option<&str>) -> String {
        let mut keys = vec![("url", text(url))];
        keys.extend(tls.map(|tls| ("tls", text(tls))));
        let options = read(&block(&keys)).unwrap().options;
        sqlx::ConnectOptions::to_url_lossy(&options)
            .query_pairs()
            .find(|(key, _)| key == "ssl-mode")
            .unwrap()
            .1
            .into_owned()
    }

    #[test]
    fn tls_is_verified_unless_no_network_lies_between() {
        assert_eq!(mode("mysql://u:p@db.city/civil", None), "VERIFY_IDENTITY");
        assert_eq!(mode("mariadb://u:p@db.city/civil", Some("require")), "REQUIRED");
        assert_eq!(mode("mysql://db.city/civil", Some("off")), "DISABLED");
        assert_eq!(mode("mysql://u@127.0.0.1:3307/civil", None), "DISABLED");
        assert_eq!(mode("mysql://u@[::1]/civil", None), "DISABLED");
        assert_eq!(mode("mysql://u@localhost/civil", Some("verify")), "VERIFY_IDENTITY");
        assert_eq!(mode("mysql://u@db.city/civil?socket=/run/db.sock", None), "DISABLED");
    }

    #[test]
    fn every_problem_is_told_at_once_and_none_tells_the_address() {
        let keys = [
            ("url", text("mysql://u:hidden@host/civil?charset=latin1")),
            ("tls", text("maybe")),
            ("pooler", text("yes")),
            ("tls_ca", OptionKind::Integer(1)),
            ("uri", text("x")),
            ("family", text("sqlserver")),
        ];
        let problems = read(&block(&keys)).unwrap_err();
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert!(!format!("{problems:?}").contains("hidden"));
        for url in ["postgres://host/civil", "mysql://host", "mysql://host/", "mysql://ho st/civil", ""] {
            assert_eq!(read(&block(&[("url", text(url))])).unwrap_err().len(), 1, "{url}");
        }
        assert_eq!(read(&block(&[])).unwrap_err().len(), 1);
    }

    #[test]
    fn a_server_is_of_the_family_that_the_block_names() {
        let family = |name: Option<&str>| {
            let mut keys = vec![("url", text("mysql://u@h/civil"))];
            keys.extend(name.map(|name| ("family", text(name))));
            read(&block(&keys)).unwrap().family.name
        };
        assert_eq!(family(None), "");
        for name in ["doris", "oceanbase", "starrocks", "tidb"] {
            assert_eq!(family(Some(name)), name);
        }
    }

    #[test]
    fn another_database_stands_where_the_pattern_stood() {
        let url =
            crate::describing::with_database(&Secret::new("mysql://u:p@host:1/street_*?socket=/s"), "street 1/四平");
        assert_eq!(url.reveal(), "mysql://u:p@host:1/street%201%2F%E5%9B%9B%E5%B9%B3?socket=/s");
        let read = read(&block(&[("url", OptionKind::Text(url))])).unwrap();
        assert_eq!(read.database, "street 1/四平");
    }
}
