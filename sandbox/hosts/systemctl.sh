#!/bin/bash
# Stands in for systemctl, for services only, and knows start, stop, reset-failed, show, is-active, daemon-reload, enable and
# disable. Unit files are beside it in ../units; what it does not know of them or of the command line is an error, so that nothing is taken for granted.
# A job goes on when its caller is ended, as systemd's do.

units=$(cd "$(dirname "${BASH_SOURCE[0]}")/../units" && pwd)
policy=$(<"$units/policy")

# What is asked for again and again is answered in REPLY and without a process: there are ten looks a second at each service.

# The last value of a key of the unit; empty when it has none.
read_setting() {
  local line found=
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line == "$1="* ]] && found=${line#*=}
  done <"$units/$unit"
  REPLY=$found
}

setting() {
  read_setting "$1"
  echo "$REPLY"
}

# False where its main process does not run.
find_main_pid() {
  local pid= stat=
  read_setting PIDFile
  { read -r pid <"$REPLY"; } 2>/dev/null
  [[ -n $pid ]] || return 1
  { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
  [[ $stat =~ \)\ Z ]] && return 1
  REPLY=$pid
}

main_pid() {
  find_main_pid && echo "$REPLY"
}

# What it was last told to be, and whether its process agrees.
active_state() {
  local wanted=inactive pid
  [[ -f $units/$unit.state ]] && wanted=$(<"$units/$unit.state")
  pid=$(main_pid)
  case $wanted:$pid in
    active:) echo failed ;;
    active:*) echo active ;;
    *) echo "$wanted" ;;
  esac
}

wait_while() {
  local rounds=$(($1 * 20))
  shift
  while "$@" >/dev/null; do
    ((rounds-- > 0)) || return 1
    sleep 0.05
  done
}

# Nothing of the caller's environment reaches a service, but for the sandbox's own marks.
run_line() {
  local environment=() line
  while read -r line; do environment+=("$line"); done < <(sed -n 's/^Environment=//p' "$units/$unit")
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 MAINPID="$(main_pid)" \
    ${STARWARDEN_SANDBOX+"STARWARDEN_SANDBOX=$STARWARDEN_SANDBOX"} \
    ${STARWARDEN_SANDBOX_SETTINGS+"STARWARDEN_SANDBOX_SETTINGS=$STARWARDEN_SANDBOX_SETTINGS"} "${environment[@]}" \
    bash -c "exec $1" </dev/null >>"$units/$unit.log" 2>&1
}

no_pid() { ! find_main_pid; }

# As systemd without settings of its own: 5 starts within 10 s. A stop does not set the count back.
limit_burst() { local n; n=$(setting StartLimitBurst); echo "${n:-5}"; }
limit_seconds() { local n; n=$(setting StartLimitIntervalSec); echo "${n:-10}"; }

# Counts a start; false when there were too many, and then it is none.
may_start() {
  local burst interval now=${EPOCHREALTIME/./} file=$units/$unit.starts at recent=()
  burst=$(limit_burst) interval=$(limit_seconds)
  ((burst > 0 && interval > 0)) || return 0
  [[ -f $file ]] && while read -r at; do ((now - at < interval * 1000000)) && recent+=("$at"); done <"$file"
  ((${#recent[@]} < burst)) || return 1
  printf '%s\n' "${recent[@]}" "$now" >"$file"
}

# Starts a service again that ended by itself, while systemd thinks that it is up.
supervise() {
  local pause silence state
  case $(setting Restart) in '' | no) return ;; esac
  pause=$(setting RestartSec)
  exec {silence}<> <(:) # nothing is ever read from it: a pause that is no process
  while read -r state <"$units/$unit.state" && [[ $state == active ]]; do
    if no_pid; then
      exec {silence}>&-
      sleep "${pause:-0.1}"
      exec "${BASH_SOURCE[0]}" --job restart "$unit"
    fi
    read -rt 0.1 -u "$silence"
  done
}

job_start() {
  [[ $(active_state) == active ]] && return 0
  echo failed >"$units/$unit.state"
  rm -f "$units/$unit.result"
  if ! may_start; then
    echo start-limit-hit >"$units/$unit.result"
    return 1
  fi
  run_line "$(setting ExecStart)" || return 1
  wait_while 10 no_pid || return 1
  echo active >"$units/$unit.state"
  setsid "${BASH_SOURCE[0]}" --supervise - "$unit" </dev/null >/dev/null 2>&1 &
}

job_stop() {
  local limit pid
  # Its end is no failure from now on.
  echo deactivating >"$units/$unit.state"
  limit=$(setting TimeoutStopSec)
  [[ -n $(setting ExecStop) ]] && run_line "$(setting ExecStop)"
  if pid=$(main_pid); then
    kill -TERM "$pid"
    wait_while "${limit:-90}" main_pid || kill -KILL "$pid" 2>/dev/null
    wait_while 10 main_pid
  fi
  echo inactive >"$units/$unit.state"
}

if [[ $1 == --supervise ]]; then
  unit=$3
  supervise
  exit
fi

if [[ $1 == --job ]]; then
  unit=$3
  exec 9>>"$units/$unit.lock"
  flock 9
  # Not for the service: it would hold the lock for as long as it lives.
  case $2 in
    start) job_start 9>&- ;;
    # Whoever told it to stop meanwhile is obeyed.
    restart) [[ $(<"$units/$unit.state") != active ]] || job_start 9>&- ;;
    stop) job_stop 9>&- ;;
  esac
  exit
