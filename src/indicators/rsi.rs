//! Wilder's relative strength index. Knows nothing of what counts as high or
//! low; the strategies do.

use serde::{Deserialize, Serialize};

use crate::indicators::input::is_usable;

/// How the two averages of the index begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RsiSeed {
    /// By the simple mean of the first `n` changes, as Wilder does; the first
    /// answer comes with the `n + 1`-th price.
    #[default]
    Wilder,
    /// By a first change of zero, smoothed from there on; answers as soon as a
    /// price has moved. Research code with recursive exponential weights
    /// begins so; the two agree after some hundred prices.
    FirstChange,
}

/// The relative strength index, 0 to 100: `100 × G ÷ (G + L)` where `G` and `L`
/// are the averages of gains and losses, smoothed by `a[t] = a[t−1] +
/// (x[t] − a[t−1]) ÷ n` (Wilder 1978, "New Concepts in Technical Trading
/// Systems", section VI; his `100 − 100 ÷ (1 + G ÷ L)` is the same number).
///
/// 100 when nothing was lost, 0 when nothing was gained. While no price has
/// moved at all it has no value and answers `None`.
#[derive(Debug, Clone)]
pub struct Rsi {
    period: u32,
    /// Prices still to come before the smoothing begins.
    to_come: u32,
    share: f64,
    previous: f64,
    gain: f64,
    loss: f64,
    seed: RsiSeed,
}

impl Rsi {
    /// Makes an index over `period` changes, at least one.
    ///
    /// # Panics
    /// When `period` is zero.
    pub fn new(period: u32, seed: RsiSeed) -> Self {
        assert!(period >= 1, "an index needs at least one change");
        let to_come = match seed {
            RsiSeed::Wilder => period.saturating_add(1),
            RsiSeed::FirstChange => 1,
        };
        let share = f64::from(period).recip();
        Self { period, to_come, share, previous: 0.0, gain: 0.0, loss: 0.0, seed }
    }

    /// Takes one price in. An unusable price is refused: `None`, and nothing
    /// changes.
    #[inline]
    pub fn update(&mut self, price: f64) -> Option<f64> {
        if is_usable(price) { self.take(price) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, price: f64) -> Option<f64> {
        debug_assert!(is_usable(price), "an unusable value");
        if self.to_come > 0 {
            return self.begin(price);
        }
        let change = price - self.previous;
        self.gain += (change.max(0.0) - self.gain) * self.share;
        self.loss += ((-change).max(0.0) - self.loss) * self.share;
        // Stored last: a wide load of this and its neighbour right after the
        // store would wait for the store to finish (5 ns a bar).
        self.previous = price;
        self.value()
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        let moved = self.gain + self.loss;
        // The product is rounded before the quotient: without a loss it may come out
        // one bit above a hundred.
        (moved > 0.0).then(|| (100.0 * self.gain / moved).min(100.0))
    }

    #[cold]
    fn begin(&mut self, price: f64) -> Option<f64> {
        let is_first = match self.seed {
            RsiSeed::Wilder => self.to_come > self.period,
            RsiSeed::FirstChange => true,
        };
        if !is_first {
            let change = price - self.previous;
            self.gain += change.max(0.0) * self.share;
            self.loss += (-change).max(0.0) * self.share;
        }
        self.previous = price;
        self.to_come -= 1;
        if self.to_come > 0 { None } else { self.value() }
    }

    /// Multiplies the history by `factor`, which leaves the index as it is.
    pub fn rescale(&mut self, factor: f64) {
        self.previous *= factor;
        self.gain *= factor;
        self.loss *= factor;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ta_lib::Core;

    use super::*;
    use crate::indicators::oracle::{check_series, walk};

    /// The worked example of stockcharts.com, "Relative Strength Index
    /// (RSI)": 33 closes of QQQQ and the RSI(14) beside them.
    const CLOSES: [f64; 33] = [
        44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
        45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
        46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
        43.4205, 42.6628, 43.1314,
    ];
    const PUBLISHED: [f64; 19] = [
        70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99,
        41.46, 41.87, 45.46, 37.30, 33.08, 37.77,
    ];

    #[test]
    fn equals_the_published_example() {
        let mut rsi = Rsi::new(14, RsiSeed::Wilder);
        check_series(&CLOSES, |x| rsi.update(x), 14, &PUBLISHED, 0.005_001);
    }

    #[test]
    fn equals_ta_lib() {
        let closes = walk(500);
        let mut expected = vec![0.0; closes.len()];
        let out = Core::new().rsi(0, closes.len() - 1, &closes, 14, &mut expected).unwrap();
        let mut rsi = Rsi::new(14, RsiSeed::Wilder);
        check_series(&closes, |x| rsi.update(x), out.beg_idx, &expected[..out.count], 1e-9);
    }

    #[test]
    fn the_first_change_seed_answers_as_soon_as_a_price_has_moved() {
        let mut rsi = Rsi::new(14, RsiSeed::FirstChange);
        let answers = [10.0, 10.0, 11.0, 10.0].map(|x| rsi.update(x));
        // Gains and losses 0, 1/14, then 13/14 × 1/14 against 1/14.
        let last = 100.0 * 13.0 / 27.0;
        assert_eq!(answers[..3], [None, None, Some(100.0)]);
        assert!((answers[3].unwrap() - last).abs() < 1e-12);
    }

    #[test]
    fn both_seeds_agree_in_the_long_run() {
        let (mut a, mut b) = (Rsi::new(14, RsiSeed::Wilder), Rsi::new(14, RsiSeed::FirstChange));
        let (mut x, mut y) = (None, None);
        for close in walk(1_000) {
            (x, y) = (a.update(close), b.update(close));
        }
        assert!((x.unwrap() - y.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn a_market_that_never_moved_has_no_index() {
        let mut rsi = Rsi::new(3, RsiSeed::Wilder);
        assert!((0..50).all(|_| rsi.update(10.0).is_none()));
    }

    #[test]
    fn without_a_loss_it_is_a_hundred_and_not_a_bit_more() {
        let mut rsi = Rsi::new(5, RsiSeed::Wilder);
        for close in [
            13_842.694_520_358_915,
            38_916.694_058_783_75,
            50_564.388_691_888_15,
            56_993.948_671_577_97,
            64_871.827_013_238_53,
            88_591.089_971_236_23,
            93_050.104_146_711_5,
        ] {
            let value = rsi.update(close);
            assert!(value.is_none_or(|value| value <= 100.0), "{value:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn stays_between_zero_and_a_hundred_and_ignores_the_scale(
            closes in prop::collection::vec(0.01_f64..1e5, 20..60),
            split_at in 0_usize..20,
        ) {
            let (mut plain, mut split) =
                (Rsi::new(5, RsiSeed::Wilder), Rsi::new(5, RsiSeed::Wilder));
            let mut factor = 1.0;
            for (at, close) in closes.iter().enumerate() {
                if at == split_at {
                    factor = 0.25;
                    split.rescale(factor);
                }
                let (a, b) = (plain.update(*close), split.update(close * factor));
                prop_assert_eq!(a, b);
                prop_assert!(a.is_none_or(|value| (0.0..=100.0).contains(&value)));
            }
        }
    }
}
