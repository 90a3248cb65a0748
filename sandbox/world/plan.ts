import { join } from 'node:path';

export type NodeKind = 'fe' | 'be' | 'cn';

/** Where everything of one StarRocks node lives. Each node has a host, an address and directories of its own. */
export type PlannedNode = {
  /** `fe1`, `be2`, `cn1`: the name of the node and of its host. */
  readonly name: string;
  readonly kind: NodeKind;
  readonly address: string;
  readonly hostDir: string;
  /** What a size-limited disk is mounted on: holds the deploy and the data directory, not what SSH needs. */
  readonly diskDir: string;
  /** STARROCKS_HOME. */
  readonly deployDir: string;
  readonly dataDir: string;
  /** A frontend that never votes; without it a frontend is a follower. */
  readonly isObserver?: boolean;
  /** `labels.location` of a backend, e.g. `rack:r1`. */
  readonly location?: string;
  readonly java?: JavaSetup;
};

/** Which JDKs a host has, by major version, and which of them JAVA_HOME names. Default: 11 and 17, and JAVA_HOME is 17. */
export type JavaSetup = { readonly installed?: readonly number[]; readonly home?: number };

/** Lines for the conf file of every node of a kind, the keys of the stand-in included. */
export type ExtraConf = Readonly<Partial<Record<NodeKind, Readonly<Record<string, string | number>>>>>;

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
};

/** The first host number of each kind; there is room for nine of each before they meet. */
const firstHostNumber = { fe: 11, be: 21, cn: 31 } as const;
const mostOfAKind = 9;

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
  const { dir, version, speed, ports, frontends, backends, computeNodes, address } = input;
  const { observers = 0, locations = [], java = {}, conf = {} } = input;
  if (frontends < 1) throw new Error('a cluster needs at least one frontend');
  if (!(speed > 0)) throw new Error(`speed ${speed} is not above 0`);
  const plan = (kind: NodeKind, count: number) => planNodes({ kind, count, dir, address });
  const followersAndObservers = plan('fe', frontends + observers).map((node, index) =>
    index < frontends ? node : { ...node, isObserver: true },
  );
  const located = plan('be', backends).map((node, index) => {
    const location = locations[index % Math.max(1, locations.length)];
    return location === undefined ? node : { ...node, location };
  });
  const nodes = [...followersAndObservers, ...located, ...plan('cn', computeNodes)];
  const stranger = Object.keys(java).find((name) => !nodes.some((node) => node.name === name));
  if (stranger !== undefined) throw new Error(`java is given for ${stranger}, which is no host of this world`);
  return {
    dir,
    version,
    speed,
    ports,
    nodes: nodes.map((node) => (java[node.name] === undefined ? node : { ...node, java: java[node.name] })),
    conf,
    files: {
      statements: join(dir, 'logs', 'statements.jsonl'),
      commands: join(dir, 'logs', 'commands.jsonl'),
      faults: join(dir, 'faults.json'),
      objectStore: join(dir, 'object-store'),
    },
  };
}

type Several = {
  readonly kind: NodeKind;
  readonly count: number;
  readonly dir: string;
  readonly address: (hostNumber: number) => string;
};

function planNodes({ kind, count, dir, address }: Several): PlannedNode[] {
  if (!Number.isInteger(count) || count < 0 || count > mostOfAKind) {
    throw new Error(`${count} nodes of kind ${kind}: it must be a whole number from 0 to ${mostOfAKind}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const name = `${kind}${index + 1}`;
    const hostDir = join(dir, 'hosts', name);
    const diskDir = join(hostDir, 'opt');
    return {
      name,
      kind,
      address: address(firstHostNumber[kind] + index),
      hostDir,
      diskDir,
      deployDir: join(diskDir, 'starrocks', kind === 'fe' ? 'fe' : 'be'),
      dataDir: join(diskDir, 'data'),
    };
  });
}

/** The ports on which a node of this kind listens, its host's SSH port included. */
export function portsOf(kind: NodeKind, ports: Ports): number[] {
  if (kind === 'fe') return [ports.ssh, ports.http, ports.rpc, ports.query, ports.editLog];
  return [ports.ssh, ports.backend, ports.backendHttp, ports.heartbeat, ports.brpc, ports.starlet];
}
