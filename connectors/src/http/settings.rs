//! The keys that kinds of source over HTTP share: `url`, `headers`, `auth`, `tls`, `tls_ca`, `tls_cert`, `tls_key`,
//! `answer_bytes`.
//!
//! In: a block. Out: how to ask, or every problem. *Invariant*: no message holds any part of an address; nothing is
//! connected to.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::header::HeaderMap;
use reqwest::{Certificate, Identity, Url};

use super::address::is_allowed;
use super::auth::{self, Auth};
use crate::options::{Block, Text};

/// The keys; a kind adds its own.
pub const KEYS: &[&str] = &["url", "headers", "auth", "tls", "tls_ca", "tls_cert", "tls_key", "answer_bytes"];

/// Bytes of one answer, where a block does not say.
const ANSWER_BYTES: usize = 32_000_000;

const URL_HINT: &str = "write url = \"https://HOST/PATH\", without user, password, ? and #";

/// How to ask a source over HTTP.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is; the path ends with a slash.
    pub url: Url,
    pub(super) headers: HeaderMap,
    pub(super) auth: Auth,
    pub(super) verify: bool,
    pub(super) authorities: Vec<Certificate>,
    pub(super) identity: Option<Identity>,
    pub(super) answer_bytes: usize,
}

impl Settings {
    /// Reads the shared keys of a block; `None` if something is wrong with them, which the block then knows.
    pub fn read(block: &mut Block<'_>) -> Option<Self> {
        let url = block.required("url", URL_HINT).and_then(|text| read_url(block, text, "url"));
        let headers = auth::read_headers(block);
        let auth = auth::read(block);
        let verify = url.as_ref().and_then(|url| read_tls(block, url));
        if url.is_none() {
            let _ = block.option("tls");
        }
        let authorities = read_authorities(block);
        let identity = read_identity(block);
        let answer_bytes = block.number("answer_bytes", 1_000, 1_000_000_000).unwrap_or(ANSWER_BYTES);
        let mut url = url?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Some(Self {
            url,
            headers,
            auth: auth?,
            verify: verify?,
            authorities: authorities?,
            identity: identity?,
            answer_bytes,
        })
    }
}

/// An address, of a host that may be asked.
pub(super) fn read_url(block: &mut Block<'_>, text: Text<'_>, key: &str) -> Option<Url> {
    let mut refuse = |what: &str| {
        block.wrong(text.option, format!("`{key}` {what}"), URL_HINT);
        None
    };
    let Ok(url) = Url::parse(text.value) else {
        return refuse("cannot be read");
    };
    if !["http", "https"].contains(&url.scheme()) {
        return refuse("does not begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        block.wrong(text.option, format!("`{key}` holds a login"), "put it under `[source.auth]`");
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("holds a query or a fragment");
    }
    match literal(&url) {
        Some(address) if !is_allowed(address) => refuse("names an address that is never asked"),
        _ => Some(url),
    }
}

/// The address that stands in a URL in place of a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    IpAddr::from_str(url.host_str()?.trim_matches(['[', ']'])).ok()
}

/// Whether the server's certificate is checked.
fn read_tls(block: &mut Block<'_>, url: &Url) -> Option<bool> {
    const HINT: &str = "leave it out: certificates of https:// are verified, but on loopback addresses";
    let near = url.host_str() == Some("localhost") || literal(url).is_some_and(|address| address.is_loopback());
    let secure = url.scheme() == "https";
    let Some(option) = block.option("tls") else {
        return Some(secure && !near);
    };
    match block.word("tls", &["verify", "require", "off"], HINT)? {
        "off" if secure => {
            block.wrong(option, "`tls` is off, but `url` begins with https://", "write http://, or tls = \"require\"");
            None
        }
        "verify" | "require" if !secure => {
            block.wrong(option, "`tls` asks for what http:// does not have", "let `url` begin with https://");
            None
        }
        word => Some(word == "verify"),
    }
}

fn read_authorities(block: &mut Block<'_>) -> Option<Vec<Certificate>> {
    const HINT: &str = "name a file of certificates in PEM form, as in tls_ca = \"city-ca.pem\"";
    let Some(text) = block.text("tls_ca", HINT) else {
        return block.option("tls_ca").is_none().then(Vec::new);
    };
    let bytes = read_file(block, text, "tls_ca")?;
    match Certificate::from_pem_bundle(&bytes) {
        Ok(authorities) if !authorities.is_empty() => Some(authorities),
        _ => {
            block.wrong(text.option, "the file of `tls_ca` holds no certificate", HINT);
            None
        }
    }
}

#[allow(clippy::option_option)] // wrong, not given, given
fn read_identity(block: &mut Block<'_>) -> Option<Option<Identity>> {
    const HINT: &str = "give both tls_cert and tls_key, files in PEM form";
    let (certificate, key) = (block.text("tls_cert", HINT), block.text("tls_key", HINT));
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Some(None),
        (Some(one), None) | (None, Some(one)) => {
            block.wrong(one.option, "`tls_cert` and `tls_key` go together", HINT);
            return None;
        }
    };
    let mut bytes = read_file(block, certificate, "tls_cert")?;
    bytes.push(b'\n');
    bytes.extend(read_file(block, key, "tls_key")?);
    let identity = Identity::from_pem(&bytes).ok();
    if identity.is_none() {
        block.wrong(certificate.option, "these files hold no certificate with its key", HINT);
    }
    identity.map(Some)
}

