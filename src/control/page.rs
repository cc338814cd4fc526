//! The page of numbers for a scraper on this machine: `/metrics` as Prometheus text,
//! `/healthz` as one line of JSON.
//!
//! It is read-only, holds no order and no key, and is served on loopback alone. What the
//! numbers are is the caller's business ([`Numbers`]); the verbs of a person are at the
//! [`socket`](crate::control::socket).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Pages that are made at once; whoever asks beyond that is sent away.
const AT_ONCE_MAX: usize = 4;

/// What is served.
pub trait Numbers: Send + Sync {
    /// Prometheus text, exposition format 0.0.4.
    ///
    /// # Errors
    /// In words, when it cannot be written.
    fn metrics(&self) -> Result<String, String>;

    /// One line of JSON.
    fn health(&self) -> String;
}

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Others could read it.
    #[error("metrics are served on this machine alone: {0} is not loopback")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("metrics cannot be served on {address}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A page that listens and is not served yet.
#[derive(Debug)]
pub struct Page {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Page {
    /// Takes the address; port 0 takes a free one.
    ///
    /// # Errors
    /// When it is not loopback or cannot be had.
    pub fn bind(address: SocketAddr) -> Result<Self, PageError> {
        if !address.ip().is_loopback() {
            return Err(PageError::NotLoopback(address));
        }
        let refused = |source| PageError::Bind { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the token is cancelled.
    pub async fn serve(self, numbers: Arc<dyn Numbers>, stop: CancellationToken) {
        let desk = Desk { numbers, room: Arc::new(Semaphore::new(AT_ONCE_MAX)) };
        let pages = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(health))
            .with_state(desk);
        let served = async {
            let listener = TcpListener::from_std(self.listener)?;
            axum::serve(listener, pages).await
        };
        // The stop first: callers who hold their connections open are not waited for.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            ended = served => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "metrics are served no longer");
                }
            }
        }
    }
}

#[derive(Clone)]
struct Desk {
    numbers: Arc<dyn Numbers>,
    room: Arc<Semaphore>,
}

async fn metrics(State(desk): State<Desk>) -> Response {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let Ok(_place) = desk.room.try_acquire() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match desk.numbers.metrics() {
        Ok(text) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}

async fn health(State(desk): State<Desk>) -> Response {
    ([(CONTENT_TYPE, "application/json")], desk.numbers.health()).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    struct Two;

    impl Numbers for Two {
        fn metrics(&self) -> Result<String, String> {
            Ok("up 1\n".into())
        }

        fn health(&self) -> String {
            r#"{"status":"ok"}"#.into()
        }
    }

    async fn ask(address: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn two_pages_are_served_until_the_end_and_nothing_else_is() {
        let page = Page::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (address, stop) = (page.address(), CancellationToken::new());
        let served = tokio::spawn(page.serve(Arc::new(Two), stop.clone()));
        let answer = ask(address, "GET /metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("up 1\n"), "{answer}");
        assert!(answer.contains("version=0.0.4"), "{answer}");
        let answer = ask(address, "GET /healthz").await;
        assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
        assert!(ask(address, "POST /metrics").await.starts_with("HTTP/1.1 405"));
        assert!(ask(address, "GET /").await.starts_with("HTTP/1.1 404"));
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
    }

    #[test]
    fn it_is_served_on_this_machine_alone() {
        for foreign in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9464"] {
            let error = Page::bind(foreign.parse().unwrap()).unwrap_err();
            assert!(matches!(error, PageError::NotLoopback(_)), "{error}");
        }
    }
}
