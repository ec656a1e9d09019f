//! Syntax tree → a document that fits the schema.
//!
//! In: a [`Parsed`] document and what the request sees of the model. Out: a [`Valid`] document, or at most
//! [`MOST_ERRORS`] reasons why not. The compiler's own validation is run against a schema made for this document alone,
//! of just the types and fields that it touches; rules that the compiler lacks are added. *Invariant*: a [`Valid`] can
//! only come from here, and its cost never depends on the size of the model.

mod touch;
mod variables;

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, FragmentDefinition, OperationDefinition, OperationType};
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::validation::Valid as Assumed;
use lilong_schema::{Federated, Slice};

use crate::error::{Code, Location, RequestError};
use crate::parse::{Parsed, cut, sentence};

/// How many errors of one document are told.
const MOST_ERRORS: usize = 10;

/// A document of which every operation fits the schema.
#[derive(Clone, Debug)]
pub struct Valid {
    parsed: Parsed,
    /// Positions among the document's definitions.
    operations: Vec<usize>,
    fragments: HashMap<apollo_compiler::Name, usize>,
}

impl Valid {
    /// The syntax tree.
    pub fn document(&self) -> &ast::Document {
        self.parsed.document()
    }

    /// The operation of that name, or the only one; `BAD_INPUT` if there is none or the choice is open.
    pub fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, RequestError> {
        let mut operations = self
            .operations
            .iter()
            .filter_map(|at| match self.document().definitions.get(*at) {
                Some(Definition::OperationDefinition(operation)) => Some(operation),
                _ => None,
            });
        let refuse = |message: String| Err(RequestError::new(Code::BadInput, message));
        match (name, self.operations.len()) {
            (Some(name), _) => {
                match operations.find(|operation| operation.name.as_ref().is_some_and(|own| own == name)) {
                    Some(operation) => Ok(operation),
                    None => refuse(cut(&format!("Unknown operation named \"{name}\"."))),
                }
            }
            (None, 0 | 1) => match operations.next() {
                Some(operation) => Ok(operation),
                None => refuse("Must provide an operation.".into()),
            },
            (None, _) => refuse("Must provide operation name if query contains multiple operations.".into()),
        }
    }

    /// The fragment of that name; every fragment that is spread is there.
    pub fn fragment(&self, name: &str) -> Option<&FragmentDefinition> {
        match self.document().definitions.get(*self.fragments.get(name)?) {
            Some(Definition::FragmentDefinition(fragment)) => Some(fragment),
            _ => None,
        }
    }

    /// Where a part of the document stands.
    pub fn location<T>(&self, node: &Node<T>) -> Location {
        self.parsed.location(node.location())
    }

    /// A refusal that points at a part of the document.
    pub(crate) fn refuse<T>(&self, code: Code, message: impl Into<String>, node: &Node<T>) -> RequestError {
        self.parsed.refuse(code, message, node.location())
    }
}

/// Validates a document. Literals that a custom scalar cannot read are `BAD_INPUT`, all else is `VALIDATION_FAILED`.
///
/// Limits must have been checked before: what is too deep here could need too much stack.
pub fn validate(parsed: Parsed, federated: &Federated, slice: &Slice) -> Result<Valid, Vec<RequestError>> {
    let unsupported = unsupported_operations(&parsed);
    if !unsupported.is_empty() {
        return Err(unsupported);
    }
    let touched = touch::touch(&parsed, federated, slice);
    if let Err(failure) = parsed
        .document()
        .to_executable_validate(Assumed::assume_valid_ref(&touched.schema))
    {
        let errors = failure.errors.iter().take(MOST_ERRORS).map(|diagnostic| {
            let message = cut(&sentence(&diagnostic.error.to_string()));
            parsed.refuse(Code::ValidationFailed, message, diagnostic.error.location())
        });
        return Err(errors.collect());
    }
    let mut errors = touched.repeated;
    errors.extend(variables::check(&parsed, &touched.uses));
    if errors.is_empty() {
        errors = touched.unreadable;
    }
    if !errors.is_empty() {
        errors.truncate(MOST_ERRORS);
        return Err(errors);
    }
    let mut valid = Valid {
        parsed,
        operations: Vec::new(),
        fragments: HashMap::new(),
    };
    for (at, definition) in valid.parsed.document().definitions.iter().enumerate() {
        match definition {
            Definition::OperationDefinition(_) => valid.operations.push(at),
            Definition::FragmentDefinition(fragment) => {
                valid.fragments.insert(fragment.name.clone(), at);
            }
            _ => {}
        }
    }
    Ok(valid)
}

/// Kinds of operation that have no root type, told by their own words.
fn unsupported_operations(parsed: &Parsed) -> Vec<RequestError> {
    let definitions = parsed.document().definitions.iter();
    let errors = definitions.filter_map(|definition| match definition {
        Definition::OperationDefinition(operation) => {
            let message = match operation.operation_type {
                OperationType::Query => return None,
                OperationType::Mutation => "Mutations are not supported yet.",
                OperationType::Subscription => "Subscriptions are not supported yet.",
            };
            Some(parsed.refuse(Code::ValidationFailed, message, operation.location()))
        }
        _ => None,
    });
    errors.take(MOST_ERRORS).collect()
}
