//! `tests/problems/*.md`: one page is one broken catalog and its exact messages.
//!
//! In: fenced blocks of a page. The information string of a block says what it is:
//!
//! - `toml lilong.toml`, `csv streets.csv`, `json descriptions/civil.json` …: a file of the catalog;
//! - `hex sources/old.toml`: a file by its bytes in hexadecimal digits;
//! - `folder interfaces`: an empty folder;
//! - `env`: the environment, one `NAME=value` a line; nothing else is set;
//! - `problems`: what `lilong check` has to print, the catalog's folder written as `city`.
//!
//! A page without any file or folder is about a catalog folder that is not there. `LILONG_UPDATE_PAGES=1` rewrites the
//! `problems` block of every page to what is printed now.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use lilong_schema::{Problem, problem};

/// Every finding of a catalog: the one place to change when a further stage reports findings.
fn findings(folder: &Path, environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<Problem> {
    lilong_schema::catalog::load_with(folder, environment).1
}

#[test]
fn every_broken_catalog_is_told_as_its_page_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    assert!(paths.len() >= 25, "pages are missing: {}", paths.len());
    let update = std::env::var_os("LILONG_UPDATE_PAGES").is_some_and(|value| value == "1");
    let mut failures = String::new();
    for path in paths {
        let page = Page::parse(&path);
        let printed = page.print();
        for value in page.environment.values().map(|value| value.to_string_lossy()) {
            assert!(
                value.len() < 6 || !printed.contains(&*value),
                "{}: {value} is shown",
                path.display()
            );
        }
        if printed == page.expected {
            continue;
        }
        if update {
            fs::write(
                &path,
                page.text
                    .replacen(&problems_block(&page.expected), &problems_block(&printed), 1),
            )
            .unwrap();
        } else {
            let name = path.file_name().unwrap().to_string_lossy();
            let told = [
                &*name,
                "\n--- expected\n",
                &page.expected,
                "--- printed\n",
                &printed,
                "\n",
            ]
            .concat();
            failures.push_str(&told);
        }
    }
    assert!(
        failures.is_empty(),
        "\n{failures}LILONG_UPDATE_PAGES=1 takes what is printed into the pages"
    );
}

/// A parsed page.
struct Page {
    text: String,
    files: Vec<(String, Vec<u8>)>,
    folders: Vec<String>,
    environment: HashMap<String, OsString>,
    expected: String,
}

impl Page {
    fn parse(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let place = path.display();
        assert!(text.starts_with("# "), "{place}: a page begins with its title");
        let mut page = Page {
            text: text.clone(),
            files: Vec::new(),
            folders: Vec::new(),
            environment: HashMap::new(),
            expected: String::new(),
        };
        let mut is_expecting = false;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(information) = line.strip_prefix("```") else {
                continue;
            };
            let mut content = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                content.push_str(line);
                content.push('\n');
            }
            match information.split_once(' ') {
                Some(("hex", name)) => page.files.push((name.to_owned(), bytes(&content))),
                Some(("folder", name)) => page.folders.push(name.to_owned()),
                Some((_, name)) => page.files.push((name.to_owned(), content.into_bytes())),
                None if information == "env" => page.environment.extend(content.lines().map(variable)),
                None if information == "problems" => {
                    assert!(!is_expecting, "{place}: two blocks of problems");
                    is_expecting = true;
                    page.expected = content;
                }
                None => panic!("{place}: a block that says not what it is: {information:?}"),
            }
        }
        assert!(is_expecting, "{place}: no block of problems");
        page
    }

    /// What `check` prints of this catalog.
    fn print(&self) -> String {
        let temporary = tempfile::tempdir().unwrap();
        let city = temporary.path().join("city");
        for folder in &self.folders {
            fs::create_dir_all(city.join(folder)).unwrap();
        }
        for (name, content) in &self.files {
            let path = city.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let findings = findings(&city, &|name| self.environment.get(name).cloned());
        let prefix = format!("{}/", temporary.path().display());
        problem::report(&findings).replace(&prefix, "")
    }
}

fn problems_block(content: &str) -> String {
    format!("```problems\n{content}```")
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn variable(line: &str) -> (String, OsString) {
    let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no NAME=value: {line}"));
    (name.to_owned(), value.into())
}
