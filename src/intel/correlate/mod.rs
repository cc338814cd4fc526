//! Which meeting does a mail speak of?
//!
//! A [`Correlator`] is built once over the transcripts and asked for each mail. Its
//! score lies in [0, 1] and is the sum of four terms in [0, 1], each times its weight
//! ([`Weights`]):
//!
//! | term | weight | formula |
//! |---|---|---|
//! | people | 0.25 | Σ rarity of the mail's people who took part ÷ Σ rarity of its people known from any meeting; a first or last name alone counts half |
//! | time | 0.20 | 2^(−days between mail and meeting ÷ 4); 1 when the mail names the meeting's day in words |
//! | entities | 0.20 | s ÷ (s + 1) with s = Σ rarity of shared tickers, unlisted companies, amounts, percentages |
//! | wording | 0.35 | cosine of TF-IDF vectors in the sublinear form (1 + ln tf) · ln(1 + N ÷ df), stop words left out, square root taken |
//!
//! *Rarity* of what comes up in `df` of `N` meetings is ln(1 + N ÷ df) ÷ ln(1 + N): 1 for
//! one meeting, near 0 for all. TF-IDF after Salton and Buckley, "Term-weighting
//! approaches in automatic text retrieval" (1988). The cosine of a mail of fifty words
//! and a meeting of an hour is small also when they match; its square root spreads that
//! over the range without changing the order.
//!
//! A link is made when the score reaches [`Settings::score_min`] and the two share more
//! than people and time: an entity or a word. It carries the words, the segment and its
//! time ([`Evidence`]). Same input, same output: terms are summed in the order of the
//! vocabulary, links are ordered by score, then by id.

mod words;
mod index;
mod known;
pub mod link;
pub mod correlator;

pub use correlator::{Correlator, Settings, Weights};
pub use link::{Evidence, Link, Terms};
