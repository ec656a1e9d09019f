//! How a column stores its values, read from its field: the declared type, its character set and collation.
//!
//! In: a field as `describe` left it. Out: its [`Storage`], which decides how it is compared, bound and ordered.

use lilong_schema::{Field, Scalar};

/// Detail: the collation of a text column.
pub(super) const COLLATION: &str = "collation";
/// The collation of texts that a server compares by their bytes, where it has no name.
pub(super) const BYTES: &str = "bytes";
/// Detail: its character set.
pub(super) const CHARSET: &str = "charset";

/// How values are stored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Integers of any width.
    Integer,
    /// Integers of at most 64 bits with a sign, compared with no larger ones.
    Signed,
    /// `YEAR`, which takes small numbers for years of our time.
    Year,
    /// 0 and 1.
    Boolean,
    /// `DOUBLE`
    Float,
    /// `FLOAT`: a value is the shortest decimal that is read as it.
    Single,
    /// `DECIMAL(precision, scale)`
    Decimal { precision: usize, scale: usize },
    /// Characters in a collation.
    Text,
    /// Characters in another character set than the session's. A value is told the set and the collation: the server
    /// refuses to compare what the set does not have.
    Foreign { charset: String, collation: String },
    /// One of some texts, ordered as they were declared.
    Enumeration(Vec<String>),
    /// A type that is compared by its text, as `INET6`.
    Shown,
    /// `BIT(n)`
    Bits(usize),
    /// MariaDB's `UUID`.
    Uuid,
    /// A UUID as characters.
    UuidText,
    /// A UUID as 16 bytes.
    UuidBytes,
    /// `DATE`
    Date,
    /// `TIME`
    Time,
    /// `TIME` of fewer digits after the second than six, where values are compared with it.
    CoarseTime(u32),
    /// `DATETIME`, `TIMESTAMP`
    Moment,
    /// The same where a cast to it takes no number of digits.
    Stamp,
    /// Characters that are read as the scalar by a `CAST` to this type.
    Parsed(&'static str),
    /// Never compared: bytes, JSON, sets.
    Opaque,
}

/// The leading word of a declared type, in lower case: `int` of `int(11) unsigned`.
pub(super) fn word(native: &str) -> String {
    let end = native.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(native.len());
    native[..end].to_ascii_lowercase()
}

/// The numbers in parentheses of a declared type: 10 and 2 of `decimal(10,2)`.
pub(super) fn numbers(native: &str) -> Vec<usize> {
    let inside = native.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
    inside.split(',').filter_map(|part| part.trim().parse().ok()).collect()
}

/// The values of `enum('a','b')` and `set('a','b')`; quotes are doubled in them.
pub(super) fn values(native: &str) -> Vec<String> {
    let mut values = vec![];
    let mut value: Option<String> = None;
    let mut chars = native.chars().peekable();
    while let Some(char) = chars.next() {
        match (&mut value, char) {
            (None, '\'') => value = Some(String::new()),
            (None, _) => {}
            (Some(text), '\'') => {
                if chars.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                } else {
                    values.extend(value.take());
                }
            }
            (Some(text), char) => text.push(char),
        }
    }
    values
}

/// Characters of a text that the server surely sorts it by (`max_sort_length`, 1,024 bytes by default).
const SORTED: usize = 255;

/// Whether no text begins as this one and is told apart from it only behind what the server sorts texts by.
pub(super) fn is_sorted_by_all_of(text: &str) -> bool {
    text.chars().count() < SORTED
}

/// Whether no text of a column is so long that the server sorts it by a part of it.
pub(super) fn is_sorted_whole(field: &Field) -> bool {
    let longest = match word(&field.native).as_str() {
        "char" | "varchar" => numbers(&field.native).first().copied(),
        "tinytext" => Some(SORTED),
        _ => None,
    };
    Storage::of(field) == Storage::Text && longest.is_some_and(|characters| characters <= SORTED)
}

/// Whether a type holds characters in a collation.
pub(super) fn is_text(word: &str) -> bool {
    matches!(word, "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext")
}

impl Storage {
    /// Whether a value that was read of a column finds its row again, by the column's index.
    pub(super) fn is_found_again(&self) -> bool {
        matches!(
            self,
            Storage::Integer
                | Storage::Year
                | Storage::Float
                | Storage::Single
                | Storage::Decimal { .. }
                | Storage::Text
                | Storage::Date
                | Storage::Time
                | Storage::Moment
        )
    }

