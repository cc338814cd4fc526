"""Drives `flightdeck sim --schwab` with the library schwab-py, as an outsider would.

Usage: schwab_py.py PATH_TO_FLIGHTDECK

Starts the simulated broker with a clock that only this script moves and sends what the
library addresses to the real host to the loopback one. Then: login, accounts, quotes,
price history, market hours, a market buy, a position, an OCO, a bracket, a replacement,
cancels, a late rejection, transactions, a refresh, an expired login, and the streamer.
Ends with `ok` and code 0, or says what was not as expected. Needs the package schwab-py
(1.5.1 was used).
"""

import asyncio
import datetime
import json
import subprocess
import sys
import tempfile
import time
import urllib.request

import httpx
from schwab import auth
from schwab.orders.common import Duration, OrderType, Session, one_cancels_other
from schwab.orders.equities import (
    equity_buy_limit,
    equity_buy_market,
    equity_sell_limit,
)
from schwab.orders.generic import OrderBuilder
from schwab.orders.common import EquityInstruction, OrderStrategyType, first_triggers_second
from schwab.streaming import StreamClient
from schwab.utils import Utils

# Made-up keys: the simulated broker takes any pair.
KEY, SECRET = "made-up-app-key", "made-up-app-secret"
CALLBACK = "https://127.0.0.1:8182"
REAL_HOST = "api.schwabapi.com"
WAIT = 10.0


def redirect_to(base):
    """Sends requests for the real host to the loopback one."""
    target = httpx.URL(base)

    def redirected(handle):
        def moved(self, request):
            if request.url.host == REAL_HOST:
                request.url = request.url.copy_with(scheme="http", host=target.host, port=target.port)
            return handle(self, request)

        return moved

    httpx.HTTPTransport.handle_request = redirected(httpx.HTTPTransport.handle_request)


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


def good(response, status=200):
    assert response.status_code == status, (response.status_code, response.text)
    return response.json() if response.content else None


def logged_in(base, token_path):
    """The manual flow: open the page, paste where it leads."""
    context = auth.get_auth_context(KEY, CALLBACK)
    page = context.authorization_url.replace(f"https://{REAL_HOST}", base)
    redirect = httpx.get(page, follow_redirects=False)
    assert redirect.status_code == 302, redirect.text
    received = redirect.headers["Location"]
    assert received.startswith(CALLBACK + "/?code=C0."), received

    def write(token, *_args, **_kwargs):
        with open(token_path, "w", encoding="utf-8") as file:
            json.dump(token, file)

    auth.client_from_received_url(KEY, SECRET, context, received, write)
    # A client straight from the flow has no token endpoint; one from the file has.
    return auth.client_from_token_file(token_path, KEY, SECRET)


