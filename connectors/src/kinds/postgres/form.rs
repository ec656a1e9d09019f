//! How a column's values are read and compared, as `describe` wrote it down.
//!
//! In: a field's scalar and details. Out: its [`Form`] and the [`Kind`] of parameter it is compared with.
//! *Invariant*: an unknown word is read as [`Form::Native`], so that an older description still serves.

use lilong_schema::{Field, Scalar};

/// The detail that holds the form.
pub(super) const FORM: &str = "form";
/// The detail that holds the type's name, quoted and with its schema, for casts.
pub(super) const TYPE: &str = "type";
/// The detail that holds the column's collation, quoted and with its schema, where it is not the database's.
pub(super) const COLLATION: &str = "collation";
/// The detail that says that the collation calls different texts equal.
pub(super) const LOOSE: &str = "loose";

/// How a column is read and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the type itself.
    Native,
    /// A four-byte float: by the number that its own digits are.
    Real,
    /// `CHAR(n)`: without its padding.
    Padded,
    /// An enum: by its label, in its own order.
    Enum,
    /// Text that is equal in any case: exactly.
    Folded,
    /// What the server prints of a type that has an order.
    Printed,
    /// What the server prints of a type that has none.
    Opaque,
    /// `inet`, which its cast to text prints otherwise.
    Address,
    /// What the server makes a JSON document of.
    Document,
}

impl Form {
    /// The form of a field.
    pub(super) fn of(field: &Field) -> Self {
        match field.details.get(FORM).map(String::as_str) {
            Some("real") => Form::Real,
            Some("padded") => Form::Padded,
            Some("enum") => Form::Enum,
            Some("folded") => Form::Folded,
            Some("printed") => Form::Printed,
            Some("opaque") => Form::Opaque,
            Some("address") => Form::Address,
            Some("document") => Form::Document,
            _ => Form::Native,
        }
    }

    /// The word that [`Self::of`] reads; `None` for [`Form::Native`].
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Form::Native => None,
            Form::Real => Some("real"),
            Form::Padded => Some("padded"),
            Form::Enum => Some("enum"),
            Form::Folded => Some("folded"),
            Form::Printed => Some("printed"),
            Form::Opaque => Some("opaque"),
            Form::Address => Some("address"),
            Form::Document => Some("document"),
        }
    }
}

/// What a parameter is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `int8`
    Integer,
    /// `numeric`
    Decimal,
    /// `float8` that a `float4` is compared with.
    Real,
    /// `float8`
    Float,
    /// `bool`
    Boolean,
    /// `text`
    Text,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timestamp`
    Local,
    /// `timestamptz`
    Instant,
    /// `uuid`
    Uuid,
}

impl Kind {
    /// What a field is compared with; `wide`: integers past 64 bits are among the operands.
    pub(super) fn of(field: &Field, wide: bool) -> Self {
        match field.scalar {
            Scalar::Int | Scalar::BigInt | Scalar::Unsigned if wide => Kind::Decimal,
            Scalar::Int | Scalar::BigInt | Scalar::Unsigned => Kind::Integer,
            Scalar::Decimal => Kind::Decimal,
            Scalar::Float if Form::of(field) == Form::Real => Kind::Real,
            Scalar::Float => Kind::Float,
            Scalar::Boolean => Kind::Boolean,
            Scalar::Date => Kind::Date,
            Scalar::Time => Kind::Time,
            Scalar::LocalDateTime => Kind::Local,
            Scalar::DateTime => Kind::Instant,
            Scalar::Uuid => Kind::Uuid,
            Scalar::String | Scalar::Json | Scalar::Bytes | Scalar::Enum => Kind::Text,
        }
    }
}
