//! How the price of one stock moves: a random walk whose character changes.
//!
//! Four regimes follow each other as a Markov chain with a draw each minute.
//! Time is counted in regular sessions of 6½ hours, 252 to the year; prices are
//! dollars in binary floats, turned into cents by `stock`.

use super::chance::Chance;

const SESSIONS_PER_YEAR: f64 = 252.0;
const SECONDS_PER_SESSION: f64 = 23_400.0;
/// Probability of a print at average activity.
const PRINT_ODDS: f64 = 0.35;
/// Median shares of a print that stands for one second.
const PRINT_SHARES: f64 = 100.0;
/// Deviation of the logarithm of a print's shares.
const PRINT_DEVIATION: f64 = 0.8;

/// The character of a stretch of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Regime {
    /// A calm rise.
    TrendUp,
    /// A calm fall.
    TrendDown,
    /// Small moves around the price at which it began.
    Chop,
    /// Large moves without direction.
    Volatile,
}

/// The numbers behind a [`Regime`].
#[derive(Debug, Clone, Copy)]
struct Character {
    /// Mean move over a whole session, in deviations of a session.
    drift: f64,
    /// Deviation as a multiple of the stock's own.
    swing: f64,
    /// Part of the way back to where the regime began, taken each second.
    pull: f64,
    /// Mean length in minutes.
    minutes: f64,
    /// Odds of what follows: rise, fall, chop; the rest is volatile.
    next: [f64; 3],
}

impl Regime {
    /// Chosen by eye and by `tests`: a rise lasts long enough for a 20-minute
    /// average to follow it, and rises are a little more frequent than falls.
    const fn character(self) -> Character {
        let calm = Character { drift: 0.0, swing: 0.7, pull: 0.0, minutes: 40.0, next: [0.0; 3] };
        match self {
            Self::TrendUp => Character { drift: 3.0, next: [0.0, 0.3, 0.5], ..calm },
            Self::TrendDown => {
                Character { drift: -3.0, minutes: 32.0, next: [0.4, 0.0, 0.4], ..calm }
            }
            Self::Chop => {
                let swing = 0.5;
                Character { swing, pull: 0.003, minutes: 25.0, next: [0.45, 0.3, 0.0], ..calm }
            }
            Self::Volatile => {
                Character { swing: 1.8, minutes: 15.0, next: [0.4, 0.3, 0.3], ..calm }
            }
        }
    }

    fn draw_next(self, chance: &mut Chance) -> Self {
        let [rise, fall, chop] = self.character().next;
        let lot = chance.unit();
        if lot < rise {
            Self::TrendUp
        } else if lot < rise + fall {
            Self::TrendDown
        } else if lot < rise + fall + chop {
            Self::Chop
        } else {
            Self::Volatile
        }
    }
}

/// The price of one stock between quotes.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    chance: Chance,
    /// Price that the listing began with; pulls weakly, so that no seed ends in
    /// pennies or millions.
    home: f64,
    mid: f64,
    /// Deviation of one session's return.
    deviation: f64,
    regime: Regime,
    /// Price at which the regime began.
    anchor: f64,
    /// Trading as a multiple of the usual; jumps with a regime, then fades.
    burst: f64,
}

impl Walk {
    pub(super) fn new(mut chance: Chance, home: f64, annual_volatility: f64) -> Self {
        let regime = Regime::Volatile.draw_next(&mut chance);
        let deviation = annual_volatility / SESSIONS_PER_YEAR.sqrt();
        Self { chance, home, mid: home, deviation, regime, anchor: home, burst: 1.0 }
    }

    pub(super) const fn mid(&self) -> f64 {
        self.mid
    }

    pub(super) const fn regime(&self) -> Regime {
        self.regime
    }

    pub(super) const fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// Moves the price by what happens in some seconds.
    pub(super) fn advance(&mut self, seconds: f64) {
        let Character { drift, swing, pull, .. } = self.regime.character();
        let part = seconds / SECONDS_PER_SESSION;
        let noise = swing * part.sqrt() * self.chance.bell();
        let home_pull = (self.home / self.mid - 1.0) * 0.1 * part;
        let anchor_pull = (self.anchor / self.mid - 1.0) * pull * seconds;
        self.shift((drift * part + noise) * self.deviation + home_pull + anchor_pull);
        self.burst = 1.0 + (self.burst - 1.0) * (1.0 - seconds / 180.0);
    }

    /// Draws whether the regime ends with this minute.
    pub(super) fn end_minute(&mut self) {
        if self.chance.happens(1.0 / self.regime.character().minutes) {
            self.regime = self.regime.draw_next(&mut self.chance);
            self.anchor = self.mid;
            self.burst = 3.0;
        }
    }

    /// Jumps by a fraction of a session's deviation, as overnight or over a pause,
    /// and begins anew from there.
    pub(super) fn jump(&mut self, fraction: f64) {
        let lot = self.chance.bell();
        self.shift(self.deviation * fraction * lot);
        self.regime = self.regime.draw_next(&mut self.chance);
        self.anchor = self.mid;
        self.burst = 3.0;
    }

    fn shift(&mut self, change: f64) {
        self.mid = (self.mid * (1.0 + change)).clamp(self.home / 5.0, self.home * 5.0);
    }

    /// Returns the distance of bid and ask in dollars: one to three hundredths of a
    /// percent, wider for wild stocks and in wild regimes.
    pub(super) fn spread(&self) -> f64 {
        self.mid * self.deviation * 0.0015 * self.regime.character().swing
    }

    /// Returns how busy trading is, 1 on average: busiest at the open and the
    /// close, calmest at noon (the well-known U). `elapsed` is the part of the
    /// session that is over, 0 to 1.
    fn activity(&self, elapsed: f64) -> f64 {
        let from_noon = 2.0 * elapsed - 1.0;
        (0.6 + 1.2 * from_noon * from_noon) * self.burst
    }

    /// Returns the probability of a print after each part of a step. More activity
    /// makes prints both more frequent and larger, by its root each.
    pub(super) fn print_odds(&self, elapsed: f64) -> f64 {
        (PRINT_ODDS * self.activity(elapsed).sqrt()).min(1.0)
    }

    /// Draws the shares of one print that stands for some seconds.
    pub(super) fn draw_print_size(&mut self, elapsed: f64, seconds: f64) -> f64 {
        let median = PRINT_SHARES * seconds * self.activity(elapsed).sqrt();
        self.chance.log_normal(median, PRINT_DEVIATION)
    }

    /// Draws the shares of some seconds without telling prints apart.
    pub(super) fn draw_volume(&mut self, elapsed: f64, seconds: f64) -> f64 {
        let median = PRINT_ODDS * PRINT_SHARES * seconds * self.activity(elapsed);
        self.chance.log_normal(median, PRINT_DEVIATION)
    }
}
