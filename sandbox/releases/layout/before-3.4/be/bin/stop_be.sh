#!/usr/bin/env bash
# Stops the backend: by SIGKILL, or with -g by SIGTERM after which it may drain. It waits for ever; there is no --timeout.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# An option that is not known is reported and skipped, so `--timeout 30` does nothing here.
options=$(getopt -n "$0" -o gh -l graceful,help -- "$@")
eval set -- "$options"

signal=KILL
while true; do
    case $1 in
        -g | --graceful) signal=TERM; shift ;;
        -h | --help) echo "usage: stop_be.sh [-g|--graceful]"; exit 0 ;;
        --) shift; break ;;
    esac
done

load_conf "$STARROCKS_HOME/conf/be.conf"
pidfile=$PID_DIR/be.pid
[[ -f $pidfile ]] || exit 0

pid=$(cat "$pidfile")
if [[ $(name_of "$pid") != starrocks_be ]]; then
    echo "ERROR: pid process may not be be. "
    exit 1
fi
if kill -"$signal" "$pid" 2>/dev/null; then
    wait_for_end "$pid" 2
    rm -f "$pidfile"
    echo "stop starrocks_be, and remove pid file. "
fi
