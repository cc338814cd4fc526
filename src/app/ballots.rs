//! Votes of members outside the process, as they come in over the bus.
//!
//! Who sent a vote is known by its signature and it speaks for itself alone. It knows no
//! poll: whether a vote is open, and what it comes to, is the strategy agent's business.

use serde_json::value::RawValue;

use crate::control::{Code, Problem};
use crate::events::{MemberLeftOut, SignalEvent, VoteCast};
use crate::view::clean_text;

/// Characters of a vote's reasons; more are cut off.
const REASONING_CHARS_MAX: usize = 500;

/// Reads a member's vote. One that cannot be read leaves the member out, which is an event
/// as well, and the problem that the member is told of.
pub(super) fn read(member: &str, body: &RawValue) -> (SignalEvent, Option<Problem>) {
    match ballot(member, body) {
        Ok(cast) => (SignalEvent::VoteCast(cast), None),
        Err(reason) => {
            let remedy = "vote with trade_id and signal {action BUY|SELL|HOLD, symbol, price, \
                          confidence 0 to 1, strategy, reasoning}, as strategy.vote.requested asks";
            let problem = Problem::new(Code::BadRequest, reason.clone(), remedy);
            let reason = format!("its vote is malformed: {reason}");
            let left_out = MemberLeftOut { member: member.to_owned(), symbol: None, reason };
            (SignalEvent::MemberLeftOut(left_out), Some(problem))
        }
    }
}

fn ballot(member: &str, body: &RawValue) -> Result<VoteCast, String> {
    let mut cast: VoteCast = serde_json::from_str(body.get()).map_err(|error| error.to_string())?;
    if cast.signal.strategy != member {
        return Err(format!("it is signed by {member} and speaks for another"));
    }
    let reasoning = clean_text(&cast.signal.reasoning, REASONING_CHARS_MAX);
    cast.signal.reasoning =
        if reasoning.is_empty() { "no reason given".into() } else { reasoning.into() };
    Ok(cast)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(member: &str, body: &str, refused: Option<&str>) {
        let body = RawValue::from_string(body.to_owned()).unwrap();
        match (read(member, &body), refused) {
            ((SignalEvent::VoteCast(cast), None), None) => {
                assert_eq!(cast.signal.strategy, member);
                assert!(!cast.signal.reasoning.is_empty());
            }
            ((SignalEvent::MemberLeftOut(left_out), Some(problem)), Some(part)) => {
                assert_eq!(left_out.member, member);
                assert!(left_out.reason.contains(part), "{}", left_out.reason);
                assert_eq!(problem.code, Code::BadRequest);
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_member_votes_in_its_own_name_and_a_malformed_vote_is_on_record() {
        let vote = |strategy: &str, reasoning: &str| {
            format!(
                r#"{{"trade_id":"t-1","signal":{{"action":"BUY","symbol":"AAPL","price":175.50,"confidence":0.9,"strategy":"{strategy}","reasoning":"{reasoning}"}}}}"#
            )
        };
        check("oracle", &vote("oracle", "tea"), None);
        // Without a reason the poll would take it for one that is still to come.
        check("oracle", &vote("oracle", ""), None);
        check("oracle", &vote("analyst", "tea"), Some("speaks for another"));
        check("oracle", r#"{"trade_id":"t-1"}"#, Some("missing field"));
        check("oracle", &vote("oracle", "tea").replace("BUY", "MAYBE"), Some("unknown variant"));
    }
}
