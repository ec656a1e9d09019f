//! The model as text: GraphQL's schema definition language, in stable order.
//!
//! In: a model and a slice. Out: SDL that any GraphQL tool reads. *Invariant*: equal models give equal bytes.

use std::fmt::{self, Write};

use crate::Scalar;
use crate::definition::{FieldDefinition, InputValue, TypeDefinition, TypeKind};
use crate::federated::{Federated, Slice, TypeId};

/// The SDL of a model, as the slice sees it; GraphQL's own scalars and directives are not in it.
pub fn sdl(federated: &Federated, slice: &Slice) -> String {
    let mut out = String::new();
    let ids = federated.type_ids(slice).into_iter();
    for id in ids.filter(|id| !matches!(id, TypeId::Scalar(scalar) if Scalar::is_built_in(*scalar))) {
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a `String` never fails.
        let _ = write_type(&mut out, &federated.definition(id, slice));
    }
    out
}

fn write_type(out: &mut String, definition: &TypeDefinition) -> fmt::Result {
    write_description(out, "", definition.description.as_deref())?;
    let name = &definition.name;
    match &definition.kind {
        TypeKind::Scalar { specified_by } => {
            write!(out, "scalar {name}")?;
            if let Some(url) = specified_by {
                write!(out, " @specifiedBy(url: \"{url}\")")?;
            }
            out.push('\n');
        }
        TypeKind::Object(fields) => {
            writeln!(out, "type {name} {{")?;
            for (index, field) in fields.iter().enumerate() {
                write_field(out, field, index == 0)?;
            }
            out.push_str("}\n");
        }
        TypeKind::Enum(values) => {
            writeln!(out, "enum {name} {{")?;
            for value in values {
                write_description(out, "  ", value.description.as_deref())?;
                writeln!(out, "  {}", value.name)?;
            }
            out.push_str("}\n");
        }
        TypeKind::Input(fields) => {
            writeln!(out, "input {name} {{")?;
            for field in fields {
                write_description(out, "  ", field.description.as_deref())?;
                write!(out, "  ")?;
                write_input(out, field)?;
                out.push('\n');
            }
            out.push_str("}\n");
        }
    }
    Ok(())
}

fn write_field(out: &mut String, field: &FieldDefinition, first: bool) -> fmt::Result {
    if !first && field.description.is_some() {
        out.push('\n');
    }
    write_description(out, "  ", field.description.as_deref())?;
    write!(out, "  {}", field.name)?;
    for (index, argument) in field.arguments.iter().enumerate() {
        out.push_str(if index == 0 { "(" } else { ", " });
        write_input(out, argument)?;
    }
    if !field.arguments.is_empty() {
        out.push(')');
    }
    writeln!(out, ": {}", field.ty)
}

fn write_input(out: &mut String, input: &InputValue) -> fmt::Result {
    write!(out, "{}: {}", input.name, input.ty)
}

/// A block string; descriptions hold nothing that one would lose.
fn write_description(out: &mut String, indent: &str, description: Option<&str>) -> fmt::Result {
    let Some(description) = description else { return Ok(()) };
    writeln!(out, "{indent}\"\"\"")?;
    for line in description.split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            writeln!(out, "{indent}{}", line.replace("\"\"\"", "\\\"\"\""))?;
        }
    }
    writeln!(out, "{indent}\"\"\"")
}
