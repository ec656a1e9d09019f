//! GraphQL's own types, and the step from names in a document to types of the model.
//!
//! In: names. Out: introspection types in the model's words, and a [`Parent`] that knows its fields. *Invariant*: never
//! shows a type or field that is not in the slice.

use std::sync::{Arc, LazyLock};

use apollo_compiler::ast::{self, Type};
use apollo_compiler::schema::{Component, ExtendedType};
use apollo_compiler::{Name, Node, Schema};
use lilong_schema::definition::{EnumValue, FieldDefinition, InputValue, TypeDefinition, TypeKind, TypeRef};
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Scalar, Slice};

/// Introspection's types in the order in which reference implementations list them.
const NAMES: [&str; 8] = [
    "__Schema",
    "__Type",
    "__TypeKind",
    "__Field",
    "__InputValue",
    "__EnumValue",
    "__Directive",
    "__DirectiveLocation",
];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::new();
    // The compiler's edition of the specification is older than this field, which tools ask for.
    if let Some(ExtendedType::Object(object)) = schema.types.get_mut("__Type") {
        let is_one_of = ast::FieldDefinition {
            description: None,
            name: Name::new_unchecked("isOneOf"),
            arguments: Vec::new(),
            ty: Type::Named(Name::new_unchecked("Boolean")),
            directives: ast::DirectiveList::default(),
        };
        object.make_mut().fields.insert(Name::new_unchecked("isOneOf"), Component::new(is_one_of));
    }
    // Nothing here is of type `ID`, so for documents there is no such type.
    schema.types.shift_remove("ID");
    schema.schema_definition.make_mut().query = Some(Name::new_unchecked("Query").into());
    schema
});

static DEFINITIONS: LazyLock<Vec<TypeDefinition>> =
    LazyLock::new(|| NAMES.iter().filter_map(|name| SCHEMA.types.get(*name).and_then(definition_of)).collect());

/// The compiler's schema of GraphQL's own types and directives, rooted at `Query`, which it does not have yet.
pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// Introspection's types in the model's words.
pub(crate) fn definitions() -> &'static [TypeDefinition] {
    &DEFINITIONS
}

/// One of introspection's types.
pub(crate) fn definition(name: &str) -> Option<&'static TypeDefinition> {
    DEFINITIONS.iter().find(|definition| *definition.name == *name)
}

/// What GraphQL says of its own types.
pub(crate) fn description(name: &str) -> Option<&'static str> {
    SCHEMA.types.get(name)?.description().map(|text| &**text)
}

/// The model's type of that name, whatever the slice.
pub(crate) fn type_id(federated: &Federated, name: &str) -> Option<TypeId> {
    match name {
        // Introspection needs these whatever the model holds.
        "String" => Some(TypeId::Scalar(Scalar::String)),
        "Boolean" => Some(TypeId::Scalar(Scalar::Boolean)),
        _ => federated.types.get(name).copied(),
    }
}

/// The model's type of that name, if the slice has it.
pub(crate) fn seen_type_id(federated: &Federated, slice: &Slice, name: &str) -> Option<TypeId> {
    type_id(federated, name).filter(|id| federated.sees_type(*id, slice))
}

/// A type that fields are selected on.
#[derive(Clone, Copy)]
pub(crate) enum Parent {
    /// One of the model's.
    Model(TypeId),
    /// One of introspection's.
    Introspection(&'static TypeDefinition),
}

impl Parent {
    /// The object type of that name; `None` if there is none in the slice.
    pub(crate) fn of(federated: &Federated, slice: &Slice, name: &str) -> Option<Parent> {
        if let Some(definition) = definition(name) {
            return matches!(definition.kind, TypeKind::Object(_)).then_some(Parent::Introspection(definition));
        }
        let id = type_id(federated, name).filter(|id| is_object(*id))?;
        federated.sees_type(id, slice).then_some(Parent::Model(id))
    }

    /// The field of that name, `__schema` and `__type` included, `__typename` not.
    pub(crate) fn field(self, federated: &Federated, slice: &Slice, name: &str) -> Option<FieldDefinition> {
        match self {
            Parent::Model(TypeId::Query) if name == "__schema" => {
                Some(root(name, TypeRef::named("__Schema").non_null()))
            }
            Parent::Model(TypeId::Query) if name == "__type" => {
                let argument =
                    InputValue { name: "name".into(), description: None, ty: TypeRef::named("String").non_null() };
                Some(FieldDefinition { arguments: vec![argument], ..root(name, TypeRef::named("__Type")) })
            }
            Parent::Model(id) => federated.field_definition(id, name, slice),
            Parent::Introspection(definition) => match &definition.kind {
                TypeKind::Object(fields) => fields.iter().find(|field| *field.name == *name).cloned(),
                _ => None,
            },
        }
    }
}

fn root(name: &str, ty: TypeRef) -> FieldDefinition {
    FieldDefinition { name: name.into(), description: None, arguments: Vec::new(), ty }
}

/// Whether fields are selected on it.
pub(crate) fn is_object(id: TypeId) -> bool {
    match id {
        TypeId::Query
        | TypeId::SourceInfo
        | TypeId::Source(_)
        | TypeId::Collection(_)
        | TypeId::PageInfo
        | TypeId::Connection(_)
        | TypeId::Edge(_) => true,
        TypeId::Fold(_, kind) => kind.is_object(),
        _ => false,
    }
}

/// Whether it is an input object.
pub(crate) fn is_input(id: TypeId) -> bool {
    match id {
        TypeId::Comparison(_) | TypeId::EnumerationComparison(_) | TypeId::BoolExp(_) | TypeId::OrderBy(_) => true,
        TypeId::Fold(_, kind) => kind.is_input(),
        _ => false,
    }
}

/// A type as a document writes it, in the model's words.
pub(crate) fn type_ref(ty: &Type) -> TypeRef {
    match ty {
        Type::Named(name) => TypeRef::named(shared(name)),
        Type::NonNullNamed(name) => TypeRef::named(shared(name)).non_null(),
        Type::List(inner) => type_ref(inner).list(),
        Type::NonNullList(inner) => type_ref(inner).list().non_null(),
    }
}

/// The text of a name, shared with the document.
pub(crate) fn shared(name: &Name) -> Arc<str> {
    name.to_cloned_arc().unwrap_or_else(|| Arc::from(name.as_str()))
}

fn definition_of(ty: &ExtendedType) -> Option<TypeDefinition> {
    let kind = match ty {
        ExtendedType::Object(object) => TypeKind::Object(
            object
                .fields
                .values()
                .map(|field| FieldDefinition {
                    name: shared(&field.name),
                    description: text(field.description.as_ref()),
                    arguments: field.arguments.iter().map(|argument| input_value(argument)).collect(),
                    ty: type_ref(&field.ty),
                })
                .collect(),
        ),
        ExtendedType::Enum(values) => TypeKind::Enum(
            values
                .values
                .values()
                .map(|value| EnumValue { name: shared(&value.value), description: text(value.description.as_ref()) })
                .collect(),
        ),
        _ => return None,
    };
    Some(TypeDefinition { name: shared(ty.name()), description: text(ty.description()), kind })
}

/// An argument in the model's words, its default value left behind.
pub(crate) fn input_value(value: &ast::InputValueDefinition) -> InputValue {
    InputValue { name: shared(&value.name), description: text(value.description.as_ref()), ty: type_ref(&value.ty) }
}

fn text(description: Option<&Node<str>>) -> Option<String> {
    description.map(ToString::to_string)
}
