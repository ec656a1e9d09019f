//! What the database tells of changes: `LISTEN` on a channel, over a connection of its own.
//!
//! In: connection options and a channel. Out: changes, without end. *Invariant*: whenever a message may have been missed
//! (before the connection stood, and after it was lost) anything may have changed, and so it is told.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use crate::Change;
use crate::deadline::within;

/// The pause before connecting again, doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a connection may be silent before it is asked whether it still lives, and how long it has to answer.
const SILENCE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);

struct Listening {
    source: Arc<str>,
    options: PgConnectOptions,
    channel: Arc<str>,
    listener: Option<PgListener>,
    pause: Duration,
}

/// What is told on a channel from now on.
pub(super) fn changes(source: Arc<str>, options: PgConnectOptions, channel: Arc<str>) -> BoxStream<'static, Change> {
    let listening = Listening { source, options, channel, listener: None, pause: FIRST_PAUSE };
    unfold(listening, |mut listening| async move { Some((listening.next().await, listening)) }).boxed()
}

impl Listening {
    async fn next(&mut self) -> Change {
        loop {
            let Some(listener) = &mut self.listener else {
                match self.connect().await {
                    Ok(listener) => {
                        tracing::info!(source = %self.source, channel = %self.channel, "listening for changes");
                        (self.listener, self.pause) = (Some(listener), FIRST_PAUSE);
                        return Change::All;
                    }
                    Err(error) => {
                        tracing::warn!(source = %self.source, %error, "cannot listen for changes");
                        tokio::time::sleep(self.pause).await;
                        self.pause = LONGEST_PAUSE.min(self.pause * 2);
                        continue;
                    }
                }
            };
            match within(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(told))) => {
                    return Change::parse(told.payload()).unwrap_or_else(|| {
                        tracing::warn!(source = %self.source, "a message that names no change stands for any");
                        Change::All
                    });
                }
                Err(_) if lives(listener).await => {}
                Ok(Ok(None) | Err(_)) | Err(_) => {
                    tracing::warn!(source = %self.source, "the connection that listens for changes was lost");
                    self.listener = None;
                    return Change::Unheard;
                }
            }
        }
    }

    async fn connect(&self) -> Result<PgListener, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(&self.channel).await?;
        Ok(listener)
    }
}

/// A peer that is gone without a word is never noticed by waiting.
async fn lives(listener: &mut PgListener) -> bool {
    let asked = sqlx::query("SELECT 1").execute(listener);
    matches!(within(PATIENCE, asked).await, Ok(Ok(_)))
}
