//! What stands between this machine and a run: the deployment checklist as checks.
//!
//! Each check is a small function of what it is told, changes nothing, and says what
//! would help. [`place`] looks at this machine, [`account`] at settings, keys and tokens,
//! [`remote`] at what must answer. It knows nothing of how the checks are shown.

pub mod account;
mod check;
pub mod place;
pub mod remote;

pub use check::{Check, Verdict, report};
