import { describe, expect, it } from 'vitest';
import { type InventoryRead, inventoryReads } from '../../src/domain/inventory.ts';
import { AppError } from '../../src/errors.ts';
import { fenceWrites } from '../../src/runs/drive/held-lease.ts';
import { makeInventory } from '../../src/store/clusters/inventory-port.ts';
import { openDatabase } from '../../src/store/database.ts';

const held = {
  assertHeld: () => {
    throw new AppError('LEASE_LOST', 'The lease ran out');
  },
};

describe('a worker that lost its lease', () => {
  it('can call nothing of the inventory but what is known to read, whatever methods there will be', async () => {
    const db = openDatabase({ url: 'mysql://nobody@127.0.0.1:1/none' }); // nothing is asked of it
    const names = Object.keys(makeInventory(db));
    await db.destroy();
    const called: string[] = [];
    const port = Object.fromEntries(
      [...names, 'methodOfTomorrow'].map((name) => [name, async () => void called.push(name)]),
    );
    const fenced = fenceWrites(port, inventoryReads, held);
    expect(Object.keys(fenced)).toEqual([...names, 'methodOfTomorrow']);
    for (const [name, call] of Object.entries(fenced)) {
      if (inventoryReads.some((read) => read === name)) await call();
      else await expect(call(), name).rejects.toMatchObject({ code: 'LEASE_LOST' });
    }
    expect(called.toSorted()).toEqual([...inventoryReads].toSorted());
  });

  it('is not let through by a method that answers nothing: naming it a read does not compile', () => {
    const read: InventoryRead = 'findCluster';
    // @ts-expect-error it answers nothing, so it changes something
    const write: InventoryRead = 'removeCluster';
    expect([read, write]).toEqual(['findCluster', 'removeCluster']);
  });
});
