import type { NodeKind } from '../../domain/cluster.ts';
import type { MachineSurvey, NodeDirectory, NodeOnMachine, NodeSettings } from '../../domain/deploy/host-survey.ts';
import { nodePorts, portAliases } from '../../domain/deploy/node-ports.ts';
import { storagePathsOf } from '../../domain/deploy/storage-paths.ts';
import type { Known } from '../../domain/known.ts';
import { type NodeConf, readNodeConf, variablesIn } from '../../domain/node-conf.ts';
import { readConf } from './conf-commands.ts';
import type { ReadCommand, ShellResult } from './port.ts';
import { readVariables } from './read-node-conf.ts';
import { commandKinds } from './shell-text.ts';
import { listServices, whereNodeIs } from './survey-commands.ts';
import type { SeenProcess, SeenProcesses } from './survey-processes.ts';
import { parseServices, type Service, unitOf } from './survey-services.ts';

export type Run = (command: ReadCommand) => Promise<ShellResult>;
type Asking = { readonly run: Run; readonly signal: AbortSignal };

/** What the nodes that were seen take of their machine, and who runs them. */
export async function describeNodes(
  { nodes, hidden }: SeenProcesses,
  asking: Asking,
): Promise<Pick<MachineSurvey, 'nodes' | 'visibleNodes'>> {
  // Nobody asks systemd for a machine without nodes.
  const services = nodes.length === 0 ? null : asking.run(listServices()).then(({ stdout }) => parseServices(stdout));
  const visibleNodes = await Promise.all(nodes.map((seen) => describeNode(seen, services, asking)));
  return { visibleNodes, nodes: hidden === null ? { value: visibleNodes } : { unknown: hidden } };
}

async function describeNode(
  seen: SeenProcess,
  asked: Promise<readonly Service[] | null> | null,
  asking: Asking,
): Promise<NodeOnMachine> {
  const { kind, pid, user } = seen;
  const [deployDir, services] = await Promise.all([readDeployDir(seen, asking.run), asked]);
  const home = 'value' in deployDir ? deployDir.value : null;
  const settings =
    'value' in deployDir
      ? await readSettings({ kind, deployDir: deployDir.value, pid }, asking)
      : unknownSettings(kind, deployDir.unknown);
  const boundTo =
    seen.listensAt === null
      ? { unknown: 'its open files are closed to the user who logs in' }
      : { value: seen.listensAt };
  return { kind, pid, user, boundTo, deployDir, unit: unitOf(seen, { services, deployDir: home }), ...settings };
}

/** Where the node lies, as files that we see ourselves: its own word alone may be about the inside of a container. */
async function readDeployDir({ kind, pid, home, mayLieIn }: SeenProcess, run: Run): Promise<Known<string>> {
  const directories = (home === null ? mayLieIn : [home]).filter((dir) => dir.startsWith('/'));
  if (directories.length === 0) {
    return { unknown: 'its environment belongs to another user, and its arguments name no directory' };
  }
  const { stdout } = await run(whereNodeIs({ pid, kind: commandKinds[kind], directories }));
  const lines = stdout.split('\n');
  if (lines.includes('root=other'))
    return { unknown: `it runs in a container, where it calls its directory ${directories[0]}` };
  const [found, ...others] = lines.filter((line) => line.startsWith('dir=')).map((line) => line.slice(4));
  if (found === undefined)
    return {
      unknown: `no start script is seen in ${directories.join(', ')}: the user may not enter it, or the node runs in a container`,
    };
  if (others.length > 0) return { unknown: `it may be any of ${[found, ...others].join(', ')}` };
  return { value: found };
}

/** What the conf file of a node says; `pid` null = it may be down, and only the file is read. */
export async function readSettings(
  { kind, deployDir, pid }: NodeDirectory & { readonly pid: number | null },
  { run, signal }: Asking,
): Promise<NodeSettings> {
  const answer = await run(readConf({ deployDir, kind: commandKinds[kind] }));
  if (answer.exitCode !== 0) return unknownSettings(kind, answer.stderr.trim() || 'its conf file cannot be read');
  const source = { kind, confText: answer.stdout, home: deployDir };
  const keys = [...Object.keys(nodePorts[kind]), ...Object.values(portAliases), oldThriftPort, dataKeys[kind].key];
  const open = variablesIn(source, keys);
  const running =
    open.length === 0 || pid === null ? undefined : await readVariables({ run }, { pid, names: open, signal });
  const conf = readNodeConf(running === undefined ? source : { ...source, running });
  return { ports: portsOf(conf, kind), dataDirs: dataDirsOf(conf, { kind, deployDir }) };
}

export function unknownSettings(kind: NodeKind, why: string): NodeSettings {
  return {
    ports: new Map(Object.keys(nodePorts[kind]).map((key) => [key, { unknown: why }])),
    dataDirs: { unknown: why },
  };
}

const dataKeys = {
  FRONTEND: { key: 'meta_dir', usual: 'meta' },
  BACKEND: { key: 'storage_root_path', usual: 'storage' },
  COMPUTE_NODE: { key: 'storage_root_path', usual: 'storage' },
} as const satisfies Record<NodeKind, { key: string; usual: string }>;

const oldThriftPort = 'thrift_port';

function portsOf(conf: NodeConf, kind: NodeKind): ReadonlyMap<string, Known<number>> {
  return new Map(Object.entries(nodePorts[kind]).map(([key, usual]) => [key, portOf(conf, { kind, key, usual })]));
}

function portOf(
  conf: NodeConf,
  { kind, key, usual }: { readonly kind: NodeKind; readonly key: string; readonly usual: number },
): Known<number> {
  const isSet = (name: string) => {
    const told = conf.text(name);
    return 'unknown' in told || (told.value !== null && told.value !== '0');
  };
  // A compute node still obeys this key, and a backend does not (service_be/starrocks_be.cpp).
  if (key === 'be_port' && kind === 'COMPUTE_NODE' && isSet(oldThriftPort)) return conf.port(oldThriftPort, usual);
  const alias = portAliases[key];
  if (alias === undefined || !isSet(alias)) return conf.port(key, usual);
  return isSet(key) ? { unknown: `both ${key} and ${alias} are set, which are one setting` } : conf.port(alias, usual);
}

function dataDirsOf(conf: NodeConf, { kind, deployDir }: NodeDirectory): Known<readonly string[]> {
  const { key, usual } = dataKeys[kind];
  const told = conf.text(key);
  if ('unknown' in told) return told;
  if (told.value === null) return { value: [`${deployDir}/${usual}`] };
  return { value: kind === 'FRONTEND' ? [told.value] : storagePathsOf(told.value).map(({ path }) => path) };
}
