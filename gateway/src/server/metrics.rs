//! `/metrics`: counts in Prometheus' text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use lilong_connectors::source::{CacheStatus, Circuit, State as SourceState};

use crate::server::Shared;
use crate::server::health::state_name;

/// Counts of GraphQL requests since the start.
pub(super) struct Requests {
    started: Instant,
    running: AtomicU64,
    by_code: Mutex<BTreeMap<&'static str, (u64, Duration)>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { started: Instant::now(), running: AtomicU64::new(0), by_code: Mutex::default() }
    }
}

/// What became of a request whose client went away before there was an answer.
const CANCELLED: &str = "CANCELLED";

/// A request that is being answered. For one for GraphQL, it counts as running as long as this lives, and as `CANCELLED` if that ends before an answer.
pub(super) struct Running<'a> {
    since: Instant,
    /// Where it is counted.
    counts: Option<&'a Requests>,
    ended: bool,
}

impl Running<'_> {
    /// There is an answer: counts its outcome, if it has one, and gives how long it took.
    pub(super) fn end(mut self, code: Option<&'static str>) -> Duration {
        let took = self.since.elapsed();
        self.ended = true;
        if let (Some(requests), Some(code)) = (self.counts, code) {
            requests.count(code, took);
        }
        took
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(requests) = self.counts else { return };
        requests.running.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            requests.count(CANCELLED, self.since.elapsed());
        }
    }
}

impl Requests {
    /// A request begins; `counts`: it is one for GraphQL.
    pub(super) fn enter(&self, counts: bool) -> Running<'_> {
        if counts {
            self.running.fetch_add(1, Ordering::Relaxed);
        }
        Running { since: Instant::now(), counts: counts.then_some(self), ended: false }
    }

    fn count(&self, code: &'static str, took: Duration) {
        let mut by_code = self.by_code.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = by_code.entry(code).or_default();
        entry.0 += 1;
        entry.1 += took;
    }
}

/// The page.
pub(super) async fn handle(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page(&shared)).into_response()
}

