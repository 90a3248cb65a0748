#!/bin/bash
# Stands in front of df: says of the places in ../full (`<percent> <path>` a line) that so much of their disk is used, as
# `df -P` prints it, and leaves every other question to the real one.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
df=$(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin type -P df)
asked=${*: -1}
if [[ -s $here/../full && $asked == /* ]]; then
  while read -r percent path; do
    [[ $asked == "$path" || $asked == "$path"/* ]] || continue
    "$df" "$@" | awk -v percent="$percent" 'NR == 1 || $2 !~ /^[0-9]+$/ { print; next }
      { used = int($2 * percent / 100); printf "%s %d %d %d %d%% %s\n", $1, $2, used, $2 - used, percent, $6 }'
    exit "${PIPESTATUS[0]}"
  done <"$here/../full"
fi
exec "$df" "$@"
