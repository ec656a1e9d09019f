//! How MySQL and MariaDB say things.
//!
//! In: columns and operands. Out: SQL expressions with numbered marks, and what each mark stands for. *Invariant*:
//! equality is exact whatever the collation, and still served by an index on the column: a text is compared once in its
//! own collation, for the index, and once byte by byte.

use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Field, KeyFunction, Scalar};

use super::aggregate::aggregate;
use super::canonical::{is_text, text_of};
use super::carried::{carried, carried_sort_key};
use super::enumeration::position;
use super::family::Family;
use super::slot::{KeyColumn, Slot};
use super::storage::{self, Storage, collation, compared, foreign_charset, is_exact, is_utf8mb4};
use crate::sql::dialect::{Bound, Column, Dialect, Grouping, KeyTable, Keys, Normalized, Nulls};
use crate::sql::statement::Statement;
use crate::{Comparison, Function, OperandId};

/// What takes the next character of a pattern as itself.
pub(super) const ESCAPE: char = '|';

/// Digits of a decimal that a server for analysis has.
const WIDEST: usize = 38;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct MySql {
    /// Whether a statement may say its condition several times, to find the first rows of an order by an index.
    pub(super) repeats: bool,
    /// Whose server it is.
    pub(super) family: &'static Family,
}

/// A name between backticks.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

pub(super) fn bare(column: Column<'_>) -> String {
    match column.expression {
        Some(expression) => expression.to_owned(),
        None => format!("{}.{}", column.alias, quote(&column.field.name)),
    }
}

/// The text of a column in the session's character set.
pub(super) fn utf8(column: Column<'_>) -> String {
    let bare = bare(column);
    match (Storage::of(column.field), foreign_charset(column.field)) {
        (Storage::Shown, _) => format!("CAST({bare} AS CHAR)"),
        (Storage::Bits(width), _) => format!("LPAD(BIN({bare} + 0), {width}, '0')"),
        (_, Some(_)) => format!("CONVERT({bare} USING utf8mb4)"),
        (_, None) => bare,
    }
}

/// What is compared with a value, by an index where there is one.
pub(super) fn plain(column: Column<'_>) -> String {
    let bare = bare(column);
    match Storage::of(column.field) {
        Storage::Shown | Storage::Bits(_) => format!("CAST({} AS BINARY)", utf8(column)),
        Storage::UuidText => format!("LOWER({})", utf8(column)),
        Storage::Parsed(to) if column.field.scalar == Scalar::Time => {
            format!("IF({bare} REGEXP '^[0-2][0-9]:[0-5][0-9]', CAST({bare} AS {to}), NULL)")
        }
        // A comparison looks past the null that a cast of no date gives; arithmetic does not.
        Storage::Parsed(to) => {
            let unit = if to == "DATE" { "DAY" } else { "MICROSECOND" };
            format!("(CAST({bare} AS {to}) + INTERVAL 0 {unit})")
        }
        _ => bare,
    }
}

/// What is compared byte by byte as well; `None`: the plain comparison is exact.
fn exact(column: Column<'_>) -> Option<String> {
    let is_text = matches!(Storage::of(column.field), Storage::Text | Storage::Enumeration(_));
    (is_text && !collation(column.field).is_some_and(is_exact)).then(|| format!("CAST({} AS BINARY)", utf8(column)))
}

/// Equality with one value; `mark` gives the mark of it as a storage has it.
fn equal(column: Column<'_>, mut mark: impl FnMut(Storage) -> String) -> String {
    let plain = format!("{} = {}", plain(column), mark(compared(column.field)));
    match exact(column) {
        Some(exact) => format!("({plain} AND {exact} = {})", mark(Storage::Text)),
        None => format!("({plain})"),
    }
}

/// Numbers that are equal if their canonical texts are.
fn is_number(field: &Field) -> bool {
    matches!(field.scalar, Scalar::Int | Scalar::BigInt | Scalar::Unsigned | Scalar::Decimal)
}

/// A text told the character set and collation of a column, so that the column's index serves a comparison with it.
fn as_column(text: &str, column: Column<'_>) -> String {
    match (column.field.details.get(storage::CHARSET), collation(column.field)) {
        (Some(charset), Some(collation)) => format!("CONVERT({text} USING {charset}) COLLATE {collation}"),
        _ => text.to_owned(),
    }
}

fn bytes(text: &str) -> String {
    format!("CAST({text} AS BINARY)")
}

fn parameter(statement: &mut Statement<Slot>, slot: Slot) -> String {
    format!("?{}", statement.slot(slot))
}

impl MySql {
    /// How the server takes a value for a column.
    fn held(self, storage: Storage, field: &Field) -> Storage {
        match storage {
            Storage::Integer if self.family.analytic => Storage::Signed,
            // A sum of integers is whole; others say their digits.
            Storage::Decimal { precision, .. } if self.family.analytic && precision > WIDEST => {
                Storage::Decimal { precision: WIDEST, scale: field.scale.unwrap_or(0) as usize }
            }
            Storage::Moment if self.family.moment == "DATETIME" => Storage::Stamp,
            storage => storage,
        }
    }
}

