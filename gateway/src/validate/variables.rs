//! Whether every variable fits every place where an operation uses it (GraphQL specification §5.8.3 and §5.8.5).
//!
//! In: the uses that the walk found, by definition. Out: errors. The compiler judges whole arguments; this judges
//! places inside lists and input objects too. *Invariant*: each definition is looked at once for each operation.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, OperationDefinition, Selection, Value, VariableDefinition};
use lilong_schema::definition::TypeRef;

use super::touch::Use;
use crate::built_in;
use crate::error::{Code, RequestError};
use crate::parse::{Parsed, cut};

/// Checks the variables of every operation; `uses` are by position of the definition they stand in.
pub(super) fn check(parsed: &Parsed, uses: &[Vec<Use>]) -> Vec<RequestError> {
    let definitions = &parsed.document().definitions;
    let mut errors = Vec::new();
    if uses.iter().all(Vec::is_empty) {
        return errors;
    }
    let fragments: HashMap<&str, usize> = definitions
        .iter()
        .enumerate()
        .filter_map(|(at, definition)| match definition {
            Definition::FragmentDefinition(fragment) => Some((fragment.name.as_str(), at)),
            _ => None,
        })
        .collect();
    let spreads: Vec<Vec<usize>> = definitions
        .iter()
        .map(|definition| {
            let mut found = HashSet::new();
            match definition {
                Definition::OperationDefinition(operation) => collect(&operation.selection_set, &fragments, &mut found),
                Definition::FragmentDefinition(fragment) => collect(&fragment.selection_set, &fragments, &mut found),
                _ => {}
            }
            found.into_iter().collect()
        })
        .collect();
    for (at, definition) in definitions.iter().enumerate() {
        let Definition::OperationDefinition(operation) = definition else {
            continue;
        };
        let variables: HashMap<&str, &Node<VariableDefinition>> =
            operation.variables.iter().map(|variable| (variable.name.as_str(), variable)).collect();
        let mut reached = HashSet::from([at]);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            errors.extend(uses[at].iter().filter_map(|place| judge(parsed, operation, &variables, place)));
            open.extend(spreads[at].iter().copied().filter(|next| reached.insert(*next)));
        }
    }
    errors
}

fn collect(selections: &[Selection], fragments: &HashMap<&str, usize>, found: &mut HashSet<usize>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => collect(&field.selection_set, fragments, found),
            Selection::InlineFragment(fragment) => collect(&fragment.selection_set, fragments, found),
            Selection::FragmentSpread(spread) => {
                found.extend(fragments.get(spread.fragment_name.as_str()));
            }
        }
    }
}

fn judge(
    parsed: &Parsed,
    operation: &OperationDefinition,
    variables: &HashMap<&str, &Node<VariableDefinition>>,
    place: &Use,
) -> Option<RequestError> {
    let name = &place.variable;
    let refuse = |message: String| Some(parsed.refuse(Code::ValidationFailed, cut(&message), place.span));
    let Some(variable) = variables.get(name.as_str()) else {
        return refuse(match &operation.name {
            Some(operation) => format!("Variable \"${name}\" is not defined by operation \"{operation}\"."),
            None => format!("Variable \"${name}\" is not defined."),
        });
    };
    let wanted = place.ty.as_ref()?;
    let given = built_in::type_ref(&variable.ty);
    let has_default = variable.default_value.as_ref().is_some_and(|value| !matches!(**value, Value::Null));
    let fits = match (wanted, &given) {
        (TypeRef::NonNull(_), TypeRef::NonNull(_)) => is_subtype(&given, wanted),
        (TypeRef::NonNull(inner), _) => has_default && is_subtype(&given, inner),
        _ => is_subtype(&given, wanted),
    };
    if fits {
        return None;
    }
    refuse(format!("Variable \"${name}\" of type \"{given}\" used in position expecting type \"{wanted}\"."))
}

fn is_subtype(given: &TypeRef, wanted: &TypeRef) -> bool {
    match (given, wanted) {
        (TypeRef::NonNull(given), TypeRef::NonNull(wanted)) | (TypeRef::List(given), TypeRef::List(wanted)) => {
            is_subtype(given, wanted)
        }
        (TypeRef::NonNull(given), wanted) => is_subtype(given, wanted),
        (TypeRef::Named(given), TypeRef::Named(wanted)) => given == wanted,
        _ => false,
    }
}
