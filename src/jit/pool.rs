//! Threads that wait for work.
//!
//! An evaluation of a tenth of a millisecond leaves no time to wake a thread. Threads of a pool therefore look out for
//! the next job for a while after each, but only while jobs come one right after the other; else they sleep. Nobody
//! waits for a thread that has not begun: whoever gives a job does all of it that no other thread has taken.
//!
//! Takes functions; deliberately absent: what they do, and how work is divided.
#![allow(unsafe_code)]

use crate::kernel::split::MAX_CHUNKS;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Jobs that come within this time after the last are worth looking out for.
const CLOSE: Duration = Duration::from_micros(100);
/// Work that is worth waking a thread for, in seconds.
const WORTH_WAKING: f64 = 150e-6;
/// Work that is worth sharing at all, in seconds.
const WORTH_SHARING: f64 = 15e-6;
/// Turns of waiting before others may have the processor.
const PATIENCE: u32 = 5_000;

/// A job: called once by each thread that takes part, with the number of the thread.
type Job<'a> = dyn Fn(usize) + Sync + 'a;

/// Threads that wait for work, made when the first work comes.
pub struct Pool {
    shared: Arc<Shared>,
    /// Asked for, or found out when there is work.
    n_threads: OnceLock<usize>,
    /// Whether every job is shared, however short.
    always: bool,
    /// Taken by whoever gives a job.
    owner: Mutex<Owner>,
}

/// How a job is to be done.
pub enum Go<'a> {
    /// By the threads of the pool.
    Together(Turn<'a>),
    /// By one thread.
    Alone {
        /// Which is to say how long it took ([`Pace::took_alone`]).
        timed: bool,
    },
}

/// A turn to give a job: until it is over nobody else has one.
pub struct Turn<'a> {
    shared: &'a Shared,
    owner: MutexGuard<'a, Owner>,
    times: MutexGuard<'a, Times>,
}

struct Owner {
    threads: Vec<JoinHandle<()>>,
    /// When the last job ended, or could have been given.
    last: Option<Instant>,
}

struct Shared {
    /// The number of the job, times [`JOB`]; [`OPEN`] while threads may enter; how many are inside.
    state: AtomicU64,
    job: UnsafeCell<Option<*const Job<'static>>>,
    sleeping: AtomicUsize,
    /// Whether to look out for the next job.
    look_out: AtomicBool,
    over: AtomicBool,
}

const OPEN: u64 = 1 << 16;
const JOB: u64 = 1 << 17;
const INSIDE: u64 = OPEN - 1;

// SAFETY: `job` is written only by the owner while no thread is inside and none may enter, and read only from inside.
unsafe impl Send for Shared {}
// SAFETY: as above; entering and leaving are acquire and release operations on `state`.
unsafe impl Sync for Shared {}

impl Pool {
    /// At most `n_threads` threads, the one that gives the job among them; as many as there are processors if not said.
    /// Never more than a part is cut into: others would have nothing to do.
    pub fn new(n_threads: Option<usize>) -> Self {
        Self::with(n_threads, false)
    }

    /// The same, but every job is shared, however short: for tests.
    pub fn always(n_threads: usize) -> Self {
        Self::with(Some(n_threads), true)
    }

    fn with(n_threads: Option<usize>, always: bool) -> Self {
        let shared = Shared {
            state: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            sleeping: AtomicUsize::new(0),
            look_out: AtomicBool::new(false),
            over: AtomicBool::new(false),
        };
        let owner = Mutex::new(Owner { threads: Vec::new(), last: None });
        let n_threads = n_threads.map_or_else(OnceLock::new, |n| OnceLock::from(n.clamp(1, MAX_CHUNKS)));
        Self { shared: Arc::new(shared), n_threads, always, owner }
    }

    /// Whether a job that takes one thread so many seconds may be shared.
    pub fn is_worth(&self, seconds: f64) -> bool {
        (self.always || seconds >= WORTH_SHARING) && self.n_threads() > 1
    }

