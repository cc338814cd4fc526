//! Names that look like the broker's own and are the same in every run.
//!
//! Orders and executions get theirs from the exchange; everything else gets one made
//! from a family and a number or text.

/// A version 4 UUID in shape, made from a number.
pub(super) fn uuid(family: u16, number: u64) -> String {
    let [high, low] = [number >> 48, number & 0xffff_ffff_ffff];
    format!("51a00001-{family:04x}-4000-8{:03x}-{low:012x}", high & 0xfff)
}

/// A version 4 UUID in shape, made from a text (64-bit FNV-1a of its bytes).
pub(super) fn uuid_of(family: u16, text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    uuid(family, hash)
}

/// Families of names, so that no two things share one.
pub(super) mod family {
    /// Groups of orders.
    pub(in super::super) const GROUP: u16 = 4;
    /// Stocks.
    pub(in super::super) const ASSET: u16 = 5;
    /// Orders that the client did not name.
    pub(in super::super) const CLIENT: u16 = 9;
    /// The account.
    pub(in super::super) const ACCOUNT: u16 = 6;
    /// Watchlists.
    pub(in super::super) const WATCHLIST: u16 = 7;
    /// Rows of the account's activities.
    pub(in super::super) const ACTIVITY: u16 = 8;
}
