//! Alpaca's JSON as it stands on the wire; nothing here leaves the folder.
//!
//! Every type holds only the fields that we read, unknown ones are ignored, and all
//! but the indispensable ones may be missing. What they mean is the business of
//! [`translate`](crate::brokers::alpaca::translate).

mod decimal;
mod order;

pub(crate) use decimal::DecimalText;
pub(crate) use order::WireOrder;
