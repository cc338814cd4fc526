//! What the keys did, by the books of the broker and not by ours: the run over the wire
//! has its simulated broker on loopback, which anybody on this machine can ask.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use flightdeck::bus::clock::Stopwatch;

use serde_json::Value;

use super::{Desk, PATIENCE, home};

const CTRL_K: &str = "\x0b";

/// A broker that serves inside the program.
struct Broker(u16);

impl Broker {
    /// The one port on which the program listens.
    fn of(desk: &Desk) -> Self {
        let process = format!("/proc/{}", desk.id.as_raw_pid());
        let began = Stopwatch::start();
        loop {
            let sockets: Vec<String> = fs::read_dir(format!("{process}/fd"))
                .unwrap()
                .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
                .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.to_owned()))
                .collect();
            // Columns of proc(5): local address in hexadecimal, state (0A listens), inode.
            let table = fs::read_to_string(format!("{process}/net/tcp")).unwrap();
            let port = table.lines().find_map(|line| {
                let columns: Vec<&str> = line.split_whitespace().collect();
                let is_own = sockets.iter().any(|inode| inode.trim_end_matches(']') == columns[9]);
                let (_, port) = columns[1].split_once(':')?;
                (columns[3] == "0A" && is_own).then(|| u16::from_str_radix(port, 16).unwrap())
            });
            if let Some(port) = port {
                return Self(port);
            }
            assert!(began.elapsed() < PATIENCE, "nobody listens");
            std::thread::yield_now();
        }
    }

    fn ask(&self, path: &str) -> Vec<Value> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.0)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let keys = "APCA-API-KEY-ID: PKSIMULATED\r\nAPCA-API-SECRET-KEY: simulated\r\n";
        write!(stream, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n{keys}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    fn orders(&self) -> Vec<Value> {
        self.ask("/v2/orders?status=all&limit=500")
    }

    /// Every order that was ever sent to open a position.
    fn entries(&self) -> Vec<Value> {
        let mut orders = self.orders();
        orders.retain(|order| order["position_intent"].as_str().unwrap().ends_with("_to_open"));
        orders
    }

    /// The entries that could still fill.
    fn working_entries(&self) -> Vec<Value> {
        let mut orders = self.entries();
        let over = ["filled", "canceled", "expired", "rejected", "replaced", "done_for_day"];
        orders.retain(|order| !over.contains(&order["status"].as_str().unwrap()));
        orders
    }

    /// Positions, and those among them whose whole quantity no stop protects.
    fn positions(&self) -> (usize, Vec<Value>) {
        let (positions, orders) = (self.ask("/v2/positions"), self.orders());
        // The stop of a pair is `held`, which `status=open` leaves out (Alpaca, protocol
        // page §3.5 of October 2026).
        let resting = ["new", "accepted", "held", "partially_filled"];
        let is_stop_of = |order: &Value, position: &Value| {
            order["symbol"] == position["symbol"]
                && order["qty"] == position["qty"]
                && order["stop_price"].is_string()
                && resting.contains(&order["status"].as_str().unwrap())
        };
        let count = positions.len();
        let is_naked = |position: &Value| !orders.iter().any(|it| is_stop_of(it, position));
        (count, positions.into_iter().filter(is_naked).collect())
    }
}

/// Asks the broker until it is as wished.
#[track_caller]
fn until(what: &str, desk: &Desk, mut is_wished: impl FnMut() -> bool) {
    let began = Stopwatch::start();
    while !is_wished() {
        assert!(began.elapsed() < PATIENCE, "{what}:\n{}", desk.page());
        desk.give_way();
    }
}

#[test]
fn after_the_kill_key_the_broker_has_no_entry_and_every_position_has_its_stop() {
    let mut desk = Desk::with(home(), "--config small.toml", (120, 40), &[]);
    desk.ask_until("status", |status| {
        status["counts"]["positions"].as_u64() > Some(0) && status["counts"]["naked"] == 0
    });
    let broker = Broker::of(&desk);
    let (open, naked) = broker.positions();
    assert!(open > 0 && naked.is_empty(), "{naked:?}");
    desk.press(CTRL_K);
    desk.see("KILL");
    let halted = desk.check_halted();
    until("entries still work", &desk, || broker.working_entries().is_empty());
    let sent = broker.entries().len();
    // Minutes of the market later.
    let later = halted["seq"].as_u64().unwrap() + 300;
    desk.ask_until("status", |status| status["seq"].as_u64() > Some(later));
    assert_eq!(broker.entries().len(), sent, "an entry left after the kill");
    assert_eq!(broker.working_entries(), Vec::<Value>::new());
    let (_, naked) = broker.positions();
    assert!(naked.is_empty(), "{naked:?}");
    desk.check_ends_well();
    desk.check_restored();
}

#[test]
fn an_approval_by_key_becomes_an_order_at_the_broker() {
    let mut desk = Desk::with(home(), "--config manual.toml", (120, 40), &[]);
    desk.see("waits for approval");
    let broker = Broker::of(&desk);
    assert_eq!(broker.entries(), Vec::<Value>::new(), "nothing is sent unasked");
    desk.press("a");
    let page = desk.see("Review");
    let began = Stopwatch::start();
    while broker.entries().is_empty() {
        // Until the dialog's dead time is over; afterwards the key copies a row.
        desk.press("y");
        assert!(began.elapsed() < PATIENCE, "no order is at the broker:\n{}", desk.page());
        desk.give_way();
    }
    let entries = broker.entries();
    let symbol = entries[0]["symbol"].as_str().unwrap();
    assert!(page.contains(symbol), "{entries:?}\n{page}");
    desk.check_ends_well();
    desk.check_restored();
}
