import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { type Condition, defaultAlertTimes, type Sample } from '../../src/domain/alert-life.ts';
import { nodeDown } from '../../src/monitor/rules/node-down.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { inTransaction, readDatabaseTime } from '../../src/store/database.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let alertId: string;
const labels = { node: 'be 10.0.0.11:9050' };

beforeAll(async () => {
  engine = await startEngine();
  const { db } = engine.ctx;
  clusterId = await engine.addCluster('damaged', 'prod');
  const at = await readDatabaseTime(db);
  const cluster = { id: clusterId, name: 'damaged', environment: 'prod' };
  const opening = { cluster, condition: condition(), since: at, mute: { kind: 'NONE' }, at } as const;
  alertId = await inTransaction(db, (tx) => insertAlert(tx, opening));
});
afterAll(() => engine?.close());

function condition(): Condition {
  return {
    ...{ fingerprint: alertFingerprint({ clusterId, rule: 'node_down', labels }), rule: 'node_down', labels },
    ...{
      severity: 'CRITICAL',
      nodeId: null,
      title: 'It is down',
      pastTitle: 'It was down',
      text: ['It is so since ', '.'],
    },
    ...{ startedAt: null, forMs: 0, minSamples: 1 },
  };
}

/** A look, and what was told of damage. */
async function look(seen: Pick<Sample, 'conditions'> & Partial<Sample>): Promise<readonly unknown[]> {
  const { db } = engine.ctx;
  const claim = await claimProbe(db, { clusterId, holder: 'me', claimMs: 60_000, nextInMs: 0 });
  if (claim === null) throw new Error('the look is not due');
  const told: unknown[] = [];
  const sample = { unjudged: [], plannedWork: [], ...seen };
  const policy = { times: { ...defaultAlertTimes, staleAfterMs: 0 }, rules: [nodeDown] };
  await recordSample(db, {
    ...{ claim, look: null, policy, damaged: (error: unknown) => told.push(error) },
    outcome: { durationMs: 1, ok: true, problem: null, leader: null, nodes: [], sample },
  });
  return told;
}

const read = () =>
  engine.ctx.db
    .selectFrom('alert')
    .select(['signal_state', 'labels'])
    .where('id', '=', alertId)
    .executeTakeFirstOrThrow();

async function damage(text: string): Promise<void> {
  await engine.ctx.db.updateTable('alert').set({ labels: text }).where('id', '=', alertId).execute();
}

/** No answer of the node that it is about. */
const unknown = { conditions: [], unknown: [{ rule: 'node_down', labels }] };

describe('an alert whose stored labels are damaged', () => {
  it('is never resolved by a look that could not judge what it is about, is told of, and is whole when it is found again', async () => {
    const texts = fc.oneof(
      fc.constantFrom('', '{', '{}', '[]', 'null', '""', '{"node":1}', '[{}]'),
      fc.nat({ max: 20 }).map((length) => JSON.stringify(labels).slice(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        await damage(text);
        expect(await look(unknown)).toHaveLength(1);
        expect(await look(unknown)).toHaveLength(1);
        expect((await read()).signal_state).toBe('STALE');
        await look({ conditions: [condition()] });
        expect(await read()).toEqual({ signal_state: 'FIRING', labels: JSON.stringify(labels) });
        expect(await look({ conditions: [condition()] })).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  it('is resolved by a look that judged all that its rule is about', async () => {
    await damage('{');
    await look({ conditions: [] });
    expect((await read()).signal_state).toBe('RESOLVED');
  });
});
