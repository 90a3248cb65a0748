import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning, type ProcessId, sendSignal } from '../hosts/processes.ts';
import { patienceMs } from '../patience.ts';
import { parseConf, settingsVariable } from '../starrocks/conf.ts';
import { settingsDirOf } from './conf.ts';
import type { PlannedNode, WorldPlan } from './plan.ts';
import { worldMark } from './processes.ts';

/** What it takes to run a node's scripts and to find its process. */
export type RunnableNode = Pick<PlannedNode, 'name' | 'kind' | 'hostDir' | 'deployDir'>;

export type ScriptResult = { readonly exitCode: number | null; readonly output: string };

type ScriptCall = {
  readonly node: RunnableNode;
  readonly plan: WorldPlan;
  readonly script: string;
  readonly args: readonly string[];
};

/**
 * Runs one of a node's own scripts as somebody at the machine's console would: in a session of its own, with next to no
 * environment. Not over SSH, so that it works on a host that refuses SSH and leaves the command log to others.
 */
export function runScript({ node, plan, script, args }: ScriptCall): Promise<ScriptResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [join(node.deployDir, 'bin', script), ...args], {
      cwd: node.hostDir,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        [worldMark]: plan.dir,
        [settingsVariable]: settingsDirOf(node),
      },
      timeout: patienceMs,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

export type NodeStart = {
  readonly node: RunnableNode;
  readonly plan: WorldPlan;
  /** For the start script, besides `--daemon`. */
  readonly args?: readonly string[];
  readonly signal?: AbortSignal | undefined;
};

/** Starts a node with its start script and returns its process id once the program has written it. */
export async function startNode({ node, plan, args = [], signal }: NodeStart): Promise<number> {
  const script = `start_${node.kind}.sh`;
  const { exitCode, output } = await runScript({ node, plan, script, args: ['--daemon', ...args] });
  if (exitCode !== 0) throw new Error(`${node.name}: ${script} ended with ${exitCode}: ${output.trim()}`);
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(20, undefined, { signal })) {
    const running = runningNode(node);
    if (running !== null) return running.pid;
  }
  throw new Error(`${node.name} did not start: ${lastOutput(node)}`);
}

/** Ends a node with SIGKILL, as a machine that loses power would, and waits until it is gone. */
export async function killNode(node: RunnableNode): Promise<number> {
  const running = runningNode(node);
  if (running === null) throw new Error(`${node.name} is not running`);
  sendSignal(running.pid, 'SIGKILL');
  for (const deadline = Date.now() + patienceMs; isRunning(running); await sleep(5)) {
    if (Date.now() > deadline) throw new Error(`${node.name}, process ${running.pid}, survived SIGKILL`);
  }
  return running.pid;
}

/** The process of a node according to its pid file, or null when there is none or the number is somebody else's by now. */
export function runningNode(node: RunnableNode): ProcessId | null {
  const conf = parseConf(readText(join(node.deployDir, 'conf', `${node.kind}.conf`)));
  const pidDir = conf.get('PID_DIR')?.replace(/^\$\{?STARROCKS_HOME\}?/, node.deployDir) ?? join(node.deployDir, 'bin');
  const pid = Number(readText(join(pidDir, `${node.kind}.pid`)));
  const found = pid > 0 ? identify(pid) : null;
  if (found === null || !isRunning(found)) return null;
  return readText(`/proc/${pid}/environ`).includes(`STARROCKS_HOME=${node.deployDir}\0`) ? found : null;
}

/** The end of what a node printed, for the message of an error. */
export function lastOutput(node: RunnableNode): string {
  const lines = readText(join(node.deployDir, 'log', `${node.kind}.out`))
    .trim()
    .split('\n');
  return lines.slice(-5).join(' | ') || 'it printed nothing';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
