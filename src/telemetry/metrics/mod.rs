//! What is counted and timed, by few names and fewer attributes.
//!
//! [`Metrics`] sees every event (what events say) and hears measures of the wall clock
//! (what no event can say, such as how long the journal took); both fill the same
//! instruments, which feed the collector and the page alike. Names are in [`names`], and
//! in `docs/observability.md` for those who build dashboards. No attribute ever holds an
//! order, a trade or a symbol: the library keeps every set of attributes for ever.

mod names;
mod readings;
mod fold;
mod instruments;
mod measures;

pub use instruments::Metrics;
pub(in crate::telemetry) use measures::Measures;
pub use names::{ALL, Named};
