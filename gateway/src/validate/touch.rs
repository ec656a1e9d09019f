//! One walk over a document: what it touches of the schema, and what only this walk can see.
//!
//! In: a document and the model. Out: the compiler's schema of the touched types and fields, where variables are used,
//! input-object fields given twice, and literals that custom scalars cannot read. *Invariant*: looks up only what the
//! document names; reports nothing that the compiler reports.

use std::collections::HashSet;

use apollo_compiler::ast::{self, Argument, Definition, DirectiveList, Selection, Type, Value};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{Component, EnumType, ExtendedType, InputObjectType, ObjectType, ScalarType};
use apollo_compiler::{Name, Node, Schema};
use lilong_schema::definition::{FieldDefinition, InputValue, TypeKind, TypeRef};
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Scalar, Slice};

use crate::built_in::{self, Parent};
use crate::error::{Code, RequestError};
use crate::input;
use crate::parse::Parsed;

/// What one walk finds.
pub(super) struct Touched {
    /// The touched part of the schema.
    pub(super) schema: Schema,
    /// Where variables are used, by position of the definition they stand in.
    pub(super) uses: Vec<Vec<Use>>,
    /// Input-object fields given twice.
    pub(super) repeated: Vec<RequestError>,
    /// Literals that custom scalars cannot read.
    pub(super) unreadable: Vec<RequestError>,
}

/// A variable at a place.
pub(super) struct Use {
    pub(super) variable: Name,
    /// What the place takes; `None`: anything, inside a custom scalar's literal.
    pub(super) ty: Option<TypeRef>,
    pub(super) span: Option<SourceSpan>,
}

/// Walks a document.
pub(super) fn touch(parsed: &Parsed, federated: &Federated, slice: &Slice) -> Touched {
    let mut walk = Walk {
        parsed,
        federated,
        slice,
        types: IndexMap::default(),
        uses: Vec::new(),
        repeated: Vec::new(),
        unreadable: Vec::new(),
    };
    walk.name("Query");
    let mut uses = Vec::with_capacity(parsed.document().definitions.len());
    for definition in &parsed.document().definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                walk.directives(&operation.directives);
                for variable in &operation.variables {
                    let ty = built_in::type_ref(&variable.ty);
                    walk.name(ty.name());
                    if let Some(value) = &variable.default_value {
                        walk.value(&ty, value);
                    }
                    walk.directives(&variable.directives);
                }
                walk.selections(Some(Parent::Model(TypeId::Query)), &operation.selection_set);
            }
            Definition::FragmentDefinition(fragment) => {
                walk.directives(&fragment.directives);
                let parent = walk.condition(&fragment.type_condition);
                walk.selections(parent, &fragment.selection_set);
            }
            _ => {}
        }
        uses.push(std::mem::take(&mut walk.uses));
    }
    let mut schema = built_in::schema().clone();
    for (name, ty) in walk.types {
        // GraphQL's own scalars are there, marked as such.
        schema.types.entry(name).or_insert_with(|| ty.finish());
    }
    Touched { schema, uses, repeated: walk.repeated, unreadable: walk.unreadable }
}

enum Draft {
    Object(ObjectType),
    Input(InputObjectType),
    Whole(ExtendedType),
}

impl Draft {
    fn finish(self) -> ExtendedType {
        match self {
            Draft::Object(object) => ExtendedType::Object(Node::new(object)),
            Draft::Input(input) => ExtendedType::InputObject(Node::new(input)),
            Draft::Whole(whole) => whole,
        }
    }
}

struct Walk<'a> {
    parsed: &'a Parsed,
    federated: &'a Federated,
    slice: &'a Slice,
    types: IndexMap<Name, Draft>,
    uses: Vec<Use>,
    repeated: Vec<RequestError>,
    unreadable: Vec<RequestError>,
}

