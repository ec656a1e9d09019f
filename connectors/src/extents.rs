//! Between which values a column of a source lies, as the source said not long ago.
//!
//! In: what was learned, and what has changed. Out: [`Extent`]s that are young enough. *Invariant*: what is older than asked for
//! is not given, nor what was on its way while something changed.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lilong_schema::Value;
use tokio::time::Instant;

use crate::{Change, Comparison};

/// Between which values a column lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    /// There is no value but null.
    Nothing,
    /// Both among them; null where that is not known.
    Between(Value, Value),
}

impl Extent {
    /// Whether a value within may compare so with another; null compares with none.
    pub fn may_be(&self, comparison: Comparison, other: &Value) -> bool {
        let Extent::Between(least, greatest) = self else { return false };
        // What cannot be compared may be anything.
        let is = |value: &Value, against: &Value, excluded: &[Ordering]| {
            compare(value, against).is_none_or(|order| !excluded.contains(&order))
        };
        let within = |other: &Value| is(least, other, &[Ordering::Greater]) && is(greatest, other, &[Ordering::Less]);
        match (comparison, other) {
            (Comparison::Equal, other) => within(other),
            (Comparison::In, Value::List(items)) => items.iter().any(within),
            (Comparison::Greater, other) => is(greatest, other, &[Ordering::Less, Ordering::Equal]),
            (Comparison::GreaterOrEqual, other) => is(greatest, other, &[Ordering::Less]),
            (Comparison::Less, other) => is(least, other, &[Ordering::Greater, Ordering::Equal]),
            (Comparison::LessOrEqual, other) => is(least, other, &[Ordering::Greater]),
            _ => true,
        }
    }
}

/// The order of two values of one scalar: numbers and times by value, text by code point. `None`: they have none that is
/// sure, as floats and decimals.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Date(one), Value::Date(other)) => Some(one.cmp(other)),
        (Value::Time(one), Value::Time(other))
        | (Value::LocalDateTime(one), Value::LocalDateTime(other))
        | (Value::DateTime(one), Value::DateTime(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// What is known of the columns of a source.
#[derive(Debug, Default)]
pub struct Extents(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How often something has changed.
    era: u64,
    /// By collection, then by column.
    known: HashMap<String, HashMap<String, (Instant, Arc<Extent>)>>,
}

impl Extents {
    /// What was learned of a column at most `age` ago, and when.
    pub fn of(&self, collection: &str, column: &str, age: Duration) -> Option<(Instant, Arc<Extent>)> {
        let state = self.lock();
        let (since, extent) = state.known.get(collection)?.get(column)?;
        (since.elapsed() < age).then(|| (*since, extent.clone()))
    }

    /// What [`Extents::learn`] is to be told of what is asked from now on.
    pub fn era(&self) -> u64 {
        self.lock().era
    }

    /// Remembers what a source said at `since`, unless something has changed since `era`.
    pub fn learn(&self, era: u64, collection: &str, column: &str, since: Instant, extent: &Arc<Extent>) {
        let mut state = self.lock();
        if state.era == era {
            let columns = state.known.entry(collection.to_owned()).or_default();
            columns.insert(column.to_owned(), (since, extent.clone()));
        }
    }

    /// Forgets what a change may have made wrong.
    pub(crate) fn forget(&self, change: &Change) {
        let mut state = self.lock();
        state.era += 1;
        match change {
            Change::All | Change::Unheard => state.known.clear(),
            Change::Collection(collection) | Change::Rows { collection, .. } => {
                // A view may show what has changed elsewhere, but is named as well where that matters.
                state.known.remove(collection);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn integer(number: i128) -> Value {
        Value::Integer(number)
    }

    #[test]
    fn what_no_value_within_can_be_is_ruled_out_and_nothing_else() {
        use Comparison::{Contains, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Like, NotEqual, NotIn};
        let extent = Extent::Between(integer(3), integer(7));
        let list = |numbers: &[i128]| Value::List(numbers.iter().map(|number| integer(*number)).collect());
        for (comparison, ruled_out, may_be) in [
            (Equal, vec![integer(2), integer(8)], vec![integer(3), integer(5), integer(7), Value::Null]),
            (In, vec![list(&[]), list(&[1, 2, 8])], vec![list(&[1, 3]), list(&[7, 9]), list(&[5])]),
            (Greater, vec![integer(7), integer(8)], vec![integer(6), integer(0)]),
            (GreaterOrEqual, vec![integer(8)], vec![integer(7), integer(0)]),
            (Less, vec![integer(3), integer(2)], vec![integer(4), integer(9)]),
            (LessOrEqual, vec![integer(2)], vec![integer(3), integer(9)]),
            (NotEqual, vec![], vec![integer(3), integer(9)]),
            (NotIn, vec![], vec![list(&[3, 7])]),
            (Like, vec![], vec![Value::Text("x".into())]),
            (Contains, vec![], vec![Value::Text("x".into())]),
            // Values of other scalars.
            (Equal, vec![], vec![Value::Text("9".into()), Value::Float(9.0), Value::Decimal("9".into())]),
        ] {
            for (values, expected) in [(ruled_out, false), (may_be, true)] {
                for value in values {
                    assert_eq!(extent.may_be(comparison, &value), expected, "{comparison:?} {value:?}");
                    assert!(!Extent::Nothing.may_be(comparison, &value), "no value is {comparison:?} {value:?}");
                }
            }
        }
    }

    #[test]
    fn an_end_that_is_not_known_rules_nothing_out() {
        let open = Extent::Between(Value::Null, integer(7));
        assert!(open.may_be(Comparison::Equal, &integer(-5)) && open.may_be(Comparison::Less, &integer(-5)));
        assert!(!open.may_be(Comparison::Equal, &integer(8)) && !open.may_be(Comparison::Greater, &integer(7)));
        let text = Extent::Between(Value::Text("B".into()), Value::Text("a".into()));
        assert!(text.may_be(Comparison::Equal, &Value::Text("Z".into())), "by code point");
        assert!(!text.may_be(Comparison::Equal, &Value::Text("A".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_learned_is_given_until_it_is_too_old_or_something_changes() {
        let (extents, age) = (Extents::default(), Duration::from_mins(1));
        let extent = Arc::new(Extent::Nothing);
        let (start, known) = (Instant::now(), |column| extents.of("resident", column, age).is_some());
        extents.learn(extents.era(), "resident", "id", start, &extent);
        assert!(known("id") && !known("name"));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(known("id"));
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert!(!known("id"));
        for (change, kept) in [
            (Change::Collection("street".into()), true),
            (Change::Rows { collection: "resident".into(), key: [("id".into(), "1".into())].into() }, false),
            (Change::Collection("resident".into()), false),
            (Change::All, false),
        ] {
            let era = extents.era();
            extents.learn(era, "resident", "id", Instant::now(), &extent);
            extents.forget(&change);
            assert_eq!(known("id"), kept, "{change:?}");
            extents.learn(era, "resident", "name", Instant::now(), &extent);
            assert!(!known("name"), "it was on its way while something changed");
        }
    }
}
