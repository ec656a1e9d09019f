//! The program under test: runs its commands, starts it as a server, talks HTTP to it byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program: what `LILONG` names, else what cargo builds now.
///
/// # Panics
/// If it does not build.
#[allow(clippy::unwrap_used)]
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(given) = std::env::var_os("LILONG") {
            return given.into();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        // What cargo tells its tests would make build scripts run again, and with them half of the dependencies.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                build.env_remove(name);
            }
        }
        let built = build.args(["build", "--quiet", "-p", "lilong", "--bin", "lilong"]).status().unwrap();
        assert!(built.success(), "the program does not build");
        // target/debug/deps/<suite> → target/debug/lilong
        std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("lilong")
    })
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// The exit code; `None`: it was killed.
    pub code: Option<i32>,
    /// Results.
    pub stdout: String,
    /// Messages.
    pub stderr: String,
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
#[allow(clippy::unwrap_used)]
pub fn run(arguments: &[&str]) -> Said {
    let output = Command::new(path()).args(arguments).env_remove("LILONG_LOG").stdin(Stdio::null()).output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where GraphQL is served.
    pub address: SocketAddr,
    /// The admin address.
    pub admin: Option<SocketAddr>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The head, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[allow(clippy::unwrap_used)]
impl Running {
    /// Serves a catalog on free ports.
    ///
    /// # Panics
    /// If it does not start.
    pub fn serve(catalog: &Path) -> Self {
        Self::start(catalog, &["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
    }

    /// Serves a catalog with these arguments, `--json` among them.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(catalog: &Path, arguments: &[&str]) -> Self {
        Self::of(Command::new(path()), catalog, arguments)
    }

    /// Serves a catalog on free ports, in a process that may have so many files and connections open.
    ///
    /// # Panics
    /// If it does not start.
    pub fn within_files(catalog: &Path, files: usize) -> Self {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {files} && exec \"$0\" \"$@\"")).arg(path());
        Self::of(shell, catalog, &["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
    }

    fn of(mut program: Command, catalog: &Path, arguments: &[&str]) -> Self {
        let mut child = program
            .arg("serve")
            .arg(catalog)
            .arg("--json")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let addresses: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let address = |value: &Value| -> Option<SocketAddr> {
            value.as_str()?.strip_prefix("http://")?.split('/').next()?.parse().ok()
        };
        let (graphql, admin) = (address(&addresses["graphql"]).unwrap(), address(&addresses["admin"]));
        Self { child, stdout, address: graphql, admin }
    }

    /// Sends bytes and reads one answer, to the end of the connection or of the body.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn send(&self, request: &[u8]) -> Reply {
        let mut stream = connect(self.address);
        stream.write_all(request).unwrap();
        read(&mut stream)
    }

    /// Asks for a path.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn get(&self, path: &str, headers: &[&str]) -> Reply {
        get(self.address, path, headers)
    }

    /// Posts a body to `/graphql` as JSON.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn post(&self, path: &str, body: &str, headers: &[&str]) -> Reply {
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", self.address, body.len());
        if !headers.iter().any(|header| header.starts_with("content-type:")) {
            head.push_str("content-type: application/json\r\n");
        }
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        self.send(format!("{head}connection: close\r\n\r\n{body}").as_bytes())
    }

    /// Asks a query, gives the answer.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask(&self, query: &str) -> Value {
        self.post("/graphql", &json!({"query": query}).to_string(), &[]).json()
    }

    /// Asks until the answer is as wanted.
    ///
    /// # Panics
    /// If it never is.
    pub fn ask_until(&self, query: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(query);
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "never as wanted: {answer}");
            std::thread::yield_now();
        }
    }

    /// Asks it to stop.
    ///
    /// # Panics
    /// If the signal cannot be sent.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; what it printed after its addresses comes along.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell in a drop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens a connection that gives up after a while.
///
/// # Panics
/// If nobody listens.
#[allow(clippy::unwrap_used)]
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Asks an address for a path.
///
/// # Panics
/// If there is no answer.
#[allow(clippy::unwrap_used)]
pub fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Reply {
    let mut head = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|header| header.starts_with("host:")) {
        head = format!("{head}host: {address}\r\n");
    }
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    let mut stream = connect(address);
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    read(&mut stream)
}

/// Reads one answer.
///
/// # Panics
/// If it is not HTTP.
#[allow(clippy::unwrap_used)]
pub fn read(stream: &mut TcpStream) -> Reply {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status =
        line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status: {line:?}"));
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut reply = Reply { status, headers, body: Vec::new() };
    if let Ok(length) = reply.header("content-length").parse::<u64>() {
        reader.take(length).read_to_end(&mut reply.body).unwrap();
    } else if status != 204 && status != 304 {
        reader.read_to_end(&mut reply.body).unwrap();
    }
    reply
}
