//! Orders, fills, positions, cash and trades as they follow from the events.
//!
//! [`Projector`] folds events into changes and writes them in the transaction of
//! the batch; changes of one order or trade within a batch become one row. It
//! decides nothing: a second execution of the same name, or more filled than was
//! ordered, is refused by the tables, and then the run ends.

mod cash;
mod fold;
mod rows;

pub(in crate::journal) use cash::Cash;
pub(in crate::journal) use fold::Projector;
