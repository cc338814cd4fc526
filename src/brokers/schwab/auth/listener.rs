//! The small https server that the browser comes back to.
//!
//! Its certificate is made on the spot and signed by itself, so the browser warns
//! once; that is expected. It answers requests for the callback's path that bring an
//! answer of Schwab, and refuses all others. Knows nothing of states and codes: every
//! address is handed on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::callback::Callback;
use crate::brokers::install_tls_provider;

/// How long one connection may take. Browsers open some that they never use.
const CONNECTION: Duration = Duration::from_secs(20);
/// The longest request head that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 16;
/// Addresses that wait to be looked at.
const ADDRESSES_MAX: usize = 4;

const THANKS: &str = "FlightDeck has got Schwab's answer. The terminal says what came of it; \
                      this window can be closed.\n";

/// A port on this machine that waits for the browser.
pub struct CallbackListener {
    socket: TcpListener,
    tls: TlsAcceptor,
    path: String,
}

impl std::fmt::Debug for CallbackListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackListener").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl CallbackListener {
    /// Takes the callback's port; `None` when the browser does not come back to this
    /// machine.
    ///
    /// # Errors
    /// When the port is taken or may not be used.
    pub async fn bind(callback: &Callback) -> io::Result<Option<Self>> {
        let Some(address) = callback.address() else { return Ok(None) };
        install_tls_provider();
        let name = address.ip().to_string();
        let made = rcgen::generate_simple_self_signed([name]).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .map_err(io::Error::other)?;
        let socket = TcpListener::bind(address).await?;
        let path = callback.path().to_owned();
        Ok(Some(Self { socket, tls: TlsAcceptor::from(Arc::new(config)), path }))
    }

    /// Serves until it is stopped. What comes out are the addresses that browsers asked
    /// for, each with a question mark in it.
    pub fn serve(self, stop: CancellationToken, tasks: &TaskTracker) -> mpsc::Receiver<String> {
        let (to, addresses) = mpsc::channel(ADDRESSES_MAX);
        let connections = tasks.clone();
        tasks.spawn(async move {
            let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
            loop {
                // The stop first: a login that is over takes no more answers.
                let accepted = tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    accepted = accepted(&self.socket, &places) => accepted,
                };
                let Some((stream, place)) = accepted else { return };
                let (tls, path, to) = (self.tls.clone(), self.path.clone(), to.clone());
                let stop = stop.clone();
                connections.spawn(async move {
                    let talk = timeout(CONNECTION, talk(stream, tls, &path, &to));
                    // The answer is written before the login ends, or the browser shows an
                    // error after a success: a stop lets an open talk finish.
                    let _ = talk.await;
                    drop((place, stop));
                });
            }
        });
        addresses
    }
}

async fn accepted(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let (stream, _) = socket.accept().await.ok()?;
    Some((stream, place))
}

/// One request and its answer.
async fn talk(
    stream: TcpStream,
    tls: TlsAcceptor,
    path: &str,
    to: &mpsc::Sender<String>,
) -> io::Result<()> {
    let mut stream = tls.accept(stream).await?;
    let head = head(&mut stream).await?;
    let asked = target(&head);
    let ours = asked.filter(|target| {
        target.split_once('?').is_some_and(|(asked, query)| asked == path && !query.is_empty())
    });
    let (status, text) = match ours {
        Some(_) => ("200 OK", THANKS),
        None => ("404 Not Found", "nothing here\n"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    if let Some(target) = ours {
        // Nobody waits any more: another answer was first.
        let _ = to.send(target.to_owned()).await;
    }
    Ok(())
}

/// Reads to the empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await?;
        if read == 0 || bytes.len() + read > HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        bytes.extend_from_slice(&part[..read]);
    }
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// What a GET asks for.
fn target(head: &str) -> Option<&str> {
    let mut words = head.lines().next()?.split(' ');
    (words.next()? == "GET").then(|| words.next())?
}
