//! Whether a signed command may be obeyed: known sender, true signature, its own topic, not
//! too old, not seen before. What is refused is counted by its reason.
//!
//! All memory is bounded by the two seconds that a command lives: what has expired need
//! not be remembered, since its age alone refuses it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::bus::clock::MEASURES;
use crate::bus::redis::keys::Keys;
use crate::bus::redis::names::{LOCAL_ONLY, command_name};
use crate::bus::redis::signed::Message;
use crate::domain::hex::hex;
use crate::domain::ids::TradeId;
use crate::domain::time::Timestamp;

/// How long a command may live.
pub const LIFE_MAX: SignedDuration = SignedDuration::from_secs(2);
/// How far a sender's clock may be ahead of ours.
const SKEW_MAX: SignedDuration = SignedDuration::from_millis(500);
/// Numbers behind the newest of a session that may still come.
const WINDOW: u64 = 64;
/// Sessions of one sender that live at once.
const SESSIONS_MAX: usize = 8;
/// Nonces that live at once, of all senders.
const NONCES_MAX: usize = 10_000;
/// Approvals that are waited for at once; the oldest go first and must be approved at the
/// terminal.
const APPROVALS_MAX: usize = 1_024;

/// Why a message is not obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// It is no signed message of our version.
    NotSigned,
    /// Nobody of that name may command.
    UnknownSender,
    /// The signature is false.
    Forged,
    /// It was signed for another channel.
    OtherTopic,
    /// It lives longer than two seconds, or backwards.
    LivesTooLong,
    /// It is from the future.
    Early,
    /// It has expired, or was said before we listened.
    Late,
    /// Its number or nonce has been seen, or lies behind the window.
    Replayed,
    /// More sessions or nonces at once than can be remembered.
    TooMany,
    /// A person at the local terminal alone may do so.
    NeverByBus,
    /// A member that votes may do nothing else, and nobody else may vote.
    NotTheirs,
    /// The approval does not name a request that waits, or names it wrongly.
    NotTheRequest,
    /// More came at once than could be taken.
    Flooded,
}

impl Refused {
    /// Every reason, in the order of the counters.
    pub const ALL: [Self; 13] = [
        Self::NotSigned,
        Self::UnknownSender,
        Self::Forged,
        Self::OtherTopic,
        Self::LivesTooLong,
        Self::Early,
        Self::Late,
        Self::Replayed,
        Self::TooMany,
        Self::NeverByBus,
        Self::NotTheirs,
        Self::NotTheRequest,
        Self::Flooded,
    ];

