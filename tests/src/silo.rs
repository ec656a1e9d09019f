//! A department's database at a real server: the one that `LILONG_TEST_POSTGRES` or `LILONG_TEST_MYSQL` names, by a URL
//! whose login may do everything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Server {
    Postgres,
    MySql,
}

enum Connection {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// A database of its own, with a login that reads it by a password. The server is thrown away after the tests, and the
/// database with it.
pub struct Silo {
    /// Which server.
    pub server: Server,
    /// The database; the login has the same name.
    pub name: String,
    /// Where the server listens.
    pub address: SocketAddr,
    url: String,
    connection: Connection,
}

/// The password of each login.
pub const PASSWORD: &str = "hunter2";

#[allow(clippy::unwrap_used)]
impl Silo {
    /// Makes one and fills it by some statements. `None`: there is no server, and none is required.
    ///
    /// # Panics
    /// If a required server is not there, or refuses.
    pub async fn new(server: Server, filling: &str) -> Option<Self> {
        let variable = match server {
            Server::Postgres => "LILONG_TEST_POSTGRES",
            Server::MySql => "LILONG_TEST_MYSQL",
        };
        let url = std::env::var(variable).ok();
        if url.is_none() {
            let required = std::env::var("LILONG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!required, "{variable} is not set");
            eprintln!("skipped: {variable} is not set");
        }
        let url = url?;
        let name = format!("silo_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let (_, rest) = url.split_once('@').unwrap();
        let address = rest.split('/').next().unwrap().parse().unwrap();
        let (front, _) = url.rsplit_once('/').unwrap();
        let connection = match server {
            Server::Postgres => {
                let mut first = postgres(&url).await;
                for text in [
                    format!("CREATE DATABASE {name}"),
                    format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' IN ROLE guarded"),
                ] {
                    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut first).await.unwrap();
                }
                Connection::Postgres(postgres(&format!("{front}/{name}")).await)
            }
            Server::MySql => {
                let mut connection = mysql(&url).await;
                let text = format!(
                    "CREATE DATABASE {name} CHARACTER SET utf8mb4; CREATE USER {name} IDENTIFIED BY '{PASSWORD}'; USE {name}"
                );
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
                Connection::MySql(connection)
            }
        };
        let mut silo = Self { server, name, address, url, connection };
        silo.run(filling).await;
        silo.allow().await;
        Some(silo)
    }

    /// Lets the login read every table.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn allow(&mut self) {
        let name = &self.name;
        let text = match self.server {
            Server::Postgres => format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"),
            Server::MySql => format!("GRANT SELECT ON {name}.* TO {name}"),
        };
        self.run(&text).await;
    }

    /// Runs statements as the one who may do everything.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn run(&mut self, text: &str) {
        let done = match &mut self.connection {
            Connection::Postgres(connection) => {
                sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await.map(|_| ())
            }
            Connection::MySql(connection) => {
                sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await.map(|_| ())
            }
        };
        done.unwrap_or_else(|error| panic!("{error}\n{text}"));
    }

    /// The first cell of what plain SQL gives, as text.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn ask(&mut self, text: &str) -> String {
        match &mut self.connection {
            Connection::Postgres(connection) => {
                sqlx::query(AssertSqlSafe(text.to_owned())).fetch_one(connection).await.unwrap().get(0)
            }
            Connection::MySql(connection) => {
                sqlx::query(AssertSqlSafe(text.to_owned())).fetch_one(connection).await.unwrap().get(0)
            }
        }
    }

    /// Runs statements at the server outside of the database, so that the database itself can be changed.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn run_outside(&self, text: &str) {
        match self.server {
            Server::Postgres => {
                let mut connection = postgres(&self.url).await;
                sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await.unwrap();
            }
            Server::MySql => {
                let mut connection = mysql(&self.url).await;
                sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// The file of the certificate authority that the server has its certificate from.
    ///
    /// # Panics
    /// If the server refuses to say it.
    pub async fn authority(&mut self) -> PathBuf {
        match self.server {
            Server::Postgres => PathBuf::from(self.ask("SHOW data_directory").await).parent().unwrap().join("ca.pem"),
            Server::MySql => PathBuf::from(self.ask("SELECT CAST(@@ssl_ca AS CHAR)").await),
        }
    }

    /// The keys of a source's block: its login, by this address.
    pub fn block(&self, address: SocketAddr) -> String {
        let (connector, name) = (self.connector(), &self.name);
        format!("connector = \"{connector}\"\nurl = \"{connector}://{name}:{PASSWORD}@{address}/{name}\"\n")
    }

    /// The word for it in catalogs.
    pub fn connector(&self) -> &'static str {
        match self.server {
            Server::Postgres => "postgres",
            Server::MySql => "mysql",
        }
    }
}

#[allow(clippy::unwrap_used)]
async fn postgres(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().disable_statement_logging().connect().await.unwrap()
}

#[allow(clippy::unwrap_used)]
async fn mysql(url: &str) -> MySqlConnection {
    url.parse::<MySqlConnectOptions>().unwrap().disable_statement_logging().connect().await.unwrap()
}
