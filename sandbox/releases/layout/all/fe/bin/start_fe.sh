#!/usr/bin/env bash
# Starts the frontend. With --daemon the exit code says nothing about success: whoever asks must look at the node.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

long=daemon,helper:,host_type:,debug,logconsole
options=$(getopt -n "$0" -o '' -l "$long${EXTRA_FE_OPTIONS:+,$EXTRA_FE_OPTIONS}" -- "$@") || exit 1
eval set -- "$options"

daemon=false
console=false
arguments=()
while true; do
    case $1 in
        --daemon) daemon=true; shift ;;
        --logconsole) console=true; shift ;;
        --helper | --host_type) arguments+=("$1" "$2"); shift 2 ;;
        --) shift; break ;;
        *) shift ;;
    esac
done

load_conf "$STARROCKS_HOME/conf/fe.conf"
require_jdk

pidfile=$PID_DIR/fe.pid
if [[ -f $pidfile ]]; then
    pid=$(cat "$pidfile")
    if is_running "$pid" && [[ $(name_of "$pid") == java* ]]; then
        echo "Frontend running as process $pid. Stop it first."
        exit 1
    fi
    rm -f "$pidfile"
fi

mkdir -p "$LOG_DIR"
if [[ $console == false ]]; then
    exec >>"$LOG_DIR/fe.out" 2>&1
fi
echo "start time: $(date)"
if [[ $daemon == true ]]; then
    nohup bash "$STARROCKS_HOME/lib/launch.sh" java "${arguments[@]}" </dev/null >>"$LOG_DIR/fe.out" 2>&1 &
    exit 0
fi
exec bash "$STARROCKS_HOME/lib/launch.sh" java "${arguments[@]}" </dev/null
