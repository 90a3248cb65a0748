import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaults } from '../../../sandbox/world/faults.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-faults-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const rulesIn = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

describe('createFaults', () => {
  it('begins with a file that holds no rule', async () => {
    const faults = await createFaults(join(dir, 'faults.json'));
    expect(await rulesIn(faults.file)).toEqual([]);
  });

  it('gives each rule an id of its own and takes away the one that is named', async () => {
    const faults = await createFaults(join(dir, 'faults.json'));
    const slow = await faults.add({ kind: 'sql-delay', ms: '300', match: '^SHOW' });
    const lost = await faults.add({ kind: 'sql-drop-after', times: 1 });
    expect(slow).not.toBe(lost);
    await faults.remove(slow);
    expect(await rulesIn(faults.file)).toEqual([{ id: lost, kind: 'sql-drop-after', times: 1 }]);
    await faults.clear();
    expect(await rulesIn(faults.file)).toEqual([]);
  });

  it('reads numbers from text, as they come from a command line', async () => {
    const faults = await createFaults(join(dir, 'faults.json'));
    await faults.add({ kind: 'sql-error', code: '5064', sqlState: '42000', message: 'no', times: '2' });
    expect(faults.list()).toMatchObject([{ code: 5064, times: 2 }]);
  });

  it('keeps every rule when many are added at once', async () => {
    const faults = await createFaults(join(dir, 'faults.json'));
    await Promise.all(Array.from({ length: 20 }, (_, ms) => faults.add({ kind: 'sql-delay', ms })));
    expect(await rulesIn(faults.file)).toHaveLength(20);
  });

  it('refuses what no node would understand', async () => {
    const faults = await createFaults(join(dir, 'faults.json'));
    await expect(faults.add({ kind: 'sql-delay', ms: 'soon' })).rejects.toThrow('ms');
    await expect(faults.add({ kind: 'sql-delay', match: '(' })).rejects.toThrow('is no regular expression');
    await expect(faults.remove('fault-9')).rejects.toThrow('there is no fault fault-9');
    expect(await rulesIn(faults.file)).toEqual([]);
  });
});
