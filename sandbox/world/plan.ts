import { join } from 'node:path';

export type NodeKind = 'fe' | 'be' | 'cn';

/** A machine of the world, with or without nodes. */
export type PlannedHost = {
  /** That of its node where it has one of its own: `fe1`, `be2`, `cn1`; `host1` of an empty one, `box1` of one with all nodes. */
  readonly name: string;
  readonly address: string;
  readonly hostDir: string;
  /** What a size-limited disk is mounted on: holds the deploy and the data directories, not what SSH needs. */
  readonly diskDir: string;
  readonly java?: JavaSetup;
};

/** Where everything of one StarRocks node lives. */
export type PlannedNode = {
  /** `fe1`, `be2`, `cn1`. */
  readonly name: string;
  readonly kind: NodeKind;
  /** The name of its host. */
  readonly host: string;
  readonly address: string;
  readonly hostDir: string;
  readonly diskDir: string;
  /** STARROCKS_HOME. */
  readonly deployDir: string;
  readonly dataDir: string;
  readonly ports: Ports;
  /** A frontend that never votes; without it a frontend is a follower. */
  readonly isObserver?: boolean;
  /** `labels.location` of a backend, e.g. `rack:r1`. */
  readonly location?: string;
  readonly java?: JavaSetup;
};

/** Which JDKs a host has, by major version, and which of them JAVA_HOME names. Default: 11 and 17, and JAVA_HOME is 17. */
export type JavaSetup = { readonly installed?: readonly number[]; readonly home?: number };

/**
 * Lines for the conf files, the keys of the stand-in included: of every node of a kind, of one node by its name, or, keys of the
 * stand-in only, of whatever is installed on a host by its name.
 */
export type ExtraConf = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** StarRocks' own ports, all moved by the same amount where something else on this machine has taken one of them. */
export type Ports = {
  readonly ssh: number;
  readonly http: number;
  readonly rpc: number;
  readonly query: number;
  readonly editLog: number;
  readonly backend: number;
  readonly backendHttp: number;
  readonly heartbeat: number;
  readonly brpc: number;
  readonly starlet: number;
};

export type WorldPlan = {
  readonly dir: string;
  readonly version: string;
  readonly speed: number;
  readonly ports: Ports;
  readonly hosts: readonly PlannedHost[];
  readonly nodes: readonly PlannedNode[];
  readonly conf: ExtraConf;
  readonly files: {
    readonly statements: string;
    readonly commands: string;
    readonly faults: string;
    readonly objectStore: string;
  };
};

export type PlanInput = {
  readonly dir: string;
  readonly version: string;
  readonly speed: number;
  readonly ports: Ports;
  readonly frontends: number;
  readonly backends: number;
  readonly computeNodes: number;
  readonly address: (hostNumber: number) => string;
  /** Frontends beside the followers, named after them. */
  readonly observers?: number;
  /** A location for each backend in turn, from the start again when there are fewer. */
  readonly locations?: readonly string[];
  /** By the name of the host. */
  readonly java?: Readonly<Record<string, JavaSetup>>;
  readonly conf?: ExtraConf;
  /** Hosts without a node, beside the others. Default 0. */
  readonly spareHosts?: number;
  /** All nodes on one host, with ports and directories of their own: one frontend at most, as StarRocks has it. */
  readonly oneHost?: boolean;
};

/** The first host number of each kind; there is room for nine of each before they meet. */
const firstHostNumber = { fe: 11, be: 21, cn: 31, spare: 41 } as const;
const mostOfAKind = 9;
const mostSpareHosts = 40;

/** The default ports plus an offset. */
export function portsAt(offset: number): Ports {
  return {
    ssh: 2222 + offset,
    http: 8030 + offset,
    rpc: 9020 + offset,
    query: 9030 + offset,
    editLog: 9010 + offset,
    backend: 9060 + offset,
    backendHttp: 8040 + offset,
    heartbeat: 9050 + offset,
    brpc: 8060 + offset,
    starlet: 9070 + offset,
  };
}

/** Lays a world out: names, addresses, directories. Pure. */
export function planWorld(input: PlanInput): WorldPlan {
  const { dir, version, speed, ports, conf = {} } = input;
  if (!(speed > 0)) throw new Error(`speed ${speed} is not above 0`);
  const nodes = planNodes(input);
  const hosts = [...hostsOf(nodes), ...planSpareHosts(input)];
  const java = input.java ?? {};
  const stranger = Object.keys(java).find((name) => !hosts.some((host) => host.name === name));
  if (stranger !== undefined) throw new Error(`java is given for ${stranger}, which is no host of this world`);
  const known = new Set<string>(['fe', 'be', 'cn', ...[...hosts, ...nodes].map(({ name }) => name)]);
  const nobody = Object.keys(conf).find((name) => !known.has(name));
  if (nobody !== undefined)
    throw new Error(`conf is given for ${nobody}, which is neither a kind nor a node nor a host`);
  const setUp = java[nodes[0]?.host ?? ''];
  return {
    dir,
    version,
    speed,
    ports,
    hosts: hosts.map((host) => withJava(host, java[host.name])),
    nodes: nodes.map((node) => withJava(node, input.oneHost === true ? setUp : java[node.name])),
    conf,
    files: {
      statements: join(dir, 'logs', 'statements.jsonl'),
      commands: join(dir, 'logs', 'commands.jsonl'),
      faults: join(dir, 'faults.json'),
      objectStore: join(dir, 'object-store'),
    },
  };
}

