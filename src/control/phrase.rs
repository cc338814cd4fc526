//! The phrases that a person types before something that cannot be taken back.
//!
//! Pure text; who asks for them is [`operate`](crate::control::operate), and the
//! dialogs of the screen ask for the same ones.

/// Characters of an account's name that resume asks for.
const ACCOUNT_END: usize = 4;

/// Returns what is typed to reset a breaker.
pub fn reset(breaker: &str) -> String {
    format!("RESET {breaker}")
}

/// Returns what is typed to close one position, or all.
pub fn flatten(symbol: Option<&str>) -> String {
    format!("FLATTEN {}", symbol.unwrap_or("ALL"))
}

/// Returns what is typed to settle an order of which nobody knows.
pub fn settle(order: &str) -> String {
    format!("SETTLE {order}")
}

/// Returns what is typed to trade again: the last four characters of the account, or
/// all of a shorter one.
pub fn resume(account: &str) -> String {
    let skipped = account.chars().count().saturating_sub(ACCOUNT_END);
    account.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_name_what_they_are_about() {
        assert_eq!(reset("alpaca.paper.orders"), "RESET alpaca.paper.orders");
        assert_eq!(flatten(Some("AAPL")), "FLATTEN AAPL");
        assert_eq!(flatten(None), "FLATTEN ALL");
        assert_eq!(settle("fd-20251028-000007"), "SETTLE fd-20251028-000007");
        assert_eq!(resume("PA3FL7QX91"), "QX91");
        assert_eq!(resume("SIM"), "SIM");
        assert_eq!(resume("ÄÖÜßé"), "ÖÜßé");
    }
}