def trade(control, client):
    (account,) = good(client.get_account_numbers())
    hash_value = account["hashValue"]
    utils = Utils(client, hash_value)
    money = good(client.get_account(hash_value))["securitiesAccount"]
    assert money["currentBalances"]["cashBalance"] == 100_000, money
    assert "positions" not in money

    quotes = good(client.get_quotes(["AAPL", "BRK/B", "NOPE"]))
    assert quotes["errors"]["invalidSymbols"] == ["NOPE"], quotes
    assert quotes["BRK/B"]["quote"]["bidPrice"] > 0
    assert len(good(client.get_price_history_every_minute("AAPL"))["candles"]) >= 8
    assert len(good(client.get_price_history_every_day("AAPL"))["candles"]) >= 8
    hours = good(client.get_market_hours([client.MarketHours.Market.EQUITY]))
    assert hours["equity"]["EQ"]["isOpen"], hours

    control("/_sim/quote", {"symbol": "AAPL", "bid": 175.49, "ask": 175.50, "last": 175.50})
    bought = utils.extract_order_id(client.place_order(hash_value, equity_buy_market("AAPL", 10)))
    order = good(client.get_order(bought, hash_value))
    assert order["status"] == "FILLED" and isinstance(order["accountNumber"], int), order
    execution = order["orderActivityCollection"][0]["executionLegs"][0]
    assert (execution["price"], execution["quantity"]) == (175.5, 10.0), order
    account = good(client.get_account(hash_value, fields=[client.Account.Fields.POSITIONS]))
    (position,) = account["securitiesAccount"]["positions"]
    assert (position["longQuantity"], position["averagePrice"]) == (10.0, 175.5), position

    stop = (
        OrderBuilder()
        .set_order_type(OrderType.STOP)
        .set_session(Session.NORMAL)
        .set_duration(Duration.GOOD_TILL_CANCEL)
        .set_stop_price("166.72")
        .set_order_strategy_type(OrderStrategyType.SINGLE)
        .add_equity_leg(EquityInstruction.SELL, "AAPL", 10)
    )
    target = equity_sell_limit("AAPL", 10, "201.82").set_duration(Duration.GOOD_TILL_CANCEL)
    exits = one_cancels_other(target, stop).build()
    oco = utils.extract_order_id(client.place_order(hash_value, exits))
    tree = good(client.get_order(oco, hash_value))
    statuses = [child["status"] for child in tree["childOrderStrategies"]]
    assert statuses == ["WORKING", "AWAITING_STOP_CONDITION"], tree
    assert [child["orderId"] for child in tree["childOrderStrategies"]] == [oco + 1, oco + 2]
    good(client.cancel_order(oco, hash_value))
    tree = good(client.get_order(oco, hash_value))
    assert {child["status"] for child in tree["childOrderStrategies"]} == {"CANCELED"}, tree

    entry = equity_buy_limit("MSFT", 5, "1.00")
    exits = one_cancels_other(
        equity_sell_limit("MSFT", 5, "900.00"),
        OrderBuilder()
        .set_order_type(OrderType.STOP)
        .set_session(Session.NORMAL)
        .set_duration(Duration.DAY)
        .set_stop_price("0.50")
        .set_order_strategy_type(OrderStrategyType.SINGLE)
        .add_equity_leg(EquityInstruction.SELL, "MSFT", 5),
    )
    bracket = first_triggers_second(entry, exits).build()
    placed = utils.extract_order_id(client.place_order(hash_value, bracket))
    tree = good(client.get_order(placed, hash_value))
    assert tree["status"] == "WORKING" and not tree["editable"], tree
    (inner,) = tree["childOrderStrategies"]
    assert {child["status"] for child in inner["childOrderStrategies"]} == {"AWAITING_PARENT_ORDER"}
    good(client.cancel_order(placed, hash_value))

    resting = utils.extract_order_id(client.place_order(hash_value, equity_buy_limit("KO", 1, "1.00")))
    moved = client.replace_order(hash_value, resting, equity_buy_limit("KO", 2, "1.01"))
    assert moved.status_code == 201 and not moved.content, moved.text
    moved = utils.extract_order_id(moved)
    assert moved != resting
    assert good(client.get_order(resting, hash_value))["status"] == "REPLACED"
    order = good(client.get_order(moved, hash_value))
    assert (order["status"], order["quantity"], order["price"]) == ("WORKING", 2.0, 1.01), order
    assert "orderActivityCollection" not in order
    assert client.cancel_order(moved, hash_value).status_code == 200
    order = good(client.get_order(moved, hash_value))
    assert (order["status"], order["remainingQuantity"], order["filledQuantity"]) == ("CANCELED", 0, 0), order
    assert client.cancel_order(moved, hash_value).status_code == 400

    dear = client.place_order(hash_value, equity_buy_limit("AAPL", 100_000, "175.00"))
    assert dear.status_code == 201, dear.text
    dear = utils.extract_order_id(dear)

    def rejected():
        control("/_sim/advance", {"seconds": 1})
        order = good(client.get_order(dear, hash_value))
        return order if order["status"] == "REJECTED" else None

    assert "buying power" in until("a late rejection", rejected)["statusDescription"]

    # By the simulator's clock, which is not this machine's.
    now = datetime.datetime.fromisoformat(control("/_sim/ledger")["now"].replace("Z", "+00:00")[:19] + "+00:00")
    day = datetime.timedelta(days=1)
    orders = good(
        client.get_orders_for_account(hash_value, from_entered_datetime=now - day, to_entered_datetime=now + day)
    )
    assert {order["orderId"] for order in orders} >= {bought, oco, placed, resting, moved, dear}
    rows = good(client.get_transactions(hash_value, start_date=now - day, end_date=now + day))
    assert [row["orderId"] for row in rows] == [bought], rows
    return hash_value


