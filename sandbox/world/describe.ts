import { basename } from 'node:path';
import type { ReleaseArchive } from '../releases/build-release.ts';
import type { Slack } from '../slack/start.ts';
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
  /** By `fe`, `be` or `cn`: the STARROCKS_HOME of the node of that kind. */
  readonly deployDirs: Readonly<Partial<Record<NodeKind, string>>>;
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
    hosts: facts.machines.map((machine) => describeHost(machine, facts.keyFile)),
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

function describeFrontends({ nodes, ports }: WorldPlan): FrontendDescription[] {
  return nodes
    .filter((node) => node.kind === 'fe')
    .map((node) => ({
      name: node.name,
      host: node.address,
      queryPort: ports.query,
      httpPort: ports.http,
      editLogPort: ports.editLog,
      isObserver: node.isObserver === true,
    }));
}

function describeBackends({ nodes, ports }: WorldPlan, kind: 'be' | 'cn'): BackendDescription[] {
  return nodes
    .filter((node) => node.kind === kind)
    .map((node) => ({
      name: node.name,
      host: node.address,
      heartbeatPort: ports.heartbeat,
      httpPort: ports.backendHttp,
      location: node.location ?? null,
    }));
}

function describeHost({ node, host }: Machine, keyFile: string): HostDescription {
  return {
    name: host.name,
    address: host.address,
    sshPort: host.port,
    user: host.user,
    keyFile,
    hostKeyFingerprint: host.hostKeyFingerprint,
    deployDirs: { [node.kind]: node.deployDir },
  };
}

/** For a heading: `3.3.15, 3 frontends, 3 backends`. */
export function summarise({ cluster, dir }: WorldDescription): string {
  const counts = [
    counted(cluster.frontends.length, 'frontend'),
    counted(cluster.backends.length, 'backend'),
    ...(cluster.computeNodes.length > 0 ? [counted(cluster.computeNodes.length, 'compute node')] : []),
  ];
  return `StarRocks ${cluster.version}, ${counts.join(', ')}, in ${basename(dir)}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