impl Walk<'_> {
    fn selections(&mut self, parent: Option<Parent>, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    self.directives(&field.directives);
                    let definition = parent.and_then(|parent| self.field(parent, &field.name));
                    let child = match definition {
                        Some(definition) => {
                            for argument in &field.arguments {
                                let own = definition.arguments.iter().find(|own| *own.name == *argument.name.as_str());
                                self.argument(own.map(|own| &own.ty), argument);
                            }
                            Parent::of(self.federated, self.slice, definition.ty.name())
                        }
                        None => None,
                    };
                    self.selections(child, &field.selection_set);
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    let parent = match &fragment.type_condition {
                        Some(name) => self.condition(name),
                        None => parent,
                    };
                    self.selections(parent, &fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => self.directives(&spread.directives),
            }
        }
    }

    fn condition(&mut self, name: &Name) -> Option<Parent> {
        self.name(name);
        Parent::of(self.federated, self.slice, name)
    }

    /// Looks a field up and writes it into the draft of its type.
    fn field(&mut self, parent: Parent, name: &str) -> Option<FieldDefinition> {
        let definition = parent.field(self.federated, self.slice, name)?;
        if let (Parent::Model(id), false) = (parent, name.starts_with("__")) {
            self.name(definition.ty.name());
            let type_name = self.federated.type_name(id);
            self.name(&type_name);
            if let Some(Draft::Object(object)) = self.types.get_mut(&*type_name) {
                object.fields.entry(graphql_name(&definition.name)).or_insert_with(|| {
                    Component::new(ast::FieldDefinition {
                        description: None,
                        name: graphql_name(&definition.name),
                        arguments: definition.arguments.iter().map(|own| Node::new(input_value(own))).collect(),
                        ty: graphql_type(&definition.ty),
                        directives: ast::DirectiveList::default(),
                    })
                });
            }
        }
        Some(definition)
    }

    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives {
            let definition = built_in::schema().directive_definitions.get(&directive.name);
            for argument in &directive.arguments {
                let own = definition.and_then(|definition| definition.argument_by_name(&argument.name));
                self.argument(own.map(|own| built_in::type_ref(&own.ty)).as_ref(), argument);
            }
        }
    }

    fn argument(&mut self, ty: Option<&TypeRef>, argument: &Argument) {
        match ty {
            Some(ty) => {
                self.name(ty.name());
                self.value(ty, &argument.value);
            }
            None => self.untyped(&argument.value),
        }
    }

    fn value(&mut self, ty: &TypeRef, value: &Node<Value>) {
        let nullable = if let TypeRef::NonNull(inner) = ty { inner } else { ty };
        match (&**value, nullable) {
            (Value::Variable(name), _) => {
                self.uses.push(Use { variable: name.clone(), ty: Some(ty.clone()), span: value.location() });
            }
            (Value::Null, _) => {}
            (Value::List(items), TypeRef::List(inner)) => items.iter().for_each(|item| self.value(inner, item)),
            (_, TypeRef::List(inner)) => self.value(inner, value),
            (literal, named) => {
                let id = built_in::type_id(self.federated, named.name());
                match (id, literal) {
                    (Some(TypeId::Scalar(scalar)), _) if !scalar.is_built_in() => self.custom(scalar, value),
                    (Some(id), Value::Object(entries)) if built_in::is_input(id) => {
                        self.object(id, entries, value.location());
                    }
                    _ => self.untyped(value),
                }
            }
        }
    }

    fn object(&mut self, id: TypeId, entries: &[(Name, Node<Value>)], span: Option<SourceSpan>) {
        let type_name = self.federated.type_name(id);
        self.name(&type_name);
        let mut seen = HashSet::with_capacity(entries.len());
        for (key, value) in entries {
            if !seen.insert(key.as_str()) {
                let message = format!("There can be only one input field named \"{key}\".");
                self.repeated.push(self.parsed.refuse(Code::ValidationFailed, message, key.location().or(span)));
                continue;
            }
            let Some(definition) = self.federated.input_definition(id, key, self.slice) else {
                self.untyped(value);
                continue;
            };
            self.name(definition.ty.name());
            if let Some(Draft::Input(input)) = self.types.get_mut(&*type_name) {
                let name = graphql_name(&definition.name);
                input.fields.entry(name).or_insert_with(|| Component::new(input_value(&definition)));
            }
            self.value(&definition.ty, value);
        }
    }

    fn custom(&mut self, scalar: Scalar, value: &Node<Value>) {
        if input::read_literal(scalar, value).is_none() {
            let message = format!("Cannot read this as {}: expected {}.", scalar.name(), input::expected(scalar));
            self.unreadable.push(self.parsed.refuse(Code::BadInput, message, value.location()));
        }
        self.untyped(value);
    }

    /// Variables at places of no known type.
    fn untyped(&mut self, value: &Node<Value>) {
        match &**value {
            Value::Variable(name) => {
                self.uses.push(Use { variable: name.clone(), ty: None, span: value.location() });
            }
            Value::List(items) => items.iter().for_each(|item| self.untyped(item)),
            Value::Object(entries) => entries.iter().for_each(|(_, value)| self.untyped(value)),
            _ => {}
        }
    }

    /// Begins the draft of a type, if there is one of that name.
    fn name(&mut self, name: &str) {
        if self.types.contains_key(name) {
            return;
        }
        let Some(id) = built_in::seen_type_id(self.federated, self.slice, name) else {
            return;
        };
        let name = graphql_name(&name.into());
        let directives = apollo_compiler::schema::DirectiveList::default();
        let draft = if built_in::is_object(id) {
            Draft::Object(ObjectType {
                description: None,
                name: name.clone(),
                implements_interfaces: apollo_compiler::collections::IndexSet::default(),
                directives,
                fields: IndexMap::default(),
            })
        } else if built_in::is_input(id) {
            Draft::Input(InputObjectType {
                description: None,
                name: name.clone(),
                directives,
                fields: IndexMap::default(),
            })
        } else if let TypeId::Scalar(_) = id {
            Draft::Whole(ExtendedType::Scalar(Node::new(ScalarType {
                description: None,
                name: name.clone(),
                directives,
            })))
        } else {
            let TypeKind::Enum(values) = self.federated.definition(id, self.slice).kind else {
                return;
            };
            let values = values.iter().map(|value| {
                let value = graphql_name(&value.name);
                let definition = ast::EnumValueDefinition {
                    description: None,
                    value: value.clone(),
                    directives: ast::DirectiveList::default(),
                };
                (value, Component::new(definition))
            });
            let values = values.collect();
            Draft::Whole(ExtendedType::Enum(Node::new(EnumType {
                description: None,
                name: name.clone(),
                directives,
                values,
            })))
        };
        self.types.insert(name, draft);
    }
}

fn graphql_name(name: &std::sync::Arc<str>) -> Name {
    // Names of the model are legal by its own construction.
    Name::from_arc_unchecked(name.clone())
}

fn graphql_type(ty: &TypeRef) -> Type {
    match ty {
        TypeRef::Named(name) => Type::Named(graphql_name(name)),
        TypeRef::List(inner) => Type::List(Box::new(graphql_type(inner))),
        TypeRef::NonNull(inner) => graphql_type(inner).non_null(),
    }
}

fn input_value(value: &InputValue) -> ast::InputValueDefinition {
    ast::InputValueDefinition {
        description: None,
        name: graphql_name(&value.name),
        ty: Node::new(graphql_type(&value.ty)),
        default_value: None,
        directives: ast::DirectiveList::default(),
    }
}
