//! Reads the keys of a block that are a kind's own, and of tables in it, one by one.
//!
//! In: a block of a catalog. Out: its values, and everything that is wrong with them, each with its place.
//! *Invariant*: no value stands in a message.

use std::path::PathBuf;

use lilong_schema::Problem;
use lilong_schema::catalog::{COMMON_KEYS, OptionKind, OptionTable, OptionValue, Place, SourceSettings};
use lilong_schema::problem::nearest;

/// A block, or a table in one, that is being read.
#[derive(Debug)]
pub struct Block<'a> {
    about: String,
    place: Place,
    entries: Vec<(&'a str, &'a OptionValue)>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

/// A text with the option it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The text, `${…}` filled in.
    pub value: &'a str,
    /// Where it stands, and what paths in it are relative to.
    pub option: &'a OptionValue,
}

impl<'a> Text<'a> {
    /// What an option lists, or its one text; `None`: it is something else.
    pub fn all(option: &'a OptionValue) -> Option<Vec<Self>> {
        let texts = match &option.value {
            OptionKind::Text(text) => std::slice::from_ref(text),
            OptionKind::Texts(texts) => texts,
            _ => return None,
        };
        Some(texts.iter().map(|text| Self { value: text.reveal(), option }).collect())
    }
}

impl<'a> Block<'a> {
    /// The keys of a `[[source]]` block that are its kind's own.
    pub fn of(settings: &'a SourceSettings) -> Self {
        Self {
            about: settings.about(),
            place: settings.place.clone(),
            entries: settings.options.iter().map(|(key, option)| (key.as_str(), option)).collect(),
            known: COMMON_KEYS.to_vec(),
            problems: Vec::new(),
        }
    }

    /// A table in this one, under a name in messages.
    #[must_use]
    pub fn within(&self, name: &str, table: &'a OptionTable) -> Self {
        self.inside(&lilong_schema::problem::shown(name), table)
    }

