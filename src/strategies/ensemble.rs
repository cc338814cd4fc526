//! The members of one symbol, asked together and judged. Knows nothing of
//! orders or events; the agent keeps one ensemble per symbol and publishes what
//! it decides.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::strategies::confidence::within;
use crate::strategies::{
    Action, BarInput, CATALOGUE, Cast, Decision, Entry, Outcome, Settings, Strategy, TradingSignal,
    Vote, Weight, judge,
};

/// The settings of [`Ensemble`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnsembleConfig {
    /// The least confidence that leads to an entry, 0 to 1.
    pub threshold: f64,
    /// Who votes, by name, each at most once; at least one.
    pub members: Vec<String>,
    /// How much a member's vote counts, 0.001 to 100; one where not named.
    pub weights: BTreeMap<String, f64>,
    /// The settings of the members, one table each.
    pub strategies: Settings,
}

impl Default for EnsembleConfig {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            members: CATALOGUE.iter().map(|entry| entry.name.into()).collect(),
            weights: BTreeMap::new(),
            strategies: Settings::default(),
        }
    }
}

impl EnsembleConfig {
    /// Checks every setting, those of strategies that do not vote too.
    ///
    /// # Errors
    /// The first key that is out of range, with its range.
    pub fn validate(&self) -> Result<(), String> {
        within("threshold", self.threshold, 0.0..=1.0)?;
        if self.members.is_empty() {
            return Err(format!("members is empty: name at least one of {}", known_names()));
        }
        for (at, name) in self.members.iter().enumerate() {
            entry_of(name)?;
            if self.members.iter().skip(at + 1).any(|other| other == name) {
                return Err(format!("members names {name} twice"));
            }
        }
        for (name, weight) in &self.weights {
            if !self.members.contains(name) {
                return Err(format!("weights.{name} is not one of members"));
            }
            Weight::new(*weight).map_err(|why| format!("weights.{name}: {why}"))?;
        }
        CATALOGUE.iter().try_for_each(|entry| (entry.validate)(&self.strategies))
    }

    fn weight_of(&self, member: &str) -> Result<Weight, String> {
        self.weights.get(member).map_or(Ok(Weight::ONE), |weight| Weight::new(*weight))
    }
}

fn known_names() -> String {
    CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

fn entry_of(name: &str) -> Result<&'static Entry, String> {
    let entry = CATALOGUE.iter().find(|entry| entry.name == name);
    entry.ok_or_else(|| format!("members: '{name}' is no strategy: use {}", known_names()))
}

/// A member that failed, and is left out until the ensemble is reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which member.
    pub member: String,
    /// What its panic said.
    pub message: String,
}

/// One member's part in a decision, as recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ballot {
    /// Whose it is.
    pub member: String,
    /// How much it counts.
    pub weight: Weight,
    /// What was voted; `None` from a member that had no opinion, was late, or
    /// was left out.
    pub vote: Option<Vote>,
    /// The numbers behind it, in one line.
    pub reasoning: String,
}

impl Ballot {
    /// Returns the vote as a signal for a symbol at a price, `None` when there
    /// is no vote.
    pub fn signal(&self, symbol: Symbol, price: Price) -> Option<TradingSignal> {
        let vote = self.vote?;
        Some(TradingSignal {
            action: vote.action(),
            symbol,
            price,
            confidence: vote.confidence(),
            strategy: self.member.clone(),
            reasoning: self.reasoning.clone(),
        })
    }

    /// Returns the ballot as the judge sees it.
    pub fn cast(&self) -> Cast<'_> {
        Cast { member: &self.member, weight: self.weight, vote: self.vote }
    }
}

/// A decision with everything that led to it, for events and the decision
/// record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The side that won; HOLD when none did.
    pub action: Action,
    /// The speaker's confidence times the consensus, 0 to 1.
    pub confidence: f64,
    /// The winning votes as a share of all BUY and SELL votes, 0 to 1.
    pub consensus: f64,
    /// Who speaks for the winning side.
    pub speaker: Option<String>,
    /// The share of the usual size that the most cautious member finds wise, 0
    /// to 1.
    pub size_scale: f64,
    /// How it came about; only [`Outcome::Entry`] may lead to an order.
    pub outcome: Outcome,
    /// Every ballot, in the order in which the judge heard them.
    pub ballots: Vec<Ballot>,
}

