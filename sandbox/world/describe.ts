import { basename, join } from 'node:path';
import type { ReleaseArchive } from '../releases/build-release.ts';
import type { Slack } from '../slack/start.ts';
import { jdksOf, jvmDirOf } from './conf.ts';
import type { Machine } from './machines.ts';
import type { NodeKind, WorldPlan } from './plan.ts';
import { database, repository, type SeededTable } from './seed.ts';

/** What `npm run sandbox -- --json` prints: everything that somebody outside needs in order to use the world. */
export type WorldDescription = {
  readonly dir: string;
  readonly graphqlUrl: string | null;
  /** The administrator's. */
  readonly token: string | null;
  readonly tokens: {
    readonly viewer: string;
    readonly operator: string;
    readonly approver: string;
    readonly admin: string;
  } | null;
  readonly slack: SlackDescription | null;
  readonly cluster: {
    readonly name: string;
    readonly version: string;
    readonly frontends: readonly FrontendDescription[];
    readonly backends: readonly BackendDescription[];
    readonly computeNodes: readonly BackendDescription[];
    readonly sqlUser: string;
    readonly sqlPassword: string;
    readonly database: string;
    readonly tables: readonly SeededTable[];
    readonly repository: string;
    readonly repositoryLocation: string | null;
    /** The directory that stands for the object store of the repository. */
    readonly objectStoreDir: string;
  };
  readonly hosts: readonly HostDescription[];
  readonly logs: { readonly statements: string; readonly commands: string; readonly slackCalls: string };
  readonly faults: { readonly file: string };
  readonly releases: readonly ReleaseArchive[];
  /** Where the archives are served over HTTP, each under its file name. */
  readonly archivesUrl: string;
};

export type SlackDescription = {
  readonly url: string;
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** Ids by name. */
  readonly channels: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
};

export type FrontendDescription = {
  readonly name: string;
  readonly host: string;
  readonly queryPort: number;
  readonly httpPort: number;
  readonly editLogPort: number;
  readonly isObserver: boolean;
};

export type BackendDescription = {
  readonly name: string;
  readonly host: string;
  readonly heartbeatPort: number;
  readonly httpPort: number;
  /** `labels.location`; null when none is set. */
  readonly location: string | null;
};

export type HostDescription = {
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly user: string;
  readonly keyFile: string;
  readonly hostKeyFingerprint: string;
  /** By `fe`, `be` or `cn`: the STARROCKS_HOME of the first node of that kind. Empty where there is no node. */
  readonly deployDirs: Readonly<Partial<Record<NodeKind, string>>>;
  /** Those it was seeded with. */
  readonly nodes: readonly NodeDescription[];
  /** An empty host has these for nodes to come; on the others they hold the nodes that are there. */
  readonly emptyDirs: { readonly deploy: string; readonly data: string };
  /** The JDKs of the host, by major version. */
  readonly javaHomes: Readonly<Record<number, string>>;
};

export type NodeDescription = {
  readonly name: string;
  readonly kind: NodeKind;
  /** STARROCKS_HOME. */
  readonly deployDir: string;
  readonly dataDir: string;
  /** By which the cluster knows it: the edit-log port or the heartbeat port. */
  readonly port: number;
};

/** What startWorld has gathered, and a description is made of. */
export type WorldFacts = {
  readonly plan: WorldPlan;
  readonly machines: readonly Machine[];
  readonly keyFile: string;
  readonly sqlUser: string;
  readonly sqlPassword: string;
  readonly tables: readonly SeededTable[];
  readonly repositoryLocation: string | null;
  readonly releases: readonly ReleaseArchive[];
  readonly controls: { readonly archives: { readonly url: string } };
  readonly slack: Slack | null;
  readonly slackCalls: string;
  readonly starwarden: { readonly graphqlUrl: string; readonly tokens: NonNullable<WorldDescription['tokens']> } | null;
};