function planNodes(input: PlanInput): PlannedNode[] {
  const { frontends, backends, computeNodes, observers = 0, locations = [], oneHost = false } = input;
  if (frontends === 0 && backends + computeNodes + observers > 0) {
    throw new Error('a cluster needs at least one frontend; a world without a cluster has no other node either');
  }
  if (oneHost && frontends + observers > 1) throw new Error('there is room for one frontend on a host');
  const plan = (kind: NodeKind, count: number, before = 0) => planKind({ kind, count, before, ...input });
  const frontendNodes = plan('fe', frontends + observers).map((node, index) =>
    index < frontends ? node : { ...node, isObserver: true },
  );
  const located = plan('be', backends).map((node, index) => {
    const location = locations[index % Math.max(1, locations.length)];
    return location === undefined ? node : { ...node, location };
  });
  return [...frontendNodes, ...located, ...plan('cn', computeNodes, backends)];
}

type Several = Pick<PlanInput, 'dir' | 'address' | 'ports' | 'oneHost'> & {
  readonly kind: NodeKind;
  readonly count: number;
  /** Nodes with the same ports that are on the same host already. */
  readonly before: number;
};

function planKind({ kind, count, before, dir, address, ports, oneHost }: Several): PlannedNode[] {
  if (!Number.isInteger(count) || count < 0 || count > mostOfAKind) {
    throw new Error(`${count} nodes of kind ${kind}: it must be a whole number from 0 to ${mostOfAKind}`);
  }
  const part = kind === 'fe' ? 'fe' : 'be';
  return Array.from({ length: count }, (_, index) => {
    const name = `${kind}${index + 1}`;
    const common = { name, kind };
    if (oneHost === true) {
      const host = planHost({ name: 'box1', dir, address: address(firstHostNumber.fe) });
      const deployDir = join(host.diskDir, 'starrocks', name);
      const dataDir = join(host.diskDir, 'data', name);
      return { ...common, ...placeOn(host), deployDir, dataDir, ports: movePorts(ports, 100 * (before + index)) };
    }
    const host = planHost({ name, dir, address: address(firstHostNumber[kind] + index) });
    const deployDir = join(host.diskDir, 'starrocks', part);
    return { ...common, ...placeOn(host), deployDir, dataDir: join(host.diskDir, 'data'), ports };
  });
}

function planSpareHosts({ dir, address, spareHosts = 0 }: PlanInput): PlannedHost[] {
  if (!Number.isInteger(spareHosts) || spareHosts < 0 || spareHosts > mostSpareHosts) {
    throw new Error(`${spareHosts} empty hosts: it must be a whole number from 0 to ${mostSpareHosts}`);
  }
  return Array.from({ length: spareHosts }, (_, index) =>
    planHost({ name: `host${index + 1}`, dir, address: address(firstHostNumber.spare + index) }),
  );
}

type HostInput = { readonly name: string; readonly dir: string; readonly address: string };

function planHost({ name, dir, address }: HostInput): PlannedHost {
  const hostDir = join(dir, 'hosts', name);
  return { name, address, hostDir, diskDir: join(hostDir, 'opt') };
}

function placeOn({ name, address, hostDir, diskDir }: PlannedHost) {
  return { host: name, address, hostDir, diskDir };
}

function hostsOf(nodes: readonly PlannedNode[]): PlannedHost[] {
  const hosts = nodes.map(({ host, address, hostDir, diskDir }) => ({ name: host, address, hostDir, diskDir }));
  return hosts.filter((host, index) => hosts.findIndex(({ name }) => name === host.name) === index);
}

function withJava<T>(place: T, java: JavaSetup | undefined) {
  return { ...place, ...(java && { java }) };
}

/** All but the SSH port, which is the host's. */
function movePorts(ports: Ports, by: number): Ports {
  const moved = portsAt(by + ports.http - portsAt(0).http);
  return { ...moved, ssh: ports.ssh };
}

/** The ports on which a node listens. */
export function portsOf({ kind, ports }: Pick<PlannedNode, 'kind' | 'ports'>): number[] {
  if (kind === 'fe') return [ports.http, ports.rpc, ports.query, ports.editLog];
  return [ports.backend, ports.backendHttp, ports.heartbeat, ports.brpc, ports.starlet];
}
