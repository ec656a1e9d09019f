//! GraphQL types as data, derived from a [`crate::Federated`] model by name: what SDL, introspection and validation
//! are made of.

use std::sync::Arc;

/// A reference to a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeRef {
    /// A type by name.
    Named(Arc<str>),
    /// A list.
    List(Box<TypeRef>),
    /// Never null.
    NonNull(Box<TypeRef>),
}

impl TypeRef {
    /// A type by name.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self::Named(name.into())
    }

    /// A list of this.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// Never null.
    #[must_use]
    pub fn non_null(self) -> Self {
        Self::NonNull(Box::new(self))
    }

    /// The name inside all lists and non-nulls.
    pub fn name(&self) -> &Arc<str> {
        match self {
            TypeRef::Named(name) => name,
            TypeRef::List(inner) | TypeRef::NonNull(inner) => inner.name(),
        }
    }
}

/// As GraphQL writes it: `[CivilResident!]!`.
impl std::fmt::Display for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TypeRef::Named(name) => f.write_str(name),
            TypeRef::List(inner) => write!(f, "[{inner}]"),
            TypeRef::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

/// A whole type.
#[derive(Clone, Debug)]
pub struct TypeDefinition {
    /// Its name.
    pub name: Arc<str>,
    /// What it is, for people.
    pub description: Option<String>,
    /// What kind it is.
    pub kind: TypeKind,
}

/// The kinds of type there are here.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A scalar; custom ones say where they are specified.
    Scalar {
        /// `@specifiedBy(url:)`
        specified_by: Option<&'static str>,
    },
    /// An object.
    Object(Vec<FieldDefinition>),
    /// An enum.
    Enum(Vec<EnumValue>),
    /// An input object.
    Input(Vec<InputValue>),
}

/// A field of an object.
#[derive(Clone, Debug)]
pub struct FieldDefinition {
    /// Its name.
    pub name: Arc<str>,
    /// What it is, for people.
    pub description: Option<String>,
    /// Arguments.
    pub arguments: Vec<InputValue>,
    /// Its type.
    pub ty: TypeRef,
}

/// An argument or a field of an input object. None has a default value.
#[derive(Clone, Debug)]
pub struct InputValue {
    /// Its name.
    pub name: Arc<str>,
    /// What it is, for people.
    pub description: Option<String>,
    /// Its type.
    pub ty: TypeRef,
}

/// A value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// Its name.
    pub name: Arc<str>,
    /// What it is, for people.
    pub description: Option<String>,
}