impl Dialect for MySql {
    type Slot = Slot;

    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn bare(&self, column: Column<'_>) -> String {
        bare(column)
    }

    fn output(&self, column: Column<'_>) -> String {
        match Storage::of(column.field) {
            Storage::Shown => format!("CAST({} AS CHAR)", bare(column)),
            _ => bare(column),
        }
    }

    fn compare(
        &self,
        statement: &mut Statement<Slot>,
        column: Column<'_>,
        comparison: Comparison,
        operand: OperandId,
    ) -> Option<String> {
        let storage = Storage::of(column.field);
        let scalar = column.field.scalar;
        let mut value = |storage: Storage| {
            let storage = self.held(storage, column.field);
            let slot = Slot::Value { operand, storage, scalar, comparison };
            parameter(statement, slot)
        };
        Some(match comparison {
            Comparison::Equal => equal(column, value),
            Comparison::NotEqual => format!("(NOT {})", equal(column, value)),
            Comparison::In | Comparison::NotIn => {
                let mut list = |storage: Storage| {
                    let storage = self.held(storage, column.field);
                    let slot = Slot::List { operand, storage, scalar };
                    parameter(statement, slot)
                };
                let mut text = format!("{} IN ({})", plain(column), list(compared(column.field)));
                if let Some(exact) = exact(column) {
                    text = format!("{text} AND {exact} IN ({})", list(Storage::Text));
                }
                if comparison == Comparison::In { format!("({text})") } else { format!("(NOT ({text}))") }
            }
            Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual => {
                let sign = match comparison {
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                    Comparison::Less => "<",
                    _ => "<=",
                };
                match storage {
                    // Their order is that of their declaration, not of their texts.
                    Storage::Enumeration(_) => format!("({} {sign} {})", position(column), value(storage)),
                    _ => format!("({} {sign} {})", plain(column), value(compared(column.field))),
                }
            }
            Comparison::Like
            | Comparison::NotLike
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains => {
                let pattern = parameter(statement, Slot::Pattern { operand, comparison });
                let escape = format!("ESCAPE '{ESCAPE}'");
                let by_character = format!("CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin", utf8(column));
                let text = format!("{by_character} LIKE {pattern} {escape}");
                match comparison {
                    Comparison::NotLike => format!("(NOT ({text}))"),
                    Comparison::StartsWith
                        if storage == Storage::Text && column.leads_index() && is_utf8mb4(column.field) =>
                    {
                        // What an index can serve comes first.
                        format!("({} LIKE {pattern} {escape} AND {text})", bare(column))
                    }
                    _ => format!("({text})"),
                }
            }
            Comparison::ILike | Comparison::NotILike | Comparison::Regex | Comparison::IRegex => return None,
        })
    }

