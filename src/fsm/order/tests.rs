//! The order machine: interesting paths, the complete matrix, and what holds for
//! every sequence of reports.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::{ClientOrderId, ExecutionId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, OrderKind, RejectReason, ReportedStatus, Side};
use crate::domain::time::Timestamp;
use crate::fsm::matrix::matrix;

fn shares(shares: u64) -> Qty {
    Qty::shares(shares).unwrap()
}

fn cents(cents: i64) -> Price {
    Price::from_cents(cents).unwrap()
}

fn terms(qty: u64) -> Terms {
    Terms { qty: shares(qty), kind: OrderKind::Market }
}

fn draft() -> OrderState {
    OrderState::Draft { terms: terms(10) }
}

/// An execution of `qty` shares at `price` cents that brings the order to
/// `cumulative`.
fn execution(id: &str, qty: u64, cumulative: u64, price: i64) -> OrderInput {
    OrderInput::Fill(Fill {
        execution_id: ExecutionId::new(id),
        client_order_id: ClientOrderId::new("2026-10-05-1"),
        symbol: Symbol::new("AAPL").unwrap(),
        side: Side::Buy,
        qty: shares(qty),
        price: cents(price),
        cumulative: shares(cumulative),
        at: Timestamp::default(),
    })
}

fn fill(id: &str, qty: u64, cumulative: u64) -> OrderInput {
    execution(id, qty, cumulative, 10_000)
}

fn standing(status: ReportedStatus, filled: u64) -> Standing {
    let average_price = (filled > 0).then(|| cents(10_000));
    Standing { status, filled: shares(filled), average_price }
}

fn reported(status: ReportedStatus, filled: u64) -> OrderInput {
    OrderInput::Reported(standing(status, filled))
}

fn refused(reason: RejectReason) -> OrderInput {
    OrderInput::Refused { reason }
}

/// Runs inputs from SUBMITTED; a refused input leaves the state.
fn after(inputs: &[OrderInput]) -> OrderState {
    let submitted = draft().next(&OrderInput::Submit).unwrap();
    inputs.iter().fold(submitted, |state, input| state.next(input).unwrap_or(state))
}

fn described(state: &OrderState) -> String {
    let pending = match state.pending() {
        Pending::Nothing => "",
        Pending::Cancel => " cancel-pending",
        Pending::Replace(_) => " replace-pending",
    };
    let filled = state.filled().to_decimal().normalize();
    let qty = state.terms().qty.to_decimal().normalize();
    format!("{} {filled}/{qty}{pending}", state.name())
}

/// Checks where an order of ten shares stands after inputs that are all legal.
#[track_caller]
fn check(inputs: &[OrderInput], expected: &str) {
    let mut state = draft().next(&OrderInput::Submit).unwrap();
    for input in inputs {
        state = state.next(input).unwrap();
    }
    assert_eq!(described(&state), expected);
}

#[track_caller]
fn check_refused(inputs: &[OrderInput], refused: &OrderInput, expected: &str) {
    assert_eq!(after(inputs).next(refused).unwrap_err().to_string(), expected);
}

#[test]
fn an_order_walks_from_submission_to_its_last_fill() {
    check(&[], "SUBMITTED 0/10");
    check(&[OrderInput::Accepted], "ACCEPTED 0/10");
    check(&[OrderInput::Accepted, fill("a", 4, 4)], "PARTIALLY_FILLED 4/10");
    check(&[OrderInput::Accepted, fill("a", 4, 4), fill("b", 6, 10)], "FILLED 10/10");
}

#[test]
fn an_order_whose_acceptance_was_not_seen_goes_on() {
    check(&[fill("a", 4, 4)], "PARTIALLY_FILLED 4/10");
    check(&[fill("a", 10, 10)], "FILLED 10/10");
    check(&[OrderInput::Cancelled], "CANCELLED 0/10");
    check(&[OrderInput::Expired], "EXPIRED 0/10");
}

#[test]
fn a_fill_is_counted_once_by_its_id() {
    check(&[fill("a", 4, 4), fill("a", 4, 4)], "PARTIALLY_FILLED 4/10");
}

#[test]
fn the_same_fill_under_another_id_is_counted_once() {
    check(&[fill("a", 4, 4), fill("rest-1", 4, 4)], "PARTIALLY_FILLED 4/10");
}

#[test]
fn the_cumulative_quantity_wins_over_the_sum_of_fills() {
    check(&[fill("a", 4, 4), fill("b", 4, 6)], "PARTIALLY_FILLED 6/10");
}

