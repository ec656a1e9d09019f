//! The configuration of a gateway as types. `catalog/load` reads a folder of TOML files into them.

mod addition;
mod collection_entry;
mod document;
mod link;
pub mod load;
mod normalize;
pub mod pattern;
mod placeholder;
pub mod reference;
mod server;
mod source;
pub mod template;
mod union;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use collection_entry::{CacheTime, TypeOverride};
pub use load::{is_servable, load, load_with};
pub use placeholder::Environment;
pub(crate) use placeholder::file_fault;
pub use source::COMMON_KEYS;

use self::pattern::Pattern;
use crate::{Normalizer, Secret, Value};

/// A catalog: what the gateway serves and how.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The folder it was read from.
    pub folder: PathBuf,
    /// `[server]` and `[server.limits]`.
    pub server: Server,
    /// `[[source]]` blocks, and those that a `[[discover]]` found once [`Catalog::discover`] has been expanded.
    pub sources: Vec<SourceSettings>,
    /// `[[discover]]` blocks; their `name` is a pattern with `{name}`.
    pub discover: Vec<SourceSettings>,
    /// `[[source]]` blocks without `connector`, `url` or `path`: they only add settings to a discovered source, by
    /// [`SourceSettings::add`].
    pub additions: Vec<SourceSettings>,
    /// Blocks that no source comes of, because their `name` or `connector` is missing or wrong, or their name is taken. That
    /// is told already; what else is wrong with them is the kind's to tell.
    pub unusable: Vec<SourceSettings>,
    /// `[[link]]` blocks.
    pub links: Vec<LinkSettings>,
    /// `[[union]]` blocks.
    pub unions: Vec<UnionSettings>,
    /// Names of `[[discover]]` blocks, with `{name}` in them, that nobody has answered and that never found anything: sources of
    /// such names may be there.
    pub unknown: Vec<String>,
}

impl Catalog {
    /// The names under [`Catalog::unknown`] that sources of a name like `pattern` may hide behind.
    pub fn unknown(&self, pattern: &pattern::Pattern) -> impl Iterator<Item = &str> {
        let meets = |name: &&String| pattern::Pattern::of_block(name).meets(pattern);
        self.unknown.iter().filter(meets).map(String::as_str)
    }
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the catalog folder where it is inside.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Where GraphQL is served; default `127.0.0.1:4000`.
    pub listen: String,
    /// Where metrics and operations are served; default `127.0.0.1:4001`; `None`: `off`.
    pub admin: Option<String>,
    /// Whether an address that is not loopback may be listened on.
    pub open: bool,
    /// What cursors are sealed with; default: a key of the process's own, so that no cursor outlives it.
    pub cursor_key: Option<Secret>,
    /// Whether answers tell their plan and what its steps did to who asks for it.
    pub plan: bool,
    /// `[server.limits]`
    pub limits: Limits,
}

/// `[server.limits]`: what one request may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `deadline`: a request ends after this; 10 s.
    pub deadline: Duration,
    /// `connections`: running fetches in all; 2,000.
    pub connections: usize,
    /// `requests`: requests for GraphQL that are answered at the same time; 5,000.
    pub requests: usize,
    /// `list_rows`: rows of one list, per parent; 10,000.
    pub list_rows: usize,
    /// `answer_rows`: rows of one answer; 100,000.
    pub answer_rows: usize,
    /// `body`: bytes of a request body; 1,000,000.
    pub body: usize,
    /// `tokens`: of a document; 15,000.
    pub tokens: usize,
    /// `depth`: of fields; 15.
    pub depth: usize,
    /// `aliases`: in a document, fragments counted; 500.
    pub aliases: usize,
    /// `collection_fields`: fields that cause a fetch, fragments counted; 50.
    pub collection_fields: usize,
    /// `introspection_depth`: 20.
    pub introspection_depth: usize,
    /// `introspection_bytes`: memory for the texts of long schemas, kept packed; 32,000,000.
    pub introspection_bytes: usize,
    /// `budget_rows`: rows read for work done here; 100,000.
    pub budget_rows: usize,
    /// `budget_keys`: keys held for work done here; 100,000.
    pub budget_keys: usize,
    /// `budget_bytes`: memory for the rows of one request; 64,000,000.
    pub budget_bytes: usize,
    /// `cache_bytes`: memory for what is kept of all sources; 256,000,000.
    pub cache_bytes: usize,
    /// `side_rows`: rows of one side of a link that a filter reads before it tries the other side; 2,000.
    pub side_rows: usize,
    /// `union_fetches`: members of a union that are asked at the same time, by one field; 32.
    pub union_fetches: usize,
    /// `drain`: how long running requests may take to end after SIGTERM; 30 s.
    pub drain: Duration,
}

