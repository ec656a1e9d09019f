//! The judge itself: what costs too much is told, whatever the answer is.

use lilong_tests::serve;
use lilong_tests::watch::Seen;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use super::bounds::Form;
use super::generate::relations;
use super::question::{Below, Condition, Given, Node, Question};
use super::real::Original;
use super::{MEMBERS, generated, oracle, town};
use crate::engines::copy;

fn seen(source: &str, collection: &str, keys: Option<usize>, rows: usize) -> Seen {
    Seen { source: source.into(), collection: collection.to_owned(), keys, rows }
}

/// Rows of a table that meet a condition.
fn rows(table: usize, condition: Condition) -> Node {
    let given = Given { condition: Some(condition), limit: Some(200), ..Given::default() };
    Node { table, columns: vec![0], below: Vec::new(), given }
}

fn is(column: usize, value: impl Into<Cell>) -> Condition {
    Condition::Compare(column, "_eq", value.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_for_each_parent_and_a_scan_of_the_large_side_are_too_much() {
    let original = Original::generated(town::town());
    let copy = copy::apart(&original.database, &original.path).await;
    let gateway = serve(copy.folder.path()).await;
    let source = &gateway.model().sources[0];
    let mut connection = Connection::open(&original.path).unwrap();
    let (residents, shots) = (1, 2);
    let link = relations(&original.database, residents).into_iter().find(|link| link.to == shots).unwrap();
    let form = Form { side_rows: Some(10), ..Form::APART };
    let mut too_much = |question: &Question, seen: &[Seen]| {
        let expected = oracle::answer(&original.database, &mut connection, form, question).unwrap();
        form.too_much(question, &expected, &original.database, source, seen)
    };

    // The shots of each of fifty residents.
    let below = Node { given: Given::default(), ..rows(shots, Condition::And(vec![])) };
    let few = Condition::Compare(0, "_lte", Cell::Integer(50));
    let parents = Node { below: vec![(link.clone(), Below::Rows(below))], ..rows(residents, few) };
    let question = Question::Rows(parents);
    let all = vec![seen("part1", "resident", None, 50), seen("part2", "shot", Some(50), 200)];
    assert_eq!(too_much(&question, &all), None);
    let each = (0..50).map(|_| seen("part2", "shot", Some(1), 4));
    let each = [all[0].clone()].into_iter().chain(each).collect::<Vec<_>>();
    assert!(too_much(&question, &each).is_some_and(|why| why.contains("51 fetches where 2 will do")));

    // One resident who had a shot, and all shots.
    let linked = Condition::Linked(link, Box::new(is(2, "flu".to_owned())));
    let question = Question::Rows(rows(residents, Condition::And(vec![is(0, 7), linked])));
    let by_near = [seen("part1", "resident", None, 1), seen("part2", "shot", Some(1), 5)];
    assert_eq!(too_much(&question, &by_near), None);
    let by_far = [seen("part2", "shot", None, 11_000), seen("part1", "resident", None, 1)];
    assert!(too_much(&question, &by_far).is_some_and(|why| why.contains("11001 rows are read")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_the_filter_rules_out_is_too_much() {
    let mut original = Original::generated(generated::ledger());
    original.is_dealt();
    let copy = copy::dealt(&[lilong_tests::engine::Engine::Sqlite; MEMBERS], &original.database, &original.path).await;
    let gateway = serve(copy.folder.path()).await;
    let source = &gateway.model().sources[0];
    let mut connection = Connection::open(&original.path).unwrap();
    let entries = 2;
    let column = |name: &str| original.database.tables[entries].columns.iter().position(|column| column.name == name);
    let (lives, ward, lacked) = (column("_source"), column("lilong_ward"), column("kind"));
    let (lives, ward, lacked) = (lives.unwrap(), ward.unwrap(), lacked.unwrap());
    let form = Form::dealt(MEMBERS);
    let south = || Condition::Compare(ward, "_eq", Cell::Integer(2));
    for (condition, needed) in [
        (is(lives, "part1".to_owned()), vec![1]),
        (Condition::Not(Box::new(Condition::Compare(lives, "_neq", "part2".to_owned().into()))), vec![2]),
        (Condition::Among(lives, true, vec!["part0".to_owned().into()]), vec![1, 2]),
        // The third member stores what the others declare.
        (south(), vec![1, 2]),
        (Condition::Or(vec![south(), is(lives, "part0".to_owned())]), vec![0, 1, 2]),
        (Condition::And(vec![Condition::Not(Box::new(south())), is(lacked, "in".to_owned())]), vec![0, 2]),
        (Condition::Null(lacked, false), vec![0, 2]),
        (Condition::Among(lacked, true, vec![]), vec![0, 1, 2]),
    ] {
        let question = Question::Rows(rows(entries, condition));
        let expected = oracle::answer(&original.database, &mut connection, form, &question).unwrap();
        for member in 0..MEMBERS {
            let asked = [seen(&format!("part{member}"), "entry", None, 1)];
            let told = form.too_much(&question, &expected, &original.database, source, &asked);
            assert_eq!(told.is_none(), needed.contains(&member), "{member}: {told:?}");
        }
    }
}
