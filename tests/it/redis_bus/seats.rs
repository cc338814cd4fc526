//! Agents that sit in other processes: the same journal, and what a dead one comes to.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::simulated_roster;
use flightdeck::bus::Roster;
use flightdeck::bus::clock::SystemClock;
use flightdeck::bus::redis::seat_guest::Guest;
use flightdeck::bus::redis::seat_house::Offer;
use flightdeck::bus::redis::{BusConfig, Endpoint, Key, SEATS};
use flightdeck::bus::spine::Spine;
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::hex::hex;
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::money::Money;
use flightdeck::events::{Envelope, Event, SystemEvent};
use flightdeck::journal::{Journal, SqliteJournal, StoreIdentity, export};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{INSTANCE, line};
use crate::headless::SMALL;
use crate::support::program::{Home, Running, events};
use crate::support::redis::{PATIENCE, Server};

const SEED: u64 = 7;

/// One run in one process.
fn plain() -> Vec<Envelope> {
    let home = Home::new().with("small.toml", SMALL);
    let run = "--no-ui --config small.toml --journal j --seed 7 --speed max --until-trades 1";
    let ended = home.run(run);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    events(&ended.out)
}

fn roster() -> Roster {
    let home = Home::new().with("small.toml", SMALL);
    let path = home.path("small.toml");
    let mut config = Config::load(Purpose::Sim, None, Some(&path)).unwrap();
    config.seed = SEED;
    simulated_roster(&config, config.venue(false, 1_000)).unwrap()
}

/// What came in from outside; everything else follows.
fn inputs(run: &[Envelope]) -> impl Iterator<Item = &Envelope> {
    let follows = |e: &Envelope| {
        let system = matches!(
            e.event,
            Event::System(SystemEvent::TimerDue(_) | SystemEvent::AgentStarted(_))
        );
        e.cause.is_some() || e.seq != e.root || system
    };
    run.iter().filter(move |e| !follows(e))
}

fn endpoint(server: &Server) -> Endpoint {
    Endpoint::new(&BusConfig { redis: server.url("seat"), ..BusConfig::default() }).unwrap()
}

fn key(seat: usize) -> Key {
    Key::new(&[u8::try_from(seat).unwrap() + 1; 32]).unwrap()
}

/// Sits in a seat until the house ends.
fn sit(server: &Server, seat: usize) -> tokio::task::JoinHandle<()> {
    let (word, agent) = SEATS[seat];
    let build = move |brief: &str| {
        assert_eq!(brief, "be good");
        let roster = roster();
        Ok((roster.iter().find(|one| one.id == agent).unwrap().factory)())
    };
    let guest = Guest::new(
        endpoint(server),
        (INSTANCE, word),
        key(seat),
        Arc::new(SystemClock),
        Box::new(build),
    );
    tokio::spawn(async move { guest.sit(CancellationToken::new()).await.unwrap() })
}

/// Runs the same inputs with these seats in other hands, going on after the first events
/// of the run; returns what the journal exports.
async fn with_distant(server: &Server, run: &[Envelope], cut: usize, seats: &[usize]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let identity = StoreIdentity {
        mode: "sim".into(),
        account: "SIM".into(),
        opening_cash: Money::from_dollars(100_000),
        seed: SEED,
    };
    let mut journal = SqliteJournal::open(&path, &identity).unwrap();
    let (before, after) = run.split_at(cut);
    for envelope in before {
        journal.append(envelope).unwrap();
    }
    journal.sync().unwrap();
    let tracker = TaskTracker::new();
    let (mut spine, door) = Spine::new(roster(), Box::new(journal), Vec::new(), &tracker).unwrap();
    let mut sitting = Vec::new();
    for seat in seats {
        sitting.push(sit(server, *seat));
        let (word, agent) = SEATS[*seat];
        let offer = Offer {
            endpoint: server.endpoint(),
            instance: INSTANCE.into(),
            agent,
            seat: word,
            topics: spine.topics_of(agent).unwrap(),
            key: key(*seat),
            brief: "be good".into(),
            journal: (spine.last_seq() > Seq(0)).then(|| path.clone()),
            wait: PATIENCE,
        };
        spine.seat_elsewhere(agent, offer.take(&SystemClock).await.unwrap());
    }
    // Other tests may hold the machine up; what a late seat comes to is another test's.
    let running = tokio::spawn(spine.with_reply_deadline(Duration::from_mins(1)).run());
    for input in inputs(after) {
        door.send_and_settle(input.at, input.source, input.event.clone()).await.unwrap();
    }
    drop(door);
    drop(running.await.unwrap().unwrap());
    for guest in sitting {
        tokio::time::timeout(PATIENCE, guest).await.unwrap().unwrap();
    }
    exported(&path)
}