    fn inside(&self, key: &str, table: &'a OptionTable) -> Self {
        Self {
            about: format!("{}: {key}", self.about),
            place: table.place.clone(),
            entries: table.entries.iter().map(|(key, option)| (key.as_str(), option)).collect(),
            known: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// What it is in a message: `source civil: auth`.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The same under a longer name in messages.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.about = format!("{} {}", self.about, lilong_schema::problem::shown(name));
        self
    }

    /// The value of a key, of any form; the key is known from now on.
    pub fn option(&mut self, key: &'static str) -> Option<&'a OptionValue> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let found = self.entries.iter().find(|(name, _)| *name == key)?;
        Some(found.1)
    }

    /// A text that is not empty; `hint` says how to write one.
    pub fn text(&mut self, key: &'static str, hint: &str) -> Option<Text<'a>> {
        let option = self.option(key)?;
        match &option.value {
            OptionKind::Text(text) if !text.reveal().is_empty() => return Some(Text { value: text.reveal(), option }),
            OptionKind::Text(_) => self.wrong(option, format!("`{key}` is empty"), hint),
            _ => self.wrong(option, format!("`{key}` is not a text"), hint),
        }
        None
    }

    /// A text that has to be there.
    pub fn required(&mut self, key: &'static str, hint: &str) -> Option<Text<'a>> {
        if self.entries.iter().any(|(name, _)| *name == key) {
            return self.text(key, hint);
        }
        self.known.push(key);
        self.wrong_here(format!("`{key}` is missing"), hint);
        None
    }

    /// A path, which is relative to the folder of the file it stands in.
    pub fn path(&mut self, key: &'static str, hint: &str) -> Option<PathBuf> {
        self.text(key, hint).map(|text| text.option.resolve(text.value))
    }

    /// A text that is one of some words; `hint` is for what is near none of them.
    pub fn word(&mut self, key: &'static str, words: &[&'static str], hint: &str) -> Option<&'static str> {
        let option = self.option(key)?;
        let written = match &option.value {
            OptionKind::Text(text) => text.reveal(),
            _ => "",
        };
        let word = words.iter().copied().find(|word| *word == written);
        if word.is_none() {
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            let near = nearest(written, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let what = format!("`{key}` is none of {} and {last}", others.join(", "));
            self.wrong(option, what, near.as_deref().unwrap_or(hint));
        }
        word
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let option = self.option(key)?;
        if let OptionKind::Boolean(value) = option.value {
            return Some(value);
        }
        self.wrong(option, format!("`{key}` is neither true nor false"), format!("write {key} = true"));
        None
    }

    /// A whole number from `least` to `most`.
    pub fn number(&mut self, key: &'static str, least: usize, most: usize) -> Option<usize> {
        let option = self.option(key)?;
        if let OptionKind::Integer(number) = option.value
            && let Ok(number) = usize::try_from(number)
            && (least..=most).contains(&number)
        {
            return Some(number);
        }
        let what = format!("`{key}` is not a whole number from {least} to {most}");
        self.wrong(option, what, "choose a number in that range, without quotes");
        None
    }

    /// A list of texts that are not empty, or one such text.
    pub fn texts(&mut self, key: &'static str, hint: &str) -> Option<Vec<Text<'a>>> {
        let option = self.option(key)?;
        let texts = Text::all(option).filter(|texts| texts.iter().all(|text| !text.value.is_empty()));
        if texts.is_none() {
            self.wrong(option, format!("`{key}` is not a list of texts"), hint);
        }
        texts
    }

    /// The same as a list that cannot be empty; `default` where the key is not there.
    pub fn texts_or(&mut self, key: &'static str, default: &[&str], hint: &str) -> Vec<String> {
        match self.texts(key, hint) {
            None => default.iter().map(|text| (*text).to_owned()).collect(),
            Some(texts) => {
                if let (true, Some(option)) = (texts.is_empty(), self.option(key)) {
                    self.wrong(option, format!("`{key}` is empty"), hint);
                }
                texts.iter().map(|text| text.value.to_owned()).collect()
            }
        }
    }

    /// A table: `[source.KEY]`.
    pub fn table(&mut self, key: &'static str, hint: &str) -> Option<Block<'a>> {
        let option = self.option(key)?;
        match &option.value {
            OptionKind::Table(table) => Some(self.inside(key, table)),
            _ => {
                self.wrong(option, format!("`{key}` is not a table"), hint);
                None
            }
        }
    }

    /// A list of tables: `[[source.KEY]]`.
    pub fn tables(&mut self, key: &'static str, hint: &str) -> Vec<Block<'a>> {
        match self.option(key).map(|option| (option, &option.value)) {
            Some((_, OptionKind::Tables(tables))) => tables.iter().map(|table| self.inside(key, table)).collect(),
            Some((option, _)) => {
                self.wrong(option, format!("`{key}` is not a list of tables"), hint);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Every entry, for a table whose keys are names.
    pub fn entries(&mut self) -> Vec<(&'a str, &'a OptionValue)> {
        std::mem::take(&mut self.entries)
    }

    /// Notes what is wrong with an option.
    pub fn wrong(&mut self, option: &OptionValue, what: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::new(&*self.about, what, hint);
        self.problems.push(problem.at(&option.place.file, option.place.line));
    }

    /// Notes what is wrong with the block as a whole.
    pub fn wrong_here(&mut self, what: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::new(&*self.about, what, hint);
        self.problems.push(problem.at(&self.place.file, self.place.line));
    }

    /// Ends the reading of a table in this block: its problems are this one's too.
    pub fn close(&mut self, inner: Block<'_>) {
        self.problems.extend(inner.finish());
    }

    /// Everything that is wrong, keys that nobody asked for included.
    pub fn finish(mut self) -> Vec<Problem> {
        let entries = self.entries.iter().map(|(key, option)| ((*key).to_owned(), (*option).clone())).collect();
        let table = OptionTable { place: self.place, entries };
        self.problems.extend(table.unknown_keys(&self.about, &self.known));
        self.problems
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_schema::Secret;

    use super::*;

    fn text(value: &str) -> OptionValue {
        OptionValue::new(OptionKind::Text(Secret::new(value)))
    }

    #[test]
    fn every_wrong_key_is_told_and_no_value() {
        let inner = OptionTable { entries: vec![("kin".to_owned(), text("hidden"))], ..OptionTable::default() };
        let mut settings = SourceSettings { name: "parks".to_owned(), ..SourceSettings::default() };
        for (key, value) in [
            ("url", OptionKind::Integer(1)),
            ("mode", OptionKind::Text(Secret::new("hidden"))),
            ("rows", OptionKind::Integer(0)),
            ("auth", OptionKind::Table(inner)),
            ("extra", OptionKind::Texts(vec![Secret::new("hidden")])),
        ] {
            settings.options.insert(key.to_owned(), OptionValue::new(value));
        }
        let mut block = Block::of(&settings);
        assert!(block.text("url", "write it").is_none());
        assert!(block.word("mode", &["a", "b"], "choose").is_none());
        assert!(block.number("rows", 1, 5).is_none());
        assert!(block.required("path", "write it").is_none());
        let mut auth = block.table("auth", "").unwrap();
        assert!(auth.required("kind", "write it").is_none());
        block.close(auth);
        let problems: Vec<String> = block.finish().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 7, "{problems:#?}");
        assert!(problems.iter().all(|problem| !problem.contains("hidden")));
        assert!(problems[5].contains("auth: unknown key `kin` (did you mean `kind`?)"), "{}", problems[5]);
    }
}
