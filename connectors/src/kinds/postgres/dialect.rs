//! `PostgreSQL`'s way of saying a fetch.
//!
//! In: columns with what `describe` wrote down of them. Out: expressions and the [`Slot`]s of their parameters.
//! *Invariant*: equality is exact whatever the column's collation, and leaves the column bare on one side, so that its
//! indexes serve; no text that is not a name stands in the statement.

use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Field, Scalar};

use super::aggregate::{aggregate, grouping};
use super::expression::{
    all_equal, bare, canonical, equal, exact_text, is_loose, labels, one_of, ordered, printed, quote, type_of,
};
use super::family::Family;
use super::form::{COLLATION, Form, Kind};
use crate::sql::dialect::{Column, Dialect, Grouping, KeyTable, Keys, Normalized};
use crate::sql::statement::Statement;
use crate::{Comparison, Function, OperandId};

/// What a parameter stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slot {
    /// An operand that a column is compared with.
    Value {
        /// Which operand.
        operand: OperandId,
        /// What it is sent as.
        kind: Kind,
        /// How it is compared: what the server cannot hold is replaced by it.
        comparison: Comparison,
        /// The type that the server reads the text as, if it does.
        read_as: Option<String>,
    },
    /// The items of a list operand as an array.
    List {
        /// Which operand.
        operand: OperandId,
        /// What its items are sent as.
        kind: Kind,
    },
    /// A `LIKE` pattern made of a text operand.
    Pattern {
        /// Which operand.
        operand: OperandId,
        /// What it means.
        comparison: Comparison,
    },
    /// Letters that fold to others.
    FoldFrom,
    /// What they fold to.
    FoldTo,
    /// What texts with such letters match.
    FoldPattern,
    /// One column of keys as an array.
    Key {
        /// Which keys.
        keys: Keys,
        /// What each key column holds and what it is sent as: a key that the server cannot hold is left out of all.
        columns: Vec<(Scalar, Kind)>,
        /// Which of the columns.
        at: usize,
    },
    /// A whole number.
    Number(OperandId),
}

/// `PostgreSQL`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Postgres<'a> {
    /// The source's schemas; the first is that of names without one.
    pub(super) schemas: &'a [String],
    /// Whether integers past 64 bits are among the operands: then integers are compared as numerics.
    pub(super) wide: bool,
    /// Whose database it is.
    pub(super) family: &'static Family,
}

fn parameter(statement: &mut Statement<Slot>, slot: Slot) -> String {
    format!("${}", statement.slot(slot))
}

impl Postgres<'_> {
    fn kind(self, column: Column<'_>) -> Kind {
        Kind::of(column.field, self.wide)
    }

    /// Whether a parameter has another type than it mostly has. Then the text says so: a connection keeps a statement by
    /// its text, with the types that its parameters had the first time.
    fn is_widened(self, column: Column<'_>) -> bool {
        self.kind(column) != Kind::of(column.field, false)
    }

    fn value(
        self,
        statement: &mut Statement<Slot>,
        column: Column<'_>,
        operand: OperandId,
        comparison: Comparison,
    ) -> String {
        let slot = Slot::Value { operand, kind: self.kind(column), comparison, read_as: None };
        let mut value = parameter(statement, slot);
        if self.is_widened(column) {
            value.push_str("::numeric");
        }
        value
    }

    fn ordered(
        self,
        statement: &mut Statement<Slot>,
        column: Column<'_>,
        comparison: Comparison,
        operand: OperandId,
    ) -> String {
        let sign = match comparison {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            _ => "<=",
        };
        let form = Form::of(column.field);
        if matches!(form, Form::Folded | Form::Printed | Form::Address) {
            let read_as = type_of(column.field);
            let slot = Slot::Value { operand, kind: Kind::Text, comparison, read_as: Some(read_as.to_owned()) };
            let value = parameter(statement, slot);
            return format!("({} {sign} {value}::{read_as})", self.sort_key(column));
        }
        let value = self.value(statement, column, operand, comparison);
        let right = match form {
            Form::Padded => format!("{value}::bpchar"),
            Form::Enum => labels(column, &format!("= {value}")),
            _ => value,
        };
        format!("({} {sign} {right})", self.sort_key(column))
    }

    /// The keys as a table of the statement.
    fn keys_from(self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> (String, Vec<String>) {
        let alias = statement.alias();
        let kinds: Vec<(Scalar, Kind)> =
            columns.iter().map(|column| (column.field.scalar, Kind::of(column.field, false))).collect();
        let arrays: Vec<String> = (0..columns.len())
            .map(|at| {
                let columns = kinds.clone();
                parameter(statement, Slot::Key { keys, columns, at })
            })
            .collect();
        let names: Vec<String> = (0..columns.len()).map(|at| format!("k{at}")).collect();
        if self.family.plain {
            let count = format!("array_length({}, 1)", arrays.first().map_or("", String::as_str));
            let values = arrays.iter().map(|array| format!("({array})[{alias}.n]")).collect();
            return (format!("generate_series(1, {count}) AS {alias}(n)"), values);
        }
        let table = format!("unnest({}) AS {alias}({})", arrays.join(", "), names.join(", "));
        (table, names.into_iter().map(|name| format!("{alias}.{name}")).collect())
    }
}

