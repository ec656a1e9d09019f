//! Which scalar a declared type is.

use lilong_schema::Scalar;

use super::storage::{is_text, numbers, word};

/// The scalar of a declared type, `int(10) unsigned`; `None`: it is not served. `is_json`: a check holds the text to
/// JSON.
pub(super) fn scalar(declared: &str, is_json: bool) -> Option<Scalar> {
    let unsigned = declared.contains("unsigned");
    let word = word(declared);
    Some(match word.as_str() {
        "tinyint" | "bit" if numbers(declared) == [1] => Scalar::Boolean,
        "tinyint" | "smallint" | "mediumint" | "year" => Scalar::Int,
        "int" if !unsigned => Scalar::Int,
        "bigint" if unsigned => Scalar::Unsigned,
        "int" | "bigint" => Scalar::BigInt,
        "decimal" => Scalar::Decimal,
        "float" | "double" => Scalar::Float,
        "date" => Scalar::Date,
        "time" => Scalar::Time,
        "datetime" => Scalar::LocalDateTime,
        "timestamp" => Scalar::DateTime,
        "json" | "set" => Scalar::Json,
        "enum" => Scalar::Enum,
        "uuid" => Scalar::Uuid,
        "bit" | "inet4" | "inet6" => Scalar::String,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Scalar::Bytes,
        word if is_text(word) => {
            if is_json {
                Scalar::Json
            } else {
                Scalar::String
            }
        }
        // Geometry, vectors, XML and what is not known yet.
        _ => return None,
    })
}

/// Whether a column can be read as another scalar than its own.
pub(super) fn can_be(declared: &str, own: Scalar, given: Scalar) -> bool {
    let word = word(declared);
    own == given
        || match own {
            Scalar::String | Scalar::Json if is_text(&word) => matches!(
                given,
                Scalar::String
                    | Scalar::Json
                    | Scalar::Uuid
                    | Scalar::Date
                    | Scalar::Time
                    | Scalar::LocalDateTime
                    | Scalar::DateTime
            ),
            Scalar::Int | Scalar::BigInt | Scalar::Unsigned | Scalar::Boolean if word != "bit" && word != "year" => {
                matches!(given, Scalar::Int | Scalar::BigInt | Scalar::Boolean)
            }
            Scalar::LocalDateTime | Scalar::DateTime => matches!(given, Scalar::LocalDateTime | Scalar::DateTime),
            Scalar::Bytes => given == Scalar::Uuid && word == "binary" && numbers(declared) == [16],
            Scalar::Enum => given == Scalar::String,
            _ => false,
        }
}

/// Whether every value that the type can hold can be represented.
pub(super) fn is_always_valid(declared: &str, scalar: Scalar) -> bool {
    match scalar {
        Scalar::Int | Scalar::Unsigned | Scalar::Float | Scalar::Decimal | Scalar::Bytes => true,
        Scalar::BigInt => !(word(declared) == "bigint" && declared.contains("unsigned")),
        Scalar::String => word(declared) != "enum",
        Scalar::Boolean => word(declared) == "bit",
        // Zero dates, times beyond a day, and the empty value of an enum that stands for a wrong one.
        Scalar::Date
        | Scalar::Time
        | Scalar::LocalDateTime
        | Scalar::DateTime
        | Scalar::Uuid
        | Scalar::Json
        | Scalar::Enum => false,
    }
}

/// Whether all values are legal GraphQL names.
pub(super) fn are_names(values: &[String]) -> bool {
    let is_name = |value: &String| {
        let mut chars = value.chars();
        chars.next().is_some_and(|char| char.is_ascii_alphabetic() || char == '_')
            && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
            && !value.starts_with("__")
    };
    !values.is_empty() && values.iter().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_scalar() {
        for (declared, expected) in [
            ("tinyint(1)", Some(Scalar::Boolean)),
            ("tinyint(4)", Some(Scalar::Int)),
            ("tinyint", Some(Scalar::Int)),
            ("bit(1)", Some(Scalar::Boolean)),
            ("bit(8)", Some(Scalar::String)),
            ("int(11)", Some(Scalar::Int)),
            ("int unsigned", Some(Scalar::BigInt)),
            ("mediumint(8) unsigned", Some(Scalar::Int)),
            ("bigint(20) unsigned zerofill", Some(Scalar::Unsigned)),
            ("bigint(20)", Some(Scalar::BigInt)),
            ("decimal(10,2)", Some(Scalar::Decimal)),
            ("year(4)", Some(Scalar::Int)),
            ("double unsigned", Some(Scalar::Float)),
            ("datetime(6)", Some(Scalar::LocalDateTime)),
            ("timestamp", Some(Scalar::DateTime)),
            ("time(3)", Some(Scalar::Time)),
            ("set('a','b')", Some(Scalar::Json)),
            ("enum('a','b')", Some(Scalar::Enum)),
            ("char(36)", Some(Scalar::String)),
            ("binary(16)", Some(Scalar::Bytes)),
            ("uuid", Some(Scalar::Uuid)),
            ("inet6", Some(Scalar::String)),
            ("geometry", None),
            ("point", None),
        ] {
            assert_eq!(scalar(declared, false), expected, "{declared}");
        }
        assert_eq!(scalar("longtext", true), Some(Scalar::Json));
    }

    #[test]
    fn an_enum_is_one_only_if_all_its_values_are_names() {
        let names = |values: &[&str]| are_names(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
        assert!(names(&["M", "F", "_other", "true"]));
        assert!(!names(&["M", "not known"]));
        assert!(!names(&["1st"]));
        assert!(!names(&[""]));
        assert!(!names(&["__hidden"]));
    }
}
