//! `__Schema` objects: short ones written at once, long ones type by type, to be packed.
//!
//! In: the model, a slice of it, a selection. Out: JSON. *Invariant*: of a long one never more is in memory unpacked than a piece
//! and one type; it is whole before its first byte leaves, so nothing is refused after that.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use apollo_compiler::ast::DirectiveDefinition;
use lilong_schema::definition::InputValue;
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Slice};

use super::MOST_BYTES;
use super::writer::{Arguments, Writer, too_large};
use crate::built_in;
use crate::error::{Code, RequestError};
use crate::json::write_string;
use crate::operation::Field;
use crate::packed::{Packed, Packer};
use crate::pieces::PIECE;

/// Up to how many bytes a schema is kept as it is written.
const SHORT: usize = 1 << 20;
/// Bytes that a collection adds to what an answer may have: the usual question takes a good half of it.
const EACH_COLLECTION: u64 = 64_000;

static DIRECTIVES: LazyLock<Vec<Directive>> =
    LazyLock::new(|| built_in::schema().directive_definitions.values().map(|own| Directive::new(own)).collect());

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
            description: definition.description.as_ref().map(ToString::to_string),
            locations: definition.locations.iter().map(|location| location.name()).collect(),
            arguments: definition.arguments.iter().map(|own| built_in::input_value(own)).collect(),
            repeatable: definition.repeatable,
        }
    }
}

/// A `__Schema` object, as a plan keeps it.
#[derive(Debug)]
pub enum Schema {
    /// Written.
    Short(Box<[u8]>),
    /// To be packed.
    Long(Arc<LongSchema>),
}

/// What a long `__Schema` object is written from.
#[derive(Debug)]
pub struct LongSchema {
    /// No other has it.
    pub number: u64,
    /// What is wanted of it.
    pub selection: Vec<Field>,
}

/// A `__Schema` object: written, if it is of a megabyte at most.
pub fn schema(federated: &Federated, slice: &Slice, selection: &[Field]) -> Result<Schema, RequestError> {
    written_up_to(SHORT, federated, slice, selection)
}

fn written_up_to(
    short: usize,
    federated: &Federated,
    slice: &Slice,
    selection: &[Field],
) -> Result<Schema, RequestError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (mut course, mut out) = (Course::new(federated, slice), Vec::new());
    while course.go_on(federated, slice, selection, PIECE, &mut out)? {
        if out.len() > short {
            break;
        }
    }
    if out.len() <= short {
        return Ok(Schema::Short(out.into()));
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ok(Schema::Long(Arc::new(LongSchema { number, selection: selection.to_vec() })))
}

/// The text of a long `__Schema` object; `TOO_LARGE` beyond 200 MB and 64 KB for each collection of the slice.
pub(crate) fn pack(federated: &Federated, slice: &Slice, schema: &LongSchema) -> Result<Packed, RequestError> {
    let most = MOST_BYTES as u64 + EACH_COLLECTION * collections(federated, slice);
    let (mut course, mut out) = (Course::new(federated, slice), Vec::with_capacity(2 * PIECE));
    let mut packer = Packer::new().map_err(|error| unpackable(&error))?;
    loop {
        let more = course.go_on(federated, slice, &schema.selection, PIECE, &mut out)?;
        packer.write(&out).map_err(|error| unpackable(&error))?;
        if packer.length() > most {
            return Err(too_large());
        }
        if !more {
            return packer.finish(schema.number).map_err(|error| unpackable(&error));
        }
        out.clear();
    }
}

/// Only for want of memory.
fn unpackable(error: &io::Error) -> RequestError {
    tracing::error!("a schema cannot be packed: {error}");
    RequestError::new(Code::Internal, "Something went wrong inside lilong.")
}

fn collections(federated: &Federated, slice: &Slice) -> u64 {
    let seen = federated.sources.iter().enumerate().filter(|(id, _)| slice.has(*id));
    seen.map(|(_, source)| source.collections.len() as u64).sum()
}

/// How far a `__Schema` object is written.
struct Course {
    types: Vec<TypeId>,
    /// Position in the selection.
    field: usize,
    /// Types of this field that are written.
    done: usize,
}

impl Course {
    fn new(federated: &Federated, slice: &Slice) -> Self {
        Self { types: federated.type_ids(slice), field: 0, done: 0 }
    }

