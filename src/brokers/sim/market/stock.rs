//! One stock of the market: its walk as quotes, prints, minute bars and pauses.

use jiff::SignedDuration;

use super::chance::{Chance, Purpose};
use super::setup::Listing;
use super::walk::{Regime, Walk};
use crate::domain::calendar::TradingDay;
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, MarketStep, Quote, StatusChange, Tick, TradingStatus};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// Length of a limit-up/limit-down pause (Plan to Address Extraordinary Market
/// Volatility, section VII: five minutes).
const PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// No pause begins within this time of the open or of the close: our choice, so
/// that each ends in its session.
const PAUSE_MARGIN: SignedDuration = SignedDuration::from_mins(15);
/// Chance of a pause in a volatile minute: with eight stocks one or two a session.
const PAUSE_ODDS: f64 = 1.0 / 400.0;
/// Overnight gap and gap over a pause, in deviations of a session.
pub(super) const OVERNIGHT: f64 = 0.3;
const REOPENING: f64 = 0.15;
/// The opening auction trades as much as this time at its calmest does.
const AUCTION_SECONDS: f64 = 30.0;

/// Where in the session a step stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'day> {
    pub(super) day: &'day TradingDay,
    pub(super) at: Timestamp,
    pub(super) begins_minute: bool,
    /// Part of the session that is over, 0 to 1.
    pub(super) elapsed: f64,
}

/// How a step is divided: prints can occur after each part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) parts: u32,
    pub(super) seconds: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Stock {
    symbol: Symbol,
    walk: Walk,
    quote: Option<Quote>,
    /// The bar of the present minute, once there is a print.
    bar: Option<Bar>,
    paused_until: Option<Timestamp>,
}

impl Stock {
    pub(super) fn new(seed: u64, listing: &Listing) -> Self {
        let chance = Chance::new(seed, listing.symbol, Purpose::Sessions);
        let walk = Walk::new(chance, listing.price.to_f64(), listing.annual_volatility);
        Self { symbol: listing.symbol, walk, quote: None, bar: None, paused_until: None }
    }

    /// Moves the price over a night or weekend.
    pub(super) fn pass_night(&mut self) {
        self.walk.jump(OVERNIGHT);
    }

    /// Hands over the bar of the minute that has just ended.
    pub(super) const fn take_bar(&mut self) -> Option<Bar> {
        self.bar.take()
    }

    /// Adds to a step what this stock says in it.
    pub(super) fn step(&mut self, moment: Moment<'_>, pace: Pace, step: &mut MarketStep) {
        if moment.begins_minute {
            self.begin_minute(moment, step);
        }
        if self.paused_until.is_some() {
            return;
        }
        if moment.at == moment.day.open {
            // The opening auction: one print in the middle.
            let price = in_cents(self.walk.mid());
            self.print(price, AUCTION_SECONDS, moment, step);
        } else {
            for part in 0..pace.parts {
                self.walk.advance(pace.seconds);
                let must_print = moment.begins_minute && part == 0;
                if must_print || self.draws_print(moment) {
                    let (bid, ask) = self.bid_and_ask();
                    let price = if self.walk.chance().happens(0.5) { bid } else { ask };
                    self.print(price, pace.seconds, moment, step);
                }
            }
        }
        self.show_quote(moment, step);
    }

    fn begin_minute(&mut self, moment: Moment<'_>, step: &mut MarketStep) {
        let at = moment.at;
        if let Some(until) = self.paused_until {
            if at >= until {
                self.paused_until = None;
                self.walk.jump(REOPENING);
                step.status
                    .push(StatusChange { symbol: self.symbol, status: TradingStatus::Trading });
            }
        } else if self.draws_pause(moment) {
            self.paused_until = Some(at.plus(PAUSE));
            self.quote = None;
            step.status
                .push(StatusChange { symbol: self.symbol, status: TradingStatus::LuldPaused });
        } else if at > moment.day.open {
            self.walk.end_minute();
        }
    }

    fn draws_pause(&mut self, Moment { day, at, .. }: Moment<'_>) -> bool {
        self.walk.regime() == Regime::Volatile
            && at.since(day.open) >= PAUSE_MARGIN
            && day.close.since(at) >= PAUSE_MARGIN
            && self.walk.chance().happens(PAUSE_ODDS)
    }

    fn draws_print(&mut self, moment: Moment<'_>) -> bool {
        let odds = self.walk.print_odds(moment.elapsed);
        self.walk.chance().happens(odds)
    }

    fn print(&mut self, cents: i64, seconds: f64, moment: Moment<'_>, step: &mut MarketStep) {
        let (symbol, at) = (self.symbol, moment.at);
        let shares = in_shares(self.walk.draw_print_size(moment.elapsed, seconds));
        let price = price_of(cents);
        let size = Qty::shares(shares).expect("a print is at most 100 000 shares");
        step.ticks.push(Tick { symbol, price, size, at });
        let bar = self.bar.get_or_insert(Bar {
            symbol,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            start: at,
        });
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume = bar.volume.saturating_add(shares);
    }

    /// Bid and ask in cents, at least one cent apart, around the middle.
    fn bid_and_ask(&self) -> (i64, i64) {
        let spread = in_cents(self.walk.spread());
        let bid = in_cents(self.walk.mid() - self.walk.spread() / 2.0);
        (bid, bid + spread)
    }

    /// Shows the quote when its prices have changed, and once a minute.
    fn show_quote(&mut self, moment: Moment<'_>, step: &mut MarketStep) {
        let (bid, ask) = self.bid_and_ask();
        let (bid, ask) = (price_of(bid), price_of(ask));
        let is_old = self.quote.is_some_and(|quote| (quote.bid, quote.ask) == (bid, ask));
        if is_old && !moment.begins_minute {
            return;
        }
        let [bid_size, ask_size] =
            [(); 2].map(|()| in_shares(self.walk.chance().log_normal(300.0, 0.7)));
        let quote = Quote::new(self.symbol, (bid, bid_size), (ask, ask_size), moment.at)
            .expect("the spread is at least one cent");
        self.quote = Some(quote);
        step.quotes.push(quote);
    }
}

/// Rounds dollars to whole cents, at least one.
#[expect(clippy::cast_possible_truncation, reason = "prices stay below 500 000 dollars")]
pub(super) fn in_cents(dollars: f64) -> i64 {
    ((dollars * 100.0).round() as i64).max(1)
}

/// Rounds to whole shares, 1 to 100 000.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is held between 1 and 100 000"
)]
pub(super) fn in_shares(shares: f64) -> u64 {
    shares.round().clamp(1.0, 100_000.0) as u64
}

/// Makes the price of a number of cents that [`in_cents`] gave.
pub(super) fn price_of(cents: i64) -> Price {
    Price::from_cents(cents).expect("walks stay between one cent and half a million dollars")
}
