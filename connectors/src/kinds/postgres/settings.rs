//! The keys of a block that only this kind has: `url`, `family`, `schemas`, `tls`, `tls_ca`, `pooler`,
//! `listen_channel`.
//!
//! In: a block. Out: how to connect, or every problem of the kind's own keys. *Invariant*: nothing of a URL stands in a
//! message, and no network is touched.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::family::{self, Family};
use crate::options::Block;

/// The kind's own keys.
pub(super) const KEYS: &[&str] = &["url", "family", "schemas", "tls", "tls_ca", "pooler", "listen_channel"];

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 64;

/// Parameters that a URL may have.
const PARAMETERS: &[&str] =
    &["host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"];

const URL_HINT: &str = "write url = \"postgres://USER:PASSWORD@HOST:5432/DATABASE\", with %XX for special characters";

/// What a block says.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// How to connect.
    pub(super) options: PgConnectOptions,
    /// Whose database it is.
    pub(super) family: &'static Family,
    /// The first is unprefixed; never empty.
    pub(super) schemas: Vec<String>,
    /// Whether a pooler stands between.
    pub(super) pooler: bool,
    /// Where the database tells of changes.
    pub(super) channel: Option<Arc<str>>,
}

/// Reads a block; every problem of the kind's own keys at once.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    const TLS: &str = "leave it out: it is verify, but off on loopback addresses and Unix sockets";
    const FAMILY: &str = "leave it out for PostgreSQL; other databases are not supported";
    const SCHEMAS: &str = "write schemas = [\"public\"]; the first needs no prefix";
    let mut block = Block::of(settings);
    let pooler = block.flag("pooler").unwrap_or(false);
    let family = block.word("family", &family::names(), FAMILY).and_then(family::find).unwrap_or(&family::OWN);
    let schemas = block.texts_or("schemas", &["public"], SCHEMAS);
    let tls = block.word("tls", &["verify", "require", "off"], TLS).map(|word| match word {
        "verify" => PgSslMode::VerifyFull,
        "require" => PgSslMode::Require,
        _ => PgSslMode::Disable,
    });
    let authority = block.path("tls_ca", "write tls_ca = \"city-ca.pem\"");
    let channel = block.text("listen_channel", "write listen_channel = \"lilong\", as in NOTIFY lilong");
    if let Some(channel) = channel {
        if pooler {
            let hint = "leave it out, or connect without a pooler";
            block.wrong(channel.option, "`listen_channel` hears nothing behind a pooler", hint);
        }
        if family.plain {
            block.wrong(channel.option, "`listen_channel` hears nothing of this family", "leave it out");
        }
    }
    let options = block.required("url", URL_HINT).and_then(|url| match connection(url.value, tls) {
        Ok(options) => Some(options),
        Err(what) => {
            block.wrong(url.option, what, URL_HINT);
            None
        }
    });
    let problems = block.finish();
    let Some(mut options) = options.filter(|_| problems.is_empty()) else { return Err(problems) };
    if let Some(path) = authority {
        options = options.ssl_root_cert(path);
    }
    let options = session(options, family, pooler, settings.tuning.timeout);
    Ok(Settings { options, family, schemas, pooler, channel: channel.map(|channel| channel.value.into()) })
}

/// Reads the URL; the error says what is wrong without repeating any of it.
fn connection(text: &str, tls: Option<PgSslMode>) -> Result<PgConnectOptions, &'static str> {
    let rest = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"))
        .ok_or("`url` does not begin with postgres://")?;
    let mut own = None;
    let mut has_host = !rest.split(['/', '?']).next().unwrap_or("").is_empty();
    if let Some((_, query)) = rest.split_once('?') {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !PARAMETERS.contains(&key) {
                return Err("`url` has a parameter that is not known");
            }
            has_host |= key.starts_with("host");
            if key == "sslmode" {
                own = Some(match value {
                    "disable" => PgSslMode::Disable,
                    "require" => PgSslMode::Require,
                    "verify-full" => PgSslMode::VerifyFull,
                    _ => return Err("sslmode is none of disable, require and verify-full; or use `tls`"),
                });
            }
        }
    }
    if !has_host {
        return Err("`url` names no host");
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| "`url` cannot be read")?;
    let mode = tls.or(own).unwrap_or(if is_near(&options) { PgSslMode::Disable } else { PgSslMode::VerifyFull });
    Ok(options.ssl_mode(mode))
}

