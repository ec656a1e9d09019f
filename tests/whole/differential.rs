//! Random questions in the whole query language; every answer is worked out again by an oracle that knows nothing but SQL,
//! over one undivided SQLite file.
//!
//! One generator, one oracle and one comparison serve every form of a database: *whole* in one source; *apart*, each table
//! in a source of its own, so that every link, filter, order and group through a link crosses sources; *dealt*, each table's
//! rows in the members of a union; and, beside this folder, in `engines`, in other engines, whole, split and dealt. Fetches
//! and rows are counted for every question: none may cost a fetch for each parent; what one source can do by itself reads no
//! row that the answer does not need; of a link between sources the better side decides what is read; and no member of a
//! union is asked that the filter rules out, by `_source`, by what is declared of it or by a column that it lacks.
//!
//! `LILONG_DIFFERENTIAL=100000` asks so many questions in all and notes how far it has come in the target folder; run
//! again, it goes on from there. Without it each form is asked a few. A difference prints the question and its number.
//!
//! Left out of the generator, each for a reason:
//! - columns of several storage classes, with a collation of their own in databases that others made, or with values that
//!   cannot be represented: they are read at most, for engines may rightly treat them differently;
//! - a text with a collation of its own in minima, maxima and orders through links: where several sources meet it is ordered
//!   by code point, inside one by its collation, and both are right;
//! - the order of groups by such a text, or on engines that order texts in their own way: groups are compared as a set;
//! - sums, means and variances of floats and decimals in conditions and orders: what the order of a sum does to the last
//!   digit would decide. They are asked for, and compared up to that;
//! - a text of the own source before, or in a page beside, what another source holds: lilong refuses it, as its README
//!   says; so it may, in no more than a fifth of the questions;
//! - `_iregex` and patterns beyond plain parts of text: the oracle has no regular expressions;
//! - variables, fragments, directives: they change no plan's meaning, and have tests of their own.

pub(crate) mod bounds;
pub(crate) mod court;
pub(crate) mod databases;
pub(crate) mod dealing;
pub(crate) mod difference;
mod generate;
mod generated;
mod members;
pub(crate) mod names;
mod oracle;
pub(crate) mod print;
pub(crate) mod question;
pub(crate) mod random;
pub(crate) mod real;
mod reduced;
mod sharp;
mod town;

use lilong_tests::serve;

use self::bounds::Form;
use self::court::{Court, share};
use self::databases::Database;
use self::real::Original;
use crate::engines::copy::{self, Copy};

/// The members that each table's rows are dealt to.
const MEMBERS: usize = 3;

async fn whole(name: &str, mut original: Original, count: usize) {
    let copy = copy::linked(&original.path);
    let gateway = serve(copy.folder.path()).await;
    Court { name: format!("whole {name}"), original: &mut original, form: Form::WHOLE }.hear(&gateway, count).await;
}

async fn apart(name: &str, original: Original, count: usize) {
    narrowed(&format!("apart {name}"), original, None, count).await;
}

/// `side`: how many rows of a side of a link are read before the other side is tried.
async fn narrowed(name: &str, mut original: Original, side: Option<usize>, count: usize) {
    let copy = copy::apart(&original.database, &original.path).await;
    let form = narrow(&copy, Form::APART, side);
    let gateway = serve(copy.folder.path()).await;
    Court { name: name.to_owned(), original: &mut original, form }.hear(&gateway, count).await;
}

/// Has both sides of links tried by so few rows.
fn narrow(copy: &Copy, form: Form, side: Option<usize>) -> Form {
    let Some(rows) = side else { return form };
    let catalog = copy.folder.path().join("lilong.toml");
    let text = std::fs::read_to_string(&catalog).unwrap();
    let limits = "[server.limits]\n";
    std::fs::write(&catalog, text.replacen(limits, &format!("{limits}side_rows = {rows}\n"), 1)).unwrap();
    // A side is paged through by so few rows that the number of pages is what the rows make it.
    Form { sides: 500, side_rows: Some(rows), ..form }
}

async fn dealt(name: &str, original: Original, count: usize) {
    dealt_narrowed(&format!("dealt {name}"), original, None, count).await;
}

async fn dealt_narrowed(name: &str, mut original: Original, side: Option<usize>, count: usize) {
    original.is_dealt();
    let copy = copy::dealt(&[lilong_tests::engine::Engine::Sqlite; MEMBERS], &original.database, &original.path).await;
    // How many rows members send for one is not counted.
    let form = Form { side_rows: None, ..narrow(&copy, Form::dealt(MEMBERS), side) };
    let gateway = serve(copy.folder.path()).await;
    Court { name: name.to_owned(), original: &mut original, form }.hear(&gateway, count).await;
}

macro_rules! generated {
    ($($test:ident: $form:ident, $name:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let database: Database = generated::$name();
            $form(stringify!($name), Original::generated(database), share(300)).await;
        }
    )*};
}

generated! {
    a_school_in_one_source_answers_as_sql_does: whole, school;
    a_school_with_each_table_in_a_source_of_its_own_answers_as_sql_does: apart, school;
    a_school_whose_rows_are_dealt_to_members_answers_as_sql_does: dealt, school;
    awkward_tables_in_one_source_answer_as_sql_does: whole, awkward;
    awkward_tables_with_each_in_a_source_of_its_own_answer_as_sql_does: apart, awkward;
    awkward_tables_whose_rows_are_dealt_to_members_answer_as_sql_does: dealt, awkward;
    a_ledger_in_one_source_answers_as_sql_does: whole, ledger;
    a_ledger_with_each_table_in_a_source_of_its_own_answers_as_sql_does: apart, ledger;
    a_ledger_whose_rows_are_dealt_to_members_answers_as_sql_does: dealt, ledger;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_apart_answer_as_sql_does_whichever_side_of_a_link_is_read() {
    for side in [1, 3] {
        for (name, database) in [("school", generated::school()), ("awkward", generated::awkward())] {
            let name = format!("apart {name} by {side}");
            narrowed(&name, Original::generated(database), Some(side), share(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_dealt_to_members_answer_as_sql_does_whichever_side_of_a_link_is_read() {
    for side in [1, 3] {
        for (name, database) in [("school", generated::school()), ("ledger", generated::ledger())] {
            let name = format!("dealt {name} by {side}");
            dealt_narrowed(&name, Original::generated(database), Some(side), share(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_tables_apart_are_read_no_further_than_the_small_side_of_a_link_has_them() {
    narrowed("apart town by 10", Original::generated(town::town()), Some(10), share(120)).await;
}

/// The names of the databases that others made.
fn others() -> Vec<String> {
    let Ok(found) = std::fs::read_dir(real::files()) else {
        eprintln!("skipped: shared/data is not there");
        return vec![];
    };
    let mut names = Vec::new();
    for entry in found {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_others_made_answer_as_sql_does() {
    for name in others() {
        whole(&name, Original::real(&name).await, share(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_others_made_with_each_table_in_a_source_of_its_own_answer_as_sql_does() {
    for name in others() {
        apart(&name, Original::real(&name).await, share(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_others_made_whose_rows_are_dealt_to_members_answer_as_sql_does() {
    for name in others() {
        dealt(&name, Original::real(&name).await, share(20)).await;
    }
}
