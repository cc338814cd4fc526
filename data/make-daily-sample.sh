#!/bin/sh
# Makes daily-sample.csv from the PyPI package bokeh-sampledata 2026.1.
#
#   data/make-daily-sample.sh WORK_FOLDER
#
# The package is unpacked in WORK_FOLDER, outside the repository. The slice keeps
# IBM and MSFT from 2007 to 2012, drops the adjusted close (it looks back from
# years later) and orders by day, then symbol.
set -eu
work=$1
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-deps bokeh-sampledata==2026.1
stocks=$(find "$work/venv" -name stocks.csv.gz)
{
    echo timestamp,symbol,open,high,low,close,volume
    gzip -dc "$stocks" |
        awk -F, -v OFS=, '($1 == "IBM" || $1 == "MSFT") && $2 >= "2007-01-01" && $2 <= "2012-12-31" { print $2, $1, $3, $4, $5, $6, $7 }' |
        LC_ALL=C sort -t, -k1,2
} > "$here/daily-sample.csv"