#[test]
fn a_fill_after_cancel_still_counts() {
    check(&[fill("a", 4, 4), OrderInput::Cancelled, fill("b", 2, 6)], "CANCELLED 6/10");
    check(&[OrderInput::Expired, fill("a", 2, 2)], "EXPIRED 2/10");
    check(&[OrderInput::Cancelled, fill("a", 10, 10)], "FILLED 10/10");
}

#[test]
fn the_rest_of_a_partial_fill_may_be_refused() {
    let rejected = OrderInput::Rejected { reason: RejectReason::Halted };
    check(&[fill("a", 4, 4), rejected], "REJECTED 4/10");
}

#[test]
fn a_missed_execution_is_known_and_healed_by_a_status() {
    let state = after(&[fill("b", 6, 10)]);
    assert_eq!(described(&state), "PARTIALLY_FILLED 6/10");
    assert_eq!(state.fills().unwrap().missing(), shares(4));
    check(&[fill("b", 6, 10), reported(ReportedStatus::Filled, 10)], "FILLED 10/10");
    check(&[reported(ReportedStatus::Working, 6), fill("a", 4, 4)], "PARTIALLY_FILLED 6/10");
}

#[test]
fn the_average_price_is_that_of_the_executions() {
    let state = after(&[execution("a", 4, 4, 10_000), execution("b", 6, 10, 10_100)]);
    assert_eq!(state.average_price(), Some(cents(10_060)));
    assert_eq!(state.fills().unwrap().notional(), Money::from_cents(100_600));
    // A status that closes a gap brings the broker's own exact total.
    let total = Standing {
        status: ReportedStatus::Filled,
        filled: shares(10),
        average_price: Some(cents(10_060)),
    };
    let healed = after(&[execution("b", 6, 10, 10_100), OrderInput::Reported(total)]);
    assert_eq!(healed.average_price(), Some(cents(10_060)));
}

#[test]
fn more_than_ordered_is_refused() {
    check_refused(
        &[OrderInput::Accepted],
        &fill("a", 12, 12),
        "cannot transition from ACCEPTED to FILLED",
    );
    check_refused(
        &[fill("a", 10, 10)],
        &fill("b", 1, 11),
        "cannot transition from FILLED to FILLED",
    );
}

#[test]
fn a_market_that_is_closed_leaves_a_draft() {
    let closed = refused(RejectReason::MarketClosed);
    assert_eq!(draft().next(&closed).unwrap(), draft());
    check(std::slice::from_ref(&closed), "DRAFT 0/10");
    check(&[OrderInput::CancelRequested, closed], "CANCELLED 0/10");
}

#[test]
fn an_order_that_never_left_may_be_sent_again() {
    check(&[OrderInput::NotReceived, OrderInput::Submit], "SUBMITTED 0/10");
    check(&[OrderInput::OutcomeUnknown, OrderInput::NotReceived], "DRAFT 0/10");
}

#[test]
fn an_id_used_already_proves_acceptance() {
    check(&[refused(RejectReason::DuplicateClientOrderId)], "ACCEPTED 0/10");
}

#[test]
fn evidence_of_acceptance_wins_over_an_error_answer() {
    check_refused(
        &[OrderInput::Accepted],
        &refused(RejectReason::Other),
        "cannot transition from ACCEPTED to REJECTED",
    );
    check_refused(
        &[refused(RejectReason::Other)],
        &OrderInput::Accepted,
        "cannot transition from REJECTED to ACCEPTED",
    );
}

#[test]
fn unknown_is_left_by_evidence_or_a_human_only() {
    let unknown = [OrderInput::OutcomeUnknown];
    let by_evidence = [
        (OrderInput::Accepted, "ACCEPTED 0/10"),
        (fill("a", 4, 4), "PARTIALLY_FILLED 4/10"),
        (reported(ReportedStatus::Filled, 10), "FILLED 10/10"),
        (OrderInput::Resolved(standing(ReportedStatus::Cancelled, 3)), "CANCELLED 3/10"),
    ];
    for (input, expected) in by_evidence {
        check(&[OrderInput::OutcomeUnknown, input], expected);
    }
    for input in
        [OrderInput::CancelRequested, OrderInput::CancelRefused, OrderInput::OutcomeUnknown]
    {
        assert_eq!(after(&unknown).next(&input).unwrap().name(), "UNKNOWN");
    }
    let human = OrderInput::Resolved(standing(ReportedStatus::Cancelled, 0));
    check_refused(&[], &human, "cannot transition from SUBMITTED to CANCELLED");
}

