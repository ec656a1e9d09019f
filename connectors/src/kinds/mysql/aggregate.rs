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
    if dialect.family.analytic
        && let Some(text) = analytic(function, columns)
    {
        return Some(text);
    }
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
        (function, [column]) => number(dialect, function, *column)?,
        _ => return None,
    })
}

fn number(dialect: MySql, function: Function, column: Column<'_>) -> Option<String> {
    let scalar = column.field.scalar;
    function.scalar(scalar)?;
    let value = match Storage::of(column.field) {
        Storage::Year => format!("({} + 0)", bare(column)),
        _ => bare(column),
    };
    // `MariaDB` rounds these where they come out of a subselect of a subselect.
    let figure = |name: &str| {
        if dialect.family.analytic { format!("{name}({value})") } else { format!("({name}({value}) + 0e0)") }
    };
    Some(match function {
        Function::Sum if scalar == Scalar::Int => format!("CAST(SUM({value}) AS SIGNED)"),
        Function::Sum => format!("SUM({value})"),
        Function::Average => format!("((SUM({value}) + 0e0) / COUNT({value}))"),
        Function::Deviation => figure("STDDEV_SAMP"),
        Function::DeviationPopulation => figure("STDDEV_POP"),
        Function::Variance => figure("VAR_SAMP"),
        Function::VariancePopulation => figure("VAR_POP"),
        _ => return None,
    })
}

/// What servers for analysis are told in another way: their sums of integers have 64 bits and pass them in silence, and what
/// deviation a single row has is not said.
fn analytic(function: Function, columns: &[Column<'_>]) -> Option<String> {
    if function == Function::CountDistinct && columns.len() > 1 {
        // Texts behind their lengths are told apart however they end; with a null the whole is null, and left out.
        let cells: Vec<String> = columns.iter().map(|column| format!("CAST({} AS STRING)", bare(*column))).collect();
        let cells: Vec<String> =
            cells.iter().map(|cell| format!("CAST(CHAR_LENGTH({cell}) AS STRING), ':', {cell}")).collect();
        return Some(format!("COUNT(DISTINCT CONCAT({}))", cells.join(", ")));
    }
    let [column] = columns else {
        return None;
    };
    let value = bare(*column);
    let sum = match column.field.scalar {
        Scalar::BigInt => format!("SUM(CAST({value} AS DECIMAL(38, 0)))"),
        _ => format!("SUM({value})"),
    };
    let several = |name: &str| format!("CASE WHEN COUNT({value}) > 1 THEN {name}({value}) END");
    match function {
        Function::Sum | Function::Average | Function::Deviation | Function::Variance => {
            function.scalar(column.field.scalar)?;
        }
        _ => return None,
    }
    Some(match function {
        Function::Sum => sum,
        Function::Average => format!("(CAST({sum} AS DOUBLE) / COUNT({value}))"),
        Function::Deviation => several("STDDEV_SAMP"),
        _ => several("VAR_SAMP"),
    })
}

fn extreme(dialect: MySql, function: Function, column: Column<'_>) -> Option<String> {
    function.scalar(column.field.scalar)?;
    let word = if function == Function::Minimum { "MIN" } else { "MAX" };
    let own = bare(column);
    Some(match Storage::of(column.field) {
        Storage::Enumeration(values) => format!("ELT({word}({own} + 0) + 1, ''{})", labels(&values)),
        // `MariaDB` gives the digits of an extreme of bits as if they were bits.
        Storage::Boolean | Storage::Year | Storage::Bits(_) => format!("{word}({own} + 0)"),
        _ => format!("{word}({})", dialect.sort_key(column)),
    })
}
