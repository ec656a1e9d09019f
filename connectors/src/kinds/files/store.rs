//! The tables of a source, each held as long as its files stay as they are and it is asked for.
//!
//! In: a collection as it is described. Out: its table. *Invariant*: files are looked at for every fetch; a table is read
//! whole or not at all, by one of all that want it; what is held is let go when nobody has asked for a while.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::{SourceSettings, Tuning};
use lilong_schema::{Collection, Scalar};

use super::build::{build, check_key};
use super::content::{self, Content};
use super::describe::STANDS_IN;
use super::location::{self, Found, Stamp};
use super::obstacle::Obstacle;
use super::settings::{Settings, is_pattern};
use crate::describing::given;
use crate::sweeping::{Sweeping, Swept};
use crate::tables::Table;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(super) struct Store {
    source: Arc<str>,
    settings: Settings,
    block: SourceSettings,
    held: Mutex<HashMap<Shape, Arc<Slot>>>,
    as_of: Mutex<Option<SystemTime>>,
    sweeping: Sweeping,
}

/// A collection with the columns it is asked for.
type Shape = (String, Vec<(String, Scalar)>);

/// The files of a collection as they are, with the sheet of each.
type Version = Vec<(PathBuf, Stamp)>;

#[derive(Default)]
struct Slot(Mutex<Option<Held>>);

struct Held {
    version: Version,
    table: Arc<Table>,
    used: Instant,
    /// Whether a file was so new that one more change may not show in its stamp.
    is_fresh: bool,
}

impl Store {
    /// Holds nothing yet.
    pub(super) fn new(settings: Settings, block: &SourceSettings) -> Arc<Self> {
        Arc::new(Self {
            source: block.name.as_str().into(),
            settings,
            block: block.clone(),
            held: Mutex::default(),
            as_of: Mutex::new(None),
            sweeping: Sweeping::default(),
        })
    }

    /// The source's name.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// How files are found and read.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The block.
    pub(super) fn block(&self) -> &SourceSettings {
        &self.block
    }

    /// How it is tuned.
    pub(super) fn tuning(&self) -> &Tuning {
        &self.block.tuning
    }

    /// When the file that was changed last of those read was changed.
    pub(super) fn as_of(&self) -> Option<SystemTime> {
        *lock(&self.as_of)
    }

    /// The table of a collection as its files are now. Blocks.
    pub(super) fn table(self: &Arc<Self>, collection: &Collection) -> Result<Arc<Table>> {
        let parts = self.parts(collection)?;
        let mut version = Vec::with_capacity(parts.len());
        for (found, _) in &parts {
            let stamp = location::stamp(&self.settings, &found.path);
            version.push((found.path.clone(), stamp.map_err(|obstacle| self.obstacle(obstacle, &found.path))?));
        }
        let shape = collection.fields.iter().map(|field| (field.name.clone(), field.scalar)).collect();
        let slot = lock(&self.held).entry((collection.name.clone(), shape)).or_default().clone();
        let mut held = lock(&slot.0);
        if let Some(held) = held.as_mut().filter(|held| held.version == version) {
            held.used = Instant::now();
            let is_settled = !version.iter().any(|(_, stamp)| stamp.is_fresh());
            if !(held.is_fresh && is_settled) {
                return Ok(held.table.clone());
            }
        }
        *held = None;
        let (table, version) = self.load(collection, &parts)?;
        let newest = version.iter().map(|(_, stamp)| stamp.modified()).max();
        let table = Arc::new(table);
        let is_fresh = version.iter().any(|(_, stamp)| stamp.is_fresh());
        *held = Some(Held { version, table: table.clone(), used: Instant::now(), is_fresh });
        let mut as_of = lock(&self.as_of);
        *as_of = newest;
        Ok(table)
    }

