#!/bin/bash
# Stands in for sudo: only as `sudo -n <command>`, which never asks. Whoever calls it is root already or never becomes it;
# what it changes is what the stand-in for systemctl allows.

policy=$(<"$(dirname "${BASH_SOURCE[0]}")/../units/policy")
if [[ $1 != -n || $# -lt 2 || $2 == -* ]]; then
  echo 'sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper' >&2
  exit 1
fi
if [[ $policy == refused ]]; then
  echo 'sudo: a password is required' >&2
  exit 1
fi
shift
exec env -i PATH="$PATH" HOME=/root LOGNAME=root USER=root SUDO_USER="$(id -un)" \
  ${STARWARDEN_SANDBOX+"STARWARDEN_SANDBOX=$STARWARDEN_SANDBOX"} "$@"
