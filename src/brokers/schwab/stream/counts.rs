//! What is counted on the streamer, for the screen and for whoever looks for trouble.

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// Items of bids, offers and prints.
    pub level_one: u64,
    /// Bars.
    pub bars: u64,
    /// Messages about orders.
    pub activities: u64,
    /// Times that the orders were asked to be read.
    pub wakes: u64,
    /// Items that could not be used: a side is empty, a bar contradicts itself, a key is
    /// no symbol.
    pub unusable: u64,
    /// Items that Schwab marks as delayed; they are not handed on.
    pub delayed: u64,
    /// Frames that were not JSON; each ended a connection.
    pub unreadable: u64,
    /// Heartbeats.
    pub heartbeats: u64,
}
