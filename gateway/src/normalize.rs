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
    let scope = Scope { valid, operation, federated, slice };
    let merge = Merge { scope, variables };
    let kind = match operation.operation_type {
        OperationType::Query => OperationKind::Query,
        OperationType::Mutation => OperationKind::Mutation,
        OperationType::Subscription => OperationKind::Subscription,
    };
    let selection = merge.selection(Some(Parent::Model(TypeId::Query)), &[&operation.selection_set])?;
    Ok(Operation { kind, selection, variables: operation.variables.len() })
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
        groups.order.into_iter().map(|(key, fields)| self.field(parent, key, &fields)).collect()
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
        let Scope { valid, federated, slice, .. } = self.scope;
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
        let sets: Vec<&[Selection]> =
            fields.iter().map(|field| &*field.selection_set).filter(|set| !set.is_empty()).collect();
        if !sets.is_empty() {
            field.selection = self.selection(Parent::of(federated, slice, definition.ty.name()), &sets)?;
        }
        Ok(field)
    }

    fn is_included(&self, directives: &DirectiveList) -> Result<bool, RequestError> {
        for directive in directives {
            let wanted = match directive.name.as_str() {
                "skip" => false,
                "include" => true,
                _ => continue,
            };
            let Some(definition) = built_in::schema().directive_definitions.get(&directive.name) else {
                continue;
            };
            let definitions: Vec<_> = definition.arguments.iter().map(|own| built_in::input_value(own)).collect();
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
    RequestError::new(Code::Internal, format!("The field \"{key}\" was lost after validation."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{model, normalized};

    fn written(selection: &[Field]) -> String {
        let fields = selection.iter().map(|field| {
            let alias = if field.key == field.name { String::new() } else { format!("{}:", field.key) };
            let nested =
                if field.selection.is_empty() { String::new() } else { format!("{{{}}}", written(&field.selection)) };
            format!("{alias}{}{nested}", field.name)
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    fn shown(text: &str, raw: serde_json::Value) -> String {
        written(&normalized(&model(), text, raw).unwrap().1.selection)
    }

    #[test]
    fn fields_merge_in_order_of_first_appearance() {
        let cases = [
            (
                "{ b: __typename civil { __typename } a: __typename civil { resident { id } b: __typename } b: __typename }",
                "b:__typename civil{__typename resident{id} b:__typename} a:__typename",
            ),
            (
                "{ civil { resident { id ...F idCard } } } fragment F on CivilResident { street { name } id born }",
                "civil{resident{id street{name} born idCard}}",
            ),
            (
                "{ civil { resident { street { id } ... { street { name ...G } } } } } fragment G on CivilStreet { id resident { id } }",
                "civil{resident{street{id name resident{id}}}}",
            ),
            ("{ ...A ...A ... on Query { ...A } } fragment A on Query { _sources { name } }", "_sources{name}"),
            ("{ __schema { types { name ofType { name } name } } }", "__schema{types{name ofType{name}}}"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text, json!({})), expected, "{text}");
        }
    }

    #[test]
    fn conditions_are_decided_and_leave_nothing() {
        let text = "query($x: Boolean = true) { civil @skip(if: $x) { __typename } ... @include(if: $x) { a: __typename }
                    ...F @include(if: $x) b: __typename @include(if: $x) @skip(if: false) c: __typename @include(if: true) @skip(if: true) }
                    fragment F on Query { f: __typename }";
        assert_eq!(shown(text, json!({})), "a:__typename f:__typename b:__typename");
        assert_eq!(shown(text, json!({"x": false})), "civil{__typename}");
    }

    #[test]
    fn a_fragment_skipped_once_may_still_be_spread_later() {
        let text = "{ ...F @skip(if: true) a: __typename ...F } fragment F on Query { f: __typename }";
        assert_eq!(shown(text, json!({})), "a:__typename f:__typename");
    }

    #[test]
    fn a_field_stands_where_it_stood_first() {
        let operation =
            normalized(&model(), "{\n  civil { __typename }\n civil { resident { id } }\n}", json!({})).unwrap().1;
        let civil = &operation.selection[0];
        assert_eq!((civil.location.line, civil.location.column), (2, 3));
        assert_eq!(civil.selection[1].location.line, 3);
    }

    #[test]
    fn conditional_null_is_refused() {
        let text = "query($x: Boolean = true) { __typename @skip(if: $x) }";
        let errors = normalized(&model(), text, json!({"x": null})).unwrap_err();
        assert_eq!(errors[0].code, Code::BadVariables);
    }
}
