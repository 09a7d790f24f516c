//! Time is an argument; this is where it comes from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Day, Instant};

/// A source of the present, made once at the roof and passed down.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Set(Arc<Faces>),
}

/// What a clock that is set shows, and how much time has passed by it.
#[derive(Debug)]
struct Faces {
    wall: AtomicI64,
    passed: AtomicI64,
}

impl Faces {
    fn at(at: Instant) -> Arc<Faces> {
        Arc::new(Faces { wall: AtomicI64::new(at.micros()), passed: AtomicI64::new(0) })
    }
}

/// Moves a [`Clock::manual`] and all its clones.
#[derive(Clone, Debug)]
pub struct Hand(Arc<Faces>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that always shows `at`.
    pub fn fixed(at: Instant) -> Clock {
        Clock(Source::Set(Faces::at(at)))
    }

    /// A clock that starts at `at` and moves only by its [`Hand`].
    pub fn manual(at: Instant) -> (Clock, Hand) {
        let shared = Faces::at(at);
        (Clock(Source::Set(shared.clone())), Hand(shared))
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => system_now(),
            Source::Set(faces) => Instant::from_micros(faces.wall.load(Ordering::SeqCst)),
        }
    }

    /// How many microseconds have passed since some moment of the process, whatever was done to the clock
    /// meanwhile: what the present is compared with to see whether it was put forward or back.
    pub fn passed_micros(&self) -> i64 {
        match &self.0 {
            Source::System => i64::try_from(BEGUN.elapsed().as_micros()).unwrap_or(i64::MAX),
            Source::Set(faces) => faces.passed.load(Ordering::SeqCst),
        }
    }

    /// Today in Asia/Ho_Chi_Minh.
    pub fn today(&self) -> Day {
        self.now().day()
    }
}

impl Hand {
    /// Lets time pass until `at`, or takes back what has passed.
    pub fn set(&self, at: Instant) {
        let before = self.0.wall.swap(at.micros(), Ordering::SeqCst);
        self.0.passed.fetch_add(at.micros() - before, Ordering::SeqCst);
    }

    /// Puts the clock to `at` without time passing, as somebody does who sets it wrong.
    pub fn jump(&self, at: Instant) {
        self.0.wall.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves the clock forward and returns what it shows now.
    pub fn advance(&self, by: Duration) -> Instant {
        let moved = Instant::from_micros(self.0.wall.load(Ordering::SeqCst)).plus(by);
        self.set(moved);
        moved
    }
}

/// From when on a process counts what has passed.
static BEGUN: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);

#[allow(clippy::disallowed_methods, reason = "the one door through which the machine's time comes in")]
fn system_now() -> Instant {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    };
    Instant::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_moves_every_clone() {
        let start = Instant::parse_rfc3339("2026-11-19T09:52:00+07:00").unwrap();
        let (clock, hand) = Clock::manual(start);
        let passed_down = clock.clone();
        assert_eq!(hand.advance(Duration::from_secs(90)), start.plus_seconds(90));
        assert_eq!(passed_down.now().to_string(), "2026-11-19T09:53:30+07:00");
        hand.set(start.plus_days(1));
        assert_eq!(clock.today().to_string(), "2026-11-20");
        assert_eq!(Clock::fixed(start).now(), start);
        let passed = clock.passed_micros();
        hand.jump(start.plus_days(9));
        assert_eq!((clock.now(), clock.passed_micros()), (start.plus_days(9), passed), "put, not passed");
    }

    #[test]
    fn the_system_clock_is_of_this_age() {
        let year = Clock::system().today().year();
        assert!((2024..2200).contains(&year), "{year}");
    }
}
