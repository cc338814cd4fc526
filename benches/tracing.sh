#!/usr/bin/env bash
# What tracing costs when it is compiled in and switched off: a replay with the log
# off, beside the same program built without any span or log line.
#
#   benches/tracing.sh FILE [PAIRS]
#
# FILE is a CSV of bars, such as one.csv (1,000,000 bars of one symbol).
set -euo pipefail
file=${1:?give a CSV file of bars}
pairs=${2:-7}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --quiet --locked
cargo build --release --quiet --locked --features tracing/max_level_off --target-dir target/untraced
rate() {
  FLIGHTDECK_LOG=off "$1" replay --preset reference --json "$file" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["bars_per_second"])'
}
for _ in $(seq "$pairs"); do
  echo "$(rate target/release/flightdeck) $(rate target/untraced/release/flightdeck)"
done | python3 -c '
import statistics, sys
pairs = [tuple(map(float, line.split())) for line in sys.stdin]
ratios = sorted(traced / bare for traced, bare in pairs)
traced = statistics.median(t for t, _ in pairs) / 1e6
bare = statistics.median(b for _, b in pairs) / 1e6
middle, low, high = statistics.median(ratios), ratios[0], ratios[-1]
print(f"compiled in, off {traced:.2f} M bars/s; without {bare:.2f} M bars/s; ratio {middle:.3f} ({low:.3f} to {high:.3f})")'
