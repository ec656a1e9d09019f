//! How often sources may be asked for a question: a number that its text alone gives, never its rows.
//!
//! *Invariant*: a statement for each parent, or for each key, would exceed it wherever a parent has a neighbour.

use lilong_connectors::Source;
use lilong_schema::Scalar;

use super::databases::{Database, Table};
use super::question::{Below, Condition, Fold, Given, Groups, Node, Page, Question, Term};

/// What counts where.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// Whether engines may order texts otherwise than by code point.
    pub(crate) orders_texts: bool,
    /// Whether every link stays in the one source.
    pub(crate) is_inside: bool,
    /// How many members each table is dealt to; 0: there are no unions.
    pub(crate) members: usize,
    /// How many fetches a link into another source may cost: it is tried from both sides in turn, by more rows each time.
    pub(crate) sides: usize,
}

/// Where a side is read by many rows at once.
const SIDES: usize = 12;

impl Form {
    /// One source with all tables.
    pub(crate) const WHOLE: Form = Form { orders_texts: true, is_inside: true, members: 0, sides: SIDES };
    /// Tables in different sources.
    pub(crate) const APART: Form = Form { orders_texts: true, is_inside: false, members: 0, sides: SIDES };

    /// Each table in a union of so many members.
    pub(crate) const fn dealt(members: usize) -> Form {
        Form { orders_texts: true, is_inside: false, members, sides: SIDES }
    }

    /// Whether the one source can do all of a question by itself.
    pub(crate) fn is_pushed(self, question: &Question, database: &Database, source: &Source) -> bool {
        let capabilities = source.capabilities();
        let is_here = |part: &Condition| match part {
            Condition::Part { by_regex, .. } => *by_regex,
            Condition::Like { folds, .. } => *folds && !capabilities.ilike,
            _ => false,
        };
        // Rows that nothing tells apart have no place that a page could begin at, but for SQLite's row numbers.
        let is_numbered = source.dialect().is_some_and(|dialect| dialect.starts_with("sqlite"));
        let lists = question.lists();
        self.is_inside
            && database.tables.iter().all(|table| joins_alike(database, table))
            && !lists.iter().filter_map(|list| list.given.condition.as_ref()).any(|condition| condition.any(&is_here))
            && (is_numbered || !lists.iter().any(|list| list.is_paged && database.tables[list.table].key.is_empty()))
    }

    /// The most fetches of a question, or of one of its pages; `is_pushed`: links cost none.
    pub(crate) fn fetches(self, question: &Question, is_pushed: bool) -> usize {
        let links = Links { each: if is_pushed { 0 } else { self.sides } };
        let one = match question {
            Question::Rows(node) | Question::Row(node, _) => links.node(node),
            Question::Fold(fold) => links.fold(fold),
            Question::Groups(groups) => links.groups(groups),
            Question::Pages(page) => links.page(page),
        };
        one * self.members.max(1)
    }
}

/// What links in conditions, orders and groups cost.
#[derive(Clone, Copy)]
struct Links {
    each: usize,
}

impl Links {
    fn node(self, node: &Node) -> usize {
        1 + self.given(&node.given) + self.below(node)
    }

    fn below(self, node: &Node) -> usize {
        let below = node.below.iter().map(|(_, below)| match below {
            Below::Rows(node) => self.node(node),
            Below::Fold(fold) => self.fold(fold),
            Below::Page(page) => self.page(page),
        });
        below.sum()
    }

    /// The figures and the rows are two questions.
    fn fold(self, fold: &Fold) -> usize {
        let questions = usize::from(!fold.figures.is_empty()) + usize::from(!fold.nodes.is_empty());
        questions * (1 + self.given(&fold.given))
    }

    /// The rows, their count, and a row on the side that a cursor cuts off.
    fn page(self, page: &Page) -> usize {
        3 * (1 + self.given(&page.node.given)) + self.below(&page.node)
    }

    fn groups(self, groups: &Groups) -> usize {
        let links = groups.by.iter().filter(|(relation, _)| relation.is_some()).count();
        1 + self.given(&groups.rows) + self.each * links
    }

    fn given(self, given: &Given) -> usize {
        let order = given.order.iter().map(|(term, _)| match term {
            Term::Column(_) => 0,
            Term::Far(path, _) => path.len(),
            Term::Folded(..) => 1,
        });
        let links = given.condition.as_ref().map_or(0, Condition::links) + order.sum::<usize>();
        self.each * links
    }
}

/// Whether keys stand in both tables of each foreign key as they compare: others meet by their texts, not at the source.
fn joins_alike(database: &Database, from: &Table) -> bool {
    from.foreign.iter().all(|key| {
        let to = &database.tables[key.table];
        key.columns.iter().zip(&key.references).all(|(one, other)| {
            let (one, other) = (&from.columns[*one], &to.columns[*other]);
            let has_forms =
                matches!(one.scalar, Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime);
            one.scalar == other.scalar && !has_forms
        })
    })
}

/// A list of a question.
struct List<'a> {
    table: usize,
    given: &'a Given,
    is_paged: bool,
}

impl Question {
    /// Every list in it.
    fn lists(&self) -> Vec<List<'_>> {
        fn below<'a>(node: &'a Node, is_paged: bool, all: &mut Vec<List<'a>>) {
            all.push(List { table: node.table, given: &node.given, is_paged });
            for (_, linked) in &node.below {
                match linked {
                    Below::Rows(node) => below(node, false, all),
                    Below::Fold(fold) => all.push(List { table: fold.table, given: &fold.given, is_paged: false }),
                    Below::Page(page) => below(&page.node, true, all),
                }
            }
        }
        let mut all = Vec::new();
        match self {
            Question::Rows(node) | Question::Row(node, _) => below(node, false, &mut all),
            Question::Fold(fold) => all.push(List { table: fold.table, given: &fold.given, is_paged: false }),
            Question::Pages(page) => below(&page.node, true, &mut all),
            Question::Groups(groups) => all.push(List { table: groups.table, given: &groups.rows, is_paged: false }),
        }
        all
    }

    /// Whether its order goes through links into what may be other sources: where a text of its own stands beside that, no
    /// order can be made, and lilong says so.
    pub(crate) fn may_be_refused(&self) -> bool {
        self.lists().iter().any(|list| list.given.order.iter().any(|(term, _)| !matches!(term, Term::Column(_))))
    }
}
