//! Mails and the meetings that they speak of: rank of the right one, false links.

use std::collections::BTreeSet;

use serde::Deserialize;

use flightdeck::intel::correlate::{Correlator, Link, Settings};
use flightdeck::intel::entities::Extractor;
use flightdeck::intel::mail::Message;
use flightdeck::intel::transcript::{Segment, Transcript, TranscriptId};

use super::{address, file, message};

#[derive(Deserialize)]
struct Meetings {
    transcript: Vec<Meeting>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    id: String,
    title: String,
    began_at: String,
    lines: Vec<String>,
}

#[derive(Deserialize)]
struct Mails {
    mail: Vec<Mail>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mail {
    id: String,
    #[serde(default)]
    held_out: bool,
    belongs: Option<String>,
    at: String,
    from: String,
    subject: String,
    body: String,
}

impl Mail {
    fn message(&self) -> Message {
        let mut mail = message(&self.id, &self.at, &self.subject, self.body.clone());
        mail.from = Some(address(&self.from));
        mail
    }
}

fn transcripts() -> Vec<Transcript> {
    let set: Meetings = toml::from_str(&file("pairs/transcripts.toml")).unwrap();
    set.transcript.into_iter().map(transcript).collect()
}

fn transcript(meeting: Meeting) -> Transcript {
    let mut people: Vec<String> = Vec::new();
    let segments = (0_u32..)
        .zip(&meeting.lines)
        .map(|(index, line)| {
            let (speaker, text) = line.split_once(": ").unwrap();
            if !people.iter().any(|person| person == speaker) {
                people.push(speaker.to_owned());
            }
            Segment {
                index,
                speaker: Some(speaker.to_owned()),
                offset_ms: u64::from(index) * 30_000,
                until_ms: u64::from(index) * 30_000 + 29_000,
                text: text.to_owned(),
            }
        })
        .collect();
    Transcript {
        id: TranscriptId(meeting.id),
        title: meeting.title,
        began_at: Some(meeting.began_at.parse().unwrap()),
        segments,
        people,
    }
}

fn mails() -> Vec<Mail> {
    toml::from_str::<Mails>(&file("pairs/mails.toml")).unwrap().mail
}

/// What became of one half of the set.
#[derive(Debug, Default)]
struct Outcome {
    pairs: u32,
    reciprocal_ranks: f64,
    first: u32,
    /// Mails whose meeting is among their links.
    linked: u32,
    /// Links to another meeting, or of a mail that speaks of none.
    links_false: u32,
    unrelated: u32,
    /// Unrelated mails with a link.
    unrelated_linked: u32,
}

impl Outcome {
    fn mean_reciprocal_rank(&self) -> f64 {
        self.reciprocal_ranks / f64::from(self.pairs)
    }
}

#[expect(clippy::print_stdout, reason = "a table for who asks with --nocapture")]
fn measured(held_out: bool) -> Outcome {
    let (extractor, transcripts) = (Extractor::default(), transcripts());
    let correlator = Correlator::new(&transcripts, &extractor, Settings::default());
    let mut outcome = Outcome::default();
    for mail in mails().iter().filter(|mail| mail.held_out == held_out) {
        let message = mail.message();
        let found = extractor.extract(&message);
        let links = correlator.links(&message, &found);
        let is_right = |id: &TranscriptId| mail.belongs.as_deref() == Some(id.0.as_str());
        let wrong = links.iter().filter(|link| !is_right(&link.transcript)).count();
        outcome.links_false += u32::try_from(wrong).unwrap();
        let scores = correlator.scores(&message, &found);
        let mut ranked: Vec<(f64, &str)> =
            scores.iter().zip(&transcripts).map(|(s, t)| (s.0, t.id.0.as_str())).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        println!("{} of {:?}: {:.3?} links {}", mail.id, mail.belongs, &ranked[..3], links.len());
        let Some(right) = mail.belongs.as_deref() else {
            outcome.unrelated += 1;
            outcome.unrelated_linked += u32::from(!links.is_empty());
            continue;
        };
        let rank = ranked.iter().position(|(_, id)| *id == right).unwrap() + 1;
        outcome.pairs += 1;
        outcome.reciprocal_ranks += 1.0 / f64::from(u32::try_from(rank).unwrap());
        outcome.first += u32::from(rank == 1);
        outcome.linked += u32::from(links.iter().any(|link| is_right(&link.transcript)));
    }
    println!("held out: {held_out}: {outcome:?}, MRR {:.3}", outcome.mean_reciprocal_rank());
    outcome
}

#[test]
fn the_reference_set_has_thirty_pairs_among_twenty_meetings() {
    let (transcripts, mails) = (transcripts(), mails());
    let ids: BTreeSet<&str> = transcripts.iter().map(|t| t.id.0.as_str()).collect();
    let pairs: Vec<&str> = mails.iter().filter_map(|mail| mail.belongs.as_deref()).collect();
    assert!(ids.len() >= 20 && pairs.len() >= 30);
    assert!(pairs.iter().all(|id| ids.contains(id)));
}

#[test]
fn links_keep_their_floors_on_the_half_they_were_settled_on() {
    let outcome = measured(false);
    assert!(outcome.mean_reciprocal_rank() >= 1.0 && outcome.first == 18);
    assert!(outcome.linked >= 17 && outcome.links_false == 0, "{outcome:?}");
    assert_eq!((outcome.unrelated, outcome.unrelated_linked), (6, 0));
}

#[test]
fn links_keep_their_floors_on_the_half_that_was_held_out() {
    let outcome = measured(true);
    assert!(outcome.mean_reciprocal_rank() >= 0.92 && outcome.first >= 23, "{outcome:?}");
    assert!(outcome.linked >= 18 && outcome.links_false == 0, "{outcome:?}");
    assert_eq!((outcome.unrelated, outcome.unrelated_linked), (8, 0));
}

fn links_of(id: &str) -> Vec<Link> {
    let extractor = Extractor::default();
    let correlator = Correlator::new(&transcripts(), &extractor, Settings::default());
    let mail = mails().into_iter().find(|mail| mail.id == id).unwrap().message();
    correlator.links(&mail, &extractor.extract(&mail))
}

#[test]
fn a_link_carries_the_words_the_segment_and_its_time() {
    let links = links_of("m11");
    let evidence = &links[0].evidence;
    assert_eq!(links[0].transcript.0, "t06");
    assert_eq!((evidence.segment, evidence.offset_ms), (Some(0), Some(0)), "{evidence:?}");
    assert_eq!(evidence.at, Some("2026-03-10T14:30:00Z".parse().unwrap()));
    assert!(evidence.words.contains(&"panel".to_owned()), "{evidence:?}");
    assert_eq!(evidence.people, ["daniel okafor"]);
    assert_eq!(evidence.entities, ["money:168 USD", "ticker:BA"]);
}

#[test]
fn the_same_mail_has_the_same_links_to_the_last_bit_in_any_order_of_meetings() {
    let extractor = Extractor::default();
    let (forward, mut backward) = (transcripts(), transcripts());
    backward.reverse();
    let forward = Correlator::new(&forward, &extractor, Settings::default());
    let backward = Correlator::new(&backward, &extractor, Settings::default());
    for mail in mails() {
        let mail = mail.message();
        let found = extractor.extract(&mail);
        assert_eq!(forward.links(&mail, &found), backward.links(&mail, &found));
    }
}
