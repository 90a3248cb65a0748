import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertEventType, AlertSignal, Severity } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { noiseOfClusters } from '../../src/store/reads/alert-noise.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

const minuteMs = 60_000;
const dayMinutes = 1_440;
const since = () => new Date(Date.now() - 7 * dayMinutes * minuteMs);
let engine: Engine;
let prod: string;
let dev: string;
const numbers = new Map<string, number>();

beforeAll(async () => {
  engine = await startEngine();
  prod = await engine.addCluster('prod-eu', 'prod');
  dev = await engine.addCluster('dev-one', 'dev');
  await fill();
});
afterAll(() => engine?.close());

type Happened = readonly [minutesAgo: number, ...types: readonly (AlertEventType | 'by kim')[]];
type Wanted = {
  readonly signal?: AlertSignal;
  readonly closedMinutesAgo?: number;
  readonly rule?: string;
  readonly severity?: Severity;
  readonly cluster?: 'prod' | 'dev';
};

/** An alert about a subject, with its history: what stands in one line happened in one revision. */
async function alert(name: string, subject: string, history: readonly Happened[], wanted: Wanted = {}): Promise<void> {
  const { db } = engine.ctx;
  const { signal = 'RESOLVED', closedMinutesAgo, rule = 'disk_filling', severity = 'MEDIUM' } = wanted;
  const at = new Date();
  const condition = {
    ...{ fingerprint: `${rule}${subject}`.padStart(64, '0'), rule, severity, nodeId: null, labels: { path: subject } },
    ...{ title: `${subject} of ${name}`, pastTitle: '', startedAt: at, forMs: 0, minSamples: 1, text: ['It is so'] },
  };
  const cluster =
    wanted.cluster === 'dev'
      ? { id: dev, name: 'dev-one', environment: 'dev' }
      : { id: prod, name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
  const ago = (minutes: number) => databaseNowPlus(-minutes * minuteMs);
  await db.deleteFrom('alert_event').where('alert_id', '=', id).execute();
  const events = history.flatMap(([minutes, ...said], revision) => {
    const actor = said.includes('by kim')
      ? { actor_id: 'per_kim', actor_name: 'kim' }
      : { actor_id: null, actor_name: null };
    return said
      .filter((type) => type !== 'by kim')
      .map((type) => ({ alert_id: id, revision: revision + 1, at: ago(minutes), type, message: type, ...actor }));
  });
  await db.insertInto('alert_event').values(events).execute();
  const closed_at = closedMinutesAgo === undefined ? null : ago(closedMinutesAgo);
  // Of one subject one alert is open at most.
  await db
    .updateTable('alert')
    .set({ signal_state: signal, closed_at, open_fingerprint: null })
    .where('id', '=', id)
    .execute();
  const { number } = await db.selectFrom('alert').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  numbers.set(name, number);
}

async function fill(): Promise<void> {
  await alert(
    'brief',
    '/d1',
    [
      [300, 'OPENED'],
      [296, 'RESOLVED'],
      [281, 'CLOSED'],
    ],
    { closedMinutesAgo: 281 },
  );
  await alert(
    'taken',
    '/d1',
    [
      [200, 'OPENED'],
      [199, 'ACKED', 'by kim'],
      [195, 'RESOLVED'],
    ],
    { severity: 'HIGH' },
  );
  await alert('twice', '/d2', [
    [100, 'OPENED'],
    [60, 'RESOLVED'],
    [55, 'REOPENED'],
    [50, 'RESOLVED'],
  ]);
  await alert('hidden', '/d3', [
    [90, 'OPENED', 'MUTED'],
    [85, 'RESOLVED'],
  ]);
  await alert(
    'shown',
    '/d4',
    [
      [80, 'OPENED', 'MUTED'],
      [70, 'UNMUTED'],
    ],
    { signal: 'FIRING' },
  );
  const long = 9 * dayMinutes;
  await alert(
    'flaps',
    '/d5',
    [
      [long, 'OPENED'],
      [40, 'RESOLVED'],
      [30, 'REOPENED'],
      [20, 'FLAPPING'],
    ],
    { signal: 'FIRING' },
  );
  await alert(
    'past',
    '/d6',
    [
      [long, 'OPENED'],
      [long - 5, 'RESOLVED'],
    ],
    { closedMinutesAgo: long - 20 },
  );
  await alert('goes on', '/d7', [[long, 'OPENED']], { signal: 'FIRING' });
  await alert('by hand', '/d8', [
    [40, 'OPENED'],
    [38, 'RESOLVED_BY_HAND', 'by kim'],
  ]);
  await alert(
    'node',
    'be 1',
    [
      [30, 'OPENED', 'MUTED'],
      [25, 'RESOLVED'],
      [20, 'REOPENED', 'MUTED'],
    ],
    {
      ...{ rule: 'node_down', severity: 'CRITICAL', signal: 'FIRING' },
    },
  );
  await alert(
    'dev',
    '/d1',
    [
      [30, 'OPENED'],
      [26, 'RESOLVED'],
    ],
    { cluster: 'dev' },
  );
}

const ofProd = async (more: { readonly mostAlerts?: number } = {}) => {
  const [found] = await noiseOfClusters(engine.ctx.db, {
    ...{ visibility: 'everywhere', clusterIds: [prod], since: since(), ...more },
  });
  return found;
};

it('counts what fired in the time, what of it was brief, and what nobody took', async () => {
  const { isCut, rules } = (await ofProd()) ?? { isCut: true, rules: [] };
  expect(isCut).toBe(false);
  expect(rules).toEqual([
    {
      ...{
        rule: 'disk_filling',
        severity: 'HIGH',
        alerts: 6,
        firings: 7,
        brief: 2,
        longestBriefMs: expect.any(Number),
      },
      ...{ flapping: 1, ended: 4, untaken: 2, hidden: 1, subjects: 5 },
      // Of two that fired as often the one with the newest alert.
      loudest: { number: numbers.get('twice'), title: '/d2 of twice', nodeId: null, firings: 2 },
    },
    {
      ...{ rule: 'node_down', severity: 'CRITICAL', alerts: 0, firings: 0, brief: 0, longestBriefMs: null },
      ...{ flapping: 0, ended: 0, untaken: 0, hidden: 1, subjects: 0, loudest: null },
    },
  ]);
  expect(Math.round((rules[0]?.longestBriefMs ?? 0) / minuteMs)).toBe(5);
});

it('counts the newest alerts alone where there are more, and says so', async () => {
  const found = await ofProd({ mostAlerts: 3 });
  expect(found?.isCut).toBe(true);
  // The two newest of disks are one that goes on, which did not fire in this time, and one that was resolved by hand.
  expect(found?.rules.map(({ rule, alerts, hidden }) => [rule, alerts, hidden])).toEqual([
    ['disk_filling', 1, 0],
    ['node_down', 0, 1],
  ]);
});

it('tells of each cluster that was asked for, as far as the reader may see its alerts', async () => {
  const { db } = engine.ctx;
  const ask = async (visibility: Parameters<typeof noiseOfClusters>[1]['visibility']) =>
    (await noiseOfClusters(db, { visibility, clusterIds: [prod, dev], since: since() })).map(({ rules }) =>
      rules.map(({ firings }) => firings),
    );
  expect(await ask('everywhere')).toEqual([[7, 0], [1]]);
  expect(await ask({ environments: ['dev'], clusterIds: [] })).toEqual([[], [1]]);
  expect(await ask({ environments: [], clusterIds: [prod] })).toEqual([[7, 0], []]);
  expect(await ask({ environments: [], clusterIds: [] })).toEqual([[], []]);
  expect(await noiseOfClusters(db, { visibility: 'everywhere', clusterIds: [], since: since() })).toEqual([]);
});