/** Describes a world; pure but for the host keys, which are those of this moment. */
export function describeWorld(facts: WorldFacts): WorldDescription {
  const { plan, starwarden } = facts;
  return {
    dir: plan.dir,
    graphqlUrl: starwarden?.graphqlUrl ?? null,
    token: starwarden?.tokens.admin ?? null,
    tokens: starwarden?.tokens ?? null,
    slack: facts.slack && describeSlack(facts.slack),
    cluster: {
      name: 'demo',
      version: plan.version,
      frontends: describeFrontends(plan),
      backends: describeBackends(plan, 'be'),
      computeNodes: describeBackends(plan, 'cn'),
      sqlUser: facts.sqlUser,
      sqlPassword: facts.sqlPassword,
      database,
      tables: facts.tables,
      repository,
      repositoryLocation: facts.repositoryLocation,
      objectStoreDir: plan.files.objectStore,
    },
    hosts: facts.machines.map((machine) => describeHost(machine, facts)),
    logs: { statements: plan.files.statements, commands: plan.files.commands, slackCalls: facts.slackCalls },
    faults: { file: plan.files.faults },
    releases: facts.releases,
    archivesUrl: facts.controls.archives.url,
  };
}

function describeSlack(slack: Slack): SlackDescription {
  const { url, apiUrl, botToken, appToken, signingSecret, channels, users } = slack;
  const idsByName = (entries: Iterable<{ readonly name: string; readonly id: string }>) =>
    Object.fromEntries([...entries].map(({ name, id }) => [name, id]));
  return {
    url,
    apiUrl,
    botToken,
    appToken,
    signingSecret,
    channels: idsByName(channels.values()),
    users: idsByName(users.values()),
  };
}

function describeFrontends({ nodes }: WorldPlan): FrontendDescription[] {
  return nodes
    .filter((node) => node.kind === 'fe')
    .map(({ name, address, ports, isObserver }) => ({
      name,
      host: address,
      queryPort: ports.query,
      httpPort: ports.http,
      editLogPort: ports.editLog,
      isObserver: isObserver === true,
    }));
}

function describeBackends({ nodes }: WorldPlan, kind: 'be' | 'cn'): BackendDescription[] {
  return nodes
    .filter((node) => node.kind === kind)
    .map(({ name, address, ports, location }) => ({
      name,
      host: address,
      heartbeatPort: ports.heartbeat,
      httpPort: ports.backendHttp,
      location: location ?? null,
    }));
}

function describeHost({ place, host }: Machine, { keyFile, plan }: WorldFacts): HostDescription {
  const nodes = plan.nodes.filter((node) => node.host === place.name);
  return {
    name: host.name,
    address: host.address,
    sshPort: host.port,
    user: host.user,
    keyFile,
    hostKeyFingerprint: host.hostKeyFingerprint,
    deployDirs: Object.fromEntries(nodes.toReversed().map(({ kind, deployDir }) => [kind, deployDir])),
    nodes: nodes.map(({ name, kind, deployDir, dataDir, ports }) => ({
      name,
      kind,
      deployDir,
      dataDir,
      port: kind === 'fe' ? ports.editLog : ports.heartbeat,
    })),
    emptyDirs: { deploy: join(place.diskDir, 'starrocks'), data: join(place.diskDir, 'data') },
    javaHomes: Object.fromEntries(jdksOf(place).map((major) => [major, join(jvmDirOf(place), `jdk-${major}`)])),
  };
}

/** For a heading: `3.3.15, 3 frontends, 3 backends`. */
export function summarise({ cluster, hosts, dir }: WorldDescription): string {
  const empty = hosts.filter(({ nodes }) => nodes.length === 0).length;
  const counts = [
    counted(cluster.frontends.length, 'frontend'),
    counted(cluster.backends.length, 'backend'),
    ...(cluster.computeNodes.length > 0 ? [counted(cluster.computeNodes.length, 'compute node')] : []),
    ...(empty > 0 ? [counted(empty, 'empty host')] : []),
  ];
  return `StarRocks ${cluster.version}, ${counts.join(', ')}, in ${basename(dir)}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
