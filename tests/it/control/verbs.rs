//! Every verb against a real house: what it does, what it refuses, who is on record.

use std::io::BufRead;

use rustix::process::geteuid;
use serde_json::Value;

use flightdeck::agents::risk_management::Approval;
use flightdeck::control::client::Client;
use flightdeck::control::settling::Found;
use flightdeck::control::{Call, Code, Request};
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::events::{AccountReported, VenueEvent};

use crate::control::{ACCOUNT, House};
use crate::support::cockpit::{dollars, rules};
use crate::support::trouble::{Trouble, What};

fn data(house: &House, request: Request) -> Value {
    let answer = house.ask(request).unwrap();
    serde_json::from_str(answer.data.unwrap().get()).unwrap()
}

fn text(house: &House, request: Request) -> String {
    house.ask(request).unwrap().text.join("\n")
}

/// A house that holds five shares of `AAPL`.
fn holding() -> House {
    let mut config = rules();
    config.account.approval = Approval::Auto;
    let house = House::open(&config, geteuid().as_raw());
    house.inside.happen(|cockpit| {
        cockpit.setup("AAPL", "175.50", Direction::Long);
    });
    assert!(house.inside.cockpit.lock().unwrap().held("AAPL").is_some());
    house
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which requests take it")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn approving_lets_the_trade_go_on_and_the_journal_names_who() {
    let (house, trade) = House::waiting();
    let trade_id = trade.to_string();
    let listed = data(&house, Request::Trades);
    assert_eq!(listed["approvals"][0]["trade_id"], Value::from(trade_id.as_str()));
    let done = data(&house, Request::Approve { trade_id: trade_id.clone() });
    assert_eq!(done["verb"], "approve");
    assert_eq!(done["trading"], "ACTIVE");
    let cockpit = house.inside.cockpit.lock().unwrap();
    let told = cockpit.last("operator.approve");
    assert_eq!(told.text("by.via"), "socket");
    assert_eq!(told.text("by.uid"), geteuid().as_raw().to_string());
    assert!(cockpit.states(&trade).contains(&"ORDER_PLACED".to_owned()));
    drop(cockpit);
    let again = house.refuses(Request::Approve { trade_id }, Code::NotApplicable);
    assert!(again.message.contains("does not wait"), "{again}");
    house.refuses(Request::Approve { trade_id: "t\u{1b}[2J".into() }, Code::NotFound);
}

#[test]
fn rejecting_ends_the_trade_with_the_reason() {
    let (house, trade) = House::waiting();
    let reason = some("earnings tonight");
    house.ask(Request::Reject { trade_id: trade.to_string(), reason }).unwrap();
    let cockpit = house.inside.cockpit.lock().unwrap();
    assert_eq!(cockpit.last("operator.reject").text("reason"), "earnings tonight");
    assert_eq!(cockpit.count("order.submit"), 0);
    assert_eq!(cockpit.states(&trade).last().unwrap(), "ABORTED");
}

#[test]
fn a_kill_closes_the_gate_first_and_may_be_said_again() {
    let (house, _) = House::waiting();
    let done = data(&house, Request::Kill { reason: some("panic") });
    assert_eq!(house.inside.done(), ["gate", "operator.kill"]);
    assert_eq!(done["trading"], "HALTED");
    assert_eq!(done["entries_left"], 0);
    assert_eq!(house.inside.trading(), "HALTED");
    let again = text(&house, Request::Kill { reason: None });
    assert!(again.starts_with("HALTED: no entry leaves"), "{again}");
    assert_eq!(house.inside.done().len(), 4);
}

#[test]
fn resuming_wants_the_end_of_the_account_and_a_reason() {
    let (house, _) = House::waiting();
    let resume = |confirm, reason| Request::Resume { confirm, reason };
    house.refuses(resume(some("QX91"), some("calm")), Code::NotApplicable);
    house.ask(Request::Reduce { reason: None }).unwrap();
    let problem = house.refuses(resume(None, some("calm")), Code::NotConfirmed);
    assert_eq!(problem.remedy, "add --confirm \"QX91\"");
    for wrong in ["qx91", ACCOUNT, "", "RESUME"] {
        house.refuses(resume(some(wrong), some("calm")), Code::NotConfirmed);
    }
    house.refuses(resume(some("QX91"), None), Code::NoReason);
    house.refuses(resume(some("QX91"), some(" \u{200b}\n")), Code::NoReason);
    let done = data(&house, resume(some("QX91"), some("calm again")));
    assert_eq!(done["trading"], "ACTIVE");
    assert_eq!(
        house.inside.cockpit.lock().unwrap().last("operator.resume").text("reason"),
        "calm again"
    );
}

