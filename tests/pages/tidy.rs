//! The rules of the house that no compiler checks: headers, sizes, names, which way dependencies run, what is never said.
//!
//! In: the project's files as they are. *Invariant*: every offender is told, not the first only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lilong_connectors::kinds::KINDS;

/// Lines of a file of code, at most.
const LONGEST: usize = 400;

/// Files that are longer, how long they may be, and why. A number only ever goes down; a file that fits is taken out.
const LONGER: &[(&str, usize, &str)] = &[];

const CRATES: [&str; 4] = ["schema", "connectors", "gateway", "tests"];

/// What each crate may use of the others, and what it must know nothing of.
const DIRECTION: [(&str, &[&str], &[&str]); 3] = [
    (
        "schema",
        &[],
        &["tokio", "sqlx", "rusqlite", "axum", "hyper", "http", "apollo-compiler", "async-graphql", "arrow-array"],
    ),
    ("connectors", &["lilong-schema"], &["axum", "hyper", "apollo-compiler", "async-graphql"]),
    ("gateway", &["lilong-schema", "lilong-connectors"], &["sqlx"]),
];

/// Names of files and folders that say nothing.
const EMPTY_NAMES: [&str; 8] = ["mod", "util", "utils", "helpers", "common", "misc", "types", "manager"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text files under a folder, by their paths from the root, in order; what is made or fetched is left out.
fn files(folder: &str) -> BTreeMap<String, String> {
    const MADE: [&str; 6] = [".git", "target", "node_modules", "Cargo.lock", "package-lock.json", "LICENSE"];
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if MADE.iter().any(|made| entry.file_name() == *made) {
            } else if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.insert(name, text);
            }
        }
    }
    found
}

/// The files of code of the crates.
fn code() -> BTreeMap<String, String> {
    let mut code: BTreeMap<String, String> = CRATES.iter().flat_map(|name| files(name)).collect();
    code.retain(|path, _| Path::new(path).extension().is_some_and(|extension| extension == "rs"));
    code
}

fn none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn every_file_says_what_it_is() {
    let offenders: Vec<_> =
        code().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    none("every file of code opens with `//!`", &offenders);
}

#[test]
fn no_file_is_too_long() {
    let mut offenders = Vec::new();
    let code = code();
    for (path, text) in &code {
        let lines = text.lines().count();
        match LONGER.iter().find(|(longer, ..)| longer == path) {
            None if lines > LONGEST => offenders.push(format!("{path}: {lines} lines; split it by noun or by pass")),
            Some((_, most, _)) if lines > *most => offenders.push(format!("{path}: {lines} lines, {most} at most")),
            Some(_) if lines <= LONGEST => offenders.push(format!("{path}: fits now; take it out of the list")),
            _ => {}
        }
    }
    offenders.extend(
        LONGER.iter().filter(|(path, ..)| !code.contains_key(*path)).map(|(path, ..)| format!("{path}: is no more")),
    );
    none("files have 400 lines at most", &offenders);
}

#[test]
fn every_name_says_something() {
    let mut offenders = Vec::new();
    for path in code().into_keys() {
        let parts = Path::new(&path).with_extension("");
        if parts.iter().any(|part| EMPTY_NAMES.iter().any(|name| part == *name)) {
            offenders.push(path);
        }
    }
    none("names that say nothing", &offenders);
}

/// The keys of the tables of dependencies of a crate, those for its tests left out unless asked for.
fn dependencies(name: &str, with_tests: bool) -> Vec<String> {
    let text = read(&format!("{name}/Cargo.toml"));
    let (mut found, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]" || with_tests && line == "[dev-dependencies]";
        } else if inside && let Some((key, _)) = line.split_once(['.', '=']) {
            found.push(key.trim().to_owned());
        }
    }
    found
}

