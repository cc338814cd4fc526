//! Two endpoints of one account (spec §4): faults on either, on both, and who may use
//! them.

use std::sync::{Arc, Mutex};

use crate::breakers::{BudgetConfig, Lane};
use crate::brokers::gateway::GatewayConfig;
use crate::brokers::gateway::tests::fake::{Books, Does};
use crate::brokers::gateway::tests::house::{House, Setup};
use crate::domain::order::{
    OrderPurpose::{self, Entry, Exit, Protection},
    RejectReason,
};
use crate::events::{Endpoint, Event, VenueEvent};

async fn house(deduplicates: bool) -> House {
    let books: Arc<Mutex<Books>> = Arc::default();
    let setup = Setup { has_backup: true, deduplicates, ..Setup::default() };
    let house = House::on(setup, books);
    house.wait(1).await;
    house
}

impl House {
    /// Who won each race so far.
    fn winners(&self) -> Vec<Option<Endpoint>> {
        let raced = |event: &Event| match event {
            Event::Venue(VenueEvent::Raced(raced)) => Some(raced.winner),
            _ => None,
        };
        self.events().iter().filter_map(raced).collect()
    }

    /// How often a verb was called, such as `backup_submit`.
    fn calls(&self, verb: &str) -> usize {
        self.books().count(verb)
    }
}

/// Sends one order over both ways: what is said of it, and who has won.
#[track_caller]
fn check(house: &House, case: &str, (taken, failed): (usize, usize), winners: &[Option<Endpoint>]) {
    let accepted = house.count("venue.order.accepted");
    assert_eq!((accepted, house.count("venue.call.failed")), (taken, failed), "{case}");
    assert_eq!(house.winners(), winners, "{case}");
    assert!(house.books().orders.len() <= 1, "{case}: one order at most");
}

/// What it is called, what either endpoint does, and who wins.
type Case = (&'static str, &'static [Does], &'static [Does], Option<Endpoint>);

const IN_USE: Does = Does::Refuses(422, RejectReason::DuplicateClientOrderId);
const P: Option<Endpoint> = Some(Endpoint::Primary);
const B: Option<Endpoint> = Some(Endpoint::Backup);

#[tokio::test(start_paused = true)]
async fn f20_the_first_success_wins_whatever_the_other_endpoint_does() {
    let cases: [Case; 9] = [
        ("both accept", &[], &[], P),
        ("the primary loses it", &[Does::Lost], &[], B),
        ("the primary is not reached", &[Does::NotSent], &[], B),
        ("the primary takes it and hangs", &[Does::After(30)], &[], P),
        ("the backup takes it and hangs", &[], &[Does::After(30)], B),
        ("the backup loses it", &[], &[Does::Lost], P),
        ("the primary is turned away", &[Does::Refuses(429, RejectReason::Other)], &[], B),
        ("the primary's answer is lost", &[Does::AnswerLost], &[], P),
        ("the name is in use at the primary", &[IN_USE], &[Does::After(9)], B),
    ];
    for purpose in [Exit, Protection] {
        for (case, primary, backup, winner) in cases {
            let house = house(true).await;
            house.script("submit", primary).script("backup_submit", backup);
            house.submit("fd-1", purpose);
            house.wait(2).await;
            check(&house, case, (1, 0), &[winner]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn both_slow_is_one_order_and_the_faster_one_wins() {
    let house = house(true).await;
    house.script("submit", &[Does::After(9)]).script("backup_submit", &[Does::After(6)]);
    house.submit("fd-1", Protection);
    house.wait(8).await;
    check(&house, "both slow", (1, 0), &[P]);
}

#[tokio::test(start_paused = true)]
async fn both_failing_counts_once_however_often_it_was_tried() {
    let house = house(true).await;
    house.script("submit", &[Does::NotSent; 3]).script("backup_submit", &[Does::Lost; 3]);
    house.submit("fd-1", Exit);
    house.wait(40).await;
    check(&house, "both fail", (0, 1), &[None; 3]);
    let failures: Vec<bool> = house
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Venue(VenueEvent::CallFailed(failed)) => Some(failed.counts),
            _ => None,
        })
        .collect();
    assert_eq!(failures, [true]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_and_a_broker_that_takes_a_name_twice_use_one_endpoint() {
    let cases: [(OrderPurpose, bool); 3] = [(Entry, true), (Exit, false), (Protection, false)];
    for (purpose, deduplicates) in cases {
        let house = house(deduplicates).await;
        house.script("submit", &[Does::Lost]);
        house.submit("fd-1", purpose);
        house.wait(30).await;
        assert_eq!(house.calls("backup_submit"), 0, "{purpose:?}");
        assert_eq!(house.winners(), [], "{purpose:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancel_and_the_look_ups_of_protection_do_not_wait_for_a_dead_endpoint() {
    let house = house(true).await;
    house.submit("fd-1", Protection);
    house.wait(1).await;
    for verb in ["submit", "cancel", "find", "order"] {
        house.script(verb, &[Does::NotSent; 20]);
    }
    house.cancel("fd-1");
    house.wait(5).await;
    assert_eq!(house.count("venue.order.cancelled"), 1);
    assert_eq!(house.count("venue.call.failed"), 0);
    // An order whose answer got lost on both ways is found by the second one.
    house.script("backup_submit", &[Does::AnswerLost]);
    house.submit("fd-2", Exit);
    house.wait(2).await;
    assert_eq!(house.count("venue.order.accepted"), 2);
}

#[tokio::test(start_paused = true)]
async fn both_ways_are_paid_for_in_the_lane_of_protection() {
    // After a restart half of the budget is taken for used; entries may not have the rest.
    let mut setup = Setup { has_backup: true, ..Setup::default() };
    let budget = BudgetConfig { limit: 40, reserve: 10 };
    setup.config = GatewayConfig { budget, ..setup.config };
    let house = House::with(setup);
    house.wait(1).await;
    for number in 0..12 {
        house.submit(&format!("fd-e{number}"), Entry);
    }
    house.wait(1).await;
    let entries = house.calls("submit");
    assert!(entries < 12, "{} leaves nothing", Lane::Entry.name());
    house.submit("fd-x", Exit);
    house.wait(1).await;
    assert_eq!((house.calls("submit"), house.calls("backup_submit")), (entries + 1, 1));
}
