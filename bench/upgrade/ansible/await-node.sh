#!/bin/sh
# await-node.sh <login file> <frontend to ask> <address of the node> <version>
# Waits until the node is alive on this version, every node is alive, and no tablet is unhealthy.
set -u
deadline=$(($(date +%s) + 120))
statements="SHOW FRONTENDS; SHOW BACKENDS; SHOW PROC '/statistic'"
until seen=$(mysql --defaults-extra-file="$1" --batch --host="$2" --execute="$statements" 2>&1) &&
  printf '%s\n' "$seen" | awk -F '\t' -v address="$3" -v version="$4" -f "$(dirname "$0")/is-well.awk"; do
  if [ "$(date +%s)" -ge "$deadline" ]; then
    printf 'not well after 120 s:\n%s\n' "$seen" >&2
    exit 1
  fi
  sleep 0.05
done
