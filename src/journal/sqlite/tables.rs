//! The tables as SQL, with the rules that SQLite itself holds us to.

/// SQL that writes hundred-millionths of a dollar as a decimal under the column's name.
macro_rules! dollars {
    ($column:literal) => {
        decimal!($column, "100000000", "8")
    };
}

/// SQL that writes billionths of a share as a decimal under the column's name.
macro_rules! shares {
    ($column:literal) => {
        decimal!($column, "1000000000", "9")
    };
}

macro_rules! decimal {
    ($column:literal, $one:literal, $places:literal) => {
        concat!(
            "iif(",
            $column,
            " IS NULL, NULL, printf('%s%d.%0",
            $places,
            "d', iif(",
            $column,
            " < 0, '-', ''), abs(",
            $column,
            ") / ",
            $one,
            ", abs(",
            $column,
            ") % ",
            $one,
            ")) AS ",
            $column
        )
    };
}

/// SQL that writes nanoseconds since 1970 as a time in UTC, to the second.
macro_rules! instant {
    ($column:literal) => {
        concat!("datetime(", $column, " / 1000000000, 'unixepoch') AS ", $column)
    };
}

/// The authority, its guard, and the market data beside it.
pub(in crate::journal) const EVENTS: &str = "
CREATE TABLE meta(
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The end of the chain, changed with every commit: shows when records are cut off.
CREATE TABLE head(
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  n    INTEGER NOT NULL CHECK (n >= 0),
  seq  INTEGER NOT NULL CHECK (seq >= n),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE events(
  n         INTEGER PRIMARY KEY,
  seq       INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  name      TEXT NOT NULL,
  trade_id  TEXT,
  payload   TEXT NOT NULL,
  prev_hash BLOB NOT NULL,
  hash      BLOB NOT NULL
) STRICT;
CREATE INDEX events_of_trade ON events(trade_id) WHERE trade_id IS NOT NULL;
CREATE TRIGGER events_keep_what_they_say BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_keep_their_place BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TABLE tape(
  seq      INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  name     TEXT NOT NULL,
  payload  TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
";

/// What follows from the events, and can be made again from them.
pub(in crate::journal) const PROJECTIONS: &str = "
CREATE TABLE orders(
  client_order_id TEXT PRIMARY KEY NOT NULL,
  trade_id        TEXT,
  symbol          TEXT NOT NULL,
  side            TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  purpose         TEXT NOT NULL CHECK (purpose IN ('entry', 'protection', 'exit')),
  kind            TEXT,
  limit_price     INTEGER CHECK (limit_price > 0),
  stop_price      INTEGER CHECK (stop_price > 0),
  qty             INTEGER NOT NULL CHECK (qty > 0),
  filled          INTEGER NOT NULL CHECK (filled BETWEEN 0 AND qty),
  average_price   INTEGER CHECK (average_price > 0),
  state           TEXT NOT NULL,
  last_seq        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fills(
  execution_id    TEXT PRIMARY KEY NOT NULL,
  client_order_id TEXT NOT NULL REFERENCES orders(client_order_id),
  trade_id        TEXT,
  symbol          TEXT NOT NULL,
  side            TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  qty             INTEGER NOT NULL CHECK (qty > 0),
  price           INTEGER NOT NULL CHECK (price > 0),
  cumulative      INTEGER NOT NULL CHECK (cumulative >= qty),
  realized        INTEGER NOT NULL,
  fee             INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  seq             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE positions(
  symbol    TEXT PRIMARY KEY NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  qty       INTEGER NOT NULL CHECK (qty > 0),
  cost      INTEGER NOT NULL CHECK (cost >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE cash(
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  opening  INTEGER NOT NULL,
  bought   INTEGER NOT NULL CHECK (bought >= 0),
  sold     INTEGER NOT NULL CHECK (sold >= 0),
  fees     INTEGER NOT NULL,
  realized INTEGER NOT NULL,
  balance  INTEGER NOT NULL CHECK (balance = opening - bought + sold - fees)
) STRICT;

CREATE TABLE trades(
  trade_id     TEXT PRIMARY KEY NOT NULL,
  symbol       TEXT NOT NULL,
  state        TEXT,
  reason       TEXT,
  direction    TEXT CHECK (direction IN ('long', 'short')),
  qty          INTEGER CHECK (qty > 0),
  entry_time   INTEGER,
  entry_price  INTEGER CHECK (entry_price > 0),
  stop_price   INTEGER CHECK (stop_price > 0),
  target_price INTEGER CHECK (target_price > 0),
  exit_time    INTEGER CHECK (exit_time >= entry_time),
  exit_price   INTEGER CHECK (exit_price > 0),
  pnl          INTEGER,
  r_multiple   TEXT,
  strategy     TEXT,
  last_seq     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The projections and their keys, in the order in which they are compared.
pub(in crate::journal) const COMPARED: [(&str, &str); 5] = [
    ("orders", "client_order_id"),
    ("fills", "execution_id"),
    ("positions", "symbol"),
    ("cash", "id"),
    ("trades", "trade_id"),
];

/// The projections with amounts as decimals, for the reader of a shell.
pub(in crate::journal) const VIEWS: &str = concat!(
    "CREATE VIEW orders_dollars AS SELECT client_order_id, trade_id, symbol, side, purpose, kind, ",
    dollars!("limit_price"),
    ", ",
    dollars!("stop_price"),
    ", ",
    shares!("qty"),
    ", ",
    shares!("filled"),
    ", ",
    dollars!("average_price"),
    ", state FROM orders;\n",
    "CREATE VIEW fills_dollars AS SELECT execution_id, client_order_id, trade_id, symbol, side, ",
    shares!("qty"),
    ", ",
    dollars!("price"),
    ", ",
    dollars!("realized"),
    ", ",
    dollars!("fee"),
    ", ",
    instant!("at"),
    " FROM fills;\n",
    "CREATE VIEW positions_dollars AS SELECT symbol, direction, ",
    shares!("qty"),
    ", ",
    dollars!("cost"),
    " FROM positions;\n",
    "CREATE VIEW cash_dollars AS SELECT ",
    dollars!("opening"),
    ", ",
    dollars!("bought"),
    ", ",
    dollars!("sold"),
    ", ",
    dollars!("fees"),
    ", ",
    dollars!("realized"),
    ", ",
    dollars!("balance"),
    " FROM cash;\n",
    "CREATE VIEW trades_dollars AS SELECT trade_id, symbol, state, reason, direction, ",
    shares!("qty"),
    ", ",
    instant!("entry_time"),
    ", ",
    dollars!("entry_price"),
    ", ",
    dollars!("stop_price"),
    ", ",
    dollars!("target_price"),
    ", ",
    instant!("exit_time"),
    ", ",
    dollars!("exit_price"),
    ", ",
    dollars!("pnl"),
    ", r_multiple, strategy FROM trades;\n",
);
