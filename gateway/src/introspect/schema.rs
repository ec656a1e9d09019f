//! `__Schema` objects: short ones written at once, long ones type by type whenever they are sent.
//!
//! In: the model, a slice of it, a selection. Out: JSON. *Invariant*: of a long one never more is in memory than a piece and
//! one type; its length was found by writing it once, so nothing is refused after its first byte.

use std::sync::{Arc, LazyLock};

use apollo_compiler::ast::DirectiveDefinition;
use bytes::Bytes;
use lilong_schema::definition::InputValue;
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Slice};

use super::MOST_BYTES;
use super::writer::{Arguments, Writer, too_large};
use crate::built_in;
use crate::error::RequestError;
use crate::json::write_string;
use crate::operation::Field;
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
    /// Measured.
    Long(Arc<LongSchema>),
}

/// What a long `__Schema` object is written from.
#[derive(Debug)]
pub struct LongSchema {
    /// What is wanted of it.
    pub selection: Vec<Field>,
    /// How many bytes it has.
    pub length: u64,
}

/// A `__Schema` object; `TOO_LARGE` beyond 200 MB and 64 KB for each collection of the slice.
pub fn schema(federated: &Federated, slice: &Slice, selection: &[Field]) -> Result<Schema, RequestError> {
    measured(federated, slice, selection, SHORT)
}

fn measured(federated: &Federated, slice: &Slice, selection: &[Field], short: usize) -> Result<Schema, RequestError> {
    let most = MOST_BYTES as u64 + EACH_COLLECTION * collections(federated, slice);
    let mut course = Course::new(federated, slice);
    let (mut out, mut before) = (Vec::new(), 0);
    loop {
        let more = course.go_on(federated, slice, selection, PIECE, &mut out)?;
        let length = before + out.len() as u64;
        if length > most {
            return Err(too_large());
        }
        if !more && before == 0 && out.len() <= short {
            return Ok(Schema::Short(out.into()));
        }
        if !more {
            return Ok(Schema::Long(Arc::new(LongSchema { selection: selection.to_vec(), length })));
        }
        if before > 0 || out.len() > short {
            before = length;
            out.clear();
        }
    }
}

fn collections(federated: &Federated, slice: &Slice) -> u64 {
    let seen = federated.sources.iter().enumerate().filter(|(id, _)| slice.has(*id));
    seen.map(|(_, source)| source.collections.len() as u64).sum()
}

/// A long `__Schema` object on its way: an iterator of its pieces.
pub struct SchemaText {
    federated: Arc<Federated>,
    slice: Slice,
    schema: Arc<LongSchema>,
    course: Option<Course>,
}

impl SchemaText {
    /// The text of a schema that was measured over the same model and slice.
    pub fn new(federated: Arc<Federated>, slice: Slice, schema: Arc<LongSchema>) -> Self {
        let course = Some(Course::new(&federated, &slice));
        Self { federated, slice, schema, course }
    }
}

impl Iterator for SchemaText {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let course = self.course.as_mut()?;
        let mut out = Vec::with_capacity(PIECE + PIECE / 2);
        match course.go_on(&self.federated, &self.slice, &self.schema.selection, PIECE, &mut out) {
            Ok(true) => {}
            Ok(false) => self.course = None,
            Err(error) => {
                // It was measured within the same bounds; were it so, the client would miss bytes of the length it was told.
                tracing::error!("a schema outgrew its measure: {}", error.message);
                self.course = None;
                return None;
            }
        }
        Some(out.into())
    }
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
    fn a_long_schema_is_as_long_as_measured() {
        let model = Arc::new(model());
        let slice = Slice::all();
        let selection = operation(&model, &slice, TWICE).selection.remove(0).selection;
        let Schema::Short(short) = schema(&model, &slice, &selection).unwrap() else { panic!("it is long") };
        let kept = measured(&model, &slice, &selection, short.len()).unwrap();
        assert!(matches!(kept, Schema::Short(_)), "as long as may be kept");
        let Schema::Long(long) = measured(&model, &slice, &selection, short.len() - 1).unwrap() else {
            panic!("it is short")
        };
        for _ in 0..2 {
            let text = SchemaText::new(model.clone(), slice.clone(), long.clone());
            assert_eq!(long.length, short.len() as u64);
            assert_eq!(text.collect::<Vec<_>>().concat(), *short);
        }
    }
}
