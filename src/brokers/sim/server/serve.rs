//! Serves connections until it is told to stop, and drops one where a fault says so.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alpaca;
use super::schwab::{self, SchwabShared};
use super::state::{Shared, tick};

/// Connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long connections may take to end after the stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Marks an answer in whose place the connection is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropConnection;

/// Serves Alpaca's protocol on a listener until the token is cancelled; moves the
/// world with its clock meanwhile.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    state: Shared,
    stop: CancellationToken,
) -> io::Result<()> {
    let tasks = TaskTracker::new();
    tasks.spawn(tick(state.clone(), stop.clone()));
    tasks.spawn(alpaca::halt_on_purpose(state.clone(), stop.clone()));
    let router = alpaca::router(state, tasks.clone(), stop.clone());
    accept_until(listener, router, tasks, stop).await
}

/// Serves Schwab's protocol on a listener until the token is cancelled; moves the world
/// with its clock meanwhile. The same world may have another face on another listener.
///
/// # Errors
/// When the listener has no address.
pub async fn serve_schwab(
    listener: TcpListener,
    state: SchwabShared,
    stop: CancellationToken,
) -> io::Result<()> {
    state.serve_at(listener.local_addr()?);
    let tasks = TaskTracker::new();
    tasks.spawn(tick(state.world.clone(), stop.clone()));
    let router = schwab::router(state, tasks.clone(), stop.clone());
    accept_until(listener, router, tasks, stop).await
}

async fn accept_until(
    listener: TcpListener,
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "a simulated broker listens");
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The stop first: a flood of connections must not keep the server alive.
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let served = serve_connection(stream, router.clone(), stop.clone());
                tasks.spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tasks.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

async fn serve_connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = hyper::service::Service::call(&service, request);
        async move { kept(answer.await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    // The stop first: a busy client must not outlive the server.
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        ended = connection.as_mut() => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// An error in place of an answer makes hyper drop the connection.
fn kept(answer: Result<Response<Body>, Infallible>) -> io::Result<Response<Body>> {
    match answer {
        Ok(answer) if answer.extensions().get::<DropConnection>().is_some() => {
            Err(io::Error::other("the connection is dropped on purpose"))
        }
        Ok(answer) => Ok(answer),
        Err(never) => match never {},
    }
}
