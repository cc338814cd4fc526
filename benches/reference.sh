#!/usr/bin/env bash
# The gate before any figure: the reference preset finds exactly the trades that a
# plain loop finds, in every run and by every way of delivery, with equal logs.
#
#   benches/reference.sh DIR [RUNS]
#
# DIR holds one.csv (519 trades) and many.csv (2,860 trades), the seeded random walks
# of 1 x 1,000,000 and 50 x 100,000 minute bars; goog.csv (48) and stocks.csv (314)
# are looked at when they are there. RUNS is 10 unless given; odd runs deliver by plain
# calls, even ones to tasks on two threads.
set -euo pipefail
dir=${1:?give the folder that holds one.csv and many.csv}
runs=${2:-10}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --quiet --locked
failed=0
check() {
  local name=$1 expected=$2 first=""
  [ -f "$dir/$name.csv" ] || return 0
  for run in $(seq "$runs"); do
    local threads=()
    [ $((run % 2)) -eq 0 ] && threads=(--threads 2)
    local found digest
    read -r found digest < <(target/release/flightdeck replay --preset reference --json \
      "${threads[@]}" "$dir/$name.csv" | python3 -c '
import json, sys
report = json.load(sys.stdin)
print(len(report["trades"]), report["events_sha256"])')
    [ -n "$first" ] || first=$digest
    if [ "$found" != "$expected" ] || [ "$digest" != "$first" ]; then
      echo "$name, run $run: $found trades, log $digest; expected $expected and $first"
      failed=1
    fi
  done
  echo "$name: $expected trades in each of $runs runs, log ${first:0:16}"
}
check one 519
check many 2860
check goog 48
check stocks 314
exit "$failed"
