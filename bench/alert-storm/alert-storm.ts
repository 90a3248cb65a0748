import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { type Severity, severities } from '../../src/domain/alert.ts';
import { newId } from '../../src/ids.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { type Database, inTransaction, openDatabase } from '../../src/store/database.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { requirePrograms } from '../lib/require-programs.ts';
import { slackEnvironment, startStandIn } from '../lib/slack.ts';
import { startStarwarden, tokenOwner } from '../lib/starwarden.ts';
import { percentile, round } from '../lib/statistics.ts';
import { cpuSecondsOf, peakMbOf } from '../probe/process-cost.ts';
import { needed, type TheirAlert, tellByAlertmanager } from './alertmanager.ts';

const channel = 'ops-alerts';

/** Very many alerts at once for one channel: the bot as `npm start` runs it, and then Alertmanager with the same alerts. */
export const alertStorm = defineBenchmark({
  name: 'alert-storm',
  summary: '10,000 alerts at once: messages a minute, how long each CRITICAL alert waits, beside Alertmanager.',
  full: { clusters: 50, each: 200, kinds: [0, 1, 2, 1], mayInstall: true },
  quick: { clusters: 2, each: 40, kinds: [0], mayInstall: false },
  limitSeconds: 600,
  measure: async (bench, { clusters, each, kinds, mayInstall }) => {
    if (mayInstall) requirePrograms({ needed, rivals: 'Alertmanager', say: bench.say });
    const alerts = Array.from({ length: clusters }, (_, cluster) =>
      Array.from({ length: each }, (_each, node) => alertOf({ cluster, node, kinds })),
    ).flat();
    await using undo = new AsyncDisposableStack();
    const slack = await startStandIn();
    undo.defer(() => slack.stop());
    const env = {
      ...slackEnvironment(slack, { person: 'ana', owner: tokenOwner }),
      SLACK_ALERT_CHANNEL: slack.channelId(channel),
      LOG_LEVEL: 'warn',
    };
    const ours = await startStarwarden(bench, { parts: 'bot', env });
    undo.defer(() => ours.stop());
    const db = openDatabase({ url: bench.databaseUrl });
    undo.defer(() => db.destroy());
    await slack.ctl.sockets.connected();
    const database = await databasePid(db);
    const read = () => ({ at: performance.now(), ours: cpuSecondsOf(ours.pid), database: cpuSecondsOf(database) });
    const before = read();
    await writeAlerts(db, alerts);
    const written = read();
    await untilTold(db);
    const after = read();
    const waits = await criticalWaits(db);
    const times = slack.ctl
      .messages(channel)
      .flatMap(({ ts, botId, threadTs, isBroadcast }) =>
        botId !== null && (threadTs === null || isBroadcast) ? [Number(ts) * 1_000] : [],
      );
    const our = {
      mostAMinute: mostWithinMinute(times),
      criticalP50Seconds: round(percentile(waits, 0.5) / 1_000),
      criticalMaxSeconds: round(Math.max(...waits) / 1_000),
      cpuSeconds: round(after.ours - before.ours),
      databaseCpuSeconds: round(after.database - written.database),
      peakMb: round(peakMbOf(ours.pid)),
    };
    bench.say(
      `Starwarden: ${alerts.length} alerts written in ${((written.at - before.at) / 1_000).toFixed(0)} s, all told ` +
        `${((after.at - written.at) / 1_000).toFixed(0)} s later in ${times.length} messages, at most ${our.mostAMinute} a minute; ` +
        `CRITICAL after ${our.criticalP50Seconds} s, the last ${our.criticalMaxSeconds} s; ${our.cpuSeconds} s of CPU time, ` +
        `MariaDB ${our.databaseCpuSeconds} s since they were written, ${our.peakMb} MB`,
    );
    // The quick one installs nothing, and does not wait for the half minute that Alertmanager waits.
    if (!mayInstall || findExecutable(['prometheus-alertmanager']) === null) return our;
    const theirs = await tellByAlertmanager({ dir: join(bench.dir, 'alertmanager'), alerts, limitMs: 120_000 });
    undo.defer(() => theirs.stop());
    const their = {
      alertmanagerMostAMinute: mostWithinMinute(theirs.told),
      alertmanagerCriticalP50Seconds: round(percentile(theirs.waits, 0.5) / 1_000),
      alertmanagerCriticalMaxSeconds: round(Math.max(...theirs.waits) / 1_000),
      alertmanagerCpuSeconds: round(cpuSecondsOf(theirs.pid)),
      alertmanagerPeakMb: round(peakMbOf(theirs.pid)),
    };
    bench.say(
      `Alertmanager: ${theirs.told.length} notifications, ${their.alertmanagerMostAMinute} in one minute; CRITICAL after ` +
        `${their.alertmanagerCriticalP50Seconds} s, the last ${their.alertmanagerCriticalMaxSeconds} s; ` +
        `${their.alertmanagerCpuSeconds} s of CPU time, ${their.alertmanagerPeakMb} MB`,
    );
    return { ...our, ...their };
  },
});

type Numbers = { readonly cluster: number; readonly node: number; readonly kinds: readonly number[] };

function alertOf({ cluster, node, kinds }: Numbers): TheirAlert {
  const severity: Severity = severities[kinds[node % kinds.length] ?? 1] ?? 'HIGH';
  return { cluster: `prod-${cluster}`, rule: `rule_${node % 8}`, severity, node: `be ${node}` };
}

async function writeAlerts(db: Database, alerts: readonly TheirAlert[]): Promise<void> {
  const byCluster = [...Map.groupBy(alerts, ({ cluster }) => cluster)];
  for (const [name, own] of byCluster) {
    const cluster = { id: newId('clu'), name, environment: 'prod' };
    await inTransaction(db, async (tx) => {
      for (const { rule, node, severity } of own) {
        const at = new Date();
        const condition = {
          ...{ fingerprint: `${name}/${node}`.padStart(64, '0'), rule, nodeId: null, labels: { node } },
          ...{ severity: severities.find((one) => one === severity) ?? 'HIGH', title: `${node} is down` },
          ...{ pastTitle: `${node} was down`, startedAt: at, forMs: 0, minSamples: 1, text: ['It is down'] },
        };
        await insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at });
      }
    });
  }
}

async function untilTold(db: Database): Promise<void> {
  for (;;) {
    const { left } = await db
      .selectFrom('alert')
      .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
      .select(({ fn }) => fn.countAll<number>().as('left'))
      .where('alert_delivery.told_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(left) === 0) return;
    await sleep(1_000);
  }
}

async function criticalWaits(db: Database): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('alert')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select(['alert.changed_at', 'alert_delivery.told_at'])
    .where('alert.severity', '=', 'CRITICAL')
    .execute();
  return rows.map(({ changed_at, told_at }) => (told_at?.getTime() ?? Number.NaN) - changed_at.getTime());
}

function mostWithinMinute(times: readonly number[]): number {
  return Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 60_000).length));
}

async function databasePid(db: Database): Promise<number> {
  const { rows } = await sql<{ file: string }>`SELECT @@pid_file AS file`.execute(db);
  return Number(readFileSync(rows[0]?.file ?? '', 'utf8'));
}
