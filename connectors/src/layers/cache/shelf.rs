//! What is kept of one source: how long, under which keys, and what of it is to be forgotten.
//!
//! In: bound fetches and what loads gave. Out: values that are young enough. *Invariant*: what a load gives that began before
//! something was forgotten is not kept; a fetch is kept no longer than any collection it looks into allows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_row::{RowConverter, SortField};
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::{Collection, Value as Scalar};
use tokio::time::Instant;

use super::concern::concerns;
use super::encode::Form;
use super::reach::reaches;
use super::store::{Key, Owner, Store, Value};
use crate::layers::identity::identify;
use crate::{BoundFetch, Change, Fetch, Operand, Rows};

/// What a fetch weighs beside its values: its columns, its conditions, its native text.
const FETCH: usize = 512;

/// How long what was loaded may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layers) struct Times {
    /// Without a word.
    pub(super) life: Duration,
    /// Beyond that, while it is loaded anew.
    pub(super) late: Duration,
    /// Beyond `life`, while the source is down.
    pub(super) down: Duration,
}

/// What a source's cache has done so far, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatus {
    /// Lists and keys that were there and young enough.
    pub hits: u64,
    /// Lists and keys that were not.
    pub misses: u64,
    /// Lists and keys that were given although they were older than `cache` allows.
    pub stale: u64,
    /// The ages of all that was given, together.
    pub age: Duration,
    /// Lists and keys held.
    pub entries: u64,
    /// What they weigh in bytes.
    pub bytes: u64,
}

/// See the module.
pub struct Shelf {
    source: Arc<str>,
    owner: Arc<Owner>,
    store: Arc<dyn Store>,
    hasher: RandomState,
    times: Option<Times>,
    /// Of collections with a time of their own.
    own: HashMap<String, Option<Times>>,
    /// Grows whenever something is forgotten.
    era: RwLock<u64>,
    /// What was loaded up to then may have changed without a word: it is no better than what is too old.
    doubted: Mutex<Option<Instant>>,
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
    milliseconds: AtomicU64,
}

/// A fetch in the form in which it is kept.
pub(in crate::layers) struct Asked {
    form: Form,
    times: Times,
    /// One for each key, in their order; one for a fetch that is kept as a whole.
    pub(super) keys: Vec<Key>,
    /// Whether keys are kept one by one.
    pub(super) by_key: bool,
}

/// What of a fetch is there, by the numbers of its keys.
#[derive(Default)]
pub(super) struct Found {
    pub(super) fresh: Vec<Value>,
    /// Young enough to be given while it is loaded anew.
    pub(super) late: Vec<(u32, Value)>,
    /// Young enough only if the source is down.
    pub(super) spare: Vec<(u32, Value)>,
    pub(super) missing: Vec<u32>,
}

impl Shelf {
    /// Of a source with such settings; `None` if nothing of it is kept.
    pub fn new(settings: &SourceSettings, store: &Arc<dyn Store>) -> Option<Arc<Self>> {
        let tuning = &settings.tuning;
        let times = |life: Option<Duration>| {
            life.map(|life| Times {
                life,
                late: tuning.stale_while_refreshing.unwrap_or_default(),
                down: tuning.stale_if_down.unwrap_or_default(),
            })
        };
        let own: HashMap<_, _> =
            settings.cache_for.iter().map(|entry| (entry.collection.clone(), times(entry.time))).collect();
        let all = times(tuning.cache);
        if all.is_none() && own.values().all(Option::is_none) {
            return None;
        }
        Some(Arc::new(Self {
            source: settings.name.as_str().into(),
            owner: Owner::new(),
            store: store.clone(),
            hasher: RandomState::default(),
            times: all,
            own,
            era: RwLock::new(0),
            doubted: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            milliseconds: AtomicU64::new(0),
        }))
    }

    /// Whose it is.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// What it has done and holds.
    pub fn status(&self) -> CacheStatus {
        self.store.tidy();
        let (entries, bytes) = self.owner.held();
        CacheStatus {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            stale: self.stale.load(Ordering::Relaxed),
            age: Duration::from_millis(self.milliseconds.load(Ordering::Relaxed)),
            entries,
            bytes,
        }
    }

    /// How long a fetch is kept: as long as every collection allows that it looks into. `None`: not at all.
    pub(in crate::layers) fn times(&self, fetch: &Fetch) -> Option<Times> {
        let of = |collection: &Collection| self.own.get(&collection.name).copied().unwrap_or(self.times);
        let mut least = of(&fetch.collection)?;
        if self.own.is_empty() {
            return Some(least);
        }
        let refused = reaches(fetch, &mut |collection| match of(collection) {
            Some(times) => {
                least.life = least.life.min(times.life);
                false
            }
            None => true,
        });
        (!refused).then_some(least)
    }

    /// The form in which a fetch is kept; `None`: it is not.
    pub(in crate::layers) fn asked(&self, bound: &Arc<BoundFetch>) -> Option<Asked> {
        let times = self.times(bound.fetch())?;
        let written = Form::of(bound.fetch()).and_then(|form| Ok((form, self.keys(bound)?)));
        match written {
            Ok((form, (keys, by_key))) => Some(Asked { form, times, keys, by_key }),
            Err(error) => {
                tracing::debug!(source = %self.source, %error, "an answer that cannot be kept");
                None
            }
        }
    }

