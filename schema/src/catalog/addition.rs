//! What a `[[source]]` block that only adds settings does to the source that a `[[discover]]` block found, and how kinds
//! refuse keys that nobody knows.

use super::source::COMMON_KEYS;
use super::{OptionTable, SourceSettings, document};
use crate::Problem;

impl SourceSettings {
    /// Lays an addition over this source: what the addition sets wins, everything else stays.
    pub fn add(&mut self, addition: &SourceSettings) {
        for key in &addition.given {
            match *key {
                "title" => self.title.clone_from(&addition.title),
                "include" => self.include.clone_from(&addition.include),
                "exclude" => self.exclude.clone_from(&addition.exclude),
                "timeout" => self.tuning.timeout = addition.tuning.timeout,
                "connect_timeout" => self.tuning.connect_timeout = addition.tuning.connect_timeout,
                "wait_timeout" => self.tuning.wait_timeout = addition.tuning.wait_timeout,
                "idle_timeout" => self.tuning.idle_timeout = addition.tuning.idle_timeout,
                "connections" => self.tuning.connections = addition.tuning.connections,
                "server_connections" => self.tuning.server_connections = addition.tuning.server_connections,
                "breaker_faults" => self.tuning.breaker_faults = addition.tuning.breaker_faults,
                "breaker_pause" => self.tuning.breaker_pause = addition.tuning.breaker_pause,
                "breaker_longest_pause" => self.tuning.breaker_longest_pause = addition.tuning.breaker_longest_pause,
                "retry_percent" => self.tuning.retry_percent = addition.tuning.retry_percent,
                "cache" => self.tuning.cache = addition.tuning.cache,
                "stale_while_refreshing" => {
                    self.tuning.stale_while_refreshing = addition.tuning.stale_while_refreshing;
                }
                "stale_if_down" => self.tuning.stale_if_down = addition.tuning.stale_if_down,
                _ => {} // `name` finds the source, `rename`, `types` and `cache_for` are laid over entry by entry
            }
            self.given.insert(key);
        }
        self.rename.retain(|old| !addition.rename.iter().any(|new| new.whole() == old.whole()));
        self.rename.extend(addition.rename.iter().cloned());
        let same = |old: &super::TypeOverride, new: &super::TypeOverride| {
            (&old.collection, &old.column) == (&new.collection, &new.column)
        };
        self.types.retain(|old| !addition.types.iter().any(|new| same(old, new)));
        self.types.extend(addition.types.iter().cloned());
        self.cache_for.retain(|old| !addition.cache_for.iter().any(|new| new.collection == old.collection));
        self.cache_for.extend(addition.cache_for.iter().cloned());
        self.options.extend(addition.options.iter().map(|(key, value)| (key.clone(), value.clone())));
        self.written.extend(addition.written.iter().map(|(value, written)| (value.clone(), written.clone())));
    }

    /// A refusal for each of [`Self::options`] that is not one of the kind's `own` keys, with the nearest known one.
    pub fn unknown_options(&self, own: &[&str]) -> Vec<Problem> {
        let known: Vec<&str> = COMMON_KEYS.iter().chain(own).copied().collect();
        self.options
            .iter()
            .filter(|(key, _)| !own.contains(&key.as_str()))
            .map(|(key, option)| document::unknown_key(&self.about(), &option.place, key, &known))
            .collect()
    }

    /// Whether its name is a pattern, as those of `[[discover]]` blocks are.
    pub fn is_pattern(&self) -> bool {
        self.name.contains("{name}")
    }

    /// What problems of this block are about: `source civil`, or `discover silo_{name}` for a pattern.
    pub fn about(&self) -> String {
        let block = if self.is_pattern() { "discover" } else { "source" };
        let name = crate::problem::shown(&self.name);
        format!("{block} {name}").trim_end().to_owned()
    }

    /// A value of `connector`, `include` or `exclude` as it stands in the catalog, for messages: what a placeholder gave is
    /// never shown.
    pub fn as_written(&self, value: &str) -> String {
        self.written.get(value).cloned().unwrap_or_else(|| crate::problem::shown(value))
    }
}

impl OptionTable {
    /// A refusal for each key that is not one of `known`, with the nearest known one; `about` names the table.
    pub fn unknown_keys(&self, about: &str, known: &[&str]) -> Vec<Problem> {
        let unknown = self.entries.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        unknown.map(|(key, option)| document::unknown_key(about, &option.place, key, known)).collect()
    }
}
