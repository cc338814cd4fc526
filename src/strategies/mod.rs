//! Layer 1: opinions about one symbol, and the judge who makes a decision of
//! them.
//!
//! A [`Strategy`] is fed the bars of one symbol and answers each with a
//! [`Vote`]; [`judge()`] weighs votes; an [`Ensemble`] holds the members of one
//! symbol and asks both. Nothing here knows of orders, accounts or events: a
//! decision is a wish that risk may refuse.
//!
//! To add a strategy: one file here, one line in the catalogue below. Its
//! settings, its name in the panel and its place among the members follow.

mod confidence;
mod opinion;

mod mean_reversion;
mod momentum;
mod trend_following;
mod volatility;

mod ensemble;
mod judge;
mod caution;

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

pub use caution::{Caution, CautionConfig, Finding, Worries};
pub use ensemble::{Ballot, DecisionRecord, Ensemble, EnsembleConfig, Fault};
pub use judge::{Cast, Decision, Outcome, Weight, judge};
pub use mean_reversion::{MeanReversion, MeanReversionConfig};
pub use momentum::{Momentum, MomentumConfig};
pub use opinion::{Action, BarInput, TradingSignal, Vote, VoteError};
pub use trend_following::{TrendFollowing, TrendFollowingConfig};
pub use volatility::{Volatility, VolatilityConfig};

/// One member of the ensemble: what it has learnt of one symbol, and its
/// opinion of the newest bar.
pub trait Strategy: Send + Debug {
    /// Returns the name in configuration, events and panels.
    fn name(&self) -> &'static str;

    /// Takes in one bar and votes; `None` while it has seen too little to have
    /// an opinion. The caller has checked [`BarInput::is_usable`].
    fn on_bar(&mut self, bar: &BarInput) -> Option<Vote>;

    /// Explains the newest vote by the numbers behind it, in one line. Made only
    /// when somebody wants to read it.
    fn reasoning(&self) -> String;

    /// Forgets everything.
    fn reset(&mut self);

    /// Takes a split into account: prices seen so far are multiplied by
    /// `factor` (0.25 for four new shares for one), volumes divided by it.
    fn rescale(&mut self, factor: f64);

    /// Returns the share of the usual size that it finds wise, 0 to 1.
    fn size_scale(&self) -> f64 {
        1.0
    }
}

/// One line of [`CATALOGUE`]: how a member is known, checked and made.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name in configuration, events and panels.
    pub name: &'static str,
    /// What it looks for, in one sentence.
    pub about: &'static str,
    /// Checks its part of the settings; the message names key and range.
    pub validate: fn(&Settings) -> Result<(), String>,
    /// Makes one for a symbol, from settings that passed the check.
    pub build: fn(&Settings) -> Box<dyn Strategy>,
}

/// Makes [`Settings`] and [`CATALOGUE`] of the same lines, so that neither can
/// know a strategy that the other does not.
macro_rules! catalogue {
    ($($name:ident, $strategy:ty, $config:ty, $about:literal;)+) => {
        /// The settings of every strategy, one table each.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            $(#[doc = $about] pub $name: $config,)+
        }

        /// Every strategy there is, in the order in which they are asked.
        pub const CATALOGUE: &[Entry] = &[$(Entry {
            name: stringify!($name),
            about: $about,
            validate: |settings| settings.$name.validate(),
            build: |settings| Box::new(<$strategy>::new(settings.$name)),
        },)+];
    };
}

catalogue! {
    trend_following, TrendFollowing, TrendFollowingConfig,
        "Buys above the moving average while strength is healthy and volume confirms.";
    mean_reversion, MeanReversion, MeanReversionConfig,
        "Buys far below and sells far above the usual range, expecting a return.";
    momentum, Momentum, MomentumConfig,
        "Buys a fast rise that breaks the recent high on volume.";
    volatility, Volatility, VolatilityConfig,
        "Buys a move out of the volatility channel and shrinks size in wild markets.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_is_built_under_its_own_name_and_by_default_valid() {
        let settings = Settings::default();
        for entry in CATALOGUE {
            assert_eq!((entry.build)(&settings).name(), entry.name);
            assert_eq!((entry.validate)(&settings), Ok(()), "{}", entry.name);
        }
    }

    #[test]
    fn a_key_that_no_strategy_knows_is_refused() {
        for text in ["[trend_folowing]", "[momentum]\nperiod_ema = 3"] {
            assert!(toml::from_str::<Settings>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_strategy_is_silent_at_first_speaks_later_and_forgets_on_reset() {
        let bar = |at: u32| {
            let close = 100.0 + f64::from(at % 7);
            BarInput { open: close, high: close + 1.0, low: close - 1.0, close, volume: 1e3 }
        };
        for entry in CATALOGUE {
            let mut strategy = (entry.build)(&Settings::default());
            assert_eq!(strategy.on_bar(&bar(0)), None, "{}", entry.name);
            assert_eq!(strategy.reasoning(), "warming up", "{}", entry.name);
            let last = (1..200).map(|at| strategy.on_bar(&bar(at))).last().flatten();
            assert!(last.is_some(), "{}", entry.name);
            assert_ne!(strategy.reasoning(), "warming up", "{}", entry.name);
            strategy.reset();
            assert_eq!(strategy.on_bar(&bar(0)), None, "{}", entry.name);
        }
    }

    #[test]
    fn a_split_between_two_bars_changes_no_vote() {
        let bar = |at: u32, factor: f64| {
            let wave = f64::from(at * 37 % 23) - 11.0 + f64::from(at % 50) * 0.6;
            let close = (100.0 + wave) * factor;
            let volume = f64::from(1_000 + at * 7_919 % 4_000) / factor;
            BarInput { open: close, high: close + factor, low: close - factor, close, volume }
        };
        for entry in CATALOGUE {
            let (mut plain, mut split) =
                ((entry.build)(&Settings::default()), (entry.build)(&Settings::default()));
            let mut factor = 1.0;
            for at in 0..600 {
                if at % 100 == 99 {
                    factor *= 0.5;
                    split.rescale(0.5);
                }
                let votes = (plain.on_bar(&bar(at, 1.0)), split.on_bar(&bar(at, factor)));
                assert_eq!(votes.0, votes.1, "{} at {at}", entry.name);
                assert_eq!(
                    plain.size_scale().to_bits(),
                    split.size_scale().to_bits(),
                    "{} at {at}",
                    entry.name
                );
            }
        }
    }
}
