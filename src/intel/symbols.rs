//! Well-known listed companies, their tickers, and the words that look like tickers.
//!
//! The table is data, written by hand: the symbols that the house trades by default
//! and some dozens more that mails speak of. It knows nothing of where it is looked
//! for; see [`entities`](crate::intel::entities). A symbol that is traded but not in
//! here can be added by [`Extractor::with_symbols`](crate::intel::entities::Extractor::with_symbols).

/// A listed company as mails name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The ticker on its US exchange.
    pub symbol: &'static str,
    /// The name under which it is reported; empty for a fund.
    pub name: &'static str,
    /// How it is called: the longest match counts.
    pub aliases: &'static [&'static str],
    /// Whether an alias is an ordinary word too (apple, target), so that only a
    /// capital inside a sentence, or a word beside it, makes it a company.
    pub is_ordinary: bool,
}

const fn listed(
    symbol: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
) -> Listed {
    Listed { symbol, name, aliases, is_ordinary: false }
}

const fn ordinary(
    symbol: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
) -> Listed {
    Listed { symbol, name, aliases, is_ordinary: true }
}

/// The table, ordered by symbol.
pub const LISTED: &[Listed] = &[
    ordinary("AAPL", "Apple", &["Apple"]),
    listed("ABBV", "AbbVie", &["AbbVie"]),
    listed("ADBE", "Adobe", &["Adobe"]),
    ordinary("ALL", "Allstate", &["Allstate"]),
    listed("AMD", "Advanced Micro Devices", &["Advanced Micro Devices"]),
    ordinary("AMZN", "Amazon", &["Amazon"]),
    listed("ARKK", "", &[]),
    listed("AVGO", "Broadcom", &["Broadcom"]),
    listed("AXP", "American Express", &["American Express", "Amex"]),
    listed("BA", "Boeing", &["Boeing"]),
    listed("BAC", "Bank of America", &["Bank of America", "BofA"]),
    listed("BBY", "Best Buy", &["Best Buy"]),
    listed("BRK.B", "Berkshire Hathaway", &["Berkshire Hathaway", "Berkshire"]),
    listed("C", "Citigroup", &["Citigroup"]),
    ordinary("CAT", "Caterpillar", &["Caterpillar"]),
    listed("COIN", "Coinbase", &["Coinbase"]),
    listed("COST", "Costco", &["Costco"]),
    listed("CRM", "Salesforce", &["Salesforce"]),
    listed("CSCO", "Cisco", &["Cisco Systems", "Cisco"]),
    listed("CVX", "Chevron", &["Chevron"]),
    listed("DAL", "Delta Air Lines", &["Delta Air Lines", "Delta Airlines"]),
    ordinary("DE", "Deere", &["John Deere", "Deere"]),
    listed("DIA", "", &[]),
    listed("DIS", "Disney", &["Walt Disney", "Disney"]),
    ordinary("F", "Ford Motor", &["Ford Motor", "Ford"]),
    listed("FDX", "FedEx", &["FedEx"]),
    listed("GE", "General Electric", &["General Electric"]),
    listed("GLD", "", &[]),
    listed("GM", "General Motors", &["General Motors"]),
    listed("GME", "GameStop", &["GameStop"]),
    listed("GOOGL", "Alphabet", &["Google"]),
    ordinary("GOOGL", "Alphabet", &["Alphabet"]),
    listed("GS", "Goldman Sachs", &["Goldman Sachs"]),
    listed("HD", "Home Depot", &["Home Depot"]),
    listed("IBM", "IBM", &["IBM"]),
    ordinary("INTC", "Intel", &["Intel"]),
    listed("IWM", "", &[]),
    listed("JNJ", "Johnson & Johnson", &["Johnson & Johnson", "Johnson and Johnson"]),
    listed("JPM", "JPMorgan Chase", &["JPMorgan Chase", "JPMorgan", "JP Morgan", "J.P. Morgan"]),
    listed("KO", "Coca-Cola", &["Coca-Cola", "Coca Cola"]),
    listed("LLY", "Eli Lilly", &["Eli Lilly"]),
    listed("LOW", "Lowe's", &["Lowe's"]),
    listed("MA", "Mastercard", &["Mastercard"]),
    listed("MCD", "McDonald's", &["McDonald's"]),
    ordinary("META", "Meta Platforms", &["Meta Platforms", "Meta"]),
    listed("MRK", "Merck", &["Merck"]),
    listed("MS", "Morgan Stanley", &["Morgan Stanley"]),
    listed("MSFT", "Microsoft", &["Microsoft"]),
    ordinary("MU", "Micron", &["Micron Technology", "Micron"]),
    listed("NFLX", "Netflix", &["Netflix"]),
    listed("NKE", "Nike", &["Nike"]),
    listed("NOW", "ServiceNow", &["ServiceNow"]),
    listed("NVDA", "Nvidia", &["Nvidia"]),
    ordinary("ORCL", "Oracle", &["Oracle"]),
    listed("PEP", "PepsiCo", &["PepsiCo", "Pepsi"]),
    listed("PFE", "Pfizer", &["Pfizer"]),
    listed("PG", "Procter & Gamble", &["Procter & Gamble"]),
    listed("PLTR", "Palantir", &["Palantir"]),
    listed("PYPL", "PayPal", &["PayPal"]),
    listed("QCOM", "Qualcomm", &["Qualcomm"]),
    listed("QQQ", "", &[]),
    listed("SBUX", "Starbucks", &["Starbucks"]),
    listed("SPY", "", &[]),
    listed("T", "AT&T", &["AT&T"]),
    ordinary("TGT", "Target", &["Target"]),
    listed("TLT", "", &[]),
    listed("TSLA", "Tesla", &["Tesla"]),
    listed("UBER", "Uber", &["Uber"]),
    listed("UNH", "UnitedHealth", &["UnitedHealth Group", "UnitedHealth"]),
    listed("UPS", "UPS", &["United Parcel Service"]),
    ordinary("V", "Visa", &["Visa"]),
    listed("VZ", "Verizon", &["Verizon"]),
    listed("WFC", "Wells Fargo", &["Wells Fargo"]),
    listed("WMT", "Walmart", &["Walmart", "Wal-Mart"]),
    listed("XOM", "Exxon Mobil", &["Exxon Mobil", "ExxonMobil", "Exxon"]),
];

