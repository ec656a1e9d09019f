//! Describing, as an operator sees it: what is kept, what is left alone, what breaks, what vanishes and what joins.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use lilong_tests::city::{CATALOG, City};
use lilong_tests::program::{Running, Said, run};
use serde_json::{Value, json};

const DISCOVER: &str = r#"[[discover]]
connector = "sqlite"
path = "silos/*.sqlite"
name = "silo_{name}"
"#;

fn on(command: &str, city: &City, more: &[&str]) -> Said {
    run(&[&[command, city.folder().to_str().unwrap()], more].concat())
}

/// The results of `lilong describe`, which has to end with that exit code.
fn describe(city: &City, more: &[&str], code: i32) -> String {
    let said = on("describe", city, more);
    assert_eq!(said.code, Some(code), "{said:?}");
    said.stdout
}

/// What tells whether a file was written: a new file takes the place of the old one.
fn written(path: &Path) -> (u64, i64, i64) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

fn silos(names: &[&str]) -> City {
    let city = City::empty();
    city.write("lilong.toml", DISCOVER);
    for name in names {
        city.database(
            &format!("silos/{name}.sqlite"),
            "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7)",
        );
    }
    city
}

#[test]
fn a_file_that_would_say_the_same_is_not_written() {
    let city = silos(&["a", "b"]);
    assert_eq!(describe(&city, &[], 0), "2 sources described: 2 collections found\n");
    let files = ["discovered.json", "silo_a.json", "silo_b.json"].map(|name| city.path("descriptions").join(name));
    let before = files.each_ref().map(|path| written(path));
    city.database("silos/a.sqlite", "UPDATE t SET id = 8");
    assert_eq!(describe(&city, &[], 0), "2 sources described: nothing changed\n");
    assert_eq!(files.each_ref().map(|path| written(path)), before);
    city.database("silos/b.sqlite", "CREATE TABLE u (id INTEGER PRIMARY KEY)");
    assert_eq!(describe(&city, &[], 0), "added silo_b.u (SiloB.u)\n2 sources described: 1 change, 0 breaking\n");
    let after = files.each_ref().map(|path| written(path));
    assert_eq!((after[0], after[1]), (before[0], before[1]));
    assert_ne!(after[2], before[2]);
}

#[test]
fn what_breaks_is_listed_first_and_only_it_fails_the_check() {
    let city = City::new();
    describe(&city, &[], 0);
    city.database(
        "civil.sqlite",
        "DROP TABLE resident; DROP TABLE street;
         CREATE TABLE resident (id INTEGER PRIMARY KEY, name INTEGER, id_card TEXT, idCard TEXT);",
    );
    let told = describe(&city, &["--check"], 1);
    let lines: Vec<&str> = told.lines().collect();
    for line in [
        "breaking: removed civil.resident.street_id (CivilResident.streetId)",
        "breaking: removed civil.street (Civil.street)",
        "breaking: renamed civil.resident.id_card: CivilResident.idCard is now idCard_2",
        "breaking: retyped civil.resident.name (CivilResident.name): String is now BigInt",
        "added civil.resident.idCard (CivilResident.idCard)",
    ] {
        assert!(lines.contains(&line), "{line} in\n{told}");
    }
    let first_addition = lines.iter().position(|line| line.starts_with("added ")).unwrap();
    let changes = &lines[first_addition..lines.len() - 1];
    assert!(changes.iter().all(|line| line.starts_with("added ")), "{told}");
    let as_json: Value = serde_json::from_str(&describe(&city, &["--check", "--json"], 1)).unwrap();
    let breaking = as_json["changes"].as_array().unwrap().iter().filter(|change| change["breaking"] == true).count();
    assert_eq!(breaking, first_addition);
    describe(&city, &[], 0);
    assert_eq!(describe(&city, &["--check"], 0), "2 sources described: nothing changed\n");
}

#[test]
fn a_damaged_description_fails_the_check_and_is_told_when_it_is_made_anew() {
    let city = City::new();
    describe(&city, &[], 0);
    let stored = city.path("descriptions/civil.json");
    fs::write(&stored, "<<<<<<< HEAD\n").unwrap();
    for more in [&["--check"][..], &["--check", "--source", "civil"]] {
        let said = on("describe", &city, more);
        assert!(said.code == Some(1) && said.stderr.contains("civil.json"), "{said:?}");
    }
    let said = on("describe", &city, &[]);
    assert!(said.code == Some(0) && said.stderr.contains("civil.json"), "{said:?}");
    assert_eq!(describe(&city, &["--check"], 0), "2 sources described: nothing changed\n");
}

#[test]
fn one_source_is_described_without_the_others() {
    let city = City::new();
    describe(&city, &[], 0);
    let health = city.path("descriptions/health.json");
    let before = written(&health);
    city.database("civil.sqlite", "ALTER TABLE street ADD COLUMN length INTEGER");
    city.database("health.sqlite", "ALTER TABLE vaccination ADD COLUMN dose INTEGER");
    assert_eq!(
        describe(&city, &["--source", "civil"], 0),
        "added civil.street.length (CivilStreet.length)\n1 source described: 1 change, 0 breaking\n"
    );
    assert_eq!(written(&health), before);
}

