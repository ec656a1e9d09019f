//! Memory sources that claim less against one that claims everything, over the same questions: text is ordered by code point
//! by all of them.

use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use rusqlite::Connection;

use super::bounds::Form;
use super::court::{ask, is_refusal, question, share};
use super::difference::{difference, sorted};
use super::names::Names;
use super::print::Printer;
use super::question::Question;
use super::real::Original;
use super::{MEMBERS, generated};
use crate::engines::copy::{self, Copy};

async fn reduced(mut original: Original, copy: Copy, form: Form, seed: u64) {
    let gateway = serve(copy.folder.path()).await;
    let copied = Copied::of(&gateway).await;
    let all = Capabilities::ALL;
    // Of sources apart the sides of links are both tried.
    let side_rows = if form.is_inside { Limits::default().side_rows } else { 2 };
    let limits = || Limits { collection_fields: 500, side_rows, ..Limits::default() };
    let reference = copied.serve(all, limits());
    let reduced = [
        Capabilities::NONE,
        Capabilities { keys: 3, limit_per_key: false, ..all },
        Capabilities { exists: false, like: false, ..all },
        Capabilities { order: false, order_links: false, ..all },
        Capabilities { group: false, link_aggregates: false, ..all },
        Capabilities { filter: false, ..all },
        Capabilities { limit: false, keys: 7, ..all },
    ]
    .map(|capabilities| (capabilities, copied.serve(capabilities, limits())));
    let names = Names::new(&original.database, &gateway);
    names.tell(&mut original.database);
    let printer = Printer { database: &original.database, names: &names };
    let mut connection = Connection::open(&original.path).unwrap();
    for number in 0..share(150) as u64 {
        let (question, _) = question(&original.database, &mut connection, form, seed * 1_000_000 + number);
        if matches!(question, Question::Pages(_)) {
            // Their cursors are sealed, and differ; `pages` walks them.
            continue;
        }
        let unordered = matches!(&question, Question::Groups(groups) if groups.is_unordered);
        let text = printer.print(&question, None);
        let expected = ask(&reference.gateway, &text).await;
        if is_refusal(&question, &expected) {
            continue;
        }
        assert!(expected.get("errors").is_none(), "seed {seed}, question {number}: {text}\n  {expected}");
        let order = |answer: &serde_json::Value| {
            let data = answer["data"].get("s").unwrap_or(&answer["data"]);
            if unordered { sorted(&data["x"]) } else { data.clone() }
        };
        for (capabilities, mirror) in &reduced {
            let got = ask(&mirror.gateway, &text).await;
            if is_refusal(&question, &got) {
                continue;
            }
            assert!(got.get("errors").is_none(), "question {number}, {capabilities:?}: {text}\n  {got}");
            let difference = difference(&order(&got), &order(&expected));
            assert!(difference.is_none(), "question {number}, {capabilities:?}: {text}\n  {difference:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_in_a_source_that_can_do_less_answers_the_same() {
    let original = Original::generated(generated::school());
    let copy = copy::linked(&original.path);
    reduced(original, copy, Form::WHOLE, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_in_a_source_that_can_do_less_answer_the_same() {
    let original = Original::generated(generated::awkward());
    let copy = copy::linked(&original.path);
    reduced(original, copy, Form::WHOLE, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awkward_tables_apart_in_sources_that_can_do_less_answer_the_same() {
    let original = Original::generated(generated::awkward());
    let copy = copy::apart(&original.database, &original.path).await;
    reduced(original, copy, Form::APART, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_dealt_to_members_that_can_do_less_answers_the_same() {
    let mut original = Original::generated(generated::ledger());
    original.is_dealt();
    let engines = [lilong_tests::engine::Engine::Sqlite; MEMBERS];
    let copy = copy::dealt(&engines, &original.database, &original.path).await;
    reduced(original, copy, Form::dealt(MEMBERS), 8).await;
}
