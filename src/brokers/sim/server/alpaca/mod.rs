//! Alpaca's wire protocol before the embedded market.

mod frames;
mod data_stream;
mod trading_stream;
