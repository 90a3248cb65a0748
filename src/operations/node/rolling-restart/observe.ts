import type { Reading } from '../../../adapters/reading.ts';
import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import { readNodeFacts } from '../node-facts.ts';
import type { RollingRestartInput } from './input.ts';
import type { RollingRestartFacts } from './plan.ts';

export async function observeRollingRestart(
  input: RollingRestartInput,
  reading: Reading,
): Promise<RollingRestartFacts> {
  const [nodes, stopped, spread] = await Promise.all([
    readNodeFacts(reading),
    reading.inventory.listStoppedNodes(reading.clusterId),
    input.parallel === 1 ? null : readReplicaSpread(reading.sql, { signal: reading.signal }),
  ]);
  return { nodes, stopped, spread };
}