impl DecisionRecord {
    /// Joins a decision and the ballots that it was made of, in the same order.
    pub fn new(decision: &Decision, ballots: Vec<Ballot>) -> Self {
        let speaker = decision.speaker.and_then(|at| ballots.get(at));
        Self {
            action: decision.action,
            confidence: decision.confidence,
            consensus: decision.consensus,
            speaker: speaker.map(|ballot| ballot.member.clone()),
            size_scale: decision.size_scale,
            outcome: decision.outcome,
            ballots,
        }
    }
}

/// The members of one symbol.
#[derive(Debug)]
pub struct Ensemble {
    threshold: f64,
    members: Box<[Member]>,
}

#[derive(Debug)]
struct Member {
    /// Kept here so that the judge need not ask for it at every bar.
    name: &'static str,
    strategy: Box<dyn Strategy>,
    weight: Weight,
    vote: Option<Vote>,
    /// What its panic said, once it had one.
    fault: Option<Box<str>>,
}

/// How far the asking came at one bar.
#[derive(Debug, Default)]
struct Round {
    asked: usize,
    /// Whether anybody voted BUY or SELL.
    has_action: bool,
}

impl Ensemble {
    /// Makes the ensemble of one symbol.
    ///
    /// # Errors
    /// When a setting is out of range, see [`EnsembleConfig::validate`].
    pub fn new(config: &EnsembleConfig) -> Result<Self, String> {
        config.validate()?;
        let member = |name: &String| {
            let strategy = (entry_of(name)?.build)(&config.strategies);
            Ok((strategy, config.weight_of(name)?))
        };
        let members = config.members.iter().map(member).collect::<Result<_, String>>()?;
        Ok(Self::of(config.threshold, members))
    }

    fn of(threshold: f64, members: Vec<(Box<dyn Strategy>, Weight)>) -> Self {
        let member = |(strategy, weight): (Box<dyn Strategy>, Weight)| Member {
            name: strategy.name(),
            strategy,
            weight,
            vote: None,
            fault: None,
        };
        Self { threshold, members: members.into_iter().map(member).collect() }
    }

