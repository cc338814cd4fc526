//! The life of one trade idea, from the scan to the closed position.
//!
//! It knows nothing of shares and prices; those are in the order machines
//! ([`order`](crate::fsm::order)) and in the position. Its owner waits for what a
//! row needs (risk *and* operator in manual mode, the open market before an
//! order) and then says that it happened.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fsm::InvalidTransition;

/// Why a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExitReason {
    /// The market reached the target.
    TargetHit,
    /// The market reached the stop.
    StopHit,
    /// A strategy wants out.
    ExitSignal,
    /// The trade took longer than it may.
    TimeExit,
    /// The operator wants out.
    Flatten,
    /// The protective stop could not be placed in time.
    StopNotPlaced,
    /// Closed by something that was not ours.
    External,
}

impl ExitReason {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TargetHit => "TARGET_HIT",
            Self::StopHit => "STOP_HIT",
            Self::ExitSignal => "EXIT_SIGNAL",
            Self::TimeExit => "TIME_EXIT",
            Self::Flatten => "FLATTEN",
            Self::StopNotPlaced => "STOP_NOT_PLACED",
            Self::External => "EXTERNAL",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a trade ended without a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AbortReason {
    /// Risk refused it.
    RiskRefused,
    /// The operator rejected it.
    OperatorRejected,
    /// Nobody approved it before the deadline.
    ApprovalExpired,
    /// The setup went away before an order was sent.
    SetupGone,
    /// The broker refused the entry.
    OrderRejected,
    /// The entry was cancelled unfilled.
    OrderCancelled,
    /// The entry ended unfilled by its time in force.
    OrderExpired,
    /// An input came that the table does not list.
    IllegalInput,
}

impl AbortReason {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RiskRefused => "RISK_REFUSED",
            Self::OperatorRejected => "OPERATOR_REJECTED",
            Self::ApprovalExpired => "APPROVAL_EXPIRED",
            Self::SetupGone => "SETUP_GONE",
            Self::OrderRejected => "ORDER_REJECTED",
            Self::OrderCancelled => "ORDER_CANCELLED",
            Self::OrderExpired => "ORDER_EXPIRED",
            Self::IllegalInput => "ILLEGAL_INPUT",
        }
    }
}

/// Where a trade stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "state")]
pub enum TradeState {
    /// The symbol is watched.
    Scanning,
    /// The setup is there, permission is not.
    SetupDetected,
    /// Permitted, no order sent.
    EntryApproved,
    /// The entry order is sent.
    OrderPlaced,
    /// The entry has its shares, the stop does not rest yet.
    Filled,
    /// Shares are held and protected.
    Holding,
    /// A reason to get out is there, the exit order is not sent.
    ExitTriggered {
        /// The first reason.
        reason: ExitReason,
    },
    /// The exit order is sent.
    OrderClosing {
        /// The first reason.
        reason: ExitReason,
    },
    /// The position is closed. Terminal.
    Closed {
        /// Why.
        reason: ExitReason,
    },
    /// Ended before there was a position. Terminal.
    Aborted {
        /// Why.
        reason: AbortReason,
    },
}

/// One thing that happened to a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "input")]
pub enum TradeInput {
    /// The scan found the setup.
    CandidateFound,
    /// Everyone whose approval is needed has given it.
    Approved,
    /// The entry order was sent.
    EntrySubmitted,
    /// The entry is filled, or ended with part of its shares.
    EntryFilled,
    /// A protective stop rests, for the first time or at a new price.
    StopSet,
    /// There is a reason to get out.
    ExitTriggered {
        /// Which.
        reason: ExitReason,
    },
    /// The exit order was sent. A stop or target that rested and was elected is
    /// its own exit order: the owner says this as soon as the broker executes it.
    ExitSubmitted,
    /// The exit order ended without closing the position.
    ExitDied,
    /// The exit is filled.
    ExitFilled,
    /// The trade ends before there is a position.
    Aborted {
        /// Why.
        reason: AbortReason,
    },
}

