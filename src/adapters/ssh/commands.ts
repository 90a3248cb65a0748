import { AppError } from '../../errors.ts';
import { findingNode } from './finding-node.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';
import { absolute, assign, change, type NodeKind, ownedDir, read, shortNames } from './shell-text.ts';

export type { NodeKind } from './shell-text.ts';

export type StartNode = {
  /** The directory that holds `bin/` and `conf/`, e.g. `/opt/starrocks/fe`. */
  readonly deployDir: string;
};

export type StopNode = {
  readonly deployDir: string;
  readonly graceful: boolean;
  /** After this the script kills; null = it waits for ever. Needs 3.4+; left out for older versions. */
  readonly timeoutSeconds: number | null;
  /** As the node reports it, e.g. `3.3.2-857dd73`: which options its script knows. */
  readonly version: string;
};

/** A node that was started must live on when the command that started it is killed with its process group. */
const ownSession = 'setsid --wait';

/**
 * Starts a frontend in the background. Exit code 0 says nothing about success: the shell returns at once. `helper` is
 * `host:edit_log_port` of a running frontend, and is only needed for the first start of an additional frontend.
 */
export function startFrontend({
  deployDir,
  helper = null,
  isFqdn = false,
}: StartNode & { helper?: string | null; isFqdn?: boolean }): ShellCommand {
  const options = [
    ...(helper === null ? [] : ['--helper', quote(helper)]),
    // Without it a frontend with no metadata names itself by its address.
    ...(isFqdn ? ['--host_type', 'FQDN'] : []),
  ];
  return change('start-frontend', [ownSession, script(deployDir, 'start_fe.sh'), '--daemon', ...options]);
}

/** Up to 3.3 the script knows no option and waits for ever: the call's timeout is the only limit. */
export function stopFrontend({ deployDir, graceful, timeoutSeconds, version }: StopNode): ShellCommand {
  const options = isAtLeast34(version) ? [...gracefulOption(graceful), ...timeoutOption(timeoutSeconds)] : [];
  return change('stop-frontend', [script(deployDir, 'stop_fe.sh'), ...options]);
}

export function startBackend({ deployDir }: StartNode): ShellCommand {
  return change('start-backend', [ownSession, script(deployDir, 'start_be.sh'), '--daemon']);
}

/** Without `graceful` the script sends SIGKILL, in every version. */
export function stopBackend({ deployDir, graceful, timeoutSeconds, version }: StopNode): ShellCommand {
  const timeout = isAtLeast34(version) ? timeoutOption(timeoutSeconds) : [];
  return change('stop-backend', [script(deployDir, 'stop_be.sh'), ...gracefulOption(graceful), ...timeout]);
}

export function startComputeNode({ deployDir }: StartNode): ShellCommand {
  return change('start-compute-node', [ownSession, script(deployDir, 'start_cn.sh'), '--daemon']);
}

/** In every version the script does not wait for the process and knows no timeout: poll the process afterwards. */
export function stopComputeNode({ deployDir, graceful }: Pick<StopNode, 'deployDir' | 'graceful'>): ShellCommand {
  return change('stop-compute-node', [script(deployDir, 'stop_cn.sh'), ...gracefulOption(graceful)]);
}

/** The process that the node runs as, and the pid file that names it; read the answer with `parseNodeProcess`. */
export function readPid({ deployDir, kind }: { deployDir: string; kind: NodeKind }): ReadCommand {
  const file = quote(`${absolute(deployDir)}/bin/${shortNames[kind]}.pid`);
  return read('read-pid', [
    assign('dir', ownedDir(deployDir)),
    'cd -- "$dir" || exit 3',
    `if [ -e ${file} ] && [ ! -r ${file} ]; then echo ${file} cannot be read >&2; exit 3; fi`,
    ...findingNode({ deployDir, kind }),
    'find_node',
    // A process that a pid file names and that /proc does not show may still be the node.
    `if [ -z "$found" ]; then names "$dir/bin" "" || case $named in *[!0-9]*) ;; *)`,
    `${readStat('$named')} in *'No such process'*) ;; *) exit 3;; esac;; esac;; esac`,
    'echo none; exit 0; fi',
    'echo "pid $found"; echo "comm $program"; echo "startedAtTicks $ticks"; echo "pidFile $pidFile"',
  ]);
}

/**
 * Variables of a process, and only those that are asked for; read the answer with `parseEnvironment`. Exit code 1 = they
 * are not shown.
 */
