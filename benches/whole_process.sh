#!/usr/bin/env bash
# Whole processes: wall time and peak memory of a replay of five million bars from CSV,
# and the peak of one million beside it (memory must not grow with the bars).
#
#   benches/whole_process.sh DIR [RUNS]
#
# DIR holds many.csv (50 x 100,000 bars). Needs GNU time (/usr/bin/time).
set -euo pipefail
dir=${1:?give the folder that holds many.csv}
runs=${2:-5}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --quiet --locked
small=$(mktemp --suffix=.csv)
trap 'rm -f "$small"' EXIT
head -n 1000001 "$dir/many.csv" > "$small"
measure() {
  for _ in $(seq "$runs"); do
    /usr/bin/time -f '%e %M' target/release/flightdeck replay --preset reference --json "$1" 2>&1 >/dev/null
  done | sort -n | awk -v name="$2" '
    { wall[NR] = $1; if ($2 > peak) peak = $2 }
    END { printf "%s: %.2f s wall (%.2f to %.2f), peak %.1f MiB\n", name, wall[int((NR + 1) / 2)], wall[1], wall[NR], peak / 1024 }'
}
measure "$small" "1,000,000 bars"
measure "$dir/many.csv" "5,000,000 bars"