#[test]
fn dependencies_run_one_way() {
    let mut offenders = Vec::new();
    for (name, may, must_not) in DIRECTION {
        for dependency in dependencies(name, false) {
            if dependency.starts_with("lilong") && !may.contains(&dependency.as_str()) {
                offenders.push(format!("{name} depends on {dependency}"));
            }
        }
        for dependency in dependencies(name, true) {
            if must_not.contains(&dependency.as_str()) {
                offenders.push(format!("{name} knows {dependency}"));
            }
        }
    }
    // The engine asks sources only through connectors, and its planner knows nothing of how it is asked itself.
    for (path, text) in code() {
        let says = |what: &str| without_tests(&text).lines().any(|line| !is_comment(line) && line.contains(what));
        if path.starts_with("gateway/src/") && !path.starts_with("gateway/src/demo") && says("rusqlite::") {
            offenders.push(format!("{path} knows rusqlite"));
        }
        if path.starts_with("gateway/src/plan") && (says("http::") || says("axum::") || says("crate::server")) {
            offenders.push(format!("{path} knows HTTP"));
        }
    }
    none("schema ← connectors ← gateway ← tests", &offenders);
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// A file up to its tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    let end = text.match_indices("#[cfg(test)]\n").map(|(at, _)| at).find(|at| {
        let module = text[*at..].lines().find(|line| !line.starts_with("#["));
        module.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    });
    &text[..end.unwrap_or(text.len())]
}

/// Modules that are compiled for tests only, as the beginnings of their paths.
fn test_modules(code: &BTreeMap<String, String>) -> Vec<String> {
    let mut modules = Vec::new();
    for (path, text) in code {
        let folder = match path.strip_suffix("/lib.rs") {
            Some(folder) => folder,
            None => path.trim_end_matches(".rs"),
        };
        for after in text.split("#[cfg(test)]\n").skip(1) {
            let line = after.lines().find(|line| !line.starts_with("#[")).unwrap_or_default();
            if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                modules.extend([format!("{folder}/{name}.rs"), format!("{folder}/{name}/")]);
            }
        }
    }
    modules
}

/// The first names behind each `crate::` of a file.
fn uses(text: &str) -> BTreeSet<String> {
    let lines: Vec<_> = text.lines().filter(|line| !is_comment(line)).collect();
    let text = lines.join("\n");
    let name = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(name(rest));
            continue;
        };
        let mut depth = 0_usize;
        let mut starts = true;
        for (at, c) in list.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                '{' => depth += 1,
                ',' if depth == 0 => starts = true,
                _ if starts && !c.is_whitespace() => {
                    found.insert(name(&list[at..]));
                    starts = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// Which module each name comes from that `lib.rs` gives out.
fn given_out(library: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in library.split("pub use ").skip(1) {
        let (statement, _) = statement.split_once(';').unwrap();
        let Some((module, given)) = statement.split_once("::") else {
            continue;
        };
        for name in given.split(|c: char| !c.is_alphanumeric() && c != '_') {
            names.insert(name.to_owned(), module.to_owned());
        }
    }
    names
}

#[test]
fn modules_never_import_each_other_in_a_circle() {
    let code = code();
    let for_tests = test_modules(&code);
    let mut offenders = Vec::new();
    for name in &CRATES[..3] {
        let source = format!("{name}/src/");
        let given_out = given_out(&code[&format!("{source}lib.rs")]);
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, text) in code.iter().filter(|(path, _)| !for_tests.iter().any(|module| path.starts_with(module))) {
            let Some(inside) = path.strip_prefix(&source).filter(|inside| *inside != "lib.rs") else {
                continue;
            };
            let module = inside.split(['/', '.']).next().unwrap();
            let used = uses(without_tests(text)).into_iter().map(|name| given_out.get(&name).cloned().unwrap_or(name));
            edges.entry(module.to_owned()).or_default().extend(used.filter(|used| used != module));
        }
        // Whatever imports nothing that is left, or is imported by nothing that is left, is in no circle.
        loop {
            let before = edges.len();
            let modules: BTreeSet<String> = edges.keys().cloned().collect();
            let used: BTreeSet<String> = edges.values().flatten().cloned().collect();
            for imports in edges.values_mut() {
                imports.retain(|import| modules.contains(import));
            }
            edges.retain(|module, imports| !imports.is_empty() && used.contains(module));
            if edges.len() == before {
                break;
            }
        }
        offenders.extend(edges.iter().map(|(module, imports)| format!("{name}: {module} imports {imports:?}")));
    }
    none("circles of modules", &offenders);
}

