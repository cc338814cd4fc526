//! Whether the house may trade: the kill ladder ACTIVE → REDUCING → HALTED →
//! FLATTEN.
//!
//! Anyone may tighten it, in one step or several; only an explicit re-arming by a
//! person loosens it. Who may say what, confirmations and cool-downs are the
//! owner's; what a rung means for orders is here.

use serde::{Deserialize, Serialize};

use crate::domain::order::OrderPurpose;
use crate::fsm::InvalidTransition;

/// A rung of the kill ladder; later variants are tighter.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradingState {
    /// Everything is allowed.
    #[default]
    Active,
    /// Only orders that reduce risk; working entries stay.
    Reducing,
    /// Only protective and closing orders; own entries are cancelled, protective
    /// stops are kept.
    Halted,
    /// Only closing orders; every position is being closed.
    Flatten,
}

/// One thing that moves the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingInput {
    /// Tighten to REDUCING.
    Reduce,
    /// Tighten to HALTED.
    Halt,
    /// Tighten to FLATTEN. Only a person says it: flattening on bad data is how
    /// small errors become large ones.
    Flatten,
    /// A person at the local terminal trades again.
    Rearm,
}

impl TradingInput {
    /// The input's name in errors and counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reduce => "reduce",
            Self::Halt => "halt",
            Self::Flatten => "flatten",
            Self::Rearm => "rearm",
        }
    }
}

impl TradingState {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Reducing => "REDUCING",
            Self::Halted => "HALTED",
            Self::Flatten => "FLATTEN",
        }
    }

    /// Returns the state after an input. Asking for a rung that is already passed
    /// changes nothing.
    ///
    /// # Errors
    /// When re-armed without having been tightened: whoever says so believes in a
    /// state that is not there.
    pub fn next(&self, input: &TradingInput) -> Result<Self, InvalidTransition> {
        match input {
            TradingInput::Reduce => Ok((*self).max(Self::Reducing)),
            TradingInput::Halt => Ok((*self).max(Self::Halted)),
            TradingInput::Flatten => Ok(Self::Flatten),
            TradingInput::Rearm if *self == Self::Active => {
                Err(InvalidTransition::new(self.name(), Self::Active.name(), input.name()))
            }
            TradingInput::Rearm => Ok(Self::Active),
        }
    }

    /// Tells whether an order may be sent for a purpose.
    pub const fn allows(self, purpose: OrderPurpose) -> bool {
        match (purpose, self) {
            (OrderPurpose::Entry, Self::Active)
            | (OrderPurpose::Protection, Self::Active | Self::Reducing | Self::Halted)
            | (OrderPurpose::Exit, Self::Active | Self::Reducing | Self::Halted | Self::Flatten) => {
                true
            }
            (OrderPurpose::Entry, Self::Reducing | Self::Halted | Self::Flatten)
            | (OrderPurpose::Protection, Self::Flatten) => false,
        }
    }

    /// Tells whether positions may be opened or added to.
    pub const fn allows_entry(self) -> bool {
        self.allows(OrderPurpose::Entry)
    }

    /// Tells whether positions may be closed: on every rung, so that no rule can
    /// lock shares in.
    pub const fn allows_reduction(self) -> bool {
        self.allows(OrderPurpose::Exit)
    }

    /// Tells whether own working entries must be cancelled and confirmed.
    pub const fn cancels_entries(self) -> bool {
        match self {
            Self::Halted | Self::Flatten => true,
            Self::Active | Self::Reducing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsm::matrix::matrix;
    use proptest::prelude::*;

    const STATES: [TradingState; 4] =
        [TradingState::Active, TradingState::Reducing, TradingState::Halted, TradingState::Flatten];
    const INPUTS: [TradingInput; 4] =
        [TradingInput::Reduce, TradingInput::Halt, TradingInput::Flatten, TradingInput::Rearm];

    #[test]
    fn the_complete_matrix_of_the_kill_ladder() {
        let table = matrix(
            &STATES.map(|state| (state.name(), state)),
            &INPUTS.map(|input| (input.name(), input)),
            |state, input| state.next(input).map(|next| next.name().to_owned()),
        );
        insta::assert_snapshot!(table);
    }

    #[test]
    fn entries_need_active_and_exits_need_nothing() {
        for state in STATES {
            assert_eq!(state.allows_entry(), state == TradingState::Active);
            assert!(state.allows_reduction());
            assert_eq!(state.allows(OrderPurpose::Protection), state != TradingState::Flatten);
            assert_eq!(state.cancels_entries(), state >= TradingState::Halted);
        }
    }

    proptest! {
        #[test]
        fn only_rearming_loosens(
            inputs in prop::collection::vec(prop::sample::select(INPUTS.to_vec()), 0..40)
        ) {
            let mut state = TradingState::default();
            for input in inputs {
                let after = state.next(&input).unwrap_or(state);
                prop_assert!(after >= state || input == TradingInput::Rearm);
                state = after;
            }
        }
    }
}
