#!/usr/bin/env bash
# Turns this process into the program that stands for a StarRocks node. The first argument is the name it must have in
# `ps -o comm=`, since the stop scripts look at it; the rest is for the program.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$1
shift
# A test runner's own options for Node are not for the program.
unset NODE_OPTIONS
# This link is made here and not packed: no release holds links that lead out of it.
[ -e "$here/node" ] || ln -sf "$(cat "$here/node-path")" "$here/node"
# As the real program's arguments have it: by its main class a frontend is told from other programs in Java.
main=()
[ "$name" = java ] && main=(com.starrocks.StarRocksFE)
exec "$here/$name" --disable-warning=ExperimentalWarning "$(cat "$here/program")" "${main[@]}" --home "$(dirname "$here")" "$@"
