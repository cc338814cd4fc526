//! The order in which mails and meetings arrive does not show in the store.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use flightdeck::domain::time::Timestamp;
use flightdeck::events::IntelEvent;
use flightdeck::sources::intel::ingest::{Report, Request, ingest};
use flightdeck::sources::intel::store::{Store, TOLD_AT_ONCE, Told};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{letter, meeting};

const SUBJECTS: [&str; 6] = ["margins", "guidance", "inventory", "buyback", "lawsuit", "bakery"];
const SAID: [&str; 4] = [
    "AAPL margins and guidance worry me, and the inventory of Apple is up",
    "the lawsuit of MSFT and the buyback of two billion",
    "margins of the bakery, guidance for Ohio, and NVDA",
    "inventory and lawsuit, guidance and buyback, all at once for AAPL",
];

fn read(folder: &Path, store: &Path, is_sequential: bool) -> Report {
    let request = Request {
        paths: vec![folder.join("mails")],
        transcripts: Some(folder.join("meetings")),
        is_sequential,
        ..Request::default()
    };
    let store = Store::open(store).unwrap();
    let now = Arc::new(|| Timestamp::from_nanos(0));
    let run = ingest(request, store, now, CancellationToken::new(), |_| ());
    Runtime::new().unwrap().block_on(run).unwrap()
}

/// What the store holds, in an order of its own.
fn held(store: &Path) -> Vec<String> {
    let mut out = Vec::new();
    Store::existing(store).unwrap().export(&mut out).unwrap();
    let mut lines: Vec<String> = String::from_utf8(out).unwrap().lines().map(Into::into).collect();
    lines.sort();
    lines
}

fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mails")).unwrap();
    fs::create_dir(folder.path().join("meetings")).unwrap();
    folder
}

fn add_mail(folder: &Path, number: usize) {
    let (one, two) = (SUBJECTS[number % 6], SUBJECTS[(number * 5 + 2) % 6]);
    let body = format!("As discussed with Ann Lee, the {one} and the {two} of $AAPL worry me.");
    let path = folder.join("mails").join(format!("{number}.eml"));
    fs::write(path, letter(number, one, &body)).unwrap();
}

fn add_meeting(folder: &Path, number: usize) {
    let path = folder.join("meetings").join(format!("{number}.vtt"));
    fs::write(path, meeting(SAID[number])).unwrap();
}

#[test]
fn a_mail_that_was_there_first_is_linked_when_its_meeting_comes() {
    let folder = folders();
    let store = folder.path().join("s");
    add_mail(folder.path(), 0);
    let first = read(folder.path(), &store, false);
    assert_eq!((first.stored, first.relinked), (1, 0));
    assert_eq!(Store::existing(&store).unwrap().links().unwrap().len(), 0);
    add_meeting(folder.path(), 0);
    let second = read(folder.path(), &store, false);
    assert_eq!((second.duplicates, second.transcripts, second.relinked), (1, 1, 1));
    assert_eq!(Store::existing(&store).unwrap().links().unwrap().len(), 1);
    let third = read(folder.path(), &store, false);
    assert_eq!(third.relinked, 0, "without a new meeting nothing is compared again");
}

#[test]
fn a_link_keeps_its_number_and_is_told_once_whatever_comes_later() {
    let folder = folders();
    let store = folder.path().join("s");
    add_mail(folder.path(), 0);
    add_meeting(folder.path(), 0);
    read(folder.path(), &store, false);
    let mut told = Told::default();
    let mut tell = || {
        let news = Store::existing(&store).unwrap().news(told).unwrap();
        news.events.iter().for_each(|event| told.hear(event));
        news.events
    };
    let names =
        |events: &[IntelEvent]| -> Vec<&str> { events.iter().map(IntelEvent::name).collect() };
    let first = tell();
    assert_eq!(names(&first), ["intel.email.stored", "intel.link.found"]);
    let IntelEvent::LinkFound(link) = &first[1] else { panic!("{first:?}") };
    assert!(link.said.contains("margins") && link.speaker == "Bo Chen", "{link:?}");
    assert!(link.words.contains(&"margin".to_owned()) && link.said_at.is_some(), "{link:?}");
    add_meeting(folder.path(), 1);
    read(folder.path(), &store, false);
    assert_eq!(names(&tell()), [""; 0], "scores have changed, links have not");
}

#[test]
fn of_a_large_mailbox_the_newest_are_told_and_the_rest_is_counted() {
    let folder = folders();
    let store = folder.path().join("s");
    let many = usize::try_from(TOLD_AT_ONCE).unwrap() + 30;
    (0..many).for_each(|number| add_mail(folder.path(), number));
    let report = read(folder.path(), &store, false);
    assert_eq!(report.stored, TOLD_AT_ONCE + 30);
    let news = Store::existing(&store).unwrap().news(Told::default()).unwrap();
    assert_eq!((news.events.len(), news.left_out), (many - 30, 30));
    let again = Told { mail: u64::MAX, link: u64::MAX };
    let news = Store::existing(&store).unwrap().news(again).unwrap();
    assert_eq!(news.events.len(), many - 30, "another store: its numbers begin anew");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn in_any_order_of_arrival_the_store_is_that_of_one_run_over_everything(
        order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in prop::collection::vec(any::<bool>(), 10),
        ways in prop::collection::vec(any::<bool>(), 11),
    ) {
        let folder = folders();
        let (bit_by_bit, at_once) = (folder.path().join("a"), folder.path().join("b"));
        for (at, arrival) in order.iter().enumerate() {
            match arrival.checked_sub(6) {
                None => add_mail(folder.path(), *arrival),
                Some(number) => add_meeting(folder.path(), number),
            }
            if cuts[at] || at == 9 {
                read(folder.path(), &bit_by_bit, ways[at]);
            }
        }
        read(folder.path(), &at_once, ways[10]);
        let expected = held(&at_once);
        prop_assert!(expected.iter().any(|line| line.contains("\"score\":")), "nothing is linked");
        prop_assert_eq!(held(&bit_by_bit), expected);
    }
}
