//! A Redis server of the test's own: in its own folder, on its own socket, gone with it.
//!
//! The server is the real one. Where it is missing and the test runs as root on Debian,
//! it is installed, and the test says so; elsewhere the remedy is told.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use flightdeck::bus::redis::{BusConfig, Endpoint, acl};
use redis::aio::{MultiplexedConnection, PubSub};

/// Nothing healthy takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether there is a server, installed when that is possible.
static INSTALLED: LazyLock<()> = LazyLock::new(|| {
    if is_there() {
        return;
    }
    let is_root = rustix::process::geteuid().is_root();
    assert!(
        is_root && Command::new("apt-get").arg("--version").output().is_ok(),
        "these tests need redis-server: install it (apt-get install redis-server, brew install redis)"
    );
    let note = "redis-server is missing: installing it with apt-get install -y redis-server";
    let _ = writeln!(std::io::stderr(), "{note}");
    for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", "redis-server"]] {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        assert!(apt.status().unwrap().success(), "apt-get {arguments:?} failed");
    }
    assert!(is_there(), "redis-server is installed and cannot be run");
});

fn is_there() -> bool {
    let mut version = Command::new("redis-server");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// A server, and how it is started again.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    settings: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts one with the users of the house, one sender and nobody else.
    pub(crate) fn guarded() -> Self {
        let mut server = Self::empty();
        let users = acl::file("desk-1").replace("PUT-A-PASSWORD-HERE", "secret");
        let users = format!("{users}user admin on >secret ~* &* +@all\n");
        let file = server.path("users.acl");
        std::fs::write(&file, users).unwrap();
        server.set(&["--aclfile", file.to_str().unwrap()]);
        server.start();
        server
    }

    /// Starts one where everybody may do everything.
    pub(crate) fn open() -> Self {
        let mut server = Self::empty();
        server.start();
        server
    }

    /// Makes one that is not running yet, with the users of the house.
    pub(crate) fn absent() -> Self {
        let mut server = Self::guarded();
        server.kill();
        server
    }

    /// Makes one that has not been started and has no users.
    pub(crate) fn empty() -> Self {
        LazyLock::force(&INSTALLED);
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { folder, settings: Vec::new(), child: None };
        let socket = server.path("redis.sock");
        server.set(&["--port", "0", "--unixsocket", socket.to_str().unwrap(), "--save", ""]);
        server
    }

    /// Adds settings of the server, before it is started.
    pub(crate) fn set(&mut self, settings: &[&str]) {
        self.settings.extend(settings.iter().map(|&text| text.to_owned()));
    }

    /// A file in the server's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it and waits until it takes callers.
    pub(crate) fn start(&mut self) {
        let _ = std::fs::remove_file(self.path("redis.sock"));
        let mut command = Command::new("redis-server");
        command.args(&self.settings).arg("--dir").arg(self.folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said: Vec<String> = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.contains("eady to accept connections"))
            .collect();
        assert!(child.try_wait().unwrap().is_none(), "redis-server: {}", said.join("\n"));
        // A pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
    }

    /// Kills it, as a crash does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            self.signal_child(&child, "CONT");
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it without ending it, or lets it go on (`STOP`, `CONT`).
    pub(crate) fn signal(&self, name: &str) {
        self.signal_child(self.child.as_ref().unwrap(), name);
    }

    fn signal_child(&self, child: &Child, name: &str) {
        let mut kill = Command::new("kill");
        kill.args([format!("-{name}"), child.id().to_string()]).current_dir(self.folder.path());
        assert!(kill.status().unwrap().success());
    }

    /// The address for one of its users.
    pub(crate) fn url(&self, user: &str) -> String {
        let socket = self.path("redis.sock");
        format!("unix://{}?user={user}&pass=secret", socket.display())
    }

    /// The address without a login.
    pub(crate) fn bare_url(&self) -> String {
        format!("unix://{}", self.path("redis.sock").display())
    }

    /// The settings of a house that uses it.
    pub(crate) fn config(&self) -> BusConfig {
        BusConfig { redis: self.url("flightdeck"), ..BusConfig::default() }
    }

    /// The server as the house speaks to it.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.config()).unwrap()
    }

    /// The server as one who looks on speaks to it.
    pub(crate) fn readers_endpoint(&self) -> Endpoint {
        let config = BusConfig { redis: self.url("reader"), ..BusConfig::default() };
        Endpoint::new(&config).unwrap()
    }

    /// A connection of one of its users.
    pub(crate) async fn connect(&self, user: &str) -> MultiplexedConnection {
        let client = redis::Client::open(self.url(user)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// A subscriber.
    pub(crate) async fn subscriber(&self, user: &str) -> PubSub {
        let client = redis::Client::open(self.url(user)).unwrap();
        client.get_async_pubsub().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something is so, by looking again and again; bounded.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let looked = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let is_in_time = tokio::time::timeout(PATIENCE, looked).await.is_ok();
    assert!(is_in_time, "waited too long: {what}");
}
