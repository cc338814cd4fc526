//! The verdict on a run, from its journal alone.
//!
//! Every judge is a pure function of the events and reads nothing else: what the
//! agents thought is of no weight here. Tables and sums are written a second time, from
//! the specification, so that a mistake in the house is not made twice. Running the
//! house is the command's business.

mod books;
mod conduct;
mod decisions;
mod finding;
mod limits;
mod paths;

pub use finding::{Finding, Rules, Verdict, read};

use crate::events::Envelope;

/// One judge: its name, what it holds the journal to, and how.
type Judge = (&'static str, &'static str, fn(&[Envelope], &Rules) -> Finding);

/// Every judge, in the order of the verdicts.
const JUDGES: &[Judge] = &[
    ("trades", "as many trades are closed as were asked for", paths::closed_trades),
    (
        "trade paths",
        "every trade moves by the rows of its table, closed ones to the end",
        paths::trades,
    ),
    ("order paths", "every order moves by the rows of its table", paths::orders),
    ("breakers", "every breaker moves by its table and keeps its waiting time", paths::breakers),
    ("protection", "every position has a stop, or is on its way out, in time", conduct::protection),
    ("gate", "no entry leaves while entries are forbidden", conduct::gate),
    ("client ids", "no order and no execution is counted twice", conduct::ids),
    ("decisions", "every entry has its ballots, size and passed checks", decisions::records),
    ("limits", "no entry is larger than allowed, reckoned again", limits::entries),
    ("books", "profits and cash are the sums of the fills, to the cent", books::books),
    ("traces", "the steps of every closed trade hang together by their causes", decisions::traces),
];

/// Puts a journal before every judge. Market data may be left out of it.
pub fn judge(told: &[Envelope], rules: &Rules) -> Vec<Verdict> {
    JUDGES
        .iter()
        .map(|(name, about, judge)| Verdict::new(name, about, judge(told, rules)))
        .collect()
}
