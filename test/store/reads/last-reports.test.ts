import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePlan } from '../../../src/domain/plan.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { lastReportsOf } from '../../../src/store/reads/clusters.ts';
import { createMigratedDatabase, type TestDatabase } from '../../helpers/services.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const clusters = ['clu_a', 'clu_b'] as const;
/** What makes reports, and anything that may do so one day. */
const operations = ['checkCluster', 'checkUpgrade', 'checkHosts', 'somethingNew'] as const;

type Made = { readonly clusterId: string; readonly operation: string };

async function write(made: readonly Made[]): Promise<void> {
  await db.deleteFrom('check_report').execute();
  await db.deleteFrom('run').execute();
  const plan = makePlan({ name: 'checkCluster', version: 1 }, { summary: 'Look', steps: [] }, []);
  const at = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 1_000);
  if (made.length === 0) return;
  await db
    .insertInto('run')
    .values(
      made.map(({ clusterId, operation }, index) => ({
        ...{ id: `run_${index}`, operation, operation_version: 1, cluster_id: clusterId, cluster_name: clusterId },
        ...{ environment: 'dev', state: 'SUCCEEDED', input: '{}', plan: JSON.stringify(plan), plan_hash: plan.hash },
        ...{ requested_by_id: 'per_a', requested_by_name: 'a', via: 'API', needs_replan: 0, created_at: at(index) },
      })),
    )
    .execute();
  await db
    .insertInto('check_report')
    .values(
      made.map(({ clusterId }, index) => ({
        ...{ id: `rep_${index}`, cluster_id: clusterId, run_id: `run_${index}`, at: at(index), checks: '[]' },
      })),
    )
    .execute();
}

it('the newest report of an operation is never one of another operation, whatever was made since', async () => {
  const any = fc.record({ clusterId: fc.constantFrom(...clusters), operation: fc.constantFrom(...operations) });
  await fc.assert(
    fc.asyncProperty(fc.array(any, { maxLength: 8 }), fc.constantFrom(...operations), async (made, operation) => {
      await write(made);
      const found = await lastReportsOf(db, { operation, clusterIds: clusters });
      const newest = clusters.flatMap((clusterId) => {
        const at = made.findLastIndex((one) => one.clusterId === clusterId && one.operation === operation);
        return at < 0 ? [] : [[clusterId, `rep_${at}`]];
      });
      expect(found.map(({ clusterId, id }) => [clusterId, id]).toSorted()).toEqual(newest);
    }),
    { numRuns: 40 },
  );
});