impl TradeInput {
    /// The input's name in errors and counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CandidateFound => "candidate_found",
            Self::Approved => "approved",
            Self::EntrySubmitted => "entry_submitted",
            Self::EntryFilled => "entry_filled",
            Self::StopSet => "stop_set",
            Self::ExitTriggered { .. } => "exit_triggered",
            Self::ExitSubmitted => "exit_submitted",
            Self::ExitDied => "exit_died",
            Self::ExitFilled => "exit_filled",
            Self::Aborted { .. } => "aborted",
        }
    }

    const fn asks_for(self) -> &'static str {
        match self {
            Self::CandidateFound => "SETUP_DETECTED",
            Self::Approved => "ENTRY_APPROVED",
            Self::EntrySubmitted => "ORDER_PLACED",
            Self::EntryFilled => "FILLED",
            Self::StopSet => "HOLDING",
            Self::ExitTriggered { .. } | Self::ExitDied => "EXIT_TRIGGERED",
            Self::ExitSubmitted => "ORDER_CLOSING",
            Self::ExitFilled => "CLOSED",
            Self::Aborted { .. } => "ABORTED",
        }
    }
}

impl TradeState {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scanning => "SCANNING",
            Self::SetupDetected => "SETUP_DETECTED",
            Self::EntryApproved => "ENTRY_APPROVED",
            Self::OrderPlaced => "ORDER_PLACED",
            Self::Filled => "FILLED",
            Self::Holding => "HOLDING",
            Self::ExitTriggered { .. } => "EXIT_TRIGGERED",
            Self::OrderClosing { .. } => "ORDER_CLOSING",
            Self::Closed { .. } => "CLOSED",
            Self::Aborted { .. } => "ABORTED",
        }
    }

    /// Tells whether nothing can happen to the trade any more.
    pub const fn is_terminal(&self) -> bool {
        match self {
            Self::Closed { .. } | Self::Aborted { .. } => true,
            Self::Scanning
            | Self::SetupDetected
            | Self::EntryApproved
            | Self::OrderPlaced
            | Self::Filled
            | Self::Holding
            | Self::ExitTriggered { .. }
            | Self::OrderClosing { .. } => false,
        }
    }

    /// Tells whether the trade can be aborted: there is no position yet. After an
    /// illegal input in such a state the owner does so.
    pub const fn may_abort(&self) -> bool {
        match self {
            Self::Scanning | Self::SetupDetected | Self::EntryApproved | Self::OrderPlaced => true,
            Self::Filled
            | Self::Holding
            | Self::ExitTriggered { .. }
            | Self::OrderClosing { .. }
            | Self::Closed { .. }
            | Self::Aborted { .. } => false,
        }
    }

    /// Tells whether the trade has shares.
    pub const fn holds_shares(&self) -> bool {
        !self.may_abort() && !self.is_terminal()
    }

    /// Returns the state after an input.
    ///
    /// # Errors
    /// When the table has no such row; the state stays as it was.
    pub const fn next(&self, input: &TradeInput) -> Result<Self, InvalidTransition> {
        match self.row(*input) {
            Some(next) => Ok(next),
            None => Err(InvalidTransition::new(self.name(), input.asks_for(), input.name())),
        }
    }

    /// The table. The last arm names every state and input, so that a new variant
    /// does not compile before its rows are decided.
    const fn row(self, input: TradeInput) -> Option<Self> {
        match (self, input) {
            (Self::Scanning, TradeInput::CandidateFound) => Some(Self::SetupDetected),
            (Self::SetupDetected, TradeInput::Approved) => Some(Self::EntryApproved),
            (Self::EntryApproved, TradeInput::EntrySubmitted) => Some(Self::OrderPlaced),
            (Self::OrderPlaced, TradeInput::EntryFilled) => Some(Self::Filled),
            // Trailing stops are set again.
            (Self::Filled | Self::Holding, TradeInput::StopSet) => Some(Self::Holding),
            (Self::Holding, TradeInput::ExitTriggered { reason })
            // Unprotected shares are sold at once; the operator may always want out;
            // the stop of a bracket may execute before its acceptance is seen.
            | (
                Self::Filled,
                TradeInput::ExitTriggered {
                    reason:
                        reason @ (ExitReason::StopNotPlaced
                        | ExitReason::Flatten
                        | ExitReason::StopHit
                        | ExitReason::TargetHit
                        | ExitReason::External),
                },
            )
            // The exit order died unfilled: still wanting out.
            | (Self::OrderClosing { reason }, TradeInput::ExitDied)
            // A second reason changes nothing, the first stands in the journal; a
            // stop may be set anew while shares wait for their exit.
            | (
                Self::ExitTriggered { reason },
                TradeInput::ExitTriggered { .. } | TradeInput::StopSet,
            ) => Some(Self::ExitTriggered { reason }),
            (Self::ExitTriggered { reason }, TradeInput::ExitSubmitted)
            | (
                Self::OrderClosing { reason },
                TradeInput::ExitTriggered { .. } | TradeInput::StopSet,
            ) => Some(Self::OrderClosing { reason }),
            (Self::OrderClosing { reason }, TradeInput::ExitFilled) => {
                Some(Self::Closed { reason })
            }
            (
                Self::Scanning | Self::SetupDetected | Self::EntryApproved | Self::OrderPlaced,
                TradeInput::Aborted { reason },
            )
            // Refusal and expiry may come together; the first reason stands.
            | (Self::Aborted { reason }, TradeInput::Aborted { .. }) => {
                Some(Self::Aborted { reason })
            }
            (
                Self::Scanning
                | Self::SetupDetected
                | Self::EntryApproved
                | Self::OrderPlaced
                | Self::Filled
                | Self::Holding
                | Self::ExitTriggered { .. }
                | Self::OrderClosing { .. }
                | Self::Closed { .. }
                | Self::Aborted { .. },
                TradeInput::CandidateFound
                | TradeInput::Approved
                | TradeInput::EntrySubmitted
                | TradeInput::EntryFilled
                | TradeInput::StopSet
                | TradeInput::ExitTriggered { .. }
                | TradeInput::ExitSubmitted
                | TradeInput::ExitDied
                | TradeInput::ExitFilled
                | TradeInput::Aborted { .. },
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsm::matrix::matrix;
    use proptest::prelude::*;

    const TARGET: TradeInput = TradeInput::ExitTriggered { reason: ExitReason::TargetHit };
    const NO_STOP: TradeInput = TradeInput::ExitTriggered { reason: ExitReason::StopNotPlaced };
    const REFUSED: TradeInput = TradeInput::Aborted { reason: AbortReason::RiskRefused };
    const INPUTS: [TradeInput; 12] = [
        TradeInput::CandidateFound,
        TradeInput::Approved,
        TradeInput::EntrySubmitted,
        TradeInput::EntryFilled,
        TradeInput::StopSet,
        TARGET,
        TradeInput::ExitTriggered { reason: ExitReason::StopHit },
        NO_STOP,
        TradeInput::ExitSubmitted,
        TradeInput::ExitDied,
        TradeInput::ExitFilled,
        REFUSED,
    ];
    const WAY: [TradeInput; 8] = [
        TradeInput::CandidateFound,
        TradeInput::Approved,
        TradeInput::EntrySubmitted,
        TradeInput::EntryFilled,
        TradeInput::StopSet,
        TARGET,
        TradeInput::ExitSubmitted,
        TradeInput::ExitFilled,
    ];

    fn run(inputs: &[TradeInput]) -> Result<TradeState, InvalidTransition> {
        inputs.iter().try_fold(TradeState::Scanning, |state, input| state.next(input))
    }

    #[track_caller]
    fn check(inputs: &[TradeInput], expected: &str) {
        let after = run(inputs).map_or_else(|e| e.to_string(), |state| state.name().to_owned());
        assert_eq!(after, expected);
    }

    #[test]
    fn a_trade_walks_through_its_nine_states() {
        let names: Vec<&str> = (0..=WAY.len()).map(|n| run(&WAY[..n]).unwrap().name()).collect();
        assert_eq!(
            names.join(" "),
            "SCANNING SETUP_DETECTED ENTRY_APPROVED ORDER_PLACED FILLED HOLDING \
             EXIT_TRIGGERED ORDER_CLOSING CLOSED"
        );
    }

    #[test]
    fn shortcuts_are_refused_in_the_words_of_the_screen() {
        check(&WAY[2..3], "cannot transition from SCANNING to ORDER_PLACED");
        check(
            &[WAY[0], TradeInput::EntryFilled],
            "cannot transition from SETUP_DETECTED to FILLED",
        );
        check(
            &[WAY[0], WAY[1], TradeInput::EntryFilled],
            "cannot transition from ENTRY_APPROVED to FILLED",
        );
        check(
            &[WAY[0], WAY[1], WAY[2], TradeInput::ExitFilled],
            "cannot transition from ORDER_PLACED to CLOSED",
        );
    }

    #[test]
    fn unprotected_shares_are_sold() {
        check(&[&WAY[..4], &[NO_STOP]].concat(), "EXIT_TRIGGERED");
    }

    #[test]
    fn an_exit_that_died_is_tried_again() {
        let died = [&WAY[..7], &[TradeInput::ExitDied]].concat();
        check(&died, "EXIT_TRIGGERED");
        check(&[&died, &WAY[6..]].concat(), "CLOSED");
    }

    #[test]
    fn a_trade_with_shares_cannot_be_aborted() {
        for length in 0..=WAY.len() {
            let state = run(&WAY[..length]).unwrap();
            assert_eq!(state.next(&REFUSED).is_ok(), length < 4, "{}", state.name());
            assert_eq!(state.may_abort(), length < 4);
            assert_eq!(state.holds_shares(), (4..8).contains(&length));
        }
    }

    #[test]
    fn the_first_reason_to_exit_is_the_one_kept() {
        let twice = [&WAY[..6], &[NO_STOP]].concat();
        assert_eq!(
            run(&twice).unwrap(),
            TradeState::ExitTriggered { reason: ExitReason::TargetHit }
        );
    }

    #[test]
    fn the_complete_matrix_of_a_trade() {
        let mut states: Vec<(&str, TradeState)> = (0..=WAY.len())
            .map(|length| run(&WAY[..length]).unwrap())
            .map(|state| (state.name(), state))
            .collect();
        let aborted = run(&[REFUSED]).unwrap();
        states.push((aborted.name(), aborted));
        let labels = [
            "candidate_found",
            "approved",
            "entry_submitted",
            "entry_filled",
            "stop_set",
            "target_hit",
            "stop_hit",
            "stop_not_placed",
            "exit_submitted",
            "exit_died",
            "exit_filled",
            "aborted",
        ];
        let inputs: Vec<(&str, TradeInput)> = labels.into_iter().zip(INPUTS).collect();
        let table = matrix(&states, &inputs, |state, input| {
            state.next(input).map(|next| next.name().to_owned())
        });
        insta::assert_snapshot!(table);
    }

    #[test]
    fn states_and_inputs_survive_the_journal() {
        for input in INPUTS {
            let text = serde_json::to_string(&input).unwrap();
            assert_eq!(serde_json::from_str::<TradeInput>(&text).unwrap(), input);
        }
        let text = serde_json::to_string(&run(&WAY).unwrap()).unwrap();
        assert_eq!(text, r#"{"state":"CLOSED","reason":"TARGET_HIT"}"#);
        let error = run(&WAY[1..2]).unwrap_err();
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<InvalidTransition>(&text).unwrap(), error);
    }

    proptest! {
        #[test]
        fn no_path_reaches_shares_without_every_step_before(
            inputs in prop::collection::vec(prop::sample::select(INPUTS.to_vec()), 0..60)
        ) {
            let mut state = TradeState::Scanning;
            let mut reached = vec![state.name()];
            for input in inputs {
                let before = state;
                state = state.next(&input).unwrap_or(state);
                prop_assert!(!before.is_terminal() || state == before);
                if state.name() != before.name() {
                    reached.push(state.name());
                }
            }
            if reached.contains(&"FILLED") {
                prop_assert_eq!(
                    &reached[..5],
                    ["SCANNING", "SETUP_DETECTED", "ENTRY_APPROVED", "ORDER_PLACED", "FILLED"]
                );
            }
            if reached.contains(&"CLOSED") {
                prop_assert_eq!(&reached[reached.len() - 2..], ["ORDER_CLOSING", "CLOSED"]);
            }
        }
    }
}
