#!/bin/bash
# Stands in for sudo: `sudo -n <command>` and `sudo -n -l <command>`, which never ask. Whoever calls it is root already or never
# becomes it; what it changes is what the stand-in for systemctl allows. With the policy `listed` it allows what ../sudoers
# lists, compared as sudo compares: the program by its full path, then every word. A shell around a command is another command.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
policy=$(<"$here/../units/policy")
if [[ $1 != -n ]]; then
  echo 'sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper' >&2
  exit 1
fi
shift
list=
[[ $1 == -l ]] && list=yes && shift
if [[ $# == 0 || $1 == -* ]]; then
  echo "sudo: the stand-in does not know these options" >&2
  exit 1
fi
program=$(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin type -P -- "$1")
# On a host of the sandbox systemctl is a stand-in too.
[[ $1 == systemctl ]] && program=/usr/bin/systemctl
if [[ -z $program ]]; then
  echo "sudo: $1: command not found" >&2
  exit 1
fi
asked=$program
for word in "${@:2}"; do asked+=" $word"; done

is_allowed() {
  [[ $policy == listed ]] || return 0
  local rules entry
  # `Cmnd_Alias NAME = a, b` and `user ALL=(root) NOPASSWD: a, b` both list commands behind the last sign.
  rules=$(sed -e '/^[[:space:]]*#/d' -e 's/^[[:space:]]*Cmnd_Alias[^=]*=//' -e 's/^.*NOPASSWD://' "$here/../sudoers")
  while IFS= read -r entry; do
    entry=${entry#"${entry%%[![:space:]]*}"} entry=${entry%"${entry##*[![:space:]]}"}
    [[ $entry == "$asked" || $entry == "$program" || $entry == ALL ]] && return 0
  done < <(tr ',' '\n' <<<"$rules")
  return 1
}

if [[ $policy == refused ]]; then
  echo 'sudo: a password is required' >&2
  exit 1
fi
if ! is_allowed; then
  # Who may do some things without a password is asked for it for the others.
  [[ $list ]] || echo 'sudo: a password is required' >&2
  exit 1
fi
if [[ $list ]]; then
  echo "$asked"
  exit 0
fi
exec env -i PATH="$PATH" HOME=/root LOGNAME=root USER=root SUDO_USER="$(id -un)" \
  ${STARWARDEN_SANDBOX+"STARWARDEN_SANDBOX=$STARWARDEN_SANDBOX"} \
  ${STARWARDEN_SANDBOX_SETTINGS+"STARWARDEN_SANDBOX_SETTINGS=$STARWARDEN_SANDBOX_SETTINGS"} "$@"
