//! `[server]` and `[server.limits]`.

use std::time::Duration;

use super::document::{Entry, Reading, Table};
use super::{Limits, Server};
use crate::Secret;

const SERVER_KEYS: &[&str] = &["listen", "admin", "open", "cursor_key", "plan", "limits"];

/// The fewest characters of a `cursor_key`.
const SHORTEST_KEY: usize = 16;

/// The keys of `[server.limits]`.
const LIMIT_KEYS: &[&str] = &[
    "deadline",
    "connections",
    "requests",
    "list_rows",
    "answer_rows",
    "body",
    "tokens",
    "depth",
    "aliases",
    "collection_fields",
    "introspection_depth",
    "introspection_bytes",
    "budget_rows",
    "budget_keys",
    "budget_bytes",
    "cache_bytes",
    "side_rows",
    "union_fetches",
    "drain",
];

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:4000".into(),
            admin: Some("127.0.0.1:4001".into()),
            open: false,
            cursor_key: None,
            plan: false,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            connections: 2_000,
            requests: 5_000,
            list_rows: 10_000,
            answer_rows: 100_000,
            body: 1_000_000,
            tokens: 15_000,
            depth: 15,
            aliases: 500,
            collection_fields: 50,
            introspection_depth: 20,
            introspection_bytes: 32_000_000,
            budget_rows: 100_000,
            budget_keys: 100_000,
            budget_bytes: 64_000_000,
            cache_bytes: 256_000_000,
            side_rows: 2_000,
            union_fetches: 32,
            drain: Duration::from_secs(30),
        }
    }
}

/// Reads `[server]` into what other files have set already.
pub(super) fn read(server: &mut Server, mut table: Table<'_>, reading: &mut Reading<'_>) {
    if let Some(entry) = table.take("listen")
        && let Some(address) = address(&entry, reading, false)
    {
        server.listen = address;
    }
    if let Some(entry) = table.take("admin")
        && let Some(address) = address(&entry, reading, true)
    {
        server.admin = (address != "off").then_some(address);
    }
    if let Some(entry) = table.take("open")
        && let Some(open) = entry.flag(reading)
    {
        server.open = open;
    }
    if let Some(entry) = table.take("cursor_key")
        && let Some(key) = cursor_key(&entry, reading)
    {
        server.cursor_key = (!key.reveal().is_empty()).then_some(key);
    }
    if let Some(entry) = table.take("plan")
        && let Some(plan) = entry.flag(reading)
    {
        server.plan = plan;
    }
    if let Some(entry) = table.take("limits")
        && let Some(limits) = entry.table(reading, "server.limits", "begin it with `[server.limits]`")
    {
        read_limits(&mut server.limits, limits, reading);
    }
    table.finish(reading, SERVER_KEYS);
}

fn read_limits(limits: &mut Limits, mut table: Table<'_>, reading: &mut Reading<'_>) {
    const MANY: u64 = 1_000_000_000_000;
    // A selection is walked by recursion: this bounds the stack.
    const DEEP: u64 = 200;
    for (key, setting) in [("deadline", &mut limits.deadline), ("drain", &mut limits.drain)] {
        if let Some(duration) = table.take(key).and_then(|entry| entry.duration(reading)) {
            *setting = duration;
        }
    }
    for (key, setting, most) in [
        ("connections", &mut limits.connections, 1_000_000),
        ("requests", &mut limits.requests, 1_000_000),
        ("list_rows", &mut limits.list_rows, MANY),
        ("answer_rows", &mut limits.answer_rows, MANY),
        ("body", &mut limits.body, MANY),
        ("tokens", &mut limits.tokens, MANY),
        ("depth", &mut limits.depth, DEEP),
        ("aliases", &mut limits.aliases, MANY),
        ("collection_fields", &mut limits.collection_fields, MANY),
        ("introspection_depth", &mut limits.introspection_depth, DEEP),
        ("introspection_bytes", &mut limits.introspection_bytes, MANY),
        ("budget_rows", &mut limits.budget_rows, MANY),
        ("budget_keys", &mut limits.budget_keys, MANY),
        ("budget_bytes", &mut limits.budget_bytes, MANY),
        ("cache_bytes", &mut limits.cache_bytes, MANY),
        ("side_rows", &mut limits.side_rows, MANY),
        ("union_fetches", &mut limits.union_fetches, MANY),
    ] {
        if let Some(count) = table.take(key).and_then(|entry| entry.count(reading, most)) {
            *setting = count;
        }
    }
    table.finish(reading, LIMIT_KEYS);
}

/// A secret that is long enough not to be guessed; empty: none.
fn cursor_key(entry: &Entry<'_>, reading: &mut Reading<'_>) -> Option<Secret> {
    let text = entry.text(reading)?;
    if text.value.is_empty() || text.value.chars().count() >= SHORTEST_KEY {
        return Some(Secret::new(text.value));
    }
    let what = format!("`{}` is shorter than {SHORTEST_KEY} characters", entry.key);
    let hint = "make one with `openssl rand -base64 32`, and give it as \"${LILONG_CURSOR_KEY}\"";
    reading.problems.push(entry.problem(what, hint));
    None
}

/// `host:port`, or `off` where that is allowed.
fn address(entry: &Entry<'_>, reading: &mut Reading<'_>, off: bool) -> Option<String> {
    let text = entry.text(reading)?;
    let legal = match text.value.rsplit_once(':') {
        Some((host, port)) => {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).map_or_else(
                || !host.is_empty() && !host.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control()),
                |inside| inside.parse::<std::net::Ipv6Addr>().is_ok(),
            );
            host && port.parse::<u16>().is_ok()
        }
        None => off && text.value == "off",
    };
    if legal {
        return Some(text.value);
    }
    let what = format!("`{}`: `{}` is not an address", entry.key, text.written);
    let hint = if off { "write it as \"127.0.0.1:4001\", or \"off\"" } else { "write it as \"127.0.0.1:4000\"" };
    reading.problems.push(entry.problem(what, hint));
    None
}

/// Every key of `[server]` and `[server.limits]`.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    SERVER_KEYS.iter().chain(LIMIT_KEYS).copied()
}
