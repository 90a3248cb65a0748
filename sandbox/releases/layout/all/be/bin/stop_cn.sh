#!/usr/bin/env bash
# Sends a compute node SIGKILL, or SIGTERM with -g, and does not wait: the pid file is gone before the process is.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

options=$(getopt -n "$0" -o gh -l graceful,help -- "$@")
eval set -- "$options"

signal=KILL
while true; do
    case $1 in
        -g | --graceful) signal=TERM; shift ;;
        -h | --help) echo "usage: stop_cn.sh [-g|--graceful]"; exit 0 ;;
        --) shift; break ;;
    esac
done

load_conf "$STARROCKS_HOME/conf/cn.conf"
pidfile=$PID_DIR/cn.pid
if [[ ! -f $pidfile ]]; then
    echo "$pidfile does not exist"
    exit 1
fi

pid=$(cat "$pidfile")
if [[ $(name_of "$pid") != starrocks_be ]]; then
    echo "ERROR: pid process may not be cn. "
    exit 1
fi
kill -"$signal" "$pid" 2>/dev/null
rm -f "$pidfile"
