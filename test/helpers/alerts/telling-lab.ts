import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Effect } from '../../../sandbox/slack/faults.ts';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import type { Severity } from '../../../src/domain/alert.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../../src/store/database.ts';
import { startEngine } from '../engine.ts';
import { createTeller, mortalDatabase } from './mortal-teller.ts';
import { saidTooEarly, whatIsLost } from './what-is-lost.ts';

const forEver = Number.POSITIVE_INFINITY;
const tables = ['alert_delivery', 'slack_line', 'slack_card', 'alert_group', 'alert_channel', 'alert_event', 'alert'];

export type TellingLab = Awaited<ReturnType<typeof startTellingLab>>;

/** Alerts, and what tells of them in a stand-in Slack and dies on the way. */
export async function startTellingLab() {
  const engine = await startEngine();
  const { db } = engine.ctx;
  const clusters = new Map<string, string>();
  for (const name of ['prod-a', 'prod-b', 'prod-c']) clusters.set(name, await engine.addCluster(name, 'prod'));
  const slack: Slack = await startSlack({ socketMode: true, settings: { rates: 'off' } });
  let made = 0;

  const clear = async (): Promise<void> => {
    slack.ctl.faults.clear();
    for (const table of tables) await sql`DELETE FROM ${sql.table(table)}`.execute(db);
  };

  /** As a look opens them; whoever looks dies after so many statements. */
  const open = (
    severity: Severity,
    { count = 1, cluster = 'prod-a', points = forEver }: { count?: number; cluster?: string; points?: number } = {},
  ): Promise<readonly string[]> =>
    inTransaction(mortalDatabase(db, { points }), async (tx) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        made += 1;
        const at = new Date();
        const condition = {
          ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_down', severity, nodeId: null },
          ...{ labels: { node: `be ${made}` }, title: `be ${made} is down`, pastTitle: `be ${made} was down` },
          ...{ startedAt: at, forMs: 0, minSamples: 1, text: ['The heartbeat failed'] },
        };
        const where = { id: clusters.get(cluster) ?? '', name: cluster, environment: 'prod' };
        ids.push(await insertAlert(tx, { cluster: where, condition, since: at, mute: { kind: 'NONE' }, at }));
      }
      return ids;
    });

  const alertOf = async (id: string | undefined) => {
    const alert = await findAlert(db, id ?? '');
    if (alert === null) throw new Error(`there is no alert ${id}`);
    return alert;
  };

  const resolve = async (id: string | undefined): Promise<void> => {
    const alert = { ...(await alertOf(id)), signal: 'RESOLVED' as const, resolvedAt: new Date() };
    await inTransaction(db, (tx) =>
      writeAlertChange(tx, { alert, events: [{ type: 'RESOLVED', message: 'It is back' }] }),
    );
  };

  const worsen = async (id: string | undefined): Promise<void> => {
    const alert = { ...(await alertOf(id)), severity: 'CRITICAL' as const };
    const events = [{ type: 'SEVERITY_ROSE' as const, message: 'It is CRITICAL now' }];
    await inTransaction(db, (tx) => writeAlertChange(tx, { alert, events }));
  };

  /** What their time would do: the claims of the dead end, and what is due later is due. */
  const letTimePass = async (): Promise<void> => {
    const gone = { due_at: databaseNow, claimed_by: null, claimed_until: null };
    for (const table of ['alert_channel', 'slack_card', 'slack_line'] as const)
      await db.updateTable(table).set(gone).execute();
  };

  /** What tells, until nothing is due or it dies after so many points. */
  const tell = (points = forEver): Promise<'told' | 'dead'> =>
    createTeller(engine.ctx, { slack, life: { points } })
      .tell()
      .then(
        () => 'told' as const,
        (error: unknown) => {
          if (points === forEver) throw error;
          return 'dead' as const;
        },
      );

  /** Others go on until everything is settled. */
  const settle = async (): Promise<void> => {
    for (let again = 0; again < 2; again += 1) {
      await letTimePass();
      await tell();
    }
  };

  /** One life after the other, each with so many points more than the last, until one tells to its end. */
  const dieEverywhere = async ({ prepare, meanwhile = async () => undefined, stride = 1, from = 0 }: Dying) => {
    for (let points = from; ; points += stride) {
      await clear();
      const ids = await prepare();
      const end = await tell(points);
      expect(await saidTooEarly(db, slack), `dead after ${points} points`).toEqual([]);
      await meanwhile(ids);
      await settle();
      expect(await whatIsLost(db, slack), `dead after ${points} points`).toEqual([]);
      if (end === 'told') return;
      expect(points).toBeLessThan(1_000);
    }
  };

  /** How long the message that is tried again last waits for that. */
  const longestWaitMs = async (): Promise<number> => {
    const rows = await db
      .selectFrom('slack_card')
      .select(sql<number>`TIMESTAMPDIFF(MICROSECOND, ${databaseNow}, due_at) / 1000`.as('ms'))
      .where('ts', 'is', null)
      .execute();
    return Math.max(0, ...rows.map(({ ms }) => Number(ms)));
  };

  /** Alerts begin, end and become worse while all calls to Slack have this effect. */
  const outlast = async (effect: Effect): Promise<void> => {
    await open('CRITICAL');
    const [ends] = await open('CRITICAL', { cluster: 'prod-b' });
    const [worse] = await open('HIGH', { cluster: 'prod-c' });
    slack.ctl.faults.add({ times: 10_000, effect });
    await tell();
    await resolve(ends);
    await worsen(worse);
    await open('CRITICAL');
    for (let again = 0; again < 6; again += 1) {
      await letTimePass();
      await tell();
    }
    const told = db.selectFrom('alert_delivery').select('told_at').where('told_at', 'is not', null);
    expect(await told.execute()).toEqual([]);
    expect(await longestWaitMs()).toBeLessThanOrEqual(50_000);
    slack.ctl.faults.clear();
    await settle();
    expect(await whatIsLost(db, slack)).toEqual([]);
  };

  const close = async () => {
    await slack.stop();
    await engine.close();
  };
  return { db, slack, clear, open, resolve, worsen, letTimePass, tell, settle, dieEverywhere, outlast, close };
}

type Dying = {
  /** Answers the alerts that are to be told. */
  readonly prepare: () => Promise<readonly string[]>;
  /** What happens while nobody lives. */
  readonly meanwhile?: (ids: readonly string[]) => Promise<unknown>;
  readonly stride?: number;
  readonly from?: number;
};
