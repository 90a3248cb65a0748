#!/bin/sh
# Runs a command that must not outlive the process which started it.
#
#   guard.sh <grace seconds> <command> [args...]        standard input: a pipe that only the starter holds
#
# The kernel closes that pipe however the starter ends, SIGKILL included. The watcher below then ends the command:
# SIGTERM, a time of grace, SIGKILL for its whole process group. The command takes this shell's place (exec), so its
# process id and exit code are the ones the starter sees.
grace=$1
shift
exec 3<&0
# One that has ended answers `kill -0` for as long as nobody waits for it, which may be for ever (a container without an init).
runs() {
  kill -0 $$ 2>/dev/null || return 1
  stat=
  { read -r stat <"/proc/$$/stat"; } 2>/dev/null
  case ${stat##*') '} in Z*) return 1 ;; esac
}
(
  trap '' TERM INT HUP
  while read -r _; do :; done <&3
  exec 3<&-
  kill -TERM $$ 2>/dev/null || exit 0
  tenths=$((grace * 10))
  while [ "$tenths" -gt 0 ] && runs; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
  trap - TERM
  kill -KILL -- -$$ 2>/dev/null
) >/dev/null 2>&1 </dev/null &
exec "$@" </dev/null 3<&-
