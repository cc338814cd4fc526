//! Why a text or number is not a legal value.

/// Why a text or number is not a legal value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text is not a finite decimal number.
    #[error("'{0}' is not a decimal number")]
    NotANumber(String),
    /// A price, or the quantity of an order, must be above zero.
    #[error("'{0}' must be greater than zero")]
    NotPositive(String),
    /// A quantity may not be negative.
    #[error("'{0}' must not be negative")]
    Negative(String),
    /// The value is beyond the range that FlightDeck accepts.
    #[error("'{value}' is too large, the limit is {limit}")]
    TooLarge {
        /// What was given.
        value: String,
        /// The largest legal value.
        limit: String,
    },
    /// A symbol has an illegal length or character.
    #[error("'{0}' is not a symbol: 1 to 15 of A-Z, 0-9, '.', '-', '/' are allowed")]
    NotASymbol(String),
    /// A quote or bar contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
}
