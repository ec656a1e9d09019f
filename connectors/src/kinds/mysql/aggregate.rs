//! Aggregates as MySQL and MariaDB say them.
//!
//! In: functions and columns. Out: expressions. *Invariant*: no figure is rounded to the few digits that the server gives
//! to divisions of decimals, and the extremes of an enum go by its declaration.

use lilong_schema::Scalar;

use super::dialect::{MySql, bare};
use super::enumeration::labels;
use super::storage::Storage;
use crate::Function;
use crate::sql::dialect::{Column, Dialect};

/// What [`Dialect::aggregate`] gives.
pub(super) fn aggregate(dialect: MySql, function: Function, columns: &[Column<'_>]) -> Option<String> {
    Some(match (function, columns) {
        (Function::Count, []) => "COUNT(*)".to_owned(),
        (Function::Count, [column]) => format!("COUNT({})", bare(*column)),
        (Function::Count, columns) => {
            let known: Vec<String> = columns.iter().map(|column| format!("{} IS NOT NULL", bare(*column))).collect();
            format!("COUNT(CASE WHEN {} THEN 1 END)", known.join(" AND "))
        }
        (Function::CountDistinct, []) => return None,
        // Combinations with a null are left out by the server too.
        (Function::CountDistinct, columns) => {
            let cells: Vec<String> = columns.iter().map(|column| dialect.exact(*column)).collect();
            format!("COUNT(DISTINCT {})", cells.join(", "))
        }
        (Function::Minimum | Function::Maximum, [column]) => extreme(dialect, function, *column)?,
        (function, [column]) => number(function, *column)?,
        _ => return None,
    })
}

fn number(function: Function, column: Column<'_>) -> Option<String> {
    let scalar = column.field.scalar;
    function.scalar(scalar)?;
    let value = match Storage::of(column.field) {
        Storage::Year => format!("({} + 0)", bare(column)),
        _ => bare(column),
    };
    Some(match function {
        Function::Sum if scalar == Scalar::Int => format!("CAST(SUM({value}) AS SIGNED)"),
        Function::Sum => format!("SUM({value})"),
        Function::Average => format!("((SUM({value}) + 0e0) / COUNT({value}))"),
        Function::Deviation => format!("STDDEV_SAMP({value})"),
        Function::DeviationPopulation => format!("STDDEV_POP({value})"),
        Function::Variance => format!("VAR_SAMP({value})"),
        Function::VariancePopulation => format!("VAR_POP({value})"),
        _ => return None,
    })
}

fn extreme(dialect: MySql, function: Function, column: Column<'_>) -> Option<String> {
    function.scalar(column.field.scalar)?;
    let word = if function == Function::Minimum { "MIN" } else { "MAX" };
    let own = bare(column);
    Some(match Storage::of(column.field) {
        Storage::Enumeration(values) => format!("ELT({word}({own} + 0){})", labels(&values)),
        Storage::Boolean | Storage::Year => format!("{word}({own} + 0)"),
        _ => format!("{word}({})", dialect.sort_key(column)),
    })
}
