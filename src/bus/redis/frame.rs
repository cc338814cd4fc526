//! What passes between the house and a seat in another process: signed frames in one
//! order, on two lists.
//!
//! A frame is three lines: its code, `number kind`, its body. The code is HMAC-SHA-256
//! under the seat's key over direction, session, number, kind and body, so a frame is
//! worth nothing on another way, in another session or at another place. Numbers rise by
//! one from 1; a frame that is not the next one is the end of the session. What the
//! bodies mean is [`seat_house`](super::seat_house)'s and [`seat_guest`](super::seat_guest)'s
//! business.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, cmd};

use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::keys::{Key, unhex};
use crate::bus::redis::signed::canonical;
use crate::domain::hex::hex;

/// How long one look for a frame lasts, in seconds; below the longest answer.
const LOOK_SECONDS: f64 = 0.5;
/// A list that nobody reads any more is forgotten after so long.
const KEPT: Duration = Duration::from_mins(1);
/// Bytes of a frame: a batch of a journal's events.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Up: somebody would sit here.
    Hello,
    /// Down: what the seat is told before anything else.
    Welcome,
    /// Down: events that have been, to be heard and not answered.
    Fold,
    /// Up: they were heard.
    Folded,
    /// Down: one event.
    Hear,
    /// Up: what the agent said about it.
    Said,
    /// Up: the agent's last words.
    Broke,
    /// Down: the seat is given up.
    End,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Hello,
        Self::Welcome,
        Self::Fold,
        Self::Folded,
        Self::Hear,
        Self::Said,
        Self::Broke,
        Self::End,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Welcome => "welcome",
            Self::Fold => "fold",
            Self::Folded => "folded",
            Self::Hear => "hear",
            Self::Said => "said",
            Self::Broke => "broke",
            Self::End => "end",
        }
    }
}

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the seat.
    Down,
    /// To the house.
    Up,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}

/// Where a seat's keys lie.
#[derive(Debug, Clone)]
pub(super) struct SeatPlaces {
    prefix: String,
}

impl SeatPlaces {
    /// Names the places of a seat of an instance.
    pub(super) fn of(instance: &str, seat: &str) -> Self {
        Self { prefix: format!("flightdeck:{instance}:seat:{seat}") }
    }

    /// Which house waits for somebody to sit here.
    pub(super) fn wanted(&self) -> String {
        format!("{}:wanted", self.prefix)
    }

    /// The list of those who would sit here.
    pub(super) fn door(&self) -> String {
        format!("{}:door", self.prefix)
    }

    fn list(&self, session: &str, way: Way) -> String {
        format!("{}:{session}:{}", self.prefix, way.name())
    }
}

/// Signs a frame.
pub(super) fn seal(
    key: &Key,
    (way, session): (Way, &str),
    (number, kind): (u64, Kind),
    body: &str,
) -> Vec<u8> {
    let code = key.code(text(way, session, number, kind, body).as_bytes());
    format!("{}\n{number} {}\n{body}", hex(&code), kind.name()).into_bytes()
}

/// Opens the frame with this number; `None` when it is none, or another one.
pub(super) fn unseal(
    key: &Key,
    (way, session): (Way, &str),
    number: u64,
    frame: &[u8],
) -> Option<(Kind, String)> {
    if frame.len() > FRAME_BYTES_MAX {
        return None;
    }
    let frame = std::str::from_utf8(frame).ok()?;
    let (code, rest) = frame.split_once('\n')?;
    let (head, body) = rest.split_once('\n')?;
    let (written, name) = head.split_once(' ')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name)?;
    let is_next = written.parse() == Ok(number);
    let code = unhex(code)?;
    let is_true = key.is_code(text(way, session, number, kind, body).as_bytes(), &code);
    (is_next && is_true).then(|| (kind, body.to_owned()))
}

fn text(way: Way, session: &str, number: u64, kind: Kind, body: &str) -> String {
    canonical(&["seat", way.name(), session, &number.to_string(), kind.name(), body])
}