async def listen(control, client, hash_value):
    stream = StreamClient(client)
    await stream.login()
    quotes, charts, activity = [], [], []
    stream.add_level_one_equity_handler(lambda message: quotes.extend(message["content"]))
    stream.add_chart_equity_handler(lambda message: charts.extend(message["content"]))
    stream.add_account_activity_handler(lambda message: activity.extend(message["content"]))
    await stream.level_one_equity_subs(["AAPL", "MSFT"])
    await stream.chart_equity_subs(["MSFT"])
    await stream.account_activity_sub()

    async def hear(condition):
        while not condition():
            await asyncio.wait_for(stream.handle_message(), WAIT)

    await hear(lambda: len(quotes) >= 2 and activity)
    assert {quote["key"] for quote in quotes[:2]} == {"AAPL", "MSFT"}, quotes
    assert quotes[0]["BID_PRICE"] == 175.49, quotes[0]
    assert activity[0]["MESSAGE_TYPE"] == "SUBSCRIBED", activity
    for _ in range(2):
        control("/_sim/advance", {"seconds": 60})
    await hear(lambda: charts)
    assert charts[0]["OPEN_PRICE"] > 0 and charts[0]["CHART_TIME_MILLIS"] > 1e12, charts[0]
    placed = await asyncio.to_thread(client.place_order, hash_value, equity_buy_market("AAPL", 1))
    assert placed.status_code == 201, placed.text
    await hear(lambda: activity[-1]["MESSAGE_TYPE"] == "OrderFillCompleted")
    data = json.loads(activity[-1]["MESSAGE_DATA"])
    info = data["BaseEvent"]["OrderFillCompletedEventOrderLegQuantityInfo"]["ExecutionInfo"]
    assert info["ExecutionPrice"] == {"lo": "175500000", "signScale": 12}, data
    await stream.logout()
    print("types of activity:", ", ".join(dict.fromkeys(item["MESSAGE_TYPE"] for item in activity)))


def tokens(control, base, client, token_path):
    control("/_sim/fault", {"expire_access_now": True})
    assert client.get_account_numbers().status_code == 401
    with open(token_path, encoding="utf-8") as file:
        kept = json.load(file)
    kept["token"]["expires_at"] = 1
    with open(token_path, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    refreshed = auth.client_from_token_file(token_path, KEY, SECRET)
    good(refreshed.get_account_numbers())
    control("/_sim/fault", {"expire_refresh_now": True})
    good(refreshed.get_account_numbers())
    with open(token_path, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    try:
        auth.client_from_token_file(token_path, KEY, SECRET).get_account_numbers()
        raise AssertionError("a dead refresh token was taken")
    except Exception as error:  # the library lets its HTTP client's error through
        assert "unsupported_token_type" in str(error), error
    good(logged_in(base, token_path).get_account_numbers())


def run(base):
    control = Control(base)
    redirect_to(base)
    control("/_sim/advance", {"to": "open"})
    control("/_sim/advance", {"seconds": 1_200})
    with tempfile.TemporaryDirectory() as folder:
        token_path = f"{folder}/token.json"
        client = logged_in(base, token_path)
        hash_value = trade(control, client)
        asyncio.run(listen(control, client, hash_value))
        tokens(control, base, client, token_path)


def main():
    server = subprocess.Popen(
        [sys.argv[1], "sim", "--schwab", "127.0.0.1:0", "--manual-clock"], stdout=subprocess.PIPE, text=True
    )
    try:
        run(json.loads(server.stdout.readline())["schwab"])
    finally:
        server.terminate()
        code = server.wait(timeout=10)
    assert code == 0, f"the simulator ended with {code}"
    print("ok")


if __name__ == "__main__":
    main()
