//! What may happen to a server, and what its part of an answer is then.

use lilong_tests::in_process;
use lilong_tests::program::{self, Running};
use lilong_tests::proxy::Way;
use lilong_tests::silo::PASSWORD;

use super::*;

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_unavailable_meanwhile() {
    for server in SERVERS {
        let Some(town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        assert_eq!(town.ask(QUESTION).await, whole());
        // Its connections end as in a restart: nobody notices.
        town.proxy.cut();
        assert_eq!(town.ask(QUESTION).await, whole());
        town.proxy.set(Way::Closed);
        town.proxy.cut();
        town.fails(&["SOURCE_UNAVAILABLE"]).await;
        town.proxy.set(Way::Open);
        town.comes_back().await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_or_nonsense_is_given_up_in_time() {
    for server in SERVERS {
        // Connecting ends first: what is given up then is not there, and not slow.
        let keys = "timeout = \"2s\"\nconnect_timeout = \"400ms\"\nconnections = 2";
        let Some(mut town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        // Described in peace: only then is it pressed for time.
        let described = in_process::describe(town.city.folder()).await;
        town.city.write("lilong.toml", &catalog(&town.silo.block(town.proxy.address), keys));
        town.gateway = in_process::serve_described(town.city.folder(), &described).await;
        town.comes_back().await;
        // In the middle of a connection, and at the start of one.
        town.proxy.set(Way::Mute);
        for _ in 0..3 {
            let begun = Instant::now();
            town.fails(&["SOURCE_TIMEOUT", "SOURCE_UNAVAILABLE"]).await;
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        }
        for nonsense in [&b"N"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", b"E\0\0\0\x04", &[0xff; 64]] {
            town.proxy.cut();
            town.proxy.set(Way::Says(nonsense));
            town.fails(&["SOURCE_UNAVAILABLE"]).await;
        }
        town.proxy.set(Way::Open);
        town.proxy.cut();
        town.comes_back().await;
    }
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_of_rows_gives_none_of_them() {
    for server in SERVERS {
        let many = "CREATE TABLE big (id INT PRIMARY KEY, filling VARCHAR(500))";
        let Some(mut town) = Town::new(server, &format!("{HEALTH}; {many}"), "").await else {
            continue;
        };
        let digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION \
                      SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
        let numbers = format!("{digits} AS a, {digits} AS b, {digits} AS c");
        let filling = format!("INSERT INTO big SELECT a.d * 100 + b.d * 10 + c.d, REPEAT('x', 500) FROM {numbers}");
        town.silo.run(&filling).await;
        let big = "{ health { big { id } } civil { residentByPk(id: 1) { name } } }";
        assert_eq!(
            town.ask("{ health { big { id filling } } }").await["data"]["health"]["big"].as_array().unwrap().len(),
            1_000
        );
        for bytes in [20_000, 300_000] {
            town.proxy.set(Way::Ends(bytes));
            let answer = town.ask("{ health { big { id filling } } civil { residentByPk(id: 1) { name } } }").await;
            assert_eq!(answer["data"]["health"], json!({ "big": null }), "{answer}");
            assert_eq!(answer["data"]["civil"], json!({ "residentByPk": { "name": "Li" } }));
            assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE", "{answer}");
            tells_nothing(&answer, &town.silo, town.proxy.address);
            town.proxy.set(Way::Open);
            town.comes_back().await;
        }
        assert_eq!(town.ask(big).await["data"]["health"]["big"].as_array().unwrap().len(), 1_000);
    }
}

#[tokio::test]
async fn rows_that_are_read_once_more_are_all_there() {
    for server in SERVERS {
        let digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION \
                      SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
        let made = format!(
            "{HEALTH}; CREATE TABLE ward (id INT PRIMARY KEY); INSERT INTO ward SELECT d FROM {digits} AS a; \
             CREATE TABLE bed (id INT PRIMARY KEY, ward_id INT, filling VARCHAR(500), FOREIGN KEY (ward_id) REFERENCES ward (id)); \
             INSERT INTO bed SELECT a.d * 100 + b.d * 10 + c.d, a.d, REPEAT('x', 500) FROM {digits} AS a, {digits} AS b, {digits} AS c"
        );
        let Some(mut town) = Town::new(server, &made, "").await else {
            continue;
        };
        // No more rows than there are may come, so that those that were thrown away would be missed.
        let text = catalog(&town.silo.block(town.proxy.address), "connections = 1");
        town.city.write("lilong.toml", &text.replacen("[server.limits]", "[server.limits]\nanswer_rows = 1010", 1));
        town.gateway = lilong_tests::serve(town.city.folder()).await;
        let question = "{ health { ward { id bed { id filling } } } }";
        for bytes in [100_000, 300_000, 450_000] {
            town.comes_back().await;
            town.proxy.set(Way::EndsOnce(bytes));
            let answer = town.ask(question).await;
            let wards = answer["data"]["health"]["ward"].as_array().unwrap();
            for ward in wards {
                match ward["bed"].as_array() {
                    Some(beds) => assert_eq!(beds.len(), 100, "{bytes}"),
                    None => assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE", "{bytes}"),
                }
            }
            if server == Server::MySql {
                assert!(answer.get("errors").is_none(), "nothing was given on yet: it is read once more");
            }
            town.proxy.set(Way::Open);
        }
    }
}

#[tokio::test]
async fn a_login_that_is_refused_may_read_again_when_it_is_let_in() {
    for server in SERVERS {
        let Some(mut town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        let name = town.silo.name.clone();
        let (password, limited, unlimited, nothing) = match server {
            Server::Postgres => (
                format!("ALTER ROLE {name} PASSWORD "),
                format!("ALTER ROLE {name} CONNECTION LIMIT 0"),
                format!("ALTER ROLE {name} CONNECTION LIMIT -1"),
                format!("REVOKE SELECT ON vaccination FROM {name}"),
            ),
            Server::MySql => (
                format!("SET PASSWORD FOR {name} = PASSWORD"),
                // No new statement of the login is let through within the hour.
                format!("ALTER USER {name} WITH MAX_CONNECTIONS_PER_HOUR 1"),
                format!("ALTER USER {name} WITH MAX_CONNECTIONS_PER_HOUR 0"),
                format!("REVOKE SELECT ON {name}.* FROM {name}"),
            ),
        };
        let word = |word: &str| if server == Server::MySql { format!("('{word}')") } else { format!("'{word}'") };
        town.silo.run(&format!("{password}{}", word("another"))).await;
        town.proxy.cut();
        town.fails(&["SOURCE_DENIED"]).await;
        town.silo.run(&format!("{password}{}", word(PASSWORD))).await;
        town.comes_back().await;
        town.silo.run(&limited).await;
        if server == Server::MySql {
            town.proxy.cut();
            // The first one of the hour.
            town.ask(QUESTION).await;
        }
        town.proxy.cut();
        town.fails(&["SOURCE_OVERLOADED"]).await;
        town.silo.run(&unlimited).await;
        town.comes_back().await;
        town.silo.run(&nothing).await;
        if server == Server::MySql {
            town.proxy.cut();
        }
        town.fails(&["SOURCE_DENIED"]).await;
        town.silo.allow().await;
        town.comes_back().await;
    }
}

#[tokio::test]
async fn a_database_that_changed_since_it_was_described_is_a_mismatch() {
    for server in SERVERS {
        let Some(mut town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        assert_eq!(town.ask(QUESTION).await, whole());
        let text = if server == Server::Postgres { "ALTER" } else { "MODIFY" };
        let kind = if server == Server::Postgres { "TYPE" } else { "" };
        for (change, back) in [
            ("ALTER TABLE vaccination RENAME TO moved", "ALTER TABLE moved RENAME TO vaccination"),
            (
                "ALTER TABLE vaccination RENAME COLUMN vaccine TO moved",
                "ALTER TABLE vaccination RENAME COLUMN moved TO vaccine",
            ),
        ] {
            town.silo.run(change).await;
            town.fails(&["SOURCE_MISMATCH"]).await;
            town.silo.run(back).await;
            town.comes_back().await;
        }
        // What still fits is given; what does not is null at its own place.
        town.silo.run(&format!("ALTER TABLE vaccination {text} vaccine {kind} TEXT")).await;
        town.comes_back().await;
        town.silo.run(&format!("ALTER TABLE vaccination {text} card {kind} TEXT")).await;
        town.silo.run(&format!("ALTER TABLE vaccination {text} id {kind} BIGINT")).await;
        town.comes_back().await;
        town.silo.run("UPDATE vaccination SET id = 4294967296 WHERE id = 2").await;
        let answer = town.ask("{ health { vaccination { id } } }").await;
        assert_eq!(answer["data"], json!({ "health": { "vaccination": null } }), "a key that cannot be read: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH");
        town.silo.run("UPDATE vaccination SET id = 2 WHERE id = 4294967296").await;
        town.comes_back().await;
    }
}

#[tokio::test]
async fn a_value_that_its_enum_has_got_since_is_null_at_its_own_place() {
    for server in SERVERS {
        let (kind, more) = match server {
            Server::Postgres => ("mood", "ALTER TYPE mood ADD VALUE 'glad'"),
            Server::MySql => ("ENUM('sad', 'ok')", "ALTER TABLE felt MODIFY v ENUM('sad', 'ok', 'glad')"),
        };
        let before = if server == Server::Postgres { "CREATE TYPE mood AS ENUM ('sad', 'ok'); " } else { "" };
        let filling =
            format!("{before}CREATE TABLE felt (id INT PRIMARY KEY, v {kind}); INSERT INTO felt VALUES (1, 'sad')");
        let Some(mut town) = Town::new(server, &filling, "").await else {
            continue;
        };
        town.silo.run(more).await;
        town.silo.run("INSERT INTO felt VALUES (2, 'glad')").await;
        let answer = town.ask("{ health { felt(orderBy: [{ id: ASC }]) { v } } }").await;
        assert_eq!(answer["data"], json!({ "health": { "felt": [{ "v": "sad" }, { "v": null }] } }), "{answer}");
        assert_eq!(answer["errors"][0]["path"], json!(["health", "felt", 1, "v"]));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH");
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable() {
    for server in SERVERS {
        let Some(mut town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        assert_eq!(town.ask(QUESTION).await, whole());
        let name = town.silo.name.clone();
        match server {
            Server::Postgres => {
                town.proxy.set(Way::Closed);
                town.proxy.cut();
                let end = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'; ALTER DATABASE {name} RENAME TO {name}_away"
                );
                town.silo.run_outside(&end).await;
                town.proxy.set(Way::Open);
            }
            Server::MySql => town.silo.run(&format!("DROP DATABASE {name}")).await,
        }
        for _ in 0..2 {
            town.proxy.cut();
            town.fails(&["SOURCE_UNAVAILABLE"]).await;
        }
        match server {
            Server::Postgres => town.silo.run_outside(&format!("ALTER DATABASE {name}_away RENAME TO {name}")).await,
            Server::MySql => town.silo.run(&format!("CREATE DATABASE {name}; USE {name}; {HEALTH}")).await,
        }
        town.comes_back().await;
    }
}

#[tokio::test]
async fn a_statement_that_the_server_refuses_is_rejected_and_the_next_one_is_not() {
    for server in SERVERS {
        let broken = "CREATE VIEW broken AS SELECT id, (SELECT v.id FROM vaccination v) AS one FROM vaccination";
        let Some(town) = Town::new(server, &format!("{HEALTH}; {broken}"), "connections = 1").await else {
            continue;
        };
        let answer = town.ask("{ health { broken { id one } vaccination { id } } }").await;
        assert_eq!(answer["data"], json!({ "health": { "broken": null, "vaccination": [{ "id": 1 }, { "id": 2 }] } }));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_REJECTED", "{answer}");
        tells_nothing(&answer, &town.silo, town.proxy.address);
    }
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_joins_when_it_comes() {
    for server in SERVERS {
        let Some(town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        let folder = town.city.folder().to_str().unwrap().to_owned();
        let described = program::run(&["describe", &folder]);
        assert_eq!(described.code, Some(0), "{described:?}");
        for way in [Way::Closed, Way::Mute] {
            town.proxy.set(way);
            let running = Running::serve(town.city.folder());
            let answer = running.ask(QUESTION);
            assert_eq!(answer["data"]["civil"], whole()["data"]["civil"], "{answer}");
            assert_eq!(answer["data"]["health"], json!({ "vaccination": null }), "{answer}");
            assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE", "{answer}");
            town.proxy.set(Way::Open);
            assert_eq!(running.ask_until(QUESTION, |answer| answer.get("errors").is_none()), whole());
        }
    }
}

#[tokio::test]
async fn a_login_that_may_write_is_told_of_where_people_look() {
    for server in SERVERS {
        let Some(mut town) = Town::new(server, HEALTH, "").await else {
            continue;
        };
        let folder = town.city.folder().to_str().unwrap().to_owned();
        let told = |said: &program::Said| format!("{}{}", said.stdout, said.stderr).contains("may write");
        assert_eq!(program::run(&["describe", &folder]).code, Some(0));
        assert!(!told(&program::run(&["check", &folder])));
        let (name, on) = (
            town.silo.name.clone(),
            if server == Server::MySql { format!("{}.*", town.silo.name) } else { "vaccination".to_owned() },
        );
        town.silo.run(&format!("GRANT UPDATE ON {on} TO {name}")).await;
        let described = program::run(&["describe", &folder]);
        let checked = program::run(&["check", &folder]);
        assert!(told(&described) || told(&checked), "{described:?} {checked:?}");
        assert!(told(&checked), "{checked:?}");
    }
}
