//! What differs from one SQL engine to the next: how names are quoted and how values are compared exactly.

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, ExpressionIndex, Field, KeyFunction};

use super::statement::Statement;
use crate::{Comparison, Function, OperandId};

/// A column as a statement names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'a> {
    /// The alias of the table it is read from.
    pub(crate) alias: &'a str,
    /// The table.
    pub(crate) collection: &'a Collection,
    /// The column.
    pub(crate) field: &'a Field,
    /// What stands in its place, of the same kind: a value that is reached or folded.
    pub(crate) expression: Option<&'a str>,
}

impl<'a> Column<'a> {
    /// The field of that position in a collection; `None` if there is none.
    pub(crate) fn new(alias: &'a str, collection: &'a Collection, id: FieldId) -> Option<Self> {
        let field = collection.fields.get(id)?;
        Some(Self { alias, collection, field, expression: None })
    }

    /// An expression whose values are of the kind of a field.
    pub(crate) fn of_expression(expression: &'a str, collection: &'a Collection, field: &'a Field) -> Self {
        Self { alias: "", collection, field, expression: Some(expression) }
    }

    /// Whether an index begins with it.
    pub(crate) fn leads_index(self) -> bool {
        self.collection.indexes.iter().any(|index| index.first() == Some(&self.field.name))
    }
}

/// Normalised keys of a column, and the index that finds them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalized<'a> {
    /// The column.
    pub(crate) column: Column<'a>,
    /// The index.
    pub(crate) index: &'a ExpressionIndex,
    /// Which keys.
    pub(crate) keys: Keys,
}

impl Normalized<'_> {
    /// The expression of the index.
    pub(crate) fn expression(self) -> String {
        self.index.native.replace("{}", self.column.alias)
    }

    /// What a key becomes to be equal to the expression, by functions that most engines have.
    pub(crate) fn key(self, key: String) -> String {
        self.index.key_functions().fold(key, |key, function| match function {
            KeyFunction::Upper => format!("upper({key})"),
            KeyFunction::Lower => format!("lower({key})"),
            _ => format!("ltrim({key}, '0')"),
        })
    }
}

/// Which keys are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Those of the fetch itself.
    Fetch,
    /// Those of an operand.
    Operand(OperandId),
}

/// A set of keys as a table of a statement, one row a key.
pub(crate) struct KeyTable {
    /// What stands in `FROM`, alias included.
    pub(crate) table: String,
    /// The condition that a row has the key of the table's current row, by index where there is one.
    pub(crate) condition: String,
}

/// How rows are grouped by a column.
pub(crate) struct Grouping {
    /// What is equal where two values are exactly equal.
    pub(crate) exact: String,
    /// A value of the group, of the column's own kind.
    pub(crate) value: String,
}

/// How the rows of the first values of a column are found before they are sorted.
pub(crate) struct Bound {
    /// How many rows lead up to the last one wanted: the limit and the offset together.
    pub(crate) rows: String,
    /// Joins the rows to the values, which are read first.
    pub(crate) join: &'static str,
    /// Stands between two values that are the same or both null, and leaves the column's index its use.
    pub(crate) same: &'static str,
}

