#!/usr/bin/env bash
# A rolling upgrade of StarRocks as it is commonly scripted: the order of the manual, tablet scheduling off meanwhile, a
# check after each node. It stands here to be measured (see compare.ts), neither better nor worse than such scripts are.
#
# usage: rolling-upgrade.sh <inventory> <archive> <version>
#   inventory: one node a line, `fe|be <address> <directory of the node>`
# environment: SSH_OPTS SSH_USER SSH_PORT, SQL_HOST SQL_PORT (a frontend to begin with), WAIT (seconds between looks), TRIES
set -euo pipefail

inventory=$1
archive=$2
version=$3
file=$(basename "$archive")

log() { echo "$(date +%T) $*"; }
remote() { ssh -n $SSH_OPTS -p "$SSH_PORT" "$SSH_USER@$1" "$2"; }
sql() { mysql -N -B -h "$SQL_HOST" -P "$SQL_PORT" -u root -e "$1"; }
set_config() { sql "ADMIN SET FRONTEND CONFIG (\"$1\" = \"$2\")"; }

scheduling_off() {
    set_config tablet_sched_max_scheduling_tablets 0
    set_config tablet_sched_max_balancing_tablets 0
    set_config tablet_sched_disable_balance true
    set_config tablet_sched_disable_colocate_balance true
}

scheduling_on() {
    set_config tablet_sched_max_scheduling_tablets 10000
    set_config tablet_sched_max_balancing_tablets 500
    set_config tablet_sched_disable_balance false
    set_config tablet_sched_disable_colocate_balance false
}

# The row of the node says `true` for Alive.
is_alive() {
    local what=BACKENDS
    [ "$1" = fe ] && what=FRONTENDS
    sql "SHOW $what" | grep -w "$2" | grep -qw true
}

wait_alive() {
    local try
    for try in $(seq "$TRIES"); do
        sleep "$WAIT"
        if is_alive "$1" "$2"; then
            log "$2 is alive"
            return 0
        fi
    done
    log "ERROR: $2 did not come back"
    return 1
}

upgrade_node() {
    local kind=$1 address=$2 dir=$3 parts="bin lib www" stop="bin/stop_be.sh -g"
    [ "$kind" = fe ] && parts="bin lib spark-dpp webroot" stop="bin/stop_fe.sh"
    local members="" part
    for part in $parts; do members="$members StarRocks-$version/$kind/$part"; done

    log "upgrading $kind $address"
    scp -q $SSH_OPTS -P "$SSH_PORT" "$archive" "$SSH_USER@$address:$dir/"
    remote "$address" "cd $dir && $stop"
    remote "$address" "cd $dir && for part in $parts; do mv \$part \$part.bak; done"
    remote "$address" "cd $dir && tar xzf $file --strip-components=2 $members"
    remote "$address" "cd $dir && bin/start_$kind.sh --daemon"
    wait_alive "$kind" "$address"
    remote "$address" "rm -f $dir/$file"
}

# The leader of this moment goes last, and is the one to talk to: its scheduler counts.
leader=$(sql "SHOW FRONTENDS" | grep -w LEADER | grep -oE '([0-9]+\.){3}[0-9]+' | head -1)
SQL_HOST=$leader
log "upgrading to $version, the leader is $leader"
scheduling_off

while read -r kind address dir <&3; do
    if [ "$kind" = be ]; then upgrade_node be "$address" "$dir"; fi
done 3<"$inventory"
while read -r kind address dir <&3; do
    if [ "$kind" = fe ] && [ "$address" != "$leader" ]; then upgrade_node fe "$address" "$dir"; fi
done 3<"$inventory"
while read -r kind address dir <&3; do
    if [ "$kind" = fe ] && [ "$address" = "$leader" ]; then upgrade_node fe "$address" "$dir"; fi
done 3<"$inventory"

scheduling_on
log "upgraded to $version"
