//! Whatever a text says: no panic, spans on borders of characters, scores in [0, 1].

use proptest::prelude::*;

use flightdeck::intel::correlate::{Correlator, Settings};
use flightdeck::intel::entities::{Entity, Extractor, Part};
use flightdeck::intel::mail::{Address, Message};
use flightdeck::intel::transcript::{Segment, Transcript, TranscriptId};

use super::message;

/// Pieces that the rules react to, between arbitrary characters.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "\\PC{0,6}",
        1 => any::<String>(),
        4 => prop::sample::select(vec![
            "$", "$AAPL", "(NASDAQ: ", "NYSE:", "€1,", "$5-6 million", "USD ", "12.5%", "@", "a@b.co",
            "3/12", "on ", "2026-03-1", "next Friday", "March ", "31", "end of the quarter", "Apple",
            "Apple Inc", "don't ", "sell", "Hi Anna", "\n", "Regards,\n", "Mr. ", "O'Neil", "é", "\u{200b}",
            "\u{202e}", "\0", "five hundred dollars", "99999999999999999999", " LLC", "’",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn part_of(mail: &Message, entity: &Entity) -> Option<String> {
    let header = |address: &Address| {
        format!("{} {}", address.name.as_deref().unwrap_or(""), address.address)
    };
    match entity.span.part {
        Part::Sender => mail.from.as_ref().map(header),
        Part::Recipient => mail.to.first().map(header),
        Part::Subject => Some(mail.subject.clone()),
        Part::Body => Some(mail.body.clone()),
        Part::Signature => Some(mail.signature.clone()),
    }
}

fn mail(subject: &str, body: String, signature: String, name: String) -> Message {
    let mut mail = message("m", "2026-03-10T14:00:00Z", subject, body);
    mail.signature = signature;
    let address = Address { address: format!("{subject}@x.example"), name: Some(name) };
    mail.from = Some(address.clone());
    mail.to = vec![address];
    mail
}

proptest! {
    #[test]
    fn spans_lie_on_borders_of_characters_inside_their_part(
        subject in hostile_text(), body in hostile_text(), name in hostile_text(), signature in hostile_text(),
    ) {
        let mail = mail(&subject, body, signature, name);
        let found = Extractor::default().extract(&mail);
        prop_assert!(found.is_sorted());
        for entity in found {
            let text = part_of(&mail, &entity).unwrap();
            prop_assert!(entity.span.start < entity.span.end);
            match entity.span.part {
                Part::Subject | Part::Body | Part::Signature => {
                    prop_assert!(text.get(entity.span.start..entity.span.end).is_some());
                }
                Part::Sender | Part::Recipient => prop_assert!(entity.span.end <= text.len()),
            }
        }
    }

    #[test]
    fn scores_lie_between_nought_and_one(
        said in prop::collection::vec(hostile_text(), 0..4), body in hostile_text(),
        began in proptest::option::of(any::<i64>()), at in proptest::option::of(any::<i64>()),
    ) {
        use flightdeck::domain::time::Timestamp;
        let segments = (0_u32..).zip(&said).map(|(index, text)| Segment {
            index, speaker: Some(text.clone()), offset_ms: u64::MAX, until_ms: u64::MAX, text: text.clone(),
        });
        let one = Transcript {
            id: TranscriptId("t".into()), title: body.clone(), began_at: began.map(Timestamp::from_nanos),
            segments: segments.collect(), people: said.clone(),
        };
        let extractor = Extractor::default();
        let settings = Settings { score_min: 0.0, ..Settings::default() };
        let correlator = Correlator::new(&[one.clone(), one], &extractor, settings);
        let mut mail = mail("", body, String::new(), said.concat());
        mail.at = at.map(Timestamp::from_nanos);
        let found = extractor.extract(&mail);
        for (score, terms) in correlator.scores(&mail, &found) {
            for value in [score, terms.people, terms.time, terms.entities, terms.wording] {
                prop_assert!((0.0..=1.0).contains(&value), "{score} {terms:?}");
            }
        }
        for link in correlator.links(&mail, &found) {
            prop_assert!(link.evidence.words.len() <= 8);
        }
    }
}

#[test]
fn a_body_of_a_megabyte_of_traps_is_read_up_to_the_cap() {
    for trap in ["$1 ", "a@b.co ", "Anna Bell said ", "sell ", "((((", "1,1,1,1,", "A ", "March 1 "]
    {
        let body = trap.repeat(1_000_000 / trap.len());
        let found = Extractor::default().extract(&message("m", "2026-03-10T14:00:00Z", "", body));
        assert!(found.len() <= 512, "{trap}: {}", found.len());
    }
}
