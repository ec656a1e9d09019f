//! Databases that tests make on each SQL engine; each goes when it is dropped.
//!
//! In: `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL`, URLs of servers and of logins that may make databases, such as
//! `tests/servers/*.sh start FOLDER` print. *Invariant*: a test never touches a database that it has not made.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A SQL engine that lilong has a connector for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite: a file.
    Sqlite,
    /// A `PostgreSQL` server.
    Postgres,
    /// A `MariaDB` or `MySQL` server.
    MariaDb,
}

impl Engine {
    /// All of them.
    pub const ALL: [Engine; 3] = [Engine::Sqlite, Engine::Postgres, Engine::MariaDb];

    /// The name of its connector.
    pub fn connector(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::MariaDb => "mysql",
        }
    }

    fn variable(self) -> Option<&'static str> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some("LILONG_TEST_POSTGRES"),
            Engine::MariaDb => Some("LILONG_TEST_MYSQL"),
        }
    }

    /// Whether tests can make databases on it; says which test is skipped if not.
    ///
    /// # Panics
    /// If there is no server although `LILONG_REQUIRE_SERVERS=1` says that there must be.
    pub fn is_there(self, test: &str) -> bool {
        let Some(variable) = self.variable() else {
            return true;
        };
        if std::env::var_os(variable).is_some() {
            return true;
        }
        let required = std::env::var_os("LILONG_REQUIRE_SERVERS").is_some_and(|value| value == "1");
        assert!(!required, "{test}: {variable} names no server");
        eprintln!("skipped: {test}: {variable} names no server");
        false
    }

    /// A name between its quotes.
    pub fn quote(self, name: &str) -> String {
        match self {
            Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// Makes an empty database: a file `<name>.sqlite` of the folder, or one of a name of its own on the server.
    ///
    /// # Panics
    /// If the server makes none.
    pub async fn silo(self, folder: &Path, name: &str) -> Silo {
        let Some(variable) = self.variable() else {
            let path = folder.join(format!("{name}.sqlite"));
            return Silo { engine: self, location: path.to_str().unwrap().to_owned(), server: None };
        };
        let server = std::env::var(variable).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("lilong_{}_{}_{number}", std::process::id(), name.to_lowercase());
        let created = match self {
            // Texts are ordered by code point on every engine alike.
            Engine::Postgres => format!(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
                self.quote(&name)
            ),
            _ => {
                let there = Silo { engine: self, location: server.clone(), server: None };
                let collation = if there.is_mysql().await { "utf8mb4_0900_bin" } else { "utf8mb4_nopad_bin" };
                format!("CREATE DATABASE {} CHARACTER SET utf8mb4 COLLATE {collation}", self.quote(&name))
            }
        };
        run(self, &server, &[created]).await;
        let (address, _) = server.rsplit_once('/').unwrap();
        Silo { engine: self, location: format!("{address}/{name}"), server: Some((server, name)) }
    }
}

/// A database of a test.
#[derive(Debug)]
pub struct Silo {
    /// Whose.
    pub engine: Engine,
    /// A path or a URL.
    pub location: String,
    /// The server's own URL, and the name of the database there.
    server: Option<(String, String)>,
}

impl Silo {
    /// A SQLite file that is there already.
    ///
    /// # Panics
    /// If its path is not UTF-8.
    pub fn file(path: &Path) -> Self {
        Self { engine: Engine::Sqlite, location: path.to_str().unwrap().to_owned(), server: None }
    }

    /// The `[[source]]` block that names it. Its patience is that of a debug build on a busy machine.
    pub fn source(&self, name: &str) -> String {
        let key = if self.engine == Engine::Sqlite { "path" } else { "url" };
        format!(
            "[[source]]\nname = \"{name}\"\nconnector = \"{}\"\n{key} = \"{}\"\ntimeout = \"60s\"\n\
             wait_timeout = \"60s\"\nconnect_timeout = \"60s\"\nconnections = 4\n\n",
            self.engine.connector(),
            self.location
        )
    }

    /// Runs statements, one after the other, over one connection.
    ///
    /// # Panics
    /// If one fails.
    pub async fn run(&self, statements: &[String]) {
        run(self.engine, &self.location, statements).await;
    }

    /// Whether the server of a [`Engine::MariaDb`] is MySQL itself.
    ///
    /// # Panics
    /// If it does not say.
    pub async fn is_mysql(&self) -> bool {
        let version = self.rows("SELECT VERSION()").await[0][0].clone().unwrap();
        self.engine == Engine::MariaDb && !version.contains("MariaDB")
    }

    /// The rows of a statement, every cell as the server writes it; never of a file.
    ///
    /// # Panics
    /// If it fails.
    pub async fn rows(&self, text: &str) -> Vec<Vec<Option<String>>> {
        let statement = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        if self.engine == Engine::Postgres {
            let options: PgConnectOptions = self.location.parse().unwrap();
            let mut connection = options.disable_statement_logging().connect().await.unwrap();
            let rows = statement.fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at).unwrap()).collect()).collect()
        } else {
            let options: MySqlConnectOptions = self.location.parse().unwrap();
            let mut connection = options.disable_statement_logging().connect().await.unwrap();
            let rows = statement.fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at).unwrap()).collect()).collect()
        }
    }

    /// Loads a dump by the engine's own client, `psql` or `mariadb`. Functions in a language that the server lacks are left
    /// out, and what calls them.
    ///
    /// # Panics
    /// If it does not load.
    pub fn load(&self, dump: &Path) {
        let Some((_, name)) = &self.server else {
            panic!("a dump of a file is the file");
        };
        let mut command = if self.engine == Engine::Postgres {
            let mut command = Command::new("psql");
            command.args(["--quiet", "--no-psqlrc", "--dbname", &self.location]);
            command
        } else {
            let options: MySqlConnectOptions = self.location.parse().unwrap();
            let url = options.to_url_lossy();
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "--host", url.host_str().unwrap(), "--user", url.username()]);
            command.args(["--port", &url.port().unwrap_or(3306).to_string(), name]);
            if let Some(password) = url.password() {
                command.arg(format!("--password={password}"));
            }
            command
        };
        let input = std::fs::File::open(dump).unwrap();
        let done = command.stdin(input).stdout(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        let fault =
            told.lines().find(|line| line.contains("ERROR") && !line.contains("plpgsql") && !line.contains("function"));
        assert!(done.status.success() && fault.is_none(), "{} does not load: {told}", dump.display());
    }
}