fn read_file(block: &mut Block<'_>, text: Text<'_>, key: &str) -> Option<Vec<u8>> {
    match std::fs::read(text.option.resolve(text.value)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let what = format!("the file of `{key}` cannot be read: {}", error.kind());
            block.wrong(text.option, what, "name a file that is there, relative to this one");
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_schema::Secret;
    use lilong_schema::catalog::{OptionKind, OptionTable, OptionValue, SourceSettings};

    use super::*;

    fn read(keys: &[(&str, OptionKind)]) -> (Option<Settings>, Vec<String>) {
        let mut settings = SourceSettings { name: "parks".to_owned(), ..SourceSettings::default() };
        for (key, value) in keys {
            settings.options.insert((*key).to_owned(), OptionValue::new(value.clone()));
        }
        let mut block = Block::of(&settings);
        let read = Settings::read(&mut block);
        (read, block.finish().iter().map(ToString::to_string).collect())
    }

    fn text(value: &str) -> OptionKind {
        OptionKind::Text(Secret::new(value))
    }

    fn table(entries: &[(&str, &str)]) -> OptionKind {
        let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), OptionValue::new(text(value))));
        OptionKind::Table(OptionTable { entries: entries.collect(), ..OptionTable::default() })
    }

    #[test]
    fn certificates_are_verified_unless_no_network_lies_between() {
        for (url, tls, verified) in [
            ("https://parks.city/api", None, Some(true)),
            ("https://parks.city/api", Some("require"), Some(false)),
            ("https://127.0.0.1:8443", None, Some(false)),
            ("https://localhost", Some("verify"), Some(true)),
            ("http://parks.city", None, Some(false)),
            ("http://parks.city", Some("off"), Some(false)),
            ("http://parks.city", Some("verify"), None),
            ("https://parks.city", Some("off"), None),
            ("https://parks.city", Some("maybe"), None),
        ] {
            let mut keys = vec![("url", text(url))];
            keys.extend(tls.map(|tls| ("tls", text(tls))));
            let (settings, problems) = read(&keys);
            assert_eq!(settings.map(|settings| settings.verify), verified, "{url} {tls:?}");
            assert_eq!(problems.len(), usize::from(verified.is_none()), "{problems:?}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_asked_is_refused_and_not_shown() {
        for url in [
            "parks.city",
            "ftp://parks.city",
            "https://user:hidden@parks.city",
            "https://parks.city/?key=hidden",
            "http://169.254.169.254/latest",
            "http://[fe80::1]/",
            "",
        ] {
            let (settings, problems) = read(&[("url", text(url))]);
            assert!(settings.is_none() && problems.len() == 1, "{url}: {problems:?}");
            assert!(!problems[0].contains("hidden") && !problems[0].contains("169.254"), "{problems:?}");
        }
        assert_eq!(read(&[]).1.len(), 1);
        assert_eq!(read(&[("url", text("https://parks.city/api"))]).0.unwrap().url.path(), "/api/");
    }

    #[test]
    fn each_way_to_log_in_needs_its_own_keys() {
        for (auth, problems) in [
            (table(&[("kind", "bearer"), ("token", "hidden")]), 0),
            (table(&[("kind", "basic"), ("user", "a"), ("password", "hidden")]), 0),
            (table(&[("kind", "header"), ("name", "X-Key"), ("value", "hidden")]), 0),
            (table(&[("kind", "query"), ("name", "key"), ("value", "hidden")]), 0),
            (
                table(&[
                    ("kind", "oauth2"),
                    ("token_url", "https://login.city/token"),
                    ("client_id", "a"),
                    ("client_secret", "hidden"),
                    ("scope", "read"),
                    ("send", "form"),
                ]),
                0,
            ),
            (table(&[("token", "hidden")]), 2),
            (table(&[("kind", "bearer"), ("tokn", "hidden")]), 2),
            (table(&[("kind", "bearer"), ("token", "hid\nden")]), 1),
            (table(&[("kind", "basic"), ("user", "a:b"), ("password", "hidden")]), 1),
            (table(&[("kind", "header"), ("name", "X Key"), ("value", "hidden")]), 1),
            (table(&[("kind", "oauth2")]), 3),
            (table(&[("kind", "magic")]), 1),
            (text("hidden"), 1),
        ] {
            let (settings, found) = read(&[("url", text("https://parks.city")), ("auth", auth)]);
            assert_eq!(found.len(), problems, "{found:#?}");
            assert_eq!(settings.is_some(), problems == 0);
            assert!(!format!("{found:?} {settings:?}").contains("hidden"));
        }
    }

    #[test]
    fn headers_of_the_framing_cannot_be_set_and_files_have_to_be_there() {
        let (_, problems) = read(&[
            ("url", text("https://parks.city")),
            ("headers", table(&[("X-Department", "parks"), ("Host", "x"), ("Bad Name", "x"), ("X-Line", "a\nb")])),
            ("tls_ca", text("no/such/file.pem")),
            ("tls_cert", text("no/such/file.pem")),
        ]);
        assert_eq!(problems.len(), 5, "{problems:#?}");
    }
}