/// How a term of an order says where nulls stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// By what follows the term; nothing where that is the engine's own way.
    After(&'static str),
    /// By a term before it, `IS NULL` and what follows that.
    Before(&'static str),
}

/// One SQL engine's way of saying things. Every expression it gives can stand in parentheses-free places: it is
/// a comparison, a call or itself in parentheses.
pub(crate) trait Dialect {
    /// What a parameter stands for.
    type Slot;

    /// A name between quotes.
    fn quote(&self, name: &str) -> String;

    /// A collection as `FROM` names it.
    fn table(&self, collection: &Collection) -> String {
        self.quote(&collection.name)
    }

    /// A condition that always, or never, holds.
    fn truth(&self, holds: bool) -> &'static str {
        if holds { "1" } else { "0" }
    }

    /// Whether `LATERAL` looks up the rows of each key; then [`Self::identity`] is not needed for that.
    fn lateral(&self) -> bool {
        false
    }

    /// The column itself.
    fn bare(&self, column: Column<'_>) -> String;

    /// What the select list says to read a column.
    fn output(&self, column: Column<'_>) -> String;

    /// Whether the column is null.
    fn is_null(&self, column: Column<'_>) -> String {
        format!("({} IS NULL)", self.bare(column))
    }

    /// The column against an operand, unknown where it is null. `None`: this is never asked of a source.
    fn compare(
        &self,
        statement: &mut Statement<Self::Slot>,
        column: Column<'_>,
        comparison: Comparison,
        operand: OperandId,
    ) -> Option<String>;

    /// Whether the columns together are one of some keys; false where one is null.
    fn key_in(&self, statement: &mut Statement<Self::Slot>, columns: &[Column<'_>], keys: Keys) -> String;

    /// Whether the expression of an index is that of one of some normalised keys, by that index: for every row that has one
    /// of them, and perhaps for more; false or unknown where the column is null.
    fn normalized_key_in(&self, statement: &mut Statement<Self::Slot>, wanted: Normalized<'_>) -> String;

    /// The keys as a table, where looking up row after row by an index serves these columns; else `None`.
    fn key_table(&self, statement: &mut Statement<Self::Slot>, columns: &[Column<'_>], keys: Keys) -> Option<KeyTable>;

    /// The condition that the columns are the one key that a select of its own is made for, by index where there is one;
    /// `None`: limits on each key are said in one select.
    fn one_key(&self, _statement: &mut Statement<Self::Slot>, _columns: &[Column<'_>]) -> Option<String> {
        None
    }

    /// Whether two columns hold the same key; false or unknown where one is null. An index of `inner` serves.
    fn same(&self, outer: Column<'_>, inner: Column<'_>) -> String;

    /// The two columns as the sides of `IN (SELECT …)`, outer first, where that finds what [`Self::same`] finds; for
    /// databases that begin a search with such rows, but never with those of an `EXISTS`.
    fn within(&self, _outer: Column<'_>, _inner: Column<'_>) -> Option<(String, String)> {
        None
    }

    /// The same condition where no index may serve it: beside a link whose own index finds few rows, an index of the
    /// condition would be walked once for every outer row. For databases that choose by rule where they have no figures.
    fn unindexed(&self, condition: &str) -> String {
        condition.to_owned()
    }

    /// What follows `SELECT` in a subselect that is checked row by row, where an index finds the rows of its link: for
    /// databases that would read the linked table once as a whole instead.
    fn row_by_row(&self) -> &'static str {
        ""
    }

    /// What is equal where two values of the column are exactly equal; for partitions.
    fn exact(&self, column: Column<'_>) -> String;

    /// How rows are grouped by the column.
    fn grouping(&self, column: Column<'_>) -> Grouping;

    /// An aggregate of columns, of the kind of the field that [`crate::Aggregate::describe`] gives. `None`: it cannot be
    /// computed of these.
    fn aggregate(&self, function: Function, columns: &[Column<'_>]) -> Option<String>;

    /// What the column is ordered by: its own order, or one that is equal to it.
    fn sort_key(&self, column: Column<'_>) -> String;

    /// The column's value where a subselect of one value gives it: whatever takes it from there takes it for the column's.
    fn carried(&self, column: Column<'_>) -> String {
        self.bare(column)
    }

    /// What the column is ordered by where a subselect of one value gives it.
    fn carried_sort_key(&self, column: Column<'_>) -> String {
        self.sort_key(column)
    }

    /// `expression`, which came from the column through a subselect, told the column's order again.
    fn collated(&self, expression: String, column: Column<'_>) -> String;

    /// Whether the column is never null, whatever the values are; for shorter orders.
    fn never_null(&self, column: Column<'_>) -> bool;

    /// Columns or expressions that tell the rows of a collection apart; `None` where there are none.
    fn identity(&self, alias: &str, collection: &Collection) -> Option<Vec<String>>;

    /// The hidden row number of a collection.
    fn row_id(&self, alias: &str, collection: &Collection) -> Option<String>;

    /// A limit or an offset.
    fn number(&self, statement: &mut Statement<Self::Slot>, operand: OperandId) -> String;

    /// `LIMIT` and `OFFSET`, or nothing.
    fn limit(&self, limit: Option<&str>, offset: Option<&str>) -> String;

    /// How the first rows by an order that begins with a column are found, for databases that would read and sort all rows
    /// where the order does not go the way of an index in every term. `None`: they do better, or this column's values are
    /// not found again by themselves.
    fn bound(
        &self,
        _statement: &mut Statement<Self::Slot>,
        _column: Column<'_>,
        _limit: OperandId,
        _offset: Option<OperandId>,
    ) -> Option<Bound> {
        None
    }

    /// How nulls are placed by a term of an order.
    fn nulls(&self, _descending: bool, first: bool) -> Nulls {
        Nulls::After(if first { " NULLS FIRST" } else { " NULLS LAST" })
    }
}
