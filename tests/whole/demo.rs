//! The demo's questions have the answers that plain SQL over its databases gives.

mod expected;
mod services;

use std::path::Path;

use expected::{City, expected};
use lilong::demo::{District, Options, Services, make};
use lilong_tests::program;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A district of the default size in a folder of its own.
fn district(sources: Option<usize>, rows: Option<usize>) -> (tempfile::TempDir, District) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { sources, rows, dir: Some(folder.path().into()) };
    let district = make(&options, &|_, _, _| ()).unwrap();
    (folder, district)
}

/// Starts the services of a district; they end with what is given.
fn start(folder: &Path) -> (Services, Runtime) {
    let runtime = Runtime::new().unwrap();
    let services = runtime.block_on(Services::start(folder)).unwrap();
    (services, runtime)
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
    for (sources, rows) in [(29, 100), (60, 400), (330, 400)] {
        let (folder, _) = district(Some(sources), Some(rows));
        let _running = start(folder.path());
        let said = program::run(&["check", folder.path().to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
        assert!(!said.stdout.contains("warning"), "{}", said.stdout);
    }
}

#[test]
fn every_question_gets_the_answer_that_plain_sql_gives() {
    let (folder, district) = district(None, None);
    let _running = start(folder.path());
    let answers = expected(folder.path());
    assert_eq!(answers.len(), district.questions.len());
    for (number, right) in (1..).zip(answers) {
        let given = answer(folder.path(), number);
        assert!(given == right, "question {number}: {given:#} instead of {right:#}");
    }
}

#[test]
fn the_examples_of_the_readme_are_questions_to_the_demo() {
    let (folder, _) = district(None, Some(2_000));
    let _running = start(folder.path());
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let examples: Vec<&str> =
        readme.split("```graphql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() > 2, "{examples:?}");
    for example in examples {
        let file = folder.path().join("example.graphql");
        // Where an earlier page ended stands in its answer.
        std::fs::write(&file, example.replace("after: \"…\", ", "")).unwrap();
        let said = program::run(&["query", "--compact", folder.path().to_str().unwrap(), file.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{example}{}{}", said.stdout, said.stderr);
        let answer: Value = serde_json::from_str(&said.stdout).unwrap();
        for (source, found) in answer["data"].as_object().unwrap() {
            let lists =
                found.as_object().into_iter().flatten().filter_map(|(name, list)| Some((name, list.as_array()?)));
            for (name, list) in lists {
                assert!(!list.is_empty(), "{source} {name} finds nothing: {example}");
            }
        }
    }
}

#[test]
fn one_resident_costs_one_look_up_a_department_field() {
    let (folder, _) = district(None, Some(400));
    let _running = start(folder.path());
    let question = folder.path().join("questions/1.graphql");
    let said = program::run(&["explain", "--json", folder.path().to_str().unwrap(), question.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    let fetches: Vec<&Value> = steps.iter().filter(|step| step["kind"] == "fetch").collect();
    assert_eq!(fetches.len(), 28, "{plan:#}");
    assert_eq!(fetches[0]["collection"], "resident");
    for fetch in &fetches[1..] {
        assert!(fetch["keys"].is_number(), "{fetch:#} reads everything");
    }
}

/// Plain SQL over the streets' copies of a department's database, one after the other, with the name of each.
fn in_copies(folder: &Path, department: &str, sql: &str) -> Vec<(String, Vec<Vec<rusqlite::types::Value>>)> {
    let mut copies: Vec<_> =
        std::fs::read_dir(folder.join("silos")).unwrap().map(|entry| entry.unwrap().path()).collect();
    copies.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let own =
        |name: &str| name.trim_end_matches("_2").ends_with(&format!("_{department}")) && !name.contains("maternal");
    copies
        .into_iter()
        .filter(|path| own(&name(path)))
        .map(|path| {
            let silo = rusqlite::Connection::open(&path).unwrap();
            let mut statement = silo.prepare(sql).unwrap();
            let width = statement.column_count();
            let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
            (name(&path), rows.collect::<Result<_, _>>().unwrap())
        })
        .collect()
}

fn text(value: &rusqlite::types::Value) -> &str {
    match value {
        rusqlite::types::Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn what_the_streets_hold_is_one_in_unions() {
    let (folder, district) = district(Some(64), Some(4_000));
    let answers = answer(folder.path(), district.questions.len());
    let resident = &answers["civil"]["resident"][0];
    assert_eq!(resident["name"], "Wang Xiuying");
    assert_eq!(resident["streetResidents"][0]["_source"], "siping_road_civil", "{resident:#}");
    assert!(resident["streetResidents"][0]["household"]["address"].is_string(), "{resident:#}");
    let patients = in_copies(folder.path(), "health", "select id_card_no from patients");
    assert_eq!(patients.len(), 12);
    let mut cards: Vec<(&str, &str)> =
        patients.iter().flat_map(|(name, rows)| rows.iter().map(|row| (text(&row[0]), name.as_str()))).collect();
    cards.sort_unstable();
    assert_eq!(answers["streetPatientsAggregate"]["aggregate"]["count"], cards.len(), "{answers:#}");
    let first = answers["streetPatients"].as_array().unwrap();
    let found: Vec<(&str, &str)> = first
        .iter()
        .map(|patient| (patient["idCardNo"].as_str().unwrap(), patient["_source"].as_str().unwrap()))
        .collect();
    assert_eq!(found, cards[..5]);
    assert!(first.iter().any(|patient| patient["resident"]["name"].is_string()), "{first:#?}");
}

#[test]
fn the_third_question_runs_over_all_streets() {
    let (folder, _) = district(Some(64), Some(4_000));
    let answers = answer(folder.path(), 3);
    let open = "select case_no, received_at from cases where category = 'elevator' and status = 'open'";
    let copies = in_copies(folder.path(), "hotline", open);
    assert_eq!(copies.len(), 12);
    let mut cases: Vec<(&str, &str, &str)> = copies
        .iter()
        .flat_map(|(name, rows)| rows.iter().map(|row| (text(&row[1]), text(&row[0]), name.as_str())))
        .collect();
    cases.sort_unstable();
    assert!(cases.len() > 2, "{cases:?}");
    let first = &cases[..cases.len().min(5)];
    let found: Vec<(&str, &str)> = answers["streetCases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["caseNo"].as_str().unwrap(), case["_source"].as_str().unwrap()))
        .collect();
    assert_eq!(found, first.iter().map(|(_, number, source)| (*number, *source)).collect::<Vec<_>>());
    let groups = answers["streetCasesGroups"].as_array().unwrap();
    let counted: u64 = groups.iter().map(|group| group["aggregate"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted as usize, cases.len());
    assert_eq!(groups.len(), copies.iter().filter(|(_, rows)| !rows.is_empty()).count());
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
        "libraryCards",
        "sportsMember",
        "mealCustomer",
    ] {
        assert!(!resident[link].is_null() && resident[link] != json!([]), "{link} does not know her");
    }
    assert!(resident["household"]["utilityAccount"]["accountNo"].is_string());
    for (of, list) in [("/libraryCards/0", "loans"), ("/sportsMember", "visits"), ("/mealCustomer", "meals")] {
        assert_ne!(resident.pointer(of).unwrap()[list], json!([]), "no {list}");
    }
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
