//! Asks a gateway random questions, and compares every answer with the oracle's.
//!
//! In: a database, a gateway over some form of it, the undivided SQLite file. Out: nothing, or a panic that prints the first
//! differences, each with the seed that brings it back. *Invariant*: the question of a number is the same in every run,
//! whatever was asked before it.

use std::path::{Path, PathBuf};

use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::watch::Watched;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::bounds::Form;
use super::databases::Database;
use super::difference::{difference, sorted};
use super::generate::Generator;
use super::names::Names;
use super::oracle::{self, Expected};
use super::print::Printer;
use super::question::{Page, Question};
use super::random::Random;
use super::real::Original;

/// How many courts share the questions of a long run: see `LILONG_DIFFERENTIAL`.
const COURTS: usize = 175;
/// Questions between two notes of how far a court has come.
const NOTED: usize = 50;

/// One database in one form.
pub(crate) struct Court<'a> {
    pub(crate) name: String,
    pub(crate) original: &'a mut Original,
    pub(crate) form: Form,
}

/// How many questions a court asks: some in a run of every day, its share of `LILONG_DIFFERENTIAL` in a long one.
pub(crate) fn share(everyday: usize) -> usize {
    total().map_or(everyday, |total| total.div_ceil(COURTS))
}

fn total() -> Option<usize> {
    std::env::var("LILONG_DIFFERENTIAL").ok().and_then(|text| text.parse().ok())
}

/// Where a court notes how far it has come; `None`: it begins anew every day.
fn note(court: &str) -> Option<PathBuf> {
    total()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder.join(court.replace(|sign: char| !sign.is_ascii_alphanumeric(), "_")))
}

/// The question of a number that is not too long to be asked, and its answer.
pub(crate) fn question(
    database: &Database,
    connection: &mut Connection,
    form: Form,
    seed: u64,
) -> (Question, Expected) {
    let mut random = Random::new(seed);
    loop {
        let orders_texts = form.orders_texts;
        let mut question = Generator { database, connection, random: &mut random, orders_texts }.question();
        if let Some(expected) = oracle::answer(database, connection, form, &question) {
            if let Question::Pages(page) = &mut question {
                // Long lists are walked in longer steps.
                page.size = page.size.max(expected.answer.as_array().map_or(0, Vec::len).div_ceil(6));
            }
            return (question, expected);
        }
    }
}

