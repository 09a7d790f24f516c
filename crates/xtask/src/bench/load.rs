//! Load from threads, one connection each, and the times it took.

use super::CONNECTIONS;
use super::http::{Answer, Line};
use crate::shell::Outcome;
use std::time::{Duration, Instant};

/// How long to load.
#[derive(Clone, Copy)]
pub struct Load {
    pub warm_up: u64,
    pub seconds: u64,
}

/// The times of all requests after the warm-up, and how long they took together.
pub struct Times {
    sorted: Vec<Duration>,
    spent: Duration,
}

impl Times {
    fn new(mut all: Vec<Duration>, spent: Duration) -> Times {
        all.sort_unstable();
        Times { sorted: all, spent }
    }

    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.spent.as_secs_f64()
    }

    pub fn p95_ms(&self) -> f64 {
        self.at(95)
    }

    pub fn median_ms(&self) -> f64 {
        self.at(50)
    }

    /// The smallest time that so many of a hundred did not exceed.
    pub fn at(&self, percent: usize) -> f64 {
        let place = (self.count() * percent).div_ceil(100).max(1);
        self.sorted.get(place - 1).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

impl Load {
    /// Asks for the paths in turn; every answer must be 200.
    pub fn gets(self, port: u16, paths: &[String]) -> Outcome<Times> {
        self.asks(paths, |_| {
            let mut line = Line::open(port)?;
            Ok(move |path: &str| line.get(path))
        })
    }

    /// The same as the account of this token.
    pub fn gets_as(self, port: u16, token: &str, paths: &[String]) -> Outcome<Times> {
        self.asks(paths, |_| {
            let mut line = Line::open(port)?;
            Ok(move |path: &str| line.get_as(token, path))
        })
    }

    fn asks<F>(self, paths: &[String], open: impl Fn(usize) -> Outcome<F> + Sync) -> Outcome<Times>
    where
        F: FnMut(&str) -> Outcome<Answer>,
    {
        self.runs(|thread| {
            let mut ask = open(thread)?;
            let mut turn = thread;
            Ok(move || {
                turn += CONNECTIONS;
                let path = &paths[turn % paths.len()];
                ask(path)?.good().map_err(|why| format!("{path}: {why}"))
            })
        })
    }

    /// Repeats a deed so many times a second over all connections, whatever the answers take: a time
    /// begins when the deed was due, so that a slow answer is not hidden by asking less.
    pub fn paced<F>(self, per_second: f64, prepare: impl Fn(usize) -> Outcome<F> + Sync) -> Outcome<Times>
    where
        F: FnMut() -> Outcome,
    {
        let begin = Instant::now();
        let step = Duration::from_secs_f64(CONNECTIONS as f64 / per_second);
        let counted_from = begin + Duration::from_secs(self.warm_up);
        let end = counted_from + Duration::from_secs(self.seconds);
        self.on_every_connection(counted_from, |thread| {
            let mut deed = prepare(thread)?;
            let mut due = begin + step.mul_f64(thread as f64 / CONNECTIONS as f64);
            let mut times = Vec::new();
            while due < end {
                while let Some(early) = due.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
                    std::thread::park_timeout(early);
                }
                deed()?;
                if due >= counted_from {
                    times.push(due.elapsed());
                }
                due += step;
            }
            Ok(times)
        })
    }

    /// Repeats a deed on every connection, first the warm-up, then what is counted.
    pub fn runs<F>(self, prepare: impl Fn(usize) -> Outcome<F> + Sync) -> Outcome<Times>
    where
        F: FnMut() -> Outcome,
    {
        let begin = Instant::now();
        let counted_from = begin + Duration::from_secs(self.warm_up);
        let end = counted_from + Duration::from_secs(self.seconds);
        let worker = |thread: usize| -> Outcome<Vec<Duration>> {
            let mut deed = prepare(thread)?;
            let mut times = Vec::new();
            loop {
                let start = Instant::now();
                if start >= end {
                    return Ok(times);
                }
                deed()?;
                if start >= counted_from {
                    times.push(start.elapsed());
                }
            }
        };
        self.on_every_connection(counted_from, worker)
    }

    fn on_every_connection(
        self,
        counted_from: Instant,
        worker: impl Fn(usize) -> Outcome<Vec<Duration>> + Sync,
    ) -> Outcome<Times> {
        let all: Outcome<Vec<Vec<Duration>>> = std::thread::scope(|scope| {
            let worker = &worker;
            let threads: Vec<_> = (0..CONNECTIONS).map(|n| scope.spawn(move || worker(n))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a load thread does not panic")).collect()
        });
        Ok(Times::new(all?.concat(), counted_from.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_happened() {
        let times = (1..=200).map(Duration::from_millis).collect();
        let times = Times::new(times, Duration::from_secs(2));
        assert_eq!((times.median_ms(), times.p95_ms(), times.rate()), (100.0, 190.0, 100.0));
        assert_eq!(Times::new(vec![], Duration::from_secs(1)).p95_ms(), 0.0);
    }
}
