import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { partitionsOf } from '../../../sandbox/starrocks/frontend/data/placement.ts';
import {
  type Change,
  change,
  createStateStore,
  type Partition,
} from '../../../sandbox/starrocks/frontend/meta/state.ts';

const ids = [1, 2, 3, 4];
const tables = [10, 11];

function partition(id: number, tableId: number, visibleVersion: number): Partition {
  const range = { name: `p${id}`, lower: null, upper: null };
  const content = { schemaHash: 1, visibleVersion, visibleAt: 0, rowCount: 0, dataBytes: 0, tablets: [] };
  return { id, tableId, indexId: 1, replicationNum: 1, ...range, ...content };
}

const changes: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(...ids), fc.constantFrom(...tables, null), fc.integer({ min: 1, max: 9 }))
  .map(([id, tableId, version]) => change('partitions', id, tableId === null ? null : partition(id, tableId, version)));

it('knows the partitions of a table after any changes, and after an image of them was read', () => {
  fc.assert(
    fc.property(fc.array(changes), (all) => {
      const { state, apply, dump } = createStateStore();
      apply(all);
      const copy = createStateStore();
      copy.apply([change('partitions', 9, partition(9, 10, 1))]);
      copy.load(dump());
      for (const tableId of tables) {
        const expected = [...state.partitions.values()].filter((one) => one.tableId === tableId);
        const byId = (found: readonly Partition[]) => found.toSorted((a, b) => a.id - b.id);
        expect(byId(partitionsOf(state, tableId))).toEqual(byId(expected));
        expect(byId(partitionsOf(copy.state, tableId))).toEqual(byId(expected));
      }
    }),
  );
});
