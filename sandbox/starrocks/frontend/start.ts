import { ownAddress } from '../address.ts';
import { type Conf, confNumber } from '../conf.ts';
import { createFaults } from '../faults.ts';
import { serveHttp } from '../http-server.ts';
import { describeError, type NodeLog } from '../node-log.ts';
import { createObjectStores } from '../object-store.ts';
import { createPace, formatTime, startLoop } from '../pace.ts';
import type { Release } from '../release.ts';
import { type Address, isPortUsed, serveRpc } from '../rpc.ts';
import type { FrontendRole } from '../sql/ast.ts';
import { builtInRoles, userKey } from './access.ts';
import { checkRepositories } from './backup/check-repositories.ts';
import { createJobRunner } from './backup/job-runner.ts';
import { createFrontendConfig } from './config.ts';
import { createConnectionPool } from './connection-pool.ts';
import { createConnections } from './connections.ts';
import type { FrontendCalls, FrontendContext } from './context.ts';
import { dropEmptiedBackends, dropOrphans } from './data/housekeeping.ts';
import { eraseExpired } from './data/recycle-bin.ts';
import { createSchedule } from './data/schedule-log.ts';
import { checkTablets, scheduleTablets } from './data/scheduler.ts';
import { executeForwarded } from './execute.ts';
import { createHeartbeats } from './heartbeat.ts';
import { createFrontendRoutes, isReady } from './http-routes.ts';
import { type FrontendIdentity, newClusterIdentity, readIdentity, writeIdentity } from './identity.ts';
import { askHelper, joinGroup } from './join.ts';
import { storeImage, takeCheckpoint } from './meta/checkpoint.ts';
import { unreadable, writerChange } from './meta/compatibility.ts';
import { Group, type GroupCalls } from './meta/group.ts';
import { openJournal } from './meta/journal.ts';
import { type Change, type ClusterState, change, createStateStore } from './meta/state.ts';
import { createFrontendMetrics, type FrontendMetrics } from './metrics.ts';
import { watchCollections } from './metrics-page/jvm.ts';
import { routineLoadPeriodMs, runRoutineLoads } from './routine-load/engine.ts';
import { createSnapshotScheduler } from './shared-data/cluster-snapshots.ts';
import { leaveGracefully } from './shutdown.ts';
import { serveSql } from './sql-server.ts';
import { setOwnConfig } from './statements/admin.ts';
import { newFrontend } from './statements/frontends.ts';
import { killOwnQuery, processRows } from './statements/processes.ts';
import { makeStatisticsTables } from './statistics-tables.ts';
import { createTraffic } from './traffic.ts';

/** Every heartbeat round is an entry, so that a journal without images would grow for ever. */
const entriesBetweenImages = 1000;

export type StartOptions = {
  home: string;
  conf: Conf;
  log: NodeLog;
  metaDir: string;
  release: Release;
  helper: string | null;
  hostType: 'IP' | 'FQDN';
  fail: (message: string) => never;
};

/** Brings a frontend up: identity, group, and, once its metadata is there, the ports that clients use. */
export async function startFrontend(options: StartOptions): Promise<void> {
  const { conf, log, metaDir, release, fail } = options;
  const pace = createPace(confNumber(conf, 'sandbox_speed', 1));
  const host = ownAddress(conf);
  const self: Address = { host, port: confNumber(conf, 'edit_log_port', 9010) };
  const httpPort = confNumber(conf, 'http_port', 8030);
  const helper = options.helper === null ? null : parseHelper(options.helper, fail);
  if (helper && helper.host === self.host && helper.port === self.port)
    fail('Do not specify the helper node to FE itself.');
  if (await isPortUsed(self)) fail(`edit_log_port ${self.port} is already in use. will exit.`);

  const known = readIdentity(metaDir);
  const asked =
    known === null && helper
      ? await askHelper({ helper, httpPort, self, hostType: options.hostType, pace, log })
      : null;
  const identity = known ?? asked ?? newClusterIdentity(`${host}_${self.port}_${Date.now()}`, options.hostType);
  const metrics = createFrontendMetrics({ speed: pace.speed });
  const journal = openJournal(metaDir);
  const group = new Group({
    self: { name: identity.name },
    store: createStateStore(),
    journal,
    pace,
    log,
    onLost: () => process.exit(255),
    onChange: () => undefined,
    onWritten: ({ ms, bytes }) => {
      metrics.editLogWritten++;
      metrics.editLogBytes += bytes;
      metrics.writeLatency.add(Math.round(ms));
      metrics.writeBytes.add(bytes);
    },
    firstChanges: (state) => writerChange(state, release.version),
  });
  requireReadable(group.state, options);
  if (known === null) writeIdentity(metaDir, identity);
  if (known === null && asked === null) group.found(foundingChanges(identity, self));
  const fe = createContext({ ...options, identity, group, self, httpPort, pace, metrics });
  fe.checkpoint.version = journal.image?.index ?? -1;
  fe.checkpoint.at = journal.image?.writtenAt ?? 0;

  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGINT', () => process.exit(130));
  // Before 3.4 nothing listens to it, and a JVM ends; left alone, Node would open its debugger.
  process.on('SIGUSR1', () => (release.atLeast(3, 4) ? void leaveGracefully(fe) : process.exit(138)));
  await serveGroup(fe, self);
  group.start();

  const others = () => {
    const frontends = [...group.state.frontends.values()].filter(({ name }) => name !== identity.name);
    const known = frontends.map((frontend) => ({ host: frontend.host, port: frontend.editLogPort }));
    return helper && known.length === 0 ? [helper] : known;
  };
  await untilReady(fe, { others, self, role: identity.role, isFounder: known === null && asked === null, fail });
  requireReadable(group.state, options);
  await openPorts(fe, { metaDir, httpPort, fail });
  startLoops(fe);
  log('INFO', 'FE started successfully');
  process.stdout.write(`${formatTime(Date.now())} FE started successfully\n`);
}

