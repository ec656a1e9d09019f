//! Writes what is asked about the schema itself, among the rest.
//!
//! *Invariant*: a type that is too long leaves null and one error.

use super::Writer;
use super::errors::Segment;
use crate::error::{Code, RequestError};
use crate::introspect::{self, LongSchema};
use crate::operation::Field;
use crate::plan::{Output, PlanOperand};

impl<'a> Writer<'a> {
    /// A long schema, left to be unpacked when it is sent.
    pub(super) fn schema(&mut self, long: &LongSchema) {
        self.pieces.push(std::mem::take(&mut self.out));
        match self.world.schemas.iter().find(|packed| packed.number() == long.number) {
            Some(packed) => self.pieces.push_packed(packed.clone()),
            None => {
                self.out.extend_from_slice(b"null");
                self.errors.add(usize::MAX, Code::Internal, None, "The schema was not written.", &self.path);
            }
        }
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
