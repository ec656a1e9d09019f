//! What a question may cost: whom it asks and how often, a number that its text alone gives; and how many rows it reads.
//!
//! In: a question, its answer, the log of its fetches. Out: what was too much. *Invariant*: a statement for each parent, or
//! for each key, would exceed it wherever a parent has a neighbour; so would a look at the large side of a link where the
//! small one's keys will do, and at a member of a union that the filter rules out.

use lilong_connectors::Source;
use lilong_schema::Scalar;

use lilong_tests::watch::Seen;

use super::databases::{Database, Table};
use super::members::{asked_in_vain, members};
use super::oracle::Expected;
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
    /// By how many rows a side is tried first, where that is few beside what the tables have.
    pub(crate) side_rows: Option<usize>,
}

/// Where a side is read by many rows at once.
const SIDES: usize = 12;

impl Form {
    /// One source with all tables.
    pub(crate) const WHOLE: Form =
        Form { orders_texts: true, is_inside: true, members: 0, sides: SIDES, side_rows: None };
    /// Tables in different sources.
    pub(crate) const APART: Form = Form { is_inside: false, ..Form::WHOLE };

    /// Each table in a union of so many members.
    pub(crate) const fn dealt(members: usize) -> Form {
        Form { members, ..Form::APART }
    }

    /// What of the fetches of a question, or of one of its pages, was too much.
    pub(crate) fn too_much(
        self,
        question: &Question,
        expected: &Expected,
        database: &Database,
        source: &Source,
        seen: &[Seen],
    ) -> Option<String> {
        let is_pushed = self.is_pushed(question, database, source);
        let most = self.fetches(question, database, is_pushed);
        if seen.len() > most {
            return Some(format!(": {} fetches where {most} will do: {seen:?}", seen.len()));
        }
        if self.members > 0
            && let Some(vain) = asked_in_vain(database, question, seen)
        {
            return Some(format!(": a member is asked that the filter rules out: {vain:?}"));
        }
        let read = seen.iter().map(|seen| seen.rows).sum::<usize>();
        let most = if is_pushed { Some(expected.rows) } else { expected.reads }?;
        // One row more tells whether there is another page, or more on a side.
        let most = most + seen.len();
        (read > most).then(|| format!(": {read} rows are read where {most} will do: {seen:?}"))
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
    fn fetches(self, question: &Question, database: &Database, is_pushed: bool) -> usize {
        let each = if is_pushed { 0 } else { self.sides * self.members.max(1) };
        let links = Links { each, is_union: self.members > 0, database };
        match question {
            Question::Rows(node) | Question::Row(node, _) => links.node(node),
            Question::Fold(fold) => links.fold(fold),
            Question::Groups(groups) => links.groups(groups),
            Question::Pages(page) => links.page(page),
        }
    }
}

/// What lists cost, and links in their conditions, orders and groups.
#[derive(Clone, Copy)]
struct Links<'a> {
    each: usize,
    is_union: bool,
    database: &'a Database,
}

impl Links<'_> {
    /// A look at a table: one fetch, or one of each member that may have such rows.
    fn look(self, table: usize, given: &Given) -> usize {
        if self.is_union { members(self.database, table, given.condition.as_ref()).count() } else { 1 }
    }

    fn node(self, node: &Node) -> usize {
        self.look(node.table, &node.given) + self.given(&node.given) + self.below(node)
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
        questions * (self.look(fold.table, &fold.given) + self.given(&fold.given))
    }

    /// The rows, their count, and a row on the side that a cursor cuts off.
    fn page(self, page: &Page) -> usize {
        3 * (self.look(page.node.table, &page.node.given) + self.given(&page.node.given)) + self.below(&page.node)
    }

    fn groups(self, groups: &Groups) -> usize {
        let links = groups.by.iter().filter(|(relation, _)| relation.is_some()).count();
        self.look(groups.table, &groups.rows) + self.given(&groups.rows) + self.each * links
    }

    fn given(self, given: &Given) -> usize {
        let order = given.order.iter().map(|(term, _)| match term {
            Term::Column(_) => 0,
            Term::Far(path, _) => path.len(),
            Term::Folded(..) => 1,
        });
        let links = given.condition.as_ref().map_or(0, Condition::all_links) + order.sum::<usize>();
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
pub(super) struct List<'a> {
    pub(super) table: usize,
    pub(super) given: &'a Given,
    pub(super) is_paged: bool,
}

impl Question {
    /// Every list in it.
    pub(super) fn lists(&self) -> Vec<List<'_>> {
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