fn page(shared: &Shared) -> String {
    let mut text = String::new();
    let requests = &shared.requests;
    let by_code = requests.by_code.lock().unwrap_or_else(PoisonError::into_inner).clone();
    head(&mut text, "lilong_uptime_seconds", "gauge", "Seconds since the server started.");
    line(&mut text, "lilong_uptime_seconds", &[], requests.started.elapsed().as_secs_f64());
    head(&mut text, "lilong_requests_running", "gauge", "GraphQL requests being answered.");
    line(&mut text, "lilong_requests_running", &[], requests.running.load(Ordering::Relaxed));
    head(
        &mut text,
        "lilong_requests_total",
        "counter",
        "GraphQL requests by outcome: OK, PARTIAL, an error code, or CANCELLED.",
    );
    for (code, (count, _)) in &by_code {
        line(&mut text, "lilong_requests_total", &[("code", code)], count);
    }
    head(&mut text, "lilong_request_seconds_total", "counter", "Seconds spent on GraphQL requests by outcome.");
    for (code, (_, took)) in &by_code {
        line(&mut text, "lilong_request_seconds_total", &[("code", code)], took.as_secs_f64());
    }
    let model = shared.gateway.model();
    let statuses: Vec<_> = std::iter::zip(&model.federated.sources, &model.sources)
        .map(|(described, source)| (&*described.name, source.status()))
        .collect();
    head(&mut text, "lilong_source_breaker_open", "gauge", "1 while a source is left alone after repeated faults.");
    for (described, source) in std::iter::zip(&model.federated.sources, &model.sources) {
        let open = u8::from(source.circuit() != Circuit::Closed);
        line(&mut text, "lilong_source_breaker_open", &[("source", &*described.name)], open);
    }
    head(&mut text, "lilong_source_state", "gauge", "1 for the state each source is in.");
    for (name, status) in &statuses {
        for state in [SourceState::Unknown, SourceState::Ready, SourceState::Unavailable] {
            let labels = [("source", *name), ("state", state_name(state))];
            line(&mut text, "lilong_source_state", &labels, u8::from(status.state == state));
        }
    }
    head(&mut text, "lilong_source_fetches_total", "counter", "Fetches asked of each source.");
    for (name, status) in &statuses {
        line(&mut text, "lilong_source_fetches_total", &[("source", name)], status.fetches);
    }
    head(&mut text, "lilong_source_faults_total", "counter", "Fetches that each source failed.");
    for (name, status) in &statuses {
        line(&mut text, "lilong_source_faults_total", &[("source", name)], status.faults);
    }
    head(&mut text, "lilong_source_sent_total", "counter", "Fetches really sent: shared ones once, retries too.");
    for (name, status) in &statuses {
        line(&mut text, "lilong_source_sent_total", &[("source", name)], status.sent);
    }
    head(&mut text, "lilong_source_retries_total", "counter", "Fetches sent once more to each source.");
    for (name, status) in &statuses {
        line(&mut text, "lilong_source_retries_total", &[("source", name)], status.retries);
    }
    let kept: Vec<_> = std::iter::zip(&model.federated.sources, &model.sources)
        .filter_map(|(described, source)| Some((&*described.name, source.cache()?)))
        .collect();
    let counts: [(&str, &str, fn(&CacheStatus) -> f64); 6] = [
        ("lilong_cache_hits_total", "Lists and keys that were kept and young enough.", |cache| cache.hits as f64),
        ("lilong_cache_misses_total", "Lists and keys that had to be fetched.", |cache| cache.misses as f64),
        ("lilong_cache_stale_total", "Lists and keys given although they were too old.", |cache| cache.stale as f64),
        ("lilong_cache_age_seconds_total", "Ages of all that was given, together.", |cache| cache.age.as_secs_f64()),
        ("lilong_cache_entries", "Lists and keys that are kept.", |cache| cache.entries as f64),
        ("lilong_cache_bytes", "What they weigh.", |cache| cache.bytes as f64),
    ];
    for (name, help, of) in counts {
        head(&mut text, name, if name.ends_with("_total") { "counter" } else { "gauge" }, help);
        for (source, cache) in &kept {
            line(&mut text, name, &[("source", source)], of(cache));
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    text.push_str(name);
    for (index, (label, content)) in labels.iter().enumerate() {
        text.push(if index == 0 { '{' } else { ',' });
        let escaped = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{label}=\"{escaped}\"");
    }
    let _ = writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = String::new();
        line(&mut text, "x", &[("a", "q\"\\\n"), ("b", "姓名")], 1);
        assert_eq!(text, "x{a=\"q\\\"\\\\\\n\",b=\"姓名\"} 1\n");
    }

    #[test]
    fn a_request_is_counted_once_by_its_outcome_and_only_if_it_is_for_graphql() {
        let requests = Requests::default();
        let counted = |requests: &Requests| {
            let by_code = requests.by_code.lock().unwrap_or_else(PoisonError::into_inner);
            by_code.iter().map(|(code, (count, _))| (*code, *count)).collect::<Vec<_>>()
        };
        let (first, other) = (requests.enter(true), requests.enter(false));
        assert_eq!(requests.running.load(Ordering::Relaxed), 1);
        first.end(Some("OK"));
        other.end(Some("BAD_INPUT"));
        assert_eq!((requests.running.load(Ordering::Relaxed), counted(&requests)), (0, vec![("OK", 1)]));
        // What has no outcome was no request for GraphQL; what is dropped had a client that went away.
        requests.enter(true).end(None);
        drop(requests.enter(true));
        drop(requests.enter(false));
        assert_eq!(requests.running.load(Ordering::Relaxed), 0);
        assert_eq!(counted(&requests), [("CANCELLED", 1), ("OK", 1)]);
    }
}
