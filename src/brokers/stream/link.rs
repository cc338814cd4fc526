//! The state of one stream's connection, told whenever it changes.
//!
//! A thin shell around [`LinkState`]; what happened is decided by the sessions.

use crate::brokers::Push;
use crate::fsm::link::{LinkInput, LinkState};

/// A link under the name by which the house knows it.
#[derive(Debug, Clone)]
pub(in crate::brokers) struct Link {
    feed: &'static str,
    state: LinkState,
}

impl Link {
    /// Makes a link that is down.
    pub(in crate::brokers) fn new(feed: &'static str) -> Self {
        Self { feed, state: LinkState::default() }
    }

    /// Where it stands.
    pub(in crate::brokers) const fn state(&self) -> LinkState {
        self.state
    }

    /// Applies what happened and tells a change. What the table does not allow changes
    /// nothing and is logged: the socket is as it is.
    pub(in crate::brokers) fn tell(&mut self, input: LinkInput, pushes: &mut Vec<Push>) {
        match self.state.next(&input) {
            Ok(state) if state != self.state => {
                tracing::info!(feed = self.feed, from = self.state.name(), to = state.name());
                self.state = state;
                pushes.push(Push::Link { feed: self.feed, state });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(feed = self.feed, %error, "a link said the impossible"),
        }
    }
}
