//! Bad cells, things that are gone, and work that is given up.

use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt};
use lilong_connectors::{CellFault, Error, ErrorKind};
use lilong_schema::Value;

use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Question, context};
use crate::contract::data::integer;

pub async fn a_cell_that_cannot_be_represented_is_null_with_a_fault(fixture: &Fixture) {
    fixture.spoil();
    let ordered = fixture.claims().order;
    let mut question = Question::of(fixture, "spoiled").columns(&["value", "id"]);
    if ordered {
        question = question.by("id", ASCENDING);
    }
    let answer = question.try_ask().await.unwrap();
    let at = answer.rows.iter().position(|row| row[1] == integer(2)).unwrap();
    assert_eq!(answer.faults, [CellFault { column: 0, row: at }]);
    assert_eq!(answer.rows[at], [Value::Null, integer(2)]);
    let others: Vec<&Vec<Value>> = answer.rows.iter().filter(|row| row[1] != integer(2)).collect();
    assert_eq!(others.len(), 2);
    assert!(others.contains(&&vec![integer(10), integer(1)]) && others.contains(&&vec![integer(30), integer(3)]));
    let answer = Question::of(fixture, "spoiled").columns(&["id"]).try_ask().await.unwrap();
    assert_eq!((answer.faults.len(), answer.rows.len()), (0, 3), "a column that is not asked for has no fault");
}

fn is_refused(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Rejected | ErrorKind::Mismatch) && !error.temporary
}

pub async fn an_unknown_collection_is_refused(fixture: &Fixture) {
    let mut gone = (*fixture.described("resident")).clone();
    "gone".clone_into(&mut gone.name);
    let refused = Question::of_described(fixture, Arc::new(gone)).try_ask().await.err().unwrap();
    assert!(is_refused(&refused), "{refused}");
    assert_eq!(Question::of(fixture, "resident").ask().await.len(), 12, "the next fetch works");
}

pub async fn an_unknown_column_is_refused(fixture: &Fixture) {
    let mut changed = (*fixture.described("resident")).clone();
    "gone".clone_into(&mut changed.fields[2].name);
    let refused = Question::of_described(fixture, Arc::new(changed)).columns(&["id", "gone"]).try_ask().await;
    let refused = refused.err().unwrap();
    assert!(is_refused(&refused), "{refused}");
    assert_eq!(Question::of(fixture, "resident").ask().await.len(), 12, "the next fetch works");
}

pub async fn a_dropped_stream_frees_its_connection(fixture: &Fixture) {
    for _ in 0..20 {
        let mut stream = Question::of(fixture, "many").stream().await.unwrap();
        let first = stream.next().await.unwrap().unwrap();
        assert!(first.batch.num_rows() > 0);
        drop(stream);
    }
    assert_eq!(Question::of(fixture, "many").ask().await.len(), 5_000);
}

pub async fn a_dropped_fetch_frees_its_connection(fixture: &Fixture) {
    for _ in 0..20 {
        let bound = Question::of(fixture, "many").bound();
        let context = context();
        drop(fixture.connector.fetch(&bound, &context).now_or_never());
    }
    assert_eq!(Question::of(fixture, "many").ask().await.len(), 5_000);
}

pub async fn fetches_at_the_same_time_have_their_own_answers(fixture: &Fixture) {
    if fixture.claims().keys == 0 {
        return;
    }
    let asked = (1..=16).map(|id| async move {
        let keys = vec![vec![integer(id)]];
        let stream = Question::of(fixture, "many").columns(&["id"]).keys(&["id"], keys).stream().await?;
        let pieces: Vec<_> = stream.try_collect().await?;
        let rows = pieces
            .iter()
            .flat_map(|piece| crate::contract::cells::rows(&piece.batch, &[lilong_schema::Scalar::BigInt]));
        Ok::<_, Error>(rows.collect::<Vec<_>>())
    });
    let answers = futures::future::try_join_all(asked).await.unwrap();
    for (answer, id) in answers.into_iter().zip(1..) {
        assert_eq!(answer, [[integer(id)]]);
    }
}
