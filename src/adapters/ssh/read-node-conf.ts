import type { NodeKind } from '../../domain/cluster.ts';
import { type NodeConf, readNodeConf, variablesIn } from '../../domain/node-conf.ts';
import { parseEnvironment } from './answers.ts';
import { readEnvironment } from './commands.ts';
import { readConf } from './conf-commands.ts';
import type { ShellReader } from './port.ts';
import { readNodeProcess } from './read-node-process.ts';
import { commandKinds } from './shell-text.ts';

type Place = { readonly kind: NodeKind; readonly deployDir: string };

/**
 * What a node's configuration says; a text = why it cannot be read. Variables that the file does not set are read from
 * the node's process: those in the values of `keys`, and `names`.
 */
export async function readConfOn(
  shell: ShellReader,
  node: Place,
  { keys, names = [], signal }: { keys: readonly string[]; names?: readonly string[]; signal: AbortSignal },
): Promise<NodeConf | string> {
  const answer = await shell.run(readConf({ deployDir: node.deployDir, kind: commandKinds[node.kind] }), { signal });
  if (answer.exitCode !== 0) return answer.stderr.trim() || 'its configuration file cannot be read';
  const source = { kind: node.kind, confText: answer.stdout, home: node.deployDir };
  const alone = readNodeConf(source);
  const open = [...variablesIn(source, keys), ...names].filter((name) => !isTold(alone, name));
  if (open.length === 0) return alone;
  const running = await readNodeProcess(shell, node, signal);
  if (running === null) return alone;
  return readNodeConf({ ...source, running: await readVariables(shell, { pid: running.pid, names: open, signal }) });
}

function isTold(conf: NodeConf, name: string): boolean {
  const told = conf.started(name);
  return 'value' in told && told.value !== null;
}

/** The values that a process was started with, for these variables; none where they are not shown to us. */
export async function readVariables(
  shell: Pick<ShellReader, 'run'>,
  { pid, names, signal }: { pid: number; names: readonly string[]; signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  return parseEnvironment((await shell.run(readEnvironment({ pid, names }), { signal })).stdout);
}
