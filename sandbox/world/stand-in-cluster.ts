import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeKeyPair } from '../hosts/key-pair.ts';
import type { Services } from '../hosts/services.ts';
import type { StandInHost } from '../hosts/start-host.ts';
import type { BuildReleaseOptions, ReleaseArchive } from '../releases/build-release.ts';
import { takeRelease } from '../releases/take-release.ts';
import { releases } from '../releases/versions.ts';
import type { Programs } from '../releases/write-tree.ts';
import { type AddressBlock, claimAddressBlock, isFree, occupyPort } from './address-block.ts';
import { type ArchiveServer, startArchiveServer } from './archive-server.ts';
import { formCluster } from './cluster.ts';
import { nextCommand } from './command-log.ts';
import { fillDisk, freeDisk } from './disks.ts';
import { createFaults, type Faults } from './faults.ts';
import { describeNode, findNode, type InstalledNode, type NodeRef, nodesOnHost } from './installed-node.ts';
import { type Machine, prepareMachine } from './machines.ts';
import { killNode, runningNode, startNode } from './nodes.ts';
import { type ExtraConf, type JavaSetup, planWorld, portsAt, portsOf, type WorldPlan } from './plan.ts';
import { sweepWorld } from './processes.ts';
import { createDemoData, createRepository, createSqlUser, type SeededTable } from './seed.ts';
import { settleAll } from './settle.ts';

export type ClusterOptions = {
  /** 0 = no cluster at all: then there are no other nodes, no users and no data either. */
  readonly frontends?: number;
  readonly backends?: number;
  readonly computeNodes?: number;
  /** Frontends that never vote, beside the others. Default 0. */
  readonly observers?: number;
  /** Hosts `host1`, `host2`, … with SSH, JDKs, an empty `/opt/starrocks` and data directory, and no node. Default 0. */
  readonly spareHosts?: number;
  /** All nodes on one host, `box1`, with ports and directories of their own. Default: each has a host. */
  readonly oneHost?: boolean;
  /** A systemd of its own for hosts by name, with the units it starts with. */
  readonly systemd?: Readonly<Record<string, Services>>;
  /** `labels.location` for the backends in turn, e.g. `['rack:r1', 'rack:r2']`. Default: none is set. */
  readonly locations?: readonly string[];
  /** The JDKs of single hosts, by name. Default: each has 11 and 17, and JAVA_HOME is 17. */
  readonly java?: Readonly<Record<string, JavaSetup>>;
  /** More lines for the conf files, e.g. `{ fe: { sandbox_forwarding: 'lenient' } }`. */
  readonly conf?: ExtraConf;
  /** One of `releases`. Default 3.3.15. */
  readonly version?: string;
  /** How many times faster than real StarRocks time passes. Default 1. */
  readonly speed?: number;
  /** Gives every host a disk of this size, which `fillDisk` can fill. Needs the right to mount. Default: none. */
  readonly diskBytes?: number;
  /** Archives of some 20 kB in place of a megabyte. Default false. */
  readonly tinyReleases?: boolean;
  /** What stands behind the start scripts. Default: the sandbox's own frontend and backend. */
  readonly programs?: Partial<Programs>;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  /** Told what is being done, a line each. */
  readonly onProgress?: (line: string) => void;
};

/**
 * Takes something wrong on or off. A node that is alone on its host is named as that: `fe1`, `be2`, `cn1`. A host is meant by its
 * own name or by that of a node on it.
 */
export type ClusterControls = {
  readonly faults: Faults;
  /** Serves the release archives of this world. */
  readonly archives: ArchiveServer;
  /** How many times faster than real StarRocks time passes. */
  readonly speed: number;
  /** Resolves with the next command like this that the host gets over SSH: the moment to break something. */
  nextCommand(host: string, match: RegExp, options?: { readonly timeoutMs?: number }): Promise<string>;
  host(name: string): StandInHost;
  /** The process id of a node, or null when it does not run. */
  pidOf(node: NodeRef): number | null;
  /** SIGKILL; returns the process id it had. */
  kill(node: NodeRef): Promise<number>;
  /** Runs the node's own start script; returns the new process id. */
  start(node: NodeRef): Promise<number>;
  /** A node as its directories show it now, also one that was installed later. */
  node(node: NodeRef): InstalledNode;
  /** Every node that is unpacked on a host now, whoever did it. */
  nodesOn(host: string): InstalledNode[];
  /** Takes a port of a host for another program; the result gives it back. */
  occupyPort(host: string, port: number): Promise<() => Promise<void>>;
  /** Fills the disk of a host, but for `leaveBytes`; returns the bytes it took. Only with `diskBytes`. */
  fillDisk(name: string, options?: { readonly leaveBytes?: number }): Promise<number>;
  /** Returns the bytes that are free afterwards. */
  freeDisk(name: string): Promise<number>;
};

export type StandInCluster = {
  readonly plan: WorldPlan;
  readonly machines: readonly Machine[];
  /** The private key that every host accepts. */
  readonly keyFile: string;
  readonly sqlUser: string;
  readonly sqlPassword: string;
  readonly tables: readonly SeededTable[];
  readonly repositoryLocation: string | null;
  readonly releases: readonly ReleaseArchive[];
  readonly controls: ClusterControls;
};

/**
 * Starts hosts and a cluster on them, with a user, demo data and a repository, and returns when all of it answers. What it
 * takes to end it is put on `undo` step by step, so that a start that fails half-way is cleaned up as well.
 */
