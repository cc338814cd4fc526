//! The line between client and broker, which notes every request that goes over it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes bytes on in both directions.
pub(super) struct Line {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    _stop: DropGuard,
}

impl Line {
    /// Opens a line to an address such as `http://127.0.0.1:4210`.
    pub(super) async fn to(base: &str) -> Self {
        let far = base.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (noted, token) = (requests.clone(), stop.clone());
        tokio::spawn(token.clone().run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                let passing = pass(near, far.clone(), noted.clone());
                tokio::spawn(token.clone().run_until_cancelled_owned(passing));
            }
        }));
        Self { base, requests, _stop: stop.drop_guard() }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Every request so far, such as `POST /v2/orders`.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests begin so.
    pub(super) fn count(&self, beginning: &str) -> usize {
        self.requests().iter().filter(|said| said.starts_with(beginning)).count()
    }
}

async fn pass(near: TcpStream, far: String, noted: Arc<Mutex<Vec<String>>>) {
    let Ok(far) = TcpStream::connect(far).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    // Whichever side ends, the other hears of it.
    tokio::select! {
        () = carry(from_near, to_far, Some(noted)) => {}
        () = carry(from_far, to_near, None) => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    noted: Option<Arc<Mutex<Vec<String>>>>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if let Some(noted) = &noted {
            noted.lock().unwrap().extend(request(&bytes[..count]));
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Method and path, where bytes are the head of a request.
fn request(bytes: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(bytes.split(|byte| *byte == b'\r').next()?).ok()?;
    let said = line.strip_suffix(" HTTP/1.1")?;
    let path = said.split('?').next()?;
    ["GET ", "POST ", "PATCH ", "DELETE "]
        .iter()
        .any(|verb| path.starts_with(verb))
        .then(|| path.to_owned())
}