/** Looked at twice: what is on this disk, and what the group has told by the time this frontend could serve. */
function requireReadable(state: ClusterState, options: StartOptions): void {
  const reason = unreadable(state, options);
  if (reason !== null) options.fail(reason);
}

function parseHelper(text: string, fail: (message: string) => never): Address {
  const match = /^([^:]+):(\d+)$/.exec(text);
  return match?.[1] === undefined ? fail(`invalid helper: ${text}`) : { host: match[1], port: Number(match[2]) };
}

/** The metadata of a new cluster: itself as its first frontend, root without a password, the system databases. */
function foundingChanges(identity: FrontendIdentity, self: Address): Change[] {
  const first = newFrontend({ id: 1, host: self.host, editLogPort: self.port, role: 'FOLLOWER', joined: true });
  const root = { name: 'root', host: '%', passwordHash: '', roles: ['root'], defaultRoles: ['root'], grants: [] };
  return [
    change('settings', 'clusterId', identity.clusterId),
    change('settings', 'token', identity.token),
    change('frontends', identity.name, { ...first, name: identity.name, alive: true }),
    change('users', userKey(root), root),
    ...builtInRoles.map((role) => change('roles', role.name, role)),
    change('databases', 10, { id: 10, name: '_statistics_' }),
    change('databases', 11, { id: 11, name: 'sys' }),
    change('settings', 'nextId', '10001'),
  ];
}

type ContextOptions = StartOptions & {
  identity: FrontendIdentity;
  group: Group;
  self: Address;
  httpPort: number;
  pace: FrontendContext['pace'];
  metrics: FrontendMetrics;
};

function createContext({
  home,
  conf,
  log,
  release,
  identity,
  group,
  self,
  httpPort,
  pace,
  metrics,
}: ContextOptions): FrontendContext {
  const faults = createFaults({ file: conf.get('sandbox_faults') ?? null, frontend: self.host });
  return {
    home,
    hostType: identity.hostType,
    conf,
    release,
    pace,
    log,
    faults,
    self: {
      name: identity.name,
      host: self.host,
      editLogPort: self.port,
      httpPort,
      rpcPort: confNumber(conf, 'rpc_port', 9020),
      queryPort: confNumber(conf, 'query_port', 9030),
      startedAt: Date.now(),
    },
    group,
    config: createFrontendConfig(conf, release),
    connections: createConnections({
      frontendId: () => (release.atLeast(3, 5) ? (group.state.frontends.get(identity.name)?.id ?? null) : null),
    }),
    leaderPool: createConnectionPool(),
    stores: createObjectStores({ root: conf.get('sandbox_object_store') ?? null, pace, faults }),
    jobs: createJobRunner(),
    metrics,
    collections: watchCollections(),
    appliedAtStart: group.applied,
    transactions: new Map(),
    checkpoint: { version: -1, at: 0 },
    repositoryErrors: new Map(),
    orphans: new Set(),
    avoidedBackends: new Map(),
    schedule: createSchedule(),
    leaving: false,
  };
}

