import type { Reading } from '../../../adapters/reading.ts';
import { parseBackends } from '../../../adapters/starrocks/parse.ts';
import { readDecommissionFacts } from '../../../adapters/starrocks/read-decommission-facts.ts';
import { showBackends } from '../../../adapters/starrocks/statements.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { DecommissionInput } from './input.ts';
import type { DecommissionBackendsFacts } from './plan.ts';

export async function observeDecommission(
  { clusterId, nodeIds }: DecommissionInput,
  { sql, inventory, signal }: Pick<Reading, 'sql' | 'inventory' | 'signal'>,
): Promise<DecommissionBackendsFacts> {
  const known = await inventory.listNodes(clusterId);
  const asked = known.filter(({ id, kind }) => nodeIds.includes(id) && kind === 'BACKEND');
  const rows = parseBackends(await sql.query(showBackends(), { signal }));
  const found = asked.map((node) => ({
    node,
    row: rows.find(({ host, heartbeatPort }) => host === node.host && heartbeatPort === node.port),
  }));
  const ids = found.flatMap(({ row }) => row?.id ?? []);
  return {
    known,
    ids,
    idOf: new Map(found.flatMap(({ node, row }) => (row === undefined ? [] : [[node.id, row.id] as const]))),
    gone: found.filter(({ row }) => row === undefined).map(({ node }) => nodeLabel(node)),
    facts: await readDecommissionFacts(sql, { ids }, { signal }),
  };
}