    /// Appends about `piece` bytes, whole types of them; `false`: the object is whole.
    fn go_on(
        &mut self,
        federated: &Federated,
        slice: &Slice,
        selection: &[Field],
        piece: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, RequestError> {
        let full = out.len() + piece;
        if (self.field, self.done) == (0, 0) {
            out.push(b'{');
        }
        while let Some(field) = selection.get(self.field) {
            if self.done == 0 {
                if self.field > 0 {
                    out.push(b',');
                }
                write_string(&field.key, out);
                out.push(b':');
            }
            if &*field.name == "types" {
                while let Some(name) = self.type_name(federated) {
                    out.push(if self.done == 0 { b'[' } else { b',' });
                    Writer::new(federated, slice, out, MOST_BYTES).named(&name, &field.selection)?;
                    self.done += 1;
                    if out.len() >= full {
                        return Ok(true);
                    }
                }
                out.push(b']');
            } else {
                write_field(&mut Writer::new(federated, slice, out, MOST_BYTES), field)?;
            }
            self.field += 1;
            self.done = 0;
        }
        out.push(b'}');
        Ok(false)
    }

    /// The type that is next: those of the model, then introspection's own.
    fn type_name(&self, federated: &Federated) -> Option<Arc<str>> {
        match self.types.get(self.done) {
            Some(id) => Some(federated.type_name(*id)),
            None => built_in::definitions().get(self.done - self.types.len()).map(|own| own.name.clone()),
        }
    }
}

/// A field of `__Schema` other than `types`.
fn write_field(writer: &mut Writer<'_>, field: &Field) -> Result<(), RequestError> {
    match &*field.name {
        "__typename" => writer.string("__Schema"),
        "queryType" => return writer.named("Query", &field.selection),
        "directives" => {
            return writer.list(DIRECTIVES.iter(), |writer, directive| write_directive(writer, directive, field));
        }
        // `description`, `mutationType`, `subscriptionType`
        _ => writer.null(),
    }
    Ok(())
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::operation;
    use super::*;
    use crate::sample::model;

    const TWICE: &str = "{ __schema { __typename a: types { name fields { name args { name } } } queryType { name }
        b: types { kind enumValues { name } } directives { name } } }";

    /// All of it, written in pieces of a size.
    fn written(text: &str, slice: &Slice, piece: usize) -> (Vec<u8>, usize) {
        let model = model();
        let selection = operation(&model, slice, text).selection.remove(0).selection;
        let mut course = Course::new(&model, slice);
        let (mut out, mut pieces) = (Vec::new(), 1);
        while course.go_on(&model, slice, &selection, piece, &mut out).unwrap() {
            pieces += 1;
        }
        (out, pieces)
    }

    #[test]
    fn pieces_of_any_size_make_the_same_object() {
        for slice in [Slice::all(), Slice::of([1])] {
            for text in [TWICE, "{ __schema { types { name } } }", "{ __schema { types { name } description } }"] {
                let (whole, pieces) = written(text, &slice, usize::MAX / 2);
                assert_eq!(pieces, 1);
                serde_json::from_slice::<serde_json::Value>(&whole).unwrap();
                for piece in [1, 100, 1_000] {
                    let (cut, pieces) = written(text, &slice, piece);
                    assert!(pieces > 1);
                    assert_eq!(cut, whole, "{piece}");
                }
            }
        }
    }

    #[test]
    fn nothing_selected_is_an_empty_object() {
        let text = "{ __schema { types @skip(if: true) { name } } }";
        assert_eq!(written(text, &Slice::all(), 1), (b"{}".to_vec(), 1));
    }

    #[test]
    fn a_long_schema_is_packed_as_a_short_one_is_written() {
        let model = model();
        for slice in [Slice::all(), Slice::of([1])] {
            let selection = operation(&model, &slice, TWICE).selection.remove(0).selection;
            let Schema::Short(short) = schema(&model, &slice, &selection).unwrap() else { panic!("it is long") };
            let kept = written_up_to(short.len(), &model, &slice, &selection).unwrap();
            assert!(matches!(kept, Schema::Short(_)), "as long as may be kept");
            let long = || match written_up_to(short.len() - 1, &model, &slice, &selection).unwrap() {
                Schema::Long(long) => long,
                Schema::Short(_) => panic!("it is short"),
            };
            let (long, other) = (long(), long());
            assert_ne!(long.number, other.number);
            let packed = pack(&model, &slice, &long).unwrap();
            assert_eq!((packed.number(), packed.length()), (long.number, short.len() as u64));
            assert_eq!(Arc::new(packed).unpack().collect::<Vec<_>>().concat(), *short);
        }
    }
}
