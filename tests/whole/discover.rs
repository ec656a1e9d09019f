//! `[[discover]]` blocks whose servers and folders are not there, and blocks that look alike.
#![allow(clippy::unwrap_used)]

use std::fs;

use lilong_tests::city::City;
use lilong_tests::engine::Engine;
use lilong_tests::program::{Running, Said, run};
use serde_json::json;

/// Nobody listens on this port.
const NOBODY: &str =
    "[[discover]]\nconnector = \"postgres\"\nurl = \"postgres://u:secret@127.0.0.1:1/*\"\nname = \"far_{name}\"\n";

const HERE: &str = "[[source]]\nname = \"civil\"\nconnector = \"sqlite\"\npath = \"civil.sqlite\"\n";

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7)";

fn on(command: &str, city: &City, more: &[&str]) -> Said {
    run(&[&[command, city.folder().to_str().unwrap()], more].concat())
}

fn ends(said: &Said, code: i32, told: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let all = format!("{}{}", said.stdout, said.stderr);
    for text in told {
        assert!(all.contains(text), "{text}: {said:?}");
    }
    assert!(!all.contains("secret"), "{said:?}");
}

#[test]
fn a_server_that_is_away_stops_neither_a_start_nor_the_others() {
    let city = City::empty();
    city.database("civil.sqlite", TABLE);
    // An addition to what it would have found is judged when it answers.
    let addition = "[[source]]\nname = \"far_parks\"\ntitle = \"Parks\"\n";
    city.write("lilong.toml", &format!("{NOBODY}{HERE}{addition}"));
    let told = "lilong.toml:3: discover far_{name}: the server cannot be asked for its databases";
    ends(&on("describe", &city, &[]), 3, &[told, "1 source described"]);
    ends(&on("describe", &city, &["--source", "civil"]), 0, &["1 source described"]);
    ends(&on("describe", &city, &["--source", "far_parks"]), 2, &[told, "far_parks"]);
    ends(&on("check", &city, &[]), 3, &[told, "no problems"]);
    ends(&on("schema", &city, &[]), 3, &[told, "type CivilT"]);
    let running = Running::serve(city.folder());
    let whole = json!({"data": {"civil": {"t": [{"id": 7}]}}});
    assert_eq!(running.ask("{ civil { t { id } } }"), whole);
    // Nor do links and unions with what it would have.
    let more = "[[union]]\nname = \"everywhere\"\nmembers = [\"far_*.t\"]\n\
                [[link]]\nfrom = \"civil.t(id)\"\nto = \"far_parks.t(id)\"\nname = \"far\"\n";
    city.write("links.toml", more);
    ends(
        &on("check", &city, &[]),
        3,
        &["links.toml:3: warning", "links.toml:4: warning", "`far_parks` has not been found yet"],
    );
    assert_eq!(Running::serve(city.folder()).ask("{ civil { t { id } } }"), whole);
}

#[test]
fn what_is_wrong_in_itself_is_a_problem_whoever_is_away() {
    let city = City::empty();
    city.database("civil.sqlite", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, card TEXT)");
    city.write("lilong.toml", &format!("{NOBODY}{HERE}[source.rename]\n\"t.card\" = \"name\"\n"));
    ends(&on("describe", &city, &[]), 1, &["rename"]);
    city.write("lilong.toml", &format!("{NOBODY}{HERE}"));
    let link = "[[link]]\nfrom = \"civil.t(nothing)\"\nto = \"far_parks.t(id)\"\nname = \"far\"\n";
    city.write("links.toml", link);
    ends(&on("describe", &city, &[]), 1, &["links.toml:1: link far: there is no column `nothing`"]);
    city.write("links.toml", &link.replace("nothing", "id").replace("far_parks", "near_parks"));
    ends(&on("check", &city, &[]), 1, &["links.toml:1: link far: there is no source `near_parks`"]);
}