    /// The files that make a collection, each with its sheet.
    fn parts(&self, collection: &Collection) -> Result<Vec<(Found, Option<String>)>> {
        let name = collection.name.as_str();
        let settings = &self.settings;
        let (files, _) =
            location::files(settings).map_err(|(folder, obstacle)| obstacle.at(&self.source, "listing", &folder))?;
        let is_single = !is_pattern(&settings.path);
        let is_workbook = |found: &Found| {
            let format = settings.format.or_else(|| super::format::Format::of_name(&found.path));
            format == Some(super::format::Format::Workbook)
        };
        let mut parts = Vec::new();
        for found in files {
            let sheet = settings.sheet.clone();
            if let Some(only) = &settings.collection {
                if only == name {
                    parts.push((found, sheet));
                }
                continue;
            }
            let sheet = match (is_workbook(&found), sheet) {
                (false, _) => (found.stem == name).then_some(None),
                (true, Some(sheet)) => {
                    (if is_single { sheet == name } else { found.stem == name }).then_some(Some(sheet))
                }
                (true, None) if is_single => Some(Some(name.to_owned())),
                (true, None) => name
                    .strip_prefix(found.stem.as_str())
                    .and_then(|rest| rest.strip_prefix('.'))
                    .map(|sheet| Some(sheet.to_owned())),
            };
            if let Some(sheet) = sheet {
                parts.push((found, sheet));
            }
        }
        if parts.is_empty() {
            // A file that was there may come back.
            let was_there = settings.collection.as_deref() == Some(name)
                || collection
                    .fields
                    .first()
                    .is_some_and(|field| field.details.get(STANDS_IN).is_some_and(|of| of == name));
            let kind = if was_there { ErrorKind::Unavailable } else { ErrorKind::Mismatch };
            let mut error = Error::new(kind, self.source.clone(), format!("there is no file or sheet of {name}"));
            error.temporary = false;
            return Err(error);
        }
        if settings.collection.is_none() {
            // `a.b.xlsx` and the sheet `b.c` of `a.xlsx`: the longer file name is meant.
            parts.sort_by_key(|(found, _)| std::cmp::Reverse(found.stem.len()));
            parts.truncate(1);
        }
        Ok(parts)
    }

    fn load(&self, collection: &Collection, parts: &[(Found, Option<String>)]) -> Result<(Table, Version)> {
        let mut contents: Vec<Content> = Vec::with_capacity(parts.len());
        let mut version = Vec::with_capacity(parts.len());
        for (found, sheet) in parts {
            let read = content::open(&self.settings, found)
                .and_then(|(mut opened, stamp)| Ok((opened.content(&self.settings, found, sheet.as_deref())?, stamp)));
            let (content, stamp) = read.map_err(|obstacle| self.obstacle(obstacle, &found.path))?;
            contents.push(content);
            version.push((found.path.clone(), stamp));
        }
        let given = |column: &str| given(&self.block, &collection.name, column).is_some();
        let built = build(collection, &contents, &given).map_err(|error| {
            Error::new(ErrorKind::Internal, self.source.clone(), format!("reading {}", collection.name)).because(error)
        })?;
        for damage in &built.damage {
            tracing::warn!(source = &*self.source, "{damage}");
        }
        let size = built.table.rows.get_array_memory_size();
        if size > self.settings.table_bytes {
            let setting = super::settings::TABLE_BYTES;
            let obstacle =
                Obstacle::TooLarge { what: "what it holds takes", most: self.settings.table_bytes as u64, setting };
            return Err(self.obstacle(obstacle, &parts[0].0.path));
        }
        for key in &collection.keys {
            check_key(&built.table, key, &contents)
                .map_err(|what| Error::new(ErrorKind::Mismatch, self.source.clone(), what))?;
        }
        Ok((built.table, version))
    }

    fn obstacle(&self, obstacle: Obstacle, path: &Path) -> Error {
        obstacle.at(&self.source, "reading", path)
    }

    /// Lets go what nobody has asked for in a while; how many tables are left.
    pub(super) fn sweep(&self) -> usize {
        let mut held = lock(&self.held);
        let idle = self.block.tuning.idle_timeout;
        held.retain(|_, slot| match slot.0.try_lock() {
            Ok(held) => held.as_ref().is_some_and(|held| held.used.elapsed() < idle),
            // It is being read.
            Err(_) => true,
        });
        held.len()
    }
}

impl Swept for Store {
    fn sweeping(&self) -> &Sweeping {
        &self.sweeping
    }

    fn pause(&self) -> Duration {
        self.block.tuning.idle_timeout
    }

    fn let_go(&self) -> BoxFuture<'_, usize> {
        std::future::ready(self.sweep()).boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
