"""Drives `flightdeck sim --schwab` with the library Schwabdev, as an outsider would.

Usage: schwabdev_py.py PATH_TO_FLIGHTDECK

Starts the simulated broker with a clock that only this script moves and sends what the
library addresses to the real host to the loopback one. Then: login, accounts, quotes,
an order placed, replaced and cancelled, and the streamer, whose requests come bare and
with numbers for names. Ends with `ok` and code 0, or says what was not as expected.
Needs the package schwabdev (4.0.0 was used).
"""

import json
import subprocess
import sys
import tempfile
import time

import requests
import schwabdev

KEY, SECRET = "made-up-app-key-of-32-characters", "made-up-secret16"
CALLBACK = "https://127.0.0.1:8182"
REAL = "https://api.schwabapi.com"
WAIT = 10.0


def redirect_to(base):
    """Sends requests for the real host to the loopback one."""
    request = requests.Session.request

    def moved(self, method, url, *args, **kwargs):
        return request(self, method, url.replace(REAL, base), *args, **kwargs)

    requests.Session.request = moved


def until(what, condition):
    """Waits for a condition, at most ten seconds."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {WAIT} s: {what}")


def limit(price, quantity):
    return {
        "orderType": "LIMIT", "session": "NORMAL", "duration": "DAY", "orderStrategyType": "SINGLE", "price": price,
        "orderLegCollection": [
            {"instruction": "BUY", "quantity": quantity, "instrument": {"symbol": "AAPL", "assetType": "EQUITY"}}
        ],
    }


def run(base, folder):
    redirect_to(base)

    def control(path, body):
        requests.post(base + path, json=body, timeout=15).raise_for_status()

    def agree(url):
        return requests.get(url, allow_redirects=False, timeout=15).headers["Location"]

    control("/_sim/advance", {"to": "open"})
    control("/_sim/advance", {"seconds": 1_200})
    client = schwabdev.Client(
        KEY, SECRET, CALLBACK, tokens_db=f"{folder}/tokens.db", call_on_auth=agree, open_browser_for_auth=False
    )
    (account,) = client.linked_accounts().json()
    hash_value = account["hashValue"]
    assert client.account_details_all().json()[0]["securitiesAccount"]["currentBalances"]["equity"] == 100_000
    assert client.quotes(["AAPL"]).json()["AAPL"]["quote"]["askPrice"] > 0

    heard = []
    streamer = schwabdev.Stream(client)
    streamer.start(lambda message: heard.append(json.loads(message)))
    until("the login to the streamer", lambda: heard)
    assert heard[0]["response"][0]["content"]["code"] == 0, heard[0]
    streamer.send(streamer.level_one_equities("AAPL", "0,1,2,3"))
    streamer.send(streamer.account_activity("Account Activity", "0,1,2,3"))
    services = lambda: {data["service"] for message in heard for data in message.get("data", [])}
    until("both services", lambda: services() == {"LEVELONE_EQUITIES", "ACCT_ACTIVITY"})

    placed = client.place_order(hash_value, limit("1.00", 5))
    assert placed.status_code == 201 and not placed.content, placed.text
    order_id = placed.headers["Location"].split("/")[-1]
    moved = client.replace_order(hash_value, order_id, limit("1.01", 6))
    assert moved.status_code == 201, moved.text
    assert client.order_details(hash_value, order_id).json()["status"] == "REPLACED"
    moved_id = moved.headers["Location"].split("/")[-1]
    assert client.cancel_order(hash_value, moved_id).status_code == 200
    assert client.order_details(hash_value, moved_id).json()["status"] == "CANCELED"
    kinds = lambda: [
        item["2"]
        for message in heard
        for data in message.get("data", [])
        if data["service"] == "ACCT_ACTIVITY"
        for item in data["content"]
    ]
    until("the end of the order on the streamer", lambda: kinds().count("OrderUROutCompleted") == 2)
    streamer.stop()


def main():
    server = subprocess.Popen(
        [sys.argv[1], "sim", "--schwab", "127.0.0.1:0", "--manual-clock"], stdout=subprocess.PIPE, text=True
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            run(json.loads(server.stdout.readline())["schwab"], folder)
    finally:
        server.terminate()
        code = server.wait(timeout=10)
    assert code == 0, f"the simulator ended with {code}"
    print("ok")


if __name__ == "__main__":
    main()