#[test]
fn every_kind_has_its_file_and_its_suite() {
    let listed: BTreeSet<String> = KINDS.iter().map(|kind| kind.name.to_owned()).collect();
    let files: BTreeSet<String> = fs::read_dir(root().join("connectors/src/kinds"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, files, "kinds.rs and kinds/");
    let suites = read("tests/contract/main.rs");
    let (_, tested) = suites.rsplit_once("every_kind! {").unwrap();
    // `postgres_blind` is `postgres` once more, in other circumstances.
    let tested: BTreeSet<String> = tested
        .split('}')
        .next()
        .unwrap()
        .split_whitespace()
        .map(|name| name.split('_').next().unwrap().to_owned())
        .collect();
    assert_eq!(listed, tested, "kinds.rs and the contract suite");
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Written apart, so that this file may say them.
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let hosts = [concat!("registry.npm", "js"), concat!("index.cra", "tes.io"), concat!("pypi.", "org")];
    let words = [concat!("age", "nt"), concat!("age", "nts"), concat!("subage", "nt")];
    let mut offenders = Vec::new();
    for (path, text) in files("") {
        for (index, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let spoken: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').collect();
            let numbered = |word: &str| {
                spoken.windows(2).any(|pair| pair[0] == word && pair[1].starts_with(|c: char| c.is_ascii_digit()))
            };
            if paths.iter().chain(&hosts).any(|text| lower.contains(text))
                || spoken.iter().any(|word| words.contains(word))
                || numbered(concat!("iss", "ue"))
                || numbered(concat!("sess", "ion"))
            {
                offenders.push(format!("{path}:{}: {line}", index + 1));
            }
        }
    }
    none("places, hosts and words that are not the project's", &offenders);
}

/// The names of the modules that a file declares.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    })
}

#[test]
fn the_map_of_the_code_names_every_module() {
    let readme = read("README.md");
    let map = readme.split("\n## ").find(|section| section.starts_with("The map of the code\n")).unwrap();
    let rooms = map.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let (mut named, mut offenders) = (BTreeSet::new(), Vec::new());
    for room in rooms {
        // "gateway/src/plan`, `execute`": the others stand in the folder of the first.
        let (mut folder, mut names) = ("", room.split("`, `").map(|name| name.trim_end_matches('`')).peekable());
        if let Some((first, _)) = names.peek().and_then(|first| first.rsplit_once('/')) {
            folder = first;
        }
        for name in names {
            let path = format!("{folder}/{}", name.rsplit('/').next().unwrap());
            if folder.ends_with("/src") && !root().join(format!("{path}.rs")).exists() {
                offenders.push(format!("{path} is no more"));
            }
            if !named.insert(path.clone()) {
                offenders.push(format!("{path} is named twice"));
            }
        }
    }
    for krate in CRATES {
        let modules = ["lib", "main"].map(|file| root().join(format!("{krate}/src/{file}.rs")));
        for text in modules.iter().filter_map(|path| fs::read_to_string(path).ok()) {
            let unnamed = declared(&text).map(|name| format!("{krate}/src/{name}"));
            offenders.extend(unnamed.filter(|path| !named.contains(path)).map(|path| format!("{path} is not named")));
        }
    }
    none("the README's map of the code", &offenders);
}

#[test]
fn the_licence_is_apache_2() {
    let licence = read("LICENSE");
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0, January 2004"));
    assert!(read("Cargo.toml").contains("license = \"Apache-2.0\""));
    for name in CRATES {
        assert!(read(&format!("{name}/Cargo.toml")).contains("license.workspace = true"), "{name}");
    }
}