#[test]
fn flattening_wants_the_phrase_that_names_what_is_closed() {
    let house = holding();
    let flatten = |symbol: Option<&str>, confirm| Request::Flatten {
        symbol: symbol.map(str::to_owned),
        confirm,
        reason: None,
    };
    house.refuses(flatten(Some("MSFT"), some("FLATTEN MSFT")), Code::NotFound);
    house.refuses(flatten(Some("A B"), None), Code::BadRequest);
    house.refuses(flatten(Some("AAPL"), some("FLATTEN ALL")), Code::NotConfirmed);
    house.refuses(flatten(None, some("FLATTEN AAPL")), Code::NotConfirmed);
    house.ask(flatten(Some("aapl"), some("FLATTEN AAPL"))).unwrap();
    assert_eq!(house.inside.trading(), "ACTIVE", "one position only");
    let done = data(&house, flatten(None, some("FLATTEN ALL")));
    assert_eq!(done["trading"], "FLATTEN");
    assert_eq!(house.inside.done(), ["operator.flatten", "operator.flatten"]);
}

#[test]
fn a_breaker_is_reset_by_its_phrase_and_an_unknown_one_is_named() {
    let (house, _) = House::waiting();
    let reset = |breaker: &str, confirm| Request::Reset {
        breaker: breaker.into(),
        confirm,
        reason: some("logged in again"),
    };
    let problem = house.refuses(reset("alpaca.orders", None), Code::NotFound);
    assert!(problem.remedy.contains("sim.orders"), "{problem}");
    house.refuses(reset("sim.orders", some("RESET")), Code::NotConfirmed);
    house.ask(reset("sim.orders", some("RESET sim.orders"))).unwrap();
    assert_eq!(house.inside.done(), ["operator.reset_breaker"]);
}

#[test]
fn an_order_is_cancelled_while_it_rests() {
    let house = holding();
    let order = house.inside.cockpit.lock().unwrap().order(OrderPurpose::Entry).to_string();
    let problem = house.refuses(Request::Cancel { order: order.clone() }, Code::NotApplicable);
    assert!(problem.message.contains("FILLED"), "{problem}");
    house.refuses(Request::Cancel { order: "fd-1".into() }, Code::NotFound);
    let stop = house.inside.cockpit.lock().unwrap().order(OrderPurpose::Protection).to_string();
    let problem = house.refuses(Request::Cancel { order: stop }, Code::NotApplicable);
    assert!(problem.remedy.contains("flightdeck flatten AAPL"), "{problem}");
    assert_eq!(house.inside.done(), [""; 0], "a position keeps its stop");
    let house = House::open(&rules(), geteuid().as_raw());
    house.inside.happen(|cockpit| {
        cockpit.setup_missed("AAPL", "175.50");
    });
    let working = data(&house, Request::Orders);
    let resting = working["working"][0]["client_order_id"].as_str().unwrap().to_owned();
    house.ask(Request::Cancel { order: resting.clone() }).unwrap();
    let cockpit = house.inside.cockpit.lock().unwrap();
    assert_eq!(cockpit.last("operator.cancel").text("client_order_id"), resting);
}

#[test]
fn documents_and_tables_say_what_the_house_holds() {
    let house = holding();
    let status = data(&house, Request::Status);
    assert_eq!(status["run"]["account"], ACCOUNT);
    assert_eq!(status["counts"]["positions"], 1);
    assert_eq!(status["trading"]["phase"], "ACTIVE");
    let shown = text(&house, Request::Status);
    for part in [ACCOUNT, "ACTIVE", "1 open", "sim.orders", "RiskManagementAgent"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let positions = house.ask(Request::Positions).unwrap();
    let row = &positions.text[1];
    assert!(row.contains("AAPL") && row.contains("175.5") && row.contains("166.72"), "{row}");
    let raw = positions.data.unwrap().to_string();
    assert!(raw.contains("\"symbol\":\"AAPL\""), "{raw}");
    assert!(text(&house, Request::Orders).contains("FILLED"));
    assert!(text(&house, Request::Trades).contains("HOLDING"));
    assert!(house.inside.done().is_empty(), "looking changes nothing");
}

#[test]
fn why_tells_the_record_or_that_there_is_none() {
    let house = holding();
    let told = house.ask(Request::Why { id: "AAPL".into() }).unwrap();
    assert!(told.text.join("\n").contains("trend_following"), "{:?}", told.text);
    assert!(told.data.unwrap().get().contains("\"symbol\":\"AAPL\""));
    house.refuses(Request::Why { id: "MSFT".into() }, Code::NotFound);
    let problem = house.ask(Request::Why { id: "broken".into() }).unwrap_err();
    assert_eq!(problem.code, Code::Failed);
}

#[test]
fn a_stream_tells_what_happens_after_its_greeting() {
    let (house, trade) = House::waiting();
    let call = Call::new(Request::Tail { filter: some("operator,system.trading") });
    let (answer, lines) = Client::connect(&house.socket()).unwrap().stream(&call).unwrap();
    assert!(answer.ok);
    house.ask(Request::Approve { trade_id: trade.to_string() }).unwrap();
    house.ask(Request::Kill { reason: None }).unwrap();
    let names: Vec<String> = lines
        .lines()
        .take(3)
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["operator.approve", "operator.kill", "system.trading.changed"]);
    house.refuses(Request::Tail { filter: some("ordr") }, Code::BadRequest);
}

