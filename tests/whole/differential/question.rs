//! What can be asked: rows, what they come to, groups of them, pages of them, one by its key.
//!
//! In terms of tables and columns, by their positions in a [`Database`](super::databases::Database); nothing of GraphQL.

use rusqlite::types::Value as Cell;

/// A question about one table.
pub(crate) enum Question {
    Rows(Node),
    Fold(Fold),
    Groups(Groups),
    /// Every page of a connection, one after the other.
    Pages(Page),
    /// The row with this primary key.
    Row(Node, Vec<Cell>),
}

/// Rows: some columns of each, and what is below it.
pub(crate) struct Node {
    pub(crate) table: usize,
    pub(crate) columns: Vec<usize>,
    pub(crate) below: Vec<(Relation, Below)>,
    pub(crate) given: Given,
}

/// What can be asked for of linked rows.
pub(crate) enum Below {
    Rows(Node),
    Fold(Fold),
    Page(Page),
}

/// The arguments of a list.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) condition: Option<Condition>,
    pub(crate) distinct: Vec<usize>,
    pub(crate) order: Vec<(Term, &'static str)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
}

/// What rows come to; `nodes`: columns of the rows themselves, none: they are not asked for.
pub(crate) struct Fold {
    pub(crate) table: usize,
    pub(crate) given: Given,
    pub(crate) figures: Vec<Figure>,
    pub(crate) nodes: Vec<usize>,
}

/// Rows by pages of a size, from the beginning or from the end.
pub(crate) struct Page {
    pub(crate) node: Node,
    pub(crate) size: usize,
    pub(crate) backwards: bool,
}

/// Groups of rows; `is_unordered`: their order is not told apart.
pub(crate) struct Groups {
    pub(crate) table: usize,
    pub(crate) by: Vec<(Option<Relation>, usize)>,
    /// Which rows: no more than a condition.
    pub(crate) rows: Given,
    pub(crate) having: Option<Having>,
    pub(crate) order: Vec<(GroupTerm, &'static str)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) is_unordered: bool,
}

/// What groups are ordered by: a key by its position, or a figure.
pub(crate) enum GroupTerm {
    Key(usize),
    Figure(Figure),
}

/// A condition on a group.
pub(crate) enum Having {
    And(Vec<Having>),
    Or(Vec<Having>),
    Not(Box<Having>),
    Of(Figure, Test),
}

/// A figure of some rows.
#[derive(Clone, PartialEq)]
pub(crate) enum Figure {
    /// Rows in which none of these columns is null; whether the different combinations are counted.
    Count(Vec<usize>, bool),
    /// `sum`, `avg`, `min` … of a column.
    Of(&'static str, usize),
}

/// A test of a figure.
#[derive(Clone)]
pub(crate) enum Test {
    Null(bool),
    Compare(&'static str, Cell),
}

/// What rows are ordered by.
pub(crate) enum Term {
    Column(usize),
    /// A column behind object links.
    Far(Vec<Relation>, usize),
    /// A figure of linked rows.
    Folded(Relation, Figure),
}

/// A link in one direction.
#[derive(Clone)]
pub(crate) struct Relation {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) on: Vec<(usize, usize)>,
    pub(crate) many: bool,
}

/// A condition on a row.
#[derive(Clone)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Null(usize, bool),
    Compare(usize, &'static str, Cell),
    Among(usize, bool, Vec<Cell>),
    /// `_like` and `_nlike`, or whether case is nothing to them.
    Like {
        column: usize,
        not: bool,
        folds: bool,
        pattern: String,
    },
    /// `_startsWith`, `_endsWith`, `_contains`, and the same by `_regex`.
    Part {
        column: usize,
        place: Place,
        part: String,
        by_regex: bool,
    },
    Linked(Relation, Box<Condition>),
    /// Figures of linked rows that meet a condition.
    Folded(Relation, Option<Box<Condition>>, Vec<(Figure, Test)>),
}

/// Where a part of a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Start,
    End,
    Within,
}

impl Relation {
    /// The same link from its other end.
    pub(crate) fn reversed(&self) -> Relation {
        let on = self.on.iter().map(|(one, other)| (*other, *one)).collect();
        Relation { from: self.to, to: self.from, on, many: true }
    }
}

impl Figure {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Figure::Count(..) => "count",
            Figure::Of(name, _) => name,
        }
    }
}

impl Condition {
    /// Whether some part of it is so.
    pub(crate) fn any(&self, is: &impl Fn(&Condition) -> bool) -> bool {
        is(self)
            || match self {
                Condition::And(parts) | Condition::Or(parts) => parts.iter().any(|part| part.any(is)),
                Condition::Not(part) | Condition::Linked(_, part) | Condition::Folded(_, Some(part), _) => part.any(is),
                _ => false,
            }
    }

    /// The links of its rows, and the conditions behind them.
    pub(crate) fn links(&self) -> Vec<(&Relation, Option<&Condition>)> {
        match self {
            Condition::And(parts) | Condition::Or(parts) => parts.iter().flat_map(Condition::links).collect(),
            Condition::Not(part) => part.links(),
            Condition::Linked(relation, inner) => vec![(relation, Some(inner))],
            Condition::Folded(relation, inner, _) => vec![(relation, inner.as_deref())],
            _ => Vec::new(),
        }
    }

    /// How many links it goes through, with those behind them.
    pub(crate) fn all_links(&self) -> usize {
        self.links().iter().map(|(_, inner)| 1 + inner.map_or(0, Condition::all_links)).sum()
    }

    /// The conditions that all must hold.
    pub(crate) fn conjuncts(&self) -> Vec<&Condition> {
        match self {
            Condition::And(parts) => parts.iter().flat_map(Condition::conjuncts).collect(),
            other => vec![other],
        }
    }
}
