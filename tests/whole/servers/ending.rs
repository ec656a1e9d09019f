//! What a program that is told to stop leaves behind at its servers: nothing.

use std::io::Write;

use lilong_tests::program::{self, Running};

use super::*;

#[tokio::test]
async fn a_statement_that_is_cut_off_at_the_end_of_the_drain_is_stopped_at_the_server() {
    for server in SERVERS {
        let slow = match server {
            Server::Postgres => "CREATE VIEW slow AS SELECT id, CAST(pg_sleep(50) AS TEXT) AS s FROM vaccination",
            Server::MySql => "CREATE VIEW slow AS SELECT id, SLEEP(50) AS s FROM vaccination",
        };
        let keys = "timeout = \"60s\"";
        let Some(mut town) = Town::new(server, &format!("{HEALTH}; {slow}"), keys).await else {
            continue;
        };
        let text = catalog(&town.silo.block(town.proxy.address), keys);
        town.city.write("lilong.toml", &text.replacen("[server.limits]", "[server.limits]\ndrain = \"100ms\"", 1));
        let running = Running::serve(town.city.folder());
        let body = json!({"query": "{ health { slow { id s } } }"}).to_string();
        let mut asked = program::connect(running.address);
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        asked.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let name = &town.silo.name.clone();
        let at_work = match server {
            Server::Postgres => format!(
                "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity WHERE usename = '{name}' AND state = 'active' \
                 AND query LIKE '%slow%'"
            ),
            Server::MySql => format!(
                "SELECT CAST(COUNT(*) AS CHAR) FROM information_schema.processlist WHERE user = '{name}' \
                 AND info LIKE '%slow%'"
            ),
        };
        // Both ends come long before the statement's own.
        let end = Instant::now() + Duration::from_secs(40);
        while town.silo.ask(&at_work).await != "1" {
            assert!(Instant::now() < end, "it never began");
        }
        running.terminate();
        assert!(running.wait().0.success());
        let end = Instant::now() + Duration::from_secs(20);
        while town.silo.ask(&at_work).await != "0" {
            assert!(Instant::now() < end, "it goes on at the server");
        }
    }
}
