//! The client: in, a request inside the source's address; out, its whole answer or a fault of the source.
//!
//! *Invariant*: no host but the source's own is asked (redirects included), no proxy of the environment is used, an answer
//! is never read beyond its limit, and dropping a request ends it. Faults name no host, no header and no value.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lilong_schema::catalog::{SourceSettings, Tuning};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url, redirect};

use super::address::{Forbidden, Resolver, is_allowed, literal};
use super::auth::Auth;
use super::settings::Settings;
use super::token::{Fault, Token};
use crate::deadline::until;
use crate::options::Block;
use crate::{Error, ErrorKind, Result};

/// Redirects that are followed, all inside the source's own address.
const REDIRECTS: usize = 3;

/// The longest that a request waits because the source asked for it (`Retry-After`); longer ones are refused meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The longest that a source is left alone because it asked for it.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Asks one source.
#[derive(Debug)]
pub struct Client {
    source: Arc<str>,
    settings: Settings,
    inner: reqwest::Client,
    token: Option<Token>,
    /// Until when the source wants to be left alone.
    pause: Mutex<Option<Instant>>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: Method,
    /// Path and query below the source's `url`, escaped; or a whole URL of the same scheme, host and port.
    pub target: String,
    /// Headers of this request, over those of the catalog.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// Statuses beside the successful ones that are an answer, not a fault.
    pub accepted: Vec<StatusCode>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// A successful one, or one that the request accepts.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Vec<u8>,
    /// Where it came from, after redirects.
    pub url: Url,
}

impl Request {
    /// Reads what stands at a target.
    pub fn get(target: impl Into<String>) -> Self {
        let target = target.into();
        Self { method: Method::GET, target, headers: HeaderMap::new(), body: None, accepted: Vec::new() }
    }

    /// Sends JSON to a target and expects JSON.
    pub fn post_json(target: impl Into<String>, body: Vec<u8>) -> Self {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json.clone()), (ACCEPT, json)]);
        Self { method: Method::POST, headers, body: Some(body), ..Self::get(target) }
    }

    /// Takes a status as an answer.
    #[must_use]
    pub fn accepting(mut self, status: StatusCode) -> Self {
        self.accepted.push(status);
        self
    }
}

impl Answer {
    /// The value of `Content-Type` without its parameters, in lower case; empty if there is none.
    pub fn content_type(&self) -> String {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as JSON; [`ErrorKind::Mismatch`] if it is none.
    pub fn json(&self, source: &Arc<str>) -> Result<serde_json::Value> {
        let content_type = self.content_type();
        let is_other = content_type.ends_with("html") || content_type.ends_with("xml");
        if is_other {
            let context = format!("an answer of type {content_type:?} where JSON belongs");
            return Err(Error::new(ErrorKind::Mismatch, source.clone(), context));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // What the parser says of a wrong word holds nothing of the answer but its place.
            let context = format!("an answer that is not JSON at line {} column {}", error.line(), error.column());
            Error::new(ErrorKind::Mismatch, source.clone(), context)
        })
    }
}

impl Client {
    /// The client of a block, by the keys that all kinds over HTTP share; `None`: the block knows what is wrong.
    pub(crate) fn read(block: &mut Block<'_>, source: &SourceSettings) -> Option<Self> {
        let settings = Settings::read(block)?;
        let client = Self::new(source.name.as_str().into(), settings, &source.tuning);
        if client.is_err() {
            block.wrong_here("its certificates cannot be used together", "look at tls_ca, tls_cert and tls_key");
        }
        client.ok()
    }