impl Drop for Silo {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else {
            return;
        };
        let (engine, quoted) = (self.engine, self.engine.quote(&name));
        let force = if engine == Engine::Postgres { " WITH (FORCE)" } else { "" };
        let text = format!("DROP DATABASE {quoted}{force}");
        // A drop cannot wait for the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(engine, &server, &[text]));
        });
        let _ = dropping.join();
    }
}

async fn run(engine: Engine, location: &str, statements: &[String]) {
    match engine {
        Engine::Sqlite => {
            let connection = rusqlite::Connection::open(location).unwrap();
            for text in statements {
                connection.execute_batch(text).unwrap_or_else(|error| panic!("{error}\n{}", shown(text)));
            }
        }
        Engine::Postgres => {
            let options: PgConnectOptions = location.parse().unwrap();
            let mut connection = options.disable_statement_logging().connect().await.unwrap();
            for text in statements {
                let done = sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(&mut connection).await;
                done.unwrap_or_else(|error| panic!("{error}\n{}", shown(text)));
            }
            connection.close().await.unwrap();
        }
        Engine::MariaDb => {
            let options: MySqlConnectOptions = location.parse().unwrap();
            let mut connection = options.disable_statement_logging().connect().await.unwrap();
            for text in statements {
                let done = sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(&mut connection).await;
                done.unwrap_or_else(|error| panic!("{error}\n{}", shown(text)));
            }
            connection.close().await.unwrap();
        }
    }
}

/// The beginning of a statement, for messages.
fn shown(text: &str) -> String {
    text.chars().take(400).collect()
}
