"""Runs `flightdeck` beside a real collector, as a stranger's would be.

Usage: otel_rotel.py PATH_TO_FLIGHTDECK

Starts rotel (PyPI package `rotel`) as a process of its own on loopback, lets a seeded run
finish one trade with OTEL_EXPORTER_OTLP_ENDPOINT set, and looks for the spans of the
entry's trace in what the collector prints. Ends with `ok` and code 0, or says what was not
as expected. Needs the package rotel (0.0.1a15 was used).
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import rotel

WAIT = 20.0
SMALL = '[sim]\ncadence_ms = 30000\nsymbols = ["AAPL", "NVDA"]\n'
NAMES = [
    "trade",
    "strategy.scan_candidates",
    "market_data.get_quotes",
    "strategy.evaluate_criteria",
    "strategy.evaluate_setup",
    "risk.approve_trade",
    "risk.calculate_size",
    "risk.check_limits",
    "order.submit",
    "sim_venue.place_order",
    "position.track",
    "position.set_stop",
    "sim_venue.place_stop_order",
    "order.fill",
    "position.exit",
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, condition):
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {WAIT} s: {what}")


def listens(port):
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def main():
    binary = os.path.abspath(sys.argv[1])
    agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
    http, grpc = free_port(), free_port()
    with tempfile.TemporaryDirectory() as home:
        said = pathlib.Path(home, "collector.txt")
        with said.open("wb") as out:
            collector = subprocess.Popen(
                [
                    str(agent),
                    "start",
                    "--otlp-http-endpoint", f"127.0.0.1:{http}",
                    "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
                    "--exporter", "blackhole",
                    "--debug-log", "traces",
                    "--debug-log", "metrics",
                    "--debug-log-verbosity", "detailed",
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=home,
            )
        try:
            until("the collector listens", lambda: listens(http))
            pathlib.Path(home, "small.toml").write_text(SMALL)
            run = subprocess.run(
                [
                    binary, "--no-ui", "--config", "small.toml", "--journal", "journal",
                    "--seed", "7", "--speed", "max", "--until-trades", "1",
                ],
                cwd=home,
                env={
                    "HOME": home,
                    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{http}",
                    "OTEL_SERVICE_NAME": "flightdeck-under-test",
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=120,
                text=True,
            )
            assert run.returncode == 0, run.stderr
            text = lambda: said.read_text(errors="replace")
            for name in NAMES + ["flightdeck-under-test", "trade.entry_price"]:
                until(f"{name} arrives", lambda: name in text())
            print("ok")
        finally:
            collector.send_signal(signal.SIGTERM)
            try:
                collector.wait(timeout=5)
            except subprocess.TimeoutExpired:
                collector.kill()


if __name__ == "__main__":
    main()
