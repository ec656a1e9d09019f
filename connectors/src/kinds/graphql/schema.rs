//! What a service says of its schema: the answer to an introspection query, read into what describing needs.
//!
//! In: the JSON of the answer. Out: a [`Schema`]. *Invariant*: nothing in it is trusted; a type that is named and not there
//! is a type without fields.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Asks for the whole schema, with nothing that older servers do not know.
pub(super) const INTROSPECTION: &str = "query Introspection { __schema { queryType { name } types { kind name description \
     fields(includeDeprecated: true) { name description args { name defaultValue type { ...Shape } } type { ...Shape } } \
     inputFields { name defaultValue type { ...Shape } } enumValues(includeDeprecated: true) { name } } } } \
     fragment Shape on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
     ofType { kind name ofType { kind name } } } } } } }";

/// A service's schema.
#[derive(Debug)]
pub(super) struct Schema {
    /// The name of the type that queries begin with.
    pub(super) query: String,
    /// Every type by its name.
    pub(super) types: BTreeMap<String, Type>,
}

/// The kinds of types there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TypeKind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
    List,
    NonNull,
}

/// A named type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) kind: TypeKind,
    pub(super) description: Option<String>,
    pub(super) fields: Vec<Field>,
    /// Of an input object: what it takes.
    pub(super) inputs: Vec<Argument>,
    /// Of an enum.
    pub(super) values: Vec<String>,
}

/// A field of an object or an interface.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) arguments: Vec<Argument>,
    pub(super) shape: Shape,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Whether it must be given.
    pub(super) required: bool,
}

/// A type as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The named type within.
    pub(super) name: String,
    pub(super) kind: TypeKind,
    /// How many lists it stands in.
    pub(super) lists: usize,
    /// Whether there is always one.
    pub(super) required: bool,
    /// As it is written: `[ID!]!`.
    pub(super) text: String,
}

impl Schema {
    /// Reads `data` of the answer to [`INTROSPECTION`].
    pub(super) fn read(data: serde_json::Value) -> Result<Self, serde_json::Error> {
        let RawData { schema } = serde_json::from_value(data)?;
        let types = schema.types.into_iter().map(|raw| (raw.name.clone(), Type::from(raw))).collect();
        Ok(Self { query: schema.query_type.name, types })
    }

    /// The type that queries begin with.
    pub(super) fn root(&self) -> Option<&Type> {
        self.types.get(&self.query)
    }

    /// The object or interface that a shape holds.
    pub(super) fn object(&self, shape: &Shape) -> Option<&Type> {
        self.types.get(&shape.name).filter(|found| matches!(found.kind, TypeKind::Object | TypeKind::Interface))
    }
}

impl Type {
    /// The field of that name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Whether it can be asked for without arguments.
    pub(super) fn is_plain(&self) -> bool {
        self.arguments.iter().all(|argument| !argument.required)
    }

    /// Whether it is one scalar or enum value.
    pub(super) fn is_leaf(&self) -> bool {
        matches!(self.shape.kind, TypeKind::Scalar | TypeKind::Enum)
    }
}

#[derive(Deserialize)]
struct RawData {
    #[serde(rename = "__schema")]
    schema: RawSchema,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSchema {
    query_type: RawName,
    types: Vec<RawType>,
}

#[derive(Deserialize)]
struct RawName {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawType {
    kind: TypeKind,
    name: String,
    description: Option<String>,
    fields: Option<Vec<RawField>>,
    input_fields: Option<Vec<RawArgument>>,
    enum_values: Option<Vec<RawName>>,
}

#[derive(Deserialize)]
struct RawField {
    name: String,
    description: Option<String>,
    args: Vec<RawArgument>,
    #[serde(rename = "type")]
    shape: RawShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawArgument {
    name: String,
    default_value: Option<String>,
    #[serde(rename = "type")]
    shape: RawShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawShape {
    kind: TypeKind,
    name: Option<String>,
    of_type: Option<Box<RawShape>>,
}

impl From<RawType> for Type {
    fn from(raw: RawType) -> Self {
        Self {
            name: raw.name,
            kind: raw.kind,
            description: raw.description.filter(|text| !text.trim().is_empty()),
            fields: raw.fields.unwrap_or_default().into_iter().map(Field::from).collect(),
            inputs: raw.input_fields.unwrap_or_default().into_iter().map(Argument::from).collect(),
            values: raw.enum_values.unwrap_or_default().into_iter().map(|value| value.name).collect(),
        }
    }
}

impl From<RawField> for Field {
    fn from(raw: RawField) -> Self {
        Self {
            name: raw.name,
            description: raw.description.filter(|text| !text.trim().is_empty()),
            arguments: raw.args.into_iter().map(Argument::from).collect(),
            shape: Shape::from(&raw.shape),
        }
    }
}

impl From<RawArgument> for Argument {
    fn from(raw: RawArgument) -> Self {
        let shape = Shape::from(&raw.shape);
        Self { name: raw.name, required: shape.required && raw.default_value.is_none(), shape }
    }
}

impl From<&RawShape> for Shape {
    fn from(raw: &RawShape) -> Self {
        let within = raw.of_type.as_deref().map(Shape::from);
        match (raw.kind, within) {
            (TypeKind::NonNull, Some(within)) => Shape { required: true, text: format!("{}!", within.text), ..within },
            (TypeKind::List, Some(within)) => {
                Shape { required: false, lists: within.lists + 1, text: format!("[{}]", within.text), ..within }
            }
            (kind, _) => {
                let name = raw.name.clone().unwrap_or_default();
                Shape { text: name.clone(), name, kind, lists: 0, required: false }
            }
        }
    }
}
