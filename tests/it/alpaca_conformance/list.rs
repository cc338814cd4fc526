//! The table: what the protocol page has, who checks it, and what must be true of it.

/// Whether our own client speaks or hears a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    /// It does, and a run shows it.
    Yes,
    /// It never does, for this reason.
    Never(&'static str),
}

/// One endpoint.
#[derive(Debug)]
pub(super) struct Row {
    /// Method and path; parts in braces stand for anything.
    pub(super) what: &'static str,
    /// Section of the page.
    pub(super) section: &'static str,
    /// Where in the answer the object lies that is looked at, as a JSON pointer.
    pub(super) at: &'static str,
    /// What that object must have: `name:kinds`, see [`shape`](super::shape).
    pub(super) answer: &'static str,
    /// What a request may ask for: names of the query, and `name:kinds` of the body.
    pub(super) request: &'static str,
    /// Our own client.
    pub(super) ours: Ours,
}

const fn row(
    what: &'static str,
    section: &'static str,
    (at, answer): (&'static str, &'static str),
    request: &'static str,
    ours: Ours,
) -> Row {
    Row { what, section, at, answer, request, ours }
}

const NOT_TRADED: Ours = Ours::Never("no part of trading");
const OTHERWISE: Ours = Ours::Never("the call for many stocks, or the stream, tells the same");

const ORDER: &str = "id:s client_order_id:s created_at:t updated_at:t submitted_at:t \
    asset_id:s symbol:s qty:d0 notional:d0 filled_qty:d filled_avg_price:d0 order_class:s \
    type:s side:s time_in_force:s limit_price:d0 stop_price:d0 status:s extended_hours:b \
    legs:a0";
const SUBMIT: &str = "symbol:s qty:d notional:d side:s type:s time_in_force:s limit_price:d \
    stop_price:d trail_price:d trail_percent:d extended_hours:b client_order_id:s \
    order_class:s take_profit.limit_price:d stop_loss.stop_price:d stop_loss.limit_price:d \
    position_intent:s";
const SETTINGS: &str = "suspend_trade:b no_shorting:b fractional_trading:b \
    max_margin_multiplier:s trade_confirm_email:s ptp_no_exception_entry:b \
    max_options_trading_level:i disable_overnight_trading:b";
const LIST: &str = "id:s account_id:s name:s created_at:t updated_at:t";
const FILL: &str = "id:s activity_type:s type:s transaction_time:t symbol:s side:s qty:d \
    price:d cum_qty:d leaves_qty:d order_id:s order_status:s";
const ACTIVITIES: &str =
    "activity_types category order_id date after until direction page_size page_token";
const BAR: &str = "t:t o:n h:n l:n c:n v:i n:i vw:n";
const TRADE: &str = "t:t x:s p:n s:i c:a i:i z:s";
const QUOTE: &str = "t:t bx:s bp:n bs:i ax:s ap:n as:i c:a z:s";
const HISTORY: &str =
    "symbols timeframe start end limit adjustment asof feed currency sort page_token";
const LATEST: &str = "symbols feed currency";
const SNAPSHOT: &str = "latestTrade:o latestQuote:o minuteBar:o dailyBar:o prevDailyBar:o";

