//! The pace of the assembly line, in paused time.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::sources::intel::line::{Stage, Steps, Workers, received, run, run_sequentially};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// Stage costs of the specification, in milliseconds.
struct Simulated;

impl Steps for Simulated {
    type Job = u32;

    fn step(self: Arc<Self>, stage: Stage, job: u32) -> BoxFuture<'static, u32> {
        let cost = match stage {
            Stage::Parse | Stage::Store => 100,
            // Every other job takes longer, so that order has to be restored.
            Stage::Extract => 150 + 100 * u64::from(job % 2),
            Stage::Correlate => 300,
        };
        Box::pin(async move {
            sleep(Duration::from_millis(cost)).await;
            job
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_slowest_stage_sets_the_pace_and_order_is_kept() {
    let start = Instant::now();
    let mut seen = Vec::new();
    let source = stream::iter(0..100_u32).boxed();
    run(Arc::new(Simulated), source, Workers::default(), |job| seen.push(job)).await.unwrap();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
    let spent = start.elapsed();
    assert!(spent < Duration::from_millis(100 * 100 + 1_500), "{spent:?}");
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_costs_the_sum() {
    let start = Instant::now();
    let source = stream::iter(0..10_u32).boxed();
    run_sequentially(Arc::new(Simulated), source, |_| ()).await;
    assert_eq!(start.elapsed(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_holds_the_reader_back() {
    let (sender, receiver) = mpsc::channel(1);
    let line = tokio::spawn(async move {
        run(Arc::new(Simulated), received(receiver), Workers::default(), |_| ()).await
    });
    let mut sent = 0;
    let feed = async {
        for job in 0..100 {
            sender.send(job).await.unwrap();
            sent += 1;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), feed).await;
    // In a second 10 are parsed; queues and buffers hold twice the workers at most.
    assert!(sent <= 10 + 2 * 7 + 2 * 7, "{sent} were taken");
    line.abort();
}
