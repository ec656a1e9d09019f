//! Which members of a union a question can need: those that no filter of it rules out.
//!
//! *Invariant*: a member is ruled out only by what is known of all its rows: where they live, what the catalog declares, and
//! the columns that it lacks.

use std::cmp::Ordering;

use lilong_tests::watch::Seen;
use rusqlite::types::Value as Cell;

use super::databases::Database;
use super::names::member_name;
use super::oracle;
use super::question::{Condition, Question, Term};

/// The truths that a condition can have of a member's rows: any of true, false and unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Truths(u8);

impl Truths {
    const TRUE: Truths = Truths(1);
    const FALSE: Truths = Truths(2);
    const UNKNOWN: Truths = Truths(4);
    const ANY: Truths = Truths(7);
    /// Of what is never unknown.
    const EITHER: Truths = Truths(3);

    fn of(holds: bool) -> Self {
        if holds { Self::TRUE } else { Self::FALSE }
    }

    fn can_be(self, other: Truths) -> bool {
        self.0 & other.0 != 0
    }

    fn negated(self) -> Self {
        let swapped = (self.0 & 1) << 1 | (self.0 & 2) >> 1;
        Truths(swapped | self.0 & 4)
    }

    /// Each with each: false is stronger than unknown, that than true.
    fn and(self, other: Truths) -> Self {
        let one_is = |truth: Truths| self.can_be(truth) || other.can_be(truth);
        let both_can = |truths: Truths| self.can_be(truths) && other.can_be(truths);
        let mut all = 0;
        if self.can_be(Self::TRUE) && other.can_be(Self::TRUE) {
            all |= 1;
        }
        if one_is(Self::FALSE) {
            all |= 2;
        }
        if one_is(Self::UNKNOWN) && both_can(Truths(5)) {
            all |= 4;
        }
        Truths(all)
    }
}

/// A table that a question looks into, and the condition on its rows.
type Place<'a> = (usize, Option<&'a Condition>);

/// What stood in the log of a fetch that no filter of the question allows; `None`: all were needed.
pub(super) fn asked_in_vain<'a>(database: &Database, question: &Question, seen: &'a [Seen]) -> Option<&'a Seen> {
    let places = places(question);
    seen.iter().find(|seen| {
        let table = database.tables.iter().position(|table| table.name == seen.collection);
        let is_needed = |(at, condition): &Place<'_>| {
            Some(*at) == table && members(database, *at, *condition).any(|member| *seen.source == *member_name(member))
        };
        !places.iter().any(is_needed)
    })
}

/// The members of a table's union that may have a row of this condition.
pub(super) fn members<'a>(
    database: &'a Database,
    table: usize,
    condition: Option<&'a Condition>,
) -> impl Iterator<Item = usize> + 'a {
    (0..super::MEMBERS).filter(move |member| {
        condition.is_none_or(|condition| truths(database, table, condition, *member).can_be(Truths::TRUE))
    })
}

