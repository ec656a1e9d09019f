//! The command line: results, messages and exit codes.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Stdio};

use lilong_tests::city::{CATALOG, City};
use lilong_tests::program::{self, Running, Said, run};
use serde_json::{Value, json};

fn on(command: &str, city: &City, more: &[&str]) -> Said {
    run(&[&[command, city.folder().to_str().unwrap()], more].concat())
}

/// The exit code, and that the message says each of these words and no panic.
fn fails(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let told = format!("{}{}", said.stdout, said.stderr);
    for word in words {
        assert!(told.contains(word), "`{word}` in {said:?}");
    }
    assert!(!told.contains("panicked"), "{said:?}");
}

#[test]
fn help_teaches_and_wrong_usage_is_2() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for command in ["demo", "serve", "describe", "check", "schema", "explain", "query", "init"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} in {}", help.stdout);
        let help = run(&[command, "--help"]);
        assert!(help.code == Some(0) && help.stdout.contains("Example"), "{help:?}");
    }
    for wrong in [&["nothing"][..], &[], &["query"], &["serve", "--nothing"], &["check", "a", "b"]] {
        assert_eq!(run(wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["--version"]).code, Some(0));
}

#[test]
fn a_good_catalog_checks_clean() {
    let city = City::new();
    let said = on("check", &city, &[]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "2 sources, 3 collections: no problems\n"), "{said:?}");
    let said = on("check", &city, &["--json"]);
    let told: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(told, json!({"sources": 2, "collections": 3, "findings": [], "silent": []}));
}

#[test]
fn every_problem_of_every_stage_is_told_at_once() {
    let city = City::new();
    let catalog = CATALOG.replace("health.vaccination(id_card)", "health.vaccinatoin(id_card)");
    city.write(
        "lilong.toml",
        &format!("{catalog}\n[server]\nlissten = \"x\"\n\n[[source]]\nname = \"lost\"\nconnector = \"sqlight\"\npath = \"x\"\n"),
    );
    let said = on("check", &city, &[]);
    fails(&said, 1, &["lissten", "listen", "sqlight", "sqlite", "lilong.toml:"]);
    let said = on("serve", &city, &[]);
    fails(&said, 1, &["lissten", "sqlight"]);
    assert_eq!(said.stdout, "");
}

#[test]
fn a_link_to_a_collection_that_is_not_there_is_a_problem_with_its_place() {
    let city = City::new();
    city.write("lilong.toml", &CATALOG.replace("health.vaccination(id_card)", "health.vaccinatoin(id_card)"));
    fails(&on("check", &city, &[]), 1, &["lilong.toml:12", "vaccinatoin", "vaccination"]);
}

#[test]
fn a_folder_that_is_no_catalog_is_told() {
    fails(&run(&["check", "/nowhere/at/all"]), 1, &["/nowhere/at/all"]);
    let city = City::empty();
    fails(&on("check", &city, &[]), 1, &["toml"]);
    fails(&on("serve", &city, &[]), 1, &["toml"]);
    let file = city.write("file", "");
    fails(&run(&["check", file.to_str().unwrap()]), 1, &["file"]);
}

#[test]
fn a_source_that_gives_no_description_is_exit_code_3() {
    let city = City::new();
    fs::write(city.path("health.sqlite"), "this is no database, whatever its name says, and it is long enough")
        .unwrap();
    fails(&on("check", &city, &[]), 3, &["lilong.toml:7", "health"]);
    fails(&on("describe", &city, &[]), 3, &["health"]);
    fs::remove_file(city.path("health.sqlite")).unwrap();
    fails(&on("schema", &city, &[]), 3, &["health", "CivilResident"]);
}