    fn keys(&self, bound: &Arc<BoundFetch>) -> Result<(Vec<Key>, bool), ArrowError> {
        let owner = &self.owner;
        let Some(keys) = one_by_one(bound) else {
            let weight = weight(bound);
            let fetch = identify(bound, &self.hasher).1;
            return Ok((vec![Key { owner: owner.clone(), fetch, row: None, weight }], false));
        };
        // An entry must not hold on to the keys of the load that it came with.
        let shape = BoundFetch { prepared: bound.prepared.clone(), operands: bound.operands.clone(), keys: None };
        let weight = weight(&shape);
        let fetch = identify(&Arc::new(shape), &self.hasher).0;
        let fields = keys.columns().iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(keys.columns())?;
        let key = |row: arrow_row::Row<'_>| Key {
            owner: owner.clone(),
            fetch: fetch.clone(),
            row: Some(row.data().into()),
            weight,
        };
        Ok((rows.iter().map(key).collect(), true))
    }

    /// What of a fetch is there.
    pub(super) fn find(&self, asked: &Asked) -> Found {
        let (mut found, now, times) = (Found::default(), Instant::now(), asked.times);
        let doubted = *self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, value) in (0..).zip(self.store.get_many(&asked.keys)) {
            let Some(value) = value else {
                found.missing.push(at);
                continue;
            };
            let age = now.saturating_duration_since(value.loaded);
            if doubted.is_some_and(|doubted| value.loaded <= doubted) {
                let is_spare = !times.down.is_zero() && age < times.life + times.down;
                if is_spare { found.spare.push((at, value)) } else { found.missing.push(at) }
            } else if age < times.life {
                found.fresh.push(value);
            } else if age < times.life + times.late {
                found.late.push((at, value));
            } else if age < times.life + times.down {
                found.spare.push((at, value));
            } else {
                found.missing.push(at);
            }
        }
        found
    }

    /// The rows of a fetch and when the oldest of them was loaded, if all of them are there and young enough.
    pub(in crate::layers) fn whole(&self, asked: &Asked) -> Option<(Rows, Instant)> {
        let found = self.find(asked);
        if found.fresh.len() < asked.keys.len() {
            return None;
        }
        let loaded = found.fresh.iter().map(|value| value.loaded).min()?;
        Some((asked.read(found.fresh.iter())?, loaded))
    }

    /// A number that changes whenever something is forgotten.
    pub(in crate::layers) fn era(&self) -> u64 {
        *self.era.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps values of a load that began in an era, if that is still the same.
    pub(super) fn put(&self, era: u64, values: Vec<(Key, Value)>) {
        let now = self.era.read().unwrap_or_else(PoisonError::into_inner);
        if *now == era {
            self.store.put_many(values);
        }
    }

    /// Forgets what a change may have made wrong; how many lists and keys that are. Where changes are not told, what is kept
    /// is given only while the source is down, until they are told again and all is forgotten.
    pub fn forget(&self, change: &Change) -> usize {
        if *change == Change::Unheard {
            *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        *self.era.write().unwrap_or_else(PoisonError::into_inner) += 1;
        self.store.forget(&|key| Arc::ptr_eq(&key.owner, &self.owner) && concerns(change, key))
    }

    /// Counts what was given and what was not there.
    pub(super) fn count(&self, fresh: &[Value], misses: usize) {
        self.hits.fetch_add(fresh.len() as u64, Ordering::Relaxed);
        self.misses.fetch_add(misses as u64, Ordering::Relaxed);
        self.count_ages(fresh.iter());
    }

    /// Counts what was given although it was too old.
    pub(super) fn count_stale<'a>(&self, values: impl ExactSizeIterator<Item = &'a Value>) {
        self.stale.fetch_add(values.len() as u64, Ordering::Relaxed);
        self.count_ages(values);
    }

    fn count_ages<'a>(&self, values: impl Iterator<Item = &'a Value>) {
        let now = Instant::now();
        let ages = values.map(|value| now.saturating_duration_since(value.loaded).as_millis() as u64);
        self.milliseconds.fetch_add(ages.sum(), Ordering::Relaxed);
    }
}

impl Asked {
    /// How long it may be given without a word.
    pub(in crate::layers) fn life(&self) -> Duration {
        self.times.life
    }

    /// How long it is of any use.
    pub(super) fn longest(&self) -> Duration {
        self.times.life + self.times.late.max(self.times.down)
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// The rows of values; `None` if one cannot be read, which is as if it were not there.
    pub(super) fn read<'a>(&self, values: impl Iterator<Item = &'a Value>) -> Option<Rows> {
        self.form.read(values.map(|value| &*value.bytes)).unwrap_or_else(|error| {
            tracing::error!(%error, "a kept answer cannot be read");
            None
        })
    }
}

/// The keys of a fetch whose answer for each of them is its own: it tells which row has which key, and nothing is cut or made
/// different over several of them.
fn one_by_one(bound: &BoundFetch) -> Option<&RecordBatch> {
    let fetch = bound.fetch();
    let plain = fetch.keys.as_ref()?.normalize.is_empty() && fetch.distinct.is_empty();
    let telling = bound.prepared.telling_keys().is_some() && bound.ceiling().is_some();
    bound.keys.as_ref().filter(|_| plain && telling)
}

/// The bytes of a bound fetch.
fn weight(bound: &BoundFetch) -> usize {
    let operands = bound.operands.iter().map(|operand| match operand {
        Operand::Value(value) => value_weight(value),
        Operand::Keys(keys) => keys.get_array_memory_size(),
    });
    let keys = bound.keys.as_ref().map_or(0, RecordBatch::get_array_memory_size);
    FETCH + keys + operands.sum::<usize>()
}

fn value_weight(value: &Scalar) -> usize {
    size_of::<Scalar>()
        + match value {
            Scalar::Decimal(text) | Scalar::Text(text) => text.len(),
            Scalar::Bytes(bytes) => bytes.len(),
            Scalar::List(items) => items.iter().map(value_weight).sum(),
            _ => 0,
        }
}