fn exported(path: &Path) -> String {
    let mut lines = Vec::new();
    export(path, &mut lines, true).unwrap();
    String::from_utf8(lines).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_does_not_show_where_an_agent_sits() {
    let server = Server::guarded();
    let run = plain();
    let expected: String = run.iter().map(|envelope| line(envelope) + "\n").collect();
    assert!(expected.contains("risk.trade.approved") && expected.contains("trade.logged"));
    let everywhere = with_distant(&server, &run, 0, &[0, 1, 2, 3, 4]).await;
    assert!(everywhere == expected, "all five elsewhere, and it shows");
    // A seat that is taken in the middle of a run has heard what was before.
    let middle = run.len() / 2;
    let cut = (middle..run.len()).find(|at| run[*at].root == run[*at].seq).unwrap();
    let later = with_distant(&server, &run, cut, &[2]).await;
    assert!(later == expected, "risk came later, and it shows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_the_key_does_not_sit_down() {
    let server = Server::guarded();
    let offer = |wait| Offer {
        endpoint: server.endpoint(),
        instance: INSTANCE.into(),
        agent: AgentId::RiskManagement,
        seat: "risk",
        topics: flightdeck::events::Topics::of(&[]),
        key: Key::new(&[99; 32]).unwrap(),
        brief: String::new(),
        journal: None,
        wait,
    };
    let stranger = sit(&server, 2);
    let refused = offer(Duration::from_millis(1_500)).take(&SystemClock).await.err().unwrap();
    assert!(refused.to_string().contains("nobody has taken the seat of risk"), "{refused}");
    assert!(!stranger.is_finished(), "it waits for a house of its own");
    stranger.abort();
}

/// A home whose house wants its strategy agent from elsewhere.
fn home() -> Home {
    let (desk, seat) = (hex(&[7; 32]), hex(&[8; 32]));
    let keys = format!("desk-1 = {desk}\nseat.strategy = {seat}\n");
    let settings = format!("{SMALL}[bus]\nkey_file = \"bus.keys\"\nseats = [\"strategy\"]\n");
    let home = Home::new().with("bus.keys", keys).with("bus.toml", settings);
    std::fs::set_permissions(home.path("bus.keys"), Permissions::from_mode(0o600)).unwrap();
    home
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_sits_in_a_seat_and_when_it_dies_trading_halts() {
    let server = Server::guarded();
    let home = home();
    let seat = home.start(&format!(
        "seat strategy --bus {} --instance one --key-file bus.keys",
        server.url("seat")
    ));
    let mut house = home.start(&format!(
        "--no-ui --config bus.toml --journal j --seed 7 --speed 600x --instance one --bus {}",
        server.url("flightdeck")
    ));
    let read = |house: &mut Running, name: &str| {
        let found = (0..20_000).map(|_| house.read(1)).find(|l| l.is_empty() || l.contains(name));
        found.filter(|line| !line.is_empty()).unwrap_or_else(|| panic!("no {name}"))
    };
    let said = read(&mut house, "strategy.entry.signal");
    assert!(said.contains("StrategyAgent"), "{said}");
    seat.signal("KILL");
    let retired = read(&mut house, "system.agent.retired");
    assert!(retired.contains("StrategyAgent"), "{retired}");
    assert!(read(&mut house, "system.trading.changed").contains("HALTED"));
    house.signal("TERM");
    assert_eq!(house.end().code, Some(0));
}
