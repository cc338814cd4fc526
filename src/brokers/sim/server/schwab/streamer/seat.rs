//! One connection per user: who has it, and who goes when another logs in (Schwab,
//! protocol page §5.1 of October 2026).

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::brokers::sim::server::schwab::config::SecondLogin;

/// The one place.
#[derive(Debug, Default)]
pub(in crate::brokers::sim::server::schwab) struct Seat {
    holder: Mutex<Holder>,
}

#[derive(Debug, Default)]
struct Holder {
    taken: u64,
    /// Who has it, and how he is told to go.
    now: Option<(u64, CancellationToken)>,
}

/// A taken place.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    /// Cancelled when somebody else takes the place.
    pub(super) kicked: CancellationToken,
}

impl Seat {
    /// Takes the place; `None` when somebody has it and keeps it.
    pub(super) fn take(&self, second: SecondLogin) -> Option<Ticket> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, kick)) = &holder.now {
            match second {
                SecondLogin::ClosesFirst => kick.cancel(),
                SecondLogin::IsRefused => return None,
            }
        }
        holder.taken += 1;
        let ticket = Ticket { number: holder.taken, kicked: CancellationToken::new() };
        holder.now = Some((ticket.number, ticket.kicked.clone()));
        Some(ticket)
    }

    /// Gives the place back, unless somebody else has it by now.
    pub(super) fn give_back(&self, ticket: &Ticket) {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if holder.now.as_ref().is_some_and(|(number, _)| *number == ticket.number) {
            holder.now = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_login_sends_the_first_away_or_is_refused() {
        let seat = Seat::default();
        let first = seat.take(SecondLogin::IsRefused).unwrap();
        assert!(seat.take(SecondLogin::IsRefused).is_none());
        let second = seat.take(SecondLogin::ClosesFirst).unwrap();
        assert!(first.kicked.is_cancelled() && !second.kicked.is_cancelled());
        seat.give_back(&first);
        assert!(seat.take(SecondLogin::IsRefused).is_none(), "the second still has it");
        seat.give_back(&second);
        assert!(seat.take(SecondLogin::IsRefused).is_some());
    }
}
