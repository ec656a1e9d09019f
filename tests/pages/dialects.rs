//! `tests/dialects/*.md`: one page is what a few questions become in each dialect of SQL.
//!
//! In: `tests/dialects/catalog`, the same small town in three engines, as stored descriptions tell of it: no server runs.
//! A page has two blocks, `graphql` and `plan`; in the question `SOURCE` stands for each source in turn.
//! The pages of `tests/dialects/families` put the same questions to one family of an engine each.
//! `LILONG_UPDATE_PAGES=1` rewrites the second to what `lilong explain` prints now.

use std::fs;
use std::path::Path;

use lilong::Gateway;
use lilong::assembly::{Ask, Opened};
use lilong::plan::display;
use lilong::request::Request;

use crate::blocks::{blocks, pages, replace, updating};

const SOURCES: [&str; 3] = ["sqlite", "postgres", "mysql"];

#[tokio::test]
async fn the_same_questions_become_what_the_page_of_each_family_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialects/families/catalog");
    let opened = Opened::open(&folder, Ask::Never).await;
    let (model, findings) = opened.model(&opened.stored().stored);
    assert!(!opened.has_problems(), "{:?} {findings:?}", opened.findings);
    let sources: Vec<String> = model.federated.own_sources().iter().map(|source| source.name.to_string()).collect();
    let gateway = Gateway::new(model, opened.catalog.server.limits);
    let (mut failures, mut asked, mut told) = (String::new(), vec![], vec![]);
    for path in pages("dialects/families") {
        let text = fs::read_to_string(&path).unwrap();
        let [question, expected] = contents(&path, &text);
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        let query = question.replace("SOURCE", &family);
        let request = Request { query, trace: "0".into(), ..Request::default() };
        let plan = gateway.explain(&request).unwrap_or_else(|errors| panic!("{}: {errors:?}", path.display()));
        let printed = display::text(&plan);
        if printed != expected {
            failures.push_str(&format!("{family}\n--- expected\n{expected}--- printed\n{printed}\n"));
        }
        if updating() {
            fs::write(&path, replace(&text, "plan", &printed)).unwrap();
        }
        asked.push(question);
        told.push(family);
    }
    assert_eq!(told, sources, "each family has a page");
    assert!(asked.windows(2).all(|pair| pair[0] == pair[1]), "every page asks the same");
    assert!(
        failures.is_empty() || updating(),
        "\n{failures}LILONG_UPDATE_PAGES=1 takes what is printed into the pages"
    );
}

#[tokio::test]
async fn every_question_becomes_what_its_page_says_in_each_dialect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialects/catalog");
    let opened = Opened::open(&folder, Ask::Never).await;
    let (model, findings) = opened.model(&opened.stored().stored);
    assert!(!opened.has_problems() && model.federated.sources.len() == SOURCES.len(), "{findings:?}");
    let gateway = Gateway::new(model, opened.catalog.server.limits);
    let mut failures = String::new();
    let all = pages("dialects");
    assert!(all.len() >= 6, "pages are missing: {}", all.len());
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let [question, expected] = contents(&path, &text);
        let mut printed = String::new();
        for source in SOURCES {
            let request =
                Request { query: question.replace("SOURCE", source), trace: "0".into(), ..Request::default() };
            let plan = gateway.explain(&request).unwrap_or_else(|errors| panic!("{}: {errors:?}", path.display()));
            printed.push_str(&format!("{source}\n{}", display::text(&plan)));
        }
        if printed != expected {
            let name = path.file_name().unwrap().to_string_lossy();
            failures.push_str(&format!("{name}\n--- expected\n{expected}--- printed\n{printed}\n"));
        }
        if updating() {
            fs::write(&path, replace(&text, "plan", &printed)).unwrap();
        }
    }
    assert!(
        failures.is_empty() || updating(),
        "\n{failures}LILONG_UPDATE_PAGES=1 takes what is printed into the pages"
    );
}

/// The question of a page, and what it becomes.
fn contents(path: &Path, text: &str) -> [String; 2] {
    let blocks = blocks(text);
    ["graphql", "plan"].map(|information| {
        let found = blocks.iter().find(|block| block.information == information);
        found.unwrap_or_else(|| panic!("{}: no block `{information}`", path.display())).content.clone()
    })
}
