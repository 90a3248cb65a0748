import type { ClusterNode, Host } from '../../domain/cluster.ts';
import { readNodeConf } from '../../domain/node-conf.ts';
import type { Asked, JavaOnHost, NodeOnHost, UpgradeHost } from '../../domain/upgrade/checks-facts.ts';
import type { ReleaseSource } from '../../domain/upgrade/release.ts';
import { AppError } from '../../errors.ts';
import { parseDiskFree } from './answers.ts';
import { batchedReads } from './batch.ts';
import { diskFree, hasStartScript } from './commands.ts';
import { confTimes, readConf } from './conf-commands.ts';
import {
  parseConfTimes,
  parseJava,
  parseOwner,
  parseSwapPlace,
  parseTools,
  parseUnitRights,
  parseUnitState,
  type UnitRights,
  type UnitState,
} from './host-answers.ts';
import { hasTools, javaVersionFor, ownerOf, sameFileSystem } from './host-commands.ts';
import type { ReadCommand, ShellReader, ShellResult } from './port.ts';
import { readClock } from './read-clock.ts';
import { readVariables } from './read-node-conf.ts';
import { readNodeProcess } from './read-node-process.ts';
import { parseKept } from './release-answers.ts';
import { sudoersLine, unitRights, unitState } from './service-commands.ts';
import { type NodeKind as CommandKind, commandKinds } from './shell-text.ts';
import { listKept } from './swap-commands.ts';

type Place = Pick<ClusterNode, 'id' | 'kind' | 'deployDir' | 'unit' | 'alive'>;

export type HostToAsk = Pick<Host, 'id' | 'address'> & { readonly nodes: readonly Place[] };

export type HostAnswer = {
  readonly host: UpgradeHost;
  /** By the node's id. */
  readonly nodes: ReadonlyMap<string, Asked<NodeOnHost>>;
};

type Asking = {
  readonly shell: (hostId: string) => Promise<ShellReader>;
  readonly signal: AbortSignal;
  /** Where the archive comes from; null = there is no release to check for. */
  readonly source: ReleaseSource | null;
};

const commandTimeoutMs = 8_000;

/**
 * What these hosts say, all asked at the same time. A host that does not answer gives the reason, for itself and for each
 * of its nodes.
 */
export async function askHosts(hosts: readonly HostToAsk[], asking: Asking): Promise<HostAnswer[]> {
  return Promise.all(hosts.map((host) => askHost(host, asking)));
}

async function askHost({ id, address, nodes }: HostToAsk, asking: Asking): Promise<HostAnswer> {
  const { signal } = asking;
  const runsFrontend = nodes.some(({ kind }) => kind === 'FRONTEND');
  const session = once(async () => batchedReads(await asking.shell(id)));
  const run = async (command: ReadCommand): Promise<ShellResult> =>
    (await session()).run(command, { signal, timeoutMs: commandTimeoutMs });
  // The first command opens the connection: a host that does not answer is asked once, and not for everything.
  const look = await ask(signal, async () => ({
    missingTools: missingTools((await run(hasTools())).stdout, asking.source),
    clock: await readClock(run),
  }));
  const asked = await Promise.all(
    nodes.map(async (node) => {
      const found: Asked<NodeOnHost> =
        'failed' in look
          ? look
          : await ask(signal, async () => askNode(node, { ...asking, run, session: await session() }));
      return [node.id, found] as const;
    }),
  );
  return { host: { hostId: id, address, runsFrontend, look }, nodes: new Map(asked) };
}

function missingTools(stdout: string, source: ReleaseSource | null): readonly string[] {
  const { missing, downloader } = parseTools(stdout);
  return source?.kind === 'HOST_URL' && downloader === null ? [...missing, 'curl or wget'] : missing;
}

