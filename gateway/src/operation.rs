//! An operation, normalised: fragments inlined, equal response keys merged, `@skip` and `@include` decided, arguments
//! coerced. What the planner reads.

use std::sync::Arc;

use lilong_schema::Value;

use crate::error::Location;

/// The kind of an operation; only queries are executed today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes: refused.
    Mutation,
    /// Streams: refused.
    Subscription,
}

/// A normalised operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its kind.
    pub kind: OperationKind,
    /// The selection on the root type.
    pub selection: Vec<Field>,
    /// How many variables it declares.
    pub variables: usize,
}

/// A field, once for each response key of its parent, in the order of the answer.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key in the answer.
    pub key: Arc<str>,
    /// The name in the schema; `__typename`, `__schema` and `__type` among them.
    pub name: Arc<str>,
    /// Arguments given, none twice; absent ones are not in here.
    pub arguments: Vec<(Arc<str>, Argument)>,
    /// The merged selection; empty for leaves.
    pub selection: Vec<Field>,
    /// Where it stands first.
    pub location: Location,
}

impl Field {
    /// The argument of that name; one given as null counts as absent.
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments
            .iter()
            .find(|(given, argument)| **given == *name && !matches!(argument.form, Form::Null))
            .map(|(_, argument)| argument)
    }
}

/// A coerced input value, from the document or from a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// What it is.
    pub form: Form,
    /// Which part of which variable it came from; `None`: from the document. A plan keeps slots, never their leaf values.
    pub slot: Option<Slot>,
}

/// The forms of an input value.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// Null.
    Null,
    /// A scalar's value; never [`Value::Null`] and never [`Value::List`].
    Leaf(Value),
    /// A value of an enum: of the schema's or of a database's.
    Enum(Arc<str>),
    /// A list; a single value where a list is wanted has become one.
    List(Vec<Argument>),
    /// An input object: the keys given, in the order given, none twice.
    Object(Vec<(Arc<str>, Argument)>),
}

/// A part of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The position of the variable among the operation's definitions.
    pub variable: usize,
    /// The way from the variable's value to the part: positions in lists, and of keys in objects as given.
    pub path: Vec<usize>,
}

/// The coerced variables of one request, by position among the operation's definitions; `None`: absent, no default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables(pub Vec<Option<Argument>>);

impl Variables {
    /// The part of a variable that a slot means.
    pub fn get(&self, slot: &Slot) -> Option<&Argument> {
        let mut at = self.0.get(slot.variable)?.as_ref()?;
        for index in &slot.path {
            at = match &at.form {
                Form::List(items) => items.get(*index)?,
                Form::Object(entries) => &entries.get(*index)?.1,
                _ => return None,
            };
        }
        Some(at)
    }
}
