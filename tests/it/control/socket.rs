//! Who may speak at the socket, how much, and for how long.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::Ordering;

use rustix::process::geteuid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use flightdeck::control::client::Client;
use flightdeck::control::protocol::LINE_BYTES_MAX;
use flightdeck::control::server::{CALLERS_MAX, STREAMS_MAX};
use flightdeck::control::{Answer, Call, Code, Listening, Request, SocketError, serve};

use crate::control::{House, Inside, ask, socket};
use crate::support::cockpit::rules;
use crate::support::program::Home;

fn open() -> House {
    House::open(&rules(), geteuid().as_raw())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Sends bytes as they are and reads one line.
fn raw(socket: &Path, bytes: &[u8]) -> Answer {
    let mut stream = UnixStream::connect(socket).unwrap();
    // The house may answer and hang up before the last byte.
    let _ = stream.write_all(bytes);
    let mut line = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut line).unwrap();
    assert!(line.ends_with(b"\n"), "one whole line");
    let text = String::from_utf8(line).unwrap();
    assert!(!text.trim_end().contains(char::is_control), "{text:?}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_the_house() {
    let house = open();
    let socket = house.socket();
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert_eq!(mode(&socket.with_extension("lock")), 0o600);
    assert!(house.ask(Request::Status).is_ok());
    let home = Home::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let listening = Listening::bind(&super::socket(&home)).unwrap();
    assert!(listening.path().exists());
    drop(listening);
    assert!(!super::socket(&home).exists());
}

#[test]
fn another_user_is_refused_and_nothing_is_done() {
    let house = House::open(&rules(), geteuid().as_raw() + 1);
    house.refuses(Request::Kill { reason: None }, Code::NotPermitted);
    house.refuses(Request::Status, Code::NotPermitted);
}

#[tokio::test]
async fn a_dead_ones_socket_is_taken_over_and_a_living_ones_is_not() {
    let home = Home::new();
    let path = socket(&home);
    let living = Listening::bind(&path).unwrap();
    assert!(matches!(Listening::bind(&path), Err(SocketError::InUse(_))));
    fs::remove_file(path.with_extension("lock")).unwrap();
    let second = Listening::bind(&path);
    assert!(matches!(second, Err(SocketError::InUse(_))), "it answers, so it lives: {second:?}");
    drop(living);
    // A process that was killed leaves its socket and lets go of its lock.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let next = Listening::bind(&path).unwrap();
    assert!(UnixStream::connect(next.path()).is_ok());
}

#[tokio::test]
async fn a_place_that_is_not_for_us_alone_is_refused_and_left_as_it_is() {
    let home = Home::new().with("sim.sock", "precious");
    fs::set_permissions(home.path("."), fs::Permissions::from_mode(0o700)).unwrap();
    let found = Listening::bind(&home.path("sim.sock"));
    assert!(matches!(found, Err(SocketError::NotASocket(_))), "{found:?}");
    assert_eq!(fs::read(home.path("sim.sock")).unwrap(), b"precious");
    fs::set_permissions(home.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let found = Listening::bind(&home.path("other.sock"));
    assert!(matches!(found, Err(SocketError::Folder(_))), "{found:?}");
    let long = home.path(&"x".repeat(120));
    assert!(matches!(Listening::bind(&long), Err(SocketError::TooLong(_))));
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_house_goes_on() {
    let house = open();
    let mut line = vec![b' '; LINE_BYTES_MAX];
    line.push(b'\n');
    let answer = raw(&house.socket(), &line);
    assert_eq!(answer.error.unwrap().code, Code::TooLarge);
    let mut most = br#"{"version":1,"request":"status"}"#.to_vec();
    most.resize(LINE_BYTES_MAX - 1, b' ');
    most.push(b'\n');
    assert!(raw(&house.socket(), &most).ok, "the longest line there may be");
}

#[test]
fn hostile_lines_are_answered_with_one_clean_line() {
    let house = open();
    let deep = format!("{}\n", "[".repeat(20_000));
    let lines: [&[u8]; 8] = [
        b"\xff\xfe\n",
        b"{\"version\":1,\"request\":\"\x1b]0;owned\x07\"}\n",
        b"{\"version\":1,\"request\":\"\\u001b[2J\\u202eYUB\"}\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\n",
        b"{\"version\":1e999,\"request\":\"status\"}\n",
        b"{\"version\":1,\"request\":{\"kill\":{\"reason\":7}}}\n",
        deep.as_bytes(),
    ];
    for line in lines {
        let problem = raw(&house.socket(), line).error.unwrap();
        assert_eq!(problem.code, Code::BadRequest, "{problem}");
        assert!(problem.message.chars().count() <= 500);
    }
    let version = raw(&house.socket(), b"{\"version\":9,\"request\":\"fly\"}\n");
    assert_eq!(version.error.unwrap().code, Code::Version);
    assert!(house.inside.done().is_empty());
}

#[test]
fn a_reason_is_cleaned_before_it_is_journalled() {
    let house = open();
    let reason = format!("a\u{1b}[2J\nb\u{202e}{}", "x".repeat(1_000));
    house.ask(Request::Kill { reason: Some(reason) }).unwrap();
    let cockpit = house.inside.cockpit.lock().unwrap();
    let kept = cockpit.last("operator.kill").text("reason");
    assert!(kept.starts_with("a[2J bx"), "{kept}");
    assert_eq!(kept.chars().count(), 500);
}

#[test]
fn many_callers_at_once_get_their_own_answers() {
    let house = open();
    let socket = house.socket();
    std::thread::scope(|threads| {
        for caller in 0..4 {
            let socket = &socket;
            threads.spawn(move || {
                for _ in 0..20 {
                    let answer = if caller % 2 == 0 {
                        ask(socket, Request::Positions)
                    } else {
                        ask(socket, Request::Orders)
                    };
                    let text = answer.unwrap().data.unwrap().to_string();
                    let head = if caller % 2 == 0 { "\"positions\"" } else { "\"working\"" };
                    assert!(text.contains(head), "{text}");
                }
            });
        }
    });
}

#[test]
fn callers_are_bounded_and_streams_always_leave_room_for_a_kill() {
    let house = open();
    let stream = || {
        let call = Call::new(Request::Tail { filter: None });
        Client::connect(&house.socket()).unwrap().stream(&call).unwrap()
    };
    let streams: Vec<_> = (0..STREAMS_MAX).map(|_| stream()).collect();
    assert!(streams.iter().all(|(answer, _)| answer.ok));
    assert_eq!(stream().0.error.unwrap().code, Code::Busy);
    // Silent callers take the rest.
    let silent: Vec<_> =
        (STREAMS_MAX..CALLERS_MAX).map(|_| UnixStream::connect(house.socket()).unwrap()).collect();
    let mut last = house.ask(Request::Status);
    while last.is_ok() {
        // The server takes the silent ones in the order in which they came.
        last = house.ask(Request::Status);
    }
    assert_eq!(last.unwrap_err().code, Code::Busy);
    drop(silent);
    let kill = || house.ask(Request::Kill { reason: None });
    let killed = (0..1_000).map(|_| kill()).find(Result::is_ok);
    assert!(killed.is_some(), "a place is free again at once");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_does_not_end_its_line_is_told_after_five_seconds() {
    let home = Home::new();
    let inside = Inside::new(&rules());
    let stop = CancellationToken::new();
    let server =
        tokio::spawn(serve(Listening::bind(&socket(&home)).unwrap(), inside.desk(), stop.clone()));
    let mut stream = tokio::net::UnixStream::connect(socket(&home)).await.unwrap();
    stream.write_all(b"{\"version\":1").await.unwrap();
    let began = tokio::time::Instant::now();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 5);
    let answer: Answer = serde_json::from_str(&text).unwrap();
    assert_eq!(answer.error.unwrap().code, Code::TooSlow);
    stop.cancel();
    server.await.unwrap();
    assert!(!socket(&home).exists());
}

#[tokio::test]
async fn a_kill_closes_the_gate_before_it_looks_at_anything() {
    let home = Home::new();
    let inside = Inside::new(&rules());
    let mut desk = inside.desk();
    let (looks, looking) = (desk.snapshots.clone(), inside.clone());
    desk.snapshots = std::sync::Arc::new(move || {
        looking.done.lock().unwrap().push("look");
        looks()
    });
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(Listening::bind(&socket(&home)).unwrap(), desk, stop.clone()));
    let mut stream = tokio::net::UnixStream::connect(socket(&home)).await.unwrap();
    stream.write_all(b"{\"version\":1,\"request\":{\"kill\":{}}}\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(inside.done(), ["gate", "operator.kill", "look"]);
    stop.cancel();
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_without_an_answer_is_an_unknown_outcome_and_a_kill_has_closed_the_gate() {
    let home = Home::new();
    let inside = Inside::new(&rules());
    inside.hangs.store(true, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let server =
        tokio::spawn(serve(Listening::bind(&socket(&home)).unwrap(), inside.desk(), stop.clone()));
    let mut stream = tokio::net::UnixStream::connect(socket(&home)).await.unwrap();
    stream.write_all(b"{\"version\":1,\"request\":{\"kill\":{}}}\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let answer: Answer = serde_json::from_str(&text).unwrap();
    assert_eq!(answer.error.unwrap().code, Code::Timeout);
    assert_eq!(inside.done(), ["gate", "operator.kill"]);
    stop.cancel();
    server.await.unwrap();
}
