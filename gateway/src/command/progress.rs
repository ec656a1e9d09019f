//! Shows how long work gets on: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// Work of known length.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    last: Mutex<u64>,
}

impl Progress {
    /// Nothing done yet. `what` is a few words: "describing sources".
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            // A bar without colours and spinners reads the same everywhere.
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:32}] {pos}/{len} {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what);
            bar
        });
        Self { bar, what, last: Mutex::new(0) }
    }

    /// So many of so many are done; `name` is the last one. Plain lines come at every tenth part only.
    pub(crate) fn at(&self, done: u64, total: u64, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(name.to_owned());
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let tenth = done * 10 / total.max(1);
        if tenth > *last || (done == total && *last < 10) {
            *last = tenth;
            output::say(format!("{}: {done} of {total} {name}", self.what).trim_end());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
