//! The texts of long schemas, kept packed for whoever asks the same again.
//!
//! In: a model and what is asked of its schema. Out: the text, packed. *Invariant*: no more than the ceiling is kept, and one text is
//! made at a time, aside from the threads that answer; a caller that goes away takes nothing from the next.

use std::io;
use std::sync::Arc;

use lilong_schema::{Federated, Slice};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::schema::{LongSchema, pack};
use crate::error::{Code, RequestError};
use crate::packed::{Deflated, Packed};

/// What an entry takes beside its text, in bytes.
const ENTRY: usize = 256;

/// The texts, by their numbers.
pub(crate) struct Kept {
    texts: Cache<u64, Result<Text, RequestError>>,
    turn: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Text {
    packed: Arc<Packed>,
    deflated: Option<Arc<Deflated>>,
}

impl Kept {
    /// Keeps up to so many bytes, packed; what was used least recently goes.
    pub(crate) fn new(ceiling: usize) -> Self {
        let weight = |_: &u64, text: &Result<Text, RequestError>| {
            let text = text.as_ref().map_or(0, |text| {
                text.packed.weight() + text.deflated.as_ref().map_or(0, |deflated| deflated.weight())
            });
            u32::try_from(ENTRY + text).unwrap_or(u32::MAX)
        };
        let texts = Cache::builder()
            .max_capacity(ceiling as u64)
            .weigher(weight)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { texts, turn: Arc::default() }
    }

    /// Forgets all: there is another model.
    pub(crate) fn forget(&self) {
        self.texts.invalidate_all();
        self.texts.run_pending_tasks();
    }

    /// The text of a schema; one that is too large is remembered too.
    pub(crate) async fn text(
        &self,
        federated: &Arc<Federated>,
        slice: &Slice,
        schema: &Arc<LongSchema>,
    ) -> Result<Arc<Packed>, RequestError> {
        if let Some(kept) = self.texts.get(&schema.number) {
            return kept.map(|text| text.packed);
        }
        let turn = self.turn.clone().lock_owned().await;
        if let Some(kept) = self.texts.get(&schema.number) {
            return kept.map(|text| text.packed);
        }
        let (texts, federated, slice, schema) = (self.texts.clone(), federated.clone(), slice.clone(), schema.clone());
        let made = spawn_blocking(move || {
            let made =
                pack(&federated, &slice, &schema).map(|packed| Text { packed: Arc::new(packed), deflated: None });
            if made.as_ref().err().is_none_or(|error| error.code == Code::TooLarge) {
                texts.insert(schema.number, made.clone());
            }
            // The next finds it, whether or not this caller is still there.
            drop(turn);
            made
        });
        made.await
            .map_err(|_| RequestError::new(Code::Internal, "Something went wrong inside lilong."))?
            .map(|text| text.packed)
    }

    /// The same text for clients that take gzip.
    pub(crate) async fn deflated(&self, packed: &Arc<Packed>) -> io::Result<Arc<Deflated>> {
        let found = || self.texts.get(&packed.number()).and_then(|kept| kept.ok()?.deflated);
        if let Some(deflated) = found() {
            return Ok(deflated);
        }
        let turn = self.turn.clone().lock_owned().await;
        if let Some(deflated) = found() {
            return Ok(deflated);
        }
        let (texts, packed) = (self.texts.clone(), packed.clone());
        let made = spawn_blocking(move || {
            let deflated = Arc::new(Deflated::of(&packed)?);
            texts.insert(packed.number(), Ok(Text { packed, deflated: Some(deflated.clone()) }));
            drop(turn);
            Ok(deflated)
        });
        made.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::operation;
    use super::*;
    use crate::sample::model;

    const QUESTION: &str = "{ __schema { types { name description fields { name type { name } } } } }";

    struct Bench {
        kept: Kept,
        model: Arc<Federated>,
    }

    impl Bench {
        fn new(ceiling: usize) -> Self {
            Self { kept: Kept::new(ceiling), model: Arc::new(model()) }
        }

        fn question(&self, number: u64, text: &str) -> Arc<LongSchema> {
            let selection = operation(&self.model, &Slice::all(), text).selection.remove(0).selection;
            Arc::new(LongSchema { number, selection })
        }

        async fn text(&self, schema: &Arc<LongSchema>) -> Result<Arc<Packed>, RequestError> {
            self.kept.text(&self.model, &Slice::all(), schema).await
        }

        fn size(&self) -> (u64, u64) {
            self.kept.texts.run_pending_tasks();
            (self.kept.texts.entry_count(), self.kept.texts.weighted_size())
        }
    }

    #[tokio::test]
    async fn a_text_is_made_once_for_all_who_ask() {
        let bench = Bench::new(1 << 20);
        let schema = bench.question(1, QUESTION);
        let all = futures::future::join_all((0..8).map(|_| bench.text(&schema))).await;
        let first = all[0].clone().unwrap();
        assert!(all.iter().all(|text| Arc::ptr_eq(text.as_ref().unwrap(), &first)));
        let deflated = futures::future::join_all((0..8).map(|_| bench.kept.deflated(&first))).await;
        let zipped = deflated[0].as_ref().unwrap();
        assert!(deflated.iter().all(|other| Arc::ptr_eq(other.as_ref().unwrap(), zipped)));
        assert_eq!(bench.size(), (1, (ENTRY + first.weight() + zipped.weight()) as u64));
        assert!(Arc::ptr_eq(&bench.text(&schema).await.unwrap(), &first), "both are kept");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_what_it_began() {
        let bench = Bench::new(1 << 20);
        let schema = bench.question(1, QUESTION);
        {
            let asked = bench.text(&schema);
            futures::pin_mut!(asked);
            // Begun, and not waited for.
            let _ = futures::poll!(&mut asked);
        }
        // Whoever has the turn next finds it made.
        drop(bench.kept.turn.lock().await);
        let kept = bench.kept.texts.get(&1).unwrap().unwrap().packed;
        assert!(Arc::ptr_eq(&bench.text(&schema).await.unwrap(), &kept));
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_ceiling() {
        let bench = Bench::new(1 << 20);
        let one = bench.text(&bench.question(0, QUESTION)).await.unwrap();
        let each = ENTRY + one.weight();
        let bench = Bench::new(3 * each);
        for number in 0..10 {
            let text = bench.text(&bench.question(number, QUESTION)).await.unwrap();
            assert_eq!(text.length(), one.length());
            assert!(bench.size().1 <= 3 * each as u64);
        }
        assert_eq!(bench.size(), (3, 3 * each as u64));
        assert!(bench.kept.texts.contains_key(&9) && !bench.kept.texts.contains_key(&0), "the oldest are gone");
        bench.kept.forget();
        assert_eq!(bench.size(), (0, 0));
        let nothing = Bench::new(0);
        let schema = nothing.question(1, QUESTION);
        for _ in 0..2 {
            let text = nothing.text(&schema).await.unwrap();
            assert_eq!(text.length(), one.length());
            assert!(nothing.kept.deflated(&text).await.unwrap().weight() > 0);
            assert_eq!(nothing.size(), (0, 0));
        }
    }
}
