//! How often sources may be asked for a question: a number that its text alone gives, never its rows.
//!
//! *Invariant*: a statement for each parent, or for each key, would exceed it wherever a parent has a neighbour.

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
}

impl Form {
    /// One source with all tables.
    pub(crate) const WHOLE: Form = Form { orders_texts: true, is_inside: true, members: 0 };
    /// Tables in different sources.
    pub(crate) const APART: Form = Form { orders_texts: true, is_inside: false, members: 0 };

    /// Each table in a union of so many members.
    pub(crate) const fn dealt(members: usize) -> Form {
        Form { orders_texts: true, is_inside: false, members }
    }

    /// The most fetches of a question, or of one of its pages.
    pub(crate) fn fetches(self, question: &Question) -> usize {
        let one = match question {
            Question::Rows(node) | Question::Row(node, _) => self.node(node),
            Question::Fold(fold) => self.fold(fold),
            Question::Groups(groups) => self.groups(groups),
            Question::Pages(page) => self.page(page),
        };
        one * self.members.max(1)
    }

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
        1 + self.given(&groups.rows) + if self.is_free(&groups.rows) { 0 } else { links }
    }

    /// Whether links cost nothing, because one source follows them by itself.
    fn is_free(self, given: &Given) -> bool {
        self.is_inside && !given.condition.as_ref().is_some_and(is_evaluated_here)
    }

    fn given(self, given: &Given) -> usize {
        let order = given.order.iter().map(|(term, _)| match term {
            Term::Column(_) => 0,
            Term::Far(path, _) => path.len(),
            Term::Folded(..) => 1,
        });
        let links = given.condition.as_ref().map_or(0, Condition::links) + order.sum::<usize>();
        if self.is_free(given) { 0 } else { links }
    }
}

/// Whether some part of a condition is left to lilong everywhere.
fn is_evaluated_here(condition: &Condition) -> bool {
    condition.any(&|part| matches!(part, Condition::Part { by_regex: true, .. }))
}

impl Question {
    /// The arguments of every list in it.
    fn given(&self) -> Vec<&Given> {
        fn below<'a>(node: &'a Node, all: &mut Vec<&'a Given>) {
            all.push(&node.given);
            for (_, linked) in &node.below {
                match linked {
                    Below::Rows(node) => below(node, all),
                    Below::Fold(fold) => all.push(&fold.given),
                    Below::Page(page) => below(&page.node, all),
                }
            }
        }
        let mut all = Vec::new();
        match self {
            Question::Rows(node) | Question::Row(node, _) => below(node, &mut all),
            Question::Fold(fold) => all.push(&fold.given),
            Question::Pages(page) => below(&page.node, &mut all),
            Question::Groups(groups) => all.push(&groups.rows),
        }
        all
    }

    /// Whether every condition in it can be left to the sources.
    pub(crate) fn is_pushed(&self) -> bool {
        !self.given().iter().filter_map(|given| given.condition.as_ref()).any(is_evaluated_here)
    }

    /// Whether its order goes through links into what may be other sources: where a text of its own stands beside that, no
    /// order can be made, and lilong says so.
    pub(crate) fn may_be_refused(&self) -> bool {
        self.given().iter().any(|given| given.order.iter().any(|(term, _)| !matches!(term, Term::Column(_))))
    }
}