    /// Asks every member about one bar and judges their votes.
    ///
    /// A bar that is not usable is shown to nobody. A member that panics is left
    /// out of this and every later decision until [`Ensemble::reset`]; the
    /// decision says so once.
    pub fn on_bar(&mut self, bar: &BarInput) -> Decision {
        if !bar.is_usable() {
            for member in &mut self.members {
                member.vote = None;
            }
            return Decision::none(Outcome::UnusableBar);
        }
        let mut round = Round::default();
        let mut has_new_fault = false;
        // One catch for all members, entered again only after a panic: catching
        // each by itself would cost as much as a member's own arithmetic.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.ask(bar, &mut round))) {
            if let Some(member) = self.members.get_mut(round.asked) {
                member.vote = None;
                member.fault = Some(message_of(&*panic).into());
            }
            round.asked += 1;
            has_new_fault = true;
        }
        // At most bars nobody acts, and there is nothing to weigh.
        if !round.has_action {
            return Decision { has_new_fault, ..Decision::none(Outcome::NoVotes) };
        }
        let decision = judge(self.threshold, self.casts());
        let size_scale = if decision.speaker.is_some() { self.size_scale() } else { 1.0 };
        Decision { size_scale, has_new_fault, ..decision }
    }

    /// Asks the members that this round has not asked yet.
    #[inline]
    fn ask(&mut self, bar: &BarInput, round: &mut Round) {
        for member in self.members.iter_mut().skip(round.asked) {
            member.vote = match member.fault {
                None => member.strategy.on_bar(bar),
                Some(_) => None,
            };
            round.has_action |= member.vote.is_some_and(|vote| vote.action() != Action::Hold);
            round.asked += 1;
        }
    }

    /// Returns the newest votes as the judge saw them, so that an agent can add
    /// those of external members and [`judge()`] anew.
    pub fn casts(&self) -> impl Iterator<Item = Cast<'_>> {
        self.members.iter().map(|member| Cast {
            member: member.name,
            weight: member.weight,
            vote: member.vote,
        })
    }

    /// Returns the newest votes with their reasons, in the members' order. Made
    /// only when somebody wants to read them.
    pub fn ballots(&self) -> Vec<Ballot> {
        let ballot = |member: &Member| Ballot {
            member: member.name.into(),
            weight: member.weight,
            vote: member.vote,
            reasoning: match &member.fault {
                Some(message) => format!("left out: {message}"),
                None => member.strategy.reasoning(),
            },
        };
        self.members.iter().map(ballot).collect()
    }

    /// Returns the smallest share of the usual size that any member finds wise.
    pub fn size_scale(&self) -> f64 {
        let sound = self.members.iter().filter(|member| member.fault.is_none());
        sound.map(|member| member.strategy.size_scale()).fold(1.0, f64::min).max(0.0)
    }

    /// Returns the members that are left out, with what their panics said.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.members.iter().filter_map(|member| {
            let message = member.fault.as_deref()?;
            Some(Fault { member: member.name.into(), message: message.into() })
        })
    }

    /// Takes a split into account, see [`Strategy::rescale`].
    pub fn rescale(&mut self, factor: f64) {
        for member in self.members.iter_mut().filter(|member| member.fault.is_none()) {
            member.strategy.rescale(factor);
        }
    }

    /// Lets every member forget everything, and those that were left out take
    /// part again.
    pub fn reset(&mut self) {
        for member in &mut self.members {
            member.strategy.reset();
            member.vote = None;
            member.fault = None;
        }
    }
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: BarInput = BarInput { open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };

    /// A member that says what it is told to, and fails at a bar.
    #[derive(Debug)]
    struct Scripted {
        name: &'static str,
        vote: Option<Vote>,
        fails_at: Option<u32>,
        size_scale: f64,
        bars: u32,
    }

    impl Scripted {
        fn new(name: &'static str, action: Action, confidence: f64) -> Self {
            let vote = Some(Vote::new(action, confidence).unwrap());
            Self { name, vote, fails_at: None, size_scale: 1.0, bars: 0 }
        }
    }

    impl Strategy for Scripted {
        fn name(&self) -> &'static str {
            self.name
        }
        fn on_bar(&mut self, _: &BarInput) -> Option<Vote> {
            self.bars += 1;
            assert!(self.fails_at != Some(self.bars), "{} stumbled", self.name);
            self.vote
        }
        fn reasoning(&self) -> String {
            format!("bar {}", self.bars)
        }
        fn reset(&mut self) {
            self.bars = 0;
        }
        fn rescale(&mut self, _: f64) {}
        fn size_scale(&self) -> f64 {
            self.size_scale
        }
    }

    fn ensemble(members: impl IntoIterator<Item = Scripted>) -> Ensemble {
        let boxed = |member| (Box::new(member) as Box<dyn Strategy>, Weight::ONE);
        Ensemble::of(0.5, members.into_iter().map(boxed).collect())
    }

    #[test]
    fn a_member_that_panics_is_left_out_until_reset_and_the_others_go_on() {
        let mut ensemble = ensemble([
            Scripted::new("a", Action::Buy, 0.8),
            Scripted { fails_at: Some(2), ..Scripted::new("b", Action::Sell, 0.9) },
            Scripted::new("c", Action::Buy, 0.7),
        ]);
        let outcome = |decision: Decision| (decision.has_new_fault, decision.consensus);
        assert!((outcome(ensemble.on_bar(&BAR)).1 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(outcome(ensemble.on_bar(&BAR)), (true, 1.0));
        assert_eq!(outcome(ensemble.on_bar(&BAR)), (false, 1.0));
        let faults: Vec<Fault> = ensemble.faults().collect();
        assert_eq!(faults, [Fault { member: "b".into(), message: "b stumbled".into() }]);
        let ballots = ensemble.ballots();
        assert_eq!((ballots[1].vote, &*ballots[1].reasoning), (None, "left out: b stumbled"));
        assert_eq!((ballots[2].vote.is_some(), &*ballots[2].reasoning), (true, "bar 3"));
        ensemble.reset();
        assert_eq!(ensemble.faults().count(), 0);
        assert!(ensemble.on_bar(&BAR).consensus < 1.0);
    }

    #[test]
    fn all_members_may_fail_at_once() {
        let failing =
            |name| Scripted { fails_at: Some(1), ..Scripted::new(name, Action::Buy, 1.0) };
        let mut ensemble = ensemble([failing("a"), failing("b")]);
        let decision = ensemble.on_bar(&BAR);
        assert_eq!((decision.outcome, decision.has_new_fault), (Outcome::NoVotes, true));
        assert_eq!(ensemble.faults().count(), 2);
    }

    #[test]
    fn an_unusable_bar_is_shown_to_nobody() {
        let mut ensemble = ensemble([Scripted::new("a", Action::Buy, 0.8)]);
        ensemble.on_bar(&BAR);
        let decision = ensemble.on_bar(&BarInput { close: f64::NAN, ..BAR });
        assert_eq!(decision, Decision::none(Outcome::UnusableBar));
        let ballot = ensemble.ballots().remove(0);
        assert_eq!((ballot.vote, &*ballot.reasoning), (None, "bar 1"));
    }

    #[test]
    fn the_most_cautious_member_scales_the_size() {
        let mut ensemble = ensemble([
            Scripted::new("a", Action::Buy, 0.8),
            Scripted { size_scale: 0.6, ..Scripted::new("b", Action::Hold, 0.0) },
        ]);
        assert!((ensemble.on_bar(&BAR).size_scale - 0.6).abs() < 1e-12);
    }

    #[test]
    fn a_record_names_the_speaker_and_reads_back_as_written() {
        let mut ensemble = ensemble([
            Scripted::new("a", Action::Buy, 0.75),
            Scripted::new("b", Action::Buy, 0.5),
            Scripted::new("c", Action::Sell, 1.0),
        ]);
        let decision = ensemble.on_bar(&BAR);
        let record = DecisionRecord::new(&decision, ensemble.ballots());
        assert_eq!(record.speaker.as_deref(), Some("a"));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<DecisionRecord>(&text).unwrap(), record);
        let (symbol, price) = (Symbol::new("AAPL").unwrap(), Price::from_cents(17_550).unwrap());
        let signal = record.ballots[0].signal(symbol, price).unwrap();
        assert_eq!((signal.action, &*signal.strategy), (Action::Buy, "a"));
        let again = judge(0.5, record.ballots.iter().map(Ballot::cast));
        assert_eq!(Decision { size_scale: 1.0, ..decision }, again);
    }

    #[track_caller]
    fn check_refused(config: &str, expected: &str) {
        let config: EnsembleConfig = toml::from_str(config).unwrap();
        let message = config.validate().expect_err("should be refused");
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn a_wrong_setting_is_refused_by_name() {
        check_refused("threshold = 1.5", "threshold = 1.5 is out of range: use 0 to 1");
        check_refused("members = []", "members is empty");
        check_refused("members = ['trend']", "'trend' is no strategy: use trend_following, ");
        check_refused("members = ['momentum', 'momentum']", "members names momentum twice");
        check_refused("weights = { momentum = 0.0 }", "weights.momentum: weight 0");
        check_refused("weights = { trend = 1.0 }", "weights.trend is not one of members");
        check_refused("[strategies.momentum]\nchange_period = 0", "momentum.change_period = 0");
    }

    #[test]
    fn the_default_settings_make_an_ensemble_of_every_strategy() {
        let config: EnsembleConfig = toml::from_str("").unwrap();
        assert_eq!(config, EnsembleConfig::default());
        let ensemble = Ensemble::new(&config).unwrap();
        let names: Vec<&str> = ensemble.casts().map(|cast| cast.member).collect();
        assert_eq!(names, CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>());
    }
}
