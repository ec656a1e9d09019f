//! `[[source]]` and `[[discover]]` blocks and `[defaults]`.
//!
//! *Invariant*: keys that are not [`COMMON_KEYS`] belong to the kind of source; they are carried along unread, and their
//! values never stand in a message.

mod names;
mod options;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::document::{Entry, Form, Reading, Table, Text};
use super::{Place, SourceSettings, Tuning};
use crate::Problem;
use crate::problem::shown;
use names::{read_cache_times, read_renames, read_types};
use options::read_option;

pub(super) use names::graphql_name;

/// The keys that every kind of source has; a kind adds its own.
pub const COMMON_KEYS: &[&str] = &[
    "name",
    "connector",
    "title",
    "include",
    "exclude",
    "rename",
    "types",
    "timeout",
    "connect_timeout",
    "wait_timeout",
    "idle_timeout",
    "connections",
    "server_connections",
    "cache",
    "cache_for",
    "stale_while_refreshing",
    "stale_if_down",
    "breaker_faults",
    "breaker_pause",
    "breaker_longest_pause",
    "retry_percent",
];

/// The keys of `[defaults]`.
pub(super) const DEFAULT_KEYS: &[&str] = &[
    "timeout",
    "connect_timeout",
    "wait_timeout",
    "idle_timeout",
    "connections",
    "server_connections",
    "cache",
    "stale_while_refreshing",
    "stale_if_down",
    "breaker_faults",
    "breaker_pause",
    "breaker_longest_pause",
    "retry_percent",
];

/// Which kind of block is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// `[[source]]`
    Source,
    /// `[[discover]]`
    Discover,
}

/// Reads a block; the second part if it cannot be told which source it is, or of which kind. Other faults leave a block
/// behind, so that what refers to it is not reported as well.
pub(super) fn read(
    block: Block,
    table: Table<'_>,
    defaults: &Tuning,
    names: &mut Names,
    reading: &mut Reading<'_>,
) -> Result<SourceSettings, Box<SourceSettings>> {
    let word = if block == Block::Source { "source" } else { "discover" };
    let about = match table.peek("name") {
        Some(name) if !name.is_empty() => format!("{word} {}", shown(name)),
        _ => word.to_owned(),
    };
    let mut table = table.named(&about);
    let is_addition = block == Block::Source
        && names.is_discovering
        && !["connector", "url", "path"].iter().any(|key| table.has(key));
    let given = COMMON_KEYS.iter().copied().filter(|key| table.has(key)).collect();
    let mut written = BTreeMap::new();
    let name = read_name(block, &mut table, reading);
    let connector = if is_addition { Some(String::new()) } else { read_connector(&mut table, &mut written, reading) };
    let mut settings = SourceSettings {
        place: table.place.clone(),
        title: table.text(reading, "title").map(|title| title.value),
        include: patterns(&mut table, "include", &mut written, reading),
        exclude: patterns(&mut table, "exclude", &mut written, reading),
        tuning: defaults.clone(),
        given,
        written,
        ..SourceSettings::default()
    };
    // What an addition is added to may say the rest.
    if let Some(misfit) = read_tuning(&mut settings.tuning, &mut table, reading).filter(|_| !is_addition) {
        reading.problems.push(misfit);
    }
    if let Some(renames) = table.take("rename").and_then(|entry| sub_table(&entry, word, reading)) {
        settings.rename = read_renames(renames, reading);
    }
    if let Some(types) = table.take("types").and_then(|entry| sub_table(&entry, word, reading)) {
        settings.types = read_types(types, reading);
    }
    if let Some(times) = table.take("cache_for").and_then(|entry| sub_table(&entry, word, reading)) {
        settings.cache_for = read_cache_times(times, reading);
    }
    for entry in table.rest() {
        if let (Form::Text(written), "path" | "url") = (entry.form(), entry.key) {
            settings.location = location(entry.key, written);
        }
        if let Some(option) = read_option(&entry, reading) {
            settings.options.insert(entry.key.to_owned(), option);
        }
    }
    let is_known = name.is_some() && connector.is_some();
    // What is told of a block without a name calls it by its kind of block alone.
    settings.name = name.unwrap_or_else(|| if block == Block::Discover { "{name}" } else { "" }.to_owned());
    settings.connector = connector.unwrap_or_default();
    if !is_known {
        return Err(Box::new(settings));
    }
    if block == Block::Source {
        names.note(&settings, table.about.clone());
    }
    Ok(settings)
}