impl Dialect for Postgres<'_> {
    type Slot = Slot;

    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn table(&self, collection: &Collection) -> String {
        let (first, others) = match self.schemas.split_first() {
            Some((first, others)) => (first.as_str(), others),
            None => ("public", &[][..]),
        };
        for schema in others {
            let rest = collection.name.strip_prefix(schema.as_str());
            if let Some(name) = rest.and_then(|rest| rest.strip_prefix('.')) {
                return format!("{}.{}", quote(schema), quote(name));
            }
        }
        format!("{}.{}", quote(first), quote(&collection.name))
    }

    fn truth(&self, holds: bool) -> &'static str {
        if holds { "TRUE" } else { "FALSE" }
    }

    fn lateral(&self) -> bool {
        self.family.lateral
    }

    fn bare(&self, column: Column<'_>) -> String {
        bare(column)
    }

    fn output(&self, column: Column<'_>) -> String {
        printed(column)
    }

    /// A row of nulls is null to the plain test, and yet a value.
    fn is_null(&self, column: Column<'_>) -> String {
        match Form::of(column.field) {
            Form::Document => format!("({} IS NOT DISTINCT FROM NULL)", bare(column)),
            _ => format!("({} IS NULL)", bare(column)),
        }
    }

    fn compare(
        &self,
        statement: &mut Statement<Slot>,
        column: Column<'_>,
        comparison: Comparison,
        operand: OperandId,
    ) -> Option<String> {
        let kind = self.kind(column);
        Some(match comparison {
            Comparison::Equal | Comparison::NotEqual => {
                let value = self.value(statement, column, operand, comparison);
                let text = equal(column, &value);
                if comparison == Comparison::Equal { format!("({text})") } else { format!("(NOT ({text}))") }
            }
            Comparison::In | Comparison::NotIn => {
                let mut list = parameter(statement, Slot::List { operand, kind });
                if self.is_widened(column) {
                    list.push_str("::numeric[]");
                }
                let text = one_of(column, &list);
                if comparison == Comparison::In { format!("({text})") } else { format!("(NOT ({text}))") }
            }
            Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual => {
                self.ordered(statement, column, comparison, operand)
            }
            Comparison::Regex | Comparison::IRegex => return None,
            Comparison::ILike | Comparison::NotILike => {
                let pattern = parameter(statement, Slot::Pattern { operand, comparison });
                let from = parameter(statement, Slot::FoldFrom);
                let to = parameter(statement, Slot::FoldTo);
                let special = parameter(statement, Slot::FoldPattern);
                let text = printed(column);
                let lower = format!("lower({text} COLLATE \"C\")");
                let folded = format!(
                    "CASE WHEN {text} COLLATE \"C\" ~ {special} THEN translate({lower}, {from}, {to}) ELSE {lower} END"
                );
                let word = if comparison == Comparison::ILike { "LIKE" } else { "NOT LIKE" };
                format!("(({folded}) {word} {pattern})")
            }
            Comparison::Like
            | Comparison::NotLike
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains => {
                let pattern = parameter(statement, Slot::Pattern { operand, comparison });
                let word = if comparison == Comparison::NotLike { "NOT LIKE" } else { "LIKE" };
                format!("({} {word} {pattern})", exact_text(column))
            }
        })
    }

    fn key_in(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> String {
        if let [column] = columns {
            let slot = Slot::Key { keys, columns: vec![(column.field.scalar, Kind::of(column.field, false))], at: 0 };
            let list = parameter(statement, slot);
            return format!("({} IS NOT NULL AND {})", bare(*column), one_of(*column, &list));
        }
        let (table, values) = self.keys_from(statement, columns, keys);
        format!("EXISTS (SELECT 1 FROM {table} WHERE {})", all_equal(columns, &values))
    }

    fn normalized_key_in(&self, statement: &mut Statement<Slot>, wanted: Normalized<'_>) -> String {
        let slot = Slot::Key { keys: wanted.keys, columns: vec![(Scalar::String, Kind::Text)], at: 0 };
        let list = parameter(statement, slot);
        // Letters of a key change as those of the column do.
        let collation = wanted.column.field.details.get(COLLATION);
        let key = collation.map_or("k".to_owned(), |collation| format!("(k COLLATE {collation})"));
        format!("({} = ANY(ARRAY(SELECT {} FROM unnest({list}) AS k)))", wanted.expression(), wanted.key(key))
    }

    fn key_table(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> Option<KeyTable> {
        let names: Vec<&str> = columns.iter().map(|column| column.field.name.as_str()).collect();
        let collection = columns.first()?.collection;
        let indexed = collection
            .indexes
            .iter()
            .any(|index| !index.is_empty() && index.iter().all(|name| names.contains(&name.as_str())));
        if !indexed {
            return None;
        }
        let (table, values) = self.keys_from(statement, columns, keys);
        Some(KeyTable { table, condition: all_equal(columns, &values) })
    }

    fn same(&self, outer: Column<'_>, inner: Column<'_>) -> String {
        let (outer_form, inner_form) = (Form::of(outer.field), Form::of(inner.field));
        let integer = |field: &Field| matches!(field.scalar, Scalar::Int | Scalar::BigInt);
        let number = |field: &Field| integer(field) || field.scalar == Scalar::Decimal;
        let text = |field: &Field| matches!(field.scalar, Scalar::String | Scalar::Enum);
        if text(inner.field) {
            // Each side may bring a collation of its own, and the server would not know which to take.
            let mut right = canonical(outer);
            let own = |field: &Field| field.details.get(COLLATION).cloned();
            if text(outer.field) && own(outer.field) != own(inner.field) {
                let collation = own(inner.field).unwrap_or_else(|| "pg_catalog.\"default\"".to_owned());
                right = format!("({right} COLLATE {collation})");
            }
            let same_enum = inner_form == Form::Enum && outer_form == Form::Enum;
            if same_enum && type_of(inner.field) == type_of(outer.field) {
                return format!("{} = {}", ordered(inner), ordered(outer));
            }
            if inner_form == Form::Enum {
                return format!("{} = {right}", printed(inner));
            }
            if inner_form == Form::Native && is_loose(inner.field) {
                // Each half has a collation of its own, which the other side must be told.
                return format!(
                    "({} = {right} AND {} = ({} COLLATE \"C\"))",
                    bare(inner),
                    exact_text(inner),
                    canonical(outer)
                );
            }
            return equal(inner, &right);
        }
        let plain = |form: Form| matches!(form, Form::Native | Form::Real);
        let alike = inner.field.scalar == outer.field.scalar || (number(inner.field) && number(outer.field));
        if alike && plain(inner_form) && plain(outer_form) {
            return format!("{} = {}", bare(inner), bare(outer));
        }
        format!("{} = ({} COLLATE \"C\")", canonical(inner), canonical(outer))
    }

    fn exact(&self, column: Column<'_>) -> String {
        match Form::of(column.field) {
            Form::Padded if !is_loose(column.field) => bare(column),
            Form::Real => bare(column),
            Form::Enum => ordered(column),
            _ => exact_text(column),
        }
    }

    fn grouping(&self, column: Column<'_>) -> Grouping {
        grouping(column)
    }

    fn aggregate(&self, function: Function, columns: &[Column<'_>]) -> Option<String> {
        aggregate(*self, function, columns)
    }

    fn sort_key(&self, column: Column<'_>) -> String {
        ordered(column)
    }

    fn collated(&self, expression: String, _: Column<'_>) -> String {
        expression
    }

    fn never_null(&self, column: Column<'_>) -> bool {
        column.field.details.contains_key(REQUIRED)
    }

    fn identity(&self, _: &str, _: &Collection) -> Option<Vec<String>> {
        None
    }

    fn row_id(&self, _: &str, _: &Collection) -> Option<String> {
        None
    }

    fn number(&self, statement: &mut Statement<Slot>, operand: OperandId) -> String {
        parameter(statement, Slot::Number(operand))
    }

    fn limit(&self, limit: Option<&str>, offset: Option<&str>) -> String {
        let mut text = String::new();
        if let Some(limit) = limit {
            text.push_str(" LIMIT ");
            text.push_str(limit);
        }
        if let Some(offset) = offset {
            text.push_str(" OFFSET ");
            text.push_str(offset);
        }
        text
    }
}