/** One shell for each host, so that questions of the same moment can go together. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

type Run = (command: ReadCommand) => Promise<ShellResult>;

async function askNode(
  node: Place,
  { run, session, signal, source }: Asking & { run: Run; session: ShellReader },
): Promise<NodeOnHost> {
  const deployDir = node.deployDir ?? '';
  const kind = commandKinds[node.kind];
  const [process, disk, swap, service, conf, times, kept, hasArchive] = await Promise.all([
    readNodeProcess(session, { kind: node.kind, deployDir }, signal),
    run(diskFree({ path: deployDir })),
    run(sameFileSystem({ deployDir })),
    node.unit === null ? readScripts(run, { deployDir, kind }) : readUnit(run, { unit: node.unit, node }),
    run(readConf({ deployDir, kind })),
    run(confTimes({ deployDir, kind })),
    run(listKept({ deployDir })),
    // df refuses a path that is not there.
    source?.kind === 'ON_NODE' ? run(diskFree({ path: source.location })) : undefined,
  ]);
  const confText = conf.exitCode === 0 ? conf.stdout : null;
  const read = process === null ? null : parseConfTimes(times.stdout, process.startedAtTicks);
  const java =
    kind === 'frontend' ? await readJava(run, { home: deployDir, confText, pid: process?.pid ?? null, signal }) : null;
  const place = parseSwapPlace(swap.stdout);
  const swapProblem =
    place === null ? swap.stderr.trim() || 'the directory could not be looked at' : place.problems.join('; ');
  return {
    process: process === null ? null : { pid: process.pid, startedAtTicks: process.startedAtTicks },
    disk: parseDiskFree(disk.stdout),
    swapProblem: swapProblem === '' ? null : swapProblem,
    ...service,
    java,
    confText,
    ...(read === null ? {} : { confTimes: read }),
    kept: parseKept(kept).map(({ name }) => name),
    ...(hasArchive === undefined ? {} : { hasArchive: hasArchive.exitCode === 0 }),
  };
}

type Service = Pick<NodeOnHost, 'serviceProblem' | 'startLimit' | 'startedAs'>;

async function readScripts(run: Run, place: { deployDir: string; kind: CommandKind }): Promise<Service> {
  const [found, owner] = await Promise.all([run(hasStartScript(place)), run(ownerOf(place))]);
  const startedAs = parseOwner(owner.stdout);
  return {
    serviceProblem: found.exitCode === 0 ? null : `${place.deployDir}/bin holds no start script that may be run`,
    ...(startedAs === null ? {} : { startedAs }),
  };
}

async function readUnit(run: Run, { unit, node }: { unit: string; node: Place }): Promise<Service> {
  const [state, answer] = await Promise.all([run(unitState({ unit })), run(unitRights({ unit }))]);
  const found = parseUnitState(state.stdout);
  const rights = parseUnitRights(answer.stdout);
  const sudoers = sudoersLine({ unit, user: rights?.user ?? 'the user who logs in' });
  const limit = found?.startLimit ?? null;
  return {
    serviceProblem: unitProblem({ unit, node, found, rights, sudoers }),
    ...(found === null || limit === null
      ? {}
      : { startLimit: { unit, ...limit, restarts: found.restarts, mayReset: rights?.resetFailed ?? false, sudoers } }),
  };
}

function unitProblem({
  unit,
  node,
  found,
  rights,
  sudoers,
}: {
  readonly unit: string;
  readonly node: Place;
  readonly found: UnitState | null;
  readonly rights: UnitRights | null;
  readonly sudoers: string;
}): string | null {
  if (found === null) return 'systemd does not answer on the host';
  if (!found.exists) return `systemd knows no unit ${unit}`;
  if (node.alive && found.activeState !== 'active')
    return `the unit ${unit} is ${found.activeState} although the node is alive, so something else runs it`;
  if (rights === null) return `whether the unit ${unit} may be stopped and started cannot be told`;
  const missing = [...(rights.stop ? [] : ['stopped']), ...(rights.start ? [] : ['started'])];
  if (missing.length === 0) return null;
  return `sudo asks ${rights.user} for a password, so the unit ${unit} cannot be ${missing.join(' and ')}; sudoers needs: ${sudoers}`;
}

type JavaQuestion = {
  readonly home: string;
  readonly confText: string | null;
  readonly pid: number | null;
  readonly signal: AbortSignal;
};

/** What fe.conf says counts before what the process was started with: the file may have been changed since. */
async function readJava(run: Run, { home, confText, pid, signal }: JavaQuestion): Promise<NodeOnHost['java']> {
  if (confText === null) return { unknown: 'fe.conf cannot be read' };
  const conf = readNodeConf({ kind: 'FRONTEND', confText, home }).started('JAVA_HOME');
  const written = 'value' in conf ? conf.value || null : null;
  if (written !== null) return javaAt(run, javaVersionFor({ home: written }));
  const running = pid === null ? undefined : await readVariables({ run }, { pid, names: ['JAVA_HOME'], signal });
  const started = running?.get('JAVA_HOME') || null;
  if (started !== null) return javaAt(run, javaVersionFor({ home: started, from: 'process' }));
  return 'unknown' in conf ? { unknown: `JAVA_HOME: ${conf.unknown}` } : javaAt(run, javaVersionFor({ home: null }));
}

async function javaAt(run: Run, command: ReadCommand): Promise<JavaOnHost | null> {
  const java = parseJava((await run(command)).stdout);
  return java?.version == null ? null : { version: java.version, home: java.home, hasCompiler: java.hasCompiler };
}

/**
 * An answer, or why there is none. An error that is no AppError is a bug, and cancelling is the caller's own wish: both
 * are thrown.
 */
async function ask<T>(signal: AbortSignal, read: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof AppError) || (error.code === 'CANCELED' && signal.aborted)) throw error;
    return { failed: error.message };
  }
}
