import { neededTools } from './host-tools.ts';
import type { ReadCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';
import { absolute, assign, type NodeKind, read, shortNames } from './shell-text.ts';

/** What StarRocks' scripts need besides the tools that Starwarden's own commands need. */
export const scriptTools = ['bash', 'ps', 'getopt', 'setsid', 'nohup', 'df', 'id', 'readlink', 'tr', 'tail'] as const;

/** Settings of the kernel that decide how well a node runs, by their names in sysctl. */
export const kernelSettings = [
  'vm.overcommit_memory',
  'vm.swappiness',
  'vm.max_map_count',
  'net.core.somaxconn',
  'net.ipv4.tcp_abort_on_overflow',
] as const;

/** What is printed is in English, and only files of /proc and built-in words of the shell are relied on. */
const plain = 'export LC_ALL=C';

/** The machine itself; read the answer with `parseMachine`. What cannot be read is left out. */
export function machineFacts(): ReadCommand {
  return read('machine-facts', [
    plain,
    'echo "user=$(id -un 2>/dev/null)"; echo "uid=$(id -u 2>/dev/null)"; echo "arch=$(uname -m 2>/dev/null)"',
    `echo "cores=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo 2>/dev/null)"`,
    // One core is like the others. ARM calls them otherwise, and has no AVX.
    '{ while read -r key line; do case $key in flags) echo "flags=$line"; break;; esac; done </proc/cpuinfo; } 2>/dev/null',
    '{ while read -r key value unit; do case $key in MemTotal: | SwapTotal:) echo "$key=$value";; esac; done </proc/meminfo; } 2>/dev/null',
    'while read -r first second rest; do case "$first $second" in "|-- "*) at=$second;; "/32 host") echo "address=$at";; esac; done </proc/net/fib_trie 2>/dev/null',
    'if [ -r /proc/net/fib_trie ]; then echo addresses=told; fi',
    'while read -r at rest; do echo "address=$at"; done </proc/net/if_inet6 2>/dev/null',
    '{ read -r line </sys/kernel/mm/transparent_hugepage/enabled && echo "hugepages=$line"; } 2>/dev/null',
    'boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) && echo "boot=$boot"',
    `for name in ${kernelSettings.map((name) => name.replaceAll('.', '/')).join(' ')}; do`,
    // Not with read: dash asks for one character after the other, and these files answer with the first one only.
    'value=$(cat "/proc/sys/$name" 2>/dev/null) && echo "sys/$name=$value"; done',
    '{ while read -r first second third soft hard rest; do case "$first $second $third" in',
    '"Max open files") echo "openFiles=$soft $hard";; "Max processes "*) echo "userProcesses=$third $soft";;',
    'esac; done </proc/self/limits; } 2>/dev/null; :',
  ]);
}

/** Which tools the host has; read the answer with `parseMissingTools`. */
export function surveyTools(): ReadCommand {
  return read('survey-tools', [
    `for tool in ${[...neededTools, ...scriptTools].join(' ')}; do`,
    'if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; fi; done',
    'case $(tar --version 2>/dev/null) in *"GNU tar"*) echo gnu-tar;; esac',
    'case $(stat --version 2>/dev/null) in *"GNU coreutils"*) echo gnu-stat;; esac',
    // The start scripts look at the old process in this way.
    'if ps -q $$ -o comm= >/dev/null 2>&1; then echo ps-q; fi',
  ]);
}

/** Every socket of this machine that waits for connections; read the answer with `parseListening`. */
export function listeningPorts(): ReadCommand {
  return read('listening-ports', [
    'for file in tcp tcp6; do [ -r "/proc/net/$file" ] || continue; echo "file=$file"',
    // grep reads much faster than the shell where there are many connections.
    `if command -v grep >/dev/null 2>&1; then grep ' 0A ' "/proc/net/$file"`,
    'else while read -r line; do case $line in *" 0A "*) echo "$line";; esac; done <"/proc/net/$file"; fi; done; :',
  ]);
}

/**
 * Processes that may be nodes of StarRocks, of any user; read the answer with `parseProcesses`. The environment of other
 * users' processes is closed, their arguments and control groups are open. Only arguments that can tell the kind or the
 * directory are printed: others may hold passwords.
 */
export function nodeProcesses(): ReadCommand {
  return read('node-processes', [
    plain,
    // With the mount option hidepid the processes of others, and so the first, are not shown.
    'if { read -r line </proc/1/stat; } 2>/dev/null; then echo open=yes; else echo open=no; fi',
    'if command -v tr >/dev/null 2>&1; then echo tr=yes; fi',
    'name_of() { while IFS=: read -r name shadow number rest; do',
    'if [ "$number" = "$1" ]; then echo "$name"; return; fi; done </etc/passwd',
    'getent passwd "$1" 2>/dev/null | cut -d: -f1; }',
    'for dir in /proc/[0-9]*; do',
    'line=; { read -r line <"$dir/stat"; } 2>/dev/null || continue',
    'case $line in *"(java) "[ZX]* | *"(starrocks_be) "[ZX]*) continue;; *"(java) "* | *"(starrocks_be) "*) ;; *) continue;; esac',
    `set -f; set -- \${line##*") "}; set +f; program=\${line#*"("}`,
    `echo "process=\${dir#/proc/}"; echo "program=\${program%%")"*}"; echo "ticks=\${20}"; parent=$2; parents=`,
    'uid=; { while read -r key value rest; do case $key in Uid:) uid=$value; break;; esac; done <"$dir/status"; } 2>/dev/null',
    '[ -z "$uid" ] || echo "user=$(name_of "$uid")"',
    'while [ "$parent" -gt 0 ]; do parents="$parents $parent"; line=; { read -r line <"/proc/$parent/stat"; } 2>/dev/null || break',
    `set -f; set -- \${line##*") "}; set +f; parent=$2; done; echo "parents=$parents"`,
    '{ while IFS= read -r line; do echo "cgroup=$line"; done <"$dir/cgroup"; } 2>/dev/null',
    'if [ -r "$dir/fd" ] && ls "$dir/fd" >/dev/null 2>&1; then echo files=open',
    `sockets=" $(ls -l "$dir/fd" 2>/dev/null | sed -n 's/.*socket:\\[\\([0-9]*\\)\\]$/\\1/p' | tr '\\n' ' ') "`,
    // After its files: a node that has just begun to listen is not one that listens nowhere.
    `grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r number own peer state queue timer retry uid wait inode rest; do`,
    `case $sockets in *" $inode "*) echo "listens=\${own%:*}";; esac; done; fi`,
    `if { : <"$dir/environ"; } 2>/dev/null && tr '\\0' '\\n' <"$dir/environ" >/dev/null 2>&1; then echo environ=open`,
    `{ tr '\\0' '\\n' <"$dir/environ"; } 2>/dev/null | while IFS= read -r each; do case $each in STARROCKS_HOME=*) echo "home=\${each#*=}";; esac; done; fi`,
    `{ tr '\\0' '\\n' <"$dir/cmdline"; } 2>/dev/null | while IFS= read -r each; do case $each in`,
    'com.starrocks.* | --cn | -version | /* | -Xlog* | -javaagent:* | -Djava.security.policy=*) echo "arg=$each";; esac; done',
    // What ended while it was read listens nowhere, and is no node.
    `line=; { read -r line <"$dir/stat"; } 2>/dev/null; case $line in '' | *") "[ZX]*) echo ended=yes;; esac`,
    'done; :',
  ]);
}

/**
 * Which of these directories holds the start script of a node, and whether the process sees the files that we see; read
 * the answer with `parseSeenFrom`.
 */
export function whereNodeIs({
  pid,
  kind,
  directories,
}: {
  readonly pid: number;
  readonly kind: NodeKind;
  readonly directories: readonly string[];
}): ReadCommand {
  const root = `/proc/${wholeNumber(pid)}/root/`;
  return read('where-node-is', [
    `if [ -e ${root} ]; then if [ ${root} -ef / ]; then echo root=ours; else echo root=other; fi; fi`,
    `for dir in ${directories.map((dir) => quote(absolute(dir))).join(' ')}; do`,
    `if [ -e "$dir/bin/start_${shortNames[kind]}.sh" ]; then echo "dir=$dir"; fi; done; :`,
  ]);
}

/** A directory that is wanted, or what is there in its place; read the answer with `parsePath`. */
export function lookAtPath({ path }: { readonly path: string }): ReadCommand {
  return read('look-at-path', [
    plain,
    assign('path', absolute(path)),
    'if [ -e "$path" ] || [ -L "$path" ]; then echo exists=yes; else echo exists=no; fi',
    'if [ -d "$path" ]; then echo directory=yes; if [ -r "$path" ] && [ -x "$path" ]; then empty=yes',
    'for each in "$path"/* "$path"/.[!.]* "$path"/..?*; do',
    // Every file system of the ext family begins with it.
    'case $each in */lost+found) continue;; esac',
    'if [ -e "$each" ] || [ -L "$each" ]; then empty=no; break; fi; done; echo "empty=$empty"; fi; fi',
    `parent_of() { echo "\${1%/*}"; }`,
    'at=$path; while [ -n "$at" ] && [ ! -e "$at" ] && [ ! -L "$at" ]; do at=$(parent_of "$at"); done; [ -n "$at" ] || at=/; echo "nearest=$at"',
    'if [ -d "$at" ] && [ -x "$at" ]; then echo entered=yes; fi',
    'if [ -d "$at" ] && [ -x "$at" ] && [ -w "$at" ]; then echo writable=yes; fi',
    'number=$(stat -c %d -- "$at" 2>/dev/null)',
    'case $number in "" | *[!0-9]*) ;; *)',
    'device=$(((number >> 8) & 4095)):$(((number & 255) | ((number >> 12) & 1048320)))',
    'for file in "/sys/dev/block/$device/queue/rotational" "/sys/dev/block/$device/../queue/rotational"; do',
    'if { read -r turns <"$file"; } 2>/dev/null; then echo "rotational=$turns"; break; fi; done;; esac',
    'df -P -k -- "$at" 2>&1; :',
  ]);
}

/** All services that systemd has loaded; read the answer with `parseServices`. Needs no root. */
export function listServices(): ReadCommand {
  return read('list-services', [
    plain,
    "systemctl show --no-pager --property=Id,LoadState,ActiveState,MainPID,ExecStart -- '*.service' </dev/null",
  ]);
}
