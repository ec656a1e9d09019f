//! The threads that read files, and the queue before them.
//!
//! In: jobs. Out: what they send. A thread that has done a job takes the next one at once, and what came of several is handed
//! over together: to start a thread for a few rows, and to wake whoever waits for them, costs more than to read them.
//! *Invariant*: a job that takes long holds up no other, and nothing that is done already, for more than a few looks of the
//! watch; without a queue a job is begun, and what comes of it handed over, at once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// What is to be done; what comes of it is handed over later, if not by itself.
pub(super) type Job = Box<dyn FnOnce() -> Option<Delivery> + Send>;
/// Hands something over. Never waits.
pub(super) type Delivery = Box<dyn FnOnce() + Send>;

/// What is held until it is handed over, at most.
const TOGETHER: usize = 16;
/// Jobs for each thread that wait before another thread begins by itself.
const LINE: usize = 2 * TOGETHER;
/// Between two looks of the watch.
const LOOK: Duration = Duration::from_millis(2);
/// Threads at most.
const MOST: usize = 512;
/// A thread without work ends after this.
const IDLE: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Crew {
    state: Mutex<State>,
    work: Condvar,
    watch: Condvar,
    /// Threads that share the work while it goes on; more begin where it does not.
    abreast: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    held: Vec<Delivery>,
    threads: usize,
    /// Those of them that wait and were not called.
    idle: usize,
    /// Those that were called and have not come yet.
    called: usize,
    /// Jobs that were begun so far.
    begun: usize,
    watch: Watch,
}

/// The thread that looks after jobs that wait.
#[derive(Default, PartialEq, Eq)]
enum Watch {
    #[default]
    Missing,
    Asleep,
    Awake,
}

/// The crew of this process.
pub(super) fn crew() -> &'static Arc<Crew> {
    static CREW: OnceLock<Arc<Crew>> = OnceLock::new();
    CREW.get_or_init(|| Crew::new(thread::available_parallelism().map_or(1, usize::from)))
}

impl Crew {
    fn new(abreast: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), work: Condvar::new(), watch: Condvar::new(), abreast })
    }

    /// Does a job as soon as its turn comes. One that cannot be done, because it panics or there is no thread, is dropped.
    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let mut state = self.lock();
        state.queue.push_back(job);
        let busy = state.threads - state.idle;
        if busy == 0 || busy < self.abreast && state.queue.len() > LINE * busy {
            self.call(&mut state);
        } else {
            self.look_after(&mut state);
        }
    }

    /// One more thread at work.
    fn call(self: &Arc<Self>, state: &mut State) {
        if state.idle > 0 {
            state.idle -= 1;
            state.called += 1;
            self.work.notify_one();
        } else if state.threads < MOST {
            let crew = self.clone();
            state.threads += 1;
            if thread::Builder::new().name("lilong-files".into()).spawn(move || crew.work()).is_err() {
                state.threads -= 1;
                if state.threads == 0 {
                    tracing::error!("no thread can be started to read files");
                    state.queue.clear();
                }
            }
        }
    }

    /// Wakes the watch.
    fn look_after(self: &Arc<Self>, state: &mut State) {
        match state.watch {
            Watch::Awake => return,
            Watch::Asleep => self.watch.notify_one(),
            Watch::Missing => {
                let crew = self.clone();
                if thread::Builder::new().name("lilong-watch".into()).spawn(move || crew.watch()).is_err() {
                    return;
                }
            }
        }
        state.watch = Watch::Awake;
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            let Some(job) = state.queue.pop_front() else {
                if !state.held.is_empty() {
                    state = self.hand_over(state);
                    continue;
                }
                state.idle += 1;
                let waiting = self.work.wait_timeout_while(state, IDLE, |state| state.called == 0);
                state = waiting.unwrap_or_else(PoisonError::into_inner).0;
                if state.called == 0 {
                    state.idle -= 1;
                    state.threads -= 1;
                    return;
                }
                state.called -= 1;
                continue;
            };
            state.begun += 1;
            drop(state);
            let delivery = catch_unwind(AssertUnwindSafe(job)).ok().flatten();
            state = self.lock();
            state.held.extend(delivery);
            if state.held.len() >= TOGETHER {
                state = self.hand_over(state);
            }
        }
    }

    fn hand_over<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let held = std::mem::take(&mut state.held);
        drop(state);
        for delivery in held {
            delivery();
        }
        self.lock()
    }

    /// Looks, as long as there is a queue, whether it gets shorter, and hands over what is held behind a job that takes long.
    fn watch(self: &Arc<Self>) {
        let mut state = self.lock();
        loop {
            if state.queue.is_empty() && state.held.is_empty() {
                state.watch = Watch::Asleep;
                let waiting = self.watch.wait_while(state, |state| state.watch == Watch::Asleep);
                state = waiting.unwrap_or_else(PoisonError::into_inner);
            }
            let before = state.begun;
            drop(state);
            thread::sleep(LOOK);
            state = self.lock();
            let (waiting, begun, busy) = (state.queue.len(), state.begun - before, state.threads - state.idle);
            let more = match begun {
                // Whatever is at work takes long.
                0 => busy.max(1).min(waiting),
                begun if waiting > begun && busy < self.abreast => 1,
                _ => 0,
            };
            for _ in 0..more {
                self.call(&mut state);
            }
            if !state.held.is_empty() {
                state = self.hand_over(state);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A job that waits for `start` and sends its number when that is handed over.
    fn job(number: usize, start: Option<Receiver<()>>, done: &Sender<usize>) -> Job {
        let done = done.clone();
        Box::new(move || {
            if let Some(start) = start {
                start.recv().unwrap();
            }
            Some(Box::new(move || done.send(number).unwrap()))
        })
    }

    #[test]
    fn every_job_is_done_once_and_handed_over() {
        for abreast in [1, 4] {
            let (crew, (done, results)) = (Crew::new(abreast), channel());
            for number in 0..1_000 {
                crew.submit(job(number, None, &done));
            }
            drop(done);
            let mut numbers: Vec<usize> = results.iter().collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..1_000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn jobs_that_take_long_hold_up_no_other() {
        let (crew, (done, results)) = (Crew::new(1), channel());
        let starts: Vec<Sender<()>> = (0..20)
            .map(|number| {
                let (start, started) = channel();
                crew.submit(job(number, Some(started), &done));
                start
            })
            .collect();
        crew.submit(job(20, None, &done));
        // The last one is done while all others still wait.
        assert_eq!(results.recv().unwrap(), 20);
        for (number, start) in starts.iter().enumerate().rev() {
            start.send(()).unwrap();
            assert_eq!(results.recv().unwrap(), number);
        }
    }

    #[test]
    fn what_is_done_is_handed_over_although_the_next_job_takes_long() {
        let (crew, (done, results), (first, begun), (second, after)) = (Crew::new(1), channel(), channel(), channel());
        crew.submit(job(1, Some(begun), &done));
        crew.submit(job(2, Some(after), &done));
        first.send(()).unwrap();
        assert_eq!(results.recv().unwrap(), 1);
        second.send(()).unwrap();
        assert_eq!(results.recv().unwrap(), 2);
    }

    #[test]
    fn a_job_that_panics_takes_no_other_with_it() {
        let (crew, (done, results)) = (Crew::new(1), channel());
        let (lost, nothing) = channel::<()>();
        crew.submit(Box::new(move || {
            let _held = lost;
            panic!("on purpose")
        }));
        crew.submit(job(1, None, &done));
        assert_eq!(results.recv().unwrap(), 1);
        assert!(nothing.recv().is_err(), "whoever waits for it learns that nothing will come");
    }
}
