//! What no sequence of messages can do.

use std::time::Duration;

use proptest::prelude::*;

use super::{Desk, told};
use crate::domain::command::OperatorCommand;
use crate::ui::dialog::{Question, Stage};
use crate::ui::facts::Mode;
use crate::ui::keymap::Chord;
use crate::ui::state::{Answer, App, DEAD_TIME, Moment, Overlay, Token};
use crate::ui::update::{Cmd, Msg};

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str, bool),
    Type(&'static str),
    Wait(u64),
    Paste(&'static str),
    Focus(bool),
    Trip(bool),
    Expire,
    Renew,
    Answer(u64, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let keys = prop::sample::select(vec![
        "a",
        "y",
        "x",
        "!",
        "r",
        "c",
        "p",
        "q",
        "enter",
        "esc",
        "tab",
        ":",
        "/",
        "?",
        "1",
        "3",
        "8",
        "space",
        "down",
        "j",
        "backspace",
        "R",
        "E",
        "N",
        "V",
        "D",
        "A",
        "5",
        "0",
        "F",
    ]);
    let words = prop::sample::select(vec![
        "NVDA 50",
        "^^!a~NVDA 50",
        "^^!r~RESET alpaca.orders",
        "^^!:resume\n~RESUME",
        "^^!:flatten\n~FLATTEN",
        "NVDA 5",
        "RESET alpaca.orders",
        "RESUME",
        "FLATTEN",
        "FLATTEN AAPL",
        ":resume",
        ":flatten",
        ":flatten AAPL",
        ":reset alpaca.orders",
        ":cancel all",
        "yyy",
    ]);
    let step = prop_oneof![
        8 => (keys, prop::bool::weighted(0.1)).prop_map(|(key, held)| Step::Key(key, held)),
        4 => words.clone().prop_map(Step::Type),
        3 => prop::sample::select(vec![10, 299, 300, 1_000, 20_000]).prop_map(Step::Wait),
        1 => words.prop_map(Step::Paste),
        1 => any::<bool>().prop_map(Step::Focus),
        1 => any::<bool>().prop_map(Step::Trip),
        1 => Just(Step::Expire),
        1 => Just(Step::Renew),
        1 => (1_u64..6, any::<bool>()).prop_map(|(token, ok)| Step::Answer(token, ok)),
    ];
    prop::collection::vec(step, 0..40)
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Sim, Mode::Paper, Mode::Live])
}

/// The message of a step; a word is many.
fn messages(step: &Step, desk: &Desk) -> Vec<Msg> {
    let key = |text: &str, is_repeat| Msg::Key { chord: text.parse().unwrap(), is_repeat };
    let letter = |letter: char| {
        let text = match letter {
            ' ' => "space".to_owned(),
            '\n' => "enter".to_owned(),
            '^' => "esc".to_owned(),
            letter => letter.to_string(),
        };
        key(&text, false)
    };
    let facts = |change: &dyn Fn(&mut crate::ui::facts::Facts)| {
        let mut facts = (*desk.app.facts).clone();
        change(&mut facts);
        vec![Msg::Facts(facts.into())]
    };
    match step {
        Step::Key(text, held) => vec![key(text, *held)],
        // A tilde waits until a dialog listens.
        Step::Type(text) => text
            .chars()
            .chain(text.starts_with(':').then_some('\n'))
            .flat_map(|at| if at == '~' { vec![Msg::Tick; 16] } else { vec![letter(at)] })
            .collect(),
        Step::Wait(_) => vec![Msg::Tick],
        Step::Paste(text) => vec![Msg::Paste((*text).into())],
        Step::Focus(true) => vec![Msg::FocusGained],
        Step::Focus(false) => vec![Msg::FocusLost],
        Step::Trip(is_tripped) => facts(&|facts| facts.breakers[0].is_tripped = *is_tripped),
        Step::Expire => facts(&|facts| facts.at = facts.approvals[0].deadline),
        Step::Renew => facts(&|facts| facts.at = super::facts(Mode::Sim).at),
        Step::Answer(token, true) => vec![Msg::Answered(Token(*token), Answer::Accepted)],
        Step::Answer(token, false) => vec![Msg::Answered(Token(*token), Answer::Unknown)],
    }
}

