//! What every circuit breaker in front of a broker must do: rules B1 to B18.
//!
//! Times are seconds since the first call; no test waits.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use flightdeck::breakers::{
    Admission, AlpacaBreaker, Authority, Bank, Breaker, BreakerConfig, Budget, BudgetConfig, Call,
    CallClass, CallOutcome, Cause, Lane, Phase, SchwabBreaker, Ticket, Transition,
};
use flightdeck::domain::time::Timestamp;
use jiff::SignedDuration;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_760_000_000 + seconds)
}

fn breaker() -> Breaker {
    Breaker::new("alpaca.paper.orders", BreakerConfig::default())
}

#[track_caller]
fn admitted(breaker: &mut Breaker, now: i64) -> Ticket {
    breaker.admit(Call::Write, at(now)).ticket.unwrap()
}

/// Makes a call that ends at once.
#[track_caller]
fn call(breaker: &mut Breaker, outcome: CallOutcome, now: i64) -> Option<Transition> {
    let ticket = admitted(breaker, now);
    breaker.record(ticket, outcome, at(now))
}

/// A breaker that opened at second 0.
fn opened() -> Breaker {
    let mut breaker = breaker();
    for _ in 0..3 {
        call(&mut breaker, CallOutcome::TimedOut, 0);
    }
    assert_eq!(breaker.phase(), Phase::Open);
    breaker
}

#[track_caller]
fn check_refused(admission: Admission, phase: Phase, left: Option<i64>) {
    let refusal = admission.ticket.unwrap_err();
    assert_eq!((refusal.phase, refusal.left), (phase, left.map(SignedDuration::from_secs)));
}

#[track_caller]
fn check_change(change: Option<Transition>, from: Phase, to: Phase, cause: Cause) {
    let change = change.unwrap();
    assert_eq!((change.from, change.to, change.cause), (from, to, cause));
}

#[test]
fn b01_three_failures_in_a_row_open_and_a_success_between_starts_anew() {
    let mut breaker = breaker();
    let story = [
        (CallOutcome::TimedOut, 1),
        (CallOutcome::ServerError, 2),
        (CallOutcome::Success, 0),
        (CallOutcome::ConnectFailed, 1),
        (CallOutcome::TimedOut, 2),
    ];
    for (outcome, failures) in story {
        assert_eq!(call(&mut breaker, outcome, 0), None);
        assert_eq!(breaker.failures(), failures);
    }
    let change = call(&mut breaker, CallOutcome::TimedOut, 0);
    check_change(change, Phase::Closed, Phase::Open, Cause::Failures);
}

#[test]
fn b02_a_refused_call_gets_no_ticket_and_hears_how_long_is_left() {
    let mut breaker = opened();
    for (now, left) in [(0, 60), (18, 42), (59, 1)] {
        check_refused(breaker.admit(Call::Write, at(now)), Phase::Open, Some(left));
    }
    let refusal = opened().admit(Call::Read, at(18)).ticket.unwrap_err();
    assert_eq!(refusal.to_string(), "alpaca.paper.orders is OPEN: 42 s left");
}

#[test]
fn b03_after_the_period_exactly_one_of_many_callers_passes() {
    let mut breaker = opened();
    let first = breaker.admit(Call::Write, at(60));
    assert!(first.ticket.unwrap().is_probe());
    check_change(first.transition, Phase::Open, Phase::HalfOpen, Cause::ProbeDue);
    for _ in 0..20 {
        check_refused(breaker.admit(Call::Write, at(60)), Phase::HalfOpen, Some(10));
    }
}

#[test]
fn b04_a_probe_that_succeeds_closes_and_forgets_the_failures() {
    let mut breaker = opened();
    let change = call(&mut breaker, CallOutcome::Success, 60);
    check_change(change, Phase::HalfOpen, Phase::Closed, Cause::ProbeSucceeded);
    assert_eq!(breaker.failures(), 0);
    call(&mut breaker, CallOutcome::TimedOut, 61);
    call(&mut breaker, CallOutcome::TimedOut, 61);
    assert_eq!(breaker.phase(), Phase::Closed);
}

#[test]
fn b05_a_probe_that_fails_opens_for_a_full_period_again() {
    let mut breaker = opened();
    let change = call(&mut breaker, CallOutcome::ServerError, 70);
    check_change(change, Phase::HalfOpen, Phase::Open, Cause::ProbeFailed);
    check_refused(breaker.admit(Call::Write, at(129)), Phase::Open, Some(1));
    assert!(admitted(&mut breaker, 130).is_probe());
}

