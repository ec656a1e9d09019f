//! `PostgreSQL` and MySQL servers as they are in life: away, mute, changed, full, strict; each beside a department that is
//! well. Skipped without `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL`.

mod ending;
mod faults;
mod many;
mod secure;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::city::City;
use lilong_tests::proxy::Proxy;
use lilong_tests::silo::{Server, Silo};
use serde_json::{Value, json};

const SERVERS: [Server; 2] = [Server::Postgres, Server::MySql];

const HEALTH: &str = "CREATE TABLE vaccination (id INT PRIMARY KEY, card VARCHAR(20), vaccine VARCHAR(200)); \
    INSERT INTO vaccination VALUES (1, 'A1', 'influenza'), (2, 'A1', 'measles')";

const CIVIL: &str = "CREATE TABLE resident (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO resident VALUES (1, 'Li')";

const QUESTION: &str = "{ civil { residentByPk(id: 1) { name } } health { vaccination { id vaccine } } }";

/// What [`QUESTION`] asks for, of a silo of [`HEALTH`].
fn whole() -> Value {
    json!({ "data": {
        "civil": { "residentByPk": { "name": "Li" } },
        "health": { "vaccination": [{ "id": 1, "vaccine": "influenza" }, { "id": 2, "vaccine": "measles" }] },
    } })
}

/// Two departments: `civil` in a file, `health` at a server, behind a way that can be bad.
struct Town {
    silo: Silo,
    proxy: Proxy,
    gateway: Gateway,
    city: City,
}

impl Town {
    /// `None`: there is no server. `keys` are more keys of the source's block.
    async fn new(server: Server, filling: &str, keys: &str) -> Option<Self> {
        let silo = Silo::new(server, filling).await?;
        let proxy = Proxy::new(silo.address);
        let city = City::empty();
        city.database("civil.sqlite", CIVIL);
        city.write("lilong.toml", &catalog(&silo.block(proxy.address), keys));
        let gateway = lilong_tests::serve(city.folder()).await;
        Some(Self { silo, proxy, gateway, city })
    }

    async fn ask(&self, query: &str) -> Value {
        ask(&self.gateway, query).await
    }

    /// Asks until the answer has no error: a source comes back by itself, and is not asked all the time while it is away.
    async fn comes_back(&self) {
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            let answer = self.ask(QUESTION).await;
            if answer == whole() {
                return;
            }
            assert!(Instant::now() < end, "never again: {answer}");
            tokio::task::yield_now().await;
        }
    }

    /// The department at the server fails by one of these codes, at its place; the other one is well.
    async fn fails(&self, codes: &[&str]) {
        let answer = self.ask(QUESTION).await;
        let expected = json!({ "civil": { "residentByPk": { "name": "Li" } }, "health": { "vaccination": null } });
        assert_eq!(answer["data"], expected, "{codes:?} {answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{answer}");
        assert_eq!(errors[0]["path"], json!(["health", "vaccination"]));
        assert_eq!(errors[0]["extensions"]["source"], "health");
        let code = errors[0]["extensions"]["code"].as_str().unwrap();
        assert!(codes.contains(&code), "{codes:?} {answer}");
        tells_nothing(&answer, &self.silo, self.proxy.address);
    }
}

/// A catalog of both; timeouts that a busy machine keeps, unless `keys` give others.
fn catalog(block: &str, keys: &str) -> String {
    let mut text = format!(
        "[server.limits]\ndeadline = \"60s\"\n\n[[source]]\nname = \"civil\"\nconnector = \"sqlite\"\npath = \"civil.sqlite\"\n\n[[source]]\nname = \"health\"\n{block}{keys}\n"
    );
    for (key, value) in [("timeout", "10s"), ("connect_timeout", "5s"), ("wait_timeout", "5s")] {
        if !keys.lines().any(|line| line.starts_with(key)) {
            text.push_str(&format!("{key} = \"{value}\"\n"));
        }
    }
    text
}

async fn ask(gateway: &Gateway, query: &str) -> Value {
    let request = Request { query: query.to_owned(), trace: "servers".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

/// No SQL, host, login or word of a server stands in an answer.
fn tells_nothing(answer: &Value, silo: &Silo, address: SocketAddr) {
    for error in answer["errors"].as_array().unwrap() {
        let told = error["message"].as_str().unwrap().to_lowercase();
        let port = address.port().to_string();
        for secret in
            [silo.name.as_str(), "hunter2", "select", "127.0.0.1", &port, "sql", "vaccin", "column", "relation"]
        {
            assert!(!told.contains(secret), "{told} tells {secret}");
        }
    }
}
