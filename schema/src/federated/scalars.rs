//! What GraphQL clients are told of each scalar: its description, where it is specified, the operators of its
//! comparison input.

use crate::Scalar;

/// The type of the operand of a comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// One value of the compared type.
    One,
    /// A list of values of the compared type.
    Many,
    /// A `Boolean`.
    Boolean,
}

const NULL_TEST: [(&str, Operand); 1] = [("_isNull", Operand::Boolean)];

const ORDERED: [(&str, Operand); 9] = [
    ("_eq", Operand::One),
    ("_neq", Operand::One),
    ("_in", Operand::Many),
    ("_nin", Operand::Many),
    ("_gt", Operand::One),
    ("_gte", Operand::One),
    ("_lt", Operand::One),
    ("_lte", Operand::One),
    ("_isNull", Operand::Boolean),
];

const TEXT: [(&str, Operand); 18] = [
    ("_eq", Operand::One),
    ("_neq", Operand::One),
    ("_in", Operand::Many),
    ("_nin", Operand::Many),
    ("_gt", Operand::One),
    ("_gte", Operand::One),
    ("_lt", Operand::One),
    ("_lte", Operand::One),
    ("_isNull", Operand::Boolean),
    ("_like", Operand::One),
    ("_nlike", Operand::One),
    ("_ilike", Operand::One),
    ("_nilike", Operand::One),
    ("_startsWith", Operand::One),
    ("_endsWith", Operand::One),
    ("_contains", Operand::One),
    ("_regex", Operand::One),
    ("_iregex", Operand::One),
];

/// The operators of a scalar's comparison input, in the order of the schema.
pub(super) fn operators(scalar: Scalar) -> &'static [(&'static str, Operand)] {
    if scalar.is_text() {
        &TEXT
    } else if scalar.is_ordered() {
        &ORDERED
    } else {
        &NULL_TEST
    }
}

/// What a scalar is, for people; `None` for GraphQL's own.
pub(super) fn description(scalar: Scalar) -> Option<&'static str> {
    Some(match scalar {
        Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::String | Scalar::Enum => return None,
        Scalar::BigInt | Scalar::Unsigned => {
            "A whole number from −2⁶³ to 2⁶⁴−1: a JSON number up to ±(2⁵³−1), a string beyond. Both are accepted."
        }
        Scalar::Decimal => "An exact decimal number, as a string without an exponent: `\"12.50\"`.",
        Scalar::Date => "A date: `2026-03-01`.",
        Scalar::Time => "A time of day, without a zone: `13:30:00`.",
        Scalar::LocalDateTime => "A date and time without a zone: `2026-03-01T13:30:00`.",
        Scalar::DateTime => "An instant, answered in UTC: `2026-03-01T13:30:00Z`.",
        Scalar::Uuid => "A universally unique identifier, in lower case.",
        Scalar::Json => "Any JSON value.",
        Scalar::Bytes => "Bytes, as base64.",
    })
}

/// Where a custom scalar is specified.
pub(super) fn specified_by(scalar: Scalar) -> Option<&'static str> {
    Some(match scalar {
        Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::String | Scalar::Enum => return None,
        Scalar::BigInt | Scalar::Unsigned => "https://www.rfc-editor.org/rfc/rfc7493#section-2.2",
        Scalar::Decimal => "https://www.w3.org/TR/xmlschema11-2/#decimal",
        Scalar::Date | Scalar::Time | Scalar::DateTime => "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        Scalar::LocalDateTime => "https://www.w3.org/TR/xmlschema11-2/#dateTime",
        Scalar::Uuid => "https://www.rfc-editor.org/rfc/rfc9562",
        Scalar::Json => "https://www.rfc-editor.org/rfc/rfc8259",
        Scalar::Bytes => "https://www.rfc-editor.org/rfc/rfc4648#section-4",
    })
}
