//! What drawing may cost: frames per second under load, none without news.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::domain::command::OperatorCommand;
use flightdeck::domain::ids::{AgentId, Seq, Symbol};
use flightdeck::domain::market::Quote;
use flightdeck::domain::money::Price;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, MarketEvent};
use flightdeck::ui::input::Input;
use flightdeck::ui::keymap::Chord;
use flightdeck::ui::runtime::{CommandSink, Ending, run};
use flightdeck::ui::state::{Answer, Token};
use flightdeck::ui::theme::Level;
use flightdeck::view::{Projector, Publisher};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use ratatui::crossterm::event::Event as Terminal;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Glass, setup};

/// Nobody asks for anything here.
struct Deaf;

impl CommandSink for Deaf {
    fn send(&self, _: Token, _: OperatorCommand) -> BoxFuture<'static, Answer> {
        async { Answer::Accepted }.boxed()
    }
}

fn quote(seq: u64) -> Envelope {
    let cents = 10_000 + i64::try_from(seq % 100).unwrap();
    let symbol = Symbol::new(["AAPL", "NVDA", "MSFT"][usize::try_from(seq % 3).unwrap()]).unwrap();
    let at = Timestamp::from_seconds(1_761_661_800);
    let price = |cents| Price::from_cents(cents).unwrap();
    Envelope {
        seq: Seq(seq),
        at,
        cause: None,
        root: Seq(seq),
        source: AgentId::MarketData,
        event: Event::Market(MarketEvent::Quote(Quote {
            symbol,
            bid: price(cents),
            ask: price(cents + 1),
            bid_size: 100,
            ask_size: 100,
            at,
        })),
    }
}

/// Runs a screen beside a script, and returns how many frames were drawn after the
/// first.
async fn frames(
    script: impl AsyncFnOnce(&Publisher, &mpsc::Sender<Input>, &Glass),
) -> (usize, Ending) {
    let publisher = Publisher::new(Projector::new(&crate::view::setup()));
    let (inputs, receiver) = mpsc::channel(64);
    let glass = Glass::default();
    let stop = CancellationToken::new();
    let surface = glass.surface(120, 40);
    let screen = run(
        setup(Level::TrueColour),
        surface,
        receiver,
        publisher.viewer(),
        Arc::new(Deaf),
        stop.clone(),
    );
    let script = async {
        // The screen comes first: it draws its first frame before anything happens.
        sleep(Duration::from_millis(100)).await;
        let first = glass.frames();
        assert_eq!(first, 1);
        script(&publisher, &inputs, &glass).await;
        stop.cancel();
        first
    };
    let (ending, first) = tokio::join!(screen, script);
    (glass.frames() - first, ending.unwrap())
}

#[tokio::test(start_paused = true)]
async fn ten_idle_seconds_draw_nothing() {
    let (drawn, ending) = frames(async |_, _, _| sleep(Duration::from_secs(10)).await).await;
    assert_eq!((drawn, ending), (0, Ending::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_events_a_second_draw_at_most_31_frames_and_the_last_is_seen() {
    let (drawn, _) = frames(async |publisher, _, glass| {
        let mut seq = 0;
        for _ in 0..1_000 {
            for _ in 0..100 {
                seq += 1;
                publisher.see(&quote(seq));
            }
            sleep(Duration::from_millis(1)).await;
        }
        let during = glass.frames();
        sleep(Duration::from_millis(100)).await;
        assert!(glass.frames() - during <= 1, "one more frame for the last of them");
        let shown = glass.seen(120, 40).screen().contents();
        assert!(shown.contains("×100000") || shown.contains("100,000"), "{shown}");
    })
    .await;
    assert!((25..=32).contains(&drawn), "{drawn} frames");
}

#[tokio::test(start_paused = true)]
async fn a_key_draws_at_once_and_a_storm_of_keys_is_paced() {
    let key = |text: &str| Input::Terminal(Terminal::Key(text.parse::<Chord>().unwrap().event()));
    frames(async |_, inputs, glass| {
        inputs.send(key("?")).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(glass.frames(), 2, "within a millisecond");
        // A held key: a thousand a second for one second.
        for _ in 0..1_000 {
            inputs.send(key("j")).await.unwrap();
            sleep(Duration::from_millis(1)).await;
        }
        let drawn = glass.frames() - 2;
        assert!((28..=31).contains(&drawn), "{drawn} frames");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_events_and_ten_keys_a_second_draw_at_most_31_frames_a_second() {
    let key = Input::Terminal(Terminal::Key("j".parse::<Chord>().unwrap().event()));
    frames(async |publisher, inputs, glass| {
        let (mut seq, mut seen, mut slowest) = (0, Vec::new(), 0);
        let mut pressed: Option<(usize, usize)> = None;
        for millisecond in 0..4_000_usize {
            for _ in 0..100 {
                seq += 1;
                publisher.see(&quote(seq));
            }
            if millisecond % 101 == 41 {
                inputs.send(key.clone()).await.unwrap();
                pressed = Some((millisecond, glass.frames()));
            }
            sleep(Duration::from_millis(1)).await;
            seen.push(glass.frames());
            if let Some((since, _)) = pressed.filter(|(_, before)| glass.frames() > *before) {
                slowest = slowest.max(millisecond - since);
                pressed = None;
            }
        }
        let most = seen.windows(1_001).map(|second| second[1_000] - second[0]).max().unwrap();
        assert!((28..=31).contains(&most), "{most} frames in a second");
        assert!(slowest <= 34, "a key waited {slowest} ms");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn armed_keys_count_down_once_a_second_and_then_nothing_is_drawn() {
    let key = Input::Terminal(Terminal::Key("!".parse::<Chord>().unwrap().event()));
    frames(async |_, inputs, glass| {
        inputs.send(key).await.unwrap();
        sleep(Duration::from_millis(10_500)).await;
        let drawn = glass.frames() - 1;
        assert!((11..=12).contains(&drawn), "{drawn} frames");
        // Time is up after a minute, and its message goes six seconds later.
        sleep(Duration::from_mins(1)).await;
        let before = glass.frames();
        sleep(Duration::from_mins(1)).await;
        assert_eq!(glass.frames(), before);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_is_held_still_is_drawn_seldom() {
    let key = Input::Terminal(Terminal::Key("space".parse::<Chord>().unwrap().event()));
    let (drawn, _) = frames(async |publisher, inputs, _| {
        inputs.send(key).await.unwrap();
        for seq in 1..=1_000 {
            publisher.see(&quote(seq));
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(drawn <= 6, "{drawn} frames");
}

#[tokio::test(start_paused = true)]
async fn a_lost_terminal_and_a_closed_input_end_the_screen() {
    let (_, ending) = frames(async |_, inputs, _| {
        inputs.send(Input::Lost).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    })
    .await;
    assert_eq!(ending, Ending::TerminalLost);
}