/// Words in capitals that are tickers somewhere and nearly never meant as such.
/// Only a cashtag, a named exchange or a word such as "shares" makes them one.
/// Ordered by alphabet, which the search relies on.
pub const FALSE_FRIENDS: &[&str] = &[
    "A", "AI", "ALL", "AM", "AN", "ANY", "ARE", "AT", "BA", "BE", "BIG", "BY", "CAN", "CAT", "CEO",
    "CFO", "COIN", "COO", "COST", "CRM", "DD", "DE", "DIS", "DO", "EAT", "EDIT", "EPS", "ESG",
    "ETF", "EU", "EV", "FOR", "FUN", "GDP", "GO", "GOOD", "HAS", "HE", "HR", "I", "ICE", "IPO",
    "IRS", "IT", "KEY", "LIFE", "LLC", "LOVE", "LOW", "MA", "MAN", "ME", "MET", "META", "MS",
    "NEW", "NEXT", "NO", "NOW", "OF", "OK", "ON", "ONE", "OPEN", "OR", "OUT", "PEP", "PLAY", "PM",
    "POST", "REAL", "RUN", "SAFE", "SEC", "SEE", "SO", "TELL", "TRUE", "TV", "UK", "UP", "UPS",
    "US", "USA", "USD", "VERY", "WE", "WELL", "YOU",
];

/// Tells whether a word in capitals is on the list of false friends.
pub fn is_false_friend(word: &str) -> bool {
    FALSE_FRIENDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_the_order_that_their_search_needs() {
        assert!(FALSE_FRIENDS.is_sorted());
        assert!(LISTED.is_sorted_by_key(|listed| listed.symbol));
    }

    #[test]
    fn every_ticker_of_the_table_is_a_symbol() {
        for listed in LISTED {
            assert!(crate::domain::ids::Symbol::new(listed.symbol).is_ok(), "{}", listed.symbol);
        }
    }
}