fn read_name(block: Block, table: &mut Table<'_>, reading: &mut Reading<'_>) -> Option<String> {
    const FORM: &str = "write some text without control characters";
    if block == Block::Discover && !table.has("name") {
        return Some("{name}".to_owned());
    }
    let name = table.required(reading, "name", "name the source; the name becomes its root field")?;
    let (what, hint) = if name.value.trim().is_empty() {
        ("`name` is empty", FORM)
    } else if name.value.contains(char::is_control) {
        ("`name` holds a control character", FORM)
    } else if block == Block::Discover && !name.value.contains("{name}") {
        ("`name` would be the same for every source found", "put `{name}` where each one's own name belongs")
    } else {
        return Some(name.value);
    };
    reading.problems.push(Problem::new(&*table.about, what, hint).at(name.place.file, name.place.line));
    None
}

const CONNECTOR_HINT: &str = "name the kind of source, such as `connector = \"sqlite\"`";

fn read_connector(
    table: &mut Table<'_>,
    written: &mut BTreeMap<String, String>,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let connector = table.required(reading, "connector", CONNECTOR_HINT)?;
    if connector.value.is_empty() {
        let problem = Problem::new(&*table.about, "`connector` is empty", CONNECTOR_HINT);
        reading.problems.push(problem.at(connector.place.file, connector.place.line));
        return None;
    }
    note_written(&connector, written);
    Some(connector.value)
}

fn note_written(text: &Text, written: &mut BTreeMap<String, String>) {
    if text.value != text.written {
        written.insert(text.value.clone(), text.written.clone());
    }
}

fn patterns(
    table: &mut Table<'_>,
    key: &str,
    written: &mut BTreeMap<String, String>,
    reading: &mut Reading<'_>,
) -> Vec<String> {
    let Some(entry) = table.take(key) else {
        return Vec::new();
    };
    let mut patterns = Vec::new();
    for text in entry.texts(reading).unwrap_or_default() {
        if text.value.is_empty() {
            let problem =
                entry.problem(format!("`{key}` holds an empty name"), "name collections; * and ? stand for any text");
            reading.problems.push(problem.at(text.place.file, text.place.line));
        } else {
            note_written(&text, written);
            patterns.push(text.value);
        }
    }
    patterns
}

/// Databases are told how long to go on in milliseconds of 31 bits.
const LONGEST_WAIT: Duration = Duration::from_hours(576);

/// Reads the keys that `[defaults]` and blocks share over what is set already. What is given and does not fit to the rest is
/// the problem that comes back.
pub(super) fn read_tuning(tuning: &mut Tuning, table: &mut Table<'_>, reading: &mut Reading<'_>) -> Option<Problem> {
    for (key, setting) in [
        ("timeout", &mut tuning.timeout),
        ("connect_timeout", &mut tuning.connect_timeout),
        ("wait_timeout", &mut tuning.wait_timeout),
    ] {
        if let Some(duration) = table.take(key).and_then(|entry| entry.duration_within(reading, LONGEST_WAIT)) {
            *setting = duration;
        }
    }
    let mut pause = None;
    for (key, setting) in [
        ("idle_timeout", &mut tuning.idle_timeout),
        ("breaker_pause", &mut tuning.breaker_pause),
        ("breaker_longest_pause", &mut tuning.breaker_longest_pause),
    ] {
        let Some(entry) = table.take(key) else { continue };
        if let Some(duration) = entry.duration(reading) {
            *setting = duration;
        }
        if key != "idle_timeout" {
            pause = Some(entry);
        }
    }
    for (key, setting) in
        [("connections", &mut tuning.connections), ("server_connections", &mut tuning.server_connections)]
    {
        if let Some(count) = table.take(key).and_then(|entry| entry.count(reading, 10_000)) {
            *setting = count;
        }
    }
    for (key, setting, most) in
        [("breaker_faults", &mut tuning.breaker_faults, 1_000), ("retry_percent", &mut tuning.retry_percent, 100)]
    {
        let Some(entry) = table.take(key) else { continue };
        if matches!(entry.form(), Form::Text("off")) {
            *setting = 0;
        } else if let Some(count) = entry.count(reading, most) {
            *setting = count;
        }
    }
    for (key, setting) in [
        ("cache", &mut tuning.cache),
        ("stale_while_refreshing", &mut tuning.stale_while_refreshing),
        ("stale_if_down", &mut tuning.stale_if_down),
    ] {
        if let Some(entry) = table.take(key) {
            entry.time_or_off(reading, setting);
        }
    }
    let (what, hint) = tuning.misfit()?;
    Some(pause?.problem(what, hint))
}

