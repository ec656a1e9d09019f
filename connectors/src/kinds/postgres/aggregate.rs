//! Groups and aggregates as `PostgreSQL` says them.
//!
//! In: functions and columns. Out: expressions. *Invariant*: what is given of a group is of the column's own type and
//! collation, so that conditions and orders of groups are those of the column.

use lilong_schema::Scalar;

use super::dialect::Postgres;
use super::expression::{bare, exact_text, is_loose, type_of};
use super::form::{COLLATION, Form};
use crate::Function;
use crate::sql::dialect::{Column, Dialect, Grouping};

/// What [`Dialect::grouping`] gives.
pub(super) fn grouping(column: Column<'_>) -> Grouping {
    let bare = bare(column);
    let exact = match Form::of(column.field) {
        Form::Enum | Form::Real => bare.clone(),
        Form::Padded if !is_loose(column.field) => bare.clone(),
        _ => exact_text(column),
    };
    if exact == bare {
        return Grouping { exact, value: bare };
    }
    let value = match Form::of(column.field) {
        Form::Native | Form::Real | Form::Enum => collated(&exact, column),
        // The server moves a cast inside a collation, and then does not see that this is what is grouped by.
        Form::Padded => collated(&format!("({exact} || '')::bpchar"), column),
        _ => format!("({exact})::{}", type_of(column.field)),
    };
    Grouping { exact, value }
}

/// A text told the column's own collation again.
fn collated(text: &str, column: Column<'_>) -> String {
    let collation = column.field.details.get(COLLATION).map_or("pg_catalog.\"default\"", String::as_str);
    format!("(({text}) COLLATE {collation})")
}

/// What [`Dialect::aggregate`] gives.
pub(super) fn aggregate(dialect: Postgres<'_>, function: Function, columns: &[Column<'_>]) -> Option<String> {
    let known = |columns: &[Column<'_>]| {
        let known: Vec<String> = columns.iter().map(|column| format!("{} IS NOT NULL", bare(*column))).collect();
        format!(" FILTER (WHERE {})", known.join(" AND "))
    };
    let statistic = |names: &[&str], column: Column<'_>| {
        function.scalar(column.field.scalar)?;
        let of = |cell: String| names.iter().rev().fold(cell, |inner, name| format!("{name}({inner})"));
        Some(match column.field.scalar {
            Scalar::Float => of(number(column)),
            _ => format!("{}::float8", of(bare(column))),
        })
    };
    if let Some(text) = plain(dialect, function, columns) {
        return Some(text);
    }
    Some(match (function, columns) {
        (Function::Count, []) => "count(*)".to_owned(),
        (Function::Count, [column]) => format!("count({})", bare(*column)),
        (Function::Count, columns) => format!("count(*){}", known(columns)),
        (Function::CountDistinct, []) => return None,
        (Function::CountDistinct, [column]) => format!("count(DISTINCT {})", grouping(*column).exact),
        (Function::CountDistinct, columns) => {
            let cells: Vec<String> = columns.iter().map(|column| grouping(*column).exact).collect();
            format!("count(DISTINCT ({})){}", cells.join(", "), known(columns))
        }
        (Function::Sum, [column]) => match column.field.scalar {
            Scalar::Float => format!("sum({})", number(*column)),
            Scalar::Int | Scalar::BigInt | Scalar::Decimal => format!("sum({})", bare(*column)),
            _ => return None,
        },
        (Function::Average, [column]) => statistic(&["avg"], *column)?,
        // The roots that it takes by itself have no more digits after the point than the variance.
        (Function::Deviation, [column]) => statistic(&["sqrt", "var_samp"], *column)?,
        (Function::DeviationPopulation, [column]) => statistic(&["sqrt", "var_pop"], *column)?,
        (Function::Variance, [column]) => statistic(&["var_samp"], *column)?,
        (Function::VariancePopulation, [column]) => statistic(&["var_pop"], *column)?,
        (Function::Minimum | Function::Maximum, [column]) => extreme(dialect, function, *column)?,
        _ => return None,
    })
}

/// A float as the number that is shown of it.
fn number(column: Column<'_>) -> String {
    match Form::of(column.field) {
        Form::Real => format!("{}::text::float8", bare(column)),
        _ => format!("{}::float8", bare(column)),
    }
}

/// What a plain database says in another way.
fn plain(dialect: Postgres<'_>, function: Function, columns: &[Column<'_>]) -> Option<String> {
    if !dialect.family.plain {
        return None;
    }
    Some(match (function, columns) {
        (Function::Count, columns) if columns.len() > 1 => {
            let known: Vec<String> = columns.iter().map(|column| format!("{} IS NOT NULL", bare(*column))).collect();
            format!("count(CASE WHEN {} THEN 1 END)", known.join(" AND "))
        }
        // Texts behind their lengths are told apart however they end; with a null the whole is null, and left out.
        (Function::CountDistinct, columns) if columns.len() > 1 => {
            let cells: Vec<String> = columns.iter().map(|column| exact_text(*column)).collect();
            let cells: Vec<String> =
                cells.iter().map(|cell| format!("length(({cell})::text)::text || ':' || ({cell})::text")).collect();
            format!("count(DISTINCT ({}) COLLATE \"C\")", cells.join(" || "))
        }
        // Elsewhere it would be a decimal.
        (Function::Sum, [column]) if column.field.scalar == Scalar::Int => format!("sum({})::int8", bare(*column)),
        (Function::Minimum | Function::Maximum, [column]) if Form::of(column.field) == Form::Opaque => {
            let word = if function == Function::Minimum { "min" } else { "max" };
            function.scalar(column.field.scalar)?;
            format!("{word}({})", dialect.sort_key(*column))
        }
        _ => return None,
    })
}

fn extreme(dialect: Postgres<'_>, function: Function, column: Column<'_>) -> Option<String> {
    function.scalar(column.field.scalar)?;
    let least = function == Function::Minimum;
    let word = if least { "min" } else { "max" };
    let own = bare(column);
    Some(match (Form::of(column.field), column.field.scalar) {
        (Form::Native, Scalar::Boolean) => format!("{}({own})", if least { "bool_and" } else { "bool_or" }),
        // As texts they have the order of their bytes.
        (Form::Native, Scalar::Uuid) => format!("({word}({own}::text COLLATE \"C\"))::uuid"),
        (Form::Enum, _) => format!("{word}({})", dialect.sort_key(column)),
        // Not every type has a smallest and a largest, but every one an order.
        (Form::Printed | Form::Opaque | Form::Document, _) => {
            let way = if least { "" } else { " DESC" };
            let key = dialect.sort_key(column);
            format!("(array_agg({own} ORDER BY {key}{way}) FILTER (WHERE {own} IS NOT NULL))[1]")
        }
        _ => format!("{word}({own})"),
    })
}
