//! Primary and backup endpoint over real sockets (spec §4): one world behind two ports, a
//! line in front of each that fails as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::brokers::sim::server::serve;
use flightdeck::domain::order::Side;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::wired::{Market, Wired, listed, wire_rules};

/// What protects five shares of AAPL.
const PROTECTED: [&str; 2] = ["sell 5 limit 201.82", "sell 5 stop 166.72"];

/// What a line does with orders.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// It passes them on.
    Well,
    /// It ends before they have arrived.
    Cut,
    /// It passes them on and ends before the answer.
    CutAfter,
    /// It passes them on after so many milliseconds.
    Slow(u64),
    /// It swallows them.
    Mute,
}

/// A line to a server: the first orders pass, the others meet what it does.
struct Line {
    base: String,
    orders: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl Line {
    async fn to(base: &str, first_pass: usize, does: Does) -> Self {
        let far = base.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (orders, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let (counted, token) = (orders.clone(), stop.clone());
        tokio::spawn(token.clone().run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                let passing = pass(near, far.clone(), (counted.clone(), first_pass, does));
                tokio::spawn(token.clone().run_until_cancelled_owned(passing));
            }
        }));
        Self { base, orders, _stop: stop.drop_guard() }
    }

    fn orders(&self) -> usize {
        self.orders.load(Ordering::SeqCst)
    }
}

async fn pass(
    near: TcpStream,
    far: String,
    (orders, first_pass, does): (Arc<AtomicUsize>, usize, Does),
) {
    let Ok(far) = TcpStream::connect(far).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) =
        (near.into_split(), far.into_split());
    let is_cut = Arc::new(Mutex::new(false));
    let cut = is_cut.clone();
    let forth = async move {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from_near.read(&mut bytes).await {
            let is_order = bytes.starts_with(b"POST /v2/orders ");
            if is_order && orders.fetch_add(1, Ordering::SeqCst) >= first_pass {
                match does {
                    Does::Well => {}
                    Does::Cut => return,
                    Does::CutAfter => *cut.lock().unwrap() = true,
                    Does::Slow(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
                    Does::Mute => continue,
                }
            }
            if to_far.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    let back = async move {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from_far.read(&mut bytes).await {
            let is_over = *is_cut.lock().unwrap();
            if is_over || to_near.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    // Whichever side ends, the other hears of it.
    tokio::select! {
        () = forth => {}
        () = back => {}
    }
}

/// Opens a house on two lines, lets a trade begin and its protection rest; returns the
/// lines, for what went over them.
async fn check(primary: Does, backup: Does, winner: &[&str]) {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(serve(listener, market.state.clone(), stop));
    // The entry goes over the primary alone, before anything happens to it.
    let one = Line::to(&market.base, 1, primary).await;
    let other = Line::to(&second, 0, backup).await;
    let folder = tempfile::tempdir().unwrap();
    let wired = Wired::open_by_two(&market, (&one.base, &other.base), &wire_rules(), &folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    market.until_resting(&PROTECTED).await;
    let case = format!("{primary:?} {backup:?}");
    let raced = wired.wait_for("venue.race.decided").await;
    let found = raced.text("winner");
    assert!(winner.contains(&found.as_str()), "{case}: {raced:?}");
    let sells = market.state.with_world(|world| {
        world.exchange().orders().into_iter().filter(|order| order.side == Side::Sell).count()
    });
    assert_eq!(sells, 2, "{case}: one target and one stop, never two");
    // Who loses may be called back before a byte of it has arrived.
    let asked = if found == "primary" { one.orders() - 1 } else { other.orders() };
    assert!(asked >= 1, "{case}: what is told is what went over the line");
    // The exit takes both ways as well; what protected is cancelled first.
    wired.flatten("AAPL").await;
    wired.wait_state("AAPL", "CLOSED").await;
    assert_eq!(market.held("AAPL"), None, "{case}");
    let journal = wired.end().await;
    let failed = journal.iter().filter(|e| e.event.name() == "venue.call.failed").count();
    assert_eq!(failed, 0, "{case}: one success is no failure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_either_endpoint_leaves_one_stop_by_the_other() {
    for (primary, backup, winner) in [
        (Does::Cut, Does::Well, &["backup"][..]),
        (Does::Well, Does::Cut, &["primary"]),
        (Does::Mute, Does::Well, &["backup"]),
        (Does::Well, Does::Mute, &["primary"]),
        // It has arrived over the line whose answer is lost, or over the other one.
        (Does::CutAfter, Does::Well, &["primary", "backup"]),
        (Does::Well, Does::CutAfter, &["primary", "backup"]),
    ] {
        check(primary, backup, winner).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_accepting_and_both_slow_is_one_order() {
    let either = &["primary", "backup"];
    check(Does::Well, Does::Well, either).await;
    check(Does::Slow(300), Does::Slow(300), either).await;
    check(Does::Slow(600), Does::Slow(100), &["backup"]).await;
}