#[test]
fn a_vanished_source_answers_that_it_is_unavailable_until_it_is_pruned() {
    let city = silos(&["a", "b"]);
    describe(&city, &[], 0);
    fs::rename(city.path("silos/b.sqlite"), city.path("away")).unwrap();
    describe(&city, &["--check"], 0);
    describe(&city, &[], 0);
    assert_eq!(describe(&city, &["--source", "silo_a"], 0), "1 source described: nothing changed\n");
    let said = on("describe", &city, &["--source", "silo_b"]);
    assert!(said.code == Some(3) && said.stderr.contains("source silo_b: has vanished"), "{said:?}");
    let running = Running::serve(city.folder());
    let answer = running.ask("{ siloA { t { id } } siloB { t { id } } }");
    assert_eq!(answer["data"], json!({"siloA": {"t": [{"id": 7}]}, "siloB": {"t": null}}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    fs::rename(city.path("away"), city.path("silos/b.sqlite")).unwrap();
    running.ask_until("{ siloB { t { id } } }", |answer| answer.get("errors").is_none());
    fs::remove_file(city.path("silos/b.sqlite")).unwrap();
    let said = on("describe", &city, &["--prune", "--check"]);
    assert!(said.code == Some(1) && said.stderr.contains("silo_b has vanished and would be forgotten"), "{said:?}");
    assert!(city.path("descriptions/silo_b.json").exists(), "--check forgets nothing");
    assert_eq!(
        describe(&city, &["--prune"], 0),
        "breaking: removed source silo_b (Query.siloB)\n1 source described: 1 change, 1 breaking\n"
    );
    let answer = Running::serve(city.folder()).ask("{ siloB { t { id } } }");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "VALIDATION_FAILED");
}

#[test]
fn a_source_taken_out_of_the_catalog_breaks_until_its_description_is_pruned() {
    let city = City::new();
    describe(&city, &[], 0);
    let civil = CATALOG.split("[[source]]").nth(1).unwrap();
    city.write("lilong.toml", &format!("[[source]]{civil}"));
    let told = describe(&city, &["--check"], 1);
    assert!(told.contains("breaking: removed source health"), "{told}");
    describe(&city, &["--prune"], 0);
    assert!(!city.path("descriptions/health.json").exists());
    assert_eq!(describe(&city, &["--check"], 0), "1 source described: nothing changed\n");
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning_and_everything_is_served() {
    let city = City::new();
    // A file in its place stops every user, also one who may write everywhere.
    city.write("descriptions", "");
    for command in ["describe", "check"] {
        let said = on(command, &city, &[]);
        assert_eq!(said.code, Some(0), "{said:?}");
        for word in ["warning: ", "descriptions cannot be written", "stays in memory"] {
            assert!(said.stderr.contains(word), "{word} in {said:?}");
        }
    }
    let running = Running::serve(city.folder());
    assert_eq!(
        running.ask("{ civil { resident(where: {name: {_eq: \"Li\"}}) { vaccinations { vaccine } } } }")["data"],
        json!({"civil": {"resident": [{"vaccinations": [{"vaccine": "influenza"}, {"vaccine": "measles"}]}]}})
    );
}

#[test]
fn a_column_that_went_fails_its_own_list_until_it_is_described_again() {
    let city = City::new();
    describe(&city, &[], 0);
    city.database("civil.sqlite", "ALTER TABLE resident DROP COLUMN name");
    let asked = "{ civil { resident { id name } others: resident(limit: 1) { id } street(limit: 1) { name } } }";
    let answer = Running::serve(city.folder()).ask(asked);
    assert_eq!(
        answer["data"],
        json!({"civil": {"resident": null, "others": [{"id": 1}], "street": [{"name": "Siping Road"}]}})
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["civil", "resident"]));
    let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
    assert!(["SOURCE_MISMATCH", "SOURCE_REJECTED"].contains(&code), "{answer}");
    describe(&city, &[], 0);
    let running = Running::serve(city.folder());
    assert_eq!(
        running.ask("{ civil { residentByPk(id: 1) { idCard } } }"),
        json!({"data": {"civil": {"residentByPk": {"idCard": "A1"}}}})
    );
    let refused = running.ask(asked);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "VALIDATION_FAILED");
}

#[test]
fn a_start_with_every_source_down_serves_them_as_they_come() {
    let city = City::new();
    let silos = ["civil.sqlite", "health.sqlite"].map(|name| city.path(name));
    let away = ["one", "two"].map(|name| city.path(name));
    for (silo, away) in silos.iter().zip(&away) {
        fs::rename(silo, away).unwrap();
    }
    let running = Running::serve(city.folder());
    assert_eq!(
        running.ask("{ _sources { name state } }"),
        json!({"data": {"_sources": [
            {"name": "civil", "state": "UNAVAILABLE"}, {"name": "health", "state": "UNAVAILABLE"},
        ]}})
    );
    assert_eq!(running.get("/health/live", &[]).status, 200);
    let asked = "{ civil { residentByPk(id: 2) { name vaccinations { id } } } }";
    for (silo, away) in silos.iter().zip(&away) {
        fs::rename(away, silo).unwrap();
    }
    let answer = running.ask_until(asked, |answer| answer["data"].is_object());
    assert_eq!(answer, json!({"data": {"civil": {"residentByPk": {"name": "Wang", "vaccinations": []}}}}));
    assert!(city.path("descriptions/health.json").exists());
}

#[test]
fn a_pattern_that_found_nothing_yet_looks_again_at_the_next_start() {
    let city = silos(&[]);
    fs::create_dir(city.path("silos")).unwrap();
    assert_eq!(describe(&city, &[], 0), "0 sources described: 0 collections found\n");
    city.database("silos/a.sqlite", "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let running = Running::serve(city.folder());
    assert_eq!(running.ask("{ siloA { t { id } } }"), json!({"data": {"siloA": {"t": []}}}));
}