impl Court<'_> {
    /// The seed of a question: its number, mixed with the court's name.
    pub(crate) fn seed(&self, number: usize) -> u64 {
        let name = self.name.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Random::new(name.wrapping_add(number as u64)).next()
    }

    /// Asks questions until there were `count`, or goes on where it was interrupted.
    pub(crate) async fn hear(&mut self, gateway: &Gateway, count: usize) {
        let names = Names::new(&self.original.database, gateway);
        names.tell(&mut self.original.database);
        let database = &self.original.database;
        let watched = Watched::over(gateway);
        let printer = Printer { database, names: &names };
        let mut connection = Connection::open(&self.original.path).unwrap();
        let note = note(&self.name);
        let noted = note.as_ref().and_then(|note| std::fs::read_to_string(note).ok());
        let begin = noted.and_then(|text| text.parse().ok()).unwrap_or(0);
        let (mut rows, mut refused, mut differences) = (0, 0, Vec::new());
        for number in begin..count {
            let seed = self.seed(number);
            let (question, expected) = question(database, &mut connection, self.form, seed);
            rows += expected.answer.as_array().map_or(1, Vec::len);
            match self.judge(&watched, &printer, &question, &expected).await {
                Verdict::Right => {}
                Verdict::Refused => refused += 1,
                Verdict::Wrong(text, why) => differences.push(format!("question {number}: {text}\n  {why}")),
            }
            // What differs is asked again in the next run.
            if let Some(note) = note.as_ref().filter(|_| differences.is_empty() && (number + 1) % NOTED == 0) {
                std::fs::write(note, (number + 1).to_string()).unwrap();
            }
        }
        let asked = count.saturating_sub(begin);
        assert!(
            differences.is_empty(),
            "{}: {} of {asked} differ:\n{}",
            self.name,
            differences.len(),
            differences[..differences.len().min(4)].join("\n")
        );
        if let Some(note) = note {
            std::fs::write(note, count.max(begin).to_string()).unwrap();
        }
        // A few may well find nothing.
        assert!(asked < 50 || rows > asked / 4, "{}: the questions find too little: {rows} rows", self.name);
        assert!(asked < 50 || refused * 5 < asked, "{}: {refused} of {asked} are refused", self.name);
    }

    async fn judge(
        &self,
        watched: &Watched,
        printer: &Printer<'_>,
        question: &Question,
        expected: &Expected,
    ) -> Verdict {
        if let Question::Pages(page) = question {
            return self.walk(watched, printer, question, page, expected).await;
        }
        // What was read for an answer that was wrong.
        watched.take();
        let text = printer.print(question, None);
        let answer = ask(&watched.gateway, &text).await;
        if is_refusal(question, &answer) {
            return Verdict::Refused;
        }
        let unordered = matches!(question, Question::Groups(groups) if groups.is_unordered);
        let order = |list: &Value| if unordered { sorted(list) } else { list.clone() };
        match found(&answer).and_then(|found| same(&order(found), &order(&expected.answer))) {
            Err(why) => Verdict::Wrong(text, why),
            Ok(()) => self.measure(watched, question, expected).map_or(Verdict::Right, |why| Verdict::Wrong(text, why)),
        }
    }

    /// Page after page, to the other end.
    async fn walk(
        &self,
        watched: &Watched,
        printer: &Printer<'_>,
        question: &Question,
        page: &Page,
        expected: &Expected,
    ) -> Verdict {
        watched.take();
        let rows = expected.answer.as_array().unwrap();
        let (mut seen, mut cursor): (usize, Option<String>) = (0, None);
        loop {
            let text = printer.print(question, cursor.as_deref());
            let mut answer = ask(&watched.gateway, &text).await;
            if is_refusal(question, &answer) {
                return Verdict::Refused;
            }
            let now = page.size.min(rows.len() - seen);
            let (from, to) =
                if page.backwards { (rows.len() - seen - now, rows.len() - seen) } else { (seen, seen + now) };
            let got = match found(&answer) {
                Ok(_) => answer.pointer_mut(if answer["data"]["x"].is_null() { "/data/s/x" } else { "/data/x" }),
                Err(why) => return Verdict::Wrong(text, why),
            };
            let got = got.unwrap();
            let info = got["pageInfo"].as_object_mut();
            let ends = info.map(|info| [info.shift_remove("startCursor"), info.shift_remove("endCursor")]);
            if let Err(why) = same(got, &oracle::page(rows, from, to)) {
                return Verdict::Wrong(text, format!("page {from}..{to}{why}"));
            }
            if let Some(why) = self.measure(watched, question, expected) {
                return Verdict::Wrong(text, why);
            }
            seen += now;
            if seen == rows.len() {
                return Verdict::Right;
            }
            let [start, end] = ends.unwrap_or_default();
            let next = if page.backwards { start } else { end };
            cursor = next.as_ref().and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                return Verdict::Wrong(text, "no cursor to go on from".into());
            }
        }
    }

    /// What was asked of sources since the last time, and whether that is too much.
    fn measure(&self, watched: &Watched, question: &Question, expected: &Expected) -> Option<String> {
        let (seen, model) = (watched.take(), watched.gateway.model());
        self.form.too_much(question, expected, &self.original.database, &model.sources[0], &seen)
    }
}

enum Verdict {
    Right,
    Refused,
    Wrong(String, String),
}

/// The value of `x`, or why there is none.
fn found(answer: &Value) -> Result<&Value, String> {
    if let Some(errors) = answer.get("errors") {
        return Err(format!(" fails: {errors}"));
    }
    let data = &answer["data"];
    Ok(data.get("s").unwrap_or(data).get("x").unwrap_or(&Value::Null))
}

fn same(got: &Value, expected: &Value) -> Result<(), String> {
    difference(got, expected).map_or(Ok(()), |why| Err(format!("  x{why}")))
}

/// Whether lilong says beforehand that it cannot make this order, or compare text in its source's own, or make pages of rows
/// that nothing tells apart: known limits.
pub(crate) fn is_refusal(question: &Question, answer: &Value) -> bool {
    let error = &answer["errors"][0];
    let told = error["message"].as_str().unwrap_or_default();
    let is_order = told.contains("of `orderBy` cannot be used") || told.contains("cannot be ordered so");
    answer.get("data").is_none()
        && error["extensions"]["code"] == json!("TOO_COSTLY")
        && (is_order && question.may_be_refused()
            || told.contains("has no key, and its source cannot order its rows")
            || told.contains("is ordered by its source's own rules"))
}

pub(crate) async fn ask(gateway: &Gateway, text: &str) -> Value {
    let request = Request { query: text.to_owned(), trace: "test".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}
