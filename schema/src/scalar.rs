//! The closed set of value types that every connector maps to and every GraphQL answer is made of.

use serde::{Deserialize, Serialize};

/// A value type, as it stands in the GraphQL schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// 32-bit integer.
    Int,
    /// −2⁶³ … 2⁶⁴−1; a JSON number up to 2⁵³−1, a string beyond.
    BigInt,
    /// 0 … 2⁶⁴−1: a `BigInt` to clients, whose cells need a type of their own.
    #[serde(rename = "UnsignedBigInt")]
    Unsigned,
    /// IEEE 754 double.
    Float,
    /// Exact decimal, travels as a string.
    Decimal,
    /// True or false.
    Boolean,
    /// Unicode text.
    String,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM:SS[.f]`.
    Time,
    /// Date and time without a zone: `YYYY-MM-DDTHH:MM:SS[.f]`.
    LocalDateTime,
    /// An instant, RFC 3339, printed in UTC with `Z`.
    DateTime,
    /// RFC 9562, lower case.
    #[serde(rename = "UUID")]
    Uuid,
    /// Any JSON value.
    #[serde(rename = "JSON")]
    Json,
    /// Bytes, travel as base64 (RFC 4648 §4).
    Bytes,
    /// A database enum; [`crate::Field::enumeration`] names it.
    Enum,
}

impl Scalar {
    /// Every scalar that has a GraphQL type of its own; [`Scalar::Enum`] has one per database enum, [`Scalar::Unsigned`]
    /// that of [`Scalar::BigInt`].
    pub const NAMED: [Scalar; 13] = [
        Scalar::Int,
        Scalar::BigInt,
        Scalar::Float,
        Scalar::Decimal,
        Scalar::Boolean,
        Scalar::String,
        Scalar::Date,
        Scalar::Time,
        Scalar::LocalDateTime,
        Scalar::DateTime,
        Scalar::Uuid,
        Scalar::Json,
        Scalar::Bytes,
    ];

    /// The name in GraphQL and in catalogs.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Int => "Int",
            Scalar::BigInt | Scalar::Unsigned => "BigInt",
            Scalar::Float => "Float",
            Scalar::Decimal => "Decimal",
            Scalar::Boolean => "Boolean",
            Scalar::String => "String",
            Scalar::Date => "Date",
            Scalar::Time => "Time",
            Scalar::LocalDateTime => "LocalDateTime",
            Scalar::DateTime => "DateTime",
            Scalar::Uuid => "UUID",
            Scalar::Json => "JSON",
            Scalar::Bytes => "Bytes",
            Scalar::Enum => "Enum",
        }
    }

    /// The scalar that has its GraphQL type: [`Scalar::BigInt`] for [`Scalar::Unsigned`], else itself.
    #[must_use]
    pub fn served(self) -> Scalar {
        if self == Scalar::Unsigned { Scalar::BigInt } else { self }
    }

    /// The scalar of that [`name`](Self::name); enums cannot be named this way.
    pub fn from_name(name: &str) -> Option<Scalar> {
        Self::NAMED.into_iter().find(|scalar| scalar.name() == name)
    }

    /// Whether it is one of GraphQL's five own scalars.
    pub fn is_built_in(self) -> bool {
        matches!(self, Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::String)
    }

    /// Whether it can be part of a key: Float, JSON and Bytes cannot.
    pub fn is_key(self) -> bool {
        !matches!(self, Scalar::Float | Scalar::Json | Scalar::Bytes)
    }

    /// Whether it can be compared, ordered and grouped: JSON and Bytes cannot.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Scalar::Json | Scalar::Bytes)
    }

    /// Whether text operators (`_like`, `_startsWith`, …) apply.
    pub fn is_text(self) -> bool {
        self == Scalar::String
    }
}
