//! Literals → arguments, variables put in their places.
//!
//! In: a literal of a validated document and the coerced variables. Out: an [`Argument`]. *Invariant*: parts that come
//! from variables keep their slots, all others have none.

use apollo_compiler::Node;
use apollo_compiler::ast::Value;
use lilong_schema::definition::TypeRef;
use lilong_schema::federated::TypeId;

use super::scope::{Scope, nullable};
use crate::built_in;
use crate::error::{Code, RequestError};
use crate::input;
use crate::operation::{Argument, Form, Variables};

/// Coerces a literal; `None` if it is a variable that is absent. `variables` are `None` inside default values.
pub(super) fn coerce(
    scope: Scope<'_>,
    variables: Option<&Variables>,
    ty: &TypeRef,
    literal: &Node<Value>,
) -> Result<Option<Argument>, RequestError> {
    let (inner, required) = nullable(ty);
    let form = match (&**literal, inner) {
        (Value::Variable(name), _) => {
            let position = scope.operation.variables.iter().position(|variable| variable.name == *name);
            let given = position.and_then(|at| variables?.0.get(at)?.as_ref());
            return match given {
                Some(argument) if required && argument.form == Form::Null => {
                    let message = format!("Variable \"${name}\" must not be null where \"{ty}\" is expected.");
                    Err(scope.valid.refuse(Code::BadVariables, message, literal))
                }
                None if required => {
                    let message = format!("Variable \"${name}\" was not provided where \"{ty}\" is expected.");
                    Err(scope.valid.refuse(Code::BadVariables, message, literal))
                }
                given => Ok(given.cloned()),
            };
        }
        (Value::Null, _) if required => return Err(mismatch(scope, ty, literal)),
        (Value::Null, _) => Form::Null,
        (Value::List(items), TypeRef::List(item_type)) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                let item = coerce(scope, variables, item_type, item)?;
                // An absent variable cannot leave a gap in a list (§6.4.1): it is null there.
                list.push(item.unwrap_or(Argument { form: Form::Null, slot: None }));
            }
            Form::List(list)
        }
        (_, TypeRef::List(item_type)) => {
            let item = coerce(scope, variables, item_type, literal)?;
            Form::List(item.into_iter().collect())
        }
        (value, named) => match (built_in::type_id(scope.federated, named.name()), value) {
            (Some(TypeId::Scalar(scalar)), value) => match input::read_literal(scalar, value) {
                Some(value) => Form::Leaf(value),
                None => return Err(mismatch(scope, ty, literal)),
            },
            (Some(id), Value::Object(entries)) if built_in::is_input(id) => {
                let mut object = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let Some(own) = scope.federated.input_definition(id, key, scope.slice) else {
                        return Err(mismatch(scope, ty, literal));
                    };
                    if let Some(value) = coerce(scope, variables, &own.ty, value)? {
                        object.push((own.name, value));
                    }
                }
                Form::Object(object)
            }
            // Validation has seen to it that the enum has this value.
            (Some(_), Value::Enum(value)) => Form::Enum(built_in::shared(value)),
            _ => return Err(mismatch(scope, ty, literal)),
        },
    };
    Ok(Some(Argument { form, slot: None }))
}

fn mismatch(scope: Scope<'_>, ty: &TypeRef, literal: &Node<Value>) -> RequestError {
    scope.valid.refuse(Code::BadInput, format!("This is no value of type \"{ty}\"."), literal)
}
