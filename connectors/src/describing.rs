//! What kinds of source do alike when they describe themselves or are discovered.
//!
//! In: descriptions and blocks of a catalog. Out: the same with what the catalog says, and what has to be told of it.
//! *Invariant*: what the catalog says without effect is told, never dropped.

use std::path::Path;

use lilong_schema::catalog::{OptionKind, SourceSettings, TypeOverride};
use lilong_schema::{Field, Secret, SourceDescription};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself anywhere in a URL: RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A count of rows, rounded to one significant digit.
pub(crate) fn one_digit(count: u64) -> u64 {
    let unit = 10u64.pow(count.checked_ilog10().unwrap_or(0));
    let up = count % unit >= unit.div_ceil(2);
    (count / unit + u64::from(up)).saturating_mul(unit)
}

/// What the catalog says of a column's type.
pub(crate) fn given<'a>(settings: &'a SourceSettings, collection: &str, column: &str) -> Option<&'a TypeOverride> {
    settings.types.iter().find(|entry| entry.collection == collection && entry.column == column)
}

/// The warning of a type that has no effect.
pub(crate) fn without_effect(entry: &TypeOverride, why: &str) -> String {
    format!("the type given for {}.{} has no effect: {why}", entry.collection, entry.column)
}

/// The warning of a type for a column that is not there.
pub(crate) fn no_such_column(entry: &TypeOverride) -> String {
    without_effect(entry, "there is no such column")
}

/// Hands each column of which the catalog gives the type to `give`, which says why that has no effect, if it has none.
/// What is given for no column is a warning.
pub(crate) fn give_types(
    description: &mut SourceDescription,
    settings: &SourceSettings,
    mut give: impl FnMut(&mut Field, &TypeOverride) -> Option<String>,
) {
    for entry in &settings.types {
        let named = description.collections.iter_mut().find(|collection| collection.name == entry.collection);
        let field = named.and_then(|named| named.fields.iter_mut().find(|field| field.name == entry.column));
        let warning = match field {
            Some(field) => give(field, entry).map(|why| without_effect(entry, &why)),
            None => Some(no_such_column(entry)),
        };
        description.warnings.extend(warning);
    }
}

/// The block of one file that a `[[discover]]` block found: `{name}` is the file's name without its ending.
pub(crate) fn narrow_to_file(settings: &SourceSettings, part: &str) -> SourceSettings {
    let stem = Path::new(part).file_stem().map_or(part.into(), |stem| stem.to_string_lossy());
    narrow(settings, &stem, "path", |_| Secret::new(part))
}

/// The block of one database of a server that a `[[discover]]` block found.
pub(crate) fn narrow_to_database(settings: &SourceSettings, part: &str) -> SourceSettings {
    narrow(settings, part, "url", |url| with_database(url, part))
}

fn narrow(settings: &SourceSettings, name: &str, key: &str, place: impl FnOnce(&Secret) -> Secret) -> SourceSettings {
    let mut narrowed = settings.clone();
    narrowed.name = settings.name.replace("{name}", name);
    if let Some(option) = narrowed.options.get_mut(key)
        && let OptionKind::Text(text) = &option.value
    {
        option.value = OptionKind::Text(place(text));
    }
    narrowed
}

/// The URL of another database of the same server.
pub(crate) fn with_database(url: &Secret, name: &str) -> Secret {
    let url = url.reveal();
    let (front, query) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    let start = front.find("://").map_or(0, |at| at + 3);
    let server = front[start..].find('/').map_or(front, |at| &front[..start + at]);
    Secret::new(format!("{server}/{}{query}", utf8_percent_encode(name, RESERVED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_estimates_have_one_digit() {
        for (count, rounded) in [
            (0, 0),
            (9, 9),
            (12, 10),
            (15, 20),
            (4_999, 5_000),
            (95, 100),
            (14_999_999_999_999_999_999, 10_000_000_000_000_000_000),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(one_digit(count), rounded);
        }
    }

    #[test]
    fn a_database_takes_the_place_of_the_pattern() {
        for (url, made) in [
            ("postgres://u:p@h:1/*", "postgres://u:p@h:1/a%20b-1"),
            ("postgres://h/street_*?sslmode=require", "postgres://h/a%20b-1?sslmode=require"),
            ("postgres:///*?host=/tmp", "postgres:///a%20b-1?host=/tmp"),
            ("mysql://h", "mysql://h/a%20b-1"),
        ] {
            assert_eq!(with_database(&Secret::new(url), "a b-1").reveal(), made);
        }
    }
}