    /// How many threads take part, at most.
    pub fn n_threads(&self) -> usize {
        *self.n_threads.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(MAX_CHUNKS))
    }

    /// A turn to give a job that takes one thread about so many seconds, where one thread is not as good.
    pub fn turn<'a>(&'a self, pace: &'a Pace, seconds: f64) -> Go<'a> {
        // Two evaluations at a time: the second runs alone.
        let alone = Go::Alone { timed: false };
        let Ok(mut owner) = self.owner.try_lock() else { return alone };
        let Ok(mut times) = pace.0.try_lock() else { return alone };
        let shared = &*self.shared;
        if self.always {
            shared.look_out.store(true, Ordering::Relaxed);
            self.hire(&mut owner);
            return Go::Together(Turn { shared, owner, times });
        }
        let now = Instant::now();
        let close = owner.last.is_some_and(|last| now.saturating_duration_since(last) < CLOSE);
        shared.look_out.store(close, Ordering::Relaxed);
        let worth = self.is_worth(seconds) && (close || seconds >= WORTH_WAKING);
        let timed = worth && times.skip == 0 && times.to_time > 0;
        if times.skip > 0 || timed || !worth {
            times.skip = times.skip.saturating_sub(1);
            owner.last = Some(now + Duration::from_secs_f64(seconds));
            return Go::Alone { timed };
        }
        self.hire(&mut owner);
        Go::Together(Turn { shared, owner, times })
    }

    fn hire(&self, owner: &mut Owner) {
        for number in owner.threads.len() + 1..self.n_threads() {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name(format!("optc {number}"));
            match thread.spawn(move || shared.serve(number)) {
                Ok(thread) => owner.threads.push(thread),
                // Whoever gives the job does it alone.
                Err(_) => break,
            }
        }
    }
}

impl Turn<'_> {
    /// Runs `job` on this thread and, while that lasts, on those of the pool that come.
    pub fn run(mut self, job: &Job<'_>) {
        let begin = Instant::now();
        self.open(job);
        let end = Instant::now();
        self.owner.last = Some(end);
        self.times.took(end.duration_since(begin).as_secs_f64());
    }

    fn open(&self, job: &Job<'_>) {
        let shared = self.shared;
        let here: *const Job<'_> = job;
        // SAFETY: the job is taken back before this function returns, which `Close` does even when it unwinds.
        let erased = unsafe { std::mem::transmute::<*const Job<'_>, *const Job<'static>>(here) };
        // SAFETY: no thread is inside and none may enter: the last job was closed.
        unsafe { *shared.job.get() = Some(erased) };
        let before = shared.state.load(Ordering::Relaxed);
        shared.state.store((before / JOB + 1) * JOB + OPEN, Ordering::SeqCst);
        let close = Close(shared);
        if shared.sleeping.load(Ordering::SeqCst) > 0 {
            self.owner.threads.iter().for_each(|thread| thread.thread().unpark());
        }
        job(0);
        drop(close);
    }
}

/// How well a kind of job is shared: what it takes one thread is held against what it takes all. Where other programs
/// want the processors a thread may be put aside in the middle of its task, and where two write beside each other the
/// lines of their caches go to and fro: then jobs are done alone for a while, longer each time.
#[derive(Default)]
pub struct Pace(Mutex<Times>);

impl Pace {
    /// Hears how long a job took one thread.
    pub fn took_alone(&self, time: Duration) {
        if let Ok(mut times) = self.0.try_lock() {
            times.took_alone(time.as_secs_f64());
        }
    }
}

/// Jobs that are timed alone before any is shared.
const TIMED: u32 = 3;
/// Shared jobs before any counts.
const TRIED: u32 = 4;
/// A shared job that takes more than this part of its time alone was shared in vain.
const WORTH_IT: f64 = 0.9;
/// As much of the last few jobs may be shared in vain.
const IN_VAIN: f64 = 0.6;
/// No job counts for more than so many times its time alone: a thread that was put aside once says little.
const WORST: f64 = 8.0;

/// Times in seconds.
struct Times {
    /// How many jobs are to be timed alone.
    to_time: u32,
    /// The least of them.
    alone: f64,
    /// A mean over some thirty shared jobs, in times of a job alone.
    together: f64,
    /// Which part of the last few was shared in vain.
    in_vain: f64,
    /// Shared jobs since they were last judged bad.
    shared: u32,
    /// How many jobs are to be done alone.
    skip: u32,
    /// How many that were the last time.
    patience: u32,
}

impl Default for Times {
    fn default() -> Self {
        let (alone, together) = (f64::INFINITY, 0.0);
        Self { to_time: TIMED, alone, together, in_vain: 0.0, shared: 0, skip: 0, patience: 8 }
    }
}

impl Times {
    fn took_alone(&mut self, seconds: f64) {
        self.alone = self.alone.min(seconds);
        self.to_time = self.to_time.saturating_sub(1);
    }

