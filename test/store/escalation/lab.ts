import { beforeEach } from 'vitest';
import type { Severity } from '../../../src/domain/alert.ts';
import { addPerson } from '../../../src/store/access/people.ts';
import { insertAlert } from '../../../src/store/alerts/alerts.ts';
import { type Database, inTransaction, readDatabaseTime } from '../../../src/store/database.ts';
import { advanceEscalation, listDueEscalations, wakeEscalations } from '../../../src/store/escalation/advance.ts';
import { eventsOfAlerts } from '../../../src/store/reads/alerts.ts';
import { admin, startEngine, systemActor } from '../../helpers/engine.ts';
import { createVirtualClock } from '../../helpers/virtual-clock.ts';

export type Lab = Awaited<ReturnType<typeof startLab>>;

const all = { kind: 'all' } as const;
export const bare = {
  ...{ channel: null, secondChannel: null, fallbackChannel: null, rotation: null, userGroup: null },
  ...{ managerGroup: null, webhook: null, workingHours: null },
};
export const linkedNames = ['pia', 'quin'];

export const route = (definition: object = {}) => ({
  ...{ scope: all, leastSeverity: 'MEDIUM' as const, reason: 'somebody has to come' },
  definition: { ...bare, rotation: 'dba', userGroup: 'S0GROUP', secondChannel: 'C0SECOND', ...definition },
});

export const by = (actor = admin, defaultChannel: string | null = 'C0DEFAULT') => ({
  ...{ actor, requestId: null, approvalEnvironments: ['prod'], defaultChannel, linkedNames },
});

/** One database, whose clock can be moved, for all that is tried of escalation. */
export async function startLab() {
  const clock = createVirtualClock();
  const engine = await startEngine({ plugins: [clock.plugin], env: { STARWARDEN_CRED_HOOK: 'a key for calls' } });
  const { db } = engine.ctx;
  const clusterId = await engine.addCluster('prod-eu', 'prod');
  const persons: string[] = [];
  for (const name of linkedNames) persons.push((await addPerson(db, name, { actor: systemActor, requestId: null })).id);
  let made = 0;
  return {
    ...{ engine, db, clock, clusterId, persons },
    pass: (minutes: number) => clock.moveTo(new Date(clock.now().getTime() + minutes * 60_000)),
    rotation: () => ({
      ...{ name: 'dba', scope: all, personIds: persons, startsAt: '2026-01-05T09:00', timeZone: 'UTC' },
      ...{ shiftHours: 168, reason: 'the people who know it' },
    }),
    async open(severity: Severity = 'CRITICAL'): Promise<string> {
      made += 1;
      const condition = {
        ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_down', severity, nodeId: null, labels: {} },
        ...{ title: 'be is down', pastTitle: 'be was down', text: ['down'], startedAt: null, forMs: 0, minSamples: 1 },
      };
      const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
      return inTransaction(db, async (tx) => {
        const at = await readDatabaseTime(tx);
        return insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at });
      });
    },
    async turn(holder = 'one', by: Database = db) {
      await wakeEscalations(by);
      for (const id of await listDueEscalations(by, 10)) await advanceEscalation(by, id, { holder, linkedNames });
    },
    happened: async (id: string) =>
      (await eventsOfAlerts(db, { alertIds: [id], limit: 100 }))
        .filter(({ type }) => type !== 'OPENED')
        .map(({ type, message }) => `${type} ${message}`),
    async clear() {
      for (const table of ['slack_card', 'escalation', 'escalation_step', 'escalation_delivery'] as const)
        await db.deleteFrom(table).execute();
      for (const table of ['alert_route', 'on_call_rotation', 'on_call_override', 'alert'] as const)
        await db.deleteFrom(table).execute();
    },
  };
}

/** Each test begins with nothing but the people and the cluster. */
export function clearBefore(lab: () => Lab): void {
  beforeEach(() => lab().clear());
}