#[test]
fn b05_a_configured_backoff_doubles_the_period_up_to_ten_minutes() {
    let config = BreakerConfig { backoff: Decimal::TWO, ..BreakerConfig::default() };
    let mut breaker = Breaker::new("schwab.live.orders", config);
    for _ in 0..3 {
        call(&mut breaker, CallOutcome::TimedOut, 0);
    }
    let mut now = 0;
    for (period, next) in [(60, 120), (120, 240), (240, 480), (480, 600), (600, 600)] {
        now += period;
        call(&mut breaker, CallOutcome::TimedOut, now);
        check_refused(breaker.admit(Call::Write, at(now)), Phase::Open, Some(next));
    }
    call(&mut breaker, CallOutcome::Success, now + 600);
    for _ in 0..3 {
        call(&mut breaker, CallOutcome::TimedOut, now + 600);
    }
    check_refused(breaker.admit(Call::Write, at(now + 600)), Phase::Open, Some(60));
}

#[test]
fn b06_a_probe_that_hangs_counts_as_failed() {
    let mut breaker = opened();
    let probe = admitted(&mut breaker, 60);
    assert_eq!(breaker.wake_at(), Some(at(70)));
    assert_eq!(breaker.tick(at(69)), None);
    let change = breaker.tick(at(70));
    check_change(change, Phase::HalfOpen, Phase::Open, Cause::ProbeTimedOut);
    assert_eq!(breaker.record(probe, CallOutcome::Success, at(71)), None, "too late");
    check_refused(breaker.admit(Call::Write, at(71)), Phase::Open, Some(59));
}

#[test]
fn b07_a_probe_given_back_or_lost_frees_the_permit() {
    let mut breaker = opened();
    let given_back = admitted(&mut breaker, 60);
    assert_eq!(breaker.cancel(given_back, at(61)), None);
    let lost = admitted(&mut breaker, 61);
    assert!(lost.is_probe());
    drop(lost);
    check_refused(breaker.admit(Call::Write, at(70)), Phase::HalfOpen, Some(1));
    check_refused(breaker.admit(Call::Write, at(71)), Phase::Open, Some(60));
    assert!(admitted(&mut breaker, 131).is_probe(), "never stuck half-open");
}

#[test]
fn b08_our_own_errors_do_not_count_but_prove_that_the_service_is_up() {
    for status in [400, 403, 404, 422] {
        let outcome = AlpacaBreaker::outcome_of_status(status);
        assert_eq!(outcome, SchwabBreaker::outcome_of_status(status));
        let mut closed = breaker();
        call(&mut closed, CallOutcome::TimedOut, 0);
        for _ in 0..10 {
            call(&mut closed, outcome, 0);
        }
        assert_eq!((closed.phase(), closed.failures()), (Phase::Closed, 1));
        let mut probed = opened();
        call(&mut probed, outcome, 60);
        assert_eq!(probed.phase(), Phase::Closed);
    }
}

#[track_caller]
fn schwab_call(bank: &mut Bank, class: CallClass, outcome: CallOutcome, now: i64) {
    let ticket = bank.admit(class, Call::Read, at(now)).ticket.unwrap();
    bank.record(class, ticket, outcome, at(now));
}

#[track_caller]
fn check_all(bank: &Bank, expected: Phase) {
    for class in CallClass::ALL {
        assert_eq!(bank.breaker(class).phase(), expected, "{}", class.name());
    }
}

#[test]
fn b09_a_dead_token_latches_all_breakers_of_the_account_at_once() {
    let mut bank = SchwabBreaker::live(BreakerConfig::default());
    // A 401 alone says nothing, its refused refresh says all.
    assert_eq!(SchwabBreaker::outcome_of_status(401), CallOutcome::Unauthorized);
    assert_eq!(SchwabBreaker::outcome_of_refresh(400), CallOutcome::TokenDead);
    schwab_call(&mut bank, CallClass::MarketData, CallOutcome::Unauthorized, 0);
    check_all(&bank, Phase::Closed);
    let ticket = bank.admit(CallClass::MarketData, Call::Read, at(0)).ticket.unwrap();
    let changes = bank.record(CallClass::MarketData, ticket, CallOutcome::TokenDead, at(0));
    assert_eq!(changes.len(), 3);
    assert!(changes.iter().all(|change| change.cause == Cause::TokenDead));
    check_all(&bank, Phase::Latched);
    assert_eq!(bank.remedy(), "flightdeck login schwab");

    // No half-open, however long one waits, and none after a restart.
    let journalled = serde_json::to_string(&bank).unwrap();
    let mut bank: Bank = serde_json::from_str(&journalled).unwrap();
    let a_week = 7 * 86_400;
    for class in CallClass::ALL {
        check_refused(bank.admit(class, Call::Read, at(a_week)), Phase::Latched, None);
        assert_eq!(bank.close_by_operator(class, at(a_week)), None);
    }
}