export function readEnvironment({ pid, names }: { pid: number; names: readonly string[] }): ReadCommand {
  const wanted = names.filter((name) => /^[A-Za-z_]\w*$/.test(name)).join('\\|');
  return read('read-environment', [
    `sed -zn 's/^\\(${wanted}\\)=/&/p' /proc/${wholeNumber(pid)}/environ | tr '\\n\\0' ' \\n'`,
  ]);
}

/** Sets `$line` to the process's line of /proc; if there is none, continues with the message of `kill`, which says why. */
function readStat(pid: string): string {
  return `line=; { read -r line </proc/${pid}/stat; } 2>/dev/null; case $line in *') '*) ;; *) case $(LC_ALL=C kill -s 0 ${pid} 2>&1)`;
}

/**
 * Whether this process still runs; read the answer with `parseAlive`. It is identified by pid and start time, not by the
 * pid file, which some stop scripts remove while the process is still draining. Exit code 0 = it runs, 1 = it has ended;
 * any other code, without output, when that cannot be found out, e.g. because /proc hides the processes of other users.
 */
export function isProcessAlive({ pid, startedAtTicks }: { pid: number; startedAtTicks: string }): ReadCommand {
  const number = wholeNumber(pid);
  return read('is-process-alive', [
    `${readStat(number)} in *'No such process'*) echo gone; exit 1;; *) exit 3;; esac;; esac`,
    // Field 2, the program's name, may hold any characters. Field 3 is the state: a zombie has ended, unless it has more
    // threads (field 20) that still work. Field 22 is the start time.
    `set -f; set -- \${line##*') '}; case "$1 \${18}" in "Z "[01] | X*) set --;; esac`,
    `if [ "\${20}" = ${quote(startedAtTicks)} ]; then echo alive; else echo gone; exit 1; fi`,
  ]);
}

/** Whether `deployDir` holds a node of this kind: exit code 0 = its start script is there and may be run. */
export function hasStartScript({ deployDir, kind }: { deployDir: string; kind: NodeKind }): ReadCommand {
  return read('has-start-script', [`test -x ${script(deployDir, `start_${shortNames[kind]}.sh`)}`]);
}

/** Whether the user may become root without a password: exit code 0. */
export function checkSudo(): ReadCommand {
  return read('check-sudo', ['sudo -n true']);
}

export function whoAmI(): ReadCommand {
  return read('who-am-i', ['id -un']);
}

/** Space on the file system that holds `path`; read the answer with `parseDiskFree`. */
export function diskFree({ path }: { path: string }): ReadCommand {
  return read('disk-free', [`LC_ALL=C df -P -k -- ${quote(absolute(path))}`]);
}

/**
 * Ends a process group: SIGTERM, two seconds later SIGKILL. Exit code 0 = nothing of it is left. sshd makes every command
 * the leader of its own group; if the leader's start time differs, the group is somebody else's.
 */
export function killGroup({ pgid, startedAtTicks }: { pgid: number; startedAtTicks: string }): ShellCommand {
  if (pgid <= 1) throw new AppError('INVALID_INPUT', `Process group ${pgid} is not one to be killed`);
  const group = wholeNumber(pgid);
  const wait = 'i=0; while alive && [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done';
  return change('kill-group', [
    `ticks=$(sed 's/.*) //' /proc/${group}/stat 2>/dev/null | cut -d' ' -f20); `,
    `[ -z "$ticks" ] || [ "$ticks" = ${quote(startedAtTicks)} ] || exit 0; `,
    `alive() { ps -A -o pgid= -o stat= | awk '$1 == ${group} && $2 !~ /^Z/ { found = 1 } END { exit !found }'; }; `,
    `kill -s TERM -- -${group} 2>/dev/null; ${wait}; `,
    `alive || exit 0; kill -s KILL -- -${group} 2>/dev/null; ${wait}; ! alive`,
  ]);
}

function script(deployDir: string, name: string): string {
  return quote(`${absolute(deployDir)}/bin/${name}`);
}

function gracefulOption(graceful: boolean): string[] {
  return graceful ? ['-g'] : [];
}

function timeoutOption(seconds: number | null): string[] {
  return seconds === null ? [] : ['--timeout', wholeNumber(seconds)];
}

/**
 * Whether the version's scripts know `--timeout` and its frontends SIGUSR1. False for a text that names no release,
 * because the old options always work.
 */
export function isAtLeast34(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 4);
}
