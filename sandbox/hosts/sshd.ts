import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../patience.ts';
import { descendantsOf, killAll, type ProcessEntry, type ProcessId, sendSignal } from './processes.ts';

/** One listening sshd process. */
export type Sshd = {
  /** Ends the listener and every connection; returns the commands that still run, as after a cable was pulled. */
  end(): Promise<ProcessId[]>;
  /** Ends every connection and keeps listening; returns the commands that still run. */
  cut(): ProcessId[];
};

export type SshdStart = {
  readonly binary: string;
  readonly address: string;
  readonly port: number;
  readonly dir: string;
};

/** Starts `sshd` with `dir/sshd_config` and returns when it greets. It stays in the foreground: its pid is ours. */
export async function startSshd({ binary, address, port, dir }: SshdStart): Promise<Sshd> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const logFile = `${dir}/sshd.log`;
  const log = openSync(logFile, 'a');
  const child = spawn(binary, ['-D', '-e', '-f', `${dir}/sshd_config`], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.unref();
  const hasEnded = () => pid === undefined || child.exitCode !== null || child.signalCode !== null;

  for (const deadline = Date.now() + patienceMs; !(await greets(address, port)); await sleep(10)) {
    if (!hasEnded() && Date.now() < deadline) continue;
    if (pid !== undefined) sendSignal(pid, 'SIGKILL');
    throw new Error(`sshd does not listen on ${address}:${port}: ${lastLines(logFile)}`);
  }
  // A greeting may come from another program that holds the port; then ours has ended or is about to.
  await sleep(5);
  if (pid === undefined || hasEnded()) throw new Error(`sshd ended on ${address}:${port}: ${lastLines(logFile)}`);
  return {
    async end() {
      if (hasEnded()) return [];
      // Stopped first, so that no connection is accepted between the look and the kill.
      sendSignal(pid, 'SIGSTOP');
      const commands = dropConnections(pid);
      sendSignal(pid, 'SIGKILL');
      // Started so that it keeps nobody from ending; its own end is waited for.
      child.ref();
      await gone;
      return commands;
    },
    cut: () => (hasEnded() ? [] : dropConnections(pid)),
  };
}

/** Kills the sshd processes of all connections; what they started is not told, and is returned. */
function dropConnections(listener: number): ProcessId[] {
  const isSshd = ({ name }: ProcessEntry) => name.startsWith('sshd');
  // Stopped before the look that counts, so that none of them starts a command in between.
  for (const { pid } of descendantsOf(listener).filter(isSshd)) sendSignal(pid, 'SIGSTOP');
  const all = descendantsOf(listener);
  killAll(all.filter(isSshd));
  return all.filter((entry) => !isSshd(entry));
}

function greets(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 2_000 });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('SSH-2.0')));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('close', () => finish(false));
  });
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ');
}
