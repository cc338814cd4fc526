//! What the ledger of the exchange alone proves or disproves: no house is known here.
//!
//! Each judge is a fold over what the exchange reports, or a look at its ledger; the
//! names I2, I5 and I12 are those of the faults page §4. What needs the house's own
//! words beside the ledger is judged by whoever drives the simulation.
//!
//! | invariant | file |
//! |---|---|
//! | I2: how many shares no live exit covers | `cover` |
//! | I5: cash and positions follow from the fills, to the last unit | `books` |
//! | I12: requests in any sixty seconds | `requests` |

mod books;
mod cover;
mod requests;

pub use books::Books;
pub use cover::uncovered;
pub use requests::Requests;
