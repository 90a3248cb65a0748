import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeLabel } from '../../../src/domain/node-identity.ts';
import type { RuleScope } from '../../../src/domain/rules/override.ts';
import type { RuleChanges } from '../../../src/domain/rules/rule-changes.ts';
import { newId } from '../../../src/ids.ts';
import { databaseNow, readDatabaseTime } from '../../../src/store/database.ts';
import { endOverride, overrideRule } from '../../../src/store/rules/overrides.ts';
import { createSilence } from '../../../src/store/silences/silences.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let backends: readonly string[];
let made = 0;
const by = { actor: admin, requestId: null };
const off: RuleChanges = { isOff: true, limits: null, forMs: null, severity: null };

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.close());
beforeEach(async () => {
  made += 1;
  clusterId = await engine.addCluster(`one-${made}`, 'prod');
  backends = await Promise.all([1, 2, 3, 4].map(addBackend));
});

const hostOf = (number: number) => `10.0.${made}.${number}`;

async function addBackend(number: number): Promise<string> {
  const id = newId('nod');
  const node = { id, cluster_id: clusterId, kind: 'BACKEND', host: hostOf(number), port: 9050, alive: 1 };
  await engine.ctx.db
    .insertInto('cluster_node')
    .values({ ...node, decommissioning: 0, observed_at: databaseNow })
    .execute();
  return id;
}

function change(rule: string, scope: RuleScope, changes: RuleChanges) {
  return overrideRule(
    engine.ctx.db,
    {
      ...{ rule, scope, changes: () => changes, reason: 'too loud', until: null },
      ...{ action: 'overrideAlertRule', approvalEnvironments: ['prod'] },
    },
    by,
  ).then(
    ({ id }) => id,
    (error: { code: string }) => error.code,
  );
}

const ofNode = (index: number): RuleScope => ({ kind: 'node', clusterId, nodeId: backends[index] ?? '' });
const refused = 'PRECONDITION_FAILED';

async function silenceNode(number: number) {
  const until = new Date((await readDatabaseTime(engine.ctx.db)).getTime() + 3_600_000);
  const labels = { node: nodeLabel({ kind: 'BACKEND', host: hostOf(number), port: 9050 }) };
  return createSilence(
    engine.ctx.db,
    {
      scope: { kind: 'cluster', clusterId },
      matchers: { rule: null, severities: null, labels },
      until,
      reason: 'a test',
    },
    { ...by, approvalEnvironments: ['prod'] },
  );
}

describe('what one person alone takes from a cluster where runs need approval', () => {
  it('is less than most of its nodes, whatever the rules and however small the steps', async () => {
    expect(await change('node_down', ofNode(0), off)).toMatch(/^aro_/);
    expect(await change('disk_nearly_full', ofNode(1), { ...off, isOff: null, forMs: 86_400_000 })).toMatch(/^aro_/);
    expect(await change('node_down', ofNode(2), off)).toBe(refused);
    expect(await change('node_down', ofNode(3), { ...off, isOff: null, severity: 'LOW' })).toBe(refused);
    const never = { ...off, isOff: null, limits: { threshold: 1, clear: 0.9 } };
    expect(await change('disk_nearly_full', ofNode(3), never)).toBe(refused);
    expect(await change('disk_filling', ofNode(3), off)).toMatch(/^aro_/);
  });

  it('counts silences of single nodes too, on either way', async () => {
    await silenceNode(1);
    await silenceNode(2);
    expect(await change('node_down', ofNode(2), off)).toBe(refused);
  });

  it('counts for silences what was changed node by node', async () => {
    expect(await change('node_down', ofNode(0), off)).toMatch(/^aro_/);
    expect(await change('node_down', ofNode(1), off)).toMatch(/^aro_/);
    expect((await silenceNode(3)).needsSecond).toBe(true);
  });

  it('is free again once what hid the others has ended', async () => {
    const first = await change('node_down', ofNode(0), off);
    await change('node_down', ofNode(1), off);
    expect(await change('node_down', ofNode(2), off)).toBe(refused);
    await endOverride(engine.ctx.db, { id: first, reason: 'it is back' }, by);
    expect(await change('node_down', ofNode(2), off)).toMatch(/^aro_/);
  });

  it('is no more when two ask at the same moment', async () => {
    const answers = await Promise.all([0, 1, 2, 3].map((index) => change('node_down', ofNode(index), off)));
    expect(answers.filter((answer) => answer === refused)).toHaveLength(2);
  });

  it('is nothing of the whole cluster that comes to the same as switching off', async () => {
    const cluster: RuleScope = { kind: 'cluster', clusterId };
    const changes = { ...off, isOff: null };
    expect(await change('node_down', cluster, { ...changes, forMs: 3_600_000 })).toBe(refused);
    const limits = { threshold: 1, clear: 0.9 };
    expect(await change('disk_nearly_full', cluster, { ...changes, limits })).toBe(refused);
    expect(await change('safe_mode', cluster, { ...changes, limits: { threshold: 1, clear: 1 } })).toBe(refused);
    expect(await change('node_down', cluster, { ...changes, forMs: 300_000 })).toMatch(/^aro_/);
  });

  it('leaves a row in the audit log of each attempt that was refused', async () => {
    await change('node_down', { kind: 'cluster', clusterId }, off);
    const rows = await engine.ctx.db
      .selectFrom('audit_event')
      .select(['action', 'outcome', 'subject'])
      .where('cluster_id', '=', clusterId)
      .where('subject', '=', 'node_down')
      .execute();
    expect(rows).toEqual([{ action: 'overrideAlertRule', outcome: 'REFUSED', subject: 'node_down' }]);
  });
});

it('an override for an environment that no cluster has is refused', async () => {
  expect(await change('disk_filling', { kind: 'environment', environment: 'porduction' }, off)).toBe('NOT_FOUND');
});
