//! An assembly line: four stages, each a task with a bounded queue before it.
//!
//! It knows nothing of what is made on it. Every stage works on as many jobs at once as
//! it has workers and hands them on in the order in which they came, through a buffer twice
//! as long. A full queue holds the stage before
//! it back, up to the reader. See [`stages`](crate::sources::intel::stages) for the mail's.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

/// The stages in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From bytes to a message.
    Parse,
    /// From a message to its entities.
    Extract,
    /// From entities to links.
    Correlate,
    /// Into the store.
    Store,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Parse, Self::Extract, Self::Correlate, Self::Store];

    /// The word in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Extract => "extract",
            Self::Correlate => "correlate",
            Self::Store => "store",
        }
    }
}

/// How many jobs a stage works on at once, 1 to [`WORKERS_MAX`]. The defaults make every
/// stage as fast as the store, which has one writer, at the costs of the specification:
/// parse 100 ms, extract 200 ms, correlate 300 ms, store 100 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workers {
    /// Of parse.
    pub parse: usize,
    /// Of extract.
    pub extract: usize,
    /// Of correlate.
    pub correlate: usize,
}

/// Most workers of a stage.
pub const WORKERS_MAX: usize = 64;

impl Default for Workers {
    fn default() -> Self {
        Self { parse: 1, extract: 2, correlate: 3 }
    }
}

impl Workers {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, its value and the range.
    pub fn validate(&self) -> Result<(), String> {
        let all = [("parse", self.parse), ("extract", self.extract), ("correlate", self.correlate)];
        for (name, count) in all {
            if !(1..=WORKERS_MAX).contains(&count) {
                return Err(format!("workers.{name} is {count}, it must be 1 to {WORKERS_MAX}"));
            }
        }
        Ok(())
    }

    /// Of a stage; the store has one, because one writes.
    pub const fn of(&self, stage: Stage) -> usize {
        match stage {
            Stage::Parse => self.parse,
            Stage::Extract => self.extract,
            Stage::Correlate => self.correlate,
            Stage::Store => 1,
        }
    }
}

/// Jobs of a stage that are worked on or done and waiting for one before them, for each of
/// its workers: more than one, so that a slow job does not make all workers wait for it.
const REORDER_PER_WORKER: usize = 2;
/// Jobs that wait before a stage, for each of its workers.
const QUEUE_PER_WORKER: usize = 2;

/// What is done with a job at a stage.
pub trait Steps: Send + Sync + 'static {
    /// What goes along the line.
    type Job: Send + 'static;

    /// Does one stage's work. A job that cannot be worked on goes on and says so itself:
    /// nothing leaves the line but at its end.
    fn step(self: Arc<Self>, stage: Stage, job: Self::Job) -> BoxFuture<'static, Self::Job>;
}

/// Runs jobs along the line; `done` is told of each at its end, in order.
///
/// # Errors
/// A stage that panicked; what was stored before stays.
///
/// # Panics
/// Never: the places of a stage are counted by a semaphore that nobody closes.
pub async fn run<S: Steps>(
    steps: Arc<S>,
    source: BoxStream<'static, S::Job>,
    workers: Workers,
    mut done: impl FnMut(S::Job),
) -> Result<(), JoinError> {
    // Dropping the set ends the tasks, whatever ends this function.
    let mut tasks = JoinSet::new();
    let mut jobs = source;
    for stage in Stage::ALL {
        let count = workers.of(stage);
        let (sender, receiver) = mpsc::channel(count * QUEUE_PER_WORKER);
        let steps = Arc::clone(&steps);
        let input = jobs;
        let permits = Arc::new(Semaphore::new(count));
        tasks.spawn(async move {
            let work = |job| {
                let (steps, permits) = (Arc::clone(&steps), Arc::clone(&permits));
                async move {
                    let _worker = permits.acquire_owned().await.expect("nobody closes it");
                    steps.step(stage, job).await
                }
            };
            let mut results = input.map(work).buffered(count * REORDER_PER_WORKER);
            while let Some(job) = results.next().await {
                // Nobody takes it any more: the line is being torn down.
                if sender.send(job).await.is_err() {
                    break;
                }
            }
        });
        jobs = received(receiver);
    }
    while let Some(job) = jobs.next().await {
        done(job);
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}

/// Runs one job after the other through all stages: the same work without the line.
pub async fn run_sequentially<S: Steps>(
    steps: Arc<S>,
    mut source: BoxStream<'static, S::Job>,
    mut done: impl FnMut(S::Job),
) {
    while let Some(mut job) = source.next().await {
        for stage in Stage::ALL {
            job = Arc::clone(&steps).step(stage, job).await;
        }
        done(job);
    }
}

/// What comes out of a channel, as a stream.
pub fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> BoxStream<'static, T> {
    unfold(receiver, |mut receiver| async { receiver.recv().await.map(|job| (job, receiver)) })
        .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_have_a_range() {
        assert_eq!(Workers::default().validate(), Ok(()));
        let none = Workers { extract: 0, ..Workers::default() };
        assert!(none.validate().is_err_and(|why| why.contains("workers.extract is 0")));
    }
}