    /// Makes a client; nothing is connected to. `Err`: what of `tls_ca`, `tls_cert` and `tls_key` does not fit together.
    pub fn new(source: Arc<str>, settings: Settings, tuning: &Tuning) -> std::result::Result<Self, reqwest::Error> {
        // The first caller decides for the whole process; whoever was first chose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("lilong/", env!("CARGO_PKG_VERSION")))
            .default_headers(settings.headers.clone())
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Resolver)
            .connect_timeout(tuning.connect_timeout)
            .pool_idle_timeout(tuning.idle_timeout)
            .pool_max_idle_per_host(tuning.connections);
        let insecure = settings.url.scheme() == "http" && !matches!(&settings.auth, Auth::Token(_));
        builder = if insecure {
            // Nothing is verified, so the system's authorities need not be loaded: hundreds of sources would each.
            builder.tls_certs_only([])
        } else if !settings.verify {
            builder.tls_danger_accept_invalid_certs(settings.url.scheme() == "https")
        } else {
            builder
        };
        if !settings.authorities.is_empty() && !insecure {
            builder = builder.tls_certs_merge(settings.authorities.clone());
        }
        if let Some(identity) = &settings.identity {
            builder = builder.identity(identity.clone());
        }
        let token = match &settings.auth {
            Auth::Token(credentials) => Some(Token::new(credentials.clone())),
            _ => None,
        };
        Ok(Self { source, inner: builder.build()?, settings, token, pause: Mutex::new(None) })
    }

    /// The source's name.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Where the source is; the path ends with a slash.
    pub fn url(&self) -> &Url {
        &self.settings.url
    }

    /// A target, or a link of an answer from `base`, as a whole URL; `None` if it leads to another scheme, host or port.
    pub fn inside(&self, base: &Url, target: &str) -> Option<Url> {
        let url = base.join(target).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_plain && url.origin() == self.settings.url.origin()).then_some(url)
    }

    /// Sends a request and reads its answer before `deadline`. Statuses become faults: 401 and 403
    /// [`ErrorKind::Denied`], 429 and a 503 with `Retry-After` [`ErrorKind::Overloaded`], other 4xx
    /// [`ErrorKind::Rejected`], 5xx [`ErrorKind::Unavailable`], redirects elsewhere [`ErrorKind::Mismatch`]; an answer
    /// beyond `answer_bytes` is [`ErrorKind::TooCostly`].
    pub async fn send(&self, request: &Request, deadline: Instant) -> Result<Answer> {
        let sending = async {
            self.wait(deadline).await?;
            let first = self.send_once(request, None).await?;
            let answer = match (first.status(), &self.token) {
                // The token may have been taken back before its time.
                (StatusCode::UNAUTHORIZED, Some(_)) => {
                    let refused = first.extensions().get::<Sent>().map(|sent| sent.0.clone());
                    self.send_once(request, refused.as_ref()).await?
                }
                _ => first,
            };
            let answer = match self.asked_to_wait(&answer) {
                Some(pause) if pause <= LONGEST_WAIT && Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    let again = self.send_once(request, None).await?;
                    self.asked_to_wait(&again);
                    again
                }
                _ => answer,
            };
            self.receive(request, answer).await
        };
        until(deadline.into(), sending)
            .await
            .unwrap_or_else(|_| Err(self.fault(ErrorKind::Timeout, "no whole answer before the deadline")))
    }

    /// Waits as long as the source asked to be left alone, or refuses at once.
    async fn wait(&self, deadline: Instant) -> Result<()> {
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match pause.map(|until| until.saturating_duration_since(now)) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(pause) if pause <= LONGEST_WAIT && now + pause < deadline => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            Some(_) => Err(self.fault(ErrorKind::Overloaded, "it asked to be left alone for a while")),
        }
    }

    /// What `Retry-After` says on an answer that asks for it; noted for every request to come.
    fn asked_to_wait(&self, answer: &reqwest::Response) -> Option<Duration> {
        if !matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            return None;
        }
        let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
        let pause = match value.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let until = chrono::DateTime::parse_from_rfc2822(value).ok()?;
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
                Duration::from_secs(u64::try_from(until.timestamp()).ok()?).saturating_sub(now)
            }
        };
        let pause = pause.min(LONGEST_PAUSE);
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + pause);
        Some(pause)
    }

    /// Sends, following redirects inside the source; `refused`: the token that was not let in.
    async fn send_once(&self, request: &Request, refused: Option<&HeaderValue>) -> Result<reqwest::Response> {
        let mut url = self
            .inside(&self.settings.url, request.target.trim_start_matches('/'))
            .ok_or_else(|| self.fault(ErrorKind::Internal, "a request leads out of the source"))?;
        for _ in 0..=REDIRECTS {
            let answer = self.send_to(request, url, refused).await?;
            let is_redirect = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            if !is_redirect || request.accepted.contains(&answer.status()) {
                return Ok(answer);
            }
            if request.method != Method::GET {
                return Err(self.fault(ErrorKind::Mismatch, "it redirects a request that is not repeated elsewhere"));
            }
            let target = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = target
                .and_then(|target| self.inside(answer.url(), target))
                .ok_or_else(|| self.fault(ErrorKind::Mismatch, "it redirects to somewhere outside the source"))?;
        }
        Err(self.fault(ErrorKind::Mismatch, "it redirects again and again"))
    }

    async fn send_to(
        &self,
        request: &Request,
        mut url: Url,
        refused: Option<&HeaderValue>,
    ) -> Result<reqwest::Response> {
        // A resolver is not asked about addresses.
        if literal(&url).is_some_and(|address| !is_allowed(address)) {
            return Err(self.forbidden());
        }
        if let Auth::Query(name, value) = &self.settings.auth {
            url.query_pairs_mut().append_pair(name, value.reveal());
        }
        let mut sending = self.inner.request(request.method.clone(), url).headers(request.headers.clone());
        let mut sent = None;
        match (&self.settings.auth, &self.token) {
            (Auth::Header(name, value), _) => sending = sending.header(name, value),
            (_, Some(token)) => {
                let header = token.header(&self.inner, refused).await.map_err(|fault| self.no_token(fault))?;
                sending = sending.header(reqwest::header::AUTHORIZATION, header.clone());
                sent = Some(Sent(header));
            }
            _ => {}
        }
        if let Some(body) = &request.body {
            sending = sending.body(body.clone());
        }
        let mut answer = sending.send().await.map_err(|error| self.silent(error))?;
        if let Some(sent) = sent {
            answer.extensions_mut().insert(sent);
        }
        Ok(answer)
    }

    async fn receive(&self, request: &Request, mut answer: reqwest::Response) -> Result<Answer> {
        let status = answer.status();
        if !status.is_success() && !request.accepted.contains(&status) {
            return Err(self.refusal(&answer));
        }
        let most = self.settings.answer_bytes;
        let too_large = || {
            let advice = format!("an answer of more than {most} bytes (`answer_bytes`)");
            self.fault(ErrorKind::TooCostly, &advice).advising(advice)
        };
        let announced = answer.content_length().unwrap_or(0);
        if announced > most as u64 {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.silent(error))? {
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers: answer.headers().clone(), body, url: answer.url().clone() })
    }

    /// What a status that is no answer means.
    fn refusal(&self, answer: &reqwest::Response) -> Error {
        let status = answer.status();
        let kind = match status.as_u16() {
            401 | 403 => ErrorKind::Denied,
            429 => ErrorKind::Overloaded,
            503 if answer.headers().contains_key(RETRY_AFTER) => ErrorKind::Overloaded,
            408 | 504 => ErrorKind::Timeout,
            500.. => ErrorKind::Unavailable,
            400.. => ErrorKind::Rejected,
            _ => ErrorKind::Mismatch,
        };
        self.fault(kind, &format!("status {}", status.as_u16()))
    }

    fn silent(&self, error: reqwest::Error) -> Error {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if inner.is::<Forbidden>() {
                return self.forbidden();
            }
            cause = inner.source();
        }
        let (kind, context) = match () {
            () if error.is_timeout() && error.is_connect() => (ErrorKind::Unavailable, "no connection in time"),
            () if error.is_timeout() => (ErrorKind::Timeout, "no answer in time"),
            () if error.is_connect() => (ErrorKind::Unavailable, "connecting"),
            () if is_garbled(&error) => (ErrorKind::Mismatch, "an answer that cannot be unpacked"),
            () => (ErrorKind::Unavailable, "the connection broke"),
        };
        self.fault(kind, context).because(error.without_url())
    }

    fn no_token(&self, fault: Fault) -> Error {
        let kind = match &fault {
            Fault::Silent(_) => ErrorKind::Unavailable,
            Fault::Refused(status) if status.is_server_error() => ErrorKind::Unavailable,
            Fault::Refused(_) => ErrorKind::Denied,
            Fault::None => ErrorKind::Mismatch,
        };
        self.fault(kind, "logging in").because(fault)
    }

    fn forbidden(&self) -> Error {
        let mut error = self.fault(ErrorKind::Unavailable, "its name leads to an address that is never asked");
        error.temporary = false;
        error
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.source.clone(), context)
    }
}

/// Whether a body came that is not packed as it says; one that broke off is none.
fn is_garbled(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause.filter(|_| error.is_decode()) {
        let kind = inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput)) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The token that a request was sent with.
#[derive(Clone)]
struct Sent(HeaderValue);