#[test]
fn b09_only_a_reset_and_its_read_only_probe_release_a_dead_token() {
    let mut bank = SchwabBreaker::live(BreakerConfig::default());
    bank.token_died(at(0));
    let change = bank.reset_by_operator(CallClass::Orders, at(100));
    check_change(change, Phase::Latched, Phase::HalfOpen, Cause::ResetByOperator);
    check_refused(bank.admit(CallClass::Orders, Call::Write, at(100)), Phase::Latched, None);
    check_refused(bank.admit(CallClass::Accounts, Call::Write, at(100)), Phase::HalfOpen, None);

    // The probe fails: latched again, and no second try without the operator.
    schwab_call(&mut bank, CallClass::Accounts, CallOutcome::TimedOut, 101);
    check_all(&bank, Phase::Latched);
    bank.reset_by_operator(CallClass::Accounts, at(200));
    let hangs = bank.admit(CallClass::Accounts, Call::Read, at(200)).ticket.unwrap();
    assert_eq!(bank.wake_at(), Some(at(210)));
    assert_eq!(bank.tick(at(210)).len(), 1);
    check_all(&bank, Phase::Latched);
    bank.record(CallClass::Accounts, hangs, CallOutcome::Success, at(211));
    check_all(&bank, Phase::Latched);

    bank.reset_by_operator(CallClass::Accounts, at(300));
    schwab_call(&mut bank, CallClass::Accounts, CallOutcome::Success, 300);
    check_all(&bank, Phase::Closed);
    assert!(bank.is_closed() && !bank.token_is_dead());
}

#[test]
fn b10_a_429_empties_the_budget_and_three_in_a_row_open() {
    let mut budget = Budget::new(BudgetConfig::ALPACA);
    let mut breaker = breaker();
    for _ in 0..3 {
        assert_eq!(breaker.phase(), Phase::Closed);
        assert_eq!(AlpacaBreaker::outcome_of_status(429), CallOutcome::RateLimited);
        call(&mut breaker, CallOutcome::RateLimited, 0);
        budget.refused(Some(at(30)), 1.0, at(0));
        assert!(budget.try_take(Lane::Kill, at(29)).is_err());
    }
    assert_eq!(breaker.phase(), Phase::Open);
    check_refused(breaker.admit(Call::Read, at(1)), Phase::Open, Some(59));
}

#[test]
fn b11_time_outs_and_failed_connections_count_and_our_own_giving_up_does_not() {
    let counted = [
        CallOutcome::TimedOut,
        CallOutcome::ConnectFailed,
        CallOutcome::ServerError,
        CallOutcome::RateLimited,
        CallOutcome::Malformed,
    ];
    for outcome in CallOutcome::ALL {
        let mut breaker = breaker();
        let ticket = admitted(&mut breaker, 0);
        breaker.record(ticket, outcome, at(0));
        let expected = u32::from(counted.contains(&outcome));
        assert_eq!(breaker.failures(), expected, "{}", outcome.name());
    }
    assert_eq!(AlpacaBreaker::outcome_of_status(503), CallOutcome::ServerError);
}

#[test]
fn b12_opening_closing_and_resetting_by_hand_are_recorded() {
    let mut breaker = breaker();
    let change = breaker.open_by_operator(at(0));
    check_change(change, Phase::Closed, Phase::Latched, Cause::OpenedByOperator);
    check_refused(breaker.admit(Call::Read, at(9_999)), Phase::Latched, None);
    let change = breaker.close_by_operator(at(10_000));
    check_change(change, Phase::Latched, Phase::Closed, Cause::ClosedByOperator);
    let mut breaker = opened();
    let change = breaker.reset_by_operator(at(5));
    check_change(change, Phase::Open, Phase::HalfOpen, Cause::ResetByOperator);
    assert!(admitted(&mut breaker, 5).is_probe(), "before the period is over");
}

