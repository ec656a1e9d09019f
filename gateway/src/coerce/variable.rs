//! JSON → coerced variables.
//!
//! In: the operation's variable definitions and the JSON of the request. Out: [`Variables`], every part with its slot.
//! *Invariant*: tells every mistake it finds, up to ten, each with the variable and the path in it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use lilong_schema::definition::{TypeKind, TypeRef};
use lilong_schema::federated::TypeId;
use serde_json::{Map, Value};

use super::literal;
use super::scope::{Scope, nullable};
use crate::built_in;
use crate::error::{Code, RequestError};
use crate::input;
use crate::operation::{Argument, Form, Slot, Variables};
use crate::parse::cut;

const MOST_ERRORS: usize = 10;

pub(super) fn variables(scope: Scope<'_>, raw: &Map<String, Value>) -> Result<Variables, Vec<RequestError>> {
    let mut coerced = Vec::with_capacity(scope.operation.variables.len());
    let mut errors = Vec::new();
    for (position, variable) in scope.operation.variables.iter().enumerate() {
        let ty = built_in::type_ref(&variable.ty);
        let name = variable.name.as_str();
        let refuse = |message: String| scope.valid.refuse(Code::BadVariables, cut(&message), variable);
        let value = match (raw.get(name), &variable.default_value) {
            (Some(Value::Null), _) if nullable(&ty).1 => {
                errors.push(refuse(format!("Variable \"${name}\" of non-null type \"{ty}\" must not be null.")));
                None
            }
            (Some(value), _) => {
                let mut reader = Reader { scope, path: Vec::new(), mistakes: Vec::new(), enums: HashMap::new() };
                let form = reader.read(&ty, value);
                errors.extend(reader.mistakes.into_iter().map(|mistake| {
                    let place = if mistake.place.is_empty() {
                        String::new()
                    } else {
                        format!(" at \"{name}{}\"", mistake.place)
                    };
                    refuse(format!("Variable \"${name}\" got invalid value {}{place}; {}", mistake.value, mistake.why))
                }));
                form
            }
            (None, Some(default)) => match literal::coerce(scope, None, &ty, default) {
                Ok(value) => value.map(|value| value.form),
                Err(error) => {
                    errors.push(error);
                    None
                }
            },
            (None, None) if nullable(&ty).1 => {
                errors.push(refuse(format!("Variable \"${name}\" of required type \"{ty}\" was not provided.")));
                None
            }
            (None, None) => None,
        };
        coerced.push(value.map(|form| {
            let mut argument = Argument { form, slot: None };
            give_slots(&mut argument, position, &mut Vec::new());
            argument
        }));
        if errors.len() >= MOST_ERRORS {
            break;
        }
    }
    errors.truncate(MOST_ERRORS);
    if errors.is_empty() { Ok(Variables(coerced)) } else { Err(errors) }
}

fn give_slots(argument: &mut Argument, variable: usize, path: &mut Vec<usize>) {
    argument.slot = Some(Slot { variable, path: path.clone() });
    let mut descend = |at: usize, part: &mut Argument| {
        path.push(at);
        give_slots(part, variable, path);
        path.pop();
    };
    match &mut argument.form {
        Form::List(items) => items.iter_mut().enumerate().for_each(|(at, item)| descend(at, item)),
        Form::Object(entries) => entries.iter_mut().enumerate().for_each(|(at, (_, part))| descend(at, part)),
        Form::Null | Form::Leaf(_) | Form::Enum(_) => {}
    }
}

struct Mistake {
    value: String,
    place: String,
    why: String,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Reader<'a> {
    scope: Scope<'a>,
    path: Vec<Step<'a>>,
    mistakes: Vec<Mistake>,
    /// Values of the enums met so far: one list may name thousands.
    enums: HashMap<TypeId, HashSet<Arc<str>>>,
}