/// Both lists of a session, from one of its ends.
pub(super) struct Frames {
    out: MultiplexedConnection,
    inward: MultiplexedConnection,
    key: Key,
    session: String,
    /// The way of what is sent from here.
    way: Way,
    places: SeatPlaces,
    sent: u64,
    read: u64,
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Frames {
    /// Opens a session that both ends have agreed on.
    pub(super) async fn open(
        endpoint: &Endpoint,
        places: &SeatPlaces,
        (session, way): (String, Way),
        key: &Key,
    ) -> Result<Self, BusError> {
        Ok(Self {
            out: endpoint.connect().await?,
            inward: endpoint.connect().await?,
            key: key.clone(),
            session,
            way,
            places: places.clone(),
            sent: 0,
            read: 0,
        })
    }

    /// Sends the next frame.
    pub(super) async fn send(&mut self, kind: Kind, body: &str) -> Result<(), BusError> {
        self.sent += 1;
        let frame = seal(&self.key, (self.way, &self.session), (self.sent, kind), body);
        let list = self.places.list(&self.session, self.way);
        let mut pipeline = Pipeline::with_capacity(2);
        push(&mut pipeline, &list, &frame);
        Ok(pipeline.exec_async(&mut self.out).await?)
    }

    /// Takes the next frame; `None` when none came for half a second.
    pub(super) async fn receive(&mut self) -> Result<Option<(Kind, String)>, BusError> {
        let way = self.way.other();
        let list = self.places.list(&self.session, way);
        let Some(frame) = pop(&mut self.inward, &list).await? else { return Ok(None) };
        self.read += 1;
        let opened = unseal(&self.key, (way, &self.session), self.read, &frame);
        opened.map(Some).ok_or(BusError::Frame)
    }

    /// Takes the next frame, however long that takes.
    pub(super) async fn next(&mut self) -> Result<(Kind, String), BusError> {
        loop {
            if let Some(frame) = self.receive().await? {
                return Ok(frame);
            }
        }
    }
}

/// Adds a frame to a list that is forgotten when nobody reads it.
pub(super) fn push(pipeline: &mut Pipeline, list: &str, frame: &[u8]) {
    pipeline.cmd("RPUSH").arg(list).arg(frame).ignore();
    pipeline.cmd("EXPIRE").arg(list).arg(KEPT.as_secs()).ignore();
}

/// Takes the oldest frame of a list; `None` when none came for half a second.
pub(super) async fn pop(
    connection: &mut MultiplexedConnection,
    list: &str,
) -> Result<Option<Bytes>, BusError> {
    let mut take = cmd("BLPOP");
    take.arg(list).arg(LOOK_SECONDS);
    let taken: Option<(String, Bytes)> = take.query_async(connection).await?;
    Ok(taken.map(|(_, frame)| frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_opens_at_its_place_on_its_way_in_its_session_alone() {
        let key = Key::new(&[7; 32]).unwrap();
        let other = Key::new(&[8; 32]).unwrap();
        let frame = seal(&key, (Way::Down, "s1"), (3, Kind::Hear), "one\ntwo");
        let open = |key: &Key, way, session, number, frame: &[u8]| {
            unseal(key, (way, session), number, frame)
        };
        let right = open(&key, Way::Down, "s1", 3, &frame);
        assert_eq!(right, Some((Kind::Hear, "one\ntwo".to_owned())));
        assert_eq!(open(&key, Way::Up, "s1", 3, &frame), None);
        assert_eq!(open(&key, Way::Down, "s2", 3, &frame), None);
        assert_eq!(open(&key, Way::Down, "s1", 4, &frame), None);
        assert_eq!(open(&other, Way::Down, "s1", 3, &frame), None);
        let text = String::from_utf8(frame).unwrap();
        for (from, to) in [("two", "too"), ("hear", "fold"), ("3 ", "4 ")] {
            let forged = text.replacen(from, to, 1);
            assert_eq!(open(&key, Way::Down, "s1", 3, forged.as_bytes()), None, "{to}");
            assert_eq!(open(&key, Way::Down, "s1", 4, forged.as_bytes()), None, "{to}");
        }
        assert_eq!(open(&key, Way::Down, "s1", 3, b"nonsense"), None);
    }
}
