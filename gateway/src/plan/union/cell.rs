//! Where the cells of a union's columns come from, for members that look the same.
//!
//! In: columns of the union. Out: their [`Cell`]s, and the member's own columns that are read for them.

use lilong_schema::collection::FieldId;
use lilong_schema::federated::UnionColumn;

use super::shape::Shape;

/// Where the cells of a column come from.
#[derive(Clone, Copy, Debug)]
pub enum Cell {
    /// A column of what the member sends.
    Column(usize),
    /// The name of its source.
    Source,
    /// A declared value.
    Constant(usize),
    /// Null.
    Missing,
}

impl Cell {
    /// Of a column that is one value in all rows.
    pub(super) fn fixed(column: UnionColumn) -> Self {
        match column {
            UnionColumn::Source => Self::Source,
            UnionColumn::Constant(at) => Self::Constant(at),
            UnionColumn::Field(_) | UnionColumn::Missing => Self::Missing,
        }
    }
}

impl Shape {
    /// Where the cells of columns come from, and the member's columns that are asked for.
    pub(super) fn cells(&self, columns: &[FieldId]) -> (Vec<Cell>, Vec<FieldId>) {
        let mut own = Vec::new();
        let cells = columns
            .iter()
            .map(|field| match self.columns()[*field] {
                UnionColumn::Field(id) => {
                    own.push(id);
                    Cell::Column(own.len() - 1)
                }
                fixed => Cell::fixed(fixed),
            })
            .collect();
        if own.is_empty() {
            // Rows without a column cannot be counted.
            own.push(0);
        }
        (cells, own)
    }
}
