//! The departments that are services: what their catalog files say, and the services themselves.
//!
//! In: a district's folder. Out: the library's REST service and the sports bureau's GraphQL service, on free ports of
//! loopback, for as long as the runtime runs that they were started in. *Invariant*: the file that the catalog reads an
//! address from says where the service is now, or that there is none.

mod library;

use std::fs;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;

use super::departments::Department;
use super::departments::leisure::{LIBRARY, SPORTS};
use crate::assembly::{Ask, Opened};
use crate::gateway::Gateway;
use crate::server::{self, Admin, Server};

/// A department that is a service.
pub(super) struct Service {
    /// The department, with the database that only the service reads.
    pub(super) department: &'static Department,
    /// The keys of its `[[source]]` block that say what it is.
    pub(super) connector: &'static str,
    /// What stands beside its database.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(super) static SERVICES: [Service; 2] = [
    Service {
        department: &LIBRARY,
        connector: "connector = \"rest\"
url = \"${file:../services/library/url.txt}\"
openapi = \"../services/library/openapi.yaml\"
",
        files: &[("openapi.yaml", library::DOCUMENT), (ADDRESS, NOWHERE)],
    },
    Service {
        department: &SPORTS,
        connector: "connector = \"graphql\"
url = \"${file:../services/sports/url.txt}\"
",
        files: &[
            (
                "lilong.toml",
                "# A service of its own, as another house would run one: `lilong demo` serves it on a port that is free.

[[source]]
name = \"sports\"
connector = \"sqlite\"
path = \"sports.sqlite\"
",
            ),
            (ADDRESS, NOWHERE),
        ],
    },
];

/// The file that holds where a service is.
const ADDRESS: &str = "url.txt";
/// Where nobody answers: what the file says while the demo does not run.
const NOWHERE: &str = "http://127.0.0.1:1/\n";

impl Service {
    /// Where its files are, below the district's folder.
    pub(super) fn folder(&self) -> PathBuf {
        Path::new("services").join(self.department.name)
    }
}

/// A service that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the service {name} cannot be started: {source}")]
pub struct Error {
    /// The source in the catalog.
    pub name: &'static str,
    /// Why.
    pub source: io::Error,
}

/// The services of a district, running.
#[derive(Debug)]
pub struct Services {
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: &'static str,
    url: String,
    file: PathBuf,
}

impl Services {
    /// Starts the services of the district in that folder and says in its files where they are.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        let mut services = Self { running: Vec::with_capacity(SERVICES.len()) };
        for service in &SERVICES {
            let name = service.department.name;
            let place = folder.join(service.folder());
            let started = if name == LIBRARY.name { start_library(&place).await } else { start_sports(&place).await };
            let told = started.and_then(|url| {
                let file = place.join(ADDRESS);
                write(&file, &format!("{url}\n"))?;
                services.running.push(Running { name, url, file });
                Ok(())
            });
            told.map_err(|source| Error { name, source })?;
        }
        Ok(services)
    }

    /// The name of each in the catalog, and where it is.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.running.iter().map(|running| (running.name, running.url.as_str()))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for Running { url, file, .. } in &self.running {
            // Another demo of the same folder may have put its own there.
            if fs::read_to_string(file).is_ok_and(|text| text.trim_end() == url) {
                // There is nobody to tell; what stands there then names a port where nobody answers.
                let _ = write(file, NOWHERE);
            }
        }
    }
}

/// Writes a file under another name first, so that whoever reads it reads all of it.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let making = file.with_extension(format!("making-{}", std::process::id()));
    fs::write(&making, text)?;
    fs::rename(&making, file)
}

async fn start_library(folder: &Path) -> io::Result<String> {
    let routes = library::routes(&folder.join("library.sqlite")).map_err(io::Error::other)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(url)
}

/// Serves the bureau's database by a gateway of its own.
async fn start_sports(folder: &Path) -> io::Result<String> {
    let opened = Opened::open(folder, Ask::Never).await;
    let described = opened.describe(&[SPORTS.name.to_owned()], &|_, _, _| ()).await;
    if let Some(error) = described.failed.into_values().next() {
        return Err(io::Error::other(error));
    }
    let mut descriptions = described.found;
    for collection in descriptions.values_mut().flat_map(|description| &mut description.collections) {
        // Its keys are rowids, which are never null; who asks the service over GraphQL has to be told so to use them.
        for key in collection.keys.iter().filter(|key| key.primary) {
            for field in collection.fields.iter_mut().filter(|field| key.columns.contains(&field.name)) {
                field.nullable = false;
            }
        }
    }
    let (model, _) = opened.model(&descriptions);
    let settings = &opened.catalog.server;
    let options = server::Options {
        listen: "127.0.0.1:0".to_owned(),
        admin: Admin::Off,
        open: false,
        limits: settings.limits.clone(),
        tabs: Vec::new(),
        clients: usize::MAX,
    };
    let server = Server::bind(Gateway::of(model, settings), options).await.map_err(io::Error::other)?;
    let url = format!("http://{}/graphql", server.address()?);
    tokio::spawn(server.run(pending()));
    Ok(url)
}
