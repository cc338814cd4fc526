//! The life of one connection: down → connecting → syncing → up → stale.
//!
//! A link is up when its data is *complete*, not when its socket is open, and
//! stale when data has stopped although the socket looks well (F26). It knows
//! neither sockets nor clocks: whoever watches them says what happened, and takes
//! from the attempts how long to wait before dialling again.

use serde::{Deserialize, Serialize};

use crate::fsm::InvalidTransition;

/// Where a connection stands. `attempts` counts dials since it was last up, so a
/// server that accepts and closes at once still makes us wait longer (F27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "state")]
pub enum LinkState {
    /// No connection.
    Down {
        /// Dials since it was last up.
        attempts: u32,
    },
    /// Dialled, not answered.
    Connecting {
        /// Dials since it was last up.
        attempts: u32,
    },
    /// Connected; authentication, subscriptions and the first snapshot run.
    Syncing {
        /// Dials since it was last up.
        attempts: u32,
    },
    /// Complete data flows.
    Up,
    /// Open but silent for longer than allowed.
    Stale,
}

/// One thing that happened to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkInput {
    /// We dial. From UP and STALE this gives the old connection up.
    Dial,
    /// The connection is open.
    Connected,
    /// The snapshot is taken and every subscription confirmed.
    Synced,
    /// Data arrived.
    Data,
    /// No data for longer than allowed.
    Silence,
    /// The connection is lost, or could not be made.
    Lost,
}

impl LinkInput {
    /// The input's name in errors and counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dial => "dial",
            Self::Connected => "connected",
            Self::Synced => "synced",
            Self::Data => "data",
            Self::Silence => "silence",
            Self::Lost => "lost",
        }
    }

    const fn asks_for(self) -> &'static str {
        match self {
            Self::Dial => "CONNECTING",
            Self::Connected => "SYNCING",
            Self::Synced | Self::Data => "UP",
            Self::Silence => "STALE",
            Self::Lost => "DOWN",
        }
    }
}

impl Default for LinkState {
    fn default() -> Self {
        Self::Down { attempts: 0 }
    }
}

impl LinkState {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Down { .. } => "DOWN",
            Self::Connecting { .. } => "CONNECTING",
            Self::Syncing { .. } => "SYNCING",
            Self::Up => "UP",
            Self::Stale => "STALE",
        }
    }

    /// Returns how often it was dialled since it was last up.
    pub const fn attempts(&self) -> u32 {
        match self {
            Self::Down { attempts }
            | Self::Connecting { attempts }
            | Self::Syncing { attempts } => *attempts,
            Self::Up | Self::Stale => 0,
        }
    }

    /// Tells whether its data may be relied on.
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }

    /// Returns the state after an input.
    ///
    /// # Errors
    /// When the table has no such row; the state stays as it was.
    pub const fn next(&self, input: &LinkInput) -> Result<Self, InvalidTransition> {
        let attempts = self.attempts();
        match (*self, *input) {
            (Self::Down { .. } | Self::Up | Self::Stale, LinkInput::Dial) => {
                Ok(Self::Connecting { attempts: attempts.saturating_add(1) })
            }
            (Self::Connecting { .. }, LinkInput::Connected)
            // Data before the snapshot is complete does not make it complete.
            | (Self::Syncing { .. }, LinkInput::Data) => Ok(Self::Syncing { attempts }),
            (Self::Syncing { .. }, LinkInput::Synced)
            // The socket never closed, so nothing was missed.
            | (Self::Up | Self::Stale, LinkInput::Data) => Ok(Self::Up),
            (Self::Up | Self::Stale, LinkInput::Silence) => Ok(Self::Stale),
            // A dial or a snapshot that hangs is lost.
            (Self::Connecting { .. } | Self::Syncing { .. }, LinkInput::Silence)
            | (
                Self::Down { .. }
                | Self::Connecting { .. }
                | Self::Syncing { .. }
                | Self::Up
                | Self::Stale,
                LinkInput::Lost,
            ) => Ok(Self::Down { attempts }),
            (Self::Connecting { .. } | Self::Syncing { .. }, LinkInput::Dial)
            | (
                Self::Down { .. } | Self::Syncing { .. } | Self::Up | Self::Stale,
                LinkInput::Connected,
            )
            | (
                Self::Down { .. } | Self::Connecting { .. } | Self::Up | Self::Stale,
                LinkInput::Synced,
            )
            | (Self::Down { .. } | Self::Connecting { .. }, LinkInput::Data)
            | (Self::Down { .. }, LinkInput::Silence) => {
                Err(InvalidTransition::new(self.name(), input.asks_for(), input.name()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsm::matrix::matrix;
    use proptest::prelude::*;

    const STATES: [LinkState; 5] = [
        LinkState::Down { attempts: 1 },
        LinkState::Connecting { attempts: 1 },
        LinkState::Syncing { attempts: 1 },
        LinkState::Up,
        LinkState::Stale,
    ];
    const INPUTS: [LinkInput; 6] = [
        LinkInput::Dial,
        LinkInput::Connected,
        LinkInput::Synced,
        LinkInput::Data,
        LinkInput::Silence,
        LinkInput::Lost,
    ];

    fn run(inputs: &[LinkInput]) -> LinkState {
        inputs.iter().fold(LinkState::default(), |state, input| state.next(input).unwrap())
    }

    #[test]
    fn the_complete_matrix_of_a_link() {
        let table = matrix(
            &STATES.map(|state| (state.name(), state)),
            &INPUTS.map(|input| (input.name(), input)),
            |state, input| {
                let next = state.next(input)?;
                Ok(format!("{} after {} attempts", next.name(), next.attempts()))
            },
        );
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_server_that_closes_at_once_is_counted_until_the_link_is_up() {
        let round = [LinkInput::Dial, LinkInput::Connected, LinkInput::Lost];
        assert_eq!(run(&[round, round, round].concat()), LinkState::Down { attempts: 3 });
        let up = [LinkInput::Dial, LinkInput::Connected, LinkInput::Synced];
        assert_eq!(run(&[&round[..], &up, &[LinkInput::Lost]].concat()).attempts(), 0);
    }

    proptest! {
        #[test]
        fn a_link_is_up_only_after_a_sync_or_renewed_data(
            inputs in prop::collection::vec(prop::sample::select(INPUTS.to_vec()), 0..60)
        ) {
            let mut state = LinkState::default();
            for input in inputs {
                let before = state;
                state = state.next(&input).unwrap_or(state);
                if state.is_up() && !before.is_up() {
                    let by_sync = before.name() == "SYNCING" && input == LinkInput::Synced;
                    let by_data = before == LinkState::Stale && input == LinkInput::Data;
                    prop_assert!(by_sync || by_data);
                }
            }
        }
    }
}
