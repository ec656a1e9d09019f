//! What the columns of a file are, by their values.
//!
//! In: sheets. Out: a scalar for each column. *Invariant*: a column has a scalar only if every value that was seen has its
//! form; what has several forms, or none, is text.

use lilong_schema::Scalar;

use super::sheet::{Cell, Sheet};
use super::value;

/// Rows looked at, at most.
pub(super) const ROWS: usize = 100_000;

/// The scalars that are looked for, the first that fits is taken.
const CANDIDATES: [Scalar; 11] = [
    Scalar::Boolean,
    Scalar::BigInt,
    Scalar::Float,
    Scalar::Decimal,
    Scalar::Date,
    Scalar::Time,
    Scalar::LocalDateTime,
    Scalar::DateTime,
    Scalar::Uuid,
    Scalar::Json,
    Scalar::String,
];

/// A set of [`CANDIDATES`], a bit each.
type Fitting = u16;

const ALL: Fitting = (1 << CANDIDATES.len()) - 1;

/// What was seen of one column.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    fitting: Fitting,
    values: usize,
    /// The same without the first row of each file.
    below: Fitting,
    values_below: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { fitting: ALL, values: 0, below: ALL, values_below: 0 }
    }
}

impl Seen {
    /// Looks at a column of a sheet.
    pub(super) fn look(&mut self, sheet: &Sheet, column: usize) {
        for row in 0..sheet.height().min(ROWS) {
            let cell = sheet.cell(row, column);
            if matches!(cell, Cell::Empty | Cell::Blank | Cell::Bad(_)) {
                continue;
            }
            self.values += 1;
            self.fitting = fitting(cell, self.fitting);
            if row > 0 {
                self.values_below += 1;
                self.below = fitting(cell, self.below);
            }
        }
    }

    /// What the column is.
    pub(super) fn scalar(&self) -> Scalar {
        chosen(self.fitting, self.values)
    }

    /// What it would be if the first row were none of its values, where that makes a difference: it may be a second header.
    pub(super) fn without_first_row(&self) -> Option<Scalar> {
        let below = chosen(self.below, self.values_below);
        (self.values_below > 1 && self.scalar() == Scalar::String && below != Scalar::String).then_some(below)
    }
}

fn chosen(fitting: Fitting, values: usize) -> Scalar {
    let mut all = CANDIDATES.into_iter().enumerate();
    let first = all.find(|(bit, _)| values > 0 && fitting & (1 << bit) != 0);
    first.map_or(Scalar::String, |(_, scalar)| scalar)
}

/// Which of some scalars a value fits.
fn fitting(cell: Cell<'_>, among: Fitting) -> Fitting {
    let mut fitting = 0;
    for (bit, scalar) in CANDIDATES.into_iter().enumerate() {
        if among & (1 << bit) != 0 && fits(cell, scalar) {
            fitting |= 1 << bit;
        }
    }
    fitting
}

fn fits(cell: Cell<'_>, scalar: Scalar) -> bool {
    // What the file says is text is no number, whatever it looks like.
    let is_number = matches!(cell, Cell::Written(_) | Cell::Digits(_) | Cell::Number(_));
    match scalar {
        Scalar::Boolean => !matches!(cell, Cell::Text(_)) && value::boolean(cell, false).is_some(),
        Scalar::BigInt => is_number && value::integer(cell, false).is_some_and(|value| i64::try_from(value).is_ok()),
        Scalar::Float => is_number && value::float(cell, false).is_some(),
        Scalar::Decimal => is_number && value::decimal(cell, false).is_some() && !is_long_integer(cell),
        Scalar::Date => value::date(cell, false).is_some(),
        Scalar::Time => value::time(cell).is_some(),
        Scalar::LocalDateTime => value::local(cell, false).is_some(),
        Scalar::DateTime => value::instant(cell).is_some(),
        Scalar::Uuid => value::uuid(cell, false).is_some(),
        Scalar::Json => matches!(cell, Cell::Json(_)),
        Scalar::String => !matches!(cell, Cell::Json(_)),
        _ => false,
    }
}

/// Digits beyond 64 bits number something; they count nothing.
fn is_long_integer(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Written(text) | Cell::Digits(text) => {
            let text = text.trim();
            !text.contains(['.', 'e', 'E']) && text.parse::<i64>().is_err()
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kinds::files::csv;
    use crate::kinds::files::settings::Settings;

    #[test]
    fn a_column_is_what_all_its_values_are() {
        for (values, scalar) in [
            (&["1", "2", ""][..], Scalar::BigInt),
            (&["00123", "456"], Scalar::String),
            (&["0", "10"], Scalar::BigInt),
            (&["110101199003071234", "9223372036854775807"], Scalar::BigInt),
            (&["11010119900307123X", "110101199003071234"], Scalar::String),
            (&["92233720368547758080", "1"], Scalar::String),
            (&["1", "2.5"], Scalar::Float),
            (&["1.50", "-0.25"], Scalar::Float),
            (&["1", "1234567890123456789.25"], Scalar::Decimal),
            (&["1e5", "2"], Scalar::String),
            (&["1.0e5", "2"], Scalar::Float),
            (&["1,5", "2"], Scalar::String),
            (&["true", "FALSE"], Scalar::Boolean),
            (&["0", "1"], Scalar::BigInt),
            (&["yes", "no"], Scalar::String),
            (&["2026-03-01", "2026/3/2"], Scalar::Date),
            (&["2026-03-01", "n/a"], Scalar::String),
            (&["01/03/2026"], Scalar::String),
            (&["2026-03-01 09:30", "2026-03-01 10:00:00.5"], Scalar::LocalDateTime),
            (&["2026-03-01T09:30:00Z", "2026-03-01T09:30:00+08:00"], Scalar::DateTime),
            (&["2026-03-01", "2026-03-01 09:30"], Scalar::String),
            (&["09:30", "23:59:59"], Scalar::Time),
            (&["09:30", "24:00"], Scalar::String),
            (&["123e4567-e89b-12d3-a456-426614174000"], Scalar::Uuid),
            (&["123E4567-e89b-12d3-a456-426614174000"], Scalar::String),
            (&["", ""], Scalar::String),
        ] {
            let text =
                format!("value,other\n{}", values.iter().map(|value| format!("\"{value}\",x\n")).collect::<String>());
            let mut sheet = csv::read(&text, &Settings::default(), 1 << 20).unwrap();
            sheet.head(&Settings::default(), "line").unwrap();
            let mut seen = Seen::default();
            seen.look(&sheet, 0);
            assert_eq!(seen.scalar(), scalar, "{values:?}");
        }
    }
}
