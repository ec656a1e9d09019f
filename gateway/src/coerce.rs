//! Variables and arguments → coerced values (GraphQL specification §3 and §6.1.2).
//!
//! In: JSON and literals. Out: [`Variables`] by position and [`Argument`]s that remember which part of which variable
//! they came from. *Invariant*: what is coerced fits its type whole: unknown fields, missing fields and nulls in wrong
//! places never come through.

mod literal;
mod structure;
mod variable;

use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast;
use lilong_schema::definition::{InputValue, TypeRef};
use lilong_schema::{Federated, Slice};

use crate::error::RequestError;
use crate::operation::{Argument, Variables};
use crate::validate::Valid;

pub use structure::structure;

/// What values are coerced within: a document, one of its operations, and what the request sees of the model.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The document.
    pub valid: &'a Valid,
    /// The operation that runs.
    pub operation: &'a ast::OperationDefinition,
    /// The model.
    pub federated: &'a Federated,
    /// What the request sees of it.
    pub slice: &'a Slice,
}

/// Coerces the variables of a request; `BAD_VARIABLES`, at most ten of them, naming the variable and the path in it.
///
/// What the operation does not declare is ignored; an absent variable without a default stays absent.
pub fn variables(
    scope: Scope<'_>,
    raw: &serde_json::Map<String, serde_json::Value>,
) -> Result<Variables, Vec<RequestError>> {
    variable::variables(scope, raw)
}

/// Coerces the arguments of a field. An argument whose variable is absent is absent; defaults are those of variables,
/// for the model's arguments have none.
pub fn arguments(
    scope: Scope<'_>,
    given: &[Node<ast::Argument>],
    definitions: &[InputValue],
    variables: &Variables,
) -> Result<Vec<(Arc<str>, Argument)>, RequestError> {
    let mut coerced = Vec::with_capacity(given.len());
    for argument in given {
        let Some(definition) = definitions.iter().find(|own| *own.name == *argument.name.as_str()) else {
            continue;
        };
        if let Some(value) = literal::coerce(scope, Some(variables), &definition.ty, &argument.value)? {
            coerced.push((definition.name.clone(), value));
        }
    }
    Ok(coerced)
}

/// The type within a non-null, and whether there was one.
fn nullable(ty: &TypeRef) -> (&TypeRef, bool) {
    match ty {
        TypeRef::NonNull(inner) => (inner, true),
        _ => (ty, false),
    }
}
