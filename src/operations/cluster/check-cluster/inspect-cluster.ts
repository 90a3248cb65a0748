import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import type { ShellReader } from '../../../adapters/ssh/port.ts';
import { readUser } from '../../../adapters/ssh/read-login.ts';
import { parseRepositories } from '../../../adapters/starrocks/parse.ts';
import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import { countSingleReplicaTables } from '../../../adapters/starrocks/read-replicas.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { problemsIn, readTopology, type Topology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { showRepositories } from '../../../adapters/starrocks/statements.ts';
import { type Host, healthWord, type ObservedNode } from '../../../domain/cluster.ts';
import { couldLook, evaluateHealth, type HealthFacts, unreachableCheck } from '../../../domain/health-checks.ts';
import { theCluster } from '../../../domain/subject.ts';
import { spreadCheck } from '../../../domain/topology-change/location.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { AppError, type ErrorCode } from '../../../errors.ts';
import { defineStep, type StepContext } from '../../../steps/define.ts';
import { keepReport, type LookedAt } from '../../../steps/keep-report.ts';

type Looking = Pick<Reading, 'sql' | 'shell' | 'http' | 'inventory'>;

/** Reads everything a report is about, and stores the report under the run. */
export const inspectCluster = defineStep({
  kind: 'inspectCluster',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  ports: ['sql', 'shell', 'http', 'inventory'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: () => 'Look at nodes, tablets, disks, backups and access',
  check: async (_params, { inventory }, { runId }) => {
    const report = await inventory.findReport(runId);
    return report === null || !couldLook(report.checks)
      ? { state: 'todo' }
      : { state: 'done', facts: { health: healthWord(report.checks) } };
  },
  apply: async (_params, ports, context) =>
    keepReport(await inspect(ports, context), context, (checks) => ({ health: healthWord(checks) })),
  undo: { nothing: 'It only reads.' },
});

/** A cluster that does not answer is a finding, and the most important one: the report is made all the same. */
async function inspect(ports: Looking, context: StepContext): Promise<LookedAt> {
  try {
    return { checks: evaluateHealth(await readHealthFacts(ports, context)), unanswered: null };
  } catch (error) {
    if (!(error instanceof AppError) || !unreachable.has(error.code)) throw error;
    return { checks: [unreachableCheck(error)], unanswered: error };
  }
}

const unreachable = new Set<ErrorCode>(['SQL_UNREACHABLE', 'SQL_AUTH_FAILED', 'SQL_PRIVILEGE_MISSING', 'TIMEOUT']);

async function readHealthFacts(ports: Looking, { clusterId, signal, now }: StepContext): Promise<HealthFacts> {
  const { sql, inventory } = ports;
  const notAsked: Record<string, string> = {};
  const topology = await readTopology(sql, { signal });
  const nodes = toObservedNodes(topology);
  const hosts = await inventory.listHosts(clusterId);
  return {
    nodes,
    listProblems: problemsIn(topology),
    replicas: await orSkip(notAsked, 'tablets-healthy', () => readTabletHealth(sql, { signal })),
    repositories: await orSkip(notAsked, 'repositories', async () =>
      parseRepositories(await sql.query(showRepositories(), { signal })),
    ),
    singleReplicaTables: await orSkip(notAsked, 'replication', () => countSingleReplicaTables(sql, { signal })),
    spread: await lookAtSpread(topology, ports, signal),
    unhealthyHttp: await findUnhealthy(nodes, ports, signal),
    hosts,
    attached: await inventory.listNodes(clusterId),
    failedLogins: await findFailedLogins(hosts, ports, signal),
    newestBackupAt: await inventory.newestBackupAt(clusterId),
    now: now(),
    notAsked,
  };
}

/** Where no backend has a location, nobody asks where the replicas are: that is a statement for each table. */
async function lookAtSpread({ backends }: Topology, { sql }: Looking, signal: AbortSignal): Promise<NamedCheck> {
  const isAsked = backends.some(({ location }) => location !== null);
  const spread = isAsked ? await orSkip({}, 'replicas-spread', () => readReplicaSpread(sql, { signal })) : null;
  return spreadCheck(spread, backends);
}

/** A missing privilege or a failed question costs one line of the report, not the whole report. */
async function orSkip<T>(notAsked: Record<string, string>, name: string, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
    notAsked[name] = error.message;
    return null;
  }
}

async function findUnhealthy(
  nodes: readonly ObservedNode[],
  { http }: Looking,
  signal: AbortSignal,
): Promise<string[]> {
  const answers = await Promise.all(
    nodes
      .filter((node) => node.alive && node.httpPort !== null && node.httpPort > 0)
      .map(async (node) => {
        const address = { host: node.host, httpPort: node.httpPort ?? 0 };
        return {
          name: `${address.host}:${address.httpPort}`,
          healthy: (await orSkip({}, 'http', () => http.health(address, { signal }))) === true,
        };
      }),
  );
  return answers.filter((answer) => !answer.healthy).map((answer) => answer.name);
}

async function findFailedLogins(hosts: readonly Host[], { shell }: Looking, signal: AbortSignal): Promise<string[]> {
  const logins = await Promise.all(
    hosts.map(async (host) => {
      const reasons: Record<string, string> = {};
      await orSkip(reasons, 'login', async () => logIn(await shell(host.id), signal));
      return reasons.login === undefined ? [] : [`${host.address}:${host.port}: ${reasons.login}`];
    }),
  );
  return logins.flat();
}

async function logIn(shell: ShellReader, signal: AbortSignal): Promise<void> {
  const user = await readUser(shell, { signal, timeoutMs: 15_000 });
  if ('value' in user) return;
  throw new AppError('COMMAND_FAILED', `the login does not say who it is: ${user.unknown}`);
}
