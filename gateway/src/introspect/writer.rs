//! Writes introspection objects: types, fields, inputs, enum values.
//!
//! In: definitions of the model and selections. Out: JSON. *Invariant*: always leaves whole JSON values; a definition is
//! made only where the selection asks for more than a type's name and kind.

use std::cell::OnceCell;

use lilong_schema::definition::{EnumValue, FieldDefinition, InputValue, TypeDefinition, TypeKind, TypeRef};
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Slice};

use crate::built_in;
use crate::error::{Code, RequestError};
use crate::json::write_string;
use crate::operation::Field;

type Written = Result<(), RequestError>;

/// Whose inputs are written: only GraphQL's own have default values.
#[derive(Clone, Copy)]
pub(super) enum Arguments {
    Model,
    BuiltIn,
}

pub(super) struct Writer<'a> {
    federated: &'a Federated,
    slice: &'a Slice,
    out: &'a mut Vec<u8>,
    most: usize,
}

impl<'a> Writer<'a> {
    /// Appends to `out`, at most about `most` bytes.
    pub(super) fn new(federated: &'a Federated, slice: &'a Slice, out: &'a mut Vec<u8>, most: usize) -> Self {
        let most = out.len().saturating_add(most);
        Self { federated, slice, out, most }
    }

    pub(super) fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    pub(super) fn string(&mut self, text: &str) {
        write_string(text, self.out);
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Written,
    ) -> Written {
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self, item)?;
            if self.out.len() > self.most {
                return Err(too_large());
            }
        }
        self.out.push(b']');
        Ok(())
    }

    pub(super) fn object(
        &mut self,
        type_name: &str,
        selection: &[Field],
        mut write: impl FnMut(&mut Self, &Field) -> Written,
    ) -> Written {
        self.out.push(b'{');
        for (index, field) in selection.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.string(&field.key);
            self.out.push(b':');
            if &*field.name == "__typename" {
                self.string(type_name);
            } else {
                write(self, field)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// A type by name; the name must be one of the slice.
    pub(super) fn named(&mut self, name: &str, selection: &[Field]) -> Written {
        let id = built_in::type_id(self.federated, name);
        let own = built_in::definition(name);
        let kind = match (own, id) {
            (Some(TypeDefinition { kind: TypeKind::Enum(_), .. }), _) => "ENUM",
            (Some(_), _) => "OBJECT",
            (None, Some(id)) => kind(id),
            (None, None) => {
                self.null();
                return Ok(());
            }
        };
        let whose = if own.is_some() { Arguments::BuiltIn } else { Arguments::Model };
        let (federated, slice) = (self.federated, self.slice);
        let made = OnceCell::new();
        let definition = || match (own, id) {
            (None, Some(id)) => Some(made.get_or_init(|| federated.definition(id, slice))),
            (own, _) => own,
        };
        self.object("__Type", selection, |writer, field| {
            match &*field.name {
                "kind" => writer.string(kind),
                "name" => writer.string(name),
                "description" => {
                    let described = definition().and_then(|own| own.description.as_deref());
                    writer.optional(described.or_else(|| built_in::description(name)));
                }
                "specifiedByURL" => writer.optional(match definition().map(|own| &own.kind) {
                    Some(TypeKind::Scalar { specified_by }) => *specified_by,
                    _ => None,
                }),
                "isOneOf" if kind == "INPUT_OBJECT" => writer.boolean(false),
                "interfaces" if kind == "OBJECT" => return writer.list(std::iter::empty(), |_, ()| Ok(())),
                "fields" | "enumValues" | "inputFields" => match (&*field.name, definition().map(|own| &own.kind)) {
                    ("fields", Some(TypeKind::Object(fields))) => {
                        return writer.list(fields.iter(), |writer, own| writer.field(own, whose, field));
                    }
                    ("enumValues", Some(TypeKind::Enum(values))) => {
                        return writer.list(values.iter(), |writer, own| writer.enum_value(own, field));
                    }
                    ("inputFields", Some(TypeKind::Input(inputs))) => return writer.inputs(inputs, whose, field),
                    _ => writer.null(),
                },
                // `possibleTypes`, `ofType`
                _ => writer.null(),
            }
            Ok(())
        })
    }

    fn type_ref(&mut self, ty: &TypeRef, selection: &[Field]) -> Written {
        let (kind, inner) = match ty {
            TypeRef::Named(name) => return self.named(name, selection),
            TypeRef::List(inner) => ("LIST", inner),
            TypeRef::NonNull(inner) => ("NON_NULL", inner),
        };
        self.object("__Type", selection, |writer, field| {
            match &*field.name {
                "kind" => writer.string(kind),
                "ofType" => return writer.type_ref(inner, &field.selection),
                _ => writer.null(),
            }
            Ok(())
        })
    }

    fn field(&mut self, own: &FieldDefinition, whose: Arguments, field: &Field) -> Written {
        self.object("__Field", &field.selection, |writer, field| {
            match &*field.name {
                "name" => writer.string(&own.name),
                "description" => writer.optional(own.description.as_deref()),
                "args" => return writer.inputs(&own.arguments, whose, field),
                "type" => return writer.type_ref(&own.ty, &field.selection),
                "isDeprecated" => writer.boolean(false),
                _ => writer.null(),
            }
            Ok(())
        })
    }

    /// Arguments or input fields.
    pub(super) fn inputs(&mut self, inputs: &[InputValue], whose: Arguments, field: &Field) -> Written {
        self.list(inputs.iter(), |writer, own| {
            writer.object("__InputValue", &field.selection, |writer, field| {
                match (&*field.name, whose) {
                    ("name", _) => writer.string(&own.name),
                    ("description", _) => writer.optional(own.description.as_deref()),
                    ("type", _) => return writer.type_ref(&own.ty, &field.selection),
                    ("defaultValue", Arguments::BuiltIn) => writer.optional(default_value(own)),
                    ("isDeprecated", _) => writer.boolean(false),
                    _ => writer.null(),
                }
                Ok(())
            })
        })
    }

    fn enum_value(&mut self, own: &EnumValue, field: &Field) -> Written {
        self.object("__EnumValue", &field.selection, |writer, field| {
            match &*field.name {
                "name" => writer.string(&own.name),
                "description" => writer.optional(own.description.as_deref()),
                "isDeprecated" => writer.boolean(false),
                _ => writer.null(),
            }
            Ok(())
        })
    }
}

/// What is said of an answer without end.
pub(super) fn too_large() -> RequestError {
    RequestError::new(Code::TooLarge, "The answer to introspection is too large: ask for less.")
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