#[test]
fn b13_a_clock_that_jumps_back_neither_opens_nor_prolongs() {
    let mut breaker = opened();
    check_refused(breaker.admit(Call::Write, at(30)), Phase::Open, Some(30));
    check_refused(breaker.admit(Call::Write, at(-3_600)), Phase::Open, Some(30));
    assert!(admitted(&mut breaker, 60).is_probe());
}

#[test]
fn b14_the_late_outcome_of_a_call_from_before_the_trip_changes_nothing() {
    let mut breaker = breaker();
    let (late_success, late_failure) = (admitted(&mut breaker, 0), admitted(&mut breaker, 0));
    for _ in 0..3 {
        call(&mut breaker, CallOutcome::TimedOut, 0);
    }
    let before = breaker.clone();
    assert_eq!(breaker.record(late_success, CallOutcome::Success, at(0)), None);
    assert_eq!(breaker, before);
    call(&mut breaker, CallOutcome::Success, 60);
    breaker.record(late_failure, CallOutcome::TimedOut, at(61));
    assert_eq!((breaker.phase(), breaker.failures()), (Phase::Closed, 0));
}

#[test]
fn b15_a_quote_outage_does_not_block_stops() {
    let mut bank = AlpacaBreaker::paper(BreakerConfig::default());
    for _ in 0..3 {
        schwab_call(&mut bank, CallClass::MarketData, CallOutcome::TimedOut, 0);
    }
    assert!(bank.admit(CallClass::MarketData, Call::Read, at(1)).ticket.is_err());
    assert!(bank.admit(CallClass::Orders, Call::Write, at(1)).ticket.is_ok());
    let names = CallClass::ALL.map(|class| bank.breaker(class).name().to_owned());
    assert_eq!(names, ["alpaca.paper.orders", "alpaca.paper.accounts", "alpaca.paper.market_data"]);
    assert_eq!(bank.class_of("alpaca.paper.orders"), Some(CallClass::Orders));
    let live = AlpacaBreaker::live(BreakerConfig::default());
    assert_eq!(live.class_of("alpaca.paper.orders"), None, "paper and live fail apart");
}

#[test]
fn b16_a_protective_order_passes_an_open_breaker_on_record() {
    let mut breaker = opened();
    for outcome in CallOutcome::ALL {
        if outcome == CallOutcome::TokenDead {
            continue;
        }
        let (ticket, changes) = breaker.admit_override(Authority::Watchdog, at(1));
        let cause = Cause::Overridden(Authority::Watchdog);
        check_change(changes.last().cloned(), Phase::Open, Phase::Open, cause);
        assert_eq!(breaker.record(ticket, outcome, at(1)), None, "its outcome decides nothing");
    }
    check_refused(breaker.admit(Call::Write, at(2)), Phase::Open, Some(58));
}

#[test]
fn b17_every_change_of_phase_is_returned_with_cause_and_time() {
    let mut breaker = opened();
    let change = breaker.admit(Call::Read, at(61)).transition.unwrap();
    let expected = Transition {
        breaker: "alpaca.paper.orders".to_owned(),
        from: Phase::Open,
        to: Phase::HalfOpen,
        cause: Cause::ProbeDue,
        at: at(61),
    };
    assert_eq!(change, expected);
    let text = serde_json::to_string(&change).unwrap();
    assert_eq!(serde_json::from_str::<Transition>(&text).unwrap(), expected);
}

/// One step of a wild owner.
#[derive(Debug, Clone)]
enum Step {
    Ask(Call),
    Override,
    /// Gives back the n-th ticket in hand with an outcome.
    Answer(usize, CallOutcome),
    Lose(usize),
    Tick,
    TokenDies,
    Open,
    Close,
    Reset,
}

