//! What risk knows of each symbol: prices and their age, halts, doubts.

use jiff::SignedDuration;

use crate::domain::ids::Symbol;
use crate::domain::market::{
    PriceBand, Quote, Session, StatusChange, TickCorrection, TradingStatus,
};
use crate::domain::money::Price;
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{
    DataSuspected, MarketStatus, SecondQuoted, SourceChanged, SplitDetected, SuspectReason,
};
use crate::risk::{Borrow, Reference, Suspicion, SymbolView, Totals};

/// A doubt outlives the word that raised it by one more: the doubtful value itself
/// arrives right after the doubt.
const DOUBT_UPDATES: u8 = 2;

#[derive(Debug, Default)]
struct Known {
    reference: Option<Reference>,
    previous: Option<Price>,
    quote: Option<Quote>,
    locked_since: Option<Timestamp>,
    doubt: Option<(Suspicion, u8)>,
    status: TradingStatus,
    band: Option<PriceBand>,
    /// A halt may have begun unseen; a print, a bar or a status ends the doubt, a
    /// quote does not: a stock that is halted is quoted as well.
    is_unproven: bool,
    /// What a second source says, while there is one.
    second: Option<Price>,
    /// Both sources say different prices.
    disagrees: bool,
}

impl Known {
    fn price(&mut self, price: Price, at: Timestamp) {
        self.previous = self.reference.replace(Reference { price, at }).map(|before| before.price);
        if let Some((_, updates)) = &mut self.doubt {
            *updates -= 1;
            if *updates == 0 {
                self.doubt = None;
            }
        }
    }
}

/// All symbols.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    rows: SymbolMap<Known>,
    market: Option<MarketStatus>,
}

impl Symbols {
    /// Takes the price of a trade: a print, or the close of a bar.
    pub(super) fn price(&mut self, symbol: Symbol, price: Price, at: Timestamp) {
        let row = self.rows.row(symbol, Known::default);
        row.is_unproven = false;
        row.price(price, at);
    }

    pub(super) fn quote(&mut self, quote: &Quote, at: Timestamp) {
        let row = self.rows.row(quote.symbol, Known::default);
        row.quote = Some(*quote);
        row.locked_since = match row.locked_since {
            _ if quote.bid < quote.ask => None,
            Some(since) => Some(since),
            None => Some(at),
        };
        row.price(quote.mid(), at);
    }

    /// Takes the session. Bands end with it: they hold in regular sessions only.
    pub(super) fn session(&mut self, status: MarketStatus) {
        if self.market.is_none_or(|before| before.status != status.status) {
            for (_, row) in self.rows.iter_mut() {
                row.band = None;
            }
        }
        self.market = Some(status);
    }

    pub(super) fn band(&mut self, band: PriceBand) {
        self.rows.row(band.symbol, Known::default).band = Some(band);
    }

    /// Puts what is right in the place of a price that was wrong, while it is the newest
    /// one; without a right one the price before counts again.
    pub(super) fn correct(&mut self, correction: &TickCorrection) {
        let row = self.rows.row(correction.wrong.symbol, Known::default);
        let wrong = correction.wrong.price;
        if let Some(reference) = row.reference.filter(|reference| reference.price == wrong) {
            let right = correction.right.map(|tick| tick.price).or(row.previous);
            row.reference = right.map(|price| Reference { price, ..reference });
        }
    }

    pub(super) fn status(&mut self, change: StatusChange) {
        let row = self.rows.row(change.symbol, Known::default);
        row.status = change.status;
        row.is_unproven = false;
    }

    pub(super) fn suspect(&mut self, suspected: &DataSuspected) {
        let doubt = match suspected.reason {
            SuspectReason::Stale => (Suspicion::Stale, 1),
            SuspectReason::Crossed => (Suspicion::Crossed, DOUBT_UPDATES),
            SuspectReason::Outlier => (Suspicion::Outlier, DOUBT_UPDATES),
            SuspectReason::Gap => (Suspicion::Gap, 1),
            // A value out of its time was not passed on: nothing is in doubt.
            SuspectReason::Time => return,
            SuspectReason::Disagreement => {
                self.rows.row(suspected.symbol, Known::default).disagrees = true;
                return;
            }
            SuspectReason::Status => {
                self.rows.row(suspected.symbol, Known::default).is_unproven = true;
                return;
            }
        };
        self.rows.row(suspected.symbol, Known::default).doubt = Some(doubt);
    }

    /// Takes what a second source says. Where both agree, a far price is none that one
    /// source has made up (C11).
    pub(super) fn second(&mut self, second: &SecondQuoted) {
        let row = self.rows.row(second.symbol, Known::default);
        row.second = Some(second.price);
        row.disagrees = !second.agrees;
        if second.agrees {
            row.doubt = row.doubt.filter(|(doubt, _)| *doubt != Suspicion::Outlier);
        }
    }

    /// Without a source beside the one that is passed on nothing is compared.
    pub(super) fn source(&mut self, changed: &SourceChanged) {
        if changed.second.is_none() {
            for (_, row) in self.rows.iter_mut() {
                row.second = None;
                row.disagrees = false;
            }
        }
    }

    /// A split makes what was known before incomparable.
    pub(super) fn split(&mut self, split: &SplitDetected) {
        let row = self.rows.row(split.symbol, Known::default);
        row.reference = None;
        row.previous = None;
        row.quote = None;
        row.band = None;
        row.second = None;
        row.disagrees = false;
    }

    /// The part of a view that depends on the market alone.
    pub(super) fn view(&self, symbol: Symbol, at: Timestamp) -> SymbolView {
        let unknown = Known::default();
        let row = self.rows.get(symbol).unwrap_or(&unknown);
        let session = self.market.map_or(Session::Closed, |market| market.status);
        let time_to_close: Option<SignedDuration> = self
            .market
            .filter(|market| market.status == Session::Open)
            .map(|market| market.until.since(at));
        SymbolView {
            position: None,
            reserved: Totals::default(),
            is_in_doubt: false,
            reference: row.reference,
            quote: row.quote,
            band: row.band,
            previous_price: row.previous,
            second_source: row.second,
            locked_since: row.locked_since,
            suspicion: row
                .doubt
                .map(|(suspicion, _)| suspicion)
                .or(row.disagrees.then_some(Suspicion::Disagreement))
                .or(row.is_unproven.then_some(Suspicion::StatusUnknown)),
            status: row.status,
            session,
            time_to_close,
            own_best_bid: None,
            own_best_ask: None,
            tradable: true,
            fractionable: false,
            borrow: Borrow::Easy,
        }
    }
}
