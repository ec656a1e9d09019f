//! The tables of the README equal the code.
//!
//! In: `README.md`, and what the code says of itself. A table is found by the first cells of its head.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use lilong_connectors::kinds::KINDS;
use lilong_schema::catalog::{Limits, Server, Tuning};

use crate::tidy::read;

/// The rows of the tables whose head begins so, as the texts of their cells; backquotes are taken away.
fn table(head: &str) -> Vec<Vec<String>> {
    let readme = read("README.md");
    let mut rows = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(head) {
            let inside = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
            rows.extend(inside.map(|line| {
                let cells = line.replace("\\|", "¦");
                let cells = cells.trim_matches('|').split('|');
                cells.map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>()
            }));
        }
    }
    assert!(!rows.is_empty(), "README.md has no table that begins with {head}");
    rows
}

fn columns<const N: usize>(rows: &[Vec<String>]) -> Vec<[&str; N]> {
    rows.iter().map(|row| std::array::from_fn(|index| row[index].as_str())).collect()
}

/// What stands in quotes behind this, all over a text.
fn quoted_behind<'a>(text: &'a str, marker: &'a str) -> Vec<&'a str> {
    text.split(marker).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn error_codes_are_those_there_are() {
    let rows = table("| Code |");
    let told: Vec<&str> = columns::<1>(&rows).into_iter().map(|[code]| code).collect();
    let code = read("gateway/src/error.rs");
    assert_eq!(told, quoted_behind(&code, "=> \""));
}

fn pair(key: &str, value: impl Display) -> [String; 2] {
    [key.to_owned(), value.to_string()]
}

fn time(key: &str, duration: Duration) -> [String; 2] {
    let milliseconds = duration.as_millis();
    pair(
        key,
        if milliseconds.is_multiple_of(1_000) {
            format!("{}s", milliseconds / 1_000)
        } else {
            format!("{milliseconds}ms")
        },
    )
}

#[test]
fn settings_and_their_defaults_are_those_there_are() {
    let Server { listen, admin, open, cursor_key, plan, limits } = Server::default();
    assert_eq!(cursor_key, None);
    let Limits {
        deadline,
        connections: all_connections,
        requests,
        list_rows,
        answer_rows,
        body,
        tokens,
        depth,
        aliases,
        collection_fields,
        introspection_depth,
        introspection_bytes,
        budget_rows,
        budget_keys,
        budget_bytes,
        cache_bytes,
        side_rows,
        union_fetches,
        drain,
    } = limits;
    let Tuning {
        timeout,
        connect_timeout,
        wait_timeout,
        idle_timeout,
        connections,
        server_connections,
        cache,
        stale_while_refreshing,
        stale_if_down,
        breaker_faults,
        breaker_pause,
        breaker_longest_pause,
        retry_percent,
    } = Tuning::default();
    assert_eq!([cache, stale_while_refreshing, stale_if_down], [None; 3]);
    let expected = [
        pair("listen", listen),
        pair("admin", admin.unwrap_or_default()),
        pair("open", open),
        pair("cursor_key", "\"\""),
        pair("plan", plan),
        time("deadline", deadline),
        pair("connections", all_connections),
        pair("requests", requests),
        pair("list_rows", list_rows),
        pair("answer_rows", answer_rows),
        pair("body", body),
        pair("tokens", tokens),
        pair("depth", depth),
        pair("aliases", aliases),
        pair("collection_fields", collection_fields),
        pair("introspection_depth", introspection_depth),
        pair("introspection_bytes", introspection_bytes),
        pair("budget_rows", budget_rows),
        pair("budget_keys", budget_keys),
        pair("budget_bytes", budget_bytes),
        pair("cache_bytes", cache_bytes),
        pair("side_rows", side_rows),
        pair("union_fetches", union_fetches),
        time("drain", drain),
        time("timeout", timeout),
        time("connect_timeout", connect_timeout),
        time("wait_timeout", wait_timeout),
        time("idle_timeout", idle_timeout),
        pair("connections", connections),
        pair("server_connections", server_connections),
        pair("cache", "off"),
        pair("stale_while_refreshing", "off"),
        pair("stale_if_down", "off"),
        pair("breaker_faults", breaker_faults),
        time("breaker_pause", breaker_pause),
        time("breaker_longest_pause", breaker_longest_pause),
        pair("retry_percent", retry_percent),
    ];
    let rows = table("| Key | Default |");
    let told = columns::<2>(&rows);
    for pair in &expected {
        assert!(told.iter().any(|row| row == pair), "README.md does not tell {pair:?}");
    }
    // The keys of the template are all keys there are: a test beside it sees to that.
    let template: String = lilong_schema::catalog::template::FILES.iter().map(|(_, text)| *text).collect();
    for [keys, _] in told {
        for key in keys.split(", ") {
            let stands = [format!("{key} = "), format!(".{key}]")].iter().any(|form| template.contains(form));
            assert!(stands, "README.md tells of `{key}`, which the template does not know");
        }
    }
}

#[test]
fn commands_are_those_there_are() {
    let code = read("gateway/src/command.rs");
    let (_, list) = code.split_once("enum Command {").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let there: Vec<String> =
        list.lines().filter_map(|line| line.trim().split_once('(')).map(|(name, _)| name.to_lowercase()).collect();
    let rows = table("| Command |");
    let told: Vec<&str> = columns::<1>(&rows).into_iter().filter_map(|[usage]| usage.split(' ').nth(1)).collect();
    assert_eq!(told, there);
    for [usage] in columns::<1>(&rows) {
        let command = usage.split(' ').nth(1).unwrap();
        let options =
            read(&format!("gateway/src/command/{command}.rs")) + &code + &read("gateway/src/command/query.rs");
        for option in usage.split(['[', ' ', ']']).filter_map(|word| word.strip_prefix("--")) {
            assert!(options.contains(&format!("{option}:")), "lilong {command} has no --{option}");
        }
    }
}

#[test]
fn connectors_are_those_there_are() {
    let rows = table("| Connector |");
    let told: Vec<(&str, Vec<&str>)> = columns::<3>(&rows)
        .into_iter()
        .map(|[name, _, keys]| (name, keys.split(", ").filter(|key| *key != "none").collect()))
        .collect();
    let there: Vec<(&str, Vec<&str>)> = KINDS.iter().map(|kind| (kind.name, kind.keys.concat())).collect();
    assert_eq!(told, there);
}

#[test]
fn dependencies_are_those_there_are() {
    let manifest = read("Cargo.toml");
    let (_, list) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let (list, _) = list.split_once("\n[").unwrap();
    let there: Vec<[String; 3]> = list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("lilong"))
        .map(|line| {
            let (name, specification) = line.split_once(" = ").unwrap();
            let version = quoted_behind(specification, "version = \"").first().copied();
            let version = version.unwrap_or_else(|| specification.trim_matches('"'));
            let without_default = specification.contains("default-features = false");
            let mut features = if without_default { vec![] } else { vec!["default"] };
            if let Some((_, list)) = specification.split_once("features = [") {
                features.extend(list.split(']').next().unwrap().split(", ").map(|feature| feature.trim_matches('"')));
            }
            let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
            [name.to_owned(), version.to_owned(), features]
        })
        .collect();
    let rows = table("| Crate |");
    let told = columns::<4>(&rows);
    assert!(told.iter().all(|[.., why]| !why.is_empty()));
    let told: Vec<[String; 3]> =
        told.into_iter().map(|[name, version, features, _]| [name, version, features].map(str::to_owned)).collect();
    assert_eq!(told, there);
}

#[test]
fn every_suite_is_told_of() {
    let rows = table("| Suite |");
    let told: BTreeSet<&str> = columns::<1>(&rows).into_iter().map(|[suite]| suite).collect();
    for suite in ["tests/contract", "tests/problems", "tests/golden", "tests/whole", "tests/browser"] {
        assert!(told.contains(suite), "{suite}");
    }
}
