//! What a market is made from, and what it must not be made from.

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::domain::calendar::CalendarError;
use crate::domain::ids::Symbol;
use crate::domain::money::Price;

/// One stock of the generated market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listing {
    /// Its ticker.
    pub symbol: Symbol,
    /// First price of the first session, in whole cents from $5 to $100 000.
    /// The price stays within a fifth and five times of it.
    pub price: Price,
    /// Deviation of a year's returns, 0.01 to 5; a session's is a 15.9th of it.
    pub annual_volatility: f64,
}

/// Everything that determines a generated market.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketSetup {
    /// Any number; another number is another market.
    pub seed: u64,
    /// First date; the next trading day is taken when it is none.
    pub start: Date,
    /// The stocks, in the order in which every step shows them, each once.
    pub listings: Vec<Listing>,
    /// Time between two steps, a whole part of a minute and at least 100 ms.
    /// Another cadence is another path through the same kind of market.
    pub cadence: SignedDuration,
}

/// Why a market cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MarketError {
    /// The cadence does not fit into a minute a whole number of times.
    #[error("a step of {0:?} does not divide a minute: use 100ms to 60s, such as 1s or 5s")]
    Cadence(SignedDuration),
    /// There is no stock, or one stands in the list twice.
    #[error("the generated market needs at least one stock, each once{0}")]
    Listings(String),
    /// A price is out of range or not in whole cents.
    #[error("the first price {price} of {symbol} is not in whole cents from 5 to 100000 dollars")]
    Price {
        /// Which stock.
        symbol: Symbol,
        /// The price given.
        price: Price,
    },
    /// A volatility is out of range.
    #[error("the annual volatility {volatility} of {symbol} is not in 0.01 to 5")]
    Volatility {
        /// Which stock.
        symbol: Symbol,
        /// The volatility given.
        volatility: f64,
    },
    /// The first session is outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// Well-known tickers with invented prices and volatilities.
const DEMO: [(&str, i64, f64); 8] = [
    ("AAPL", 17_550, 1.2),
    ("MSFT", 33_120, 1.1),
    ("NVDA", 11_840, 1.8),
    ("AMZN", 14_275, 1.4),
    ("GOOGL", 13_460, 1.3),
    ("META", 31_240, 1.5),
    ("TSLA", 24_130, 2.0),
    ("AMD", 10_490, 1.8),
];

/// A wider market with the ordinary volatility of such stocks.
const BROAD: [(&str, i64, f64); 16] = [
    ("AAPL", 22_450, 0.30),
    ("MSFT", 41_380, 0.27),
    ("SPY", 58_120, 0.17),
    ("QQQ", 50_260, 0.22),
    ("NVDA", 13_150, 0.50),
    ("AMZN", 18_940, 0.34),
    ("GOOGL", 16_620, 0.31),
    ("META", 57_430, 0.38),
    ("TSLA", 25_480, 0.60),
    ("AMD", 15_310, 0.50),
    ("JPM", 21_270, 0.25),
    ("XOM", 11_690, 0.26),
    ("KO", 6_930, 0.16),
    ("DIS", 9_560, 0.30),
    ("INTC", 2_370, 0.48),
    ("BRK.B", 45_840, 0.18),
];

impl MarketSetup {
    /// Returns the market behind the simulated broker: sixteen stocks and funds that
    /// move about as much as the real ones do, a step per second.
    #[expect(clippy::missing_panics_doc, reason = "the table is fixed and every test uses it")]
    pub fn broad(seed: u64, start: Date) -> Self {
        let listings = BROAD.map(|(ticker, cents, annual_volatility)| Listing {
            symbol: Symbol::new(ticker).expect("the table holds legal tickers"),
            price: Price::from_cents(cents).expect("the table holds legal prices"),
            annual_volatility,
        });
        Self { seed, start, listings: listings.into(), cadence: SignedDuration::from_secs(1) }
    }

    /// Returns the market that a newcomer sees: eight stocks, a step per second.
    ///
    /// Its volatility is four to six times that of the real stocks, on purpose: a
    /// trade that ends at −5 % or +15 %, or by a trailing stop, should do so within
    /// a session or two and not within weeks.
    #[expect(clippy::missing_panics_doc, reason = "the table is fixed and every test uses it")]
    pub fn demo(seed: u64, start: Date) -> Self {
        let listings = DEMO.map(|(ticker, cents, annual_volatility)| Listing {
            symbol: Symbol::new(ticker).expect("the table holds legal tickers"),
            price: Price::from_cents(cents).expect("the table holds legal prices"),
            annual_volatility,
        });
        Self { seed, start, listings: listings.into(), cadence: SignedDuration::from_secs(1) }
    }

    /// Checks every field.
    pub(super) fn check(&self) -> Result<(), MarketError> {
        let (cadence, minute) = (self.cadence.as_millis(), 60_000);
        let is_whole = SignedDuration::from_millis_i128(cadence) == self.cadence;
        if !(100..=minute).contains(&cadence) || minute % cadence != 0 || !is_whole {
            return Err(MarketError::Cadence(self.cadence));
        }
        if self.listings.is_empty() {
            return Err(MarketError::Listings(String::new()));
        }
        for (at, listing) in self.listings.iter().enumerate() {
            listing.check()?;
            if self.listings[..at].iter().any(|earlier| earlier.symbol == listing.symbol) {
                return Err(MarketError::Listings(format!(": {} is there twice", listing.symbol)));
            }
        }
        Ok(())
    }
}

impl Listing {
    fn check(&self) -> Result<(), MarketError> {
        let Self { symbol, price, annual_volatility: volatility } = *self;
        let is_legal = price.is_on_increment() && (5.0..=100_000.0).contains(&price.to_f64());
        if !is_legal {
            return Err(MarketError::Price { symbol, price });
        }
        if !(0.01..=5.0).contains(&volatility) {
            return Err(MarketError::Volatility { symbol, volatility });
        }
        Ok(())
    }
}
