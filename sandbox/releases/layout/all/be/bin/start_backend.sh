#!/usr/bin/env bash
# Starts a backend or a compute node; the program is the same. With --daemon the exit code says nothing about success.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

long=be,cn,daemon,logconsole,numa:,check_mem_leak
options=$(getopt -n "$0" -o '' -l "$long${EXTRA_BE_OPTIONS:+,$EXTRA_BE_OPTIONS}" -- "$@") || exit 1
eval set -- "$options"

kind=be
daemon=false
console=false
while true; do
    case $1 in
        --be) kind=be; shift ;;
        --cn) kind=cn; shift ;;
        --daemon) daemon=true; shift ;;
        --logconsole) console=true; shift ;;
        --numa) shift 2 ;;
        --) shift; break ;;
        *) shift ;;
    esac
done

load_conf "$STARROCKS_HOME/conf/$kind.conf"
# A backend runs without Java, it only loses what it does through JNI; so this is no reason to stop.
if [[ -z ${JAVA_HOME:-} ]]; then
    echo "[WARNING] JAVA_HOME is not set: what needs JNI will not work"
fi

pidfile=$PID_DIR/$kind.pid
if [[ -f $pidfile ]]; then
    pid=$(cat "$pidfile")
    if is_running "$pid"; then
        echo "Backend running as process $pid. Stop it first."
        exit 1
    fi
    rm -f "$pidfile"
fi

mkdir -p "$LOG_DIR"
if [[ $console == false ]]; then
    exec >>"$LOG_DIR/$kind.out" 2>&1
fi
echo "start time: $(date)"
arguments=()
[[ $kind == cn ]] && arguments+=(--cn)
if [[ $daemon == true ]]; then
    nohup bash "$STARROCKS_HOME/lib/launch.sh" starrocks_be "${arguments[@]}" </dev/null >>"$LOG_DIR/$kind.out" 2>&1 &
    exit 0
fi
exec bash "$STARROCKS_HOME/lib/launch.sh" starrocks_be "${arguments[@]}" </dev/null
