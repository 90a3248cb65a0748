# Shared by the scripts of this directory. The lines above were written when the release was built: what differs
# between versions is data there, and the scripts stay the same.

STARROCKS_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export STARROCKS_HOME

# Written in the shell's own words where that is possible: on a machine that runs a whole cluster, and restarts it node by
# node, the processes that a script starts are what it costs.

# Prints the value of a key of a conf file: the last one wins, quotes and blanks around it are not part of it.
read_conf() {
    local line value= pattern="^[[:space:]]*$2[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*\$"
    [[ -r $1 ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ $pattern ]] && value=${BASH_REMATCH[1]}
    done <"$1"
    [[ $value =~ ^\"(.*)\"$ ]] && value=${BASH_REMATCH[1]}
    printf '%s\n' "$value"
}

# Only keys in capitals reach the environment; everything else is for the program, which reads the file itself. As with the
# real scripts a shell makes of a value what it is: quotes, variables, commands and a comment behind it count, other
# separators than `=` and a last line without an end do not.
export_capitals() {
    local line key pattern='^[[:blank:]]*([A-Z][A-Z0-9_]*)[[:blank:]]*=[[:blank:]]*(.*)$'
    [[ -r $1 ]] || return 0
    while read line; do
        [[ $line =~ $pattern ]] || continue
        key=${BASH_REMATCH[1]}
        eval "set -- ${BASH_REMATCH[2]}"
        export "$key=$*"
    done <"$1"
}

# Reads a conf file and settles the directories that it may move; where the caller has them is no matter.
load_conf() {
    CONF_FILE=$1
    export PID_DIR=$STARROCKS_HOME/bin LOG_DIR=$STARROCKS_HOME/log
    export_capitals "$CONF_FILE"
}

# Prints a setting of the sandbox: the node's own, else that of its host.
sandbox_setting() {
    local value
    value=$(read_conf "$CONF_FILE" "$1")
    [[ -n $value ]] || value=$(read_conf "${STARWARDEN_SANDBOX_SETTINGS:-/dev/null}/${CONF_FILE##*/}" "$1")
    printf '%s\n' "$value"
}

# Sleeps for that many seconds of a real cluster; a sandbox may run faster than real time, but looks no more than 20 times a
# second.
pause() {
    if [[ -z ${PAUSE:-} ]]; then
        PAUSE=$(awk -v seconds="$1" -v speed="$(sandbox_setting sandbox_speed)" 'BEGIN {
            pause = (speed > 0) ? seconds / speed : seconds
            printf "%.3f", (pause < 0.05) ? 0.05 : pause
        }')
    fi
    sleep "$PAUSE"
}

# A zombie answers `kill -0` although it has ended. The real scripts ask that alone, and wait for ever where nobody waits for
# it; with `sandbox_kill_0 = true` these do so too. Else a world can be used on a machine whose process 1 collects nothing: a
# process that has ended but was not waited for (Z), or that vanished between two looks (nothing), does not run.
is_running() {
    local stat
    [[ $1 =~ ^[0-9]+$ ]] || return 1
    if [[ ${KILL_0=$(sandbox_setting sandbox_kill_0)} == true ]]; then
        kill -0 "$1" 2>/dev/null
        return
    fi
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) }
    [[ ${stat%% *} != Z ]]
}

# wait_for_end <pid> <seconds between looks> [<timeout in seconds>]: waits for ever without a timeout, kills at its end. The
# timeout is real time even in a fast sandbox, because it is the caller's and not the cluster's.
wait_for_end() {
    local pid=$1 interval=$2 timeout=${3:-} started=${EPOCHREALTIME//[.,]/}
    while is_running "$pid"; do
        if [[ $timeout =~ ^[0-9]+$ && $((${EPOCHREALTIME//[.,]/} - started)) -ge $((10#$timeout * 1000000)) ]]; then
            echo "graceful exit timeout, forced termination of the process"
            kill -KILL "$pid" 2>/dev/null
            timeout=
        fi
        pause "$interval"
    done
}

name_of() {
    ps -o comm= -p "$1" 2>/dev/null
}

jdk_major() {
    "$1/bin/java" -version 2>&1 | sed -n -E '1s/^[^"]*"(1\.)?([0-9]+).*$/\2/p'
}

# Ends the script with 1 when there is no Java, with 255 when this release does not run on it.
require_jdk() {
    if [[ -z ${JAVA_HOME:-} || ! -x $JAVA_HOME/bin/java ]]; then
        echo "Error: JAVA_HOME is not set, or holds no bin/java"
        exit 1
    fi
    if [[ $JDK_NEEDS_JAVAC == true && ! -x $JAVA_HOME/bin/javac ]]; then
        echo "Error: $JAVA_HOME holds no bin/javac; this release needs a JDK, not a JRE"
        exit 1
    fi
    local major
    major=$(jdk_major "$JAVA_HOME")
    if [[ $major != "$JDK_EXCEPTION" && ${major:-0} -lt $JDK_MINIMUM ]]; then
        echo "Error: JDK ${major:-unknown} in $JAVA_HOME is too old; this release needs $JDK_MINIMUM or later"
        exit 255
    fi
}

release_field() {
    sed -n -E "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"([^\"]*)\".*/\1/p" "$STARROCKS_HOME/lib/starrocks-release.json"
}
