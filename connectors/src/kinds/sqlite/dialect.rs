//! SQLite's way of saying a fetch.
//!
//! In: columns with what `describe` wrote down of how they are stored. Out: expressions and the [`Slot`]s of their
//! parameters. *Invariant*: equality is exact whatever the column's collation, and leaves the column bare on one side, so
//! that its indexes serve.

use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Scalar};

use super::aggregate::{aggregate, grouping};
use super::expression::{Beside, exactly, key_of, reads_numbers, real_that_prints_so, text_of, value_of};
use super::storage::{Collation, Storage, affinity, collation, is_text, row_id_name};
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
        /// What the column holds.
        scalar: Scalar,
        /// How the column stores it.
        storage: Storage,
        /// How it is compared: a value that the column cannot hold is rounded by it.
        comparison: Comparison,
    },
    /// The items of a list operand as an array.
    List {
        /// Which operand.
        operand: OperandId,
        /// What the column holds.
        scalar: Scalar,
        /// How the column stores it.
        storage: Storage,
    },
    /// A text operand as it is.
    Text(OperandId),
    /// The first text that does not start with a text operand.
    AfterPrefix(OperandId),
    /// Keys: of one column an array, of several a JSON array of arrays.
    Keys {
        /// Which keys.
        keys: Keys,
        /// What each key column holds, and how.
        columns: Vec<(Scalar, Storage)>,
    },
    /// A whole number.
    Number(OperandId),
}

/// SQLite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sqlite;

/// A name between double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Sqlite {
    /// What is equal for equal values, collation apart.
    pub(super) fn comparable(self, column: Column<'_>, storage: &Storage) -> String {
        let bare = self.bare(column);
        match storage {
            Storage::Plain | Storage::Form(_) => bare,
            Storage::Mixed => format!("CAST({bare} AS TEXT)"),
            Storage::Parsed => value_of(&bare, column.field.scalar),
        }
    }

    /// What the ordering operators compare.
    pub(super) fn ordered(self, column: Column<'_>, storage: &Storage) -> String {
        match storage {
            Storage::Mixed => self.bare(column),
            _ => self.comparable(column, storage),
        }
    }

    fn equal(self, column: Column<'_>, storage: &Storage, right: &str) -> String {
        let text = self.comparable(column, storage);
        exactly(&text, column.field, storage, Beside::values(column), |left| format!("{left} = {right}"))
    }

    fn in_list(self, column: Column<'_>, storage: &Storage, list: &str) -> String {
        exactly(&self.comparable(column, storage), column.field, storage, Beside::values(column), |left| {
            format!("{left} IN (SELECT value FROM rarray({list}))")
        })
    }

    fn keys_slot(statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> String {
        let columns = columns.iter().map(|column| (column.field.scalar, Storage::of(column.field))).collect();
        parameter(statement, Slot::Keys { keys, columns })
    }
}

fn parameter(statement: &mut Statement<Slot>, slot: Slot) -> String {
    format!("?{}", statement.slot(slot))
}

impl Dialect for Sqlite {
    type Slot = Slot;

    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn bare(&self, column: Column<'_>) -> String {
        match column.expression {
            Some(expression) => expression.to_owned(),
            None => format!("{}.{}", column.alias, self.quote(&column.field.name)),
        }
    }