#[test]
fn init_writes_a_catalog_that_checks_and_never_overwrites() {
    let city = City::empty();
    let folder = city.path("new");
    let said = run(&["init", folder.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(folder.join("lilong.toml").exists() && said.stdout.contains("lilong.toml"));
    fails(&run(&["init", folder.to_str().unwrap()]), 1, &["lilong.toml"]);
    let file = city.write("file", "");
    fails(&run(&["init", file.join("x").to_str().unwrap()]), 1, &["file"]);
}

#[test]
fn the_schema_is_printed_whole_sliced_and_as_names() {
    let city = City::new();
    let whole = on("schema", &city, &[]);
    assert!(whole.code == Some(0) && whole.stdout.contains("type HealthVaccination"), "{whole:?}");
    let slice = on("schema", &city, &["--sources", "civil"]);
    assert!(slice.stdout.contains("type CivilResident") && !slice.stdout.contains("HealthVaccination"));
    fails(&on("schema", &city, &["--sources", "civil,nowhere"]), 2, &["nowhere"]);
    let names: Value = serde_json::from_str(&on("schema", &city, &["--names"]).stdout).unwrap();
    let resident = &names["sources"]["civil"]["collections"]["resident"];
    assert_eq!((&resident["field"], &resident["fields"]["id_card"]), (&json!("resident"), &json!("idCard")));
    let link = resident["links"].as_array().unwrap().iter().find(|link| link["name"] == "vaccinations").unwrap();
    assert_eq!(link["to"], "health.vaccination");
}

#[test]
fn a_query_prints_its_answer_and_tells_whose_fault_it_was() {
    let city = City::new();
    let good = city.write("q/good.graphql", "query A($id: BigInt!) { civil { residentByPk(id: $id) { name } } }");
    let good = good.to_str().unwrap();
    let said = on("query", &city, &[good, "--variables", r#"{"id": 1}"#, "--compact"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), "{\"data\":{\"civil\":{\"residentByPk\":{\"name\":\"Li\"}}}}\n"),
        "{said:?}"
    );
    let file = city.write("q/variables.json", r#"{"id": 2}"#);
    let said = on("query", &city, &[good, "--variables", file.to_str().unwrap()]);
    assert!(said.stdout.contains("      \"name\": \"Wang\""), "{said:?}");
    fails(&on("query", &city, &[good]), 1, &["BAD_VARIABLES", "id"]);
    fails(&on("query", &city, &[good, "--variables", "[1]"]), 1, &["[1]"]);
    fails(&on("query", &city, &[good, "--variables", "{1}"]), 1, &["--variables"]);
    fails(&on("query", &city, &["nowhere.graphql"]), 1, &["nowhere.graphql"]);
    let binary = city.path("q/binary");
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    fails(&on("query", &city, &[binary.to_str().unwrap()]), 1, &["UTF-8"]);
    let wrong = city.write("q/wrong.graphql", "{ civil { nobody } }");
    fails(&on("query", &city, &[wrong.to_str().unwrap()]), 1, &["VALIDATION_FAILED", "nobody"]);
    fs::remove_file(city.path("health.sqlite")).unwrap();
    let both = city.write("q/both.graphql", "{ civil { residentByPk(id: 1) { name vaccinations { id } } } }");
    fails(&on("query", &city, &[both.to_str().unwrap()]), 3, &["Li", "SOURCE_UNAVAILABLE", "traceId"]);
}

#[test]
fn explain_shows_native_requests_and_fetches_nothing() {
    let city = City::new();
    let query = city.write("q.graphql", "{ civil { resident { name vaccinations { vaccine } } } }");
    assert_eq!(on("describe", &city, &[]).code, Some(0));
    fs::remove_file(city.path("health.sqlite")).unwrap();
    let said = on("explain", &city, &[query.to_str().unwrap()]);
    assert!(said.code == Some(0) && said.stdout.contains("SELECT") && said.stdout.contains("vaccination"), "{said:?}");
    let said = on("explain", &city, &[query.to_str().unwrap(), "--json"]);
    assert!(serde_json::from_str::<Value>(&said.stdout).is_ok(), "{said:?}");
    let wrong = city.write("wrong.graphql", "{ nobody }");
    fails(&on("explain", &city, &[wrong.to_str().unwrap()]), 1, &["nobody", "VALIDATION_FAILED"]);
}

#[test]
fn describe_keeps_what_it_finds_and_marks_what_breaks() {
    let city = City::new();
    let said = on("describe", &city, &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(city.path("descriptions/civil.json").exists());
    assert!(on("describe", &city, &[]).stdout.contains("nothing changed"));
    city.database("civil.sqlite", "ALTER TABLE resident ADD COLUMN phone TEXT");
    fails(&on("describe", &city, &["--check"]), 0, &["phone"]);
    city.database("civil.sqlite", "ALTER TABLE resident DROP COLUMN name");
    let before = fs::read(city.path("descriptions/civil.json")).unwrap();
    fails(&on("describe", &city, &["--check"]), 1, &["breaking", "name"]);
    assert_eq!(fs::read(city.path("descriptions/civil.json")).unwrap(), before, "--check writes nothing");
    fails(&on("describe", &city, &["--source", "civil", "--json"]), 0, &["\"breaking\": true"]);
    assert_ne!(fs::read(city.path("descriptions/civil.json")).unwrap(), before);
    fails(&on("describe", &city, &["--source", "nobody"]), 2, &["nobody"]);
}

#[test]
fn a_discovered_source_that_vanished_stays_until_it_is_pruned() {
    let city = City::empty();
    city.write(
        "lilong.toml",
        "[[discover]]\nconnector = \"sqlite\"\npath = \"silos/*.sqlite\"\nname = \"silo_{name}\"\n",
    );
    for name in ["a", "b"] {
        city.database(&format!("silos/{name}.sqlite"), "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    }
    assert_eq!(on("describe", &city, &[]).code, Some(0));
    fs::remove_file(city.path("silos/b.sqlite")).unwrap();
    fails(&on("describe", &city, &[]), 0, &["silo_b", "vanished"]);
    assert!(on("schema", &city, &[]).stdout.contains("siloB"));
    fails(&on("describe", &city, &["--prune"]), 0, &["breaking", "silo_b"]);
    assert!(!city.path("descriptions/silo_b.json").exists());
    assert!(!on("schema", &city, &[]).stdout.contains("siloB"));
}

#[test]
fn a_damaged_description_is_told_and_mended_by_describing() {
    let city = City::new();
    assert_eq!(on("describe", &city, &[]).code, Some(0));
    city.write("descriptions/civil.json", "{");
    fails(&on("check", &city, &[]), 1, &["descriptions/civil.json:1", "lilong describe"]);
    assert_eq!(on("describe", &city, &[]).code, Some(0));
    assert_eq!(on("check", &city, &[]).code, Some(0));
}

#[test]
fn a_port_in_use_ends_the_start_but_not_for_the_default_admin_address() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let (taken, admin) = (running.address.to_string(), running.admin.unwrap().to_string());
    fails(&on("serve", &city, &["--listen", &taken]), 1, &[&taken, "in use"]);
    fails(&on("serve", &city, &["--listen", "127.0.0.1:0", "--admin", &admin]), 1, &[&admin, "in use"]);
    city.write("lilong.toml", &format!("[server]\nadmin = \"{admin}\"\n\n{CATALOG}"));
    fails(&on("serve", &city, &["--listen", "127.0.0.1:0"]), 1, &[&admin, "in use"]);
    city.write("lilong.toml", CATALOG);
    // Where another program has the port now, it may let it go at any time.
    if let Ok(_held) = std::net::TcpListener::bind("127.0.0.1:4001") {
        let other = Running::start(city.folder(), &["--listen", "127.0.0.1:0"]);
        assert_eq!(other.admin, None);
        assert_eq!(other.get("/health/live", &[]).status, 200);
    }
}

#[test]
fn an_address_that_is_not_loopback_needs_open() {
    let city = City::new();
    fails(&on("serve", &city, &["--listen", "0.0.0.0:0"]), 1, &["0.0.0.0:0", "open = true"]);
    for wrong in [["--listen", "here"], ["--listen", "127.0.0.1:99999"], ["--listen", "off"], ["--admin", "4001"]] {
        fails(&on("serve", &city, &wrong), 2, &[wrong[1], "host:port"]);
    }
    city.write("lilong.toml", &format!("[server]\nopen = true\n\n{CATALOG}"));
    let running = Running::start(city.folder(), &["--listen", "0.0.0.0:0", "--admin", "off"]);
    let address = format!("127.0.0.1:{}", running.address.port()).parse().unwrap();
    assert_eq!(program::get(address, "/health/live", &["host: gateway.example"]).status, 200);
}

#[test]
fn a_reader_that_has_enough_is_no_fault() {
    let city = City::new();
    let folder = city.folder().to_str().unwrap();
    assert_eq!(on("describe", &city, &[]).code, Some(0));
    let mut child = Command::new(program::path())
        .args(["schema", folder])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}
