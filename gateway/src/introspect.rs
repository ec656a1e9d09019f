//! `__schema` and `__type`, written from the model.
//!
//! In: the model, what the request sees of it, and a normalised selection. Out: JSON bytes (GraphQL specification §4).
//! *Invariant*: shows only what can be reached in the slice; no schema is built, `__type` costs one look-up.

mod writer;

use std::sync::LazyLock;

use apollo_compiler::ast::DirectiveDefinition;
use lilong_schema::definition::{InputValue, TypeRef};
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Slice, Value};

use crate::built_in;
use crate::error::{Code, RequestError};
use crate::operation::{Field, Form};
use writer::{Arguments, Writer};

/// The longest answer to introspection, in bytes: lists within lists of a large model would have no end.
const MOST_BYTES: usize = 200_000_000;

static DIRECTIVES: LazyLock<Vec<Directive>> = LazyLock::new(|| {
    built_in::schema()
        .directive_definitions
        .values()
        .map(|own| Directive::new(own))
        .collect()
});

/// A directive in the model's words.
struct Directive {
    name: String,
    description: Option<String>,
    locations: Vec<&'static str>,
    arguments: Vec<InputValue>,
    repeatable: bool,
}

impl Directive {
    fn new(definition: &DirectiveDefinition) -> Self {
        Self {
            name: definition.name.to_string(),
            description: definition.description.as_ref().map(|text| text.to_string()),
            locations: definition.locations.iter().map(|location| location.name()).collect(),
            arguments: definition
                .arguments
                .iter()
                .map(|own| built_in::input_value(own))
                .collect(),
            repeatable: definition.repeatable,
        }
    }
}

/// Writes the answer of a root field `__schema` or `__type`; `TOO_LARGE` beyond 200 MB.
pub fn write_field(federated: &Federated, slice: &Slice, field: &Field, out: &mut Vec<u8>) -> Result<(), RequestError> {
    if &*field.name == "__schema" {
        return write_schema(federated, slice, &field.selection, out);
    }
    let name = match field.argument("name").map(|argument| &argument.form) {
        Some(Form::Leaf(Value::Text(name))) => name,
        _ => return Err(RequestError::new(Code::BadInput, "`__type` needs a name.")),
    };
    write_type(federated, slice, name, &field.selection, out)
}

/// Writes a `__Schema` object; `TOO_LARGE` beyond 200 MB.
pub fn write_schema(
    federated: &Federated,
    slice: &Slice,
    selection: &[Field],
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let mut writer = Writer::new(federated, slice, out, MOST_BYTES);
    writer.object("__Schema", selection, |writer, field| match &*field.name {
        "types" => write_types(writer, federated, slice, field),
        "queryType" => writer.named("Query", &field.selection),
        "directives" => writer.list(DIRECTIVES.iter(), |writer, directive| {
            write_directive(writer, directive, field)
        }),
        // `description`, `mutationType`, `subscriptionType`
        _ => {
            writer.null();
            Ok(())
        }
    })
}

/// Writes a `__Type` object, or `null` if the slice has no type of that name; `TOO_LARGE` beyond 200 MB.
pub fn write_type(
    federated: &Federated,
    slice: &Slice,
    name: &str,
    selection: &[Field],
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let mut writer = Writer::new(federated, slice, out, MOST_BYTES);
    if built_in::definition(name).is_none() && built_in::seen_type_id(federated, slice, name).is_none() {
        writer.null();
        return Ok(());
    }
    writer.named(name, selection)
}

fn write_types(
    writer: &mut Writer<'_>,
    federated: &Federated,
    slice: &Slice,
    field: &Field,
) -> Result<(), RequestError> {
    let ids: Vec<TypeId> = federated.type_ids(slice);
    let own = ids.iter().map(|id| federated.type_name(*id));
    let introspection = built_in::definitions().iter().map(|definition| definition.name.clone());
    writer.list(own.chain(introspection), |writer, name| {
        writer.named(&name, &field.selection)
    })
}

fn write_directive(writer: &mut Writer<'_>, directive: &Directive, field: &Field) -> Result<(), RequestError> {
    writer.object("__Directive", &field.selection, |writer, field| {
        match &*field.name {
            "name" => writer.string(&directive.name),
            "description" => writer.optional(directive.description.as_deref()),
            "isRepeatable" => writer.boolean(directive.repeatable),
            "locations" => {
                return writer.list(directive.locations.iter(), |writer, location| {
                    writer.string(location);
                    Ok(())
                });
            }
            "args" => return writer.inputs(&directive.arguments, Arguments::BuiltIn, field),
            _ => writer.null(),
        }
        Ok(())
    })
}

/// The kind that introspection gives a type of the model.
fn kind(id: TypeId) -> &'static str {
    match id {
        TypeId::Scalar(_) => "SCALAR",
        id if built_in::is_object(id) => "OBJECT",
        id if built_in::is_input(id) => "INPUT_OBJECT",
        _ => "ENUM",
    }
}

/// The default value of an argument of GraphQL's own, as a literal.
fn default_value(argument: &InputValue) -> Option<&'static str> {
    match (&*argument.name, &argument.ty) {
        ("includeDeprecated", _) => Some("false"),
        ("reason", TypeRef::Named(_)) => Some("\"No longer supported\""),
        _ => None,
    }
}
