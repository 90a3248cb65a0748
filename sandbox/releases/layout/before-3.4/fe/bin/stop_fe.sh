#!/usr/bin/env bash
# Stops the frontend by SIGTERM and waits for ever. There are no options: whatever is given is not looked at.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

load_conf "$STARROCKS_HOME/conf/fe.conf"
pidfile=$PID_DIR/fe.pid
[[ -f $pidfile ]] || exit 0

pid=$(cat "$pidfile")
# Before 3.4 the script only complains about a foreign process, and kills it all the same.
if [[ $(name_of "$pid") != java ]]; then
    echo "ERROR: pid process may not be fe. "
fi
if kill -TERM "$pid" 2>/dev/null; then
    wait_for_end "$pid" 2
    rm -f "$pidfile"
    echo "stop java, and remove pid file. "
fi
