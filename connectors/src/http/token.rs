//! Tokens that have to be asked for: OAuth 2.0 client credentials (RFC 6749, section 4.4).
//!
//! In: who asks. Out: the header of a request. *Invariant*: at most one request for a token runs at a time, and a token is
//! renewed before it ends.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::auth::{Credentials, basic};
use super::client::escaped;

/// How long a token is used that does not say when it ends.
const UNKNOWN: Duration = Duration::from_mins(5);

/// A token is renewed this long before it ends, or after nine tenths of a short life.
const MARGIN: Duration = Duration::from_secs(30);

/// Bytes of an answer that holds a token.
const MOST: usize = 100_000;

/// The token of a source.
#[derive(Debug)]
pub(super) struct Token {
    credentials: Credentials,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    header: HeaderValue,
    until: Instant,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Nobody answered.
    #[error("asking for a token")]
    Silent(#[source] reqwest::Error),
    /// The server did not give one.
    #[error("a token was refused with status {0}")]
    Refused(StatusCode),
    /// What it gave is none.
    #[error("the answer holds no token")]
    None,
}

impl Token {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, held: Mutex::new(None) }
    }

    /// The header to send; asks for a token if there is none, or if the one there is was `refused`.
    pub(super) async fn header(
        &self,
        client: &reqwest::Client,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Fault> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref()
            && token.until > Instant::now()
            && refused != Some(&token.header)
        {
            return Ok(token.header.clone());
        }
        *held = None;
        let token = self.ask(client).await?;
        let header = token.header.clone();
        *held = Some(token);
        Ok(header)
    }

    async fn ask(&self, client: &reqwest::Client) -> Result<Held, Fault> {
        let credentials = &self.credentials;
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(credentials.scope.as_ref().map(|scope| ("scope", scope.reveal())));
        let mut request = client.post(credentials.url.clone()).header(ACCEPT, "application/json");
        if credentials.in_form {
            form.extend([("client_id", credentials.id.reveal()), ("client_secret", credentials.secret.reveal())]);
        } else {
            let login = basic(&escaped(credentials.id.reveal()), &escaped(credentials.secret.reveal()));
            let mut value = HeaderValue::from_str(login.reveal()).map_err(|_| Fault::None)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form_text(&form));
        let silent = |error: reqwest::Error| Fault::Silent(error.without_url());
        let asked = Instant::now();
        let mut answer = request.send().await.map_err(silent)?;
        if !answer.status().is_success() {
            return Err(Fault::Refused(answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST {
                return Err(Fault::None);
            }
        }
        let answer: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| Fault::None)?;
        let kind = answer.get("token_type").and_then(serde_json::Value::as_str).unwrap_or("bearer");
        let token = answer.get("access_token").and_then(serde_json::Value::as_str).ok_or(Fault::None)?;
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(Fault::None);
        }
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Fault::None)?;
        header.set_sensitive(true);
        // Some servers write the number as text.
        let life = answer.get("expires_in").and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
        let life = life.map_or(UNKNOWN, |seconds| Duration::from_secs(seconds.min(86_400)));
        let until = asked + life.saturating_sub(MARGIN).max(life * 9 / 10).min(life);
        Ok(Held { header, until })
    }
}

/// Pairs as a form writes them.
fn form_text(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}
