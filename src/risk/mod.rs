//! Layer 1: permission. Every order of the house is judged here, and only here
//! is the token made without which no broker accepts one.
//!
//! A [`Question`] (an intent, a size, what is known of account and symbol) is put
//! to every rule of [`RULES`]; [`assess`] turns it into an [`ApprovedOrder`] or a
//! [`Denial`], both with the value and the limit of every rule.
//! [`assess_reduction`] does the same for exits and protection. Everything is a
//! pure function of what is handed in; amounts are exact decimals.
//!
//! Controls are named as in the list of controls, C01 to C16. Two of them live
//! elsewhere: C01, the single way out, is the type [`PermittedOrder`]; C09, the
//! throttle of messages per broker, is the budget of the breakers' folder.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

mod approved;
mod check;
mod conduct;
mod exposure;
mod limits;
mod open_risk;
mod question;
mod rules;
mod sizing;
mod strategy_guard;
#[cfg(test)]
mod tests;

pub use approved::ApprovedOrder;
pub use approved::NotPermitted;
pub use approved::PermittedOrder;
pub use approved::assess;
pub use approved::assess_reduction;
pub use check::Check;
pub use check::Denial;
pub use check::RuleName;
pub use check::Unit;
pub use conduct::Conduct;
pub use exposure::Reservation;
pub use exposure::Reservations;
pub use exposure::Standing;
pub use exposure::Totals;
pub use limits::LimitError;
pub use limits::Limits;
pub use open_risk::OpenRisk;
pub use open_risk::risk_to_stop;
pub use open_risk::worst_loss;
pub use question::AccountMode;
pub use question::AccountView;
pub use question::Borrow;
pub use question::EntryIntent;
pub use question::Identity;
pub use question::Question;
pub use question::ReductionIntent;
pub use question::ReductionQuestion;
pub use question::ReductionView;
pub use question::Reference;
pub use question::Suspicion;
pub use question::SymbolView;
pub use rules::Measure;
pub use rules::REDUCTION_RULES;
pub use rules::RULES;
pub use rules::ReductionRule;
pub use rules::Rule;
pub use sizing::Cap;
pub use sizing::CapName;
pub use sizing::SizeRecord;
pub use sizing::size;
pub use strategy_guard::DisabledReason;
pub use strategy_guard::StrategyGuard;