export async function startStandInCluster(
  { dir, ...options }: ClusterOptions & { readonly dir: string },
  undo: AsyncDisposableStack,
): Promise<StandInCluster> {
  const { version = '3.3.15', diskBytes = null, programs = {}, tinyReleases: tiny = false } = options;
  const { signal, onProgress = () => {} } = options;
  const block = await claimAddressBlock();
  undo.defer(() => block.release());
  const plan = await choosePlan(block, { ...options, dir, version });
  for (const path of [dirname(plan.files.statements), plan.files.objectStore]) await mkdir(path, { recursive: true });
  const faults = await createFaults(plan.files.faults);
  const releasesDir = join(dir, 'releases');
  const archives = await startArchiveServer({ dir: releasesDir });
  undo.defer(() => archives.stop());
  const [key, archive] = await settleAll([
    makeKeyPair(join(dir, 'keys')),
    takeRelease({ version, outDir: releasesDir, programs, tiny }),
  ]);

  onProgress(`preparing ${plan.hosts.length} hosts on ${block.prefix}.0/24`);
  const { systemd = {} } = options;
  const machines = await prepareMachines({ plan, archive, publicKey: key.publicKey, diskBytes, systemd }, undo);

  signal?.throwIfAborted();
  onProgress('starting the cluster');
  undo.defer(() => sweepWorld(dir));
  const [sql, built] = await settleAll([
    plan.nodes.length > 0 ? formCluster({ plan, signal }) : null,
    takeReleases({ outDir: releasesDir, programs, tiny }),
  ]);
  const common = { plan, machines, keyFile: key.privateKeyFile, releases: built };
  const login = { sqlUser: 'starwarden', sqlPassword: randomBytes(18).toString('base64url') };
  const controls = controlsOf({ plan, machines, faults, archives });
  if (sql === null) return { ...common, ...login, controls, tables: [], repositoryLocation: null };

  onProgress('creating users and data');
  try {
    await createSqlUser(sql, { user: login.sqlUser, password: login.sqlPassword });
    const backends = plan.nodes.filter((node) => node.kind === 'be').length;
    return {
      ...common,
      ...login,
      controls,
      tables: backends > 0 ? await createDemoData(sql, { replicas: Math.min(3, backends) }) : [],
      repositoryLocation: backends > 0 ? await createRepository(sql, plan) : null,
    };
  } finally {
    sql.close();
  }
}

type Wanted = ClusterOptions & { readonly dir: string; readonly version: string };

/** The real default ports when they are free on every host, else all of them moved by the same amount. */
async function choosePlan(block: AddressBlock, wanted: Wanted): Promise<WorldPlan> {
  const { dir, version, speed = 1, frontends = 3, backends = frontends === 0 ? 0 : 3, computeNodes = 0 } = wanted;
  const { observers = 0, locations = [], java = {}, conf = {}, spareHosts = 0, oneHost = false } = wanted;
  const size = { frontends, backends, computeNodes, observers, locations, java, conf, spareHosts, oneHost };
  for (const offset of [0, 10_000, 20_000]) {
    const ports = portsAt(offset);
    const { address } = block;
    const plan = planWorld({ dir, version, speed, ports, address, ...size });
    const needed = [
      ...plan.hosts.map((host) => isFree(host.address, ports.ssh)),
      ...plan.nodes.flatMap((node) => portsOf(node).map((port) => isFree(node.address, port))),
    ];
    if ((await Promise.all(needed)).every((free) => free)) return plan;
  }
  throw new Error(`the ports of StarRocks are taken on ${block.prefix}.0/24, also moved by 10000 and 20000`);
}

type Preparation = {
  readonly plan: WorldPlan;
  readonly archive: ReleaseArchive;
  readonly publicKey: string;
  readonly diskBytes: number | null;
  readonly systemd: Readonly<Record<string, Services>>;
};

function prepareMachines(preparation: Preparation, undo: AsyncDisposableStack): Promise<Machine[]> {
  const { plan, archive, systemd, ...common } = preparation;
  const prepared = plan.hosts.map(async (place) => {
    const nodes = plan.nodes.filter(({ host }) => host === place.name);
    const own = systemd[place.name];
    const machine = await prepareMachine({ ...common, place, nodes, plan, archive: archive.path, systemd: own });
    undo.defer(() => machine.host.stop());
    return machine;
  });
  return settleAll(prepared);
}

function takeReleases(options: Omit<BuildReleaseOptions, 'version'>): Promise<ReleaseArchive[]> {
  return settleAll(releases.map(({ version }) => takeRelease({ ...options, version })));
}

type Controlled = {
  readonly plan: WorldPlan;
  readonly machines: readonly Machine[];
  readonly faults: Faults;
  readonly archives: ArchiveServer;
};

function controlsOf({ plan, machines, faults, archives }: Controlled): ClusterControls {
  const machineOf = (name: string): Machine => {
    const host = plan.nodes.find((node) => node.name === name)?.host ?? name;
    const machine = machines.find(({ place }) => place.name === host);
    if (machine !== undefined) return machine;
    throw new Error(`there is no ${name}; there are ${machines.map(({ place }) => place.name).join(', ')}`);
  };
  return {
    faults,
    archives,
    speed: plan.speed,
    nextCommand: (name, match, { timeoutMs = 60_000 } = {}) =>
      nextCommand({ file: plan.files.commands, host: machineOf(name).host.name, match, timeoutMs }),
    host: (name) => machineOf(name).host,
    pidOf: (ref) => runningNode(findNode(ref, plan))?.pid ?? null,
    kill: (ref) => killNode(findNode(ref, plan)),
    start: (ref) => startNode({ node: findNode(ref, plan), plan }),
    node: (ref) => describeNode(ref, plan),
    nodesOn: (name) => nodesOnHost(machineOf(name).place, plan),
    occupyPort: (name, port) => occupyPort(machineOf(name).place.address, port),
    fillDisk: (name, options) => fillDisk(machineOf(name).place.diskDir, options),
    freeDisk: (name) => freeDisk(machineOf(name).place.diskDir),
  };
}
