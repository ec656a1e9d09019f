//! Regular expressions, compiled once for all who use them at the same time.
//!
//! In: the text of one. Out: its program, the same for everybody as long as somebody holds it. *Invariant*: what nobody holds
//! takes no memory but a place in a table, whose places are free again soon.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use regex::{Regex, RegexBuilder};

/// The largest program of one, and the memory that its automaton may take, in bytes.
const PROGRAM: usize = 1 << 20;
const AUTOMATON: usize = 2 << 20;
/// Places of a table that are filled before those that are free again are looked for.
const PLACES: usize = 64;

/// One regular expression, compiled.
#[derive(Debug)]
pub struct Pattern(Regex);

/// Those of one way of comparing.
#[derive(Default)]
struct Table {
    places: HashMap<Box<str>, Weak<Pattern>>,
    /// With so many places the free ones are looked for.
    full: usize,
}

impl Pattern {
    /// Compiles a text in the syntax of the crate `regex`, unless somebody has and still holds it; `folds`: without regard to
    /// case. An error if it is none, or too large a program.
    pub fn of(text: &str, folds: bool) -> Result<Arc<Self>, Box<regex::Error>> {
        static TABLES: OnceLock<[Mutex<Table>; 2]> = OnceLock::new();
        let table = &TABLES.get_or_init(Default::default)[usize::from(folds)];
        let locked = || table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().places.get(text).and_then(Weak::upgrade) {
            return Ok(known);
        }
        // Not under the lock: it takes a while, and others have others.
        let mut builder = RegexBuilder::new(text);
        let regex = builder.case_insensitive(folds).size_limit(PROGRAM).dfa_size_limit(AUTOMATON).build();
        let pattern = Arc::new(Self(regex?));
        let mut table = locked();
        if table.places.len() >= table.full {
            table.places.retain(|_, pattern| pattern.strong_count() > 0);
            table.full = (2 * table.places.len()).max(PLACES);
        }
        table.places.insert(text.into(), Arc::downgrade(&pattern));
        Ok(pattern)
    }

    /// Whether a text has a part that meets it.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_is_held_is_not_compiled_again() {
        let held = Pattern::of("^held$", false).unwrap();
        assert!(Arc::ptr_eq(&held, &Pattern::of("^held$", false).unwrap()));
        let folding = Pattern::of("^held$", true).unwrap();
        assert!(folding.matches("Held") && !held.matches("Held"));
    }

    #[test]
    fn what_nobody_holds_makes_room() {
        let held = Pattern::of("held among many", false).unwrap();
        for number in 0..10 * PLACES {
            assert!(Pattern::of(&format!("gone {number}"), false).unwrap().matches(&format!("gone {number}")));
        }
        assert!(Arc::ptr_eq(&held, &Pattern::of("held among many", false).unwrap()));
    }

    #[test]
    fn what_is_none_or_too_large_is_refused() {
        assert!(matches!(*Pattern::of("(", false).unwrap_err(), regex::Error::Syntax(_)));
        assert!(matches!(*Pattern::of(r"\w{2000}", false).unwrap_err(), regex::Error::CompiledTooBig(_)));
    }
}