/// Every endpoint of the page.
pub(super) const ROWS: &[Row] = &[
    row(
        "GET /v2/account",
        "§3.1",
        ("", "id:s status:s cash:d equity:d buying_power:d multiplier:d trading_blocked:b"),
        "",
        Ours::Yes,
    ),
    row("GET /v2/account/configurations", "§3.1", ("", SETTINGS), "", Ours::Yes),
    row("PATCH /v2/account/configurations", "§3.1", ("", SETTINGS), SETTINGS, Ours::Yes),
    row(
        "GET /v2/positions",
        "§3.2",
        ("/0", "asset_id:s symbol:s qty:d qty_available:d side:s avg_entry_price:d"),
        "",
        Ours::Yes,
    ),
    row(
        "GET /v2/positions/{symbol}",
        "§3.2",
        ("", "symbol:s qty:d side:s avg_entry_price:d cost_basis:d"),
        "",
        Ours::Never("all positions are read at once"),
    ),
    row("DELETE /v2/positions/{symbol}", "§3.2", ("", ORDER), "qty percentage", Ours::Yes),
    row(
        "DELETE /v2/positions",
        "§3.2",
        ("/0", "symbol:s status:i body:o"),
        "cancel_orders",
        Ours::Yes,
    ),
    row("POST /v2/orders", "§3.4", ("", ORDER), SUBMIT, Ours::Yes),
    row("GET /v2/orders/{id}", "§3.5", ("", ORDER), "nested", Ours::Yes),
    row("GET /v2/orders:by_client_order_id", "§3.5", ("", ORDER), "client_order_id", Ours::Yes),
    row(
        "GET /v2/orders",
        "§3.5",
        ("/0", ORDER),
        "status limit after until direction nested symbols side asset_class before_order_id \
         after_order_id",
        Ours::Yes,
    ),
    row(
        "PATCH /v2/orders/{id}",
        "§3.6",
        ("", ORDER),
        "qty:d time_in_force:s limit_price:d stop_price:d trail:d client_order_id:s",
        Ours::Yes,
    ),
    row("DELETE /v2/orders/{id}", "§3.7", ("", ""), "", Ours::Yes),
    row("DELETE /v2/orders", "§3.7", ("/0", "id:s status:i"), "", Ours::Yes),
    row(
        "GET /v2/clock",
        "§3.8",
        ("", "timestamp:t is_open:b next_open:t next_close:t"),
        "",
        Ours::Yes,
    ),
    row(
        "GET /v2/calendar",
        "§3.8",
        ("/0", "date:s open:s close:s session_open:s session_close:s settlement_date:s"),
        "start end date_type",
        Ours::Yes,
    ),
    row("GET /v3/clock", "§3.8", ("", "phase:s phase_until:t"), "markets", OTHERWISE),
    row(
        "GET /v3/calendar/{market}",
        "§3.8",
        ("/calendar/0", "date:s core_start:t core_end:t"),
        "start end",
        OTHERWISE,
    ),
    row(
        "GET /v2/assets",
        "§3.9",
        ("/0", "id:s class:s symbol:s status:s tradable:b shortable:b borrow_status:s"),
        "status asset_class exchange attributes",
        Ours::Yes,
    ),
    row(
        "GET /v2/assets/{symbol}",
        "§3.9",
        ("", "id:s class:s symbol:s status:s tradable:b easy_to_borrow:b fractionable:b"),
        "",
        Ours::Yes,
    ),
    row(
        "GET /v2/account/activities",
        "§3.10",
        ("/0", FILL),
        ACTIVITIES,
        Ours::Never("executions alone are read"),
    ),
    row("GET /v2/account/activities/{type}", "§3.10", ("/0", FILL), ACTIVITIES, Ours::Yes),
    row(
        "GET /v2/account/portfolio/history",
        "§3.11",
        ("", "timestamp:a equity:a profit_loss:a profit_loss_pct:a base_value:n timeframe:s"),
        "period timeframe start end intraday_reporting pnl_reset cashflow_types",
        NOT_TRADED,
    ),
    row("GET /v2/watchlists", "§3.12", ("/0", LIST), "", NOT_TRADED),
    row("POST /v2/watchlists", "§3.12", ("", LIST), "name:s symbols:a", NOT_TRADED),
    row("GET /v2/watchlists/{id}", "§3.12", ("", LIST), "", NOT_TRADED),
    row("PUT /v2/watchlists/{id}", "§3.12", ("", LIST), "name:s symbols:a", NOT_TRADED),
    row("POST /v2/watchlists/{id}", "§3.12", ("", LIST), "symbol:s", NOT_TRADED),
    row("DELETE /v2/watchlists/{id}/{symbol}", "§3.12", ("", LIST), "", NOT_TRADED),
    row("DELETE /v2/watchlists/{id}", "§3.12", ("", ""), "", NOT_TRADED),
    row("GET /v2/watchlists:by_name", "§3.12", ("", LIST), "name", NOT_TRADED),
    row("PUT /v2/watchlists:by_name", "§3.12", ("", LIST), "name name:s symbols:a", NOT_TRADED),
    row("POST /v2/watchlists:by_name", "§3.12", ("", LIST), "name symbol:s", NOT_TRADED),
    row("DELETE /v2/watchlists:by_name", "§3.12", ("", ""), "name", NOT_TRADED),
    row("GET /v2/stocks/bars", "§5", ("/bars/AAPL/0", BAR), HISTORY, Ours::Yes),
    row("GET /v2/stocks/trades", "§5", ("/trades/AAPL/0", TRADE), HISTORY, OTHERWISE),
    row("GET /v2/stocks/quotes", "§5", ("/quotes/AAPL/0", QUOTE), HISTORY, OTHERWISE),
    row("GET /v2/stocks/{symbol}/bars", "§5", ("/bars/0", BAR), HISTORY, OTHERWISE),
    row("GET /v2/stocks/{symbol}/trades", "§5", ("/trades/0", TRADE), HISTORY, OTHERWISE),
    row("GET /v2/stocks/{symbol}/quotes", "§5", ("/quotes/0", QUOTE), HISTORY, OTHERWISE),
    row("GET /v2/stocks/bars/latest", "§5", ("/bars/AAPL", BAR), LATEST, OTHERWISE),
    row("GET /v2/stocks/trades/latest", "§5", ("/trades/AAPL", TRADE), LATEST, Ours::Yes),
    row("GET /v2/stocks/quotes/latest", "§5", ("/quotes/AAPL", QUOTE), LATEST, Ours::Yes),
    row("GET /v2/stocks/{symbol}/bars/latest", "§5", ("/bar", BAR), LATEST, OTHERWISE),
    row("GET /v2/stocks/{symbol}/trades/latest", "§5", ("/trade", TRADE), LATEST, OTHERWISE),
    row("GET /v2/stocks/{symbol}/quotes/latest", "§5", ("/quote", QUOTE), LATEST, OTHERWISE),
    row("GET /v2/stocks/{symbol}/snapshot", "§5", ("", SNAPSHOT), LATEST, OTHERWISE),
    row("GET /v2/stocks/snapshots", "§5", ("/AAPL", SNAPSHOT), LATEST, Ours::Yes),
    row("GET /v2/stocks/auctions", "§5", ("", "auctions:o"), HISTORY, NOT_TRADED),
    row("GET /v2/stocks/{symbol}/auctions", "§5", ("", "auctions:a0"), HISTORY, NOT_TRADED),
    row("GET /v2/stocks/meta/exchanges", "§5", ("", "V:s Q:s N:s"), "", NOT_TRADED),
    row("GET /v2/stocks/meta/conditions/{kind}", "§5", ("", ""), "tape", NOT_TRADED),
    row(
        "GET /v1beta1/screener/stocks/most-actives",
        "§5",
        ("/most_actives/0", "symbol:s volume:i"),
        "by top",
        NOT_TRADED,
    ),
    row(
        "GET /v1beta1/screener/{market}/movers",
        "§5",
        ("", "gainers:a losers:a"),
        "top",
        NOT_TRADED,
    ),
];