    fn output(&self, column: Column<'_>) -> String {
        // SQLite prints its reals itself.
        match Storage::of(column.field) {
            Storage::Mixed => format!("CAST({} AS TEXT)", self.bare(column)),
            _ => self.bare(column),
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
        let mut value = |storage: &Storage| {
            let storage = storage.clone();
            parameter(statement, Slot::Value { operand, scalar, storage, comparison })
        };
        Some(match comparison {
            Comparison::Equal => {
                let value = value(&storage);
                self.equal(column, &storage, &value)
            }
            Comparison::NotEqual => {
                let value = value(&storage);
                format!("(NOT {})", self.equal(column, &storage, &value))
            }
            Comparison::In | Comparison::NotIn => {
                let list = Slot::List { operand, scalar, storage: storage.clone() };
                let list = parameter(statement, list);
                let text = self.in_list(column, &storage, &list);
                if comparison == Comparison::In { text } else { format!("(NOT {text})") }
            }
            Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual => {
                let sign = match comparison {
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                    Comparison::Less => "<",
                    _ => "<=",
                };
                let exact = if is_text(column.field, &storage) && collation(column.field) == Collation::Foreign {
                    " COLLATE BINARY"
                } else {
                    ""
                };
                // A column that prefers numbers would make one of a text that looks like it, and no text is less than that.
                let plus = if reads_numbers(column.field, &storage) { "+" } else { "" };
                let value = real_that_prints_so(&value(&storage), &storage);
                let text = format!("{plus}{}{exact} {sign} {value}", self.ordered(column, &storage));
                // A number and a text that print alike are equal, and stand in different places.
                let (word, turned) = match comparison {
                    Comparison::Greater if storage == Storage::Mixed => ("AND", "NOT "),
                    Comparison::LessOrEqual if storage == Storage::Mixed => ("OR", ""),
                    _ => return Some(format!("({text})")),
                };
                let slot = Slot::Value { operand, scalar, storage: Storage::Mixed, comparison: Comparison::Equal };
                let same = self.equal(column, &storage, &parameter(statement, slot));
                format!("({text} {word} {turned}{same})")
            }
            Comparison::Regex | Comparison::IRegex => return None,
            Comparison::Like
            | Comparison::NotLike
            | Comparison::ILike
            | Comparison::NotILike
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains => {
                let text = text_of(&self.bare(column), column.field, &storage);
                let pattern = parameter(statement, Slot::Text(operand));
                match comparison {
                    Comparison::Like => format!("lilong_like({text}, {pattern})"),
                    Comparison::NotLike => format!("(NOT lilong_like({text}, {pattern}))"),
                    Comparison::ILike => format!("lilong_ilike({text}, {pattern})"),
                    Comparison::NotILike => format!("(NOT lilong_ilike({text}, {pattern}))"),
                    Comparison::EndsWith => format!("lilong_ends({text}, {pattern})"),
                    Comparison::Contains => format!("lilong_contains({text}, {pattern})"),
                    _ if column.leads_index()
                        && collation(column.field) == Collation::Binary
                        && storage == Storage::Plain
                        && !reads_numbers(column.field, &storage) =>
                    {
                        // The range is what an index can serve.
                        let after = parameter(statement, Slot::AfterPrefix(operand));
                        format!("({text} >= {pattern} AND {text} < {after} AND lilong_starts({text}, {pattern}))")
                    }
                    _ => format!("lilong_starts({text}, {pattern})"),
                }
            }
        })
    }

    fn key_in(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> String {
        let slot = Self::keys_slot(statement, columns, keys);
        let mut conditions: Vec<String> = columns
            .iter()
            .map(|column| format!("{} IS NOT NULL", self.comparable(*column, &Storage::of(column.field))))
            .collect();
        if let [column] = columns {
            conditions.push(self.in_list(*column, &Storage::of(column.field), &slot));
        } else {
            let parts: Vec<String> = (0..columns.len()).map(|at| format!("value ->> {at}")).collect();
            let parts = parts.join(", ");
            let row = |exact: bool| {
                let texts: Vec<String> = columns
                    .iter()
                    .map(|column| {
                        let storage = Storage::of(column.field);
                        let text = self.comparable(*column, &storage);
                        let other = is_text(column.field, &storage)
                            && match collation(column.field) {
                                Collation::Binary => false,
                                Collation::Foreign => true,
                                Collation::Known(_) | Collation::Unknown => exact,
                            };
                        if other { format!("{text} COLLATE BINARY") } else { text }
                    })
                    .collect();
                format!("({}) IN (SELECT {parts} FROM json_each({slot}))", texts.join(", "))
            };
            let (plain, exact) = (row(false), row(true));
            if plain != exact {
                conditions.push(exact);
            }
            conditions.push(plain);
        }
        format!("({})", conditions.join(" AND "))
    }

    fn normalized_key_in(&self, statement: &mut Statement<Slot>, wanted: Normalized<'_>) -> String {
        let slot = Slot::Keys { keys: wanted.keys, columns: vec![(Scalar::String, Storage::Plain)] };
        let (list, key) = (parameter(statement, slot), wanted.key("value".to_owned()));
        format!("({} IN (SELECT {key} FROM rarray({list})))", wanted.expression())
    }

    fn key_table(&self, statement: &mut Statement<Slot>, columns: &[Column<'_>], keys: Keys) -> Option<KeyTable> {
        let names: Vec<&str> = columns.iter().map(|column| column.field.name.as_str()).collect();
        let collection = columns.first()?.collection;
        let indexed = collection
            .indexes
            .iter()
            .any(|index| !index.is_empty() && index.iter().all(|name| names.contains(&name.as_str())));
        let bare = columns.iter().all(|column| matches!(Storage::of(column.field), Storage::Plain | Storage::Form(_)));
        if !indexed || !bare {
            return None;
        }
        let alias = statement.alias();
        let slot = Self::keys_slot(statement, columns, keys);
        let single = columns.len() == 1;
        let conditions: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let right = if single { format!("{alias}.value") } else { format!("({alias}.value ->> {at})") };
                self.equal(*column, &Storage::of(column.field), &right)
            })
            .collect();
        let table = if single { "rarray" } else { "json_each" };
        Some(KeyTable { table: format!("{table}({slot}) AS {alias}"), condition: conditions.join(" AND ") })
    }

    fn unindexed(&self, condition: &str) -> String {
        format!("+{condition}")
    }

    fn same(&self, outer: Column<'_>, inner: Column<'_>) -> String {
        let (left, right) = (Storage::of(inner.field), Storage::of(outer.field));
        let (inner_bare, outer_bare) = (self.bare(inner), self.bare(outer));
        let direct = inner.field.scalar == outer.field.scalar && left == right && left != Storage::Parsed;
        if direct {
            let mut right = self.comparable(outer, &right);
            if affinity(inner.field) != affinity(outer.field) {
                // Without an affinity of its own the other side leaves the inner column's index usable.
                right.insert(0, '+');
            }
            // The left side's collation is the one that counts.
            let text = self.comparable(inner, &left);
            return exactly(&text, inner.field, &left, Beside::Column, |left| format!("{left} = {right}"));
        }
        if inner.field.scalar == outer.field.scalar && inner.field.scalar != Scalar::String {
            return format!(
                "{} = {}",
                key_of(&inner_bare, inner.field.scalar),
                key_of(&outer_bare, outer.field.scalar)
            );
        }
        let right = text_of(&outer_bare, outer.field, &right);
        if left == Storage::Plain && matches!(inner.field.scalar, Scalar::Int | Scalar::BigInt) {
            // The first half is for the index, the second is exact.
            return format!(
                "({inner_bare} = CAST({right} AS INTEGER) AND CAST({inner_bare} AS TEXT) = {right} COLLATE BINARY)"
            );
        }
        let left_text = text_of(&inner_bare, inner.field, &left);
        if left_text == inner_bare {
            return exactly(&left_text, inner.field, &left, Beside::Column, |left| format!("{left} = {right}"));
        }
        // No index serves an expression; said out loud, the exact collation wins over the other side's.
        format!("{left_text} COLLATE BINARY = {right}")
    }

    fn within(&self, outer: Column<'_>, inner: Column<'_>) -> Option<(String, String)> {
        let is_bare = |column: Column<'_>| self.exact(column) == self.bare(column);
        let [one, other] = [inner, outer].map(|column| (Storage::of(column.field), column.field));
        let alike = one.0 == other.0 && one.1.scalar == other.1.scalar && affinity(one.1) == affinity(other.1);
        (alike && is_bare(inner) && is_bare(outer)).then(|| (self.bare(outer), self.bare(inner)))
    }

    fn exact(&self, column: Column<'_>) -> String {
        let storage = Storage::of(column.field);
        let text = self.comparable(column, &storage);
        if is_text(column.field, &storage) && collation(column.field) != Collation::Binary {
            format!("{text} COLLATE BINARY")
        } else {
            text
        }
    }

    fn grouping(&self, column: Column<'_>) -> Grouping {
        grouping(*self, column)
    }

    fn aggregate(&self, function: Function, columns: &[Column<'_>]) -> Option<String> {
        aggregate(*self, function, columns)
    }

    fn sort_key(&self, column: Column<'_>) -> String {
        let storage = Storage::of(column.field);
        let text = self.ordered(column, &storage);
        if collation(column.field) == Collation::Foreign { format!("{text} COLLATE BINARY") } else { text }
    }

    fn collated(&self, expression: String, column: Column<'_>) -> String {
        match collation(column.field) {
            Collation::Known(name) => format!("{expression} COLLATE {}", self.quote(name)),
            Collation::Binary | Collation::Foreign | Collation::Unknown => expression,
        }
    }

    fn never_null(&self, column: Column<'_>) -> bool {
        let storage = Storage::of(column.field);
        storage != Storage::Parsed && column.field.details.contains_key(REQUIRED)
    }

    fn identity(&self, alias: &str, collection: &Collection) -> Option<Vec<String>> {
        if let Some(row_id) = self.row_id(alias, collection) {
            return Some(vec![row_id]);
        }
        let key = collection.primary_key().filter(|_| !collection.view)?;
        let mut columns = vec![];
        for name in &key.columns {
            let field = &collection.fields[collection.field_id(name)?];
            // Only a primary key without nulls tells rows apart.
            field.details.get(REQUIRED)?;
            columns.push(format!("{alias}.{}", self.quote(name)));
        }
        Some(columns)
    }

    fn row_id(&self, alias: &str, collection: &Collection) -> Option<String> {
        row_id_name(collection).map(|name| format!("{alias}.{name}"))
    }

    fn number(&self, statement: &mut Statement<Slot>, operand: OperandId) -> String {
        parameter(statement, Slot::Number(operand))
    }

    fn limit(&self, limit: Option<&str>, offset: Option<&str>) -> String {
        match (limit, offset) {
            (None, None) => String::new(),
            (Some(limit), None) => format!(" LIMIT {limit}"),
            (None, Some(offset)) => format!(" LIMIT -1 OFFSET {offset}"),
            (Some(limit), Some(offset)) => format!(" LIMIT {limit} OFFSET {offset}"),
        }
    }
}
