//! Opens the cursors of one request.

use lilong_schema::Value;

use super::Plan;
use super::connection::CursorArgument;
use crate::cursor::{CursorKey, Unopened};
use crate::error::{Code, RequestError};
use crate::operation::{Argument, Form, Variables};

impl Plan {
    /// Appends the values of the request's cursors to its variables; `BAD_INPUT` for one that cannot be used.
    pub(crate) fn open_cursors(&self, mut variables: Variables, key: &CursorKey) -> Result<Variables, RequestError> {
        let opened = self.cursors.iter().map(|cursor| open(cursor, &variables, key)).collect::<Result<Vec<_>, _>>()?;
        variables.0.extend(opened.into_iter().map(Some));
        Ok(variables)
    }
}

fn open(cursor: &CursorArgument, variables: &Variables, key: &CursorKey) -> Result<Argument, RequestError> {
    let name = cursor.name;
    let refuse = |message: String| RequestError { code: Code::BadInput, message, locations: vec![cursor.location] };
    let Some(Value::Text(text)) = cursor.text.value(variables) else {
        return Err(refuse(format!("`{name}` is no cursor")));
    };
    let values = key.open(&cursor.order, &text).map_err(|unopened| {
        refuse(match unopened {
            Unopened::Foreign => format!(
                "`{name}` is no cursor of this gateway's: it was changed, or the key has changed since it was given"
            ),
            Unopened::Elsewhere => format!(
                "`{name}` is a cursor of another collection or another order: give it the `orderBy` that it came with"
            ),
        })
    })?;
    let leaf = |value| {
        let form = match value {
            Value::Null => Form::Null,
            value => Form::Leaf(value),
        };
        Argument { form, slot: None }
    };
    Ok(Argument { form: Form::List(values.into_iter().map(leaf).collect()), slot: None })
}