/// One message of a stream.
#[derive(Debug)]
pub(super) struct Message {
    /// `trading` or `data`, the direction, and what it is.
    pub(super) what: &'static str,
    /// Section of the page.
    pub(super) section: &'static str,
    /// What it must have; empty where the run compares it whole.
    pub(super) shape: &'static str,
    /// The plain client; also what the simulated broker cannot be brought to say.
    pub(super) plain: Ours,
    /// Our own client.
    pub(super) ours: Ours,
}

const fn message(
    what: &'static str,
    section: &'static str,
    shape: &'static str,
    ours: Ours,
) -> Message {
    Message { what, section, shape, plain: Ours::Yes, ours }
}

/// What the simulated broker never says. How our client reads it is proved where it is
/// read, in `brokers::alpaca::stream`.
const fn unsaid(what: &'static str, section: &'static str) -> Message {
    let never = Ours::Never("the simulated broker has no occasion to say it");
    Message { what, section, shape: "", plain: never, ours: never }
}

const NOT_ASKED: Ours = Ours::Never("the channel is not asked for");
const UPDATE: &str = "event:s event_id:s at:t timestamp:t order:o";
const EXECUTED: &str = "event:s timestamp:t execution_id:s price:d qty:d position_qty:d order:o";

/// Every message of both streams.
pub(super) const MESSAGES: &[Message] = &[
    message("trading → auth", "§6", "action:s key:s secret:s", Ours::Yes),
    message("trading → listen", "§6", "action:s data:o", Ours::Yes),
    message("trading ← authorization", "§6", "status:s action:s", Ours::Yes),
    message("trading ← listening", "§6", "streams:a", Ours::Yes),
    message("trading ← accepted", "§6", UPDATE, Ours::Yes),
    message("trading ← pending_new", "§6", UPDATE, Ours::Yes),
    message("trading ← new", "§6", UPDATE, Ours::Yes),
    message("trading ← partial_fill", "§6", EXECUTED, Ours::Yes),
    message("trading ← fill", "§6", EXECUTED, Ours::Yes),
    message("trading ← pending_cancel", "§6", UPDATE, Ours::Yes),
    message("trading ← canceled", "§6", UPDATE, Ours::Yes),
    message("trading ← expired", "§6", UPDATE, Ours::Yes),
    message("trading ← rejected", "§6", UPDATE, Ours::Yes),
    message("trading ← replaced", "§6", UPDATE, Ours::Yes),
    message("trading ← order_replace_rejected", "§6", UPDATE, Ours::Yes),
    message("trading ← done_for_day", "§6", UPDATE, Ours::Yes),
    message("trading ← pending_replace", "§6", UPDATE, Ours::Yes),
    message("trading ← order_cancel_rejected", "§6", UPDATE, Ours::Yes),
    message("data → auth", "§7.1", "action:s key:s secret:s", Ours::Yes),
    message("data → subscribe", "§7.1", "action:s", Ours::Yes),
    message(
        "data → unsubscribe",
        "§7.1",
        "action:s",
        Ours::Never("what is followed is fixed when the house opens"),
    ),
    message("data ← success", "§7.1", "T:s msg:s", Ours::Yes),
    message(
        "data ← subscription",
        "§7.1",
        "T:s trades:a quotes:a bars:a updatedBars:a dailyBars:a statuses:a lulds:a \
         corrections:a cancelErrors:a",
        Ours::Yes,
    ),
    message(
        "data ← error",
        "§7.1",
        "T:s code:i msg:s",
        Ours::Never("it gives no occasion here; see the tests of its own stream"),
    ),
    message("data ← t", "§7.2", "T:s S:s i:i x:s p:n s:i c:a z:s t:t", Ours::Yes),
    message("data ← q", "§7.2", "T:s S:s bx:s bp:n bs:i ax:s ap:n as:i c:a z:s t:t", Ours::Yes),
    message("data ← b", "§7.2", "T:s S:s o:n h:n l:n c:n v:i n:i vw:n t:t", Ours::Yes),
    message("data ← u", "§7.2", "T:s S:s o:n h:n l:n c:n v:i n:i vw:n t:t", NOT_ASKED),
    message("data ← d", "§7.2", "T:s S:s o:n h:n l:n c:n v:i n:i vw:n t:t", NOT_ASKED),
    message("data ← s", "§7.2", "T:s S:s sc:s sm:s rc:s rm:s z:s t:t", Ours::Yes),
    message("data ← l", "§7.2", "T:s S:s u:n d:n i:s z:s t:t", Ours::Yes),
    message(
        "data ← c",
        "§7.2",
        "T:s S:s x:s oi:i op:n os:i oc:a ci:i cp:n cs:i cc:a z:s t:t",
        Ours::Yes,
    ),
    message("data ← x", "§7.2", "T:s S:s i:i x:s p:n s:i a:s z:s t:t", Ours::Yes),
    unsaid("data ← i", "§7.2"),
];
