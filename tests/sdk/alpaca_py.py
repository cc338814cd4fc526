"""Drives `flightdeck sim` with Alpaca's own Python SDK, as an outsider would.

Usage: alpaca_py.py PATH_TO_FLIGHTDECK

Starts the simulated broker with a clock that only this script moves, then: clock,
account, assets, a market buy, a position, an OCO, a replacement, cancels, a closed
position, bars, quotes, and both streams. Ends with `ok` and code 0, or says what was
not as expected. Needs the package alpaca-py (0.44.0 was used).
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import timedelta

from alpaca.common.exceptions import APIError
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)
from alpaca.trading.stream import TradingStream

# Made-up keys: the simulated broker takes any pair.
KEY, SECRET = "PKMADEUPFORTESTS0001", "made-up-secret-for-tests"
WAIT = 10.0


def until(what, condition):
    """Waits for a condition, at most ten seconds."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {WAIT} s: {what}")


class Control:
    """The simulator's control endpoint."""

    def __init__(self, base):
        self.base = base

    def __call__(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.loads(answer.read() or b"null")


def to_the_open(control, trading):
    clock = trading.get_clock()
    if not clock.is_open:
        wait = (clock.next_open - clock.timestamp).total_seconds()
        control("/_sim/advance", {"seconds": int(wait) + 61})
    clock = trading.get_clock()
    assert clock.is_open, clock
    return clock


def run(base):
    control = Control(base)
    trading = TradingClient(KEY, SECRET, paper=True, url_override=base)
    data = StockHistoricalDataClient(KEY, SECRET, url_override=base)
    clock = to_the_open(control, trading)
    account = trading.get_account()
    assert float(account.cash) == 100_000, account
    assert trading.get_all_positions() == []
    assert trading.get_asset("AAPL").tradable
    assert trading.get_calendar()

    updates, quotes, trades = [], [], []
    orders_stream = TradingStream(KEY, SECRET, paper=True, url_override=base.replace("http", "ws") + "/stream")
    market_stream = StockDataStream(KEY, SECRET, url_override=base.replace("http", "ws") + "/v2/iex")

    async def on_update(update):
        updates.append(update)

    async def on_quote(quote):
        quotes.append(quote)

    async def on_trade(trade):
        trades.append(trade)

    orders_stream.subscribe_trade_updates(on_update)
    market_stream.subscribe_quotes(on_quote, "AAPL")
    market_stream.subscribe_trades(on_trade, "AAPL", "MSFT")
    for stream in (orders_stream, market_stream):
        threading.Thread(target=stream.run, daemon=True).start()

    def market_moves():
        control("/_sim/advance", {"seconds": 1})
        return quotes and trades

    until("quotes and trades on the data stream", market_moves)

    # The order stream has no greeting: an order tells whether it listens.
    def listens():
        probe = trading.submit_order(
            LimitOrderRequest(symbol="KO", qty=1, side=OrderSide.BUY, limit_price=1.00, time_in_force=TimeInForce.DAY)
        )
        trading.cancel_order_by_id(probe.id)
        time.sleep(0.2)
        return updates

    until("an update on the order stream", listens)

    control("/_sim/quote", {"symbol": "AAPL", "bid": 175.49, "ask": 175.50, "last": 175.50})
    bought = trading.submit_order(
        MarketOrderRequest(symbol="AAPL", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    )

    def filled():
        control("/_sim/advance", {"seconds": 1})
        order = trading.get_order_by_id(bought.id)
        return order if order.status == OrderStatus.FILLED else None

    order = until("the fill of a market order", filled)
    assert float(order.filled_avg_price) == 175.50, order
    until("the fill on the order stream", lambda: [u for u in updates if u.event == "fill" and u.order.id == bought.id])
    position = trading.get_open_position("AAPL")
    assert float(position.qty) == 10 and float(position.avg_entry_price) == 175.50, position

    oco = trading.submit_order(
        LimitOrderRequest(
            symbol="AAPL", qty=10, side=OrderSide.SELL, time_in_force=TimeInForce.GTC,
            order_class=OrderClass.OCO, limit_price=201.82,
            take_profit=TakeProfitRequest(limit_price=201.82),
            stop_loss=StopLossRequest(stop_price=166.72),
        )
    )
    assert oco.legs and len(oco.legs) == 1, oco
    try:
        trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY))
        raise AssertionError("held shares could be sold")
    except APIError as error:
        assert error.status_code == 403 and error.code == 40310000, error
    moved = trading.replace_order_by_id(oco.id, ReplaceOrderRequest(limit_price=202.00))
    until("the replacement", lambda: trading.get_order_by_id(moved.id).status in (OrderStatus.NEW, OrderStatus.ACCEPTED))
    assert trading.get_order_by_id(oco.id).status == OrderStatus.REPLACED
    trading.cancel_order_by_id(moved.id)
    until("the cancel", lambda: trading.get_order_by_id(moved.id).status == OrderStatus.CANCELED)
    until("no open order", lambda: trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN)) == [])

    resting = LimitOrderRequest(
        symbol="MSFT", qty=1, side=OrderSide.BUY, limit_price=1.00, time_in_force=TimeInForce.DAY, client_order_id="mine-1"
    )
    trading.submit_order(resting)
    try:
        trading.submit_order(resting)
        raise AssertionError("a client order id could be used twice")
    except APIError as error:
        assert error.status_code == 422 and error.code == 40010001, error
    assert trading.get_order_by_client_id("mine-1").status == OrderStatus.NEW
    assert len(trading.cancel_orders()) == 1
    trading.close_position("AAPL")

    def flat():
        control("/_sim/advance", {"seconds": 1})
        return trading.get_all_positions() == []

    until("a flat account", flat)
    assert trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, limit=100))

    start = clock.timestamp - timedelta(days=5)
    bars = data.get_stock_bars(StockBarsRequest(symbol_or_symbols=["AAPL", "MSFT"], timeframe=TimeFrame.Minute, start=start))
    assert len(bars["AAPL"]) >= 8 and len(bars["MSFT"]) >= 8, len(bars["AAPL"])
    days = data.get_stock_bars(
        StockBarsRequest(symbol_or_symbols="SPY", timeframe=TimeFrame.Day, start=clock.timestamp - timedelta(days=60))
    )
    assert len(days["SPY"]) >= 20, len(days["SPY"])
    assert data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"].bid_price > 0
    assert data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))["AAPL"].price > 0
    assert data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["AAPL", "SPY"]))["SPY"].daily_bar
    seen = sorted({str(update.event) for update in updates})
    print("events on the order stream:", ", ".join(seen))
    print(f"quotes {len(quotes)}, trades {len(trades)} on the data stream")
    orders_stream.stop()
    market_stream.stop()


def main():
    server = subprocess.Popen(
        [sys.argv[1], "sim", "--alpaca", "127.0.0.1:0", "--manual-clock"], stdout=subprocess.PIPE, text=True
    )
    try:
        run(json.loads(server.stdout.readline())["alpaca"])
    finally:
        server.terminate()
        code = server.wait(timeout=10)
    assert code == 0, f"the simulator ended with {code}"
    print("ok")


if __name__ == "__main__":
    main()