fn truths(database: &Database, table: usize, condition: &Condition, member: usize) -> Truths {
    let known = |column: &usize| database.tables[table].columns[*column].known.get(member).and_then(Option::as_ref);
    let of_text = |column: &usize, function: &str, other: &str, not: bool| match known(column) {
        None => Truths::ANY,
        Some(Cell::Text(text)) => Truths::of(oracle::functions::holds(function, text, other) != not),
        Some(_) => Truths::UNKNOWN,
    };
    match condition {
        Condition::And(parts) => {
            parts.iter().fold(Truths::TRUE, |all, part| all.and(truths(database, table, part, member)))
        }
        Condition::Or(parts) => parts
            .iter()
            .fold(Truths::TRUE, |all, part| all.and(truths(database, table, part, member).negated()))
            .negated(),
        Condition::Not(part) => truths(database, table, part, member).negated(),
        Condition::Null(column, null) => {
            known(column).map_or(Truths::EITHER, |value| Truths::of((*value == Cell::Null) == *null))
        }
        Condition::Compare(column, operator, value) => match known(column) {
            None => Truths::ANY,
            Some(Cell::Null) => Truths::UNKNOWN,
            Some(known) => Truths::of(compares(known, operator, value)),
        },
        Condition::Among(_, not, values) if values.is_empty() => Truths::of(*not),
        Condition::Among(column, not, values) => match known(column) {
            None => Truths::ANY,
            Some(Cell::Null) => Truths::UNKNOWN,
            Some(known) => Truths::of(values.contains(known) != *not),
        },
        Condition::Like { column, not, folds, pattern } => {
            of_text(column, if *folds { "like_folded" } else { "like_exactly" }, pattern, *not)
        }
        // That is looked at after the other filters, when rows are there.
        Condition::Part { by_regex: true, .. } => Truths::ANY,
        Condition::Part { column, place, part, .. } => of_text(column, oracle::functions::of(*place), part, false),
        Condition::Linked(relation, inner) => {
            let leads_nowhere = members(database, relation.to, Some(inner)).next().is_none();
            if leads_nowhere { Truths::FALSE } else { Truths::EITHER }
        }
        Condition::Folded(..) => Truths::EITHER,
    }
}

fn compares(known: &Cell, operator: &str, value: &Cell) -> bool {
    let order = match (known, value) {
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
        _ => panic!("{known:?} is not compared with {value:?}"),
    };
    match operator {
        "_eq" => order == Ordering::Equal,
        "_neq" => order != Ordering::Equal,
        "_gt" => order == Ordering::Greater,
        "_gte" => order != Ordering::Less,
        "_lt" => order == Ordering::Less,
        _ => order != Ordering::Greater,
    }
}

/// Everywhere that a question looks.
fn places(question: &Question) -> Vec<Place<'_>> {
    let mut all = Vec::new();
    for list in question.lists() {
        all.push((list.table, list.given.condition.as_ref()));
        if let Some(condition) = &list.given.condition {
            behind(condition, &mut all);
        }
        for (term, _) in &list.given.order {
            match term {
                Term::Column(_) => {}
                Term::Far(path, _) => all.extend(path.iter().map(|relation| (relation.to, None))),
                Term::Folded(relation, _) => all.push((relation.to, None)),
            }
        }
    }
    if let Question::Groups(groups) = question {
        all.extend(groups.by.iter().filter_map(|(relation, _)| Some((relation.as_ref()?.to, None))));
    }
    all
}

/// Where a condition leads.
fn behind<'a>(condition: &'a Condition, all: &mut Vec<Place<'a>>) {
    for (relation, inner) in condition.links() {
        all.push((relation.to, inner));
        if let Some(inner) = inner {
            behind(inner, all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truths;

    #[test]
    fn truths_of_a_conjunction_are_those_of_each_pair() {
        let all = [Truths::TRUE, Truths::FALSE, Truths::UNKNOWN];
        let and = |one: Truths, other: Truths| match (one, other) {
            (Truths::FALSE, _) | (_, Truths::FALSE) => Truths::FALSE,
            (Truths::UNKNOWN, _) | (_, Truths::UNKNOWN) => Truths::UNKNOWN,
            _ => Truths::TRUE,
        };
        for one in 1..8 {
            for other in 1..8 {
                let (one, other) = (Truths(one), Truths(other));
                let pairs = all.iter().filter(|truth| one.can_be(**truth)).flat_map(|truth| {
                    all.iter().filter(|second| other.can_be(**second)).map(|second| and(*truth, *second).0)
                });
                assert_eq!(one.and(other).0, pairs.fold(0, |all, truth| all | truth), "{one:?} {other:?}");
            }
        }
        assert_eq!(Truths(3).negated(), Truths(3));
        assert_eq!(Truths(5).negated(), Truths(6));
    }
}