#[test]
fn a_union_tells_of_members_that_nobody_has_found_yet() {
    let city = City::empty();
    city.database("civil.sqlite", TABLE);
    city.write(
        "lilong.toml",
        &format!("{NOBODY}{HERE}[[union]]\nname = \"all\"\nmembers = [\"*.t\"]\nkey = [\"id\"]\n"),
    );
    ends(&on("describe", &city, &[]), 3, &[]);
    let running = Running::serve(city.folder());
    let missing = |answer: &serde_json::Value| {
        let error = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&error["code"], &error["source"]),
            (&json!("SOURCE_UNAVAILABLE"), &json!("far_{name}")),
            "{answer}"
        );
    };
    let answer = running.ask("{ all { id } }");
    assert_eq!(answer["data"], json!({"all": [{"id": 7}]}));
    missing(&answer);
    let answer = running.ask("{ allAggregate { aggregate { count } } allById(id: 8) { id } }");
    assert_eq!(answer["data"], json!({"allAggregate": null, "allById": null}));
    missing(&answer);
    for (filter, is_missing) in [
        (r#"_eq: "civil""#, false),
        (r#"_in: ["civil", "parks"]"#, false),
        (r#"_eq: "far_parks""#, true),
        (r#"_neq: "civil""#, true),
    ] {
        let answer = running.ask(&format!("{{ all(where: {{ _source: {{ {filter} }} }}) {{ id }} }}"));
        assert_eq!(answer.get("errors").is_some(), is_missing, "{filter}: {answer}");
    }
    // One whose members have other names has nothing to do with it.
    let union = "[[union]]\nname = \"all\"\nmembers = [\"civi?.t\"]\nkey = [\"id\"]\n";
    city.write("lilong.toml", &format!("{NOBODY}{HERE}{union}"));
    let whole = json!({"data": {"all": [{"id": 7}]}});
    assert_eq!(Running::serve(city.folder()).ask("{ all { id } }"), whole);
}

#[test]
fn servers_that_hang_are_asked_at_the_same_time() {
    let city = City::empty();
    city.database("civil.sqlite", TABLE);
    // Whoever connects here waits.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let block = |name: usize| {
        format!(
            "[[discover]]\nconnector = \"postgres\"\nurl = \"postgres://u:secret@127.0.0.1:{port}/*\"\nname = \"m{name}_{{name}}\"\nconnect_timeout = \"2s\"\ntimeout = \"1s\"\n"
        )
    };
    city.write("lilong.toml", &format!("{}{HERE}", (0..6).map(block).collect::<String>()));
    let begun = std::time::Instant::now();
    ends(&on("describe", &city, &[]), 3, &["it does not answer", "1 source described"]);
    assert!(begun.elapsed().as_secs() < 12, "one after the other they take 18 s and more");
}

#[test]
fn a_folder_that_was_never_there_stops_nothing_and_is_looked_into_when_it_is() {
    let city = City::empty();
    city.database("civil.sqlite", TABLE);
    let missing = "[[discover]]\nconnector = \"sqlite\"\npath = \"silos/*.sqlite\"\n\
                   [[discover]]\nconnector = \"files\"\npath = \"sheets/*.csv\"\nname = \"sheet_{name}\"\n";
    city.write("lilong.toml", &format!("{missing}{HERE}"));
    let told =
        ["lilong.toml:3: discover {name}: there is no folder", "lilong.toml:6: discover sheet_{name}: the folder"];
    ends(&on("check", &city, &[]), 3, &[told[0], told[1], "no problems"]);
    ends(&on("describe", &city, &[]), 3, &[told[0], told[1], "1 source described"]);
    let running = Running::serve(city.folder());
    assert_eq!(running.ask("{ civil { t { id } } }"), json!({"data": {"civil": {"t": [{"id": 7}]}}}));
    city.database("silos/a.sqlite", TABLE);
    let wanted = json!({"data": {"a": {"t": [{"id": 7}]}}});
    assert_eq!(running.ask_until("{ a { t { id } } }", |answer| *answer == wanted), wanted);
}

#[test]
fn a_folder_that_is_gone_keeps_what_was_found_in_it() {
    let city = City::empty();
    city.write("lilong.toml", "[[discover]]\nconnector = \"sqlite\"\npath = \"silos/*.sqlite\"\n");
    city.database("silos/a.sqlite", TABLE);
    city.database("silos/b.sqlite", TABLE);
    ends(&on("describe", &city, &[]), 0, &["2 sources described"]);
    let before = fs::read(city.path("descriptions/discovered.json")).unwrap();
    fs::rename(city.path("silos"), city.path("away")).unwrap();
    ends(
        &on("describe", &city, &[]),
        3,
        &["lilong.toml:3: discover {name}: there is no folder", "0 sources described"],
    );
    ends(&on("describe", &city, &["--prune"]), 3, &["there is no folder"]);
    assert_eq!(fs::read(city.path("descriptions/discovered.json")).unwrap(), before);
    ends(&on("check", &city, &[]), 0, &["2 sources, 2 collections"]);
    let running = Running::serve(city.folder());
    let query = "{ a { t { id } } }";
    assert_eq!(running.ask(query)["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    fs::rename(city.path("away"), city.path("silos")).unwrap();
    let wanted = json!({"data": {"a": {"t": [{"id": 7}]}}});
    assert_eq!(running.ask_until(query, |answer| *answer == wanted), wanted);
}

#[test]
fn a_damaged_list_of_what_was_found_is_mended_without_a_block_too() {
    let city = City::empty();
    city.database("civil.sqlite", TABLE);
    city.write("lilong.toml", HERE);
    ends(&on("describe", &city, &[]), 0, &[]);
    assert!(!city.path("descriptions/discovered.json").exists());
    city.write("descriptions/discovered.json", "[{");
    ends(&on("check", &city, &[]), 1, &["descriptions/discovered.json:1", "run `lilong describe`"]);
    ends(&on("describe", &city, &[]), 0, &[]);
    ends(&on("check", &city, &[]), 0, &["no problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_a_server_that_answers_later_join_by_themselves() {
    if !Engine::Postgres.is_there("databases_of_a_server_that_answers_later_join_by_themselves") {
        return;
    }
    let city = City::empty();
    let silo = Engine::Postgres.silo(city.folder(), "late").await;
    let (server, database) = silo.location.rsplit_once('/').unwrap();
    let (_, host) = server.rsplit_once('@').unwrap();
    // Until then nobody of that name is let in.
    let login = format!("login_of_{database}");
    let tuning = "timeout = \"60s\"\nwait_timeout = \"60s\"\nconnect_timeout = \"60s\"\n";
    let block = format!(
        "[[discover]]\nconnector = \"postgres\"\nurl = \"postgres://{login}@{host}/{database}*\"\nname = \"late{{name}}\"\n"
    );
    city.write("lilong.toml", &format!("{block}{tuning}"));
    let running = Running::serve(city.folder());
    let query = "{ _sources { name state } }";
    assert_eq!(running.ask(query), json!({"data": {"_sources": []}}));
    silo.run(
        &[
            "CREATE TABLE t (id integer PRIMARY KEY)",
            &format!("CREATE ROLE {login} LOGIN"),
            "GRANT SELECT ON t TO PUBLIC",
        ]
        .map(str::to_owned),
    )
    .await;
    let wanted = json!({"data": {"_sources": [{"name": format!("late{database}"), "state": "READY"}]}});
    assert_eq!(running.ask_until(query, |answer| *answer == wanted), wanted);
    running.terminate();
    running.wait();
    silo.run(&[format!("DROP ROLE {login}")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_told_apart_by_their_placeholders_and_sockets() {
    if !Engine::Postgres.is_there("blocks_are_told_apart_by_their_placeholders_and_sockets") {
        return;
    }
    let city = City::empty();
    let silos = [Engine::Postgres.silo(city.folder(), "one").await, Engine::Postgres.silo(city.folder(), "two").await];
    let block = |file: &str| {
        format!(
            "[[discover]]\nconnector = \"postgres\"\nurl = \"${{file:{file}}}*\"\nname = \"s_{{name}}\"\ntimeout = \"60s\"\nconnect_timeout = \"60s\"\n"
        )
    };
    for (silo, file) in silos.iter().zip(["one", "two"]) {
        silo.run(&["CREATE TABLE t (id integer PRIMARY KEY)".to_owned()]).await;
        city.write(file, &silo.location);
    }
    city.write("lilong.toml", &format!("{}{}", block("one"), block("two")));
    ends(&on("describe", &city, &[]), 0, &["2 sources described: 2 collections found"]);
    let kept = fs::read_to_string(city.path("descriptions/discovered.json")).unwrap();
    assert!(kept.contains("\"${file:one}*\"") && kept.contains("\"${file:two}*\""), "{kept}");
    ends(&on("check", &city, &[]), 0, &["2 sources, 2 collections: no problems"]);
    ends(&on("describe", &city, &[]), 0, &["nothing changed"]);
}
