//! The demo's questions have the answers that plain SQL over its databases gives.

mod expected;

use std::path::Path;

use expected::{City, expected};
use lilong::demo::{District, Options, make};
use lilong_tests::program;
use serde_json::{Value, json};

/// A district of the default size in a folder of its own.
fn district(sources: Option<usize>, rows: Option<usize>) -> (tempfile::TempDir, District) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { sources, rows, dir: Some(folder.path().into()) };
    let district = make(&options, &|_, _, _| ()).unwrap();
    (folder, district)
}

/// What the program answers to a question; no error may come with it.
fn answer(folder: &Path, number: usize) -> Value {
    let question = folder.join(format!("questions/{number}.graphql"));
    let said = program::run(&["query", folder.to_str().unwrap(), question.to_str().unwrap()]);
    let mut answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said.code, Some(0), "question {number}: {}{}", said.stdout, said.stderr);
    assert!(answer.get("errors").is_none(), "question {number}: {answer:#}");
    answer["data"].take()
}

#[test]
fn the_catalog_has_neither_problems_nor_warnings() {
    let (folder, _) = district(Some(60), Some(400));
    let said = program::run(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(!said.stdout.contains("warning"), "{}", said.stdout);
}

#[test]
fn every_question_gets_the_answer_that_plain_sql_gives() {
    let (folder, district) = district(None, None);
    let answers = expected(folder.path());
    assert_eq!(answers.len(), district.questions.len());
    for (number, right) in (1..).zip(answers) {
        let given = answer(folder.path(), number);
        assert!(given == right, "question {number}: {given:#} instead of {right:#}");
    }
}

#[test]
fn one_resident_costs_one_look_up_a_department_field() {
    let (folder, _) = district(None, Some(400));
    let question = folder.path().join("questions/1.graphql");
    let said = program::run(&["explain", "--json", folder.path().to_str().unwrap(), question.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    let fetches: Vec<&Value> = steps.iter().filter(|step| step["kind"] == "fetch").collect();
    assert_eq!(fetches.len(), 20, "{plan:#}");
    assert_eq!(fetches[0]["collection"], "resident");
    for fetch in &fetches[1..] {
        assert!(fetch["keys"].is_number(), "{fetch:#} reads everything");
    }
}

#[test]
fn streets_copies_lead_to_the_district() {
    let (folder, district) = district(Some(60), Some(1_000));
    let copies = answer(folder.path(), district.questions.len());
    for street in ["sipingRoadHealth", "wujiaochangHealth"] {
        let patients = copies[street]["patients"].as_array().unwrap();
        assert_eq!(patients.len(), 3);
        assert!(patients.iter().any(|patient| patient["resident"]["household"]["address"].is_string()), "{copies:#}");
    }
    assert_eq!(copies["sipingRoadHealth"]["patients"][0]["resident"]["name"], "Wang Xiuying");
}

#[test]
fn every_question_has_an_answer_worth_asking_for() {
    let (_folder, district) = district(None, None);
    let answers = expected(&district.folder);
    assert_eq!(answers.len(), district.questions.len());
    let resident = &answers[0]["civil"]["resident"][0];
    for link in [
        "healthRecord",
        "medicalInsurance",
        "socialSecurity",
        "elderlyCare",
        "seniorCard",
        "communityMember",
        "hotlineCases",
        "homes",
    ] {
        assert!(!resident[link].is_null() && resident[link] != json!([]), "{link} does not know her");
    }
    assert!(resident["household"]["utilityAccount"]["accountNo"].is_string());
    let alone = answers[1]["civil"]["resident"].as_array().unwrap();
    assert_eq!(alone.len(), 20);
    let city = City::open(&district.folder);
    let among = "from resident r join seniors s using (id_card) where r.born <= '1946-10-15' and s.lives_alone = 1";
    let patients = "select upper(replace(id_card_no, ' ', '')) from patients";
    let count = |sql: String| city.rows(&sql, &[], |row| row.get::<_, u32>(0))[0];
    let all = count(format!("select count(*) {among}"));
    assert!(all > 60, "{all} live alone");
    let unknown = count(format!("select count(*) {among} and r.id_card not in ({patients})"));
    assert!(unknown > 0, "the doctors know everybody");
    let streets = answers[2]["civil"]["street"].as_array().unwrap();
    assert_eq!(streets.len(), 12);
    assert!(streets.iter().all(|street| !street["hotlineCases"].as_array().unwrap().is_empty()));
    assert!(answers[3]["marketSupervision"]["enterprise"].as_array().unwrap().len() > 2);
}