    /// How a field is stored.
    pub(super) fn of(field: &Field) -> Storage {
        let word = word(&field.native);
        let text = is_text(&word);
        match field.scalar {
            Scalar::Boolean => Storage::Boolean,
            Scalar::Int | Scalar::BigInt if word == "year" => Storage::Year,
            Scalar::Int | Scalar::BigInt | Scalar::Unsigned => Storage::Integer,
            Scalar::Float if word == "float" => Storage::Single,
            Scalar::Float => Storage::Float,
            Scalar::Decimal => match numbers(&field.native).as_slice() {
                [precision, scale] if word == "decimal" => Storage::Decimal { precision: *precision, scale: *scale },
                [precision] if word == "decimal" => Storage::Decimal { precision: *precision, scale: 0 },
                // A sum.
                _ if word.is_empty() => Storage::Decimal { precision: 65, scale: field.scale.unwrap_or(30) as usize },
                _ => Storage::Decimal { precision: 20, scale: 0 },
            },
            Scalar::Enum => Storage::Enumeration(values(&field.native)),
            Scalar::Uuid if text => Storage::UuidText,
            Scalar::Uuid if word == "binary" => Storage::UuidBytes,
            Scalar::Uuid => Storage::Uuid,
            Scalar::Date if text => Storage::Parsed("DATE"),
            Scalar::Time if text => Storage::Parsed("TIME(6)"),
            Scalar::LocalDateTime | Scalar::DateTime if text => Storage::Parsed("DATETIME(6)"),
            Scalar::Date => Storage::Date,
            Scalar::Time => Storage::Time,
            Scalar::LocalDateTime | Scalar::DateTime => Storage::Moment,
            Scalar::String if text => Storage::Text,
            Scalar::String if word == "enum" => Storage::Enumeration(values(&field.native)),
            Scalar::String if word == "bit" => Storage::Bits(numbers(&field.native).first().copied().unwrap_or(1)),
            Scalar::String => Storage::Shown,
            Scalar::Json | Scalar::Bytes => Storage::Opaque,
        }
    }
}

/// How the values are written that a column is compared with by its index, in its own collation.
pub(super) fn compared(field: &Field) -> Storage {
    let storage = Storage::of(field);
    if storage == Storage::Time && word(&field.native) == "time" {
        let digits = numbers(&field.native).first().and_then(|digits| u32::try_from(*digits).ok()).unwrap_or(0);
        return if digits < 6 { Storage::CoarseTime(digits) } else { storage };
    }
    match (&storage, field.details.get(CHARSET), field.details.get(COLLATION)) {
        (Storage::Text | Storage::Enumeration(_), Some(charset), Some(collation)) if charset != "utf8mb4" => {
            Storage::Foreign { charset: charset.clone(), collation: collation.clone() }
        }
        _ => storage,
    }
}

/// The collation of a text field.
pub(super) fn collation(field: &Field) -> Option<&str> {
    field.details.get(COLLATION).map(String::as_str)
}

/// The character set of a text field, where it is not the session's own or a part of it.
pub(super) fn foreign_charset(field: &Field) -> Option<&str> {
    let charset = field.details.get(CHARSET).map(String::as_str)?;
    (!matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii")).then_some(charset)
}

/// Whether a text field has the session's own character set.
pub(super) fn is_utf8mb4(field: &Field) -> bool {
    field.details.get(CHARSET).is_some_and(|charset| charset == "utf8mb4")
}

/// Whether texts of a collation are equal only if they are the same.
pub(super) fn is_exact(collation: &str) -> bool {
    matches!(collation, BYTES | "utf8mb4_nopad_bin" | "utf8mb4_0900_bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_as_long_as_what_is_sorted_may_have_others_behind_it_that_begin_alike() {
        assert!(is_sorted_by_all_of(&"街".repeat(SORTED - 1)));
        assert!(!is_sorted_by_all_of(&"街".repeat(SORTED)));
    }

    #[test]
    fn a_declared_type_is_taken_apart() {
        assert_eq!(word("BIGINT(20) unsigned"), "bigint");
        assert_eq!(word("geometry"), "geometry");
        assert_eq!(numbers("decimal(10,2) unsigned"), [10, 2]);
        assert_eq!(numbers("text"), Vec::<usize>::new());
        assert_eq!(values("enum('a','it''s','(b,c)','')"), ["a", "it's", "(b,c)", ""]);
    }
}
