//! Opens the cursors of one request.

use std::sync::Arc;

use lilong_connectors::Source;
use lilong_schema::Value;

use super::Plan;
use super::connection::CursorArgument;
use crate::cursor::{CursorKey, Unopened};
use crate::error::{Code, RequestError};
use crate::operation::{Argument, Form, Variables};

impl Plan {
    /// Appends the values of the request's cursors to its variables; `BAD_INPUT` for one that cannot be used, `TOO_COSTLY` for
    /// one whose source cannot tell which rows stand behind it.
    pub(crate) fn open_cursors(
        &self,
        mut variables: Variables,
        key: &CursorKey,
        sources: &[Arc<Source>],
    ) -> Result<Variables, RequestError> {
        let opened = self.cursors.iter().map(|cursor| open(cursor, &variables, key, sources));
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        variables.0.extend(opened.into_iter().map(Some));
        Ok(variables)
    }
}

fn open(
    cursor: &CursorArgument,
    variables: &Variables,
    key: &CursorKey,
    sources: &[Arc<Source>],
) -> Result<Argument, RequestError> {
    let name = cursor.name;
    let error = |code, message: String| RequestError::at(code, message, cursor.location);
    let refuse = |message| error(Code::BadInput, message);
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
    if let Some(source) = sources.get(cursor.source) {
        for (field, value) in cursor.fields.iter().zip(&values) {
            if field.as_ref().is_some_and(|field| !source.resumes(field, Some(value))) {
                let what = "cannot tell which rows stand behind a text as this cursor's: order by another column";
                return Err(error(Code::TooCostly, format!("`{name}`: source `{}` {what}", source.name())));
            }
        }
    }
    let leaf = |value| {
        let form = match value {
            Value::Null => Form::Null,
            value => Form::Leaf(value),
        };
        Argument { form, slot: None }
    };
    Ok(Argument { form: Form::List(values.into_iter().map(leaf).collect()), slot: None })
}