/// A `[[source]]` or `[[discover]]` block, `[defaults]` filled in.
#[derive(Clone, Debug, Default)]
pub struct SourceSettings {
    /// Where the block begins.
    pub place: Place,
    /// The name; of a `[[discover]]` block the pattern.
    pub name: String,
    /// The kind of connector; empty in [`Catalog::additions`].
    pub connector: String,
    /// Where the source is, for people, and what tells `[[discover]]` blocks apart: `path` or `url` as written, without user,
    /// password and parameters that name no place, and with `${…}` not filled in; never secret, may be empty.
    pub location: String,
    /// The department's title.
    pub title: Option<String>,
    /// Only these collections; empty: all. `*` and `?` allowed.
    pub include: Vec<String>,
    /// Not these collections. `*` and `?` allowed.
    pub exclude: Vec<String>,
    /// GraphQL names for awkward ones.
    pub rename: Vec<Rename>,
    /// Scalars the database does not tell.
    pub types: Vec<TypeOverride>,
    /// How old answers of single collections may be.
    pub cache_for: Vec<CacheTime>,
    /// Numbers that every kind of source has.
    pub tuning: Tuning,
    /// What is left: the kind's own keys (`path`, `url`, `schemas`, `pooler`, `tls` …), checked by the kind.
    pub options: BTreeMap<String, OptionValue>,
    /// The [`COMMON_KEYS`] that the block itself sets, `[defaults]` left aside.
    pub given: BTreeSet<&'static str>,
    /// What placeholders gave for `connector`, `include` and `exclude`, each as it is written: for
    /// [`SourceSettings::as_written`].
    pub written: BTreeMap<String, String>,
}

/// Numbers that `[defaults]` sets for all sources and a block for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// `timeout`: of one fetch; 3 s.
    pub timeout: Duration,
    /// `connect_timeout`: 2 s.
    pub connect_timeout: Duration,
    /// `wait_timeout`: for a free connection; 500 ms.
    pub wait_timeout: Duration,
    /// `idle_timeout`: an idle connection is closed after it; 60 s.
    pub idle_timeout: Duration,
    /// `connections`: at most, to this source; 8.
    pub connections: usize,
    /// `server_connections`: at most, to the server that it shares with other sources; 32. The least of theirs holds.
    pub server_connections: usize,
    /// `cache`: how old an answer may be; none: no caching.
    pub cache: Option<Duration>,
    /// `stale_while_refreshing`: how much older it may be while it is fetched anew; none.
    pub stale_while_refreshing: Option<Duration>,
    /// `stale_if_down`: how much older it may be while the source is down; none.
    pub stale_if_down: Option<Duration>,
    /// `breaker_faults`: faults in a row after which it is left alone; 5. 0 (`off`): it never is.
    pub breaker_faults: usize,
    /// `breaker_pause`: for how long; 5 s, doubled each time it fails again.
    pub breaker_pause: Duration,
    /// `breaker_longest_pause`: 60 s.
    pub breaker_longest_pause: Duration,
    /// `retry_percent`: how many fetches in a hundred may be tried a second time; 20. 0 (`off`): none.
    pub retry_percent: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(2),
            wait_timeout: Duration::from_millis(500),
            idle_timeout: Duration::from_mins(1),
            connections: 8,
            server_connections: 32,
            cache: None,
            stale_while_refreshing: None,
            stale_if_down: None,
            breaker_faults: 5,
            breaker_pause: Duration::from_secs(5),
            breaker_longest_pause: Duration::from_mins(1),
            retry_percent: 20,
        }
    }
}

/// A value of a kind's own key, `${…}` filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionValue {
    /// The value; strings hold what `${…}` gave and may be secret, so this never prints.
    pub value: OptionKind,
    /// Where it stands.
    pub place: Place,
    /// The folder of the file it stands in, on disk: what paths in it are relative to.
    pub folder: PathBuf,
}