#[test]
fn a_lost_answer_does_not_make_a_known_order_unknown() {
    check(&[OrderInput::Accepted, OrderInput::OutcomeUnknown], "ACCEPTED 0/10");
}

#[test]
fn fills_arrive_while_a_cancel_is_pending() {
    let asked = [OrderInput::Accepted, OrderInput::CancelRequested];
    check(&asked, "ACCEPTED 0/10 cancel-pending");
    check(&[&asked[..], &[fill("a", 4, 4)]].concat(), "PARTIALLY_FILLED 4/10 cancel-pending");
    check(&[&asked[..], &[OrderInput::CancelRefused]].concat(), "ACCEPTED 0/10");
    check(&[&asked[..], &[fill("a", 10, 10), OrderInput::CancelRefused]].concat(), "FILLED 10/10");
}

#[test]
fn a_replacement_takes_effect_when_the_broker_says_so() {
    let wanted = OrderInput::ReplaceRequested { terms: terms(20) };
    let asked = [OrderInput::Accepted, fill("a", 4, 4), wanted];
    let done = OrderInput::Replaced { terms: terms(20) };
    check(&asked, "PARTIALLY_FILLED 4/10 replace-pending");
    check(&[&asked[..], std::slice::from_ref(&done)].concat(), "PARTIALLY_FILLED 4/20");
    check(&[&asked[..], &[OrderInput::ReplaceRefused]].concat(), "PARTIALLY_FILLED 4/10");
    // A full old quantity waits for the answer; a fill beyond it is the answer.
    let full = [&asked[..], &[fill("b", 6, 10)]].concat();
    check(&full, "PARTIALLY_FILLED 10/10 replace-pending");
    check(&[&full[..], &[OrderInput::ReplaceRefused]].concat(), "FILLED 10/10");
    check(&[&full[..], &[done, fill("c", 10, 20)]].concat(), "FILLED 20/20");
    check(&[&full[..], &[fill("c", 2, 12)]].concat(), "PARTIALLY_FILLED 12/20");
}

#[test]
fn a_replacement_must_ask_for_more_than_is_filled() {
    check_refused(
        &[fill("a", 4, 4)],
        &OrderInput::ReplaceRequested { terms: terms(4) },
        "cannot transition from PARTIALLY_FILLED to REPLACE_PENDING",
    );
}

fn every_state() -> Vec<(&'static str, OrderState)> {
    let states = vec![
        draft(),
        after(&[]),
        after(&[OrderInput::Accepted]),
        after(&[fill("a", 4, 4)]),
        after(&[fill("a", 10, 10)]),
        after(&[fill("a", 4, 4), OrderInput::Cancelled]),
        after(&[refused(RejectReason::InsufficientFunds)]),
        after(&[fill("a", 4, 4), OrderInput::Expired]),
        after(&[OrderInput::OutcomeUnknown]),
    ];
    states.into_iter().map(|state| (state.name(), state)).collect()
}

fn every_input() -> Vec<(&'static str, OrderInput)> {
    use ReportedStatus::{Cancelled, Expired, Filled, Rejected, Working};
    vec![
        ("submit", OrderInput::Submit),
        ("not_received", OrderInput::NotReceived),
        ("refused for funds", refused(RejectReason::InsufficientFunds)),
        ("refused as closed", refused(RejectReason::MarketClosed)),
        ("refused as duplicate", refused(RejectReason::DuplicateClientOrderId)),
        ("accepted", OrderInput::Accepted),
        ("fill 4 to 4", fill("a", 4, 4)),
        ("fill 2 to 6", fill("b", 2, 6)),
        ("fill 6 to 10", fill("c", 6, 10)),
        ("fill 2 to 12", fill("d", 2, 12)),
        ("cancelled", OrderInput::Cancelled),
        ("expired", OrderInput::Expired),
        ("rejected", OrderInput::Rejected { reason: RejectReason::Other }),
        ("cancel_requested", OrderInput::CancelRequested),
        ("cancel_refused", OrderInput::CancelRefused),
        ("replace_requested 12", OrderInput::ReplaceRequested { terms: terms(12) }),
        ("replaced 12", OrderInput::Replaced { terms: terms(12) }),
        ("replace_refused", OrderInput::ReplaceRefused),
        ("outcome_unknown", OrderInput::OutcomeUnknown),
        ("reported working 4", reported(Working, 4)),
        ("reported filled 10", reported(Filled, 10)),
        ("reported filled 4", reported(Filled, 4)),
        ("reported cancelled 4", reported(Cancelled, 4)),
        ("reported expired 4", reported(Expired, 4)),
        ("reported rejected 0", reported(Rejected, 0)),
        ("resolved cancelled 4", OrderInput::Resolved(standing(Cancelled, 4))),
    ]
}

