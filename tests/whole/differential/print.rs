//! The text of a question: `{ s: source { x: collection(…) { c0: … r0: … { … } } } }`, without `s` for a union.

use std::fmt::Write;

use lilong_schema::Scalar;
use rusqlite::types::Value as Cell;

use super::databases::{Database, Role};
use super::names::Names;
use super::question::{
    Below, Condition, Figure, Fold, Given, GroupTerm, Groups, Having, Node, Page, Place, Question, Relation, Term, Test,
};

/// Which page is asked for.
#[derive(Clone, Copy)]
enum Pages<'a> {
    /// The first one, alone.
    First,
    /// One of several, after or before a cursor; it says where the next one begins.
    One(Option<&'a str>),
}

/// Writes questions in a gateway's names.
pub(crate) struct Printer<'a> {
    pub(crate) database: &'a Database,
    pub(crate) names: &'a Names,
}

impl Printer<'_> {
    /// The text; `cursor`: the page of a connection after or before it.
    pub(crate) fn print(&self, question: &Question, cursor: Option<&str>) -> String {
        let (table, field) = match question {
            Question::Rows(node) => {
                (node.table, format!("{}{}", self.field(node.table, "field"), self.rows(node, true)))
            }
            Question::Row(node, key) => (node.table, self.row(node, key)),
            Question::Fold(fold) => (fold.table, format!("{}{}", self.field(fold.table, "aggregate"), self.fold(fold))),
            Question::Groups(groups) => (groups.table, self.groups(groups)),
            Question::Pages(page) => {
                let table = page.node.table;
                (table, format!("{}{}", self.field(table, "connection"), self.page(page, Pages::One(cursor))))
            }
        };
        match self.names.source(table) {
            Some(source) => format!("{{ s: {source} {{ x: {field} }} }}"),
            None => format!("{{ x: {field} }}"),
        }
    }

    fn field(&self, table: usize, kind: &str) -> &str {
        self.names.field(table, kind)
    }

    fn column(&self, table: usize, column: usize) -> &str {
        self.names.column(self.database, table, column)
    }

    fn link(&self, relation: &Relation) -> &str {
        self.names.link(self.database, relation)
    }

    fn scalar(&self, table: usize, column: usize) -> Scalar {
        let column = &self.database.tables[table].columns[column];
        // Whatever is of several storage classes is read by its text.
        if column.role == Role::Plain { column.scalar } else { Scalar::String }
    }

    fn rows(&self, node: &Node, many: bool) -> String {
        let arguments = if many { braced(&self.arguments(node.table, &node.given)) } else { String::new() };
        format!("{arguments} {{{} }}", self.selected(node))
    }

    fn selected(&self, node: &Node) -> String {
        let mut out = String::new();
        for (index, column) in node.columns.iter().enumerate() {
            write!(out, " c{index}: {}", self.column(node.table, *column)).unwrap();
        }
        for (index, (relation, below)) in node.below.iter().enumerate() {
            let link = self.link(relation);
            match below {
                Below::Rows(below) => write!(out, " r{index}: {link}{}", self.rows(below, relation.many)),
                Below::Fold(fold) => write!(out, " r{index}: {link}Aggregate{}", self.fold(fold)),
                Below::Page(page) => write!(out, " r{index}: {link}Connection{}", self.page(page, Pages::First)),
            }
            .unwrap();
        }
        out
    }

    fn row(&self, node: &Node, key: &[Cell]) -> String {
        let table = node.table;
        let given = self.database.tables[table].key.iter().zip(key);
        let given = given.map(|(column, value)| {
            format!("{}: {}", self.column(table, *column), literal(value, self.scalar(table, *column)))
        });
        let given = given.collect::<Vec<_>>();
        let field = self.field(table, "byPk");
        format!("{field}{}{}", braced(&given), self.rows(node, false))
    }

    fn arguments(&self, table: usize, given: &Given) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(condition) = &given.condition {
            arguments.push(format!("where: {}", self.condition(table, condition)));
        }
        if !given.distinct.is_empty() {
            let columns = given.distinct.iter().map(|column| self.column(table, *column)).collect::<Vec<_>>();
            arguments.push(format!("distinctOn: [{}]", columns.join(", ")));
        }
        if !given.order.is_empty() {
            let terms = given.order.iter().map(|(term, direction)| self.term(table, term, direction));
            arguments.push(format!("orderBy: [{}]", terms.collect::<Vec<_>>().join(", ")));
        }
        arguments.extend(given.limit.map(|limit| format!("limit: {limit}")));
        arguments.extend(given.offset.map(|offset| format!("offset: {offset}")));
        arguments
    }

    fn term(&self, table: usize, term: &Term, direction: &str) -> String {
        match term {
            Term::Column(column) => format!("{{{}: {direction}}}", self.column(table, *column)),
            Term::Far(path, column) => {
                let inner = format!("{{{}: {direction}}}", self.column(path[path.len() - 1].to, *column));
                path.iter().rev().fold(inner, |inner, relation| format!("{{{}: {inner}}}", self.link(relation)))
            }
            Term::Folded(relation, figure) => {
                format!("{{{}Aggregate: {}}}", self.link(relation), self.figure_order(relation.to, figure, direction))
            }
        }
    }

    fn figure_order(&self, table: usize, figure: &Figure, direction: &str) -> String {
        match figure {
            Figure::Count(..) => format!("{{count: {direction}}}"),
            Figure::Of(name, column) => format!("{{{name}: {{{}: {direction}}}}}", self.column(table, *column)),
        }
    }

    fn fold(&self, fold: &Fold) -> String {
        let mut out = format!("{} {{", braced(&self.arguments(fold.table, &fold.given)));
        if !fold.figures.is_empty() {
            write!(out, " aggregate {{{} }}", self.figures(fold.table, &fold.figures)).unwrap();
        }
        if !fold.nodes.is_empty() {
            out.push_str(" nodes {");
            for (index, column) in fold.nodes.iter().enumerate() {
                write!(out, " c{index}: {}", self.column(fold.table, *column)).unwrap();
            }
            out.push_str(" }");
        }
        out + " }"
    }

    fn figures(&self, table: usize, figures: &[Figure]) -> String {
        let mut out = String::new();
        for (index, figure) in figures.iter().enumerate() {
            match figure {
                Figure::Count(columns, _) if columns.is_empty() => write!(out, " f{index}: count"),
                Figure::Count(columns, distinct) => {
                    let columns = columns.iter().map(|column| self.column(table, *column)).collect::<Vec<_>>();
                    let distinct = if *distinct { ", distinct: true" } else { "" };
                    write!(out, " f{index}: count(columns: [{}]{distinct})", columns.join(", "))
                }
                Figure::Of(name, column) => write!(out, " f{index}: {name} {{ v: {} }}", self.column(table, *column)),
            }
            .unwrap();
        }
        out
    }

    fn groups(&self, groups: &Groups) -> String {
        let table = groups.table;
        let keys = groups.by.iter().map(|(relation, column)| match relation {
            Some(relation) => format!("{}_{}", self.link(relation), self.column(relation.to, *column)),
            None => self.column(table, *column).to_owned(),
        });
        let keys = keys.collect::<Vec<_>>();
        let mut arguments = vec![format!("by: [{}]", keys.join(", "))];
        arguments.extend(self.arguments(table, &groups.rows));
        if let Some(having) = &groups.having {
            arguments.push(format!("having: {}", self.having(table, having)));
        }
        if !groups.order.is_empty() {
            let terms = groups.order.iter().map(|(term, direction)| match term {
                GroupTerm::Key(at) => format!("{{key: {{{}: {direction}}}}}", keys[*at]),
                GroupTerm::Figure(figure) => self.figure_order(table, figure, direction),
            });
            arguments.push(format!("orderBy: [{}]", terms.collect::<Vec<_>>().join(", ")));
        }
        arguments.extend(groups.limit.map(|limit| format!("limit: {limit}")));
        arguments.extend(groups.offset.map(|offset| format!("offset: {offset}")));
        let shown = keys.iter().enumerate().map(|(at, key)| format!("k{at}: {key}")).collect::<Vec<_>>().join(" ");
        let figures = self.figures(table, &groups.figures);
        format!(
            "{}{} {{ key {{ {shown} }} aggregate {{{figures} }} }}",
            self.field(table, "groups"),
            braced(&arguments)
        )
    }

    fn having(&self, table: usize, having: &Having) -> String {
        let list = |parts: &[Having]| parts.iter().map(|part| self.having(table, part)).collect::<Vec<_>>().join(", ");
        match having {
            Having::And(parts) => format!("{{_and: [{}]}}", list(parts)),
            Having::Or(parts) => format!("{{_or: [{}]}}", list(parts)),
            Having::Not(part) => format!("{{_not: {}}}", self.having(table, part)),
            Having::Of(figure, test) => format!("{{{}}}", self.tested(table, figure, test)),
        }
    }

    fn tested(&self, table: usize, figure: &Figure, test: &Test) -> String {
        let scalar = match figure {
            Figure::Of("min" | "max", column) => self.scalar(table, *column),
            _ => Scalar::BigInt,
        };
        let test = match test {
            Test::Null(null) => format!("{{_isNull: {null}}}"),
            Test::Compare(operator, value) => format!("{{{operator}: {}}}", literal(value, scalar)),
        };
        match figure {
            Figure::Count(..) => format!("count: {test}"),
            Figure::Of(name, column) => format!("{name}: {{{}: {test}}}", self.column(table, *column)),
        }
    }

    fn page(&self, page: &Page, which: Pages<'_>) -> String {
        let mut arguments = self.arguments(page.node.table, &page.node.given);
        let (count, from) = if page.backwards { ("last", "before") } else { ("first", "after") };
        arguments.push(format!("{count}: {}", page.size));
        let ends = if let Pages::One(cursor) = which {
            arguments.extend(cursor.map(|cursor| format!("{from}: \"{cursor}\"")));
            " startCursor endCursor"
        } else {
            ""
        };
        let info = format!("pageInfo {{ hasNextPage hasPreviousPage{ends} }}");
        format!("{} {{ nodes {{{} }} totalCount {info} }}", braced(&arguments), self.selected(&page.node))
    }

    fn condition(&self, table: usize, condition: &Condition) -> String {
        let list =
            |parts: &[Condition]| parts.iter().map(|part| self.condition(table, part)).collect::<Vec<_>>().join(", ");
        let on = |column: &usize, operation: String| format!("{{{}: {{{operation}}}}}", self.column(table, *column));
        let negated = |not: &bool, plain: &'static str, negated: &'static str| if *not { negated } else { plain };
        match condition {
            Condition::And(parts) => format!("{{_and: [{}]}}", list(parts)),
            Condition::Or(parts) => format!("{{_or: [{}]}}", list(parts)),
            Condition::Not(part) => format!("{{_not: {}}}", self.condition(table, part)),
            Condition::Null(column, null) => on(column, format!("_isNull: {null}")),
            Condition::Compare(column, operator, value) => {
                on(column, format!("{operator}: {}", literal(value, self.scalar(table, *column))))
            }
            Condition::Among(column, not, values) => {
                let values = values.iter().map(|value| literal(value, self.scalar(table, *column)));
                let values = values.collect::<Vec<_>>().join(", ");
                on(column, format!("{}: [{values}]", negated(not, "_in", "_nin")))
            }
            Condition::Like { column, not, folds, pattern } => {
                let operator = if *folds { negated(not, "_ilike", "_nilike") } else { negated(not, "_like", "_nlike") };
                on(column, format!("{operator}: {}", string(pattern)))
            }
            Condition::Part { column, place, part, by_regex: false } => {
                let operator = match place {
                    Place::Start => "_startsWith",
                    Place::End => "_endsWith",
                    Place::Within => "_contains",
                };
                on(column, format!("{operator}: {}", string(part)))
            }
            Condition::Part { column, place, part, by_regex: true } => {
                let (before, after) = match place {
                    Place::Start => ("\\A", ""),
                    Place::End => ("", "\\z"),
                    Place::Within => ("", ""),
                };
                on(column, format!("_regex: {}", string(&format!("{before}{}{after}", escaped(part)))))
            }
            Condition::Linked(relation, inner) => {
                format!("{{{}: {}}}", self.link(relation), self.condition(relation.to, inner))
            }
            Condition::Folded(relation, inner, tests) => {
                let inner = inner.iter().map(|inner| format!("where: {}", self.condition(relation.to, inner)));
                let tests = tests.iter().map(|(figure, test)| self.tested(relation.to, figure, test));
                let parts = inner.chain(tests).collect::<Vec<_>>().join(", ");
                format!("{{{}Aggregate: {{{parts}}}}}", self.link(relation))
            }
        }
    }
}

fn braced(arguments: &[String]) -> String {
    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) }
}

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A text that a regular expression takes literally.
fn escaped(text: &str) -> String {
    let special = |character: char| character.is_ascii_punctuation();
    text.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character])).collect()
}

fn literal(value: &Cell, scalar: Scalar) -> String {
    match (value, scalar) {
        (Cell::Integer(number), Scalar::Boolean) => (*number != 0).to_string(),
        (Cell::Integer(number), _) => number.to_string(),
        (Cell::Real(number), Scalar::Decimal) => number.to_string(),
        (Cell::Real(number), _) => format!("{number:?}"),
        (Cell::Text(text), Scalar::LocalDateTime) => format!("\"{}\"", text.replacen(' ', "T", 1)),
        (Cell::Text(text), _) => string(text),
        (Cell::Null | Cell::Blob(_), _) => panic!("no literal"),
    }
}
