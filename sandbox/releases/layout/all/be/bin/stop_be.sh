#!/usr/bin/env bash
# Stops the backend: by SIGKILL, or with -g by SIGTERM after which it drains. Without --timeout it waits for ever.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    echo "usage: stop_be.sh [-g|--graceful] [--timeout <seconds>]"
}

options=$(getopt -n "$0" -o gh -l graceful,timeout:,help -- "$@") || { usage; exit 1; }
eval set -- "$options"

signal=KILL
timeout=
while true; do
    case $1 in
        -g | --graceful) signal=TERM; shift ;;
        --timeout) timeout=$2; shift 2 ;;
        -h | --help) usage; exit 0 ;;
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
if ! kill -"$signal" "$pid" 2>/dev/null; then
    rm -f "$pidfile"
    exit 1
fi

wait_for_end "$pid" 1 "$timeout"
rm -f "$pidfile"
echo "stop starrocks_be, and remove pid file. "
