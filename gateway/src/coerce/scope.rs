//! What values are coerced within, and what both kinds of value need to know of types.
//!
//! In: references to a document, an operation and the model. Out: the same, together. *Invariant*: holds nothing of its own.

use apollo_compiler::ast;
use lilong_schema::definition::TypeRef;
use lilong_schema::{Federated, Slice};

use crate::validate::Valid;

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

/// The type within a non-null, and whether there was one.
pub(super) fn nullable(ty: &TypeRef) -> (&TypeRef, bool) {
    match ty {
        TypeRef::NonNull(inner) => (inner, true),
        _ => (ty, false),
    }
}
