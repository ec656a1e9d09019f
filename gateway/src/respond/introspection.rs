//! Writes what is asked about the schema itself, among the rest.
//!
//! *Invariant*: a type that is too long leaves null and one error.

use std::sync::Arc;

use super::Writer;
use super::errors::Segment;
use crate::error::{Code, RequestError};
use crate::introspect::{self, LongSchema, SchemaText};
use crate::operation::Field;
use crate::plan::{Output, PlanOperand};

impl<'a> Writer<'a> {
    /// A long schema, left to be written when it is sent.
    pub(super) fn schema(&mut self, long: &Arc<LongSchema>) {
        let (federated, slice) = (self.world.model.federated.clone(), self.world.slice.clone());
        self.pieces.push(std::mem::take(&mut self.out));
        let text = SchemaText::new(federated, slice, long.clone());
        self.pieces.push_later(long.length, Box::new(text));
    }

    /// A type, or null if the slice has none of that name.
    pub(super) fn type_by_name(&mut self, field: &'a Output, name: &PlanOperand, selection: &[Field]) {
        let start = self.out.len();
        let federated = &self.world.model.federated;
        let written = match name.value(self.world.variables) {
            Some(lilong_schema::Value::Text(name)) => {
                introspect::write_type(federated, self.world.slice, &name, selection, &mut self.out)
            }
            _ => Err(RequestError::new(Code::BadInput, "`__type` needs a name")),
        };
        if let Err(error) = written {
            self.out.truncate(start);
            self.out.extend_from_slice(b"null");
            self.path.push(Segment::Key(&field.key));
            self.errors.add(usize::MAX, error.code, None, &error.message, &self.path);
            self.path.pop();
        }
    }
}
