//! What stands where rows or a value are lost: null, and an error that names the source at fault where one is known to be.

use lilong_schema::federated::SourceId;

use super::Writer;
use super::errors::Segment;
use crate::error::Code;
use crate::execute::{Fault, Placed};
use crate::plan::{Output, OutputValue, RowsOutput, StepId};

/// A value that cannot be represented.
pub(super) const FAULTY: &str = "a value here that is not of this field's type";
/// None.
pub(super) const MISSING: &str = "no value here, where there is always one";

impl<'a> Writer<'a> {
    /// Null, and why.
    pub(super) fn lost(&mut self, fault: &Fault, join: StepId) {
        self.out.extend_from_slice(b"null");
        self.tell(fault, join, "add limit:");
    }

    /// The error of what stands at the path; `fewer` says how to ask for fewer rows there.
    pub(super) fn tell(&mut self, fault: &Fault, join: StepId, fewer: &str) {
        let source = fault.source.as_deref();
        if fault.code == Code::TooLarge {
            self.errors.add(join, fault.code, source, &format!("{}; {fewer}", fault.message), &self.path);
        } else {
            self.errors.add(join, fault.code, source, &fault.message, &self.path);
        }
    }

    /// The error of a cell that the source should have filled otherwise.
    pub(super) fn mismatch(
        &mut self,
        rows: &'a RowsOutput,
        placed: &Placed,
        row: usize,
        fields: &[&'a Output],
        what: &str,
    ) {
        let beyond = fields.last().and_then(|field| match &field.value {
            OutputValue::Cell(cell) => cell.source,
            _ => None,
        });
        let length = self.path.len();
        self.path.extend(fields.iter().map(|field| Segment::Key(&field.key)));
        match beyond {
            Some(source) => self.holds(source, None, rows.join, what),
            None => self.holds(rows.source, placed.rows.department(row), rows.join, what),
        }
        self.path.truncate(length);
    }

    /// The error of a value at the path; of a union's it is known which member holds it only where its row tells.
    pub(super) fn holds(&mut self, source: SourceId, department: Option<&str>, join: StepId, what: &str) {
        let source = &self.world.model.federated.sources[source];
        let holder = if source.union.is_some() { department } else { Some(&*source.name) };
        let message = match holder {
            Some(holder) => format!("source `{holder}` holds {what}"),
            None => format!("a source of `{}` holds {what}", source.field),
        };
        self.errors.add(join, Code::SourceMismatch, holder, &message, &self.path);
    }
}
