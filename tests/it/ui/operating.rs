//! A human at the keys of a running screen, and a house that answers or does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::domain::command::OperatorCommand;
use flightdeck::ui::input::Input;
use flightdeck::ui::keymap::Chord;
use flightdeck::ui::runtime::{CommandSink, run};
use flightdeck::ui::state::{Answer, Token};
use flightdeck::ui::theme::Level;
use flightdeck::view::Publisher;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use ratatui::crossterm::event::Event as Terminal;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Glass, setup, waiting};
use crate::view::fold;

/// Keeps what is asked, and answers by a script.
#[derive(Clone)]
struct House {
    asked: Arc<Mutex<Vec<(Token, OperatorCommand)>>>,
    answer: Option<Answer>,
}

impl CommandSink for House {
    fn send(&self, token: Token, command: OperatorCommand) -> BoxFuture<'static, Answer> {
        self.asked.lock().unwrap().push((token, command));
        match self.answer.clone() {
            Some(answer) => async move { answer }.boxed(),
            None => std::future::pending().boxed(),
        }
    }
}

/// Presses keys half a second apart on a house with one trade that waits; returns
/// what was asked and what is seen in the end.
async fn operate(keys: &str, answer: Option<Answer>, then: Duration) -> (Vec<String>, String) {
    let publisher = Publisher::new(fold(&waiting().journal()));
    let (inputs, receiver) = mpsc::channel(64);
    let (glass, stop) = (Glass::default(), CancellationToken::new());
    let house = House { asked: Arc::default(), answer };
    let screen = run(
        setup(Level::Indexed),
        glass.surface(120, 40),
        receiver,
        publisher.viewer(),
        Arc::new(house.clone()),
        stop.clone(),
    );
    let hand = async {
        for key in keys.split(' ') {
            sleep(Duration::from_millis(500)).await;
            let event = key.parse::<Chord>().unwrap().event();
            inputs.send(Input::Terminal(Terminal::Key(event))).await.unwrap();
        }
        sleep(then).await;
        stop.cancel();
    };
    let (ending, ()) = tokio::join!(screen, hand);
    ending.unwrap();
    let asked = house.asked.lock().unwrap();
    let names = asked.iter().map(|(_, command)| {
        match command {
            OperatorCommand::Approve(_) => "approve",
            OperatorCommand::Reject(_) => "reject",
            OperatorCommand::Cancel(_) => "cancel",
            OperatorCommand::ResetBreaker(_) => "reset",
            OperatorCommand::Kill(_) => "kill",
            OperatorCommand::Reduce(_) => "reduce",
            OperatorCommand::Resume(_) => "resume",
            OperatorCommand::Flatten(_) => "flatten",
            OperatorCommand::Settle(_) => "settle",
            OperatorCommand::Acknowledge(_) => "acknowledge",
        }
        .to_owned()
    });
    (names.collect(), glass.seen(120, 40).screen().contents())
}

#[tokio::test(start_paused = true)]
async fn an_approval_goes_from_review_to_the_answer() {
    let soon = Duration::from_millis(50);
    let (asked, seen) = operate("a", Some(Answer::Accepted), soon).await;
    assert_eq!(asked, [""; 0]);
    assert!(seen.contains("Review BUY") && seen.contains("y send"), "{seen}");
    let (asked, seen) = operate("a y", Some(Answer::Accepted), soon).await;
    assert_eq!(asked, ["approve"]);
    assert!(seen.contains("accepted"), "{seen}");
    let why = Answer::Rejected("the market is closed".into());
    let (_, seen) = operate("a y", Some(why), soon).await;
    assert!(seen.contains("refused: the market is closed"), "{seen}");
    let (asked, seen) = operate("a enter enter", Some(Answer::Accepted), soon).await;
    assert_eq!(asked, [""; 0], "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_house_that_does_not_answer_leaves_no_dialog_stuck() {
    let (asked, seen) = operate("a y", None, Duration::from_secs(1)).await;
    assert_eq!(asked, ["approve"]);
    assert!(seen.contains("waiting for an answer"), "{seen}");
    let (_, seen) = operate("a y", None, Duration::from_secs(11)).await;
    assert!(seen.contains("no answer: look at the orders"), "{seen}");
    let (_, seen) = operate("a y esc", None, Duration::from_millis(50)).await;
    assert!(!seen.contains("waiting for an answer"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn the_kill_key_asks_for_a_halt_from_within_a_dialog() {
    let (asked, seen) = operate("a f12", Some(Answer::Accepted), Duration::from_millis(50)).await;
    assert_eq!(asked, ["kill"]);
    assert!(seen.contains("K I L L") && seen.contains("halt: recorded"), "{seen}");
    let (_, seen) = operate("ctrl-k", None, Duration::from_secs(11)).await;
    assert!(seen.contains("halt: NOT CONFIRMED"), "{seen}");
}
