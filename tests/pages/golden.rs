//! `tests/golden/*.md`: one page is one query over a small city: its plan, its native requests, its answer.
//!
//! In: fenced blocks of a page. The information string of a block says what it is:
//!
//! - a file or folder of the catalog, as [`blocks::make`](crate::blocks::make) tells;
//! - `graphql`: the query; `json variables`: its variables; `operation`: which one is run;
//! - `plan`: what `lilong explain` prints;
//! - `fetches`: `source count` a line, for every source that was asked;
//! - `answer`: the answer, indented.
//!
//! `LILONG_UPDATE_PAGES=1` rewrites the last three of every page to what comes out now.

use std::fs;
use std::path::Path;

use lilong::plan::display;
use lilong::request::Request;
use lilong_tests::serve;
use serde_json::Value;

use crate::blocks::{blocks, make, pages, replace, updating};

#[tokio::test]
async fn every_query_is_planned_and_answered_as_its_page_says() {
    let mut failures = String::new();
    let all = pages("golden");
    assert!(all.len() >= 40, "pages are missing: {}", all.len());
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let mut updated = text.clone();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let printed = run(&text, &name).await;
        for block in blocks(&text) {
            let Some((_, now)) = printed.iter().find(|(information, _)| *information == block.information) else {
                continue;
            };
            if *now != block.content {
                failures.push_str(&format!(
                    "{name}: {}\n--- expected\n{}--- printed\n{now}\n",
                    block.information, block.content
                ));
                updated = replace(&updated, &block.information, now);
            }
        }
        if updating() {
            fs::write(&path, updated).unwrap();
        }
    }
    assert!(
        failures.is_empty() || updating(),
        "\n{failures}LILONG_UPDATE_PAGES=1 takes what is printed into the pages"
    );
}

/// What comes out of a page, by the block it belongs in.
async fn run(text: &str, name: &str) -> Vec<(&'static str, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut request = Request { trace: "0".into(), ..Request::default() };
    for block in blocks(text) {
        match block.information.as_str() {
            "graphql" => request.query = block.content,
            "operation" => request.operation_name = Some(block.content.trim().to_owned()),
            "json variables" => {
                request.variables = serde_json::from_str(&block.content).unwrap();
            }
            "plan" | "fetches" | "answer" => {}
            other => assert!(make(folder.path(), &block), "{name}: a block that says not what it is: {other:?}"),
        }
    }
    answers(folder.path(), request).await
}

async fn answers(folder: &Path, request: Request) -> Vec<(&'static str, String)> {
    let gateway = serve(folder).await;
    let plan = match gateway.explain(&request) {
        Ok(plan) => display::text(&plan),
        Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
    };
    let answer = gateway.execute(request).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let fetches = gateway
        .model()
        .sources
        .iter()
        .filter(|source| source.status().fetches > 0)
        .map(|source| format!("{} {}\n", source.name(), source.status().fetches))
        .collect();
    vec![("plan", plan), ("fetches", fetches), ("answer", format!("{answer:#}\n"))]
}
