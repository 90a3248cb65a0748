#!/bin/bash
# Run by sshd for every session (ForceCommand): notes what was asked for as one JSON line, then does exactly that.
# A command that came encoded, so that every login shell takes it, is noted as the script that it is.
# Arguments: host name, command log, path of sftp-server. Environment of the command is left as sshd made it.

note() {
  # C: bytes, not characters, so that text that is no UTF-8 passes through; the radix of EPOCHREALTIME is a dot.
  local LC_ALL=C TZ=UTC0 text=$3 now=$EPOCHREALTIME time code hex char escape
  printf -v time '%(%Y-%m-%dT%H:%M:%S)T' "${now%.*}"
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  if [[ $text == *[$'\x01'-$'\x1f']* ]]; then
    # Without a process for each: every command of an operation comes through here, and most are scripts of several lines.
    for code in {1..31}; do
      printf -v hex %02x "$code"
      printf -v char "\\x$hex"
      printf -v escape '\\u00%s' "$hex"
      text=${text//"$char"/"$escape"}
    done
  fi
  # The lock keeps lines of several hosts whole: a long line needs more than one write.
  {
    flock 9
    printf '{"time":"%s.%sZ","host":"%s","user":"%s","command":"%s"}\n' \
      "$time" "${now:${#now}-6:3}" "$1" "$USER" "$text" >&9
  } 9>>"$2"
}

if [[ -z ${SSH_ORIGINAL_COMMAND+set} ]]; then
  note "$1" "$2" shell
  exec "$SHELL" -l
fi
encoded="exec /bin/sh -c 'eval \"\$(printf %b \"\$1\")\"' sh '"
if [[ $SSH_ORIGINAL_COMMAND == "$3" ]]; then
  note "$1" "$2" sftp
elif [[ $SSH_ORIGINAL_COMMAND == "$encoded"*\' ]]; then
  script=${SSH_ORIGINAL_COMMAND#"$encoded"}
  printf -v script %b "${script%\'}"
  note "$1" "$2" "$script"
else
  note "$1" "$2" "$SSH_ORIGINAL_COMMAND"
fi
asked=$SSH_ORIGINAL_COMMAND
unset SSH_ORIGINAL_COMMAND
exec "$SHELL" -c "$asked"
