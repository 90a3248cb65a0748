#!/usr/bin/env bash
# Stops the frontend: at once by SIGTERM, or with -g by SIGUSR1, which hands the leadership over and drains connections.
# Without --timeout it waits for ever.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    echo "usage: stop_fe.sh [-g|--graceful] [--timeout <seconds>]"
}

options=$(getopt -n "$0" -o gh -l graceful,timeout:,help -- "$@") || { usage; exit 1; }
eval set -- "$options"

signal=TERM
timeout=
while true; do
    case $1 in
        -g | --graceful) signal=USR1; shift ;;
        --timeout) timeout=$2; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        --) shift; break ;;
    esac
done

load_conf "$STARROCKS_HOME/conf/fe.conf"
pidfile=$PID_DIR/fe.pid
[[ -f $pidfile ]] || exit 0

pid=$(cat "$pidfile")
if [[ $(name_of "$pid") != java ]]; then
    echo "ERROR: pid process may not be fe. "
    exit 1
fi
if ! kill -"$signal" "$pid" 2>/dev/null; then
    rm -f "$pidfile"
    exit 1
fi

wait_for_end "$pid" 1 "$timeout"
rm -f "$pidfile"
echo "stop java, and remove pid file. "
