//! The stocks that the simulated broker lists: name and home of each.
//!
//! Their prices begin with those of the market's own table; the names are those of
//! the real companies, everything else is invented.

use crate::brokers::sim::market::{Listing, MarketSetup};
use crate::domain::ids::Symbol;

/// One listed stock or fund.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stock {
    /// Its ticker.
    pub symbol: Symbol,
    /// Its name as the broker writes it.
    pub name: &'static str,
    /// Its home, in Alpaca's words (`NASDAQ`, `NYSE`, `ARCA`).
    pub exchange: &'static str,
    /// The tape that its trades are on: `A` (NYSE), `B` (regional), `C` (Nasdaq).
    pub tape: &'static str,
}

const NAMES: [(&str, &str, &str, &str); 16] = [
    ("AAPL", "Apple Inc. Common Stock", "NASDAQ", "C"),
    ("MSFT", "Microsoft Corporation Common Stock", "NASDAQ", "C"),
    ("SPY", "SPDR S&P 500 ETF Trust", "ARCA", "B"),
    ("QQQ", "Invesco QQQ Trust, Series 1", "NASDAQ", "C"),
    ("NVDA", "NVIDIA Corporation Common Stock", "NASDAQ", "C"),
    ("AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ", "C"),
    ("GOOGL", "Alphabet Inc. Class A Common Stock", "NASDAQ", "C"),
    ("META", "Meta Platforms, Inc. Class A Common Stock", "NASDAQ", "C"),
    ("TSLA", "Tesla, Inc. Common Stock", "NASDAQ", "C"),
    ("AMD", "Advanced Micro Devices, Inc. Common Stock", "NASDAQ", "C"),
    ("JPM", "JPMorgan Chase & Co. Common Stock", "NYSE", "A"),
    ("XOM", "Exxon Mobil Corporation Common Stock", "NYSE", "A"),
    ("KO", "Coca-Cola Company (The) Common Stock", "NYSE", "A"),
    ("DIS", "Walt Disney Company (The) Common Stock", "NYSE", "A"),
    ("INTC", "Intel Corporation Common Stock", "NASDAQ", "C"),
    ("BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", "A"),
];

impl Stock {
    /// Finds what is known of a ticker.
    pub(super) fn of(listing: &Listing) -> Self {
        let symbol = listing.symbol;
        let found = NAMES.iter().find(|(ticker, ..)| *ticker == symbol.as_str());
        let (_, name, exchange, tape) =
            *found.unwrap_or(&("", "Common Stock of a company without a name", "NASDAQ", "C"));
        Self { symbol, name, exchange, tape }
    }
}

/// Keeps of a market what is asked for; nothing asked for keeps everything.
pub(super) fn restrict(setup: &mut MarketSetup, symbols: &[Symbol]) {
    if !symbols.is_empty() {
        setup.listings.retain(|listing| symbols.contains(&listing.symbol));
    }
}
