//! What the streams of an account say of themselves, on its way to people.
//!
//! A stream that has stopped for good does not dial again, and what the venue did not
//! confirm never comes: both need a human, and both are otherwise only a link that is not
//! up. Knows nothing of what the streams carry.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::entrance::DoorEntrance;
use crate::app::seating::Outside;
use crate::brokers::alpaca::AlpacaStreams;
use crate::brokers::alpaca::stream::{StopReason, StreamStatus};
use crate::brokers::gateway::Entrance;
use crate::domain::ids::AgentId;
use crate::events::{Alert, Severity, SystemEvent};

/// Of what is not confirmed so much is named; the rest is counted.
const NAMED_MAX: usize = 6;

/// Follows both streams of an account until they end.
pub(super) fn follow(streams: &AlpacaStreams, outside: &Outside) {
    let news = |stream| News { stream, unconfirmed: Vec::new() };
    let told = |outside: &Outside| (DoorEntrance(outside.door.clone()), outside.clone());
    let (orders, market) = (streams.orders.status(), streams.market.status());
    outside.tracker.spawn(tell(orders, news("order news"), told(outside)));
    outside.tracker.spawn(tell(market, news("market data"), told(outside)));
}

async fn tell<C>(
    mut status: watch::Receiver<StreamStatus<C>>,
    mut news: News,
    (entrance, outside): (DoorEntrance, Outside),
) {
    loop {
        let (alert, is_over) = {
            let status = status.borrow_and_update();
            let missing = missing(status.link.is_up(), &status.unconfirmed);
            (news.see(status.stopped.as_ref(), &missing), status.stopped.is_some())
        };
        if let Some(alert) = alert {
            let at = outside.clock.now();
            let event = SystemEvent::Alert(alert).into();
            if entrance.offer(at, AgentId::Venue, event).await.is_err() {
                return;
            }
        }
        if is_over || !changed(&mut status, &outside.stop).await {
            return;
        }
    }
}

/// What certainly does not come: before a link is up, the rest may still be answered, but
/// what was refused, which says why, is over.
fn missing(is_up: bool, unconfirmed: &[String]) -> Vec<String> {
    unconfirmed.iter().filter(|of| is_up || of.contains(": ")).cloned().collect()
}

/// Waits for the next change; false when there will be none.
async fn changed<C>(status: &mut watch::Receiver<C>, stop: &CancellationToken) -> bool {
    // The stop first: what changes because of it is no news.
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        changed = status.changed() => changed.is_ok(),
    }
}

/// What has been told of one stream.
struct News {
    /// What it carries.
    stream: &'static str,
    /// What was missing when that was last told.
    unconfirmed: Vec<String>,
}

impl News {
    /// What is worth telling of where the stream stands.
    fn see(&mut self, stopped: Option<&StopReason>, unconfirmed: &[String]) -> Option<Alert> {
        let stream = self.stream;
        if let Some(reason) = stopped {
            let is_wanted = matches!(reason, StopReason::Asked | StopReason::ReceiverGone);
            let text = format!("the stream of {stream} has stopped for good: {reason}");
            return (!is_wanted).then_some(Alert { severity: Severity::Critical, text });
        }
        // A connection that is made anew misses nothing until it is answered.
        if unconfirmed.is_empty() || self.unconfirmed == unconfirmed {
            return None;
        }
        self.unconfirmed = unconfirmed.to_vec();
        let named = unconfirmed.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
        let more = match unconfirmed.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let text =
            format!("the broker does not send all {stream} that was asked for: {named}{more}");
        Some(Alert { severity: Severity::Warning, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a stream's states one after the other and returns what is told of each.
    #[track_caller]
    fn check(states: &[(Option<StopReason>, &[&str])], expected: &[Option<(Severity, &str)>]) {
        let mut news = News { stream: "market data", unconfirmed: Vec::new() };
        for ((stopped, missing), expected) in states.iter().zip(expected) {
            let missing: Vec<String> = missing.iter().map(|text| (*text).to_owned()).collect();
            let said = news.see(stopped.as_ref(), &missing);
            let said = said.as_ref().map(|alert| (alert.severity, &*alert.text));
            match (said, expected) {
                (Some((severity, text)), Some((expected, part))) => {
                    assert!(severity == *expected && text.contains(part), "{text}");
                }
                (said, expected) => assert_eq!(said, *expected),
            }
        }
    }

    #[test]
    fn a_stream_that_stopped_for_good_is_critical_and_says_why() {
        let keys = (Severity::Critical, "market data has stopped for good: the keys are refused");
        check(&[(None, &[]), (Some(StopReason::KeysRefused), &[])], &[None, Some(keys)]);
        check(&[(Some(StopReason::Asked), &[])], &[None]);
        check(&[(Some(StopReason::ReceiverGone), &[])], &[None]);
    }

    #[test]
    fn before_a_link_is_up_only_what_was_refused_is_missing() {
        let all = ["quotes of AAPL: 405 limit", "bars of AAPL"].map(str::to_owned);
        assert_eq!(missing(false, &all), all[..1]);
        assert_eq!(missing(true, &all), all);
    }

    #[test]
    fn what_is_not_confirmed_is_told_once_and_again_when_it_changes() {
        let (one, two) = ("quotes of AAPL: 405 limit", "quotes of ZZZZ");
        let told = |part| Some((Severity::Warning, part));
        check(
            &[(None, &[one]), (None, &[]), (None, &[one]), (None, &[one, two])],
            &[told(one), None, None, told(two)],
        );
        let many = ["a", "b", "c", "d", "e", "f", "g", "h"];
        check(&[(None, &many)], &[told("e; f; and 2 more")]);
    }
}