    fn took(&mut self, seconds: f64) {
        let part = (seconds / self.alone.max(1e-9)).min(WORST);
        self.shared += 1;
        // The first ones wake threads and bring memory to them.
        if self.shared <= TRIED {
            return;
        }
        self.together += (part - self.together) / 32.0;
        self.in_vain += (f64::from(part > WORTH_IT) - self.in_vain) / 8.0;
        if self.in_vain > IN_VAIN || self.together > WORTH_IT {
            self.patience = if self.shared > 64 { 8 } else { (2 * self.patience).min(4096) };
            *self = Self { skip: self.patience, patience: self.patience, ..Self::default() };
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let owner = self.owner.get_mut().unwrap_or_else(PoisonError::into_inner);
        owner.threads.iter().map(JoinHandle::thread).for_each(Thread::unpark);
        for thread in owner.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Takes a job back: nobody enters any more, and those inside are waited for.
struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        wait(|| self.0.state.load(Ordering::Acquire) & INSIDE == 0);
    }
}

/// Leaves a job, whatever became of it.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits, at first without giving the processor away.
fn wait(until: impl Fn() -> bool) {
    let mut turns = 0;
    while !until() {
        if turns < PATIENCE {
            turns += 1;
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

impl Shared {
    /// The life of a thread.
    fn serve(&self, number: usize) {
        let mut done = 0;
        loop {
            if let Some(job) = self.enter(&mut done) {
                let leave = Leave(self);
                // SAFETY: the owner waits until this thread has left.
                unsafe { (*job)(number) };
                drop(leave);
                self.look_out(done);
            } else if self.over.load(Ordering::SeqCst) {
                return;
            } else {
                self.sleep(done);
            }
        }
    }

    /// Takes part in a job that is newer than `done`.
    fn enter(&self, done: &mut u64) -> Option<*const Job<'static>> {
        let mut state = self.state.load(Ordering::SeqCst);
        while state & OPEN != 0 && state / JOB != *done {
            match self.state.compare_exchange_weak(state, state + 1, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => {
                    *done = state / JOB;
                    // SAFETY: nobody writes while a thread is inside.
                    return unsafe { *self.job.get() };
                }
                Err(now) => state = now,
            }
        }
        None
    }

    /// Whether a thread that has done `done` has nothing to do.
    fn is_idle(&self, done: u64) -> bool {
        let state = self.state.load(Ordering::SeqCst);
        (state & OPEN == 0 || state / JOB == done) && !self.over.load(Ordering::SeqCst)
    }

    fn look_out(&self, done: u64) {
        if !self.look_out.load(Ordering::Relaxed) {
            return;
        }
        let begin = Instant::now();
        while self.is_idle(done) && begin.elapsed() < CLOSE {
            (0..20).for_each(|_| std::hint::spin_loop());
        }
    }

    fn sleep(&self, done: u64) {
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        // Whoever opens a job after this look sees that somebody sleeps.
        while self.is_idle(done) {
            std::thread::park();
        }
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Tasks that each thread of a job takes one after the other; at most 64.
#[repr(align(128))]
pub struct Tasks {
    n: usize,
    /// One bit each.
    taken: AtomicU64,
    done: AtomicUsize,
    failed: AtomicBool,
}

impl Tasks {
    /// So many, all to do.
    pub fn new(n: usize) -> Self {
        assert!(n <= 64, "tasks are bits of a word");
        Self { n, taken: AtomicU64::new(0), done: AtomicUsize::new(0), failed: AtomicBool::new(false) }
    }

    /// Does what nobody has taken, its own first, and returns when all is done. A task is done by one thread, and what
    /// it wrote is seen by all when they return.
    ///
    /// # Panics
    /// If a task did, on some thread.
    pub fn work(&self, thread: usize, task: impl Fn(usize)) {
        for k in (0..self.n).map(|k| (thread + k) % self.n) {
            let bit = 1 << k;
            if self.taken.load(Ordering::Relaxed) & bit != 0 || self.taken.fetch_or(bit, Ordering::AcqRel) & bit != 0 {
                continue;
            }
            let failed = Failed(&self.failed);
            task(k);
            std::mem::forget(failed);
            self.done.fetch_add(1, Ordering::AcqRel);
        }
        wait(|| self.done.load(Ordering::Acquire) == self.n || self.failed.load(Ordering::Acquire));
        if self.failed.load(Ordering::Acquire) {
            crate::bug!("a thread that took part in an evaluation failed");
        }
    }
}

/// Says that a task did not come to its end.
struct Failed<'a>(&'a AtomicBool);

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
