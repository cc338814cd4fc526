//! The dialogs that stand before everything that adds risk.
//!
//! A dialog pins what it is about, is deaf for a moment after it opened, and goes
//! from review to an answer without ever being stuck: Esc always leaves it and
//! never undoes what was sent. Keys are handled in [`update`](crate::ui::update).

use crate::domain::command::{Actor, Approve, Flatten, OperatorCommand, Reason, ResetBreaker};
use crate::domain::ids::Symbol;
use crate::ui::facts::{ApprovalFacts, Mode};
use crate::ui::state::{DEAD_TIME, Moment, Token};

/// What a dialog asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Send this order? As it was when the dialog opened.
    Approve(ApprovalFacts),
    /// Close this breaker by hand?
    Reset(String),
    /// Trade again?
    Resume,
    /// Close this position, or all of them?
    Flatten(Option<Symbol>),
    /// Leave while orders work?
    Quit,
}

impl Question {
    /// What is asked of the house when it is confirmed; leaving asks nothing of it.
    pub fn command(&self) -> Option<OperatorCommand> {
        let reason = || "confirmed at the screen".to_owned();
        Some(match self {
            Self::Approve(approval) => OperatorCommand::Approve(Approve {
                trade_id: approval.trade_id.clone(),
                by: Some(Actor::KEYS),
            }),
            Self::Reset(breaker) => OperatorCommand::ResetBreaker(ResetBreaker {
                breaker: breaker.clone(),
                reason: reason(),
                by: Some(Actor::KEYS),
            }),
            Self::Resume => {
                OperatorCommand::Resume(Reason { reason: reason(), by: Some(Actor::KEYS) })
            }
            Self::Flatten(symbol) => OperatorCommand::Flatten(Flatten {
                symbol: *symbol,
                reason: reason(),
                by: Some(Actor::KEYS),
            }),
            Self::Quit => return None,
        })
    }

    /// What it is about, in one line.
    pub fn title(&self) -> String {
        match self {
            Self::Approve(approval) => format!("Review {}", approval.title),
            Self::Reset(breaker) => format!("Reset breaker {breaker}"),
            Self::Resume => "Trade again".into(),
            Self::Flatten(None) => "Close every position at the market".into(),
            Self::Flatten(Some(symbol)) => format!("Close {symbol} at the market"),
            Self::Quit => "Leave the cockpit".into(),
        }
    }

    /// The word that must be typed to confirm, if a key is not enough.
    fn word(&self, mode: Mode) -> Option<String> {
        match self {
            Self::Approve(approval) => {
                let must_type = mode == Mode::Live || approval.caution.is_some();
                must_type.then(|| approval.word.clone())
            }
            Self::Reset(breaker) => Some(format!("RESET {breaker}")),
            Self::Resume => Some("RESUME".into()),
            Self::Flatten(None) => Some("FLATTEN".into()),
            Self::Flatten(Some(symbol)) => Some(format!("FLATTEN {symbol}")),
            Self::Quit => None,
        }
    }

    /// Tells whether risky keys must be armed as well.
    const fn needs_arming(&self, mode: Mode) -> bool {
        match self {
            Self::Approve(_) => matches!(mode, Mode::Live),
            Self::Reset(_) | Self::Resume | Self::Flatten(_) => true,
            Self::Quit => false,
        }
    }
}

/// How far a dialog has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It asks.
    Review,
    /// It was confirmed and waits for the house.
    Submitting(Token),
    /// The house carries it out.
    Accepted,
    /// The house refused, and why.
    Rejected(String),
    /// The house did not answer in time.
    Unknown,
}

/// An open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What it asks about.
    pub question: Question,
    /// How far it has come.
    pub stage: Stage,
    /// When it opened.
    pub opened: Moment,
    /// What must be typed, if a key is not enough.
    pub word: Option<String>,
    /// What is typed of it.
    pub typed: String,
    /// True when risky keys must be armed.
    pub needs_arming: bool,
}

impl Dialog {
    /// Opens a dialog.
    pub fn new(question: Question, mode: Mode, opened: Moment) -> Self {
        let word = question.word(mode);
        let needs_arming = question.needs_arming(mode);
        let typed = String::new();
        Self { question, stage: Stage::Review, opened, word, typed, needs_arming }
    }

    /// Tells whether keys are not yet listened to.
    pub fn is_deaf(&self, now: Moment) -> bool {
        now.since(self.opened) < DEAD_TIME
    }

    /// The token of the request that it waits for.
    pub const fn token(&self) -> Option<Token> {
        match self.stage {
            Stage::Submitting(token) => Some(token),
            Stage::Review | Stage::Accepted | Stage::Rejected(_) | Stage::Unknown => None,
        }
    }
}
