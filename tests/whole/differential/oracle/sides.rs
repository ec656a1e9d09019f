//! How many rows a question may read where every table is a source of its own.
//!
//! In: a question, and the rows of its answer. Out: a number, or nothing where it takes too long to find. *Invariant*: of each
//! link in a condition the better side counts, whichever it is: its rows that meet what their own source can check.

use rusqlite::types::Value as Cell;

use super::Oracle;
use crate::differential::databases::quoted;
use crate::differential::question::{Condition, Given, Question, Relation, Term};

/// Sides are tried by eight times as many rows each time, both of them, so what is read before the better one is whole is
/// at most so many times what that one has.
const TRIED: usize = 32;

/// A limited list, or a page, is read in its order for so many times the rows of a side, before more of both sides is.
const SCANNED: usize = 16;

/// What is read for a page: its rows, their count, the other side.
const PAGE: usize = 3;

impl Oracle<'_> {
    /// The most rows, where sides are tried by `side_rows` first; `rows`: those of the answer.
    pub(super) fn reads(&self, question: &Question, rows: usize, side_rows: usize) -> Option<usize> {
        let behind = match question {
            Question::Groups(groups) => groups.by.iter().filter(|(relation, _)| relation.is_some()).count(),
            _ => 0,
        };
        // Values from behind links are read beside the rows; a page is read with its count and its other side.
        let mut all = rows * (2 + behind) + PAGE * self.widened.get();
        for list in question.lists() {
            let Some(condition) = &list.given.condition else { continue };
            let links = condition.links();
            let own = own(condition);
            for (relation, inner) in &links {
                all += TRIED * (self.side(relation, *inner, &own)? + side_rows);
            }
            if !links.is_empty() && (list.given.limit.is_some() || list.is_paged) {
                all += SCANNED * side_rows * (1 + condition.all_links());
            }
        }
        Some(all)
    }

    /// The rows that are read by the better side of a link, with those behind it; `near`: what is known of the near side.
    fn side(&self, relation: &Relation, inner: Option<&Condition>, near: &Condition) -> Option<usize> {
        let all = Condition::And(Vec::new());
        let inner = inner.unwrap_or(&all);
        let beside = own(inner);
        let joined =
            Condition::And(vec![beside.clone(), Condition::Linked(relation.reversed(), Box::new(near.clone()))]);
        let mut by_near = self.count(relation.from, near)? + self.count(relation.to, &joined)?;
        let mut by_far = self.count(relation.to, &sent(inner))?;
        for (deeper, condition) in inner.links() {
            by_near += self.side(deeper, condition, &joined)?;
            by_far += self.side(deeper, condition, &beside)?;
        }
        Some(by_near.min(by_far))
    }

    fn count(&self, table: usize, condition: &Condition) -> Option<usize> {
        let mut values = Vec::new();
        let condition = self.condition(table, condition, "a", &mut values);
        self.counted(table, &condition, &values)
    }

    fn counted(&self, table: usize, condition: &str, values: &[Cell]) -> Option<usize> {
        let text = format!("SELECT count(*) FROM {} a WHERE {condition}", quoted(self.database.tables[table].name));
        let mut statement = self.connection.prepare_cached(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        match statement.query_row(rusqlite::params_from_iter(values), |row| row.get(0)) {
            Ok(rows) => Some(i64::unsigned_abs(rows) as usize),
            Err(error) => {
                assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted), "{text}");
                None
            }
        }
    }

    /// Counts the rows of a list that is cut only after rows of other sources were read, or checked here; `conditions`:
    /// what leads to them, the list's own condition last.
    pub(super) fn widen(&self, table: usize, given: &Given, conditions: &[String], values: &[Cell]) -> Option<()> {
        let terms = given.order.iter().map(|(term, _)| match term {
            Term::Column(_) => 0,
            Term::Far(path, _) => path.len(),
            Term::Folded(..) => 1,
        });
        let terms = terms.sum::<usize>();
        let sent = given.condition.as_ref().filter(|condition| condition.any(&is_checked_here)).map(sent);
        if terms == 0 && sent.is_none() {
            return Some(());
        }
        let rows = match sent {
            None => self.counted(table, &conditions.join(" AND "), values)?,
            Some(sent) => {
                let (mut conditions, mut values) = (conditions.to_vec(), values.to_vec());
                let mut own = Vec::new();
                if let (Some(last), Some(condition)) = (conditions.last_mut(), &given.condition) {
                    self.condition(table, condition, "a", &mut own);
                    values.truncate(values.len() - own.len());
                    *last = self.condition(table, &sent, "a", &mut values);
                }
                self.counted(table, &conditions.join(" AND "), &values)?
            }
        };
        self.widened.set(self.widened.get() + rows * (1 + terms));
        Some(())
    }
}

/// What a source checks of its own rows by itself, beside the links.
fn own(condition: &Condition) -> Condition {
    let has_links = |part: &Condition| matches!(part, Condition::Linked(..) | Condition::Folded(..));
    let own = condition.conjuncts().into_iter().filter(|part| !part.any(&has_links) && !part.any(&is_checked_here));
    Condition::And(own.cloned().collect())
}

/// What is asked of a source, with the keys that were found for links.
fn sent(condition: &Condition) -> Condition {
    // What a link's own rows must meet is checked where they live.
    let here = |part: &&Condition| match part {
        Condition::Linked(..) | Condition::Folded(..) => true,
        part => !part.any(&is_checked_here),
    };
    Condition::And(condition.conjuncts().into_iter().filter(here).cloned().collect())
}

fn is_checked_here(part: &Condition) -> bool {
    matches!(part, Condition::Part { by_regex: true, .. })
}
