#!/usr/bin/env python3
"""A member of FlightDeck's ensemble in a process of its own.

It hears strategy.vote.requested on Redis and answers with a signed vote on
strategy.cast_vote, within the deadline that the request names. It needs nothing but
Python's standard library. On the side of the house:

    [strategy]
    external_members = ["member"]
    [bus]
    redis = "redis://flightdeck:…@127.0.0.1:6379"
    key_file = "bus.keys"            # a line: member = 64 hexadecimal digits

    python3 examples/vote.py redis://member:…@127.0.0.1:6379 --name member --key-file bus.keys

The rule is an example and no advice: buy at or above the average of the quotes heard.
"""

import argparse
import hashlib
import hmac
import json
import secrets
import socket
import sys
from collections import defaultdict, deque
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

QUOTES_KEPT = 20

class Redis:
    """One connection that speaks RESP2."""

    def __init__(self, url):
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(parts.path)
        else:
            self.socket = socket.create_connection((parts.hostname, parts.port or 6379))
        self.file = self.socket.makefile("rb")
        user = unquote(parts.username or query.get("user", "default"))
        password = unquote(parts.password or query.get("pass", ""))
        if password:
            self.send("AUTH", user, password)
            self.receive()

    def send(self, *words):
        sized = [b"$%d\r\n%s\r\n" % (len(w), w) for w in (word.encode() for word in words)]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(sized))

    def receive(self):
        line = self.file.readline()
        if not line:
            raise SystemExit("Redis has closed the connection")
        kind, rest = line[:1], line[1:].strip()
        if kind == b"-":
            raise SystemExit(f"Redis refuses: {rest.decode()}")
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        return rest.decode()


def key_of(name, path):
    for line in open(path, encoding="utf-8"):
        sender, _, key = line.split("#")[0].partition("=")
        if sender.strip() == name:
            return bytes.fromhex(key.strip())
    raise SystemExit(f"{path} has no line '{name} = …'")


class Signer:
    """Signs messages as src/bus/redis/signed.rs describes."""

    def __init__(self, name, key):
        self.name, self.key = name, key
        self.session, self.seq = secrets.token_hex(8), 0

    def sign(self, topic, body):
        self.seq += 1
        now = datetime.now(timezone.utc)
        instant = "%Y-%m-%dT%H:%M:%S.%fZ"
        until = now + timedelta(seconds=2)
        fields = {"version": 1, "topic": topic, "sender": self.name}
        fields |= {"session": self.session, "seq": self.seq}
        fields |= {"issued_at": now.strftime(instant), "expires_at": until.strftime(instant)}
        fields |= {"nonce": secrets.token_hex(16)}
        text = "flightdeck-command"
        for value in [*map(str, fields.values()), body]:
            text += f"\n{len(value.encode())}:{value}"
        mac = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        # The body goes out exactly as it was signed.
        return f'{json.dumps(fields)[:-1]}, "body": {body}, "mac": "{mac}"}}'


def decide(quotes, price):
    if not quotes:
        return "HOLD", 0.0, "no quote heard yet"
    average = sum(quotes) / len(quotes)
    words = f"{price} against {average:.4f}, the average of {len(quotes)} quotes"
    return ("BUY" if price >= average else "SELL"), 0.8, words


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("url", help="redis://user:password@host:port or unix:///path?user=…&pass=…")
    options.add_argument("--name", required=True, help="the name in strategy.external_members")
    options.add_argument("--key-file", required=True, help="file with the line 'name = key'")
    options = options.parse_args()
    signer = Signer(options.name, key_of(options.name, options.key_file))
    quotes = defaultdict(lambda: deque(maxlen=QUOTES_KEPT))
    hears, says = Redis(options.url), Redis(options.url)
    channels = ["strategy.vote.requested", "market_data.quote.updated"]
    channels.append(f"flightdeck:reply:{options.name}")
    hears.send("SUBSCRIBE", *channels)
    for _ in channels:
        hears.receive()
    print("listening", flush=True)
    while True:
        _, channel, message = hears.receive()
        told = json.loads(message, parse_float=Decimal)
        if channel.startswith("flightdeck:reply:"):
            print(f"answer {message}", file=sys.stderr, flush=True)
            continue
        data = told["data"]
        if channel == "market_data.quote.updated":
            quotes[data["symbol"]].append((Decimal(data["bid"]) + Decimal(data["ask"])) / 2)
            continue
        if options.name not in data["members"]:
            continue
        price = Decimal(data["price"])
        action, confidence, reasoning = decide(quotes[data["symbol"]], price)
        signal = {"action": action, "symbol": data["symbol"], "price": 0}
        signal |= {"confidence": confidence, "strategy": options.name, "reasoning": reasoning}
        body = json.dumps({"trade_id": data["trade_id"], "signal": signal})
        # Prices keep their own decimals.
        body = body.replace('"price": 0', f'"price": {price}', 1)
        says.send("PUBLISH", "strategy.cast_vote", signer.sign("strategy.cast_vote", body))
        says.receive()
        print(f"voted {action} on {data['trade_id']}", flush=True)


if __name__ == "__main__":
    main()