    /// The reason in words, also in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSigned => "not signed",
            Self::UnknownSender => "unknown sender",
            Self::Forged => "forged",
            Self::OtherTopic => "signed for another topic",
            Self::LivesTooLong => "lives longer than 2 s",
            Self::Early => "from the future",
            Self::Late => "late",
            Self::Replayed => "replayed",
            Self::TooMany => "too many sessions or nonces at once",
            Self::NeverByBus => "only a person at the local terminal may do so",
            Self::NotTheirs => "not this sender's to say",
            Self::NotTheRequest => "does not name the request that waits",
            Self::Flooded => "too many at once",
        }
    }

    /// Whether the sender is who it says it is, and so may hear why.
    pub(super) const fn is_of_known_sender(self) -> bool {
        match self {
            Self::NotSigned | Self::UnknownSender | Self::Forged | Self::Flooded => false,
            Self::OtherTopic
            | Self::LivesTooLong
            | Self::Early
            | Self::Late
            | Self::Replayed
            | Self::TooMany
            | Self::NeverByBus
            | Self::NotTheirs
            | Self::NotTheRequest => true,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many commands were obeyed and refused, for those who ask.
#[derive(Debug, Default)]
pub struct Counts {
    admitted: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
}

impl Counts {
    /// Commands that were handed in.
    pub fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    /// Messages that were refused for a reason.
    pub fn refused(&self, why: Refused) -> u64 {
        let at = Refused::ALL.iter().position(|one| *one == why);
        at.and_then(|at| self.refused.get(at)).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Messages that were refused, by reason.
    pub fn all_refused(&self) -> BTreeMap<Refused, u64> {
        Refused::ALL.into_iter().map(|why| (why, self.refused(why))).collect()
    }

    pub(super) fn admit(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
        tracing::trace!(target: MEASURES, bus_command = true, of = "admitted");
    }

    pub(super) fn refuse(&self, why: Refused, number: u64) {
        let at = Refused::ALL.iter().position(|one| *one == why);
        if let Some(count) = at.and_then(|at| self.refused.get(at)) {
            count.fetch_add(number, Ordering::Relaxed);
            tracing::trace!(target: MEASURES, bus_command = true, of = why.name());
        }
    }
}

/// The numbers of one session that were seen.
#[derive(Debug)]
struct Window {
    newest: u64,
    /// Bit n: `newest - n` was seen.
    seen: u64,
    /// When the last of them expires.
    until: Timestamp,
}

impl Window {
    fn take(&mut self, seq: u64, until: Timestamp) -> bool {
        self.until = self.until.max(until);
        if seq > self.newest {
            let ahead = seq - self.newest;
            self.seen = if ahead >= WINDOW { 1 } else { self.seen << ahead | 1 };
            self.newest = seq;
            return true;
        }
        let behind = self.newest - seq;
        if behind >= WINDOW || self.seen >> behind & 1 == 1 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

/// Judges messages.
#[derive(Debug)]
pub(super) struct Guard {
    keys: Keys,
    /// Nothing said before that is obeyed: what was seen before is not known.
    since: Timestamp,
    sessions: BTreeMap<Arc<str>, BTreeMap<String, Window>>,
    nonces: BTreeMap<(Arc<str>, String), Timestamp>,
    by_age: BTreeSet<(Timestamp, Arc<str>, String)>,
}

/// A command whose sender, topic and age are right, and that was not seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) topic: &'static str,
    pub(super) sender: Arc<str>,
}

impl Guard {
    pub(super) const fn new(keys: Keys, since: Timestamp) -> Self {
        Self {
            keys,
            since,
            sessions: BTreeMap::new(),
            nonces: BTreeMap::new(),
            by_age: BTreeSet::new(),
        }
    }

    /// Judges a message that came on a channel.
    ///
    /// # Errors
    /// Why it is not obeyed.
    pub(super) fn judge(
        &mut self,
        channel: &str,
        message: &Message<'_>,
        now: Timestamp,
    ) -> Result<Admitted, Refused> {
        let (sender, key) = self.keys.get(&message.sender).ok_or(Refused::UnknownSender)?;
        if !message.is_signed_by(key) {
            return Err(Refused::Forged);
        }
        let sender = sender.clone();
        let topic = command_name(channel).filter(|_| *message.topic == *channel);
        let topic = topic.ok_or(Refused::OtherTopic)?;
        let (issued_at, expires_at) = message.span().ok_or(Refused::LivesTooLong)?;
        let life = expires_at.since(issued_at);
        if life <= SignedDuration::ZERO || life > LIFE_MAX {
            return Err(Refused::LivesTooLong);
        }
        if issued_at.since(now) > SKEW_MAX {
            return Err(Refused::Early);
        }
        if now > expires_at || issued_at < self.since {
            return Err(Refused::Late);
        }
        self.remember(&sender, message, (expires_at, now))?;
        if LOCAL_ONLY.contains(&topic) {
            return Err(Refused::NeverByBus);
        }
        Ok(Admitted { topic, sender })
    }

    /// Takes note of number and nonce.
    fn remember(
        &mut self,
        sender: &Arc<str>,
        message: &Message<'_>,
        (expires_at, now): (Timestamp, Timestamp),
    ) -> Result<(), Refused> {
        while let Some(oldest) = self.by_age.first().filter(|(until, ..)| *until < now) {
            let (_, sender, nonce) = oldest.clone();
            self.by_age.pop_first();
            self.nonces.remove(&(sender, nonce));
        }
        let nonce = (sender.clone(), message.nonce.clone().into_owned());
        if self.nonces.contains_key(&nonce) {
            return Err(Refused::Replayed);
        }
        let sessions = self.sessions.entry(sender.clone()).or_default();
        sessions.retain(|_, window| window.until >= now);
        let is_new = !sessions.contains_key(&*message.session);
        if self.nonces.len() >= NONCES_MAX || is_new && sessions.len() >= SESSIONS_MAX {
            return Err(Refused::TooMany);
        }
        let window = sessions.entry(message.session.clone().into_owned()).or_insert(Window {
            newest: 0,
            seen: 0,
            until: expires_at,
        });
        if !window.take(message.seq, expires_at) {
            return Err(Refused::Replayed);
        }
        self.by_age.insert((expires_at, nonce.0.clone(), nonce.1.clone()));
        self.nonces.insert(nonce, expires_at);
        Ok(())
    }
}

/// The requests for approval that wait, each with the hash by which it must be named.
///
/// The hash is the SHA-256 of the whole envelope of `risk.approval.requested` as it stands
/// on the bus, in hexadecimal: whoever approves has read order, cost and deadline. It is
/// good once.
#[derive(Debug, Default)]
pub struct Approvals(Mutex<BTreeMap<TradeId, [u8; 32]>>);

impl Approvals {
    pub(super) fn ask(&self, trade_id: &TradeId, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.len() >= APPROVALS_MAX {
            waiting.pop_first();
        }
        waiting.insert(trade_id.clone(), Sha256::digest(line).into());
    }

    pub(super) fn forget(&self, trade_id: &TradeId) {
        self.waiting().remove(trade_id);
    }

    /// Uses the hash of a request up. Returns whether it names the request that waits.
    pub fn take(&self, trade_id: &TradeId, order_hash: &str) -> bool {
        let mut waiting = self.waiting();
        let is_right = waiting.get(trade_id).is_some_and(|hash| hex(hash) == order_hash);
        if is_right {
            waiting.remove(trade_id);
        }
        is_right
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<TradeId, [u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::redis::keys::Key;
    use crate::bus::redis::signed::Draft;
    use crate::bus::redis::signed::tests::draft;
    use serde_json::value::RawValue;

    const NOW: i64 = 1_761_661_800;

    struct Case {
        guard: Guard,
        key: Key,
    }

    impl Case {
        fn new() -> Self {
            let key = Key::new(&[7; 32]).unwrap();
            let keys = Keys::default().with("desk-1", key.clone());
            Self { guard: Guard::new(keys, Timestamp::from_seconds(NOW - 60)), key }
        }

        #[track_caller]
        fn check(
            &mut self,
            channel: &str,
            (at_ms, change): (i64, impl FnOnce(&mut Draft<'_>)),
            expected: Result<(), Refused>,
        ) {
            let body = RawValue::from_string("{}".into()).unwrap();
            let mut said = draft("operator.kill", 1, &body);
            change(&mut said);
            let text = said.sign(&self.key);
            let now = Timestamp::from_nanos(NOW * 1_000_000_000 + at_ms * 1_000_000);
            let message = Message::read(text.as_bytes()).unwrap();
            let found = self.guard.judge(channel, &message, now);
            assert_eq!(found.map(drop), expected);
        }
    }

    #[test]
    fn a_command_is_obeyed_once_on_its_own_topic_and_in_its_time() {
        let kill = "operator.kill";
        let mut case = Case::new();
        case.check("operator.reduce", (0, |_: &mut _| ()), Err(Refused::OtherTopic));
        case.check(kill, (2_001, |_: &mut _| ()), Err(Refused::Late));
        case.check(kill, (-501, |_: &mut _| ()), Err(Refused::Early));
        case.check(kill, (10, |_: &mut _| ()), Ok(()));
        case.check(kill, (20, |_: &mut _| ()), Err(Refused::Replayed));
        // Another number, the same nonce; then another nonce, the same number.
        case.check(kill, (20, |said: &mut Draft<'_>| said.seq = 2), Err(Refused::Replayed));
        case.check(kill, (20, |said: &mut Draft<'_>| said.nonce = "n2"), Err(Refused::Replayed));
        let next = |said: &mut Draft<'_>| (said.seq, said.nonce) = (2, "n2");
        case.check(kill, (20, next), Ok(()));
        let long = |said: &mut Draft<'_>| said.expires_at = Timestamp::from_seconds(NOW + 3);
        case.check(kill, (20, long), Err(Refused::LivesTooLong));
        let backwards = |said: &mut Draft<'_>| said.expires_at = said.issued_at;
        case.check(kill, (0, backwards), Err(Refused::LivesTooLong));
        let stranger = |said: &mut Draft<'_>| said.sender = "desk-2";
        case.check(kill, (0, stranger), Err(Refused::UnknownSender));
        let [resume, settle, acknowledge] = LOCAL_ONLY;
        let said = |said: &mut Draft<'_>| (said.topic, said.seq, said.nonce) = (resume, 3, "n3");
        case.check(resume, (0, said), Err(Refused::NeverByBus));
        let said = |said: &mut Draft<'_>| (said.topic, said.seq, said.nonce) = (settle, 4, "n4");
        case.check(settle, (0, said), Err(Refused::NeverByBus));
        let said =
            |said: &mut Draft<'_>| (said.topic, said.seq, said.nonce) = (acknowledge, 5, "n5");
        case.check(acknowledge, (0, said), Err(Refused::NeverByBus));
    }

    #[test]
    fn what_was_said_before_we_listened_is_late() {
        let mut case = Case::new();
        case.guard.since = Timestamp::from_seconds(NOW + 1);
        case.check("operator.kill", (1_500, |_: &mut _| ()), Err(Refused::Late));
    }

    #[test]
    fn a_window_takes_each_number_once_in_any_order() {
        let mut window = Window { newest: 0, seen: 0, until: Timestamp::default() };
        let until = Timestamp::from_seconds(1);
        for (seq, expected) in [
            (1, true),
            (5, true),
            (3, true),
            (3, false),
            (70, true),
            (6, false),
            (7, true),
            (0, false),
        ] {
            assert_eq!(window.take(seq, until), expected, "{seq}");
        }
    }

    #[test]
    fn sessions_at_once_are_bounded_and_forgotten_when_they_expire() {
        let mut case = Case::new();
        let names: [&'static str; SESSIONS_MAX + 1] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        for (at, name) in names.into_iter().enumerate() {
            let other = |said: &mut Draft<'_>| (said.session, said.nonce) = (name, name);
            let expected = if at < SESSIONS_MAX { Ok(()) } else { Err(Refused::TooMany) };
            case.check("operator.kill", (0, other), expected);
        }
        let later = |said: &mut Draft<'_>| {
            said.issued_at = Timestamp::from_seconds(NOW + 3);
            said.expires_at = Timestamp::from_seconds(NOW + 5);
            said.nonce = "later";
        };
        case.check("operator.kill", (3_000, later), Ok(()));
        assert_eq!(case.guard.nonces.len(), 1);
    }

    #[test]
    fn an_approval_names_the_request_and_is_good_once() {
        let approvals = Approvals::default();
        let trade = TradeId::new("t-1");
        approvals.ask(&trade, b"the request");
        let right = hex(&Sha256::digest(b"the request"));
        assert!(!approvals.take(&trade, &hex(&Sha256::digest(b"another"))));
        assert!(!approvals.take(&TradeId::new("t-2"), &right));
        assert!(approvals.take(&trade, &right) && !approvals.take(&trade, &right));
    }
}