    fn key_in(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> String {
        let known: Vec<String> = columns.iter().map(|column| format!("{} IS NOT NULL", plain(*column))).collect();
        let columns = columns
            .iter()
            .map(|column| KeyColumn {
                storage: self.held(compared(column.field), column.field),
                scalar: column.field.scalar,
                plain: plain(*column),
                exact: exact(*column),
                around: None,
            })
            .collect();
        let slot = parameter(statement, Slot::Keys { keys, columns });
        format!("({} AND {slot})", known.join(" AND "))
    }

    fn normalized_key_in(&self, statement: &mut Statement<Slot>, wanted: Normalized<'_>) -> String {
        let mark = "CAST(\0 AS CHAR CHARACTER SET utf8mb4)";
        // Letters of a key change as those of the column do.
        let key = wanted.index.key_functions().fold(as_column(mark, wanted.column), |key, function| match function {
            KeyFunction::Upper => format!("UPPER({key})"),
            KeyFunction::Lower => format!("LOWER({key})"),
            _ => format!("TRIM(LEADING '0' FROM {key})"),
        });
        let around = key.split_once('\0').map(|(before, after)| (before.to_owned(), after.to_owned()));
        let column = KeyColumn {
            storage: Storage::Text,
            scalar: Scalar::String,
            plain: wanted.expression(),
            exact: None,
            around,
        };
        format!("({})", parameter(statement, Slot::Keys { keys: wanted.keys, columns: vec![column] }))
    }

    fn key_table(&self, _: &mut Statement<Slot>, _: &[Column<'_>], _: Keys) -> Option<KeyTable> {
        None
    }

    fn one_key(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>]) -> Option<String> {
        if self.family.analytic {
            return None;
        }
        let conditions: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                equal(*column, |storage| {
                    let slot = Slot::Key { column: at, storage, scalar: column.field.scalar };
                    parameter(statement, slot)
                })
            })
            .collect();
        Some(conditions.join(" AND "))
    }

    fn same(&self, outer: Column<'_>, inner: Column<'_>) -> String {
        let (left, right) = (Storage::of(inner.field), Storage::of(outer.field));
        if is_text(&left) && is_text(&right) {
            let same_collation =
                collation(inner.field) == collation(outer.field) && (left == Storage::Text && right == Storage::Text);
            let plain_right = if same_collation { bare(outer) } else { as_column(&utf8(outer), inner) };
            if same_collation && collation(inner.field).is_some_and(is_exact) {
                return format!("{} = {plain_right}", bare(inner));
            }
            let exact = format!("{} = {}", bytes(&utf8(inner)), bytes(&utf8(outer)));
            return match left {
                Storage::Text => format!("({} = {plain_right} AND {exact})", bare(inner)),
                _ => exact,
            };
        }
        if is_number(inner.field) && is_number(outer.field) || left == right && left != Storage::Opaque {
            return format!("{} = {}", plain(inner), plain(outer));
        }
        if left == Storage::Moment && right == Storage::Moment && inner.field.scalar == outer.field.scalar {
            return format!("{} = {}", plain(inner), plain(outer));
        }
        let (inner_text, outer_text) = (text_of(inner), text_of(outer));
        let exact = format!("{} = {}", bytes(&inner_text), bytes(&outer_text));
        if left == Storage::Text {
            return format!("({} = {} AND {exact})", bare(inner), as_column(&outer_text, inner));
        }
        if left == Storage::Integer && is_text(&right) {
            // The first half is for the index, the second is exact.
            let integers = if inner.field.scalar == Scalar::Unsigned { "UNSIGNED" } else { "SIGNED" };
            return format!("({} = CAST({outer_text} AS {integers}) AND {exact})", bare(inner));
        }
        exact
    }

    /// MySQL makes an antijoin of `NOT EXISTS` that begins with all rows of the inner table. `MariaDB` does not, and takes
    /// what it does not know of hints for a comment.
    fn row_by_row(&self) -> &'static str {
        if self.family.hints { "/*+ NO_SEMIJOIN() */ " } else { "" }
    }

    fn exact(&self, column: Column<'_>) -> String {
        exact(column).unwrap_or_else(|| plain(column))
    }

    fn grouping(&self, column: Column<'_>) -> Grouping {
        let (exact, bare) = (self.exact(column), bare(column));
        // All values of the group are equal exactly; the server wants to be told which.
        let value = match Storage::of(column.field) {
            _ if exact == bare => bare,
            Storage::Bits(_) => format!("MIN({bare} + 0)"),
            _ => format!("MIN({bare})"),
        };
        Grouping { exact, value }
    }

    fn aggregate(&self, function: Function, columns: &[Column<'_>]) -> Option<String> {
        aggregate(*self, function, columns)
    }

    fn sort_key(&self, column: Column<'_>) -> String {
        match Storage::of(column.field) {
            Storage::Parsed(_) | Storage::UuidText => plain(column),
            Storage::Enumeration(_) if column.expression.is_some() => position(column),
            _ => bare(column),
        }
    }

    fn carried(&self, column: Column<'_>) -> String {
        carried(column)
    }

    fn carried_sort_key(&self, column: Column<'_>) -> String {
        carried_sort_key(column).unwrap_or_else(|| self.sort_key(column))
    }

    fn collated(&self, expression: String, _: Column<'_>) -> String {
        expression
    }

    fn never_null(&self, column: Column<'_>) -> bool {
        column.field.details.contains_key(REQUIRED) && !matches!(Storage::of(column.field), Storage::Parsed(_))
    }

    fn identity(&self, _: &str, _: &Collection) -> Option<Vec<String>> {
        None
    }

    fn row_id(&self, _: &str, _: &Collection) -> Option<String> {
        None
    }

    fn number(&self, statement: &mut Statement<Slot>, operand: OperandId) -> String {
        parameter(statement, if self.family.analytic { Slot::Digits(operand) } else { Slot::Number(operand) })
    }

    fn limit(&self, limit: Option<&str>, offset: Option<&str>) -> String {
        match (limit, offset) {
            (None, None) => String::new(),
            (Some(limit), None) => format!(" LIMIT {limit}"),
            (None, Some(offset)) if self.family.analytic => format!(" LIMIT {} OFFSET {offset}", i64::MAX),
            // The manual's own number for no limit.
            (None, Some(offset)) => format!(" LIMIT 18446744073709551615 OFFSET {offset}"),
            (Some(limit), Some(offset)) => format!(" LIMIT {limit} OFFSET {offset}"),
        }
    }

    /// An index of `InnoDB` is read from either end, but its entries end with the primary key, which rises in every order.
    fn bound(
        &self,
        statement: &mut Statement<Slot>,
        column: Column<'_>,
        limit: OperandId,
        offset: Option<OperandId>,
    ) -> Option<Bound> {
        if !self.repeats || self.family.analytic || !Storage::of(column.field).is_found_again() {
            return None;
        }
        let slot = offset.map_or(Slot::Number(limit), |offset| Slot::Sum(limit, offset));
        Some(Bound { rows: parameter(statement, slot), join: "STRAIGHT_JOIN", same: "<=>" })
    }

    /// Nulls are the smallest here; where that is not what is asked, a term of its own comes first.
    fn nulls(&self, descending: bool, first: bool) -> Nulls {
        match (descending, first) {
            (false, true) | (true, false) => Nulls::After(""),
            (false, false) => Nulls::Before(""),
            (true, true) => Nulls::Before(" DESC"),
        }
    }
}
