//! A valid document → one operation, as the planner reads it.
//!
//! In: a [`Valid`] document, one of its operations and the coerced variables. Out: an [`Operation`]: fragments inlined,
//! equal response keys merged in order of first appearance, `@skip` and `@include` decided, arguments coerced (GraphQL
//! specification §6.3.2). *Invariant*: every type here is concrete, so a fragment that is valid at a place applies
//! there; a fragment is read once for each selection it is merged into, whatever the document's shape.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, DirectiveList, OperationDefinition, OperationType, Selection};
use lilong_schema::federated::TypeId;
use lilong_schema::{Federated, Slice, Value};

use crate::built_in::{self, Parent};
use crate::coerce::{self, Scope};
use crate::error::{Code, RequestError};
use crate::operation::{Field, Form, Operation, OperationKind, Variables};
use crate::validate::Valid;

/// Normalises an operation. `BAD_VARIABLES` where a null variable meets a place that takes none.
pub fn normalize(
    valid: &Valid,
    operation: &OperationDefinition,
    variables: &Variables,
    federated: &Federated,
    slice: &Slice,
) -> Result<Operation, RequestError> {
    let scope = Scope {
        valid,
        operation,
        federated,
        slice,
    };
    let merge = Merge { scope, variables };
    let kind = match operation.operation_type {
        OperationType::Query => OperationKind::Query,
        OperationType::Mutation => OperationKind::Mutation,
        OperationType::Subscription => OperationKind::Subscription,
    };
    let selection = merge.selection(Some(Parent::Model(TypeId::Query)), &[&operation.selection_set])?;
    Ok(Operation { kind, selection })
}

struct Merge<'a> {
    scope: Scope<'a>,
    variables: &'a Variables,
}

/// The fields of one selection, by response key, in order of first appearance.
#[derive(Default)]
struct Groups<'a> {
    order: Vec<(&'a str, Vec<&'a Node<ast::Field>>)>,
    positions: HashMap<&'a str, usize>,
    visited: HashSet<&'a str>,
}

impl<'a> Merge<'a> {
    fn selection(&self, parent: Option<Parent>, sets: &[&'a [Selection]]) -> Result<Vec<Field>, RequestError> {
        let mut groups = Groups::default();
        for set in sets {
            self.collect(set, &mut groups)?;
        }
        groups
            .order
            .into_iter()
            .map(|(key, fields)| self.field(parent, key, &fields))
            .collect()
    }

    fn collect(&self, selections: &'a [Selection], groups: &mut Groups<'a>) -> Result<(), RequestError> {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    if self.is_included(&field.directives)? {
                        let key = field.alias.as_ref().unwrap_or(&field.name).as_str();
                        let at = *groups.positions.entry(key).or_insert(groups.order.len());
                        if at == groups.order.len() {
                            groups.order.push((key, Vec::new()));
                        }
                        groups.order[at].1.push(field);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if self.is_included(&fragment.directives)? {
                        self.collect(&fragment.selection_set, groups)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if self.is_included(&spread.directives)?
                        && groups.visited.insert(name)
                        && let Some(fragment) = self.scope.valid.fragment(name)
                    {
                        self.collect(&fragment.selection_set, groups)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// One field made of all that share a response key; validation has seen to it that they agree.
    fn field(&self, parent: Option<Parent>, key: &str, fields: &[&'a Node<ast::Field>]) -> Result<Field, RequestError> {
        let Scope {
            valid,
            federated,
            slice,
            ..
        } = self.scope;
        let Some(first) = fields.first() else {
            return Err(lost(key));
        };
        let name = built_in::shared(&first.name);
        let mut field = Field {
            key: if *name == *key { name.clone() } else { Arc::from(key) },
            name,
            arguments: Vec::new(),
            selection: Vec::new(),
            location: valid.location(*first),
        };
        if first.name == "__typename" {
            return Ok(field);
        }
        let definition = parent.and_then(|parent| parent.field(federated, slice, &first.name));
        let Some(definition) = definition else {
            return Err(lost(key));
        };
        field.arguments = coerce::arguments(self.scope, &first.arguments, &definition.arguments, self.variables)?;
        let sets: Vec<&[Selection]> = fields
            .iter()
            .map(|field| &*field.selection_set)
            .filter(|set| !set.is_empty())
            .collect();
        if !sets.is_empty() {
            field.selection = self.selection(Parent::of(federated, slice, definition.ty.name()), &sets)?;
        }
        Ok(field)
    }

    fn is_included(&self, directives: &DirectiveList) -> Result<bool, RequestError> {
        for directive in directives.iter() {
            let wanted = match directive.name.as_str() {
                "skip" => false,
                "include" => true,
                _ => continue,
            };
            let Some(definition) = built_in::schema().directive_definitions.get(&directive.name) else {
                continue;
            };
            let definitions: Vec<_> = definition
                .arguments
                .iter()
                .map(|own| built_in::input_value(own))
                .collect();
            let arguments = coerce::arguments(self.scope, &directive.arguments, &definitions, self.variables)?;
            let given = arguments.first().map(|(_, argument)| &argument.form);
            if given != Some(&Form::Leaf(Value::Boolean(wanted))) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Validation lets no such field through.
fn lost(key: &str) -> RequestError {
    RequestError::new(
        Code::Internal,
        format!("The field \"{key}\" was lost after validation."),
    )
}
