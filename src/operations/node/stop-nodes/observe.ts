import type { Reading } from '../../../adapters/reading.ts';
import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import { readSingleReplicaTables } from '../../../adapters/starrocks/read-replicas.ts';
import { chooseNodes } from '../input.ts';
import { readNodeFacts } from '../node-facts.ts';
import type { StopNodesInput } from './input.ts';
import type { StopNodesFacts } from './plan.ts';

export async function observeStopNodes(input: StopNodesInput, reading: Reading): Promise<StopNodesFacts> {
  const { sql, signal } = reading;
  const nodes = await readNodeFacts(reading);
  const which = chooseNodes(nodes.nodes, { ...input, all: false });
  const going = 'chosen' in which ? which.chosen.filter(({ kind, alive }) => kind === 'BACKEND' && alive) : [];
  if (going.length === 0 || nodes.runMode === 'shared_data') return { nodes, spread: null, singleReplicaTables: [] };
  const spread = going.length > 1 ? await readReplicaSpread(sql, { signal }) : null;
  const single: string[] = [];
  for (const { workerId } of going)
    if (workerId !== null) single.push(...(await readSingleReplicaTables(sql, workerId, { signal })));
  return { nodes, spread, singleReplicaTables: [...new Set(single)] };
}
