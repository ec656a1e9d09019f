//! `tests/problems/*.md`: one page is one broken catalog and the exact messages of `lilong check`.
//!
//! In: fenced blocks of a page. The information string of a block says what it is:
//!
//! - a file or folder of the catalog, as [`blocks::make`](crate::blocks::make) tells;
//! - `env`: the environment, one `NAME=value` a line; nothing else is set;
//! - `problems`: what `lilong check city` has to print, run beside the folder `city`.
//!
//! A page without any file or folder is about a catalog folder that is not there. `LILONG_UPDATE_PAGES=1` rewrites the
//! `problems` block of every page to what is printed now.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};

use lilong_tests::program;

use crate::blocks::{blocks, make, pages, replace, updating};

#[test]
fn every_broken_catalog_is_told_as_its_page_says() {
    let all = pages("problems");
    assert!(all.len() >= 50, "pages are missing: {}", all.len());
    let mut failures = String::new();
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let page = Page::parse(&text, &name);
        let printed = page.print(&name);
        for value in page.environment.values() {
            assert!(value.len() < 6 || !printed.contains(value), "{name}: {value} is shown");
        }
        if printed == page.expected {
            continue;
        }
        let expected = page.expected.as_str();
        failures.extend([&name, "\n--- expected\n", expected, "--- printed\n", &printed, "\n"]);
        if updating() {
            fs::write(&path, replace(&text, "problems", &printed)).unwrap();
        }
    }
    assert!(
        failures.is_empty() || updating(),
        "\n{failures}LILONG_UPDATE_PAGES=1 takes what is printed into the pages"
    );
}

/// A parsed page.
struct Page {
    folder: tempfile::TempDir,
    environment: HashMap<String, String>,
    expected: String,
}

impl Page {
    fn parse(text: &str, name: &str) -> Self {
        assert!(text.starts_with("# "), "{name}: a page begins with its title");
        let folder = tempfile::tempdir().unwrap();
        let (mut environment, mut expected) = (HashMap::new(), None);
        for block in blocks(text) {
            match block.information.as_str() {
                "env" => environment.extend(block.content.lines().map(variable)),
                "problems" => {
                    let before = expected.replace(block.content);
                    assert!(before.is_none(), "{name}: two blocks of problems");
                }
                other => assert!(
                    make(&folder.path().join("city"), &block),
                    "{name}: a block that says not what it is: {other:?}"
                ),
            }
        }
        Self { folder, environment, expected: expected.unwrap_or_else(|| panic!("{name}: no block of problems")) }
    }

    /// What `check` prints of this catalog. Its exit code has to say the same.
    fn print(&self, name: &str) -> String {
        let output = Command::new(program::path())
            .args(["check", "city"])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let code = match printed.lines().last() {
            Some(last) if !last.contains("no problems") => 1,
            Some(last) if last.ends_with(" not described") => 3,
            _ => 0,
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {printed}{said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        let prefix = format!("{}/", fs::canonicalize(self.folder.path()).unwrap().display());
        printed.replace(&prefix, "")
    }
}

fn variable(line: &str) -> (String, String) {
    let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no NAME=value: {line}"));
    (name.to_owned(), value.to_owned())
}