impl OptionValue {
    /// A value that stands in no file; paths in it are relative to the current folder.
    pub fn new(value: OptionKind) -> Self {
        Self { value, place: Place::default(), folder: PathBuf::new() }
    }

    /// The file or folder that a path in this value names: relative ones start at the folder of the file it stands in.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}

/// The forms of such a value.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionKind {
    /// A string. Paths in it stay as written: [`OptionValue::resolve`] finds them.
    Text(Secret),
    /// A number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// A list of strings.
    Texts(Vec<Secret>),
    /// A table: `[source.KEY]`.
    Table(OptionTable),
    /// A list of tables: `[[source.KEY]]` blocks.
    Tables(Vec<OptionTable>),
}

/// A table of a kind's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptionTable {
    /// Where it begins.
    pub place: Place,
    /// Its keys in their order.
    pub entries: Vec<(String, OptionValue)>,
}

/// An entry of `[source.rename]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Where it stands.
    pub place: Place,
    /// The collection, by its original name.
    pub collection: String,
    /// The column, by its original name; `None`: the collection itself is renamed.
    pub column: Option<String>,
    /// The GraphQL name.
    pub name: String,
}

impl Rename {
    /// The other way to read a name with a dot: `audit.log` may be the column `log` of `audit`, which is how
    /// [`Self::collection`] and [`Self::column`] read it, or the collection `audit.log` of the schema `audit`. Where the
    /// source has a collection of this whole name, that is the one renamed.
    pub fn whole(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.collection),
            None => self.collection.clone(),
        }
    }
}

/// A `[[link]]` block.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Where it begins.
    pub place: Place,
    /// Where the link starts.
    pub from: LinkEnd,
    /// Where it leads.
    pub to: LinkEnd,
    /// The field on the `from` type.
    pub name: String,
    /// The field on the `to` type.
    pub back: Option<String>,
    /// Overrides the rule that a link is a list unless the `to` columns are unique.
    pub many: Option<bool>,
}

/// One end of a link.
#[derive(Clone, Debug)]
pub struct LinkEnd {
    /// The source; empty for a union.
    pub source: String,
    /// The collection, by its original name, or the union.
    pub collection: String,
    /// Columns, by their original names.
    pub columns: Vec<String>,
    /// How their values are brought to the common form.
    pub normalize: Vec<Normalizer>,
}

/// A `[[union]]` block.
#[derive(Clone, Debug)]
pub struct UnionSettings {
    /// Where it begins.
    pub place: Place,
    /// The root field.
    pub name: String,
    /// What it is, for people.
    pub title: Option<String>,
    /// Whether aggregates, groups and rows by key may be answered without silent members where a query does not say.
    pub partial: bool,
    /// How long what a member said of its least and greatest values may rule it out; `None`: it never does.
    pub prune: Option<Duration>,
    /// Which collections it is made of.
    pub members: Vec<MemberPattern>,
    /// Columns that are unique over all members; may be empty.
    pub key: Vec<String>,
    /// `[union.rename]`: columns of members that have another name in the union.
    pub rename: Vec<RenamedColumn>,
    /// `[union.constant]`: columns with one value for all rows of a member.
    pub constants: Vec<ConstantColumn>,
}

/// Collections by a name with wildcards.
#[derive(Clone, Debug)]
pub struct MemberPattern {
    /// Where it stands.
    pub place: Place,
    /// As it stands there.
    pub written: String,
    /// The sources, by their names in the catalog.
    pub source: Pattern,
    /// The collections, by their original names.
    pub collection: Pattern,
}

/// An entry of `[union.rename]`.
#[derive(Clone, Debug)]
pub struct RenamedColumn {
    /// Of which members.
    pub member: MemberPattern,
    /// The column, by its original name.
    pub column: String,
    /// The column of the union.
    pub name: String,
}

/// An entry of `[union.constant]`.
#[derive(Clone, Debug)]
pub struct ConstantColumn {
    /// Of which members.
    pub member: MemberPattern,
    /// The column of the union.
    pub column: String,
    /// Its value there: text, a whole number or a boolean.
    pub value: Value,
}