function serveGroup(fe: FrontendContext, self: Address) {
  const { group } = fe;
  return serveRpc<GroupCalls>(self, {
    vote: (request) => group.onVote(request),
    append: (request) => group.onAppend(request),
    image: (request) => group.onImage(request),
    handOver: (request) => group.onHandOver(request),
    join: async ({ name, role, host, editLogPort }) => {
      const { leader } = group;
      if (!group.isLeader) {
        if (!leader || leader.name === fe.self.name) throw new Error('no leader yet');
        return { accepted: false, leader: { host: leader.host, port: leader.editLogPort } };
      }
      const found = group.state.frontends.get(name);
      if (found?.editLogPort !== editLogPort) {
        if (role === 'OBSERVER') group.keepInformed({ name, host, editLogPort });
        return { accepted: false, leader: null };
      }
      fe.log('INFO', `frontend ${name} at ${host}:${editLogPort} joins`);
      await group.update((state) => {
        const now = state.frontends.get(name);
        return {
          changes: now && !now.joined ? [change('frontends', name, { ...now, joined: true })] : [],
          value: null,
        };
      });
      return { accepted: true, leader: null };
    },
  });
}

type Readiness = {
  others: () => Address[];
  self: Address;
  role: FrontendRole;
  isFounder: boolean;
  fail: (message: string) => never;
};

/**
 * Waits until this frontend leads or follows. A follower that was dropped meanwhile is told so and exits; a dropped observer runs
 * on and replays, answers HTTP as if nothing had happened, and greets nobody on its query port.
 */
async function untilReady(fe: FrontendContext, readiness: Readiness): Promise<void> {
  const { others, self, role, isFounder, fail } = readiness;
  if (!isFounder && others().length > 0) {
    const joined = joinGroup({ name: fe.self.name, role, self, candidates: others, pace: fe.pace });
    const refused = () => role === 'OBSERVER' || fail('current node is not added to the cluster, will exit');
    void joined.then((accepted) => accepted || refused());
  }
  while (!isReady(fe)) await new Promise((wake) => setTimeout(wake, 10));
}

type Ports = { metaDir: string; httpPort: number; fail: (message: string) => never };

/** A port that somebody else has ends the process, with the words of the real one. */
async function openPorts(fe: FrontendContext, { metaDir, httpPort, fail }: Ports): Promise<void> {
  const { host, rpcPort } = fe.self;
  await serveRpc<FrontendCalls>(
    { host, port: rpcPort },
    {
      execute: (request) => executeForwarded(fe, request),
      setConfig: (setting) => ({ changed: setOwnConfig(fe, setting) }),
      processList: (request) => ({ rows: processRows(fe, request) }),
      killQuery: ({ queryId }) => ({ killed: killOwnQuery(fe, queryId) }),
      pushImage: async (image) => {
        await fe.group.waitFor(image.index, fe.pace.atLeast(30_000, 1500));
        storeImage(fe, image);
        return null;
      },
    },
  ).catch((error) => fail(`thrift server start failed with port ${rpcPort} , will exit: ${error}`));
  fe.log('INFO', `thrift server started with port ${rpcPort}.`);
  const routes = createFrontendRoutes(fe, { metaDir, stop: () => process.exit(0) });
  await serveHttp({ host, port: httpPort }, { routes, faults: fe.faults }).catch((error) =>
    fail(`Fail to start FE query http server[port: ${httpPort}] ${error}`),
  );
  await serveSql(fe).catch((error) => fail(`mysql server start failed: ${error}`));
}

/** Work that goes on for the life of the process; what only a leader does looks itself whether this is one. */
function startLoops(fe: FrontendContext): void {
  const { pace, log } = fe;
  const onError = (error: unknown) => log('WARN', describeError(error));
  const heartbeats = createHeartbeats();
  const every = (realMs: number, floorMs: number, work: () => Promise<void> | void) =>
    startLoop(work, () => pace.atLeast(realMs, floorMs), onError);
  every(heartbeats.periodMs, 20, () => heartbeats.round(fe));
  every(3000, 20, () => fe.jobs.round(fe));
  every(1000, 50, createTraffic(fe));
  every(routineLoadPeriodMs, 100, () => runRoutineLoads(fe));
  const takeSnapshots = createSnapshotScheduler();
  every(1000, 20, () => takeSnapshots(fe));
  every(fe.config.number('tablet_sched_checker_interval_seconds') * 1000, 20, () => checkTablets(fe));
  every(1000, 20, () => scheduleTablets(fe));
  every(10_000, 50, () => makeStatisticsTables(fe));
  every(10_000, 50, () => dropEmptiedBackends(fe));
  every(30_000, 100, () => eraseExpired(fe));
  every(20_000, 500, () => dropOrphans(fe));
  every(600_000, 1000, () => checkRepositories(fe));
  every(60_000, 1000, async () => {
    const sinceImage = fe.group.applied - Math.max(0, fe.checkpoint.version);
    if (fe.group.isLeader && sinceImage > entriesBetweenImages) await takeCheckpoint(fe, { delayMs: 0 });
  });
}