fi

# As systemd prints a command, without the times of its last run.
exec_start() {
  local line
  line=$([[ -f $units/$unit ]] && setting ExecStart)
  [[ -z $line ]] || echo "{ path=${line%% *} ; argv[]=$line ; ignore_errors=no }"
}

show_all() {
  local file first=yes
  for file in "$units"/*.service; do
    [[ -f $file ]] || continue
    [[ $first ]] || echo
    first=
    "${BASH_SOURCE[0]}" show --property="$properties" -- "$(basename "$file")"
  done
}

properties=
words=()
while (($# > 0)); do
  case $1 in
    --property=*) properties=${1#*=} ;;
    --no-ask-password | --no-pager) ;;
    --) shift; words+=("$@"); break ;;
    -*) echo "systemctl: unrecognized option '$1'" >&2; exit 1 ;;
    *) words+=("$1") ;;
  esac
  shift
done
verb=${words[0]} unit=${words[1]}
if [[ $verb == show && -z $unit && $properties == UnitPath ]]; then
  echo "UnitPath=$units"
  exit 0
fi
if [[ $verb == daemon-reload && ${#words[@]} == 1 ]]; then
  if [[ $policy != root && -z $SUDO_USER ]]; then
    echo "Failed to reload daemon: Interactive authentication required." >&2
    exit 1
  fi
  known='^(#.*|\[(Unit|Service|Install)\]|(Description|Wants|After|RequiresMountsFor|Type|User|PIDFile|ExecStart|ExecStop|Environment|WantedBy)=.+'
  known+='|(Limit(NOFILE|NPROC|CORE)|Timeout(Start|Stop)Sec)=.+|StartLimit(IntervalSec|Burst)=[0-9]+|Restart(Sec)?=.+|)$'
  for file in "$units"/*.service; do
    [[ -f $file ]] || continue
    unknown=$(grep -Evn "$known" "$file" | head -n 1)
    if [[ -n $unknown ]]; then
      echo "the stand-in for systemd does not know ${file##*/}:$unknown" >&2
      exit 1
    fi
  done
  exit 0
fi
[[ -z $unit || $unit == *.service ]] || unit+=.service
case $verb in
  start | stop | reset-failed | show | is-active | enable | disable) ;;
  *) echo "Unknown command verb $verb." >&2; exit 1 ;;
esac
if [[ $verb == show && $unit == '*.service' ]]; then
  show_all
  exit 0
fi
if [[ ${#words[@]} != 2 || ! $unit =~ ^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]*\.service$ ]]; then
  echo "Failed to $verb $unit: Unit name $unit is not valid." >&2
  exit 1
fi
is_found=$([[ -f $units/$unit ]] && echo yes)

case $verb in
  show)
    load=not-found state=inactive pid=0 result=success
    if [[ $is_found ]]; then
      load=loaded state=$(active_state) pid=$(main_pid)
      [[ $state == active ]] || pid=0
      [[ $state == failed ]] && result=exit-code
      [[ $state == failed && -f $units/$unit.result ]] && result=$(<"$units/$unit.result")
    fi
    sub=$([[ $state == active ]] && echo running || { [[ $state == failed ]] && echo failed || echo dead; })
    # In an order of its own, as systemd does.
    restart=no burst=5 interval=10s
    if [[ $is_found ]]; then
      restart=$(setting Restart) burst=$(limit_burst) interval=$(limit_seconds)
      minutes=$((interval / 60)) seconds=$((interval % 60)) interval=
      ((minutes > 0)) && interval=${minutes}min
      ((seconds > 0 || minutes == 0)) && interval+="${interval:+ }${seconds}s"
    fi
    for line in "Restart=${restart:-no}" "StartLimitBurst=$burst" "StartLimitIntervalUSec=$interval" \
      "MainPID=$pid" "Id=$unit" "ExecStart=$(exec_start)" "Result=$result" "LoadState=$load" "ActiveState=$state" "SubState=$sub"; do
      [[ -z $properties || ,$properties, == *,"${line%%=*}",* ]] && echo "$line"
    done
    exit 0
    ;;
  is-active)
    [[ $is_found ]] || { echo inactive; exit 4; }
    active_state
    [[ $(active_state) == active ]] || exit 3
    exit 0
    ;;
esac

if [[ $policy != root && -z $SUDO_USER ]]; then
  echo "Failed to $verb $unit: Interactive authentication required." >&2
  exit 1
fi
if [[ ! $is_found ]]; then
  if [[ $verb == start ]]; then
    echo "Failed to start $unit: Unit $unit not found." >&2
  else
    echo "Failed to stop $unit: Unit $unit not loaded." >&2
  fi
  exit 5
fi
if [[ $verb == enable || $verb == disable ]]; then
  [[ $verb == enable ]] && touch "$units/$unit.enabled" || rm -f "$units/$unit.enabled"
  exit 0
fi
if [[ $verb == reset-failed ]]; then
  [[ $(active_state) == failed ]] && echo inactive >"$units/$unit.state"
  rm -f "$units/$unit.starts" "$units/$unit.result"
  exit 0
fi
setsid "${BASH_SOURCE[0]}" --job "$verb" "$unit" </dev/null >/dev/null 2>&1 &
if ! wait $!; then
  if [[ -f $units/$unit.result ]]; then
    echo "Job for $unit failed." >&2
    exit 1
  fi
  echo "Job for $unit failed because the control process exited with error code." >&2
  exit 1
fi
