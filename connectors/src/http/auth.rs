//! How a source is logged in to: `[source.auth]`.
//!
//! In: the table. Out: what each request carries. *Invariant*: nothing of it prints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lilong_schema::Secret;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::settings::read_url;
use crate::options::{Block, Text};

const HINT: &str = "write kind = \"bearer\" with token, \"basic\" with user and password, \"header\" or \"query\" with name \
                    and value, or \"oauth2\" with token_url, client_id and client_secret";

/// What a request carries to be let in.
#[derive(Clone, Debug)]
pub(super) enum Auth {
    /// Nothing.
    None,
    /// A header that never changes.
    Header(HeaderName, HeaderValue),
    /// A parameter of the query.
    Query(String, Secret),
    /// A token that has to be asked for (RFC 6749, section 4.4).
    Token(Credentials),
}

/// Who asks for a token, and where.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) url: Url,
    pub(super) id: Secret,
    pub(super) secret: Secret,
    pub(super) scope: Option<Secret>,
    /// Whether the server takes them in the form instead of in a header.
    pub(super) in_form: bool,
}

/// Reads `[source.auth]`; `None` if something is wrong with it.
pub(super) fn read(block: &mut Block<'_>) -> Option<Auth> {
    let Some(mut table) = block.table("auth", "begin it with `[source.auth]`") else {
        return Some(Auth::None);
    };
    let read = read_table(&mut table);
    block.close(table);
    read
}

fn read_table(table: &mut Block<'_>) -> Option<Auth> {
    const KINDS: [&str; 5] = ["bearer", "basic", "header", "query", "oauth2"];
    if table.option("kind").is_none() {
        table.wrong_here("`kind` is missing", HINT);
        return None;
    }
    match table.word("kind", &KINDS, HINT)? {
        "bearer" => {
            let token = table.required("token", HINT)?;
            let value = secret_value(table, token, &format!("Bearer {}", token.value))?;
            Some(Auth::Header(AUTHORIZATION, value))
        }
        "basic" => {
            let (user, password) = (table.required("user", HINT), table.required("password", HINT));
            let (user, password) = (user?, password?);
            if user.value.contains(':') {
                table.wrong(user.option, "`user` holds a colon", "no user of HTTP's basic login may");
                return None;
            }
            let value = basic(user.value, password.value);
            let value = secret_value(table, password, value.reveal())?;
            Some(Auth::Header(AUTHORIZATION, value))
        }
        "header" => {
            let (name, value) = (table.required("name", HINT), table.required("value", HINT));
            let (name, value) = (name?, value?);
            let name = header_name(table, name)?;
            Some(Auth::Header(name, secret_value(table, value, value.value)?))
        }
        "query" => {
            let (name, value) = (table.required("name", HINT), table.required("value", HINT));
            Some(Auth::Query(name?.value.to_owned(), Secret::new(value?.value)))
        }
        _ => {
            let url = table.required("token_url", HINT);
            let id = table.required("client_id", HINT);
            let secret = table.required("client_secret", HINT);
            let scope = table.text("scope", "leave it out, or write scope = \"read\"");
            let sent = table.word("send", &["header", "form"], "leave it out: credentials go in a header");
            let url = read_url(table, url?, "token_url")?;
            Some(Auth::Token(Credentials {
                url,
                id: Secret::new(id?.value),
                secret: Secret::new(secret?.value),
                scope: scope.map(|scope| Secret::new(scope.value)),
                in_form: sent == Some("form"),
            }))
        }
    }
}

/// The value of a header for HTTP's basic login (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// A value that prints as nothing.
pub(super) fn secret_value(block: &mut Block<'_>, text: Text<'_>, value: &str) -> Option<HeaderValue> {
    match HeaderValue::from_str(value) {
        Ok(mut value) => {
            value.set_sensitive(true);
            Some(value)
        }
        Err(_) => {
            block.wrong(text.option, "a header cannot hold this value", "leave out line ends and control characters");
            None
        }
    }
}

fn header_name(block: &mut Block<'_>, text: Text<'_>) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.value.as_bytes()).ok();
    if name.is_none() {
        block.wrong(text.option, "`name` is no name of a header", "write name = \"X-Api-Key\"");
    }
    name
}

/// Reads `[source.headers]`.
pub(super) fn read_headers(block: &mut Block<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(mut table) = block.table("headers", "begin it with `[source.headers]`") else {
        return headers;
    };
    for (name, option) in table.entries() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| !is_ours(name));
        let Some(name) = name else {
            table.wrong(option, "this is no name of a header that can be set", "write \"X-Department\" = \"…\"");
            continue;
        };
        match &option.value {
            lilong_schema::catalog::OptionKind::Text(text) => {
                let value = secret_value(&mut table, Text { value: text.reveal(), option }, text.reveal());
                headers.extend(value.map(|value| (name, value)));
            }
            _ => table.wrong(option, "the value of a header is not a text", "write it in quotes"),
        }
    }
    block.close(table);
    headers
}

/// Headers that say how a request is framed: the client's own.
fn is_ours(name: &HeaderName) -> bool {
    ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "accept-encoding"]
        .contains(&name.as_str())
}
