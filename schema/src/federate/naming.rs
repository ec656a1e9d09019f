//! From a database name to a GraphQL name, and the giving out of names so that none is given twice.
//!
//! *Invariant*: what [`camel`] and [`whole`] give is a legal GraphQL name, and never begins with two underscores.

use std::collections::HashMap;
use std::sync::Arc;

/// The words of a name, in lower case and ASCII.
///
/// They part at what is neither letter nor digit, before a capital that follows a lower-case letter or a digit, and
/// before the last capital of a run that a lower-case letter follows.
pub(super) fn words(name: &str) -> Vec<String> {
    let ascii = any_ascii::any_ascii(name).into_bytes();
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for (at, byte) in ascii.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            inside = false;
            continue;
        }
        let parts = inside && byte.is_ascii_uppercase() && {
            let before = ascii[at - 1];
            !before.is_ascii_uppercase() || ascii.get(at + 1).is_some_and(u8::is_ascii_lowercase)
        };
        if !inside || parts {
            words.push(String::new());
        }
        inside = true;
        if let Some(word) = words.last_mut() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words
}

/// The name as a field: `orderDetails`; nothing left: `unnamed`.
pub(super) fn camel(name: &str) -> String {
    camel_words(&words(name))
}

/// Words as a field; none: `unnamed`.
pub(super) fn camel_words(words: &[String]) -> String {
    let Some((first, rest)) = words.split_first() else {
        return "unnamed".to_owned();
    };
    let mut out = first.clone();
    for word in rest {
        push_capitalized(&mut out, word);
    }
    whole(out)
}

/// The name as a part of a type's or a longer field's name: `OrderDetails`; nothing left: `Unnamed`.
///
/// It may begin with a digit: only a whole name gets the underscore.
pub(super) fn pascal(name: &str) -> String {
    let words = words(name);
    if words.is_empty() {
        return "Unnamed".to_owned();
    }
    let mut out = String::with_capacity(name.len());
    for word in &words {
        push_capitalized(&mut out, word);
    }
    out
}

/// `ByIdCard`, `ByAAndB`
pub(super) fn by<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let columns: Vec<String> = columns.into_iter().map(pascal).collect();
    format!("By{}", columns.join("And"))
}

/// A whole name: one that would begin with a digit gets an underscore.
pub(super) fn whole(name: String) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// Whether a text may stand as a name that users choose: legal in GraphQL, and not reserved for introspection.
pub(super) fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    text.bytes().all(legal)
        && !text.starts_with("__")
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn push_capitalized(out: &mut String, word: &str) {
    let mut letters = word.chars();
    out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    out.push_str(letters.as_str());
}

/// The names of one name space: of types, of `Query`'s fields, of a source's, of a collection's.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// A name → the suffix to try first when it is wanted again.
    taken: HashMap<Arc<str>, u32>,
}

impl Names {
    /// Takes a name as it is; `false` if it is taken already.
    pub(super) fn reserve(&mut self, name: &Arc<str>) -> bool {
        if self.has(name) {
            return false;
        }
        self.taken.insert(name.clone(), 2);
        true
    }

    /// Whether a name is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains_key(name)
    }

    /// Gives the wanted name, or if it is taken the first free one of `wanted_2`, `wanted_3` ….
    pub(super) fn give(&mut self, wanted: &str) -> Arc<str> {
        let Some(suffix) = self.taken.get(wanted).copied() else {
            let name: Arc<str> = wanted.into();
            self.taken.insert(name.clone(), 2);
            return name;
        };
        let mut suffix = suffix;
        let name: Arc<str> = loop {
            let name = format!("{wanted}_{suffix}");
            suffix += 1;
            if !self.has(&name) {
                break name.into();
            }
        };
        self.taken.insert(wanted.into(), suffix);
        self.taken.insert(name.clone(), 2);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words_and_joined_in_camel_case() {
        let table = [
            ("IDCard", "idCard"),
            ("FILM_ID", "filmId"),
            ("Order Details", "orderDetails"),
            ("id_card", "idCard"),
            ("AlbumId", "albumId"),
            ("123_starts_with_digits", "_123StartsWithDigits"),
            ("姓名", "xingMing"),
            ("身份证ID", "shenFenZhengId"),
            ("straße", "strasse"),
            ("HTTPServer2Go", "httpServer2Go"),
            ("HTTP2Server", "http2Server"),
            ("a1B", "a1B"),
            ("a1b", "a1b"),
            ("_leading__underscores_", "leadingUnderscores"),
            ("ÄRZTE", "arzte"),
            ("Größe (m²)", "grosseM2"),
            ("already camelCase", "alreadyCamelCase"),
            ("X", "x"),
            ("ABC", "abc"),
            ("aBC", "aBc"),
            ("audit.log", "auditLog"),
            ("it's", "itS"),
            ("", "unnamed"),
            ("---", "unnamed"),
            ("__typename", "typename"),
            ("true", "true"),
        ];
        for (name, expected) in table {
            assert_eq!(camel(name), expected, "{name}");
        }
    }

    #[test]
    fn only_a_whole_name_gets_the_underscore_of_a_leading_digit() {
        assert_eq!(pascal("2nd street"), "2ndStreet");
        assert_eq!(whole(format!("{}{}", pascal("civil"), pascal("2nd street"))), "Civil2ndStreet");
        assert_eq!(whole(pascal("2nd street")), "_2ndStreet");
        assert_eq!(pascal("?"), "Unnamed");
        assert_eq!(by(["id_card", "B"]), "ByIdCardAndB");
    }

    #[test]
    fn a_name_that_is_taken_gets_the_next_free_number() {
        let mut names = Names::default();
        assert!(names.reserve(&"a_3".into()));
        assert!(!names.reserve(&"a_3".into()));
        let given: Vec<Arc<str>> = (0..4).map(|_| names.give("a")).collect();
        assert_eq!(given, ["a", "a_2", "a_4", "a_5"].map(Arc::from));
        assert_eq!(&*names.give("a_2"), "a_2_2");
    }

    #[test]
    fn reserved_and_illegal_names_cannot_be_chosen() {
        for legal in ["a", "_a", "_1", "A_b9"] {
            assert!(is_name(legal), "{legal}");
        }
        for illegal in ["", "1a", "__a", "a-b", "a b", "é"] {
            assert!(!is_name(illegal), "{illegal}");
        }
    }
}