impl Tuning {
    /// What of it contradicts itself, and what to do.
    pub fn misfit(&self) -> Option<(String, &'static str)> {
        let (first, longest) = (self.breaker_pause, self.breaker_longest_pause);
        (longest < first).then(|| {
            let what = format!("`breaker_longest_pause` ({longest:?}) is shorter than `breaker_pause` ({first:?})");
            (what, "make it at least as long")
        })
    }
}

fn sub_table<'a>(entry: &Entry<'a>, word: &str, reading: &mut Reading<'_>) -> Option<Table<'a>> {
    let about = entry.about().to_owned();
    entry.table(reading, &about, &format!("begin it with `[{word}.{}]`", entry.key))
}

/// Parameters of a URL that say where a server is, and hold no secret.
const PLACES: [&str; 4] = ["host", "hostaddr", "port", "socket"];

/// A path as written; a URL as written, without what may be secret in it: of its parameters only [`PLACES`] stay. One
/// that does not begin as URLs do is told by its placeholder, if it begins with one.
fn location(key: &str, written: &str) -> String {
    if key == "path" {
        return written.to_owned();
    }
    let (scheme, rest) = match written.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None if written.starts_with("${") => (String::new(), written),
        None => return String::new(),
    };
    // A password may hold any character, so everything up to the last @ may be part of it.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_place = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| PLACES.contains(&name));
    let places: Vec<&str> = query.split('&').filter(is_place).collect();
    let mark = if places.is_empty() { "" } else { "?" };
    format!("{scheme}{rest}{mark}{}", places.join("&"))
}

/// Where a block stands and what messages call it: by the name as written, before placeholders are filled in.
pub(super) struct Seen {
    about: Rc<str>,
    place: Place,
}

/// Names that are taken.
pub(super) struct Names {
    taken: BTreeMap<String, Vec<Seen>>,
    /// Whether there is a `[[discover]]` block: without one no block can only add settings.
    is_discovering: bool,
}

impl Names {
    /// None yet.
    pub(super) fn new(is_discovering: bool) -> Self {
        Self { taken: BTreeMap::new(), is_discovering }
    }

    /// Notes the block that a table was read into.
    pub(super) fn note(&mut self, settings: &SourceSettings, about: Rc<str>) {
        let seen = Seen { about, place: settings.place.clone() };
        self.taken.entry(settings.name.clone()).or_default().push(seen);
    }

    /// Reports every name that two `[[source]]` blocks share, naming both places.
    pub(super) fn report(&self, reading: &mut Reading<'_>) {
        for blocks in self.taken.values() {
            for pair in blocks.windows(2) {
                let [first, second] = pair else { continue };
                let what =
                    format!("this name is taken by the source at {}:{}", first.place.file.display(), first.place.line);
                let problem = Problem::new(&*second.about, what, "give one of them another name");
                reading.problems.push(problem.at(&second.place.file, second.place.line));
            }
        }
    }
}

/// Every key of a block and of `[defaults]`.
#[cfg(test)]
pub(super) fn keys() -> std::collections::BTreeSet<&'static str> {
    COMMON_KEYS.iter().chain(DEFAULT_KEYS).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_shows_no_secret() {
        for (key, written, shown) in [
            ("path", "silos/*.sqlite", "silos/*.sqlite"),
            ("url", "postgres://host/*", "postgres://host/*"),
            ("url", "postgres://user:p@ss/w?rd@host:5432/db?sslkey=x", "postgres://host:5432/db"),
            ("url", "mysql://host/db?password=x", "mysql://host/db"),
            ("url", "mysql://u:p@host/db?password=x@y", "mysql://y"),
            ("url", "${CIVIL_URL}", "${CIVIL_URL}"),
            ("url", "${CIVIL_SERVER}/*?password=x", "${CIVIL_SERVER}/*"),
            ("url", "postgres://u:${PASSWORD}@${HOST}/*", "postgres://${HOST}/*"),
            ("url", "postgres:///*?host=/run/a&password=x", "postgres:///*?host=/run/a"),
            ("url", "postgres:///*?sslmode=off&host=${HOST}&port=1#x", "postgres:///*?host=${HOST}&port=1"),
            ("url", "host=a password=b", ""),
        ] {
            assert_eq!(location(key, written), shown, "{written}");
        }
    }
}
