//! Pages of a history: rows sorted by symbol and time, cut where the limit is reached.
//!
//! The limit counts rows of all symbols together. The token says after which row of
//! which symbol the next page begins; to clients it is opaque (Alpaca, protocol page
//! §5 of October 2026).

use crate::brokers::sim::server::base64;
use crate::brokers::sim::server::frames::Field;
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

/// The last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Whose row.
    pub(super) symbol: Symbol,
    /// When it was.
    pub(super) at: Timestamp,
}

impl Token {
    /// Writes it for the client.
    fn text(self) -> String {
        base64::encode(format!("{}|{}", self.symbol, self.at.as_nanos()).as_bytes())
    }

    /// Reads what [`Token::text`] wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(base64::decode(text)?).ok()?;
        let (symbol, nanos) = text.split_once('|')?;
        Some(Self {
            symbol: Symbol::new(symbol).ok()?,
            at: Timestamp::from_nanos(nanos.parse().ok()?),
        })
    }
}

/// One row with the instant by which it is sorted; no two of a symbol share one.
pub(super) type Row = (Timestamp, Field);

/// One page.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    /// The rows of each symbol that has some, by symbol.
    pub(super) symbols: Vec<(Symbol, Vec<Field>)>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<Token>,
}

impl Page {
    /// Cuts a page: `rows` returns a symbol's rows in the order asked for.
    pub(super) fn cut(
        symbols: &[Symbol],
        after: Option<Token>,
        limit: usize,
        mut rows: impl FnMut(Symbol) -> Vec<Row>,
    ) -> Self {
        let mut page = Self::default();
        let mut left = limit;
        let mut last = after;
        let begins = symbols.iter().filter(|it| after.is_none_or(|token| **it >= token.symbol));
        for symbol in begins {
            let mut all = rows(*symbol);
            if let Some(token) = after.filter(|token| token.symbol == *symbol) {
                // Rows are in one direction of time; the token's own may have gone.
                let is_ascending = all.first().zip(all.last()).is_none_or(|(a, b)| a.0 <= b.0);
                all.retain(|(at, _)| if is_ascending { *at > token.at } else { *at < token.at });
            }
            if all.is_empty() {
                continue;
            }
            if left == 0 {
                page.next = last;
                return page;
            }
            let taken = all.len().min(left);
            let is_cut = taken < all.len();
            all.truncate(taken);
            left -= taken;
            last = all.last().map(|(at, _)| Token { symbol: *symbol, at: *at });
            page.symbols.push((*symbol, all.into_iter().map(|(_, row)| row).collect()));
            if is_cut {
                page.next = last;
                return page;
            }
        }
        page
    }

    /// Writes the token of the next page.
    pub(super) fn next_field(&self) -> Field {
        self.next.map_or(Field::Null, |token| Field::text(token.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [(&str, &[i64]); 3] = [("A", &[1, 2, 3]), ("B", &[]), ("C", &[1, 2])];

    /// Walks all pages and lists what each holds.
    #[track_caller]
    fn check(limit: usize, is_descending: bool, expected: &[&str]) {
        let symbols: Vec<Symbol> = ROWS.iter().map(|(it, _)| Symbol::new(it).unwrap()).collect();
        let rows = |symbol: Symbol| {
            let (_, times) = ROWS.iter().find(|(it, _)| *it == symbol.as_str()).unwrap();
            let mut rows: Vec<Row> =
                times.iter().map(|at| (Timestamp::from_nanos(*at), Field::Integer(*at))).collect();
            if is_descending {
                rows.reverse();
            }
            rows
        };
        let mut after = None;
        let mut pages = Vec::new();
        loop {
            let page = Page::cut(&symbols, after, limit, rows);
            let told: Vec<String> = page
                .symbols
                .iter()
                .map(|(symbol, rows)| {
                    let json = serde_json::to_string(rows).unwrap();
                    format!("{symbol}{json}")
                })
                .collect();
            pages.push(told.join(" "));
            let Some(token) = page.next else { break };
            after = Token::read(&token.text());
            assert_eq!(after, Some(token), "a token can be read back");
        }
        assert_eq!(pages, expected);
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        check(2, false, &["A[1,2]", "A[3] C[1]", "C[2]"]);
        check(3, false, &["A[1,2,3]", "C[1,2]"]);
        check(10, false, &["A[1,2,3] C[1,2]"]);
        check(5, false, &["A[1,2,3] C[1,2]"]);
        check(1, true, &["A[3]", "A[2]", "A[1]", "C[2]", "C[1]"]);
    }

    #[test]
    fn a_token_that_is_none_is_not_read() {
        for text in ["", "QUFQTA==", "!!"] {
            assert_eq!(Token::read(text), None, "{text}");
        }
    }
}