/// Whether the way there leaves the machine.
fn is_near(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What every session is told. A pooler takes no such words: there each fetch says them itself.
fn session(options: PgConnectOptions, family: &Family, pooler: bool, timeout: Duration) -> PgConnectOptions {
    let options = options.disable_statement_logging();
    if pooler {
        return options.extra_float_digits(None).statement_cache_capacity(0);
    }
    let options = options.application_name("lilong").statement_cache_capacity(STATEMENTS).options([
        ("default_transaction_read_only", "on".to_owned()),
        ("statement_timeout", timeout.as_millis().max(1).to_string()),
        ("intervalstyle", "postgres".to_owned()),
    ]);
    if family.settings.is_empty() { options } else { options.options(family.settings.iter().copied()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use lilong_schema::Secret;
    use lilong_schema::catalog::{OptionKind, OptionValue};

    use super::*;

    fn block(options: &[(&str, OptionKind)]) -> SourceSettings {
        let mut settings = SourceSettings { name: "civil".to_owned(), ..SourceSettings::default() };
        for (key, value) in options {
            settings.options.insert((*key).to_owned(), OptionValue::new(value.clone()));
        }
        settings
    }

    fn text(value: &str) -> OptionKind {
        OptionKind::Text(Secret::new(value))
    }

    #[test]
    fn tls_is_verified_unless_the_server_is_near() {
        for (url, tls, mode) in [
            ("postgres://db.example/x", None, PgSslMode::VerifyFull),
            ("postgres://127.0.0.1/x", None, PgSslMode::Disable),
            ("postgres://[::1]:5433/x", None, PgSslMode::Disable),
            ("postgres:///x?host=/run/postgresql", None, PgSslMode::Disable),
            ("postgresql://localhost/x", Some("require"), PgSslMode::Require),
            ("postgres://db.example/x?sslmode=require", None, PgSslMode::Require),
            ("postgres://db.example/x?sslmode=disable", Some("verify"), PgSslMode::VerifyFull),
            ("postgres://db.example/x", Some("off"), PgSslMode::Disable),
        ] {
            let mut options = vec![("url", text(url))];
            options.extend(tls.map(|word| ("tls", text(word))));
            let found = read(&block(&options)).unwrap().options.get_ssl_mode();
            assert_eq!(std::mem::discriminant(&found), std::mem::discriminant(&mode), "{url} {tls:?}");
        }
    }

    #[test]
    fn no_message_repeats_a_url() {
        for url in [
            "hunter2",
            "postgres://",
            "postgres://u:hunter2@/x",
            "postgres://u:hunter2@h:port/x",
            "postgres://h/x?passwort=hunter2",
            "mysql://u:hunter2@h/x",
            "postgres://u:hunter2@h/x?sslmode=hunter2",
        ] {
            match read(&block(&[("url", text(url))])) {
                Ok(_) => assert_eq!(url, "postgres://u:hunter2@/x"),
                Err(problems) => assert!(!format!("{problems:?}").contains("hunter2"), "{url}"),
            }
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let options = [
            ("pooler", text("yes")),
            ("tls", text("perhaps")),
            ("tls_ca", OptionKind::Integer(1)),
            ("schemas", OptionKind::Integer(1)),
            ("listen_channel", OptionKind::Boolean(true)),
            ("ulr", text("x")),
        ];
        assert_eq!(read(&block(&options)).expect_err("it is wrong").len(), 7);
    }
}