#[test]
fn the_complete_matrix_of_an_order() {
    let table = matrix(&every_state(), &every_input(), |state, input| {
        state.next(input).map(|next| described(&next))
    });
    insta::assert_snapshot!(table);
}

#[test]
fn states_and_inputs_survive_the_journal() {
    for (_, state) in every_state() {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<OrderState>(&text).unwrap(), state);
    }
    for (_, input) in every_input() {
        let text = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<OrderInput>(&text).unwrap(), input);
    }
}

/// A story as a truthful broker tells it, once and in order, with status reads in
/// between: how it was acknowledged, its executions, its end.
fn clean_story() -> impl Strategy<Value = Vec<OrderInput>> {
    (prop::collection::vec(1_u64..5, 0..6), 0_usize..4, any::<bool>()).prop_map(
        |(sizes, end, reads)| {
            let mut story = vec![OrderInput::Accepted];
            let mut cumulative = 0;
            for (index, size) in sizes.into_iter().enumerate() {
                let size = size.min(10 - cumulative);
                if size == 0 {
                    break;
                }
                cumulative += size;
                story.push(fill(&format!("x{index}"), size, cumulative));
                if reads && cumulative < 10 {
                    story.push(reported(ReportedStatus::Working, cumulative));
                }
            }
            if cumulative < 10 {
                story.push(match end {
                    0 => OrderInput::Cancelled,
                    1 => OrderInput::Expired,
                    2 => reported(ReportedStatus::Cancelled, cumulative),
                    _ => fill("last", 10 - cumulative, 10),
                });
            }
            story
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn duplicates_and_swaps_end_as_the_clean_story_does(
        (clean, told) in clean_story().prop_flat_map(|story| {
            let mut twice = [story.clone(), story.clone()].concat();
            twice.push(OrderInput::OutcomeUnknown);
            (Just(story), Just(twice).prop_shuffle())
        })
    ) {
        let expected = after(&clean);
        let actual = after(&told);
        prop_assert!(expected.is_terminal());
        prop_assert_eq!(described(&actual), described(&expected));
        prop_assert_eq!(actual.average_price(), expected.average_price());
    }

    #[test]
    fn whatever_comes_filled_never_falls_nor_exceeds_and_an_end_is_an_end(
        inputs in prop::collection::vec(prop::sample::select(every_input()), 0..40)
    ) {
        let mut state = draft();
        for (_, input) in inputs {
            let before = state.clone();
            state = state.next(&input).unwrap_or(state);
            prop_assert!(state.filled() >= before.filled());
            prop_assert!(state.filled() <= state.terms().qty);
            prop_assert!(!before.is_terminal() || state.is_terminal());
            if before.is_terminal() && state.name() != before.name() {
                prop_assert_eq!(state.name(), "FILLED", "only execution outranks an end");
            }
            if state.name() == "FILLED" {
                prop_assert_eq!(state.remaining(), Qty::ZERO);
            }
            if before.name() == "UNKNOWN" && state.name() != "UNKNOWN" {
                let ours = ["submit", "cancel_requested", "cancel_refused", "replace_requested"];
                prop_assert!(!ours.contains(&input.name()), "left by {}", input.name());
            }
        }
    }

    #[test]
    fn executions_in_any_order_cost_the_same(
        (told, prices) in prop::collection::vec(1_i64..20_000, 10).prop_flat_map(|prices| {
            let fills: Vec<OrderInput> = prices
                .iter()
                .zip(1_u64..)
                .map(|(price, n)| execution(&n.to_string(), 1, n, *price))
                .collect();
            (Just([fills.clone(), fills].concat()).prop_shuffle(), Just(prices))
        })
    ) {
        let state = after(&told);
        prop_assert_eq!(state.name(), "FILLED");
        let total = prices.iter().sum::<i64>();
        prop_assert_eq!(state.fills().unwrap().notional(), Money::from_cents(total));
        prop_assert_eq!(state.fills().unwrap().missing(), Qty::ZERO);
    }
}