fn step() -> impl Strategy<Value = (Step, i64)> {
    let outcome = prop::sample::select(CallOutcome::ALL.to_vec());
    let usual = prop::sample::select(vec![CallOutcome::TimedOut, CallOutcome::Success]);
    let step = prop_oneof![
        8 => Just(Step::Ask(Call::Write)),
        4 => Just(Step::Ask(Call::Read)),
        1 => Just(Step::Override),
        5 => (0_usize..6, usual).prop_map(|(n, outcome)| Step::Answer(n, outcome)),
        5 => (0_usize..6, outcome).prop_map(|(n, outcome)| Step::Answer(n, outcome)),
        1 => (0_usize..6).prop_map(Step::Lose),
        2 => Just(Step::Tick),
        1 => prop::sample::select(vec![Step::TokenDies, Step::Open, Step::Close, Step::Reset]),
    ];
    // Seconds that pass before the step, sometimes backwards.
    (step, prop_oneof![4 => 0_i64..3, 2 => 3_i64..70, 1 => -100_i64..0])
}

/// A ticket in hand, and whether the phase is still the one that it was given in.
type Held = (Ticket, bool);

/// Lets the owner take a step and returns what changed.
fn take(
    breaker: &mut Breaker,
    hand: &mut Vec<Held>,
    step: &Step,
    now: Timestamp,
) -> Vec<Transition> {
    match step {
        Step::Ask(kind) => {
            let admission = breaker.admit(*kind, now);
            if admission.transition.is_some() {
                for held in hand.iter_mut() {
                    held.1 = false;
                }
            }
            hand.extend(admission.ticket.map(|ticket| (ticket, true)));
            admission.transition.into_iter().collect()
        }
        Step::Override => {
            let (ticket, changes) = breaker.admit_override(Authority::Operator, now);
            hand.push((ticket, false));
            changes
        }
        Step::Answer(n, outcome) if *n < hand.len() => {
            breaker.record(hand.remove(*n).0, *outcome, now).into_iter().collect()
        }
        Step::Lose(n) if *n < hand.len() => {
            drop(hand.remove(*n));
            breaker.tick(now).into_iter().collect()
        }
        Step::Answer(..) | Step::Lose(_) | Step::Tick => breaker.tick(now).into_iter().collect(),
        Step::TokenDies => breaker.token_died(now).into_iter().collect(),
        Step::Open => breaker.open_by_operator(now).into_iter().collect(),
        Step::Close => breaker.close_by_operator(now).into_iter().collect(),
        Step::Reset => breaker.reset_by_operator(now).into_iter().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn b18_never_two_probes_in_flight_and_never_closed_without_a_success_or_a_person(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut breaker = breaker();
        let mut hand: Vec<Held> = Vec::new();
        let (mut now, mut latest) = (0, Timestamp::from_nanos(i64::MIN));
        // When the probe in flight was let through; ended by any change of phase.
        let mut probe_since: Option<Timestamp> = None;
        for (step, passes) in steps {
            now += passes;
            latest = latest.max(at(now));
            let (before, held) = (breaker.phase(), hand.len());
            let answers_probe = matches!(&step, Step::Answer(n, _)
                if hand.get(*n).is_some_and(|(ticket, current)| *current && ticket.is_probe()));
            let changes = take(&mut breaker, &mut hand, &step, at(now));
            // The changes tell the whole story, in order.
            let mut phase = before;
            for change in &changes {
                prop_assert_eq!(change.from, phase);
                prop_assert_eq!(change.at, latest, "time never goes back");
                phase = change.to;
                if change.from != change.to {
                    probe_since = None;
                }
                if change.to == Phase::Closed {
                    let by_probe = change.cause == Cause::ProbeSucceeded && answers_probe;
                    prop_assert!(by_probe || change.cause == Cause::ClosedByOperator);
                }
            }
            prop_assert_eq!(phase, breaker.phase());
            if answers_probe {
                probe_since = None;
            }
            // Asking has marked the older tickets itself, before the new one came.
            if !matches!(step, Step::Ask(_)) && phase != before {
                for (_, current) in &mut hand {
                    *current = false;
                }
            }
            if hand.len() > held && hand.last().is_some_and(|(ticket, _)| ticket.is_probe()) {
                prop_assert!(probe_since.is_none(), "a second probe beside one in flight");
                prop_assert_eq!(breaker.phase(), Phase::HalfOpen);
                probe_since = Some(latest);
            }
        }
        // Left alone, it lets a call through again unless it is latched.
        let much_later = Timestamp::from_nanos(latest.as_nanos() + 2_000_000_000_000);
        breaker.tick(much_later);
        let later_still = much_later.plus(SignedDuration::from_secs(60));
        let again = breaker.admit(Call::Read, later_still).ticket;
        prop_assert_eq!(again.is_ok(), breaker.phase() != Phase::Latched);
    }
}