/// Everything that must have been true before a key may add risk. Written against
/// the state before the key, so that it shares nothing with the rules under test.
fn may_add_risk(before: &App, now: Moment, message: &Msg, command: &OperatorCommand) {
    let Msg::Key { chord, is_repeat: false } = message else {
        panic!("only a fresh key confirms, not {message:?}")
    };
    assert_ne!(*chord, "enter".parse::<Chord>().unwrap(), "Enter never confirms");
    let dialog = before.dialog.as_ref().expect("nothing adds risk without a dialog");
    assert_eq!(dialog.stage, Stage::Review, "sent once");
    assert!(now.since(dialog.opened) >= DEAD_TIME, "deaf");
    assert_eq!(dialog.question.command().as_ref(), Some(command), "what was reviewed is sent");
    let is_armed = before.armed_until.is_some_and(|until| until > now);
    let typed = chord.letter().map(|letter| format!("{}{letter}", dialog.typed));
    match (&dialog.question, before.facts.mode) {
        (Question::Approve(pinned), Mode::Live) => {
            assert!(is_armed, "real money is armed");
            assert_eq!(typed.as_deref(), Some(&*pinned.word), "real money is typed");
        }
        (Question::Approve(_), Mode::Sim | Mode::Paper) => {
            assert_eq!(*chord, "y".parse::<Chord>().unwrap());
        }
        (Question::Reset(name), _) => {
            assert!(is_armed);
            assert_eq!(typed, Some(format!("RESET {name}")));
        }
        (Question::Resume, _) => {
            assert!(is_armed);
            assert_eq!(typed.as_deref(), Some("RESUME"));
        }
        (Question::Flatten(symbol), _) => {
            assert!(is_armed);
            let word = symbol.map_or("FLATTEN".into(), |symbol| format!("FLATTEN {symbol}"));
            assert_eq!(typed, Some(word));
        }
        (Question::Quit, _) => panic!("leaving asks nothing of the house"),
    }
}

fn play(desk: &mut Desk, steps: &[Step], mut see: impl FnMut(&App, &Desk, &Msg, &[Cmd])) {
    for step in steps {
        if let Step::Wait(milliseconds) = step {
            desk.now = desk.now.plus(Duration::from_millis(*milliseconds));
        }
        for message in messages(step, desk) {
            desk.now = desk.now.plus(Duration::from_millis(20));
            let before = desk.app.clone();
            let commands = desk.send(message.clone());
            see(&before, desk, &message, &commands);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_adds_risk_without_review_and_confirmation(mode in mode(), steps in steps()) {
        let mut desk = Desk::new(mode);
        let mut tokens = Vec::new();
        play(&mut desk, &steps, |before, after, message, commands| {
            for command in commands {
                if let Cmd::Operator(token, asked) = command {
                    assert!(!tokens.contains(token), "a token is used once");
                    tokens.push(*token);
                    match asked {
                        OperatorCommand::Approve(_)
                        | OperatorCommand::Settle(_)
                        | OperatorCommand::Acknowledge(_)
                        | OperatorCommand::ResetBreaker(_)
                        | OperatorCommand::Resume(_)
                        | OperatorCommand::Flatten(_) => {
                            may_add_risk(before, after.now, message, asked);
                        }
                        OperatorCommand::Reject(_)
                        | OperatorCommand::Cancel(_)
                        | OperatorCommand::Kill(_)
                        | OperatorCommand::Reduce(_) => {}
                    }
                }
            }
        });
    }

    #[test]
    fn the_kill_key_works_from_every_state(
        mode in mode(),
        steps in steps(),
        key in prop::sample::select(vec!["ctrl-k", "ctrl-\\", "ctrl-4", "f12"]),
        is_repeat in any::<bool>(),
    ) {
        let mut desk = Desk::new(mode);
        play(&mut desk, &steps, |_, _, _, _| {});
        let commands = desk.send(Msg::Key { chord: key.parse().unwrap(), is_repeat });
        prop_assert_eq!(told(&commands), ["KILL"]);
        prop_assert!(matches!(desk.app.overlay, Some(Overlay::Kill(_))));
        prop_assert!(desk.app.dialog.is_none() && desk.app.entry.is_none());
        prop_assert!(desk.app.armed_until.is_none());
    }

    #[test]
    fn the_screen_stays_small_and_wakes_in_the_future(mode in mode(), steps in steps()) {
        let mut desk = Desk::new(mode);
        play(&mut desk, &steps, |_, after, _, _| {
            let app = &after.app;
            assert!(app.toasts.len() <= 5 && app.pending.len() <= 64);
            assert!(app.next_wake().is_none_or(|wake| wake > after.now));
            assert!(app.tab.panes().contains(&app.focus));
        });
    }
}

/// The property must be able to fail: the sequences do reach every confirmation.
#[test]
fn the_sequences_reach_what_they_are_to_guard() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let mode = mode().new_tree(&mut runner).unwrap().current();
        let steps = steps().new_tree(&mut runner).unwrap().current();
        play(&mut Desk::new(mode), &steps, |before, _, _, commands| {
            for name in told(commands) {
                let name = name.split(' ').next().unwrap_or_default().to_owned();
                seen.insert(format!("{:?} {name}", before.facts.mode));
            }
        });
    }
    for wanted in ["Live approve", "Paper approve", "Paper reset", "Live resume", "Live flatten"] {
        assert!(seen.contains(wanted), "{wanted} is never reached: {seen:?}");
    }
}