/// A house whose entry in AAPL is lost, and nobody knows; its name.
fn lost() -> (House, String) {
    let mut config = rules();
    config.account.approval = Approval::Auto;
    let house = House::open(&config, geteuid().as_raw());
    house.inside.happen(|cockpit| {
        cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what: What::Lost });
        cockpit.setup("AAPL", "175.50", Direction::Long);
    });
    let name = house.inside.cockpit.lock().unwrap().order(OrderPurpose::Entry).to_string();
    (house, name)
}

#[test]
fn settling_wants_an_unknown_order_what_was_found_its_phrase_and_a_reason() {
    let (house, name) = lost();
    let settle = |order: &str, found: Found, confirm, reason| {
        let order = order.to_owned();
        Request::Settle { order, found, confirm, reason }
    };
    let phrase = || some(&format!("SETTLE {name}"));
    let over = |filled: &str, price: Option<&str>| Found::Over {
        filled: filled.to_owned(),
        price: price.map(str::to_owned),
    };
    let why = || some("the broker's list has nothing");
    house.refuses(settle("fd-1", Found::NotThere, some("SETTLE fd-1"), why()), Code::NotFound);
    let refused = settle(&name, Found::NotThere, some("SETTLE"), why());
    house.refuses(refused, Code::NotConfirmed);
    house.refuses(settle(&name, Found::NotThere, phrase(), None), Code::NoReason);
    for found in [
        over("many", None),
        over("5", None),
        over("5", Some("cheap")),
        Found::Working(" ".to_owned()),
    ] {
        house.refuses(settle(&name, found, phrase(), why()), Code::BadRequest);
    }
    let listed = text(&house, Request::Status);
    assert!(listed.contains("trading halts in 60 s"), "{listed}");
    let done = data(&house, settle(&name, over("5", Some("175.49")), phrase(), why()));
    assert_eq!(done["note"], format!("{name} is settled: FILLED").as_str());
    house.refuses(settle(&name, Found::NotThere, phrase(), why()), Code::NotApplicable);
    assert_eq!(house.inside.done(), ["operator.settle"]);
}

#[test]
fn a_difference_is_listed_with_all_sides_and_acknowledged_with_a_reason() {
    let house = holding();
    let acknowledge = |subject: Option<&str>, reason| Request::Acknowledge {
        subject: subject.map(str::to_owned),
        reason,
    };
    house.refuses(acknowledge(None, some("seen")), Code::NotFound);
    let told = || {
        VenueEvent::Account(AccountReported {
            cash: dollars("99122.50"),
            equity: dollars("100000.00"),
            buying_power: dollars("99122.50"),
            positions: Vec::new(),
            streamed: Vec::new(),
        })
    };
    house.inside.happen(|cockpit| {
        cockpit.input(AgentId::Venue, told()).wait(31).input(AgentId::Venue, told());
    });
    let listed = text(&house, Request::Status);
    let line = "journal long 5 shares · broker no shares · stream no shares · for 31 s";
    assert!(listed.contains(line), "{listed}");
    let status = data(&house, Request::Status);
    assert_eq!(status["safety"]["differences"][0]["subject"], "AAPL");
    house.refuses(acknowledge(Some("MSFT"), some("seen")), Code::NotFound);
    house.refuses(acknowledge(Some("AAPL"), None), Code::NoReason);
    let done = data(&house, acknowledge(Some("AAPL"), some("sold by hand")));
    let note = "acknowledged; 0 differences wait; trading is REDUCING";
    assert_eq!(done["note"], note);
}