impl<'a> Reader<'a> {
    /// Reads a value; `None` if a mistake was noted.
    fn read(&mut self, ty: &TypeRef, value: &'a Value) -> Option<Form> {
        let (inner, required) = nullable(ty);
        match (inner, value) {
            (_, Value::Null) if required => {
                self.mistake(value, format!("Expected non-nullable type \"{ty}\" not to be null."))
            }
            (_, Value::Null) => Some(Form::Null),
            (TypeRef::List(item_type), Value::Array(items)) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    let form = self.read(item_type, item);
                    self.path.pop();
                    list.push(Argument { form: form?, slot: None });
                }
                Some(Form::List(list))
            }
            (TypeRef::List(item_type), value) => {
                let form = self.read(item_type, value)?;
                Some(Form::List(vec![Argument { form, slot: None }]))
            }
            (named, value) => self.read_named(named, value),
        }
    }

    fn read_named(&mut self, ty: &TypeRef, value: &'a Value) -> Option<Form> {
        match (built_in::type_id(self.scope.federated, ty.name()), value) {
            (Some(TypeId::Scalar(scalar)), value) => match input::read_json(scalar, value) {
                Some(value) => Some(Form::Leaf(value)),
                None => self.mistake(value, format!("Expected type \"{ty}\", {}.", input::expected(scalar))),
            },
            (Some(id), Value::Object(entries)) if built_in::is_input(id) => self.read_object(id, ty, entries, value),
            (Some(id), _) if built_in::is_input(id) => {
                self.mistake(value, format!("Expected type \"{ty}\" to be an object."))
            }
            (Some(id), Value::String(text)) if self.has_value(id, text) => Some(Form::Enum(text.as_str().into())),
            (_, Value::String(_)) => self.mistake(value, format!("Value does not exist in \"{ty}\" enum.")),
            _ => self.mistake(value, format!("Enum \"{ty}\" cannot represent non-string value.")),
        }
    }

    fn read_object(
        &mut self,
        id: TypeId,
        ty: &TypeRef,
        entries: &'a Map<String, Value>,
        whole: &'a Value,
    ) -> Option<Form> {
        let before = self.mistakes.len();
        let mut object = Vec::with_capacity(entries.len());
        for (key, part) in entries {
            let Some(own) = self.scope.federated.input_definition(id, key, self.scope.slice) else {
                let _: Option<Form> =
                    self.mistake(whole, format!("Field \"{}\" is not defined by type \"{ty}\".", cut(key)));
                continue;
            };
            self.path.push(Step::Key(key));
            let form = self.read(&own.ty, part);
            self.path.pop();
            if let Some(form) = form {
                object.push((own.name, Argument { form, slot: None }));
            }
        }
        // No input object of the model has a required field.
        (self.mistakes.len() == before).then_some(Form::Object(object))
    }

    fn has_value(&mut self, id: TypeId, value: &str) -> bool {
        let Scope { federated, slice, .. } = self.scope;
        let values = self.enums.entry(id).or_insert_with(|| match federated.definition(id, slice).kind {
            TypeKind::Enum(values) => values.into_iter().map(|own| own.name).collect(),
            _ => HashSet::new(),
        });
        values.contains(value)
    }

    fn mistake(&mut self, value: &Value, why: String) -> Option<Form> {
        if self.mistakes.len() < MOST_ERRORS {
            let mut place = String::new();
            for step in &self.path {
                let written = match step {
                    Step::Key(key) => write!(place, ".{}", cut(key)),
                    Step::Index(index) => write!(place, "[{index}]"),
                };
                // Writing to a string cannot fail.
                written.unwrap_or_default();
            }
            self.mistakes.push(Mistake { value: shown(value), place, why });
        }
        None
    }
}

/// A value for a message: short, and of whole objects and lists only their kind.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "(a list)".into(),
        Value::Object(_) => "(an object)".into(),
        Value::String(text) if text.chars().nth(60).is_some() => {
            let start: String = text.chars().take(60).collect();
            format!("{:?}", format!("{start}…"))
        }
        other => cut(&other.to_string()),
    }
}
