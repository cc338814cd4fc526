//! The invariants as pure functions of what the house believes and what the ledger holds.
//!
//! | invariant | file |
//! |---|---|
//! | I1, I3: what the exchange may take from us | `acceptance` |
//! | I2: no position stays bare | `naked` |
//! | I6, I11: what an order's machine may say | `machine` |
//! | I8: what must agree once everything has settled | `settled` |

mod acceptance;
mod machine;
mod naked;
mod settled;

pub(super) use acceptance::{Bounds, accepted};
pub(super) use machine::moved;
pub(super) use naked::{Harm, Naked};
pub(super) use settled::differences;
